"""Where the vertices of a region stand across: what leads straight on stands exactly below each other.

Vertices that are linked one to one are bound into uprights, as the blocks of Brandes and Köpf, "Fast and simple
horizontal coordinate assignment" (2001): the places that long links pass first, then lanes of layers, then whatever is
left. Each upright then moves to the median of what it is linked to, as far as its neighbours give way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import inf

from cnncli.diagram.lanes.layers import Step

ROUNDS = 12


def coordinates(
    ranks: Sequence[Sequence[int]],
    steps: Sequence[Sequence[Step]],
    upright: Mapping[int, int],
    apart: Callable[[int, int], float],
) -> dict[int, float]:
    """The middle of each vertex, those of one upright the same.

    `apart(left, right)` is how far the middles of two neighbours must be from each other at least.
    """
    place = _Settled(ranks, steps, upright, apart).place
    return {vertex: place[upright[vertex]] for rank in ranks for vertex in rank}


def uprights(
    ranks: Sequence[Sequence[int]], steps: Sequence[Sequence[Step]], passing: Callable[[int], bool]
) -> dict[int, int]:
    """The number of each vertex's upright. No two cross, so that which of two is left of the other is one question."""
    places = [{vertex: place for place, vertex in enumerate(rank)} for rank in ranks]
    bound: list[dict[int, int]] = [{} for _ in steps]  # from the place in a rank to that in the next
    for wanted in _classes(steps, passing):
        for row, step in wanted:
            upper, lower, taken = places[row][step.upper], places[row + 1][step.lower], bound[row]
            free = upper not in taken and lower not in taken.values()
            if free and all((upper < other) == (lower < foot) for other, foot in taken.items()):
                taken[upper] = lower
    upright: dict[int, int] = {}
    for row, rank in enumerate(ranks):
        for place, vertex in enumerate(rank):
            number = upright.setdefault(vertex, vertex)
            if row < len(bound) and place in bound[row]:
                upright[ranks[row + 1][bound[row][place]]] = number
    return upright


def _classes(steps: Sequence[Sequence[Step]], passing: Callable[[int], bool]) -> list[list[tuple[int, Step]]]:
    """The steps that are to be straight, those first that most need it."""
    leaving: defaultdict[int, list[Step]] = defaultdict(list)
    entering: defaultdict[int, list[Step]] = defaultdict(list)
    for found in steps:
        for step in found:
            leaving[step.upper].append(step)
            entering[step.lower].append(step)
    long, lanes, sole = [], [], []
    for row, found in enumerate(steps):
        for step in found:
            behind, before = leaving[step.upper], entering[step.lower]
            if passing(step.upper) and passing(step.lower):
                long.append((row, step))
            elif len(behind) == len(before) == 1:
                lanes.append((row, step))
            elif all(other.skips == (other != step) for other in (*behind, *before)):
                sole.append((row, step))
    return [long, lanes, sole]


class _Settled:
    """Uprights between their neighbours, each drawn to what it is linked to."""

    def __init__(
        self,
        ranks: Sequence[Sequence[int]],
        steps: Sequence[Sequence[Step]],
        upright: Mapping[int, int],
        apart: Callable[[int, int], float],
    ) -> None:
        self.left: defaultdict[int, dict[int, float]] = defaultdict(dict)
        self.right: defaultdict[int, dict[int, float]] = defaultdict(dict)
        for rank in ranks:
            for first, second in pairwise(rank):
                here, there = upright[first], upright[second]
                distance = max(apart(first, second), self.left[there].get(here, 0))
                self.left[there][here] = self.right[here][there] = distance
        self.pulls: defaultdict[int, list[int]] = defaultdict(list)
        for found in steps:
            for step in found:
                upper, lower = upright[step.upper], upright[step.lower]
                if upper != lower:
                    self.pulls[upper].append(lower)
                    self.pulls[lower].append(upper)
        order = self._sorted(dict.fromkeys(upright.values()))
        self.place = self._packed(order)
        for turn in range(ROUNDS):
            for each in order if turn % 2 else reversed(order):
                self._settle(each)

    def _sorted(self, found: Mapping[int, None]) -> list[int]:
        """From left to right."""
        done: dict[int, None] = {}
        for start in found:
            stack = [start]
            while stack:
                waiting = [each for each in self.left[stack[-1]] if each not in done]
                if waiting:
                    stack.append(waiting[0])
                else:
                    done[stack.pop()] = None
        return list(done)

    def _packed(self, order: Sequence[int]) -> dict[int, float]:
        """Halfway between as far left and as far right as there is room."""
        low: dict[int, float] = {}
        high: dict[int, float] = {}
        for each in order:
            low[each] = max((low[near] + by for near, by in self.left[each].items()), default=0)
        end = max(low.values())
        for each in reversed(order):
            high[each] = min((high[near] - by for near, by in self.right[each].items()), default=end)
        return {each: (low[each] + high[each]) / 2 for each in order}

    def _settle(self, each: int) -> None:
        """To where its links are shortest, as far as its neighbours give way."""
        places = sorted(self.place[near] for near in self.pulls[each])
        if places:
            wanted = (places[0] + places[-1]) / 2
            low = max((self.place[near] + by for near, by in self.left[each].items()), default=-inf)
            high = min((self.place[near] - by for near, by in self.right[each].items()), default=inf)
            self.place[each] = max(low, min(wanted, high))
