"""What one candidate of a search costs: a row of plain values, whoever works it out and wherever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.metrics import METRICS, Totals, metric
from cnncli.network import About, Network, model, of_model
from cnncli.search.limits import TOP1, Limit, by_cost

Row = dict[str, Any]
"""By column: `reference`, what the network is, its options, and its figures by their keys; None where one is unknown.

All are what JSON holds, so that a row may cross processes and machines, and be read again.
"""
BROKEN = "broken"
"""The column that is there where a limit is not kept: the key of its figure, the last that was worked out."""


def evaluate(reference: str, figures: Sequence[str], limits: Sequence[Limit] = ()) -> Row:
    """The row of one candidate, with the figures of these keys (of METRICS, such as macs or tflite_bytes_int8).

    Where a limit is broken the row ends there, at as little work as possible, and says so (BROKEN).
    Raises UsageError where the options make a network that cannot exist.
    """
    named = model(reference)
    published = named.published
    row: Row = {
        "reference": named.reference,
        TOP1: published.top1 if published else None,
        "top1_source": published.source if published else None,
    }
    order = by_cost(limits)
    broken = next((each for each in order if each.key == TOP1 and not each.keeps(row[TOP1])), None)
    if broken:
        return row | {BROKEN: TOP1}
    found = of_model(named)
    row = _what(found) | row
    totals = Totals(found.graph)
    for limit in order:
        if limit.key != TOP1 and not limit.keeps(_put(row, totals, limit.key)):
            return row | {BROKEN: limit.key}
    for key in figures:
        _put(row, totals, key)
    return row


def _what(found: Network) -> Row:
    """What is known of the network besides its figures."""
    about = found.about
    assert about is not None
    return {
        "reference": found.reference,
        "architecture": found.name,
        "family": about.family,
        "year": about.year,
        **_options(about),
    }


FIGURES = frozenset(each.key for each in METRICS)


def _options(about: About) -> Row:
    """By name; with `_option` behind one that is called as a figure is, such as EfficientNet's depth."""
    return {f"{name}_option" if name in FIGURES else name: text for name, text in about.options.items()}


def _put(row: Row, totals: Totals, key: str) -> Any:
    """Work a figure out, unless it stands in the row."""
    if key not in row:
        value = metric(key).figure(totals[key])
        row[key] = None if not is_known(value) else list(value) if isinstance(value, tuple) else value
    return row[key]
