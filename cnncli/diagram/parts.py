"""What a diagram draws as one box: a layer, a fused layer, a block (or several alike) or a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from math import prod
from typing import Literal

from cnncli.analysis.labels import CONVOLUTIONS, layer_label
from cnncli.analysis.report import Row, merge_repeats, report, row_of
from cnncli.graph import Graph, Group, Layer, Node
from cnncli.graph.fold import BLOCK, STAGE
from cnncli.graph.layers import BatchNormalization, Dense, DepthwiseConv2D, InputLayer, ZeroPadding2D

Detail = Literal["stage", "block", "layer"]
Heat = Literal["params", "macs", "activations"]

DEPTHS: dict[Detail, int | None] = {"stage": STAGE, "block": BLOCK, "layer": None}
KERNELS = (*CONVOLUTIONS, Dense)


@dataclass(frozen=True, eq=False)
class Part:
    """A box: the report's row and the nodes that it stands for. `kind` decides on the colour."""

    row: Row
    nodes: tuple[Node, ...]
    kind: str

    @property
    def blocks(self) -> int:
        """How many blocks alike, or of a stage, it stands for."""
        return max(self.row.repeats, int(self.row.details.get("blocks", 1)))

    @property
    def residual(self) -> bool:
        return bool(self.row.details.get("residual"))

    @property
    def label(self) -> str:
        """The row's, without the count of blocks."""
        return self.row.label.removesuffix(f" x{self.blocks}") if self.blocks > 1 else self.row.label

    def cost(self, measure: Heat) -> int:
        """`activations` are the cells that its convolutions and dense layers put out."""
        if measure == "activations":
            return sum(prod(node.shape) for node in self.nodes if isinstance(node.layer, KERNELS))
        return int(getattr(self.row, measure))


def parts(graph: Graph, detail: Detail, fuse: bool = False) -> list[Part]:
    """The boxes in order. Their nodes are the graph's, each once."""
    if detail == "layer" and fuse:
        rows: Sequence[Row] = _fused(graph)
    else:
        rows = report(graph, DEPTHS[detail]).rows
    if detail == "block":
        rows = _merged(rows)
    nodes = iter(graph.nodes)
    return [_part(row, tuple(islice(nodes, row.layers_folded))) for row in rows]


def _part(row: Row, nodes: tuple[Node, ...]) -> Part:
    if "kind" in row.details:
        height, width = row.details["kernel_size"]
        return Part(row, nodes, f"{row.details['kind'].rstrip('0123456789.')} {height}x{width}")
    return Part(row, nodes, kind(max(nodes, key=lambda node: node.macs).layer))


def kind(layer: Layer) -> str:
    """`convolution`, `depthwise`, `dense`, `normalization`, `activation`, `pooling`, `merging`, `input` or `other`."""
    for types, name in ((InputLayer, "input"), (DepthwiseConv2D, "depthwise"), (Dense, "dense")):
        if isinstance(layer, types):
            return name
    module = type(layer).__module__.rpartition(".")[2]
    return "other" if module in ("reshaping", "regularization") else module


def _merged(rows: Sequence[Row]) -> list[Row]:
    """Blocks alike as one where each reads the one before it, and nothing else."""
    merged: list[Row] = []
    start = 0
    for row in merge_repeats(rows):
        members = rows[start : start + row.repeats]
        start += row.repeats
        chain = all(after.inputs == (before.name,) for before, after in pairwise(members))
        merged.extend([row] if chain else members)
    return merged


def _fused(graph: Graph) -> list[Row]:
    """A row each convolution or dense layer with the padding before it and the layers that fold into it behind it."""
    groups: list[list[Node]] = []
    readers = graph.readers()
    for node in graph.nodes:
        if groups and _joins(node, groups[-1], readers):
            groups[-1].append(node)
        else:
            groups.append([node])
    names = {node.index: _leader(group).name for group in groups for node in group}
    return [_fused_row(graph, group, names) for group in groups]


def _joins(node: Node, group: Sequence[Node], readers: Sequence[Sequence[Node]]) -> bool:
    last = group[-1]
    if node.inputs != (last,) or len(readers[last.index]) != 1 or node.scope != last.scope:
        return False
    if isinstance(node.layer, KERNELS):
        return isinstance(last.layer, ZeroPadding2D)
    return node.layer.folds and isinstance(_leader(group).layer, KERNELS)


def _leader(group: Sequence[Node]) -> Node:
    return next((node for node in group if isinstance(node.layer, KERNELS)), group[0])


def _fused_row(graph: Graph, group: Sequence[Node], names: Mapping[int, str]) -> Row:
    leader = _leader(group)
    whole = Group(leader.name, leader.scope, tuple(group), {})
    row = row_of(whole, tuple(names[source.index] for source in whole.sources))
    words = [layer_label(leader.layer), *(_short(node.layer) for node in group if node is not leader)]
    return replace(row, type=leader.type, label=" + ".join(words))


def _short(layer: Layer) -> str:
    if isinstance(layer, ZeroPadding2D):
        return "pad"
    return "BN" if isinstance(layer, BatchNormalization) else layer_label(layer).removeprefix("Activation ")
