"""Tensors as solids in oblique projection: channels from left to right, height upwards, width to the back.

So LeNet's and AlexNet's papers draw feature maps (LeCun et al. 1998, figure 2; Krizhevsky et al. 2012, figure 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod, sqrt
from typing import NamedTuple

from cnncli.draw.geometry import Point

BACK = Point(0.34, -0.24)
"""Where a point of width is drawn: to the right and upwards."""
TALLEST = 180.0
"""Points that the longest side of a map is drawn with."""
CHANNEL = 1.2
"""Points to the square root of a map's number of channels, as long as no map is thicker than THICKEST."""
THICKEST = 64.0
ELEMENT = 1.5
"""Points to the square root of a vector's length, as long as no vector is higher than HIGHEST."""
HIGHEST = 110.0
BAR = 7.0
"""How thick a vector is drawn."""
LEAST = 3.0
"""Points: where the smallest map would be drawn with fewer, maps are drawn by the square roots of their sides."""


class Extents(NamedTuple):
    """Of a tensor: a map's height, width and channels; a vector's length as channels, without the others."""

    height: int
    width: int
    channels: int

    @property
    def is_vector(self) -> bool:
        return self.height == self.width == 1


def extents(shape: Sequence[int]) -> Extents:
    """What a shape is drawn as: a sequence has height alone; axes behind the third are channels too."""
    if len(shape) < 2:
        return Extents(1, 1, prod(shape))
    if len(shape) == 2:
        return Extents(shape[0], 1, shape[1])
    return Extents(shape[0], shape[1], prod(shape[2:]))


class Scale(NamedTuple):
    """How long things are drawn. `root` is whether the sides of maps go by their square roots too."""

    cell: float
    channel: float
    element: float
    bar: float = BAR
    root: bool = False

    def side(self, cells: int) -> float:
        return self.cell * (sqrt(cells) if self.root else cells)

    def times(self, factor: float) -> Scale:
        cell, channel, element, bar, root = self
        return Scale(cell * factor, channel * factor, element * factor, bar * factor, root)


def scale(shapes: Iterable[Sequence[int]]) -> Scale:
    """One by which tensors of all these shapes can be seen."""
    found = [extents(shape) for shape in shapes]
    maps = [each for each in found if not each.is_vector]
    sides = [max(each.height, each.width) for each in maps]
    largest, smallest = max(sides, default=1), min(sides, default=1)
    root = smallest * TALLEST < LEAST * largest
    deepest = max((each.channels for each in maps), default=1)
    longest = max((each.channels for each in found if each.is_vector), default=1)
    return Scale(
        TALLEST / max(sqrt(largest) if root else largest, 1),
        min(CHANNEL, THICKEST / sqrt(max(deepest, 1))),
        min(ELEMENT, HIGHEST / sqrt(max(longest, 1))),
        root=root,
    )


class Solid(NamedTuple):
    """A solid around the origin, which is its middle: its lengths on the page, and the way from its front to its back.

    y grows downwards, so that `back` has a negative one.
    """

    across: float
    up: float
    back: Point

    @property
    def width(self) -> float:
        """Of what it fills on the page."""
        return self.across + self.back.x

    @property
    def height(self) -> float:
        return self.up - self.back.y

    @property
    def front(self) -> list[Point]:
        """From the lower left corner round by the upper left one."""
        left, bottom = -self.width / 2, self.height / 2
        return [
            Point(left, bottom), Point(left, bottom - self.up),
            Point(left + self.across, bottom - self.up), Point(left + self.across, bottom),
        ]  # fmt: skip

    @property
    def top(self) -> list[Point]:
        _, left, right, _ = self.front
        return [left, self._behind(left), self._behind(right), right]

    @property
    def side(self) -> list[Point]:
        _, _, upper, lower = self.front
        return [lower, upper, self._behind(upper), self._behind(lower)]

    @property
    def reach(self) -> float:
        """How far it reaches, to either side, at the height of its middle: there links begin and end."""
        _, corner, *_ = self.front
        if corner.y <= 0 or not self.back.y:
            return self.width / 2
        return -corner.x - self.back.x * corner.y / -self.back.y

    @property
    def roof(self) -> Point:
        """The middle of its highest edge."""
        return Point(self.back.x / 2, -self.height / 2)

    def _behind(self, point: Point) -> Point:
        return Point(point.x + self.back.x, point.y + self.back.y)


def solid(shape: Sequence[int], by: Scale) -> Solid:
    """A map as a cuboid, a vector as an upright bar."""
    found = extents(shape)
    if found.is_vector:
        return Solid(by.bar, by.element * sqrt(found.channels), Point(by.bar * BACK.x, by.bar * BACK.y))
    depth = by.side(found.width)
    return Solid(by.channel * sqrt(found.channels), by.side(found.height), Point(depth * BACK.x, depth * BACK.y))
