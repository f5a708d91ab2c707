"""What is written within the shapes of a panel: a name and an amount, where there is room for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncli.diagram.memory.axes import Axes
from cnncli.diagram.memory.stack import Run
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Text
from cnncli.draw.text import ASCENT, LINE_HEIGHT, width

SIZES = (7.0, 6.0, 5.0)
"""Of type, the largest that fits."""
AIR = 2.0
"""Between writing and the edge."""


def label(axes: Axes, runs: Sequence[Run], name: str, amount: str, ink: str) -> list[Text]:
    """Name and amount below each other or in a line, else the name alone, else nothing."""
    for size in SIZES:
        for lines in ([name, amount], [f"{name} {amount}"], [name]):
            wide = max(width(line, size) for line in lines) + 2 * AIR
            high = size * LINE_HEIGHT * len(lines) + AIR
            for place in _rooms(axes, runs):
                if place.width >= wide and place.height >= high:
                    return _written(lines, place, size, ink)
    return []


def _rooms(axes: Axes, runs: Sequence[Run]) -> Iterator[Rect]:
    """The rectangles within a shape that begin with one of its runs and end with another, the widest first."""
    found = []
    for first, run in enumerate(runs):
        bottom, top = run.bottom, run.top
        for last in runs[first:]:
            bottom, top = max(bottom, last.bottom), min(top, last.top)
            if top <= bottom:
                break
            found.append(axes.rect(run.start, last.end, bottom, top))
    return iter(sorted(found, key=lambda rect: -rect.width))


def _written(lines: Sequence[str], place: Rect, size: float, ink: str) -> list[Text]:
    top = place.center.y - size * LINE_HEIGHT * len(lines) / 2
    return [
        Text(Point(place.center.x, top + size * (LINE_HEIGHT * line + ASCENT)), text, size, ink, anchor="middle")
        for line, text in enumerate(lines)
    ]
