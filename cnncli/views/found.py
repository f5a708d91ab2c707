"""The table of `find`: what a row of a search has to say, and what of it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.analysis.metric import Metric, Unit
from cnncli.analysis.metrics import metric
from cnncli.deployed import KINDS
from cnncli.document.numbers import grouped, scaled, shape
from cnncli.document.table import Column, choose, find
from cnncli.search.evaluation import Row
from cnncli.search.figures import figures, named, of_kind
from cnncli.search.limits import TOP1, Limit
from cnncli.search.pareto import better

BEST = "★"
USUAL_FRONT = (TOP1, "macs")
RANK = "macs"
"""The figure by which candidates are put in order of which nobody published an accuracy."""


def _fact(key: str, header: str, right: bool = False, text: Callable[[Any], str] | None = None) -> Column:
    column = Column(key, header, lambda row: row.get(key), right)
    return column._replace(text=text) if text else column


def _figure(told: Metric) -> Column:
    """Of a figure that is not known `?`; of one that was not worked out nothing."""
    write: Callable[[Any], str] = {
        Unit.COUNT: scaled if told.better else grouped,
        Unit.BYTES: lambda size: scaled(size, "B"),
        Unit.PIXELS: shape,
    }[told.unit]

    def value(row: Row) -> Any:
        found = row.get(told.key)
        if found is None:
            return UNKNOWN if told.key in row else None
        return tuple(found) if isinstance(found, list) else found

    return Column(told.key, told.header, value, True, lambda figure: "" if figure is None else write(figure))


BEFORE = (
    _fact("reference", "Model"),
    _fact("architecture", "Architecture"),
    _fact("family", "Family"),
    _fact("year", "Year", right=True, text=str),
    _fact("input_shape", "Input"),
    _fact("alpha", "Alpha", right=True),
    _fact(TOP1, "Top-1 %", right=True, text=lambda percent: "" if percent is None else f"{percent:.1f}"),
)
BEHIND = (
    _fact("top1_source", "Source of top-1"),
    _fact("pareto", "Front", text=lambda on: BEST if on else ""),
)
FACTS = ("reference", "family", "year", "input_shape", TOP1, "top1_source")
"""Columns that a sheet has besides the figures that are shown."""


@cache
def columns_of(kind: str | None) -> list[Column]:
    """All columns: figures of the kind asked for, or of the usual ones, before those of all other kinds."""
    usual = [each for told in figures() for each in ([of_kind(told, kind)] if kind else told.told)]
    every = [told.of(each) for told in figures() if told.by_kind for each in KINDS]
    return [*BEFORE, *map(_figure, {each.key: each for each in (*usual, *every)}.values()), *BEHIND]


def column_keys() -> list[str]:
    """What --columns takes, but for the figures of other kinds."""
    usual = [each.key for told in figures() for each in told.told]
    return [*(each.key for each in BEFORE), *usual, *(each.key for each in BEHIND)]


def front_keys() -> list[str]:
    """What --pareto takes: that of which less is better, or more."""
    return [TOP1, *(each.key for told in figures() if told.better for each in told.told)]


def worked_out(keys: Iterable[str]) -> tuple[str, ...]:
    """Those of some columns that are figures of graphs, each once."""
    facts = {column.key for column in (*BEFORE, *BEHIND)}
    return tuple(key for key in dict.fromkeys(keys) if key not in facts)


@dataclass(frozen=True)
class Shown:
    """What is shown: which columns (none: the usual ones), in the order of which, at most how many rows.

    `kind` is what figures are of that differ by what a network is deployed as, `pareto` are the figures of the front.
    """

    kind: str | None = None
    pareto: tuple[str, ...] = USUAL_FRONT
    columns: tuple[str, ...] = ()
    sort: str | None = None
    top: int | None = None

    @property
    def sorted_by(self) -> tuple[str, ...]:
        """The column of the order, without its sign."""
        return () if self.sort is None else (self.sort.lstrip("+-"),)

    @property
    def ranking(self) -> tuple[str, ...]:
        """The figures that every candidate must have that keeps the limits."""
        return worked_out([RANK, "params", *self.pareto, *self.sorted_by])

    def worked_out(self, limits: Sequence[Limit]) -> tuple[str, ...]:
        """The figures of every candidate that keeps the limits: also those shown, where all rows are."""
        return self.ranking if self.top else tuple(dict.fromkeys((*self.ranking, *self.figures(limits))))

    def figures(self, limits: Sequence[Limit]) -> tuple[str, ...]:
        """Those that are shown."""
        return worked_out(column.key for column in self.table(limits))

    def table(self, limits: Sequence[Limit]) -> list[Column]:
        """The columns asked for, else what people ask for first, and what is limited, compared or sorted by."""
        return self._named(self.columns or self._usual(limits))

    def sheet(self, limits: Sequence[Limit]) -> list[Column]:
        return self._named(self.columns or (*FACTS, *self._usual(limits)))

    def _usual(self, limits: Sequence[Limit]) -> tuple[str, ...]:
        limited = [limit.key for limit in limits]
        by_kind = [key for key in worked_out([*limited, *self.pareto, *self.sorted_by]) if metric(key).by_kind]
        file = [of_kind(metric("tflite_bytes"), self.kind).key] if self.kind and not by_kind else []
        costs = ("params", "macs", *limited, *file, *self.pareto, *self.sorted_by)
        return ("reference", "input_shape", TOP1, *costs, "pareto")

    def _named(self, keys: Sequence[str]) -> list[Column]:
        return choose(columns_of(self.kind), ",".join(dict.fromkeys(keys)), ())


def read_shown(kind: str | None, pareto: str | None, columns: str | None, sort: str | None, top: int | None) -> Shown:
    """Raises UsageError for columns that are not there, and a front of what is neither better nor worse."""

    def keys(text: str) -> tuple[str, ...]:
        return tuple(column.key for column in choose(columns_of(kind), _exactly(text, kind), ()))

    fronted = USUAL_FRONT if pareto is None else keys(pareto)
    for key in fronted:
        better(key)
    order = sort and sort.strip()
    if order:
        sign = order[0] if order[0] in "+-" else ""
        order = sign + find(columns_of(kind), _exactly(order[len(sign) :], kind)).key
    return Shown(kind, fronted, keys(columns) if columns is not None else (), order, top)


def _exactly(keys: str, kind: str | None) -> str:
    """The names of columns with the kind in those that differ by it."""
    return ",".join(named(key, kind) for key in keys.split(","))
