"""Networks whose blocks have nothing in common side by side: what each does on maps of one size, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import log2
from typing import Any

from cnncli.analysis.compare.alignment import NEVER, align
from cnncli.analysis.compare.difference import Change, costs_of
from cnncli.analysis.compare.work import Wires, Work, is_depthwise, is_pointwise, work_of
from cnncli.analysis.labels import Label, layer_label, traits, works
from cnncli.analysis.receptive_field import View, views
from cnncli.analysis.structure import acting, arguments
from cnncli.graph import Graph, Group, Node, Shape, fold
from cnncli.graph.fold import BLOCK
from cnncli.graph.roles import KERNELS, Role

HEAD = None
"""The level of what stands behind the last map."""


@dataclass(frozen=True)
class Section:
    """Consecutive layers whose kernels put out maps of one size, or what stands behind the last map.

    `level` is how often the image was halved, `shape` that of the last map of this size, `labels` what a person would
    call the blocks and single layers in it, each with how often it stands there in a row.
    """

    level: int | None
    shape: Shape
    labels: tuple[tuple[Label, int], ...]
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Level:
    """What two networks do on maps of about one size; `costs` are the second's less the first's."""

    before: Section | None
    after: Section | None
    costs: dict[str, Any]

    @property
    def equal(self) -> bool:
        return bool(self.before and self.after) and _computed(self.before) == _computed(self.after)


def _computed(section: Section | None) -> list[Any]:
    nodes = acting(section.nodes) if section else []
    return [(node.type, arguments(node.layer), node.shape) for node in nodes]


def levels(before: Graph, after: Graph) -> list[Level]:
    """Both networks' layers by the size of their maps, in the order in which they are computed."""
    first, second = _sections(before), _sections(after)

    def cost(i: int, j: int) -> int:
        return 0 if first[i].level == second[j].level else NEVER

    keys = [section.level for section in first], [section.level for section in second]
    pairs = align(len(first), len(second), cost, keys)
    return [_level(None if i is None else first[i], None if j is None else second[j]) for i, j in pairs]


def _level(before: Section | None, after: Section | None) -> Level:
    costs, less = (costs_of(section.nodes if section else ()) for section in (after, before))
    return Level(before, after, {key: costs[key] - less[key] for key in costs})


def _sections(graph: Graph) -> list[Section]:
    parts = list(_parts(graph))
    return [_section(level, [part for _, part in run]) for level, run in groupby(parts, key=lambda each: each[0])]


def _parts(graph: Graph) -> Iterator[tuple[int | None, Group]]:
    """Blocks and single layers, each with its level: that of its last kernel, else of the one before."""
    wires, seen = Wires(graph), views(graph)
    on_map = [node.role in KERNELS and work_of(node, wires) not in (Work.DENSE, Work.GATE) for node in graph.nodes]
    first = next((node for node in graph.nodes if on_map[node.index]), None)
    level = _halvings(seen[first.index] if first else None, 0)  # the image, and what becomes of it, is the first's
    for group in _groups(graph):
        last, kernels = group.nodes[-1], [node for node in group.nodes if on_map[node.index]]
        if kernels:
            level = _halvings(seen[kernels[-1].index], level)
        elif wires.behind[last.index] and last.index not in wires.gated:
            level = HEAD
        yield level, group


def _groups(graph: Graph) -> Iterator[Group]:
    for group in fold(graph, BLOCK):
        if group.kinds:
            yield group
        else:
            yield from (Group(node.name, node.scope, (node,), {}) for node in group.nodes)


def _halvings(view: View | None, otherwise: int | None) -> int | None:
    """How often the image was halved; where nobody knows as often as before."""
    step = view.step if view else None
    return round(log2(max(step))) if step else otherwise


def _section(level: int | None, parts: Sequence[Group]) -> Section:
    nodes = tuple(node for part in parts for node in part.nodes)
    labels = [label for part in parts if (label := _label(part))]
    told = tuple((label, len(list(run))) for label, run in groupby(labels))
    return Section(level, _last_shape(nodes), told, nodes)


def _last_shape(nodes: Sequence[Node]) -> Shape:
    """Of the last map as large as what the kernels put out, be it joined of several branches; of a head its output."""
    maps = [node.shape for node in nodes if len(node.shape) == 3]
    computed = [node.shape[:-1] for node in nodes if node.role in KERNELS and len(node.shape) == 3]
    return next((each for each in reversed(maps) if computed and each[:-1] == computed[-1]), nodes[-1].shape)


def _label(part: Group) -> Label | None:
    """What a block is called whatever the size of its map; a layer that does no work has no name here."""
    found = traits(part)
    if found:
        return replace(found, strides=(1, 1), resizing=(), residual=False, input_shape=(), output_shape=())
    return layer_label(part.nodes[0].layer) if works(part.nodes[0]) else None


# Whether blocks have something in common.


def are_alike(changes: Sequence[Change]) -> bool:
    """Whether most blocks of the network that has fewer have a counterpart that does its work by the same kernels."""
    counts = [sum(len(_blocks_in(groups)) for groups in sides) for sides in zip(*map(_sides, changes), strict=True)]
    paired = sum(
        len(_blocks_in(change.before))
        for change in changes
        if change.before and change.after and _is_akin(change.before[0], change.after[0])
    )
    return 2 * paired >= min(counts, default=0)


def _sides(change: Change) -> tuple[Sequence[Group], Sequence[Group]]:
    return change.before, change.after


def _blocks_in(groups: Sequence[Group]) -> list[Group]:
    """Those with kernels."""
    return [group for group in groups if any(node.role in KERNELS for node in group.nodes)]


def _is_akin(one: Group, other: Group) -> bool:
    """Whether the kernels of the one are those of the other, in order, but for one kind, and both end alike.

    Stacks of convolutions are alike however deep, but not with branches of many.
    """
    kinds = [[_kind(node) for node in group.nodes if node.role in KERNELS] for group in (one, other)]
    fewer, more = sorted(([kind for kind, _ in groupby(each)] for each in kinds), key=len)
    rest = iter(more)
    among = len(more) - len(fewer) < 2 and all(kind in rest for kind in fewer)
    counts = sorted(map(len, kinds))
    return among and counts[1] <= MOST_KERNELS * counts[0] and len({*_ends(one), *_ends(other)}) < 2


MOST_KERNELS = 3
"""How many times the kernels of a block its counterpart may have."""


def _kind(node: Node) -> str:
    if is_depthwise(node):
        return "depthwise"
    return "pointwise" if is_pointwise(node) else "several cells"


def _ends(group: Group) -> set[str]:
    """What the last that joins maps makes of them; nothing where none does."""
    joined = [node.layer for node in group.nodes if node.role is Role.MERGING and node.layer.combines != "product"]
    return {joined[-1].combines} if joined else set()
