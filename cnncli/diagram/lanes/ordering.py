"""The order of the vertices of each rank, with few crossings: medians, then exchanges of neighbours.

After Gansner, Koutsofios, North and Vo, "A technique for drawing directed graphs" (1993). A crossing with what is to be
straight, a lane of layers or a long link, counts more than others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from cnncli.diagram.lanes.layers import Layers

SWEEPS = 8
"""Down and up again; most regions are done after two."""
STRAIGHT = 4
"""The weight of a step that is to be straight."""

Neighbours = Mapping[int, Sequence[tuple[int, int]]]
"""The neighbours of each vertex in the rank above, or below, with the weights of the steps there."""


def ordered(found: Layers) -> list[list[int]]:
    """The ranks reordered; what is defined first stands at the left, where that costs nothing."""
    above, below = _neighbours(found)
    downwards = _swept(found.ranks, above)
    starts = (downwards, _swept(found.ranks[::-1], below)[::-1], [rank[::-1] for rank in downwards])
    best, least = downwards, _crossings(downwards, above)
    for start in starts:
        for centre in (_median, _mean):
            if least:
                order, count = _improved(start, above, below, centre)
                best, least = (order, count) if count < least else (best, least)
    return best


def _improved(
    start: list[list[int]], above: Neighbours, below: Neighbours, centre: Callable[[list[int]], float]
) -> tuple[list[list[int]], int]:
    """The best order on the way from one, and the crossings of it."""
    best = current = start
    least = _crossings(start, above)
    for sweep in range(SWEEPS):
        if not least:
            break
        current = _swept(current, above, centre) if sweep % 2 else _swept(current[::-1], below, centre)[::-1]
        current = _exchanged(current, above, below)
        count = _crossings(current, above)
        if count < least:
            best, least = current, count
    return best, least


def _neighbours(found: Layers) -> tuple[Neighbours, Neighbours]:
    above: dict[int, list[tuple[int, int]]] = {vertex: [] for rank in found.ranks for vertex in rank}
    below: dict[int, list[tuple[int, int]]] = {vertex: [] for rank in found.ranks for vertex in rank}
    steps = [step for each in found.steps for step in each]
    leaving, entering = Counter(step.upper for step in steps), Counter(step.lower for step in steps)
    for step in steps:
        weight = STRAIGHT if leaving[step.upper] == entering[step.lower] == 1 else 1
        above[step.lower].append((step.upper, weight))
        below[step.upper].append((step.lower, weight))
    return above, below


def _crossings(ranks: Sequence[Sequence[int]], above: Neighbours) -> int:
    """How often links cross between neighbouring ranks, each time by the product of their weights."""
    count = 0
    for upper, lower in pairwise(ranks):
        places = _places(upper)
        passed: list[tuple[int, int]] = []
        for vertex in lower:
            here = [(places[each], weight) for each, weight in above[vertex]]
            count += _between(passed, here)
            passed += here
    return count


def _between(left: Sequence[tuple[int, int]], right: Sequence[tuple[int, int]]) -> int:
    """The crossings of the links of what stands left with those of what stands right of it, by where they lead."""
    return sum(one * other for at, one in left for place, other in right if at > place)


def _places(rank: Sequence[int]) -> dict[int, int]:
    return {vertex: place for place, vertex in enumerate(rank)}


def _median(places: list[int]) -> float:
    places.sort()
    half = len(places) // 2
    return places[half] if len(places) % 2 else (places[half - 1] + places[half]) / 2


def _mean(places: list[int]) -> float:
    return sum(places) / len(places)


def _swept(
    ranks: Sequence[Sequence[int]], beside: Neighbours, centre: Callable[[list[int]], float] = _median
) -> list[list[int]]:
    """Each rank by the centres of its neighbours in the one before; what has none keeps its place."""
    result = [list(ranks[0])]
    for rank in ranks[1:]:
        places = _places(result[-1])
        near = {vertex: [places[each] for each, _ in beside[vertex]] for vertex in rank}
        linked = iter(sorted((vertex for vertex in rank if near[vertex]), key=lambda vertex: centre(near[vertex])))
        result.append([next(linked) if near[vertex] else vertex for vertex in rank])
    return result


def _exchanged(ranks: list[list[int]], above: Neighbours, below: Neighbours) -> list[list[int]]:
    """Neighbours exchanged wherever that saves a crossing."""
    ranks = [list(rank) for rank in ranks]
    for _ in range(SWEEPS):
        better = False
        for index, rank in enumerate(ranks):
            sides = [(_places(ranks[index - 1]), above)] if index else []
            sides += [(_places(ranks[index + 1]), below)] if index + 1 < len(ranks) else []
            links = {v: [[(places[each], by) for each, by in near[v]] for places, near in sides] for v in rank}
            for place in range(len(rank) - 1):
                left, right = links[rank[place]], links[rank[place + 1]]
                if sum(map(_between, left, right)) > sum(map(_between, right, left)):
                    rank[place], rank[place + 1] = rank[place + 1], rank[place]
                    better = True
        if not better:
            break
    return ranks
