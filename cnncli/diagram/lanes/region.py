"""What a region of parallel branches needs to be laid out, and what comes of it.

All places are relative to the region: along the main axis from its start, across from the axis of the chain in which
it stands. Links to what is outside leave and enter at the far side, in the gaps between the ranks.
"""

from __future__ import annotations

from typing import NamedTuple

from cnncli.diagram.columns import Spacing
from cnncli.diagram.lanes.layers import Edge
from cnncli.draw.geometry import Span

Place = tuple[float, float]
"""Along the main and the cross axis."""


class Gaps(NamedTuple):
    """Lengths in points: between ranks without a track; from a rank to a track, between tracks, and to the next rank;
    across between boxes, between a box and a line, and between lines."""

    ranks: float
    lead: float
    track: float
    tail: float
    boxes: float
    beside: float
    lines: float

    @classmethod
    def of(cls, spacing: Spacing) -> Gaps:
        lane = spacing.lane
        return cls(spacing.gap, lane, lane + 1, lane + 4, 2 * lane + 2, 1.5 * lane, lane + 2)


class Region(NamedTuple):
    """What is to be laid out; items by their numbers within the region, `skips` among the edges lead past others.

    `head` is the item that reads the one before the region, `foot` the one that is read by the one behind it;
    `entering` are sources outside with the items that read them, `leaving` the items that are read elsewhere.
    """

    lengths: tuple[float, ...]
    needs: tuple[float, ...]
    edges: tuple[Edge, ...]
    skips: frozenset[Edge]
    head: int | None
    foot: int | None
    entering: tuple[Edge, ...]
    leaving: tuple[int, ...]


class Lanes(NamedTuple):
    """The spans of all items along both axes, and the corners of all links.

    `head` comes from the region's start, `foot` leads to its end, both at the axis; what enters begins at the end of
    `cross`, and what leaves ends there.
    """

    length: float
    cross: Span
    main: list[Span]
    across: list[Span]
    links: dict[Edge, list[Place]]
    head: list[Place]
    foot: list[Place]
    entering: dict[Edge, list[Place]]
    leaving: dict[int, list[Place]]
