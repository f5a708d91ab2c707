"""The figures of whole networks as columns: a row is what has `totals`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.analysis.metric import Metric, Place, Unit
from cnncli.analysis.metrics import METRICS, stored
from cnncli.document.numbers import grouped, scaled, shape
from cnncli.document.table import Column


def figure_columns(kind: str | None = None, *, of_files: bool = False) -> list[Column]:
    """A column a figure that is compared or limited; those that differ by what a network is deployed as are of the
    kind, or else of their own.

    Of files that is each one's own, so that the header names none.
    """
    told = [each for each in METRICS if {Place.COMPARISON, Place.BUDGET} & each.places]
    return [_column(each.key, _of(each, kind, of_files)) for each in told]


def _of(metric: Metric, kind: str | None, of_files: bool) -> Metric:
    if metric.by_kind and kind:
        return metric.of(kind)
    return metric if metric.by_kind and of_files else metric.told[0]


def _column(key: str, told: Metric) -> Column:
    """What is counted in hundreds is written whole; weights are told as they are stored."""
    held = stored(told)
    write: Callable[[Any], str] = {
        Unit.COUNT: scaled if told.better else grouped,
        Unit.BYTES: lambda size: scaled(size, "B"),
        Unit.PIXELS: shape,
    }[told.unit]

    def value(row: Any) -> Any:
        return held.figure(held.total(row.totals.graph) if held.kind else row.totals[held.key])

    return Column(key, told.header, value, True, lambda figure: "" if figure is None else write(figure))
