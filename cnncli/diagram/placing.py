"""The frames and links of columns whose items have their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from cnncli.diagram.chain import Item, Link
from cnncli.diagram.columns import Framed, Spacing, Walk
from cnncli.draw.geometry import Axes, Point, Span

Place = tuple[float, float]
"""Along the main and the cross axis."""


class Lane(NamedTuple):
    """Across a column: its whole length, where boxes may stand in it, and the part of that which no track takes."""

    length: float
    boxes: Span
    core: Span

    def widened(self, by: float) -> Lane:
        return Lane(
            self.length + by, Span(self.boxes.start, self.boxes.end + by), Span(self.core.start, self.core.end + by)
        )


class Column(NamedTuple):
    """One column: its items, their spans along both axes, and across it the chain and the tracks by their links."""

    members: range
    walk: Walk
    main: list[Span]
    cross: list[Span]
    origin: float
    room: float
    chain: float
    tracks: dict[Link, float]

    @property
    def foot(self) -> float:
        return self.room + self.walk.length

    def spans(self, position: int) -> tuple[Span, Span]:
        local = position - self.members.start
        return self.main[local], self.cross[local]


class Route(NamedTuple):
    """A link's corners. `forward` leads to the next item, `turn` from foot to head, `skip` beside the chain."""

    link: Link
    kind: Literal["forward", "skip", "turn"]
    path: list[Point]


def frame_rect(
    column: Column, framed: Framed, lane: Lane, insets: Mapping[str, tuple[float, float]], outset: float
) -> tuple[Span, Span]:
    """A frame's spans along both axes: inside the frames of the levels before it; a branch's fits its boxes."""
    main = framed.main.moved(column.room)
    if framed.frame.level == "branch":
        start = min(column.cross[local].start for local in range(framed.first, framed.last + 1))
        return main, Span(start - outset, column.origin + lane.boxes.end + outset)
    outer = list(insets)[: list(insets).index(framed.frame.level)]
    before, after = sum(insets[level][0] for level in outer), sum(insets[level][1] for level in outer)
    return main, Span(column.origin + before, column.origin + lane.length - after)


def route(
    link: Link,
    columns: Sequence[Column],
    axes: Axes,
    gap: float,
    shift: float,
    items: Sequence[Item],
    spacing: Spacing,
) -> Route:
    """The way of a link: straight to the next item, along a track, or to another column, `shift` aside from others."""
    source, target = link
    here = next(number for number, column in enumerate(columns) if source in column.members)
    there = next(number for number, column in enumerate(columns) if target in column.members)
    column = columns[here]
    if here != there:
        turning = _turn(link, columns[here : there + 1], gap, shift, items, spacing)
        straight = source == column.members[-1] and target == columns[there].members[0]
        return Route(link, "turn" if straight else "skip", [axes.point(*place) for place in turning])
    if link not in column.tracks:
        ends = [(column.spans(source)[0].end, column.chain), (column.spans(target)[0].start, column.chain)]
        return Route(link, "forward", [axes.point(*place) for place in ends])
    track = column.tracks[link]
    ways = [*_leaving(column, source, track, items, spacing), *_entering(column, target, track, items, spacing)]
    return Route(link, "skip", [axes.point(*place) for place in ways])


def _turn(
    link: Link, columns: Sequence[Column], gap: float, shift: float, items: Sequence[Item], spacing: Spacing
) -> list[Place]:
    """Below the columns in between, up the aisle before the target's, and into its head."""
    source, target = link
    here, there = columns[0], columns[-1]
    foot = max(column.foot for column in columns[:-1]) + spacing.turn + shift
    head = there.room - spacing.turn - shift
    aisle = there.origin - gap / 2 - shift
    if link in here.tracks:
        start = [*_leaving(here, source, here.tracks[link], items, spacing), (foot, here.tracks[link])]
    else:
        start = [(here.spans(source)[0].end, here.chain), (foot, here.chain)]
    if link in there.tracks:
        end = [(head, there.tracks[link]), *_entering(there, target, there.tracks[link], items, spacing)]
    else:
        end = [(head, there.chain), (there.spans(target)[0].start, there.chain)]
    return [*start, (foot, aisle), (head, aisle), *end]


def _leaving(column: Column, position: int, track: float, items: Sequence[Item], spacing: Spacing) -> list[Place]:
    """Out of an item onto a track: straight on where the box reaches that far, else from its side."""
    main, cross = column.spans(position)
    if cross.holds(track, 2):
        return [(main.end, track)]
    place = main.middle if items[position].symbol else main.end - min(main.length / 4, spacing.at_side)
    return [(place, cross.start), (place, track)]


def _entering(column: Column, position: int, track: float, items: Sequence[Item], spacing: Spacing) -> list[Place]:
    main, cross = column.spans(position)
    if cross.holds(track, 2):
        return [(main.start, track)]
    place = main.middle if items[position].symbol else main.start + min(main.length / 4, spacing.at_side)
    return [(place, track), (place, cross.start)]
