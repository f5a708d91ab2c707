"""Latency on this machine, by the runtime that is deployed.

`measuring` leads, `worker` runs a file, `intervals` judges; `drafts` are the files.

A run of a network is never measured alone. What a machine does besides comes and goes in seconds; where a process's
memory lies decides over some percent, and stays for as long as it lives. So all models are measured in rounds: in each
every model once, in a process of its own, in an order drawn by lot. A round's runs count as one figure, their median,
and two models are compared within each round. Between two that are alike it is the lot alone that decides which is
faster in a round, however the machine drifts: what `intervals` makes of the rounds' ratios is exact for that.
"""
