"""Where everything stands: boxes in columns, frames around them, links between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncli.diagram.chain import Chain, Frame, Item, Link
from cnncli.diagram.columns import Breaks, Framed, Spacing, Walk, walk
from cnncli.diagram.placing import Column, Lane, Route, frame_rect, route
from cnncli.diagram.routes import Links, Ride, indents, rides, tracks
from cnncli.draw.geometry import Axes, Direction, Point, Rect, Span


class Ground(NamedTuple):
    """A frame as far as one column shows it, around the items from `first` to `last`; outer ones come first.

    `aside` is how much of its upper edge, from the left, belongs to links that enter there beside the chain.
    """

    frame: Frame
    first: int
    last: int
    rect: Rect
    aside: float = 0.0


class Layout(NamedTuple):
    """Rectangles of the items by their position in the chain; all in points of the page."""

    items: list[Rect]
    grounds: list[Ground]
    routes: list[Route]


class Arrangement:
    """A chain whose items have known sizes, ready to be laid out in any number of columns."""

    def __init__(
        self,
        chain: Chain,
        sizes: Sequence[tuple[float, float]],
        spacing: Spacing,
        direction: Direction,
        heading: float,
    ) -> None:
        """`sizes` are widths and heights in points; `heading` is the width that the frames' headings need."""
        self.items, self.links = chain
        self.spacing = spacing
        self.axes = Axes(direction)
        self.lengths, self.needs = _lengths(self.items, sizes, self.axes)
        levels = dict.fromkeys(frame.level for item in self.items for frame in item.frames if frame.level != "branch")
        across = 0.0 if self.axes.vertical else 1.0
        self.insets: dict[str, tuple[float, float]] = {
            level: (spacing.pads[level] + across * spacing.headings[level], spacing.pads[level]) for level in levels
        }
        self.least = heading if self.axes.vertical else 0.0
        self.breaks = Breaks(self.items, self.lengths, spacing)
        self.skips = Links(link for link in self.links if link[1] != link[0] + 1)
        """The links that may need a track: one to the next item is straight, or leads from foot to head."""

    def size(self, columns: Sequence[range]) -> tuple[float, float]:
        """Width and height in points that these columns need."""
        longest = max(self.breaks.column_length(column) for column in columns)
        cross = len(columns) * self._lane(columns).length + (len(columns) - 1) * self._gap(columns)
        return self.axes.lengths(longest + 2 * self._room(columns), cross)

    def place(self, columns: Sequence[range], rect: Rect) -> Layout:
        """The layout within a rectangle of the page at least as large as size() says."""
        axes = Axes(self.axes.direction, Point(rect.left, rect.top))
        main, cross = axes.lengths(rect.width, rect.height)
        lane, room, gap = self._lane(columns), self._room(columns), self._gap(columns)
        spare = cross - len(columns) * lane.length - (len(columns) - 1) * gap
        if axes.vertical:  # half of what is left makes wider boxes, the rest wider gaps
            lane = lane.widened(min(spare / len(columns) / 2, lane.length / 5))
            spare = cross - len(columns) * lane.length - (len(columns) - 1) * gap
        gap += min(spare / (len(columns) - 1), lane.length / 2) if len(columns) > 1 else 0
        start = (cross - len(columns) * (lane.length + gap) + gap) / 2
        placed = [
            self._column(
                column, self._stretched(column, main - 2 * room), lane, start + number * (lane.length + gap), room
            )
            for number, column in enumerate(columns)
        ]
        turns = self._turns(columns)
        return Layout(
            items=[axes.rect(*spans) for column in placed for spans in zip(column.main, column.cross, strict=True)],
            grounds=[self._ground(column, framed, lane, axes) for column in placed for framed in column.walk.frames],
            routes=[
                route(link, placed, axes, gap, self.spacing.lane * turns.get(link, 0), self.items, self.spacing)
                for link in self.links
            ],
        )

    def _ground(self, column: Column, framed: Framed, lane: Lane, axes: Axes) -> Ground:
        first, last = (column.members.start + local for local in (framed.first, framed.last))
        main, cross = frame_rect(column, framed, lane, self.insets, self.spacing.outset)
        entering = [track for (source, target), track in column.tracks.items() if source < first <= target]
        aside = max(entering, default=cross.start) - cross.start if axes.vertical else 0.0
        return Ground(framed.frame, first, last, axes.rect(main, cross), aside)

    def _lane(self, columns: Sequence[range]) -> Lane:
        deepest = length = 0.0
        for column in columns:
            for position, indent in zip(column, indents(tracks(rides(self.skips, column)), column), strict=True):
                length = max(length, self.needs[position] + indent * self.spacing.pitch)
                deepest = max(deepest, indent * self.spacing.pitch)
        if not self.axes.vertical:  # boxes are as high as each other, below the tracks
            length = max(self.needs) + deepest
        before = sum(start for start, _ in self.insets.values())
        after = sum(end for _, end in self.insets.values())
        length = max(length, self.least - before - after + deepest)
        boxes = Span(before, before + length)
        return Lane(before + length + after, boxes, Span(boxes.start + deepest, boxes.end))

    def _turns(self, columns: Sequence[range]) -> dict[Link, int]:
        """The links that lead to another column, each with a lane of its own among those beside it."""
        number = {position: index for index, column in enumerate(columns) for position in column}
        ends = ((link, number[link[0]], number[link[1]]) for link in self.links)
        across = [Ride(link, start, end) for link, start, end in ends if start != end]
        return {ride.link: lane for ride, lane in tracks(across).items()}

    def _gap(self, columns: Sequence[range]) -> float:
        return 3 * self.spacing.turn + self.spacing.lane * max(self._turns(columns).values(), default=0)

    def _room(self, columns: Sequence[range]) -> float:
        """Above the columns' heads and below their feet, for the turns."""
        if len(columns) == 1:
            return 0
        return self.spacing.turn + self.spacing.lane * max(self._turns(columns).values(), default=0)

    def _walk(self, column: range, extra: float = 0) -> Walk:
        part = slice(column.start, column.stop)
        return walk(self.items[part], self.lengths[part], self.spacing, extra)

    def _stretched(self, column: range, length: float) -> Walk:
        """The column with its units moved apart so that it is `length` long, where that is not too far apart."""
        natural = self._walk(column)
        ends = sum(self.items[index].unit != self.items[index + 1].unit for index in column[:-1])
        if not ends:
            return natural
        return self._walk(column, max(0, min((length - natural.length) / ends, 2.2 * self.spacing.gap)))

    def _column(self, members: range, found: Walk, lane: Lane, origin: float, room: float) -> Column:
        taken = tracks(rides(self.skips, members))
        pitch = self.spacing.pitch
        cross = []
        for position, indent in zip(members, indents(taken, members), strict=True):
            if self.items[position].part and self.axes.vertical:
                span = Span(lane.boxes.start + indent * pitch, lane.boxes.end)
            else:
                half = self.needs[position] / 2
                span = Span(lane.core.middle - half, lane.core.middle + half)
            cross.append(span.moved(origin))
        return Column(
            members=members,
            walk=found,
            main=[span.moved(room) for span in found.items],
            cross=cross,
            origin=origin,
            room=room,
            chain=origin + lane.core.middle,
            tracks={ride.link: origin + lane.boxes.start + (track + 0.5) * pitch for ride, track in taken.items()},
        )


def _lengths(
    items: Sequence[Item], sizes: Sequence[tuple[float, float]], axes: Axes
) -> tuple[list[float], list[float]]:
    """Along and across the chain. In rows all boxes are equally large, in columns they are as high as their lines."""
    if axes.vertical:
        return [height for _, height in sizes], [width for width, _ in sizes]
    boxes = [size for item, size in zip(items, sizes, strict=True) if item.part]
    largest = max(width for width, _ in boxes), max(height for _, height in boxes)
    equal = [largest if item.part else size for item, size in zip(items, sizes, strict=True)]
    return [width for width, _ in equal], [height for _, height in equal]
