"""The links in the gap between two ranks: straight down, or along a track across, no two of different nets on another.

Channel routing as of printed circuits (Hashimoto and Stevens 1971; Deutsch's doglegs 1976): where a net comes from
above at the place at which another leaves downwards, its track must be the upper one; where tracks cover each other,
the order with fewer crossings is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

NEAR = 4.0
"""Uprights of different nets that are no farther apart count as one place."""


class Net(NamedTuple):
    """What one tensor's links need in a gap: where they come from above, go to below, and how far across they reach.

    `beyond` is where the gap ends, if the net comes from or leads to outside of the region there.
    """

    name: object
    above: float | None
    below: tuple[float, ...]
    beyond: float | None = None

    @property
    def places(self) -> list[float]:
        return [place for place in (self.above, self.beyond, *self.below) if place is not None]

    @property
    def straight(self) -> bool:
        places = self.places
        return max(places) - min(places) < 0.01


class Bar(NamedTuple):
    """A piece of a net across the gap, with the places of its uprights above and below."""

    net: object
    start: float
    end: float
    above: tuple[float, ...]
    below: tuple[float, ...]

    def covers(self, place: float) -> bool:
        return self.start - NEAR < place < self.end + NEAR


class Channel(NamedTuple):
    """For each net its track, from 0 at the top, and where a net needs two: the place of the upright between them."""

    number: int
    tracks: dict[object, int]
    doglegs: dict[object, tuple[int, float]]
    """The upper track, and where it passes on to the one in `tracks`."""


def channel(nets: Sequence[Net]) -> Channel:
    """The tracks of all nets that are not straight."""
    order = _Order([_bar(net) for net in nets if not net.straight])
    level = order.levels()
    tracks = {bar.net: level[index] for index, bar in enumerate(order.bars)}
    doglegs = {order.bars[lower].net: (level[upper], place) for upper, lower, place in order.doglegs}
    tracks |= {order.bars[lower].net: level[lower] for _, lower, _ in order.doglegs}
    return Channel(max(level, default=-1) + 1, tracks, doglegs)


def _bar(net: Net) -> Bar:
    above = () if net.above is None else (net.above,)
    return Bar(net.name, min(net.places), max(net.places), above, net.below)


class _Order:
    """Which bar lies above which."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self.bars = list(bars)
        self.doglegs: list[tuple[int, int, float]] = []
        self.under: list[set[int]] = [set() for _ in bars]
        self.begins = {index: index for index, _ in enumerate(bars)}  # the piece of each bar that comes from above
        for bent, lower in list(self._forced()):
            upper = self.begins[bent]
            if self._reaches(lower, upper):
                self._split(upper, lower)
            else:
                self.under[upper].add(lower)
        for first, second in self._free():
            if not self._reaches(first, second) and not self._reaches(second, first):
                swapped = self._cost(second, first) < self._cost(first, second)
                upper, lower = (second, first) if swapped else (first, second)
                self.under[upper].add(lower)

    def _forced(self) -> Iterator[tuple[int, int]]:
        """Where one comes from above at the place at which another goes down."""
        for upper, one in enumerate(self.bars):
            for lower, other in enumerate(self.bars):
                if upper != lower and any(abs(a - b) < NEAR for a in one.above for b in other.below):
                    yield upper, lower

    def _free(self) -> list[tuple[int, int]]:
        """Pairs that cover each other, those first for which the order matters most."""
        pairs = [
            (first, second)
            for (first, one), (second, other) in combinations(enumerate(self.bars), 2)
            if one.net != other.net and one.start - NEAR < other.end and other.start - NEAR < one.end
        ]
        return sorted(pairs, key=lambda pair: -abs(self._cost(*pair) - self._cost(*pair[::-1])))

    def _cost(self, upper: int, lower: int) -> int:
        """How many crossings there are."""
        one, other = self.bars[upper], self.bars[lower]
        return sum(map(other.covers, one.below)) + sum(map(one.covers, other.above))

    def _reaches(self, start: int, end: int) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            if here == end:
                return True
            fresh = self.under[here] - seen
            seen |= fresh
            waiting += fresh
        return False

    def _split(self, bent: int, other: int) -> None:
        """Let a net pass the other one at a place where no upright is: one bar above it, one below."""
        bar = self.bars[bent]
        taken = [place for each in self.bars for place in (*each.above, *each.below)]
        start = bar.above[0]
        steps = (start + sign * NEAR * step for step in range(1, 99) for sign in (1, -1))
        place = next(each for each in steps if all(abs(each - used) >= NEAR for used in taken))
        first = Bar(bar.net, min(start, place), max(start, place), bar.above, (place,))
        reach = [place, *bar.below, *(end for end in (bar.start, bar.end) if end != start)]
        self.bars[bent] = Bar(bar.net, min(reach), max(reach), (place,), bar.below)
        self.bars.append(first)
        self.under.append({other, bent})
        self.begins[bent] = len(self.bars) - 1
        self.doglegs.append((len(self.bars) - 1, bent, place))

    def levels(self) -> list[int]:
        """As high as those above let each be."""
        level = [0] * len(self.bars)
        entering = [0] * len(self.bars)
        for under in self.under:
            for lower in under:
                entering[lower] += 1
        ready = [index for index, count in enumerate(entering) if not count]
        while ready:
            here = ready.pop()
            for lower in sorted(self.under[here]):
                level[lower] = max(level[lower], level[here] + 1)
                entering[lower] -= 1
                if not entering[lower]:
                    ready.append(lower)
        return level
