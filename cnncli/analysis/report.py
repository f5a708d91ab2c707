"""A network's report: totals, and a row a layer or a group of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from cnncli.analysis.costs import Totals, totals
from cnncli.analysis.labels import group_label, traits
from cnncli.graph import Graph, Group, Scope, Shape, fold


@dataclass(frozen=True, slots=True)
class Row:
    """A layer, or a group of them; costs are sums over the group. Shapes are (height, width, channels).

    `type` is Keras's class of a layer and what a person would say of a group; `label` is the type with what sets it
    apart; `details` are a layer's own arguments or a block's traits. `repeats` counts identical blocks in the row.
    """

    name: str
    type: str
    label: str
    scope: Scope
    inputs: tuple[str, ...]
    input_shape: Shape
    output_shape: Shape
    params: int
    trainable_params: int
    macs: int
    flops: int
    layers_folded: int
    details: Mapping[str, Any]
    repeats: int = 1

    @property
    def non_trainable_params(self) -> int:
        return self.params - self.trainable_params


@dataclass(frozen=True)
class Report:
    """`depth` is the scope depth of the rows: None for layers, 1 for stages, 2 for blocks."""

    totals: Totals
    rows: tuple[Row, ...]
    depth: int | None
    input_shape: Shape
    output_shape: Shape


def report(graph: Graph, depth: int | None = None) -> Report:
    groups = fold(graph, depth)
    owner = {node.index: group.name for group in groups for node in group.nodes}
    rows = tuple(row_of(group, tuple(owner[source.index] for source in group.sources)) for group in groups)
    return Report(totals(graph), rows, depth, graph.nodes[0].shape, graph.nodes[-1].shape)


def row_of(group: Group, inputs: tuple[str, ...]) -> Row:
    """A group's row; `inputs` are the names of what it reads."""
    label = group_label(group)
    single = len(group.nodes) == 1
    return Row(
        name=group.name,
        type=group.nodes[0].type if single else label,
        label=label,
        scope=group.scope,
        inputs=tuple(dict.fromkeys(inputs)),
        input_shape=group.input_shape,
        output_shape=group.shape,
        params=group.params,
        trainable_params=group.trainable_params,
        macs=group.macs,
        flops=group.flops,
        layers_folded=len(group.nodes),
        details=_arguments(group) if single else _traits(group),
    )


def _arguments(group: Group) -> dict[str, Any]:
    config = group.nodes[0].layer.config()
    return {name: value for name, value in config.items() if not name.endswith("initializer")}


def _traits(group: Group) -> dict[str, Any]:
    found = traits(group)
    if not found:
        return {}
    names = ("kind", "kernel_size", "strides", "squeeze_excite", "residual", "blocks")
    return {name: getattr(found, name) for name in names}


def merge_repeats(rows: Sequence[Row]) -> list[Row]:
    """Consecutive rows that differ in nothing but the name as one, `stage3.block2-4`, with the sums of their costs."""

    def identity(row: Row) -> tuple[Any, ...]:
        return row.label, row.scope[:-1], row.input_shape, row.output_shape, row.params, row.macs, row.flops

    return [_merged(list(run)) for _, run in groupby(rows, key=identity)]


def _merged(run: list[Row]) -> Row:
    first, last = run[0], run[-1]
    if len(run) == 1:
        return first
    number = last.name.removeprefix(".".join(last.scope[:-1])).lstrip(".abcdefghijklmnopqrstuvwxyz_")
    return replace(
        first,
        name=f"{first.name}-{number}",
        label=f"{first.label} x{len(run)}",
        params=sum(row.params for row in run),
        trainable_params=sum(row.trainable_params for row in run),
        macs=sum(row.macs for row in run),
        flops=sum(row.flops for row in run),
        layers_folded=sum(row.layers_folded for row in run),
        repeats=len(run),
    )
