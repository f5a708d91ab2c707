"""The kinds of blocks that a network repeats, each once: what is in it, where it stands, and what varies.

Blocks of one name are of one kind where their kernels come in the same order, whatever their sizes, and whatever stands
on the shortcut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from cnncli.analysis.fused import fused, leader
from cnncli.analysis.labels import FusedLabel, Label, Traits, group_label, layer_label, traits
from cnncli.graph import Graph, Group, Node, Shape, fold
from cnncli.graph.fold import BLOCK
from cnncli.graph.gates import gated
from cnncli.graph.roles import KERNELS, Role
from cnncli.grouping.traits import Traits as Makeup
from cnncli.grouping.wiring import Wiring, wiring


class Shortcut(str, Enum):
    """How a block's input comes to what is made of it."""

    NONE = "none"
    ADDED = "added"
    PROJECTED = "projected"
    """By a kernel of its own."""


@dataclass(frozen=True)
class GateLabel:
    """Squeeze-and-excitation: the channels of what was pooled, and what each kernel makes of them."""

    widths: tuple[int, ...]


@dataclass(frozen=True)
class ShuffleLabel:
    """Channels of groups, dealt out in turn."""

    groups: int


@dataclass(frozen=True)
class Step:
    """An operation of a block: layers that run as one.

    `reads` are the numbers of the steps that it reads, counted from 1; 0 is the block's input, -1 a second one. `role`
    is that of the layer that does the work.
    """

    name: str
    role: Role
    label: Label | GateLabel | ShuffleLabel
    reads: tuple[int, ...]
    input_shape: Shape
    shape: Shape
    params: Any
    macs: Any


@dataclass(frozen=True, eq=False)
class Block:
    """A block at its place; `shortcut_kernels` are those on the way that goes by the others."""

    group: Group
    traits: Traits
    kernels: str
    shortcut: Shortcut
    shortcut_kernels: tuple[Node, ...]

    @property
    def stage(self) -> str:
        """The outermost scope that it stands in."""
        return self.group.scope[0]


@dataclass(frozen=True, eq=False)
class BlockKind:
    """Blocks that are built alike, in the network's order; `steps` are those of the first."""

    name: str
    blocks: tuple[Block, ...]

    @property
    def first(self) -> Block:
        return self.blocks[0]

    @cached_property
    def stages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(block.stage for block in self.blocks))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return tuple(_steps(self.first.group))

    @property
    def gates(self) -> int:
        """How many have squeeze-and-excitation."""
        return sum(block.traits.squeeze_excite for block in self.blocks)

    def shortcuts(self, shortcut: Shortcut) -> int:
        return sum(block.shortcut is shortcut for block in self.blocks)

    def values(self, of: Any) -> tuple[Any, ...]:
        """What a function tells of the blocks, each once, in the order of the network."""
        return tuple(dict.fromkeys(map(of, self.blocks)))


def block_kinds(graph: Graph) -> list[BlockKind]:
    """In the order of their first blocks."""
    wires = wiring(graph)
    found: dict[tuple[str, str], list[Block]] = {}
    for group in fold(graph, BLOCK):
        told = traits(group) if len(group.kinds) == 1 else None
        if told:
            block = _block(wires, group, told)
            found.setdefault((told.kind.name, block.kernels), []).append(block)
    return [BlockKind(name, tuple(blocks)) for (name, _), blocks in found.items()]


@dataclass(frozen=True)
class Part:
    """What is no block: the layers before, between and behind them."""

    name: str
    label: Label
    shape: Shape
    params: Any
    macs: Any


def outside(graph: Graph) -> list[Part]:
    """The groups of layers that no block holds, in order; the input is none."""
    return [
        Part(
            group.name,
            group_label(group),
            group.shape,
            sum(node.params for node in group.nodes),
            sum(node.macs for node in group.nodes),
        )
        for group in fold(graph, BLOCK)
        if not group.kinds and group.nodes[0].role is not Role.INPUT
    ]


def _block(wires: Wiring, group: Group, told: Traits) -> Block:
    makeup = Makeup(wires, [node.index for node in group.nodes])
    short = _shortcut_kernels(group.nodes, makeup)
    kept = [letter for letter, node in zip(makeup.letters, makeup.kernels, strict=True) if node not in short]
    way = Shortcut.NONE if not told.residual else Shortcut.PROJECTED if short else Shortcut.ADDED
    return Block(group, told, "".join(kept), way, short)


def _shortcut_kernels(nodes: Sequence[Node], makeup: Makeup) -> tuple[Node, ...]:
    """Of the two ways to the last sum, the kernels of the one that has fewer of its own."""
    if not makeup.ends_in_sum or len(makeup.merging[-1].inputs) != 2:
        return ()
    kernels = {node.index for node in makeup.kernels}
    above: dict[int, frozenset[int]] = {}
    for node in nodes:
        parts = [above.get(source.index, frozenset[int]()) for source in node.inputs]
        above[node.index] = frozenset().union(*parts) | ({node.index} & kernels)
    one, other = (above.get(source.index, frozenset[int]()) for source in makeup.merging[-1].inputs)
    short = min(one - other, other - one, key=len)
    if len(one - other) == len(other - one):
        return ()
    return tuple(node for node in nodes if node.index in short)


# What is in a block.

SHUFFLING = 3
"""Layers of a shuffle."""


def _steps(group: Group) -> Iterator[Step]:
    """The operations in order, a gate and a shuffle of channels each as one."""
    places: dict[int, int] = {source.index: -number for number, source in enumerate(group.sources)}
    for number, part in enumerate(_parts(group.nodes), 1):
        inside = {node.index for node in part}
        sources = {source.index: source for node in part for source in node.inputs if source.index not in inside}
        places |= dict.fromkeys(inside, number)
        yield Step(
            name=leader(part).short_name,
            role=leader(part).role,
            label=_label(part),
            reads=tuple(dict.fromkeys(places[index] for index in sources if index in places)),
            input_shape=next(iter(sources.values())).shape if sources else part[-1].shape,
            shape=part[-1].shape,
            params=sum(node.params for node in part),
            macs=sum(node.macs for node in part),
        )


def _parts(nodes: Sequence[Node]) -> list[list[Node]]:
    """The layers that run as one, each gate together where it ends, each shuffle from its first layer on."""
    gates = gated(nodes)
    kept: list[list[Node]] = []
    gate: list[Node] = []
    for part in fused(nodes):
        if part[0].index in gates:
            gate += part
            if part[-1].layer.combines == "product":
                kept.append(gate)
                gate = []
        elif kept and _shuffles(kept[-1], part[0]):
            kept[-1] += part
        else:
            kept.append(part)
    return [*kept, gate] if gate else kept


def _shuffles(before: Sequence[Node], node: Node) -> bool:
    """Whether a layer goes on with a shuffle: a map laid out by groups, turned, and laid out as a map again."""
    moving = all(each.role is Role.SHAPING and not each.layer.pads for each in (*before, node))
    return moving and len(before) < SHUFFLING and len(before[0].shape) == 4 and node.inputs == (before[-1],)


def _label(part: Sequence[Node]) -> Label | GateLabel | ShuffleLabel:
    if len(part) > 1 and part[-1].layer.combines == "product" and any(node.role in KERNELS for node in part):
        kernels = [node for node in part if node.role in KERNELS]
        return GateLabel((kernels[0].input_shapes[0][-1], *(node.shape[-1] for node in kernels)))
    if len(part) == SHUFFLING and len(part[0].shape) == 4:
        return ShuffleLabel(part[0].shape[-2])
    first = leader(part)
    if len(part) == 1:
        return layer_label(first.layer)
    return FusedLabel(layer_label(first.layer), tuple(layer_label(node.layer) for node in part if node is not first))
