"""The order in which a diagram is read: boxes and symbols one after the other, the frames around them, and the links.

A network is drawn as one chain in graph order. A link to the next item is a straight arrow; any other one runs beside
the chain. Where a tensor is read twice in the block that it enters, the chain forks at the block's head, so that what
leads from block to block is always one line. What is no chain, as branches that are read together, is a region, whose
items stand side by side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple

from cnncli.analysis.labels import Label, group_label
from cnncli.diagram.lanes.regions import consecutive, regions
from cnncli.diagram.parts import Detail, Part
from cnncli.document.numbers import shape
from cnncli.graph import Graph, Group, Node, Scope, Shape, fold
from cnncli.graph.fold import BLOCK, STAGE


class Frame(NamedTuple):
    """An outline around consecutive items with a heading at its left and right; `key` tells it from others."""

    level: Literal["stage", "block", "branch"]
    key: str
    left: str = ""
    right: str = ""
    label: Label | None = None
    """Of a block: what `right` says of it."""
    left_behind: str = ""
    """Of a stage: the size of what it puts out, where `right` tells how it changes."""
    name: str = ""
    """Of a branch: the scope's own name, within its block."""


@dataclass(frozen=True, eq=False)
class Item:
    """A box, or without a part a symbol: `fork` where a path divides, `sum` where the input is added again.

    A column never ends within a `unit`. Items of one `region` stand side by side where they are no chain; "" is none.
    """

    name: str
    unit: str
    frames: tuple[Frame, ...]
    part: Part | None = None
    symbol: Literal["", "fork", "sum"] = ""
    region: str = ""

    @property
    def around(self) -> tuple[Frame, ...]:
        """The frames that are drawn as such; a branch has a ground alone."""
        return tuple(frame for frame in self.frames if frame.level != "branch")


Pair = tuple[str, str]
"""A link by the names of its ends."""
Link = tuple[int, int]
"""From which item to which later one, by their positions in the chain."""


class Chain(NamedTuple):
    items: list[Item]
    links: list[Link]


def chain(graph: Graph, parts: Sequence[Part], detail: Detail) -> Chain:
    frames = _frames(graph, parts, detail)
    owner = {node.index: part.row.name for part in parts for node in part.nodes}
    links = dict.fromkeys(
        (owner[source.index], owner[node.index])
        for node in graph.nodes
        for source in node.inputs
        if owner[source.index] != owner[node.index]
    )
    items = [Item(part.row.name, _unit(part, detail), around, part) for part, around in zip(parts, frames, strict=True)]
    if detail == "block":
        items, pairs = _with_sums(items, list(links))
    else:
        items, pairs = _with_forks(items, list(links))
    items, pairs = _with_regions(items, pairs)
    return Chain(items, _links(items, pairs))


def _links(items: Sequence[Item], pairs: Sequence[Pair]) -> list[Link]:
    place = {item.name: position for position, item in enumerate(items)}
    return sorted((place[source], place[target]) for source, target in pairs)


def _with_regions(items: Sequence[Item], pairs: Sequence[Pair]) -> tuple[list[Item], list[Pair]]:
    """The items of each region told, with a fork at its head where it reads the item before it more than once."""
    found = regions([item.unit for item in items], [item.around for item in items], _links(items, pairs))
    result: list[Item] = []
    fork_of: dict[Pair, str] = {}
    for region, several in consecutive(found, len(items)):
        members = [items[position] for position in region]
        if several:
            first = members[0]
            told = [replace(item, unit=first.unit, region=first.name) for item in members]
            inside = {item.name for item in members}
            before = items[region.start - 1].name if region.start else ""
            reading = [pair for pair in pairs if pair[0] == before and pair[1] in inside]
            if len(reading) > 1:
                fork = Item(f"{first.name} in", first.unit, first.around, symbol="fork", region=first.name)
                told.insert(0, fork)
                fork_of |= dict.fromkeys(reading, fork.name)
            members = told
        result += members
    return result, _by_forks(pairs, fork_of)


def _by_forks(pairs: Sequence[Pair], fork_of: Mapping[Pair, str]) -> list[Pair]:
    """Links that divide at a fork lead from there, and one to it."""
    found = [(fork_of.get(pair, pair[0]), pair[1]) for pair in pairs]
    return found + list(dict.fromkeys((source, fork) for (source, _), fork in fork_of.items()))


def _unit(part: Part, detail: Detail) -> str:
    scope = part.row.scope
    return ".".join(scope[:BLOCK]) if detail == "layer" and scope else part.row.name


def _with_sums(items: Sequence[Item], pairs: Sequence[Pair]) -> tuple[list[Item], list[Pair]]:
    """Each block that adds its input to its output between the fork and the sum that do so."""
    result: list[Item] = []
    found: list[Pair] = []
    enters, leaves = {}, {}
    for item in items:
        if not (item.part and item.part.residual):
            result.append(item)
            continue
        fork, total = f"{item.name} in", f"{item.name} out"
        enters[item.name], leaves[item.name] = fork, total
        result += [
            Item(fork, item.unit, item.frames, symbol="fork"),
            item,
            Item(total, item.unit, item.frames, symbol="sum"),
        ]
        found += [(fork, item.name), (fork, total), (item.name, total)]
    found += [(leaves.get(source, source), enters.get(target, target)) for source, target in pairs]
    return result, found


def _with_forks(items: Sequence[Item], pairs: Sequence[Pair]) -> tuple[list[Item], list[Pair]]:
    """A fork at the head of each unit that reads the item before it more than once."""
    readers: defaultdict[str, list[str]] = defaultdict(list)
    for source, target in pairs:
        readers[source].append(target)
    unit = {item.name: item.unit for item in items}
    forks: dict[str, Item] = {}
    fork_of: dict[Pair, str] = {}
    for before, first in pairwise(items):
        inside = [name for name in readers[before.name] if unit[name] == first.unit]
        if before.unit != first.unit and len(inside) > 1:
            fork = Item(f"{first.unit} in", first.unit, first.frames[:BLOCK], symbol="fork")
            forks[first.name] = fork
            fork_of |= {(before.name, name): fork.name for name in inside}
    result = [each for item in items for each in (forks.get(item.name), item) if each]
    return result, _by_forks(pairs, fork_of)


def _frames(graph: Graph, parts: Sequence[Part], detail: Detail) -> list[tuple[Frame, ...]]:
    if detail == "stage":
        return _resolutions(parts)
    stages = {group.scope: group for group in fold(graph, STAGE)}
    within = fold(graph, BLOCK) if detail == "layer" else []
    blocks = {group.scope: _block(group) for group in within if len(group.scope) == BLOCK}
    return [_scopes(part, stages, blocks, detail) for part in parts]


def _block(group: Group) -> Frame:
    label = group_label(group)
    return Frame("block", group.name, group.name, str(label), label)


def _resolutions(parts: Sequence[Part]) -> list[tuple[Frame, ...]]:
    """Stages whose outputs are equally large, together."""
    frames: list[tuple[Frame, ...]] = []
    frame: tuple[Frame, ...] = ()
    last = ""
    for part in parts:
        here = size(part.row.output_shape)
        if here != last:
            frame = (Frame("stage", part.row.name, here),) if here else ()
        frames.append(frame)
        last = here
    return frames


def _scopes(
    part: Part, stages: Mapping[Scope, Group], blocks: Mapping[Scope, Frame], detail: Detail
) -> tuple[Frame, ...]:
    """The scopes that the part lies in; one that it fills by itself is no frame."""
    scope = part.row.scope
    fills = not part.row.name.startswith(".".join((*scope, "")))
    depth = len(scope) if detail == "layer" else min(len(scope) - fills, STAGE)
    frames = []
    if depth >= STAGE:
        stage = stages[scope[:STAGE]]
        frames.append(
            Frame(
                "stage",
                stage.name,
                stage.name,
                change(size(stage.input_shape), size(stage.shape)),
                left_behind=size(stage.shape),
            )
        )
    if depth >= BLOCK:
        frames.append(blocks[scope[:BLOCK]])
    if depth > BLOCK:
        frames.append(Frame("branch", ".".join(scope[: BLOCK + 1]), name=scope[BLOCK]))
    return tuple(frames)


def change(before: str, after: str) -> str:
    """`112x112 → 56x56`, or `56x56` where the size stays."""
    return f"{before} → {after}" if before and after and before != after else after or before


def size(sizes: Shape) -> str:
    """Height and width; nothing for a vector."""
    return shape(sizes[:2]) if len(sizes) == 3 else ""


def sources(nodes: Sequence[Node]) -> list[Shape]:
    """The shapes that a part reads from outside."""
    inside = {node.index for node in nodes}
    return [source.shape for node in nodes for source in node.inputs if source.index not in inside]
