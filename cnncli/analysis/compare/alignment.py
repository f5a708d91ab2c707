"""Which part of one network plays the role of which part of another: sequence alignment, blind to names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import log2

from cnncli.analysis.labels import Traits, traits
from cnncli.graph import UNKNOWN, Graph, Group, Node, Role, fold
from cnncli.graph.fold import BLOCK, STAGE

Pair = tuple[int | None, int | None]
"""Positions in two sequences that belong together; None where one has nothing for it."""

NEVER = 1_000_000
GAP = 5
"""What leaving one element without a counterpart costs: a pair that differs by more than 2 * GAP is none."""


def align(first: int, second: int, cost: Callable[[int, int], int]) -> list[Pair]:
    """The cheapest alignment of sequences of these lengths (Needleman and Wunsch 1970); `cost` of a pair is 0 or more.

    Of equally cheap ones, that in which what has no counterpart stands last.
    """
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
    return align(len(first), len(second), lambda i, j: _unlikeness(first[i], second[j]))


def _unlikeness(one: Part, other: Part) -> int:
    if one.role != other.role:
        return NEVER
    if not (one.traits and other.traits):
        return 0
    return (
        6 * abs(one.level - other.level)
        + 3 * (one.traits.strides != other.traits.strides)
        + 2 * (one.traits.residual != other.traits.residual)
        + (one.traits.kind != other.traits.kind)
        + (one.traits.kernel_size != other.traits.kernel_size)
        + (one.traits.squeeze_excite != other.traits.squeeze_excite)
    )


def align_nodes(first: Sequence[Node], second: Sequence[Node]) -> list[Pair]:
    """Layers of two blocks by what they do and in which order; equal ones rather than those that differ."""
    roles, others = _roles(first), _roles(second)
    if roles == others:
        return [(position, position) for position in range(len(first))]

    def cost(i: int, j: int) -> int:
        if roles[i] != others[j]:
            return NEVER
        return int(first[i].layer != second[j].layer)

    return align(len(first), len(second), cost)


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
