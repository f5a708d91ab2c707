"""Which part of one network plays the role of which part of another: sequence alignment, blind to names."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import log2
from typing import Any

from cnncli.analysis.labels import Traits, traits
from cnncli.graph import UNKNOWN, Graph, Group, Node, Role, fold
from cnncli.graph.fold import BLOCK, STAGE

Pair = tuple[int | None, int | None]
"""Positions in two sequences that belong together; None where one has nothing for it."""

NEVER = 1_000_000
GAP = 5
"""What leaving one element without a counterpart costs: a pair that differs by more than 2 * GAP is none."""


Cost = Callable[[int, int], int]


def align(first: int, second: int, cost: Cost, keys: tuple[Sequence[Any], Sequence[Any]] | None = None) -> list[Pair]:
    """The cheapest alignment of sequences of these lengths (Needleman and Wunsch 1970); `cost` of a pair is 0 or more.

    Of equally cheap ones, that in which what has no counterpart stands last. A pair with equal `keys` costs nothing.
    Long sequences that have keys are aligned between what is equal at both ends and what both have once, so that the
    work grows as their length does; the alignment is then a good one, if not always the cheapest.
    """
    if keys is None or first * second <= EXACT:
        return _cheapest(first, second, cost)
    return list(_anchored(*keys, cost, (0, first, 0, second), DEEPEST))


def _cheapest(first: int, second: int, cost: Cost) -> list[Pair]:
    costs = [[cost(i, j) for j in range(second)] for i in range(first)]
    best = [[GAP * (i + j) for j in range(second + 1)] for i in range(first + 1)]
    for i in range(1, first + 1):
        for j in range(1, second + 1):
            paired = best[i - 1][j - 1] + costs[i - 1][j - 1]
            best[i][j] = min(paired, best[i - 1][j] + GAP, best[i][j - 1] + GAP)
    pairs: list[Pair] = []
    i, j = first, second
    while i or j:
        if j and best[i][j] == best[i][j - 1] + GAP:
            j -= 1
            pairs.append((None, j))
        elif i and best[i][j] == best[i - 1][j] + GAP:
            i -= 1
            pairs.append((i, None))
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


EXACT = 40_000
"""How many pairs of elements are compared to find the cheapest alignment."""
PIECE = 32
"""Where nothing tells long sequences' parts, both are cut into as many pieces, of about so many elements."""
DEEPEST = 8
"""How often what lies between anchors is searched for further ones."""

_Range = tuple[int, int, int, int]
"""Of both sequences where a part of each begins and ends."""


def _anchored(first: Sequence[Any], second: Sequence[Any], cost: Cost, within: _Range, depth: int) -> Iterator[Pair]:
    begin, end, start, stop = within
    while begin < end and start < stop and first[begin] == second[start]:
        yield begin, start
        begin, start = begin + 1, start + 1
    ending: list[Pair] = []
    while begin < end and start < stop and first[end - 1] == second[stop - 1]:
        end, stop = end - 1, stop - 1
        ending.append((end, stop))
    if (end - begin) * (stop - start) <= EXACT:
        yield from _shifted(_cheapest(end - begin, stop - start, lambda i, j: cost(begin + i, start + j)), begin, start)
    else:
        anchors = _anchors(first, second, (begin, end, start, stop)) if depth else []
        for part in _between(anchors, (begin, end, start, stop)) or _pieces((begin, end, start, stop)):
            yield from _anchored(first, second, cost, part, depth - 1 if anchors else 0)
    yield from reversed(ending)


def _shifted(pairs: Sequence[Pair], begin: int, start: int) -> Iterator[Pair]:
    for i, j in pairs:
        yield None if i is None else begin + i, None if j is None else start + j


def _anchors(first: Sequence[Any], second: Sequence[Any], within: _Range) -> list[tuple[int, int]]:
    """Positions of elements that both parts have once, as many as stand in the same order (patience diff)."""
    begin, end, start, stop = within
    once = _once(first, begin, end)
    other = _once(second, start, stop)
    pairs = [(position, other[key]) for key, position in once.items() if key in other]
    tails: list[int] = []
    chains: list[int] = []  # of each length the last pair of the chain that ends lowest
    before: list[int] = []
    for number, (_, position) in enumerate(pairs):
        length = bisect_left(tails, position)
        tails[length : length + 1] = [position]
        before.append(chains[length - 1] if length else -1)
        chains[length : length + 1] = [number]
    found = []
    at = chains[-1] if chains else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _once(keys: Sequence[Any], begin: int, end: int) -> dict[Any, int]:
    """What stands there once, with its position, in order."""
    counts = Counter(keys[begin:end])
    return {keys[at]: at for at in range(begin, end) if counts[keys[at]] == 1}


def _between(anchors: Sequence[tuple[int, int]], within: _Range) -> list[_Range]:
    """The parts from each anchor to the next; none where there are no anchors."""
    begin, end, start, stop = within
    froms = [(begin, start), *anchors]
    return [(i, k, j, m) for (i, j), (k, m) in pairwise([*froms, (end, stop)])] if anchors else []


def _pieces(within: _Range) -> list[_Range]:
    begin, end, start, stop = within
    count = max(1, max(end - begin, stop - start) // PIECE)
    cuts = [(begin + (end - begin) * at // count, start + (stop - start) * at // count) for at in range(count + 1)]
    return [(i, k, j, m) for (i, j), (k, m) in pairwise(cuts)]


@dataclass(frozen=True, eq=False)
class Part:
    """A stage or a block by its role: `level` is how often the image was halved before its output.

    `role` is "blocks", the "stem" before them, the "head" behind them, or the type of a layer by itself.
    """

    group: Group
    role: str
    level: int
    traits: Traits | None
    blocks: tuple[Part, ...] = ()
    """Of a stage: its blocks, or other groups of the next depth."""


def parts(graph: Graph) -> list[Part]:
    """A network's stages, each with its blocks."""
    within = {
        scope: tuple(_parts(graph, list(blocks)))
        for scope, blocks in groupby(fold(graph, BLOCK), key=lambda group: group.scope[:STAGE])
        if scope
    }
    found = _parts(graph, fold(graph, STAGE))
    return [Part(part.group, part.role, part.level, part.traits, within.get(part.group.scope, ())) for part in found]


def _parts(graph: Graph, groups: Sequence[Group]) -> Iterator[Part]:
    image = graph.nodes[0].shape
    with_blocks = [position for position, group in enumerate(groups) if group.kinds]
    for position, group in enumerate(groups):
        if group.kinds:
            role = "blocks"
        elif not group.scope:
            role = group.nodes[0].type
        else:
            role = "head" if with_blocks and position > with_blocks[0] else "stem"
        yield Part(group, role, _level(image, group.shape), traits(group))


def _level(image: Sequence[int], shape: Sequence[int]) -> int:
    if not len(image) == len(shape) == 3 or UNKNOWN in (image[0], shape[0]):
        return 0
    return round(log2(image[0] / shape[0]))


def align_parts(first: Sequence[Part], second: Sequence[Part]) -> list[Pair]:
    """Stages by their levels first, blocks of a stage by stride and shortcut first."""
    keys = _keys(first), _keys(second)
    return align(len(first), len(second), lambda i, j: _unlikeness(first[i], second[j]), keys)


def _keys(parts: Sequence[Part]) -> list[Any]:
    """Of each part what decides its unlikeness to others."""
    return [
        (part.role, part.traits and (part.level, *(getattr(part.traits, name) for name, _ in WEIGHED)))
        for part in parts
    ]


WEIGHED = (("strides", 3), ("residual", 2), ("kind", 1), ("kernel_size", 1), ("squeeze_excite", 1))
"""The traits in which blocks differ, each with how much that is."""


def _unlikeness(one: Part, other: Part) -> int:
    if one.role != other.role:
        return NEVER
    if not (one.traits and other.traits):
        return 0
    levels = 6 * abs(one.level - other.level)
    return levels + sum(weight for name, weight in WEIGHED if getattr(one.traits, name) != getattr(other.traits, name))


def align_nodes(first: Sequence[Node], second: Sequence[Node]) -> list[Pair]:
    """Layers of two blocks by what they do and in which order; equal ones rather than those that differ."""
    roles, others = _roles(first), _roles(second)
    if roles == others:
        return [(position, position) for position in range(len(first))]

    def cost(i: int, j: int) -> int:
        if roles[i] != others[j]:
            return NEVER
        return int(first[i].layer != second[j].layer)

    keys = [(role, node.layer) for role, node in zip(roles, first, strict=True)]
    other_keys = [(role, node.layer) for role, node in zip(others, second, strict=True)]
    return align(len(first), len(second), cost, (keys, other_keys))


def _roles(nodes: Sequence[Node]) -> list[str]:
    """Of each node: kernels and activations by that word (a kernel in a gate apart), all else by type."""
    roles, gated = [], False
    for node in nodes:
        if node.role in (Role.CONVOLUTION, Role.DENSE):
            roles.append("gate" if gated else "kernel")
        elif node.role is Role.ACTIVATION:
            roles.append("activation")
        else:
            roles.append(node.type)
        gated = (gated or node.layer.pools_globally) and node.layer.combines != "product"
    return roles
