"""Where everything stands: boxes in columns, frames around them, links between them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from cnncli.diagram.chain import Chain, Frame, Item, Link
from cnncli.diagram.columns import Breaks, Spacing, Walk, walk
from cnncli.diagram.gutters import Crossing, Gutters, crossings, gutters
from cnncli.diagram.placing import Column, Framing, Lane, Route, branch_span, branches, framing, gutter_places
from cnncli.diagram.routes import Links, indents, rides, tracks
from cnncli.diagram.routing import Routing
from cnncli.diagram.runs import Runs
from cnncli.diagram.sized import pieces
from cnncli.draw.geometry import Axes, Direction, Point, Rect, Span


class Ground(NamedTuple):
    """A frame as far as one column shows it, around the items from `first` to `last`; outer ones come first."""

    frame: Frame
    first: int
    last: int
    rect: Rect


class Layout(NamedTuple):
    """Rectangles of the items by their position in the chain; all in points of the page."""

    items: list[Rect]
    grounds: list[Ground]
    routes: list[Route]


class Arrangement:
    """A chain whose items have known sizes, ready to be laid out in any number of columns, ranges of its pieces."""

    def __init__(
        self,
        chain: Chain,
        sizes: Sequence[tuple[float, float]],
        spacing: Spacing,
        direction: Direction,
        heading: float,
    ) -> None:
        """`sizes` are widths and heights in points; `heading` is the width that the frames' headings need."""
        self.chain = chain
        self.spacing = spacing
        self.axes = Axes(direction)
        self.runs = Runs(*chain)
        self.pieces = pieces(self.runs, *_lengths(chain.items, sizes, self.axes), spacing)
        self.items = [piece.item for piece in self.pieces]
        self.lengths = [piece.length for piece in self.pieces]
        self.needs = [piece.need for piece in self.pieces]
        levels = dict.fromkeys(frame.level for item in self.items for frame in item.frames if frame.level != "branch")
        across = 0.0 if self.axes.vertical else 1.0
        self.insets: dict[str, tuple[float, float]] = {
            level: (spacing.pads[level] + across * spacing.headings[level], spacing.pads[level]) for level in levels
        }
        self.least = heading if self.axes.vertical else 0.0
        self.breaks = Breaks(self.items, self.lengths, spacing)
        self.beside = Links(map(self.runs.ends, self.runs.beside))
        self.within = set(self.runs.beside)
        self.plain = all(piece.lanes is None for piece in self.pieces)

    def size(self, columns: Sequence[range]) -> tuple[float, float]:
        """Width and height in points that these columns need."""
        longest = max(self.breaks.column_length(column) for column in columns)
        plan = self._plan(columns, self._lane(columns))
        return self.axes.lengths(longest + 2 * plan.room, plan.across)

    def place(self, columns: Sequence[range], rect: Rect) -> Layout:
        """The layout within a rectangle of the page at least as large as size() says."""
        axes = Axes(self.axes.direction, Point(rect.left, rect.top))
        main, cross = axes.lengths(rect.width, rect.height)
        lane = self._lane(columns)
        plan = self._plan(columns, lane)
        if axes.vertical and self.plain:  # half of what is left makes wider boxes, the rest wider gaps
            lane = lane.widened(min(plan.spare(cross) / len(columns) / 2, lane.length / 5))
            plan = self._plan(columns, lane)
        plan = plan.spread(cross)
        placed = [
            self._column(column, self._stretched(column, main - 2 * plan.room), plan, number, start)
            for number, (column, start) in enumerate(zip(columns, plan.starts(cross), strict=True))
        ]
        routing = Routing(self.runs, self.pieces, placed, axes, plan, self.spacing)
        return Layout(
            items=[rect for column in placed for rect in self._rects(column, axes)],
            grounds=[ground for column in placed for ground in self._grounds(column, axes)],
            routes=[routing.route(link) for link in self.chain.links],
        )

    def _rects(self, column: Column, axes: Axes) -> Iterator[Rect]:
        """Of the items of a column's pieces."""
        for number, main, cross in zip(column.members, column.main, column.cross, strict=True):
            lanes = self.pieces[number].lanes
            if lanes is None:
                yield axes.rect(main, cross)
                continue
            for along, across in zip(lanes.main, lanes.across, strict=True):
                yield axes.rect(along.moved(main.start), across.moved(column.chain))

    def _grounds(self, column: Column, axes: Axes) -> Iterator[Ground]:
        """Those of the column's frames, then those of the branches within its regions."""
        for framed, cross in zip(column.walk.frames, column.frames, strict=True):
            first, last = (self.pieces[column.members.start + local] for local in (framed.first, framed.last))
            rect = axes.rect(framed.main.moved(column.room), cross)
            yield Ground(framed.frame, first.members.start, last.members.stop - 1, rect)
        for number, main in zip(column.members, column.main, strict=True):
            for branch in branches(self.pieces[number], self.chain.items, self.spacing):
                rect = axes.rect(branch.main.moved(main.start), branch.cross.moved(column.chain))
                yield Ground(branch.frame, branch.first, branch.last, rect)

    def _plan(self, columns: Sequence[range], lane: Lane) -> _Plan:
        """What the columns need across, with the links that run outside."""
        number = [number for number, column in enumerate(columns) for _ in column]
        leading = {link: (number[here], number[there]) for link, here, there in self._leading()}
        direct = {link for link, ends in leading.items() if ends[1] == ends[0] + 1 and self._enters_at_side(link)}
        outside: list[list[Link]] = [[] for _ in columns]
        for link in (*self.runs.outside, *self.runs.beside):
            here, there = leading[link]
            if here != there or link not in self.within:
                outside[here].append(link)
                if here != there and link not in direct:
                    outside[there].append(link)
        taken = [gutters(self.runs, self.pieces, *each, direct) for each in zip(columns, outside, strict=True)]
        spans = [
            Span(0, lane.length)
            if not found.counts and all(self.pieces[number].lanes is None for number in column)
            else self._framing(column, self._walk(column), lane, found).whole
            for column, found in zip(columns, taken, strict=True)
        ]
        levels = crossings(
            Crossing(link[0], here, there)
            for link, (here, there) in leading.items()
            if here != there and link not in direct
        )
        room = self.spacing.turn + self.spacing.lane * max(levels.values(), default=0) if len(columns) > 1 else 0
        return _Plan(lane, spans, taken, direct, levels, 3 * self.spacing.turn, room)

    def _leading(self) -> Iterator[tuple[Link, int, int]]:
        """The links that may run outside, with the pieces from and to which they lead."""
        for link in (*self.runs.outside, *self.runs.beside):
            yield link, *self.runs.ends(link)

    def _enters_at_side(self, link: Link) -> bool:
        """Whether a link may come from the column before: in columns, where no heading is at that side, to an item."""
        return self.axes.vertical and self.pieces[self.runs.of[link[1]]].lanes is None

    def _lane(self, columns: Sequence[range]) -> Lane:
        """Across a column of chain items alone."""
        deepest = length = 0.0
        for column in columns:
            for position, indent in zip(column, indents(tracks(rides(self.beside, column)), column), strict=True):
                length = max(length, self.needs[position] + indent * self.spacing.pitch)
                deepest = max(deepest, indent * self.spacing.pitch)
        if not self.axes.vertical:  # boxes are as high as each other, below the tracks
            length = max(self.needs) + deepest
        before = sum(start for start, _ in self.insets.values())
        after = sum(end for _, end in self.insets.values())
        length = max(length, self.least - before - after + deepest)
        boxes = Span(before, before + length)
        return Lane(before + length + after, boxes, Span(boxes.start + deepest, boxes.end))

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

    def _framing(self, column: range, found: Walk, lane: Lane, taken: Gutters) -> Framing:
        containers = [self.runs.containers[self.pieces[number].members.start] for number in column]
        contents = []
        for number in column:
            lanes = self.pieces[number].lanes
            across = lanes.cross.moved(lane.core.middle) if lanes else lane.boxes
            contents.append(Span(min(across.start, lane.boxes.start), max(across.end, lane.boxes.end)))
        return framing(found.frames, containers, contents, self.insets, taken, self.spacing)

    def _column(self, members: range, found: Walk, plan: _Plan, number: int, start: float) -> Column:
        """The column that begins at `start` across."""
        ridden = tracks(rides(self.beside, members))
        pitch, lane, taken = self.spacing.pitch, plan.lane, plan.gutters[number]
        origin = start - plan.spans[number].start
        cross = [
            self._across(position, indent, lane).moved(origin)
            for position, indent in zip(members, indents(ridden, members), strict=True)
        ]
        frames = self._framing(members, found, lane, taken)
        boxes = lane.boxes.moved(origin)
        return Column(
            members=members,
            walk=found,
            main=[span.moved(plan.room) for span in found.items],
            cross=cross,
            frames=[
                branch_span(framed, cross, boxes, self.spacing.outset)
                if framed.frame.level == "branch"
                else span.moved(origin)
                for framed, span in zip(found.frames, frames.frames, strict=True)
            ],
            start=start,
            room=plan.room,
            chain=origin + lane.core.middle,
            tracks={ride.link: origin + lane.boxes.start + (track + 0.5) * pitch for ride, track in ridden.items()},
            gutters={net: origin + at for net, at in gutter_places(frames, taken, self.spacing).items()},
        )

    def _across(self, position: int, indent: int, lane: Lane) -> Span:
        """A piece's span, in a column that begins at 0."""
        lanes = self.pieces[position].lanes
        if lanes is not None:
            return lanes.cross.moved(lane.core.middle)
        if self.items[position].part and self.axes.vertical:
            return Span(lane.boxes.start + indent * self.spacing.pitch, lane.boxes.end)
        half = self.needs[position] / 2
        return Span(lane.core.middle - half, lane.core.middle + half)


class _Plan(NamedTuple):
    """Across the page: each column's span from where its lane begins, and its gutters; the levels below all.

    `direct` are the links that lead right into the next column.
    """

    lane: Lane
    spans: list[Span]
    gutters: list[Gutters]
    direct: set[Link]
    levels: Mapping[Hashable, int]
    gap: float
    room: float

    @property
    def wider(self) -> list[float]:
        """By how much each column is wider than a lane."""
        return [span.length - self.lane.length for span in self.spans]

    @property
    def across(self) -> float:
        """All columns and what is between them."""
        return len(self.spans) * self.lane.length + (len(self.spans) - 1) * self.gap + sum(self.wider)

    def spare(self, length: float) -> float:
        """What they leave of this length."""
        return length - len(self.spans) * self.lane.length - (len(self.spans) - 1) * self.gap - sum(self.wider)

    def spread(self, length: float) -> _Plan:
        """With gaps that take up what is left, as far as that is not too far apart."""
        if len(self.spans) == 1:
            return self
        return self._replace(gap=self.gap + min(self.spare(length) / (len(self.spans) - 1), self.lane.length / 2))

    def starts(self, length: float) -> Iterator[float]:
        """Where the columns begin, in the middle of this length."""
        pace = self.lane.length + self.gap
        start = (length - len(self.spans) * pace + self.gap - sum(self.wider)) / 2
        for number, before in enumerate(accumulate(self.wider[:-1], initial=0.0)):
            yield start + number * pace + before


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
