"""Where labels stand beside their points: on no other label, on no point, and within the frame.

Lengths are in pixels; y grows upwards, as on a chart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import cos, hypot, sin, tau
from typing import NamedTuple

REACHES = (9, 16, 24, 34, 46, 60, 76)
FAR_REACHES = (*REACHES, 95, 115, 140, 170, 205, 245, 290, 340)
"""How far from its point a label may begin; the nearest free place is taken."""
DIRECTIONS = 24
MARKER = 8.0
"""Half of a marker's size, with a little air."""
AIR = 4.0
"""Between labels, and to the frame."""
LED = 16
"""From this reach on a line leads from a label to its point, so that it may stand near another one."""


class Spot(NamedTuple):
    """A point, and how far from its middle every label stays."""

    x: float
    y: float
    clear: float = MARKER


class Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: Box, air: float = 0) -> bool:
        return (
            self.left < other.right + air
            and other.left < self.right + air
            and self.bottom < other.top + air
            and other.bottom < self.top + air
        )

    def within(self, other: Box, air: float = 0) -> bool:
        return (
            self.left >= other.left + air
            and self.right <= other.right - air
            and self.bottom >= other.bottom + air
            and self.top <= other.top - air
        )

    def distance(self, spot: Spot) -> float:
        """To a point; 0 within."""
        return hypot(max(self.left - spot.x, 0, spot.x - self.right), max(self.bottom - spot.y, 0, spot.y - self.top))

    def nearest(self, spot: Spot) -> Spot:
        """The point of the box that is nearest to another one."""
        return Spot(min(max(spot.x, self.left), self.right), min(max(spot.y, self.bottom), self.top))


class Place(NamedTuple):
    box: Box
    led: bool
    """Whether a line leads to it."""


def place(
    sizes: Sequence[tuple[float, float]], spots: Sequence[Spot], frame: Box, *, far: bool, bare: Sequence[Spot] = ()
) -> list[Place] | None:
    """A place for each label, of a width and a height, beside its point; None where one finds none.

    Those whose surroundings are fullest are placed first. `far` allows places that are far from their points; `bare`
    are points without a label, on which none stands either.
    """
    order = sorted(range(len(spots)), key=lambda index: _room(spots[index], [*spots, *bare]))
    found: dict[int, Place] = {}
    lines: list[tuple[Spot, Spot]] = []
    for index in order:
        spot = spots[index]
        others = [*(other for number, other in enumerate(spots) if number != index), *bare]
        taken = [each.box for each in found.values()]
        free = _first_free(sizes[index], spot, others, taken, lines, frame, FAR_REACHES if far else REACHES)
        if free is None:
            return None
        found[index] = free
        if free.led:
            lines.append((spot, free.box.nearest(spot)))
    return [found[index] for index in range(len(spots))]


def _room(spot: Spot, spots: Sequence[Spot]) -> float:
    """The sum of the distances to the three points that are nearest."""
    return sum(sorted(hypot(spot.x - other.x, spot.y - other.y) for other in spots)[:4])


def _first_free(
    size: tuple[float, float],
    spot: Spot,
    others: Sequence[Spot],
    taken: Sequence[Box],
    lines: Sequence[tuple[Spot, Spot]],
    frame: Box,
    reaches: Sequence[int],
) -> Place | None:
    for reach, box in _candidates(size, spot, reaches):
        if not box.within(frame, AIR) or any(box.overlaps(other, AIR) for other in taken):
            continue
        nearest = min((_gap(box, other) for other in others), default=float("inf"))
        led = reach >= LED
        if min(nearest, _gap(box, spot)) < 0 or (not led and nearest < _gap(box, spot) + MARKER):
            continue
        if any(crosses(line, box) for line in lines):
            continue
        line = (spot, box.nearest(spot))
        if led and any(crosses(line, other) for other in taken):
            continue
        return Place(box, led)
    return None


def _gap(box: Box, spot: Spot) -> float:
    """What lies between a label and the edge of a point; less than 0 where it is too near."""
    return box.distance(spot) - spot.clear


def _candidates(size: tuple[float, float], spot: Spot, reaches: Sequence[int]) -> Iterator[tuple[int, Box]]:
    """Places around a point, the nearest first, to its right before all."""
    wide, high = size
    for reach in reaches:
        away = reach + spot.clear - MARKER
        for turn in range(DIRECTIONS):
            angle = tau * ((turn + 1) // 2) / DIRECTIONS * (1 if turn % 2 else -1)
            x, y = cos(angle), sin(angle)
            left, bottom = spot.x + away * x - wide * (1 - x) / 2, spot.y + away * y - high * (1 - y) / 2
            yield reach, Box(left, bottom, left + wide, bottom + high)


def crosses(line: tuple[Spot, Spot], box: Box, steps: int = 16) -> bool:
    """Whether a straight line goes through a box, its end but for."""
    start, end = line
    spots = (
        Spot(start.x + (end.x - start.x) * step / steps, start.y + (end.y - start.y) * step / steps)
        for step in range(steps)
    )
    return any(box.distance(spot) == 0 for spot in spots)
