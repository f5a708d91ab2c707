"""What the ideas of a network cost beside its main way: gates, shortcuts, maps laid side by side, shuffled channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any

from cnncli.analysis.compare.design import Feature, placed
from cnncli.analysis.compare.work import Wires
from cnncli.analysis.explain.blocks import BlockKind
from cnncli.analysis.explain.products import Side, kernel_of
from cnncli.graph import Graph, Node
from cnncli.graph.roles import KERNELS


class Addition(str, Enum):
    GATE = "squeeze_and_excitation"
    """The kernels that make a factor for each channel of what was pooled globally."""
    RESIDUAL = "residual_addition"
    """An addition a cell: no weights, no multiply-accumulates."""
    PROJECTION = "projected_shortcut"
    """A kernel on a shortcut, which fits the block's input to what is made of it."""
    DENSE_CONNECTION = "dense_connection"
    """A map laid beside what was made of it: cells to be copied, and more channels for what reads them."""
    BRANCHES = "concatenation_of_branches"
    SHUFFLE = "channel_shuffle"


@dataclass(frozen=True)
class Added:
    """`count` places; `cells` that are added, copied or moved in all, for which no weight is needed."""

    addition: Addition
    count: int
    params: Any = 0
    macs: Any = 0
    cells: Any = None


CELLS: Mapping[Feature, Addition] = {
    Feature.RESIDUAL: Addition.RESIDUAL,
    Feature.DENSE_CONNECTION: Addition.DENSE_CONNECTION,
    Feature.BRANCHES: Addition.BRANCHES,
    Feature.SHUFFLE: Addition.SHUFFLE,
}
"""What has no kernels, but touches every cell."""


def additions(normal: Graph, kinds: Sequence[BlockKind]) -> list[Added]:
    """Of a network whose graph in normal form is given, in the order of Addition; what it lacks is left out."""
    nodes: dict[Addition, list[Node]] = {addition: [] for addition in Addition}
    for node, trait in placed(normal):
        if trait.feature in CELLS:
            nodes[CELLS[trait.feature]].append(node)
    found = {addition: Added(addition, len(at), cells=_cells(at)) for addition, at in nodes.items() if at}
    wires = Wires(normal)
    gates = [node for node in normal.nodes if node.index in wires.gated and node.role in KERNELS]
    shortcuts = [node for kind in kinds for block in kind.blocks for node in block.shortcut_kernels]
    projected = sum(bool(block.shortcut_kernels) for kind in kinds for block in kind.blocks)
    if gates:
        found[Addition.GATE] = _kernels(Addition.GATE, len(wires.gates), gates)
    if shortcuts:
        found[Addition.PROJECTION] = _kernels(Addition.PROJECTION, projected, shortcuts)
    return [found[addition] for addition in Addition if addition in found]


def _cells(nodes: Iterable[Node]) -> Any:
    return sum(prod(node.shape) for node in nodes)


def _kernels(addition: Addition, count: int, nodes: Sequence[Node]) -> Added:
    side = Side(tuple(map(kernel_of, nodes)))
    return Added(addition, count, side.params, side.macs)
