"""Points and rectangles on the page, and the two axes along which a chain is laid out.

Lengths are in points. The page's y grows downwards. A layout thinks in two axes: `main`, along which the chain runs,
and `cross`, along which its columns stand side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

Direction = Literal["TB", "LR"]


class Point(NamedTuple):
    x: float
    y: float


ORIGIN = Point(0, 0)


class Span(NamedTuple):
    """From where to where along one axis."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2

    def holds(self, place: float, margin: float = 0) -> bool:
        return self.start + margin <= place <= self.end - margin

    def moved(self, by: float) -> Span:
        return Span(self.start + by, self.end + by)


class Rect(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def center(self) -> Point:
        return Point((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    def moved(self, x: float, y: float) -> Rect:
        return Rect(self.left + x, self.top + y, self.right + x, self.bottom + y)


@dataclass(frozen=True)
class Axes:
    """Columns from top to bottom (TB), or rows from left to right (LR), with their origin on the page."""

    direction: Direction
    origin: Point = ORIGIN

    @property
    def vertical(self) -> bool:
        return self.direction == "TB"

    def rect(self, main: Span, cross: Span) -> Rect:
        across, down = (cross, main) if self.vertical else (main, cross)
        x, y = self.origin
        return Rect(x + across.start, y + down.start, x + across.end, y + down.end)

    def point(self, main: float, cross: float) -> Point:
        across, down = (cross, main) if self.vertical else (main, cross)
        return Point(self.origin.x + across, self.origin.y + down)

    def lengths(self, width: float, height: float) -> tuple[float, float]:
        """Main and cross length of a width and height, and the other way round."""
        return (height, width) if self.vertical else (width, height)


def rounded(path: Sequence[Point], radius: float) -> list[tuple[Point, Point, Point]]:
    """Each corner of a path of straight lines between where its rounding begins and ends, as far as there is room."""
    found = []
    for before, corner, after in zip(path, path[1:], path[2:], strict=False):
        cut = min(radius, _distance(before, corner) / 2, _distance(corner, after) / 2)
        found.append((_toward(corner, before, cut), corner, _toward(corner, after, cut)))
    return found


ARC, PARABOLA = 0.55, 2 / 3
"""Where a rounded corner has its control points: so far from either end toward the corner."""


def curved(path: Sequence[Point], radius: float, bow: float = ARC) -> list[Point]:
    """Control points of the Bézier curves along a path of straight lines, with its corners rounded."""
    curves = _curves(path[0], rounded(path, radius), bow)
    return curves + _straight(curves[-1], path[-1])


def curved_rect(rect: Rect, radius: float) -> list[Point]:
    """The same around a rectangle and back to where it begins."""
    left, top, right, bottom = rect
    ring = [Point(left, top), Point(left, bottom), Point(right, bottom), Point(right, top)]
    corners = rounded([ring[-1], *ring, ring[0]], radius)
    return _curves(corners[-1][2], corners, ARC)


def _curves(start: Point, corners: Sequence[tuple[Point, Point, Point]], bow: float) -> list[Point]:
    curves = [start]
    for enter, corner, leave in corners:
        cut = bow * _distance(enter, corner)
        curves += _straight(curves[-1], enter)
        curves += [_toward(enter, corner, cut), _toward(leave, corner, cut), leave]
    return curves


def shortened(path: Sequence[Point], by: float) -> list[Point]:
    """The path without its last `by` points, where an arrowhead stands."""
    *rest, before, end = path
    return [*rest, before, _toward(end, before, min(by, _distance(before, end)))]


@lru_cache(maxsize=65536)
def number(value: float, digits: int = 2) -> str:
    """A length without needless digits; a picture has few that it does not repeat."""
    nearest = round(value, digits)
    whole = int(nearest)
    return str(whole if whole == nearest else nearest)


def _straight(start: Point, end: Point) -> list[Point]:
    third = Point((end.x - start.x) / 3, (end.y - start.y) / 3)
    return [Point(start.x + third.x, start.y + third.y), Point(end.x - third.x, end.y - third.y), end]


def _distance(start: Point, end: Point) -> float:
    return abs(end.x - start.x) + abs(end.y - start.y)


def _toward(start: Point, end: Point, by: float) -> Point:
    """Along a horizontal or vertical line."""
    distance = _distance(start, end)
    share = by / distance if distance else 0
    return Point(start.x + (end.x - start.x) * share, start.y + (end.y - start.y) * share)
