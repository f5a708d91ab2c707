"""The child that runs a model file by its own runtime: `python -m cnncli.cloning.trial`. It knows nothing of Keras."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.cloning.comparing import compared
from cnncli.cloning.formats import module_of
from cnncli.cloning.messages import TrialJob


def try_file(trial: TrialJob, tell: Tell) -> list[dict[str, Any]]:
    """Of each output, how far the Keras model's is from the file's; a Comparison's data."""
    import numpy

    with numpy.load(trial.samples) as samples:
        inputs = [samples[f"input{number}"] for number in range(sum(name.startswith("input") for name in samples))]
        found = [samples[f"output{number}"] for number in range(sum(name.startswith("output") for name in samples))]
    module = module_of(trial.format)
    tell(f"Running {trial.path} by {module.RUNTIME}")
    given = module.run(trial.path, inputs, trial.ends, trial.batch)
    triples = zip(found, given, trial.scales or [0.0] * len(found), strict=True)
    return [{**asdict(compared(ours, theirs, scale)), "pictures": len(ours)} for ours, theirs, scale in triples]


if __name__ == "__main__":
    serve(try_file)
