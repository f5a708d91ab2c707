"""The columns of `summary`: what a row is, its arguments, its figures, what it sees of the input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.labels import LayerLabel
from cnncli.analysis.metric import Metric, Place
from cnncli.analysis.metrics import metrics
from cnncli.analysis.movement import Roof, together
from cnncli.analysis.report import Report, Row
from cnncli.document.numbers import duration, shape
from cnncli.document.table import GAP, Column, Heading, Table, natural_width
from cnncli.graph import Node, Role
from cnncli.network import Network

DEFAULT = ("name", "type", "output_shape", "params", "macs", "macs_share")
UNDER_A_ROOF = ("name", "type", "output_shape", "macs", "arithmetic_intensity", "bound", "seconds")
MOVED = frozenset({"bytes_read", "bytes_written", "arithmetic_intensity", "bound", "seconds"})
"""Columns of what moves, which is worked out only where one of them is shown."""
SHARE = "_share"
BAR, LEAST_BAR = 20, 6
"""Characters of a bar where there is room, and of one that still tells small from large."""


def columns_for(
    network: Network | None = None, found: Report | None = None, roof: Roof | None = None
) -> tuple[Column, ...]:
    """Every column that a summary can show: what a row is, its arguments, its figures with their shares, its view.

    And the bytes that it moves; under a roof also what holds it back, and for how long. Without a network and its
    report only their keys and headers mean something.
    """
    totals: Mapping[str, Any] = found.totals if found else {}
    return (
        Column("model", "Model", lambda _: network and network.reference),
        Column("name", "Layer", lambda row: row.name),
        Column("keras_name", "Name in Keras", _keras_name(network, found)),
        Column("type", "Type", lambda row: row.text),
        Column("scope", "Scope", lambda row: ".".join(row.scope)),
        Column("inputs", "Inputs", lambda row: " ".join(row.inputs)),
        Column("input_shape", "Input", lambda row: row.input_shape, text=shape),
        Column("output_shape", "Output", lambda row: row.output_shape, text=shape),
        _argument("kernel_size", "Kernel", "kernel_size", "pool_size"),
        _argument("strides", "Strides", "strides"),
        _argument("padding", "Padding", "padding"),
        _argument("dilation", "Dilation", "dilation_rate"),
        Column("groups", "Groups", _groups, True),
        Column("dtype", "Dtype", lambda row: found and found.graph.nodes[row.place].dtype),
        Column("weight_dtype", "Dtype of weights", lambda row: found and _weights_of(found, row)),
        Column("activation", "Activation", lambda row: found and _activation(found, row)),
        *(column for metric in metrics(Place.COLUMN, additive=True) for column in _figures(metric, totals)),
        Column("live_bytes", "Live bytes", lambda row: found and found.live_bytes(row), True),
        Column("receptive_field", "Receptive field", _view(found, "pixels"), True, _sizes),
        Column("stride", "Stride", _view(found, "step"), True, _sizes),
        Column("bytes_read", "Bytes read", _moved(found, "read"), True),
        Column("bytes_written", "Bytes written", _moved(found, "written"), True),
        Column("arithmetic_intensity", "MACs/byte", _moved(found, "intensity"), True, two_decimals),
        *(_under(roof, found) if roof else ()),
    )


def _moved(found: Report | None, which: str) -> Callable[[Row], Any]:
    return lambda row: found and getattr(together(found.moved_by(row)), which)


def _under(roof: Roof, found: Report | None) -> tuple[Column, ...]:
    """What holds a row back, and the time that the roof allows it."""
    return (
        Column("bound", "Bound", lambda row: found and roof.bound(found.moved_by(row))),
        Column("seconds", "At least", lambda row: found and roof.seconds(found.moved_by(row)), True, _some_time),
    )


def _some_time(seconds: float | None) -> str:
    """Nothing of what takes none."""
    return duration(seconds) if seconds else ""


def _keras_name(network: Network | None, found: Report | None) -> Callable[[Row], str | None]:
    """A layer's name in keras.applications; None of a block, and of networks that are not there."""
    names = cache(lambda: network.layer_names if network else None)

    def name(row: Row) -> str | None:
        known = names()
        return known[row.place] if known and found and found.depth is None else None

    return name


def _argument(key: str, header: str, *names: str) -> Column:
    """A column of a layer's argument, or a block's trait, of the first of these names; nothing where there is none."""
    return Column(
        key,
        header,
        lambda row: _written(next((row.details[name] for name in names if name in row.details), None)),
        text=_sizes,
    )


def _written(value: Any) -> Any:
    """Nested sizes, the sides of a padding, as Keras writes them."""
    nested = isinstance(value, tuple) and any(isinstance(each, tuple) for each in value)
    return str(value) if nested else value


def _weights_of(found: Report, row: Row) -> str | None:
    """The type of a layer's weights; None of a block, which may have several."""
    return weight_dtype(found.graph.nodes[row.place]) if found.depth is None else None


def weight_dtype(node: Node) -> str | None:
    """The type of a layer's largest weight, its kernel mostly; None where it has none."""
    sized = [(weight.size, weight.dtype) for weight in node.weights if is_known(weight.size)]
    return max(sized)[1] if sized else None


def _groups(row: Row) -> int | None:
    """Of a depthwise convolution, whose channels are groups each, as many as there are."""
    if isinstance(row.label, LayerLabel) and row.label.role is Role.DEPTHWISE:
        return row.input_shape[-1]
    return row.details.get("groups")


def _activation(found: Report, row: Row) -> str | None:
    """The function that a layer ends with, or a block's; nothing for none."""
    function = found.graph.nodes[row.place].layer.function if found.depth is None else row.details.get("activation", "")
    return function if function != "linear" else None


def _view(found: Report | None, which: str) -> Callable[[Row], Any]:
    return lambda row: found and getattr(found.views[row.place], which, None)


def _sizes(value: Any) -> str:
    return shape(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _figures(metric: Metric, totals: Mapping[str, Any]) -> list[Column]:
    """The column of a figure, and those of shares that stand behind it."""
    shares = [each for each in metrics(Place.COLUMN, additive=True) if each.share_behind == metric.key]
    return [
        Column(metric.column, metric.title, lambda row: row.amounts[metric.key], right=True),
        *(_share(each, totals) for each in shares),
    ]


def _share(metric: Metric, totals: Mapping[str, Any]) -> Column:
    return Column(
        f"{metric.key}{SHARE}", f"{metric.title} %",
        lambda row: _percent(row.amounts[metric.key], totals[metric.key]), True, one_decimal,
    )  # fmt: skip


def column_keys() -> list[str]:
    """What --columns takes."""
    return [column.key for column in columns_for()]


def _percent(part: Any, whole: Any) -> float | None:
    """None of what is not known."""
    if not (is_known(part) and is_known(whole)):
        return None
    return round(100 * part / whole, 2) if whole else 0.0


def with_bars(table: Table, width: int, shares: Mapping[str, Column]) -> Table:
    """A table with a bar of a share behind the column of each key, where there is room; the largest's is whole."""
    behind = {key: share for key, share in shares.items() if any(column.key == key for column in table.columns)}
    room = (width - natural_width(table)) // max(len(behind), 1) - GAP
    if room < LEAST_BAR:
        return table
    bars = {key: _bars(share, table.rows, min(room, BAR)) for key, share in behind.items()}
    columns = [each for column in table.columns for each in [column, *bars.get(column.key, ())]]
    return replace(table, columns=columns)


def _bars(share: Column, rows: Sequence[Any], size: int) -> list[Column]:
    """The column of a share's bars; none where nothing is shared out."""
    most = max((share.value(row) or 0 for row in rows if not isinstance(row, Heading)), default=0)

    def percent(row: Any) -> float | None:
        value = share.value(row)
        return 100 * value / most if value else None

    return [Column(f"{share.key}_bar", "", percent, text=lambda _: "", bar=size)] if most else []


def two_decimals(number: float | None) -> str:
    return "" if number is None else f"{number:.2f}"


def one_decimal(percent: float | None) -> str:
    return "" if percent is None else f"{percent:.1f}"


def is_figure(column: Column) -> bool:
    """Whether it shows counts, which may be written in short."""
    return column.key in {metric.column for metric in metrics(Place.COLUMN, additive=True)}
