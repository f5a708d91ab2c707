"""Links that do not lead to the next item: the tracks beside the chain on which they run."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

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
    """The links that run beside a column from one of its items to another."""
    return [Ride(link, *link) for link in links.of(column) if link[0] in column and link[1] in column]


def tracks(found: Sequence[Ride]) -> dict[Ride, int]:
    """A track for each ride, 0 the farthest from the chain."""
    return dict(zip(found, tracks_of([(ride.start, ride.end) for ride in found]), strict=True))


def tracks_of(spans: Sequence[tuple[Any, Any]]) -> list[int]:
    """A track for each span from one place to another; longer ones on tracks before those that they enclose."""
    taken = [0] * len(spans)
    ends: list[Any] = []  # of the last span on each track
    by_length = sorted(range(len(spans)), key=lambda index: spans[index][1], reverse=True)
    for index in sorted(by_length, key=lambda index: spans[index][0]):
        start, end = spans[index]
        track = next((track for track, last in enumerate(ends) if last <= start), len(ends))
        ends[track : track + 1] = [end]
        taken[index] = track
    return taken


def indents(taken: dict[Ride, int], column: range) -> list[int]:
    """For each item of a column how many tracks it must leave free: those of the rides that pass it."""
    free = [0] * len(column)
    for ride, track in taken.items():
        for position in range(max(ride.start + 1, column[0]), min(ride.end, column[-1] + 1)):
            free[position - column[0]] = max(free[position - column[0]], track + 1)
    return free
