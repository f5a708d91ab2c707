"""Links that do not lead to the next item: the tracks beside the chain on which they run."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from cnncli.diagram.chain import Link


class Ride(NamedTuple):
    """A link's way beside the items of one column, from one position to another; outside of it, from or to its ends."""

    link: Link
    start: int
    end: int


class Links:
    """Links in order, to be looked up by where they begin and end."""

    def __init__(self, links: Iterable[Link]) -> None:
        self._by_source = sorted(links)
        self._by_target = sorted(self._by_source, key=_target)

    def of(self, column: range) -> list[Link]:
        """Those that begin or end in a column."""
        leaving = _within(self._by_source, column, _source)
        entering = _within(self._by_target, column, _target)
        return sorted({*leaving, *entering})


def _source(link: Link) -> int:
    return link[0]


def _target(link: Link) -> int:
    return link[1]


def _within(links: Sequence[Link], column: range, end: Callable[[Link], int]) -> Sequence[Link]:
    """Of links in the order of one of their ends those that have it in a column."""
    return links[bisect_left(links, column.start, key=end) : bisect_left(links, column.stop, key=end)]


def rides(links: Links, column: range) -> list[Ride]:
    """The links that need a track in a column: neither to the next item, nor from its foot to another's head."""
    found = []
    for source, target in links.of(column):
        begins, ends = source in column, target in column
        if begins and ends and target != source + 1:
            found.append(Ride((source, target), source, target))
        elif begins and not ends and source != column[-1]:
            found.append(Ride((source, target), source, column[-1] + 1))
        elif ends and not begins and target != column[0]:
            found.append(Ride((source, target), column[0] - 1, target))
    return found


def tracks(found: Sequence[Ride]) -> dict[Ride, int]:
    """A track for each ride, 0 the farthest from the chain; longer rides run outside of those that they enclose."""
    taken: dict[Ride, int] = {}
    ends: list[int] = []  # of the last ride on each track
    for ride in sorted(found, key=lambda ride: (ride.start, -ride.end)):
        track = next((track for track, end in enumerate(ends) if end <= ride.start), len(ends))
        ends[track : track + 1] = [ride.end]
        taken[ride] = track
    return taken


def indents(taken: dict[Ride, int], column: range) -> list[int]:
    """For each item of a column how many tracks it must leave free: those of the rides that pass it."""
    free = [0] * len(column)
    for ride, track in taken.items():
        for position in range(max(ride.start + 1, column[0]), min(ride.end, column[-1] + 1)):
            free[position - column[0]] = max(free[position - column[0]], track + 1)
    return free
