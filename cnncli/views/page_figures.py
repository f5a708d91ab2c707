"""The figures that a page shows of each box and layer, and the scales by which it shades them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.metric import Metric, Place
from cnncli.analysis.metrics import metric, metrics
from cnncli.analysis.report import Report, Row, report
from cnncli.diagram.parts import Part
from cnncli.document.numbers import scaled, shape, share
from cnncli.document.table import Column
from cnncli.graph import Node
from cnncli.graph.fold import BLOCK
from cnncli.network import Network
from cnncli.page import STEPS
from cnncli.views.columns import columns_for
from cnncli.views.summary import told_totals
from cnncli.words import visible

LEFT_OUT = frozenset({"model"})
IN_TABLE = (
    "name",
    "type",
    "output_shape",
    "params",
    "macs",
    "macs_share",
    "activations",
    "live_bytes",
    "receptive_field",
)
"""The columns of the page's table; all others stand beside a box that is pointed at."""
EXACT = 2**53
"""Larger whole numbers are not told apart by what reads the page; they are written as text."""


class Scale(NamedTuple):
    """A way to shade boxes: what is measured of a row, as a number or None where it is not known, and its words."""

    key: str
    title: str
    measure: Callable[[Row], float | None]
    end: Callable[[float], str]


class Figures:
    """Every figure of one network's boxes and layers."""

    def __init__(self, network: Network, parts: Sequence[Part]) -> None:
        self._network = network
        self._layers, self._blocks = report(network.graph), report(network.graph, BLOCK)
        self._columns = _columns(network, self._layers), _columns(network, self._blocks)
        self._scales = list(_scales(self._layers))
        self._ends = [max((each.measure(part.row) or 0 for part in parts), default=0) for each in self._scales]

    def totals(self) -> list[tuple[str, str]]:
        """The whole network's, each with its name."""
        return told_totals(self._layers, self._network)

    def columns(self) -> list[dict[str, Any]]:
        """What the values of a row are, in their order."""
        return [
            {"key": column.key, "title": column.header, "right": column.right, "table": column.key in IN_TABLE}
            for column in self._columns[0]
        ]

    def scales(self) -> list[dict[str, str]]:
        """The ways to shade, each with what its end stands for."""
        found = zip(self._scales, self._ends, strict=True)
        return [{"key": each.key, "title": each.title, "end": each.end(end)} for each, end in found]

    def of_box(self, part: Part) -> dict[str, Any]:
        """Of a box of one layer that layer's figures, else those of all of them together."""
        if len(part.nodes) == 1:
            return self.of_layer(part.nodes[0])
        return self._row(part.row, self._columns[1])

    def of_layer(self, node: Node) -> dict[str, Any]:
        return self._row(self._layers.rows[node.index], self._columns[0])

    def _row(self, row: Row, columns: Sequence[Column]) -> dict[str, Any]:
        known = {column.key for column in columns}
        more = {key: value for key, value in row.details.items() if key not in known and value is not None}
        return {
            "row": [_value(column, row) for column in columns],
            "more": [[key.replace("_", " "), _text(value)] for key, value in more.items()],
            "heat": [_step(each.measure(row), end) for each, end in zip(self._scales, self._ends, strict=True)],
        }


def _columns(network: Network, found: Report) -> list[Column]:
    """Those of a summary, and the figures that only pictures shade by."""
    columns = [column for column in columns_for(network, found) if column.key not in LEFT_OUT]
    known = {column.key for column in columns}
    further = [each for each in metrics(Place.HEAT, additive=True) if each.column not in known]
    place = next(index for index, column in enumerate(columns) if column.key == "live_bytes")
    return [*columns[:place], *(_further(each) for each in further), *columns[place:]]


def _further(each: Metric) -> Column:
    return Column(each.column, each.title, lambda row: row.amounts[each.key], right=True)


def _value(column: Column, row: Row) -> Any:
    """A number as one, so that rows can be put in order; all else as people write it."""
    value = column.value(row)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < EXACT:
        return value
    if isinstance(value, float):
        return round(value, 2)
    return visible(column.cell(row))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    flat = isinstance(value, (tuple, list)) and value and all(isinstance(each, int) for each in value)
    return visible(shape(value) if flat else str(value))


def _step(value: float | None, end: float) -> int | None:
    """The shade of a value; None where it is not known."""
    return None if value is None else round(min(value / end, 1) * STEPS) if end else 0


def _scales(found: Report) -> list[Scale]:
    """The figures that add up, the memory that is live, and what is seen of the input."""
    added = [_added(each.key, found.totals) for each in metrics(Place.HEAT, additive=True)]
    live = Scale(
        "live_bytes", "live memory", lambda row: _known(found.live_bytes(row)), lambda end: scaled(int(end), "B")
    )
    return [*added, live, Scale("receptive_field", "receptive field", lambda row: _seen(found, row), _side)]


def _added(key: str, totals: Mapping[str, Any]) -> Scale:
    words = metric(key).title
    return Scale(key, words, lambda row: _known(row.amounts[key]), lambda end: _part(end, totals[key], words))


def _part(end: float, whole: Any, words: str) -> str:
    """The end of a scale as a share of all, where that is known."""
    return f"{share(int(end), whole)} of all {words}" if is_known(whole) else scaled(int(end))


def _known(amount: Any) -> float | None:
    """None where there is none, and where it is not known."""
    return float(amount) if amount is not None and is_known(amount) else None


def _seen(found: Report, row: Row) -> float | None:
    """The side of the square of input pixels that a cell of the output sees; None where it has no cells."""
    view = found.views[row.place]
    return sqrt(view.pixels[0] * view.pixels[1]) if view and view.pixels else None


def _side(end: float) -> str:
    return f"{end:,.0f} pixels"
