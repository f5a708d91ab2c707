"""The order of the vertices of each rank, with few crossings: medians, then exchanges of neighbours.

After Gansner, Koutsofios, North and Vo, "A technique for drawing directed graphs" (1993).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence

from cnncli.diagram.layers import Layers, Step

SWEEPS = 8
"""Down and up again; most regions are done after two."""

Neighbours = Mapping[int, Sequence[int]]


def ordered(found: Layers) -> list[list[int]]:
    """The ranks reordered; as they were, where that does not save a crossing."""
    above, below = _neighbours(found)
    best = current = _untangled(found.ranks, above)
    least = crossings(best, found.steps)
    for sweep in range(SWEEPS):
        if not least:
            break
        current = _swept(current, above) if sweep % 2 else _swept(current[::-1], below)[::-1]
        current = _exchanged(current, above, below)
        count = crossings(current, found.steps)
        if count < least:
            best, least = current, count
    return best


def crossings(ranks: Sequence[Sequence[int]], steps: Sequence[Sequence[Step]]) -> int:
    """How often links cross between neighbouring ranks."""
    count = 0
    for upper, lower, found in zip(ranks, ranks[1:], steps, strict=False):
        at_top, at_foot = _places(upper), _places(lower)
        passed: list[int] = []
        for _, foot in sorted((at_top[step.upper], at_foot[step.lower]) for step in found):
            count += len(passed) - bisect_right(passed, foot)
            insort(passed, foot)
    return count


def _places(rank: Sequence[int]) -> dict[int, int]:
    return {vertex: place for place, vertex in enumerate(rank)}


def _neighbours(found: Layers) -> tuple[Neighbours, Neighbours]:
    above: dict[int, list[int]] = {vertex: [] for rank in found.ranks for vertex in rank}
    below: dict[int, list[int]] = {vertex: [] for rank in found.ranks for vertex in rank}
    for steps in found.steps:
        for step in steps:
            above[step.lower].append(step.upper)
            below[step.upper].append(step.lower)
    return above, below


def _untangled(ranks: Sequence[Sequence[int]], above: Neighbours) -> list[list[int]]:
    """From the top each vertex below what it reads; branches stay in the order in which they are defined."""
    return _swept(ranks, above)


def _swept(ranks: Sequence[Sequence[int]], beside: Neighbours) -> list[list[int]]:
    """Each rank by the medians of its neighbours in the one before; what has none keeps its place."""
    result = [list(ranks[0])]
    for rank in ranks[1:]:
        places = _places(result[-1])
        keys = {vertex: _median([places[each] for each in beside[vertex] if each in places]) for vertex in rank}
        free = iter(sorted((vertex for vertex in rank if keys[vertex] >= 0), key=keys.__getitem__))
        result.append([next(free) if keys[vertex] >= 0 else vertex for vertex in rank])
    return result


def _median(places: list[int]) -> float:
    """Below 0 for none."""
    places.sort()
    half = len(places) // 2
    if not places:
        return -1
    return places[half] if len(places) % 2 else (places[half - 1] + places[half]) / 2


def _exchanged(ranks: list[list[int]], above: Neighbours, below: Neighbours) -> list[list[int]]:
    """Neighbours exchanged wherever that saves a crossing."""
    ranks = [list(rank) for rank in ranks]
    for _ in range(SWEEPS):
        better = False
        for index, rank in enumerate(ranks):
            sides = []
            if index:
                sides.append((_places(ranks[index - 1]), above))
            if index + 1 < len(ranks):
                sides.append((_places(ranks[index + 1]), below))
            beside = {v: [sorted(places[each] for each in near[v]) for places, near in sides] for v in rank}
            for place in range(len(rank) - 1):
                left, right = beside[rank[place]], beside[rank[place + 1]]
                if sum(map(_pairs, left, right)) > sum(map(_pairs, right, left)):
                    rank[place], rank[place + 1] = rank[place + 1], rank[place]
                    better = True
        if not better:
            break
    return ranks


def _pairs(left: Sequence[int], right: Sequence[int]) -> int:
    """How many links of two neighbours cross, given where they lead."""
    return sum(len(left) - bisect_right(left, place) for place in right)
