"""What one candidate of a search costs: a row of plain values, whoever works it out and wherever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnncli.amounts import is_known
from cnncli.analysis.metrics import METRICS, Totals, metric
from cnncli.document.numbers import setting
from cnncli.network import model_of, of_model
from cnncli.search.limits import TOP1, Limit, by_cost

if TYPE_CHECKING:
    from cnncli.models.reference import Model

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
    named = model_of(reference)
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
    row = what(named) | row
    totals = Totals(of_model(named).graph)
    for limit in order:
        if limit.key != TOP1 and not limit.keeps(_put(row, totals, limit.key)):
            return row | {BROKEN: limit.key}
    for key in figures:
        _put(row, totals, key)
    return row


def what(named: Model) -> Row:
    """What is known of a network besides its figures, without its graph."""
    options = {option_column(name): setting(value) for name, value in named.options.items()}
    return {
        "reference": named.reference,
        "architecture": named.spec.name,
        "family": named.spec.family,
        "year": named.spec.year,
        **options,
    }


FIGURES = frozenset(each.key for each in METRICS)


def option_column(name: str) -> str:
    """The column of an option: its name, with `_option` behind one that is called as a figure is, such as
    EfficientNet's depth.
    """
    return f"{name}_option" if name in FIGURES else name


def _put(row: Row, totals: Totals, key: str) -> Any:
    """Work a figure out, unless it stands in the row."""
    if key not in row:
        value = metric(key).figure(totals[key])
        row[key] = None if not is_known(value) else list(value) if isinstance(value, tuple) else value
    return row[key]
