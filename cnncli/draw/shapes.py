"""A picture as data: what stands where, in which colours, the lowest first. Lengths in points, y grows downwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from cnncli.draw.geometry import Point, Rect, shortened

OUTLINE = 0.8
"""How thick the outline of a shape is."""
DASH, GAP = 2.4, 1.6
"""Of a dashed outline."""
HEAD, HEAD_OF_LINE = 0.35, 0.5
"""Half the width of an arrowhead: so much of its length, and of the line's width."""


class Box(NamedTuple):
    """A rectangle. Several colours as `fill` pass into each other from left to right."""

    rect: Rect
    fill: str | tuple[str, ...]
    border: str = ""
    radius: float = 0
    dashed: bool = False
    outline: float = OUTLINE


class Circle(NamedTuple):
    center: Point
    radius: float
    fill: str
    border: str
    outline: float = OUTLINE


class Text(NamedTuple):
    """A line of text, on whose baseline `place` lies: at its start, its middle or its end."""

    place: Point
    text: str
    size: float
    colour: str
    bold: bool = False
    anchor: Literal["start", "middle", "end"] = "start"


class Path(NamedTuple):
    """A line from corner to corner, level or upright, each rounded by `radius`; an arrowhead is `head` long."""

    corners: Sequence[Point]
    colour: str
    width: float
    radius: float = 0
    head: float = 0


def arrow(path: Path) -> tuple[Sequence[Point], Sequence[Point]]:
    """The corners of the line, which ends where the arrowhead begins, and of the head, a triangle; none without one."""
    line, tip = shortened(path.corners, path.head) if path.head else path.corners, path.corners[-1]
    back = line[-1]
    length = abs(tip.x - back.x) + abs(tip.y - back.y)
    if not length:
        return path.corners, ()
    half = HEAD + HEAD_OF_LINE * path.width / length
    across = Point((tip.y - back.y) * half, (tip.x - back.x) * half)
    return line, (tip, Point(back.x + across.x, back.y + across.y), Point(back.x - across.x, back.y - across.y))


class Area(NamedTuple):
    """What a line from corner to corner and back to the first one encloses; its outline is `width` thick."""

    corners: Sequence[Point]
    fill: str
    border: str
    width: float = OUTLINE


class Group(NamedTuple):
    """Shapes that are one thing: its kind and name tell a page which holds the picture what to look for."""

    kind: str
    name: str
    shapes: Sequence[Shape]
    tooltip: str = ""


Shape = Box | Circle | Text | Path | Area | Group


class Picture(NamedTuple):
    """A page; `title` and `description` are what somebody is told who does not see it."""

    width: float
    height: float
    title: str
    description: str
    ground: str
    shapes: Sequence[Shape]


def moved(shape: Shape, x: float, y: float) -> Shape:
    """The same shape so far to the right and down, as where pictures are set beside each other on one page."""

    def point(place: Point) -> Point:
        return Point(place.x + x, place.y + y)

    match shape:
        case Box():
            return shape._replace(rect=shape.rect.moved(x, y))
        case Circle():
            return shape._replace(center=point(shape.center))
        case Text():
            return shape._replace(place=point(shape.place))
        case Path():
            return shape._replace(corners=[point(corner) for corner in shape.corners])
        case Area():
            return shape._replace(corners=[point(corner) for corner in shape.corners])
        case Group():
            return shape._replace(shapes=[moved(each, x, y) for each in shape.shapes])
