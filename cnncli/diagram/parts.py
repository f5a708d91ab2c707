"""What a diagram draws as one box: a layer, a fused layer, a block (or several alike) or a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any, Literal

from cnncli.amounts import is_known, known_part
from cnncli.analysis.fused import fused, leader
from cnncli.analysis.labels import FusedLabel, Label, Traits, layer_label
from cnncli.analysis.report import Row, merge_repeats, report, row_of
from cnncli.document.numbers import shape
from cnncli.draw.theme import Theme
from cnncli.graph import Graph, Group, Node, Role
from cnncli.graph.fold import BLOCK, STAGE
from cnncli.graph.roles import KERNELS

Detail = Literal["stage", "block", "layer"]
Heat = str
"""The key of a metric that adds up (analysis.metrics, Place.HEAT), by which boxes are shaded."""

DEPTHS: dict[Detail, int | None] = {"stage": STAGE, "block": BLOCK, "layer": None}


@dataclass(frozen=True, eq=False)
class Part:
    """A box: the report's row and the nodes that it stands for. `kind` decides on the colour."""

    row: Row
    nodes: tuple[Node, ...]
    kind: str

    @property
    def label(self) -> Label:
        return self.row.label

    @property
    def traits(self) -> Traits | None:
        """Of a block or a stage of blocks."""
        return self.row.label if isinstance(self.row.label, Traits) else None

    @property
    def blocks(self) -> int:
        """How many blocks alike, or of a stage, it stands for."""
        return max(self.row.repeats, self.traits.blocks if self.traits else 1)

    @property
    def residual(self) -> bool:
        return bool(self.traits and self.traits.residual)

    def cost(self, measure: Heat) -> Any:
        return self.row.amounts[measure]


def parts(graph: Graph, detail: Detail, fuse: bool = False) -> list[Part]:
    """The boxes in order. Their nodes are the graph's, each once."""
    if detail == "layer" and fuse:
        rows: Sequence[Row] = _fused(graph)
    else:
        rows = report(graph, DEPTHS[detail]).rows
    if detail == "block":
        rows = _merged(rows)
    nodes = iter(graph.nodes)
    blocks = {block_kind(row.label) for row in rows if isinstance(row.label, Traits)}
    by_kernel = len(blocks) <= len(Theme.blocks)
    return [_part(row, tuple(islice(nodes, row.amounts["layers"])), by_kernel) for row in rows]


def _part(row: Row, nodes: tuple[Node, ...], by_kernel: bool) -> Part:
    """Blocks of other kernels are another kind, as far as there are colours."""
    if isinstance(row.label, Traits):
        return Part(row, nodes, block_kind(row.label) if by_kernel else row.label.kind.name)
    return Part(row, nodes, kind_of(_leading(nodes).role))


def block_kind(traits: Traits) -> str:
    """A kind of block by its name and its kernel."""
    return f"{traits.kind.name} {shape(traits.kernel_size)}"


def _leading(nodes: Sequence[Node]) -> Node:
    """The node that does most of the work; where that is not known, as at open sizes, what has the largest kernel.

    Padding is none, if anything else is there.
    """

    def work(node: Node) -> tuple[Any, Any]:
        return (node.macs, -node.layer.pads) if is_known(node.macs) else (0, _kernel_size(node))

    return max(nodes, key=work)


def _kernel_size(node: Node) -> Any:
    return known_part(node.params) if node.role in KERNELS else 0


def kind_of(role: Role) -> str:
    """The kind of box for a layer of this role: what computes nothing is all of one kind."""
    return "other" if role in (Role.SHAPING, Role.TRAINING) else role.value


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
    groups = fused(graph.nodes)
    names = {node.index: leader(group).name for group in groups for node in group}
    return [_fused_row(graph, group, names) for group in groups]


def _fused_row(graph: Graph, group: Sequence[Node], names: Mapping[int, str]) -> Row:
    first = leader(group)
    whole = Group(first.name, first.scope, tuple(group), {})
    row = row_of(whole, tuple(names[source.index] for source in whole.sources))
    others = tuple(layer_label(node.layer) for node in group if node is not first)
    return replace(row, type=first.type, label=FusedLabel(layer_label(first.layer), others))
