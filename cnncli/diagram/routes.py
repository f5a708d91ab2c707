"""Links that do not lead to the next item: the tracks beside the chain on which they run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncli.diagram.chain import Link


class Ride(NamedTuple):
    """A link's way beside the items of one column, from one position to another; outside of it, from or to its ends."""

    link: Link
    start: int
    end: int


def rides(links: Sequence[Link], column: range) -> list[Ride]:
    """The links that need a track in a column: neither to the next item, nor from its foot to another's head."""
    found = []
    for source, target in links:
        leaves = source in column and target not in column and source != column[-1]
        enters = target in column and source not in column and target != column[0]
        inside = source in column and target in column and target != source + 1
        if inside:
            found.append(Ride((source, target), source, target))
        elif leaves:
            found.append(Ride((source, target), source, column[-1] + 1))
        elif enters:
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
