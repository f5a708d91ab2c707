"""Figures in rows from left to right, and the ways from one to another: straight, over others, or to a later row.

What leads past others runs above them, the shorter way below the longer one; what leads to another row turns right of
all rows, where each way has a lane of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Literal, NamedTuple

from cnncli.diagram.routes import Ride, tracks
from cnncli.diagram.volumes.figures import Figure
from cnncli.diagram.volumes.tensors import Link
from cnncli.draw.geometry import Point, Span

WIDEST, OBLONG = 1440.0, 1.5
"""Figures stand in as few rows as make the page at most so many points wide, or so many times as wide as high."""


@dataclass(frozen=True)
class Gaps:
    """Lengths in points."""

    between: float = 16.0
    """From one figure to the next: the least length of an arrow."""
    arc: float = 9.0
    """From a figure to what leads past it, and from one such way to the next."""
    aside: float = 3.0
    """Ways out of a figure and ways into it keep so far from the middle of its upper edge."""
    turn: float = 12.0
    """Around the way to the next row's head."""
    bracket: float = 9.0
    """From the lowest words of the figures of a scope to the line that embraces them."""
    line: float = 14.0
    """From there to the end of the scope's name."""

    def times(self, by: float) -> Gaps:
        return Gaps(*(getattr(self, field.name) * by for field in fields(self)))


class Way(NamedTuple):
    """A link's corners. `forward` leads to the next figure, `turn` to the next row's first, `past` over others."""

    link: Link
    kind: Literal["forward", "turn", "past"]
    corners: list[Point]


class Bracket(NamedTuple):
    """A line below the figures of a scope, or of as much of it as stands in a row."""

    name: str
    across: Span
    y: float


class Row(NamedTuple):
    """Some figures: where the middle of each stands, and how far the row reaches above and below them."""

    members: range
    places: list[float]
    end: float


class Placed(NamedTuple):
    """Where all of it stands, from the upper left corner of what it fills."""

    width: float
    height: float
    middles: list[Point]
    ways: list[Way]
    brackets: list[Bracket]
    rows: int


class Named(NamedTuple):
    """The scope that a figure is named in, and how wide that name is written."""

    name: str
    width: float


def in_rows(
    figures: Sequence[Figure], links: Sequence[Link], scopes: Sequence[Named], gaps: Gaps, count: int | None
) -> Placed:
    """In so many rows, without a number in as few as fit a page."""

    def placed_in(number: int) -> Placed:
        return _Rows(figures, links, scopes, gaps, _broken(figures, min(number, len(figures)), gaps.between)).placed()

    if count is not None:
        return placed_in(count)
    for number in range(1, len(figures) + 1):
        placed = placed_in(number)
        if placed.width <= max(WIDEST, OBLONG * placed.height):
            break
    return placed


def _broken(figures: Sequence[Figure], count: int, between: float) -> list[range]:
    """The figures in this many rows at most, of which the longest is as short as can be."""
    low, high = max(each.width for each in figures), sum(each.width + between for each in figures)
    for _ in range(24):
        limit = (low + high) / 2
        low, high = (low, limit) if len(_filled(figures, limit, between)) <= count else (limit, high)
    return _filled(figures, high, between)


def _filled(figures: Sequence[Figure], limit: float, between: float) -> list[range]:
    starts, taken = [0], 0.0
    for position, each in enumerate(figures):
        if taken and taken + between + each.width > limit:
            starts.append(position)
            taken = 0.0
        taken += (between if taken else 0) + each.width
    return [range(start, end) for start, end in zip(starts, [*starts[1:], len(figures)], strict=True)]


class _Rows:
    """Figures whose rows are chosen."""

    def __init__(
        self, figures: Sequence[Figure], links: Sequence[Link], scopes: Sequence[Named], gaps: Gaps,
        members: Sequence[range],
    ) -> None:  # fmt: skip
        self.figures, self.links, self.scopes, self.gaps = figures, links, scopes, gaps
        self.rows = [self._row(each) for each in members]
        self.number = {position: number for number, each in enumerate(members) for position in each}
        self.lanes = tracks([ride for link in links if (ride := self._ride(link)).end > ride.start + 1])
        self.end = max(row.end for row in self.rows)
        self.sky = [-figure.solid.height / 2 for figure in figures]
        """How far up it is taken above each figure, from the height of its middle."""
        self.overs = {link: self._over(link) for link in sorted(links, key=self._reach) if not self._is_plain(link)}
        self.axes = self._axes()

    def placed(self) -> Placed:
        middles = [Point(x, axis) for row, axis in zip(self.rows, self.axes, strict=True) for x in row.places]
        lanes = max((lane for lane in self.lanes.values()), default=-1) + 1
        width = self.end + (self.gaps.turn + self.gaps.arc * lanes if lanes else 0)
        height = self.axes[-1] + self._below(self.rows[-1])
        ways = [self._way(link, middles) for link in self.links]
        return Placed(width, height, middles, ways, self._brackets(), len(self.rows))

    # Along a row.

    def _row(self, members: range) -> Row:
        places: list[float] = []
        end = 0.0
        for run in self._runs(members):
            natural = sum(self.figures[each].width + self.gaps.between for each in run) - self.gaps.between
            spare = max(self.scopes[run[0]].width - natural, 0) / 2  # a scope's name has room below its figures
            end += (self.gaps.between if places else 0) + spare
            for each in run:
                end += (self.gaps.between if each != run[0] else 0) - self.figures[each].left
                places.append(end)
                end += self.figures[each].right
            end += spare
        return Row(members, places, end)

    def _runs(self, members: range) -> list[list[int]]:
        """The figures of each scope."""
        return [list(run) for _, run in groupby(members, key=lambda each: self.scopes[each].name)]

    # Down the page.

    def _rows_of(self, link: Link) -> tuple[int, int]:
        return self.number[link[0]], self.number[link[1]]

    def _ride(self, link: Link) -> Ride:
        """A way's rows: two have no lane in common as long as they have a row in common."""
        here, there = self._rows_of(link)
        return Ride(link, here, there + 1)

    def _is_plain(self, link: Link) -> bool:
        return link[1] == link[0] + 1

    def _reach(self, link: Link) -> tuple[int, Link]:
        return link[1] - link[0], link

    def _over(self, link: Link) -> tuple[float, float]:
        """How far above its source's row, and its target's, a way runs; it takes that room from others."""
        source, target = link
        here, there = self._rows_of(link)
        spans = [(source, target + 1)] * 2
        if here != there:
            spans = [(source, self.rows[here].members.stop), (target, self.rows[there].members.stop)]
        heights = [min(self.sky[start:end]) - self.gaps.arc for start, end in spans]
        for (start, end), height in zip(spans, heights, strict=True):
            self.sky[start:end] = [height] * (end - start)
        return heights[0], heights[1]

    def _axes(self) -> list[float]:
        """The heights of the rows' middles."""
        found: list[float] = []
        end = 0.0
        for row in self.rows:
            above = -min(self.sky[each] for each in row.members)
            found.append(end + above)
            end = found[-1] + self._below(row) + 2 * self.gaps.turn
        return found

    def _below(self, row: Row) -> float:
        bottoms = [self.figures[each].bottom for each in row.members]
        named = [self._under(run) + self.gaps.line for run in self._runs(row.members) if self.scopes[run[0]].name]
        return max([*bottoms, *named])

    def _under(self, run: Sequence[int]) -> float:
        """How far below the middle a scope's bracket stands."""
        return max(self.figures[each].bottom for each in run) + self.gaps.bracket

    def _brackets(self) -> list[Bracket]:
        found = []
        for row, axis in zip(self.rows, self.axes, strict=True):
            place = dict(zip(row.members, row.places, strict=True))
            for run in self._runs(row.members):
                first, last = run[0], run[-1]
                across = Span(place[first] + self.figures[first].left, place[last] + self.figures[last].right)
                if self.scopes[first].name:
                    found.append(Bracket(self.scopes[first].name, across, axis + self._under(run)))
        return found

    # From one figure to another.

    def _way(self, link: Link, middles: Sequence[Point]) -> Way:
        source, target = link
        here, there = self._rows_of(link)
        lane = self.end + self.gaps.turn + self.gaps.arc * self.lanes.get(self._ride(link), 0)
        if self._is_plain(link):
            start = Point(middles[source].x + self.figures[source].solid.reach, middles[source].y)
            end = Point(middles[target].x - self.figures[target].solid.reach, middles[target].y)
            if here == there:
                return Way(link, "forward", [start, end])
            between = self.axes[here] + self._below(self.rows[here]) + self.gaps.turn
            head = -self.gaps.turn
            return Way(
                link, "turn",
                [start, Point(lane, start.y), Point(lane, between), Point(head, between), Point(head, end.y), end],
            )  # fmt: skip
        start, end = self._roof(source, middles, self.gaps.aside), self._roof(target, middles, -self.gaps.aside)
        over = [self.axes[row] + height for row, height in zip((here, there), self.overs[link], strict=True)]
        around = [] if here == there else [Point(lane, over[0]), Point(lane, over[1])]
        return Way(link, "past", [start, Point(start.x, over[0]), *around, Point(end.x, over[1]), end])

    def _roof(self, position: int, middles: Sequence[Point], aside: float) -> Point:
        """On a figure's upper edge, a little aside from its middle."""
        found, middle = self.figures[position].solid, middles[position]
        most = found.across / 2
        return Point(middle.x + found.roof.x + min(max(aside, -most), most), middle.y + found.roof.y)
