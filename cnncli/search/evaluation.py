"""What one candidate of a search costs: a row of plain values, whoever works it out and wherever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.metrics import Totals, metric
from cnncli.network import network

Row = dict[str, Any]
"""By column: `reference`, what the network is, its options, and its figures by their keys; None where one is unknown.

All are what JSON holds, so that a row may cross processes and machines, and be read again.
"""


def evaluate(reference: str, figures: Sequence[str]) -> Row:
    """The row of one candidate, with the figures of these keys (of METRICS, such as macs or tflite_bytes_int8).

    Raises UsageError where the options make a network that cannot exist.
    """
    found = network(reference)
    totals, about, published = Totals(found.graph), found.about, found.published
    row: Row = {"reference": found.reference}
    if about:
        row |= {"architecture": found.name, "family": about.family, "year": about.year, **about.options}
    row["top1"] = published.top1 if published else None
    for key in figures:
        value = metric(key).figure(totals[key])
        row[key] = value if is_known(value) else None
    return row
