"""A network's report: totals, and a row a layer or a group of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from cnncli.amounts import total
from cnncli.analysis.labels import Label, Traits, group_label
from cnncli.analysis.metrics import Totals, amounts
from cnncli.analysis.receptive_field import View, views
from cnncli.graph import Graph, Group, Scope, Shape, fold
from cnncli.graph.layer import INITIAL, Layer


@dataclass(frozen=True, slots=True)
class Row:
    """A layer, or a group of them. Shapes are (height, width, channels).

    `amounts` are the figures that add up, by the metrics' keys, summed over the group.

    `type` is Keras's class of a layer and what a person would say of a group; `label` tells it from others; `details`
    are a layer's own arguments or a block's traits. `place` is the index of the node whose output is the row's.
    `repeats` counts identical blocks in the row, `number` tells which of its like the first one is.
    """

    name: str
    type: str
    label: Label
    scope: Scope
    inputs: tuple[str, ...]
    input_shape: Shape
    output_shape: Shape
    amounts: Mapping[str, Any]
    details: Mapping[str, Any]
    place: int
    repeats: int = 1
    number: int | None = None
    shares: str = ""
    """Of a layer that is applied again: the name of the one whose weights it uses."""

    @property
    def short_name(self) -> str:
        """The name within its scope; of a scope, within the one around it."""
        around = ".".join(self.scope)
        around = ".".join(self.scope[:-1]) if self.name == around else around
        return self.name.removeprefix(f"{around}.") if around else self.name

    @property
    def text(self) -> str:
        """The label in words: `MBConv6 k5x5 SE x2`."""
        return f"{self.label} x{self.repeats}" if self.repeats > 1 else str(self.label)


@dataclass(frozen=True)
class Report:
    """`depth` is the scope depth of the rows: None for layers, 1 for stages, 2 for blocks."""

    graph: Graph
    totals: Totals
    rows: tuple[Row, ...]
    depth: int | None

    @cached_property
    def views(self) -> list[View | None]:
        """What a cell of each node sees of the input; worked out when it is first asked for."""
        return views(self.graph)


def report(graph: Graph, depth: int | None = None) -> Report:
    groups = fold(graph, depth)
    owner = {node.index: group.name for group in groups for node in group.nodes}
    rows = tuple(row_of(group, tuple(owner[source.index] for source in group.sources)) for group in groups)
    return Report(graph, Totals(graph), rows, depth)


def row_of(group: Group, inputs: tuple[str, ...]) -> Row:
    """A group's row; `inputs` are the names of what it reads."""
    label = group_label(group)
    single = len(group.nodes) == 1
    return Row(
        name=group.name,
        type=group.nodes[0].type if single else str(label),
        label=label,
        scope=group.scope,
        inputs=tuple(dict.fromkeys(inputs)),
        input_shape=group.input_shape,
        output_shape=group.shape,
        amounts=amounts(group.nodes),
        details=_arguments(group) if single else _traits(label),
        place=group.nodes[-1].index,
        number=group.number,
        shares=group.nodes[0].shares.name if single and group.nodes[0].shares else "",
    )


def _arguments(group: Group) -> dict[str, Any]:
    return _arguments_of(group.nodes[0].layer)


def _arguments_of(layer: Layer) -> dict[str, Any]:
    """A layer's fields; a layer among them as its type with its own."""
    told = {argument.name: getattr(layer, argument.name) for argument in fields(layer) if argument.metadata != INITIAL}
    return {
        name: {"type": value.type, **_arguments_of(value)} if isinstance(value, Layer) else value
        for name, value in told.items()
    }


def _traits(label: Label) -> dict[str, Any]:
    if not isinstance(label, Traits):
        return {}
    names = ("kernel_size", "strides", "squeeze_excite", "residual", "activation", "blocks")
    return {"kind": str(label.kind), **{name: getattr(label, name) for name in names}}


def merge_repeats(rows: Sequence[Row]) -> list[Row]:
    """Consecutive rows that differ in nothing but the name as one, `stage3.block2-4`, with the sums of their costs."""

    def identity(row: Row) -> tuple[Any, ...]:
        return row.label, row.scope[:-1], row.input_shape, row.output_shape, *row.amounts.values()

    return [_merged(list(run)) for _, run in groupby(rows, key=identity)]


def _merged(run: list[Row]) -> Row:
    first, last = run[0], run[-1]
    if len(run) == 1:
        return first
    end = last.short_name if last.number is None else last.number
    return replace(
        first,
        name=f"{first.name}-{end}",
        place=last.place,
        amounts={key: total(row.amounts[key] for row in run) for key in first.amounts},
        repeats=len(run),
    )
