"""A network's report: totals, and a row a layer or a group of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import Any

from cnncli.amounts import is_known, known_part, total
from cnncli.analysis.deployment import live_by_layer
from cnncli.analysis.labels import Label, Traits, group_label
from cnncli.analysis.metrics import Totals, amounts
from cnncli.analysis.movement import Movement, movements
from cnncli.analysis.receptive_field import View, views
from cnncli.deployed import FLOAT32
from cnncli.graph import Graph, Group, Scope, Shape, fold
from cnncli.graph.layer import written_arguments
from cnncli.records import Record, record


@record
class Row(Record):
    """A layer, or a group of them. Shapes are (height, width, channels).

    `amounts` are the figures that add up, by the metrics' keys, summed over the group.

    `type` is Keras's class of a layer and what a person would say of a group; `label` tells it from others; `details`
    are a layer's own arguments or a block's traits. `nodes` are the indices of its nodes in order. `repeats` counts the
    blocks alike in the row, `number` tells which of its like the first one is.
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
    nodes: tuple[int, ...]
    repeats: int = 1
    number: int | None = None
    shares: str = ""
    """Of a layer that is applied again: the name of the one whose weights it uses."""

    @property
    def place(self) -> int:
        """The index of the node whose output is the row's."""
        return self.nodes[-1]

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


@record
class Report(Record):
    """`depth` is the scope depth of the rows: None for layers, 1 for stages, 2 for blocks.

    `kind` is that of the deployed network in which bytes are counted that layers move.
    """

    graph: Graph
    totals: Totals
    rows: tuple[Row, ...]
    depth: int | None
    kind: str = FLOAT32

    @cached_property
    def views(self) -> list[View | None]:
        """What a cell of each node sees of the input; worked out when it is first asked for."""
        return views(self.graph)

    @cached_property
    def movements(self) -> list[Movement]:
        """What each node moves; worked out when it is first asked for."""
        return movements(self.graph, self.kind)

    @cached_property
    def _live(self) -> list[Any]:
        return live_by_layer(self.graph)

    def live_bytes(self, row: Row) -> Any:
        """The most bytes that are live while a row is computed in float32; None where nothing of it is."""
        live = [found for node in row.nodes if (found := self._live[node]) is not None]
        return max(live, key=known_part, default=None)

    def moved_by(self, row: Row) -> list[Movement]:
        """What the nodes of a row move."""
        return [self.movements[index] for index in row.nodes]


def report(graph: Graph, depth: int | None = None, kind: str = FLOAT32) -> Report:
    groups = fold(graph, depth)
    owner = {node.index: group.name for group in groups for node in group.nodes}
    rows = tuple(row_of(group, tuple(owner[source.index] for source in group.sources)) for group in groups)
    return Report(graph, Totals(graph), rows, depth, kind)


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
        nodes=tuple([node.index for node in group.nodes]),
        number=group.number,
        shares=group.nodes[0].shares.name if single and group.nodes[0].shares else "",
    )


def _arguments(group: Group) -> dict[str, Any]:
    return written_arguments(group.nodes[0].layer)


def _traits(label: Label) -> dict[str, Any]:
    if not isinstance(label, Traits):
        return {}
    names = ("kernel_size", "strides", "squeeze_excite", "residual", "activation", "blocks")
    return {"kind": str(label.kind), **{name: getattr(label, name) for name in names}}


def merge_repeats(rows: Sequence[Row]) -> list[Row]:
    """Consecutive rows that differ in nothing but the name as one, `stage3.block2-4`, with the sums of their costs.

    So are blocks that each add as many channels to what they read, as DenseNet's do.
    """

    def identity(row: Row) -> tuple[Any, ...]:
        if growth := _growth(row):
            return str(row.label), row.scope[:-1], row.output_shape[:-1], growth
        return row.label, row.scope[:-1], row.input_shape, row.output_shape, *row.amounts.values()

    return [_merged(list(run)) for _, run in groupby(rows, key=identity)]


def _growth(row: Row) -> int:
    """How many channels a block adds that keeps the map's size; 0 of other rows."""
    before, after = row.input_shape, row.output_shape
    if not isinstance(row.label, Traits) or len(before) != 3 or before[:-1] != after[:-1]:
        return 0
    growth = after[-1] - before[-1]
    return growth if is_known(growth) and growth > 0 else 0


def _merged(run: list[Row]) -> Row:
    first, last = run[0], run[-1]
    if len(run) == 1:
        return first
    end = last.short_name if last.number is None else last.number
    return replace(
        first,
        name=f"{first.name}-{end}",
        label=replace(first.label, output_shape=last.output_shape) if isinstance(first.label, Traits) else first.label,
        output_shape=last.output_shape,
        nodes=tuple([index for row in run for index in row.nodes]),
        amounts={key: total(row.amounts[key] for row in run) for key in first.amounts},
        repeats=len(run),
    )
