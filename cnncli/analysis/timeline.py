"""What is held in memory while a network runs where it is deployed, operation by operation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from cnncli.amounts import known_part, total
from cnncli.analysis.deployment import Deployment, leader
from cnncli.analysis.labels import Label, group_label
from cnncli.deployed import Operation, Plan, Tensor, deployed
from cnncli.deployed.lifetimes import Peak, held_at, live_bytes
from cnncli.deployed.reorder import Reordering, reordered
from cnncli.graph import Graph, Group, Node, Scope, Shape, fold
from cnncli.records import Record, record

LAYER = 0
"""A depth that no scope has: a row a layer, where the operations of a layer are told together."""
CONVENTION = (
    "live_bytes are the tensors held while an operation runs, without weights: what it reads, what it writes and what "
    "a later one reads; reads and writes are of tensors, constants the weights and tables that it reads; a row of "
    "several operations has the largest live_bytes and the sums of all else"
)


@record
class Step(Record):
    """An operation, or those of a layer, a block or a stage in order. Bytes; UNKNOWN or AtLeast where a size is open.

    `operation` is the place in the plan at which most is live, the first such; `types` are TFLite's, one an operation;
    `layers` the names of those that are computed. `label` is what a person would call a block. The shape is the last
    output's, without the batch.
    """

    operation: int
    name: str
    short_name: str
    scope: Scope
    types: tuple[str, ...]
    layers: tuple[str, ...]
    output_shape: Shape
    reads: Any
    writes: Any
    constants: Any
    live_bytes: Any
    label: Label | None = None

    @property
    def text(self) -> str:
        """What it is in words: the operation's type, or a block's label."""
        return " + ".join(self.types) if self.label is None else str(self.label)


@record
class Timeline(Record):
    """A plan's rows in the order of their operations; `depth` is that of their scopes, None for operations."""

    graph: Graph
    plan: Plan
    rows: tuple[Step, ...]
    depth: int | None
    order: Reordering | None = None
    """Where another order was asked for: what it saves; None too where nobody can say."""

    @cached_property
    def figures(self) -> Deployment:
        return Deployment(self.plan)

    @property
    def peak(self) -> Peak:
        return self.figures.peak

    @cached_property
    def at_peak(self) -> list[int]:
        """The tensors that make up the peak, by their places in the plan, the largest first."""
        if self.peak.operation is None:
            return []
        there = held_at(self.plan, self.peak.operation)
        return sorted(there, key=lambda tensor: -known_part(self.plan.tensors[tensor].bytes))

    @property
    def held(self) -> list[Tensor]:
        """These tensors."""
        return [self.plan.tensors[tensor] for tensor in self.at_peak]

    @property
    def held_of_one(self) -> list[tuple[Shape, str]]:
        """Their shapes without the batch, and their types."""
        shapes = shapes_of_one(self.plan)
        return [(shapes[tensor], self.plan.tensors[tensor].dtype) for tensor in self.at_peak]

    def name(self, operation: int) -> str:
        """The name of the layer that an operation computes."""
        return _name(self.graph, self.plan, self.plan.operations[operation])

    @property
    def uncounted(self) -> list[Node]:
        """The layers of which nobody knows the operations."""
        return [self.graph.nodes[index] for index in self.plan.uncounted]


def timeline(
    graph: Graph, kind: str, batch: int | None = None, depth: int | None = None, reorder: bool = False
) -> Timeline:
    """The steps of a finished graph, of one of deployed.KINDS: a row an operation, a layer, or a scope of a depth.

    Without a batch it is one example, or as many as a .tflite file takes. `reorder` is whether it is told in the order
    of the operations that takes least.
    """
    plan = deployed(graph, kind, batch)
    order = reordered(plan) if reorder else None
    plan = order.plan if order else plan
    live = live_bytes(plan)
    groups = {} if depth is None else _groups(graph, depth)
    members: dict[Any, list[int]] = {}
    for place, operation in enumerate(plan.operations):
        layer = leader(graph, operation)
        owner = groups.get(layer.index) if layer else None
        members.setdefault(owner or place, []).append(place)
    shapes = shapes_of_one(plan)
    rows = [_step(graph, plan, places, live, shapes, owner) for owner, places in members.items()]
    return Timeline(graph, plan, tuple(rows), depth, order)


def _groups(graph: Graph, depth: int) -> dict[int, Group]:
    """Of each node, by its index, the group that it is told with."""
    found = fold(graph, None if depth == LAYER else depth)
    return {node.index: group for group in found for node in group.nodes}


def _step(
    graph: Graph, plan: Plan, places: Sequence[int], live: Sequence[Any], shapes: Sequence[Shape], owner: Group | int
) -> Step:
    """The row of some operations; `owner` is the group that they compute, if they are told as one.

    `live` are the bytes at each operation, `shapes` those of the tensors, without the batch.
    """
    operations = [plan.operations[place] for place in places]
    layer = leader(graph, operations[0])
    group = owner if isinstance(owner, Group) and len(owner.nodes) > 1 else None
    name = group.name if group else _name(graph, plan, operations[0])
    written = [tensor for operation in operations for tensor in operation.writes]
    return Step(
        operation=max(places, key=lambda place: known_part(live[place])),
        name=name,
        short_name=layer.short_name if layer and not group else name,
        scope=group.scope if group else layer.scope if layer else (),
        types=tuple(operation.type for operation in operations),
        layers=_layers(graph, operations),
        output_shape=shapes[written[-1]] if written else (),
        reads=_bytes(plan.tensors, (each.reads for each in operations)),
        writes=_bytes(plan.tensors, (each.writes for each in operations)),
        constants=_bytes(plan.constants, (each.constants for each in operations)),
        live_bytes=max((live[place] for place in places), key=known_part),
        label=group_label(group) if group else None,
    )


def shapes_of_one(plan: Plan) -> list[Shape]:
    """Of each tensor the shape without the batch, which what is made of constants or computed of shapes has not."""
    fed = {*plan.inputs}
    for operation in plan.operations:
        if not fed.isdisjoint(operation.reads):
            fed.update(operation.writes)
    return [
        tensor.shape[1:] if number in fed and len(tensor.shape) > 1 else tensor.shape
        for number, tensor in enumerate(plan.tensors)
    ]


def _layers(graph: Graph, operations: Iterable[Operation]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(graph.nodes[index].name for operation in operations for index in operation.nodes))


def _bytes(sized: Sequence[Any], places: Iterable[tuple[int, ...]]) -> Any:
    """The sum of tensors or constants, each operation's once."""
    return total(sized[place].bytes for of_one in places for place in dict.fromkeys(of_one))


def _name(graph: Graph, plan: Plan, operation: Operation) -> str:
    """The leading layer's; of an operation that the converter adds, as at the ends, its output's or its own type."""
    layer = leader(graph, operation)
    if layer:
        return layer.name
    return next((plan.tensors[tensor].name for tensor in operation.writes), "") or operation.type
