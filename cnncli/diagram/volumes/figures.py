"""A tensor as a solid with its words: its sizes at the edges, its name below, and what makes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from cnncli.diagram.measures import Measures
from cnncli.diagram.paper.lettering import CUT, within
from cnncli.diagram.parts import Part
from cnncli.diagram.volumes.solids import Scale, Solid, solid
from cnncli.diagram.volumes.tensors import around, operation
from cnncli.diagram.wording import Line, Run, typeset
from cnncli.document.numbers import shape
from cnncli.draw.geometry import Point
from cnncli.draw.shapes import Text
from cnncli.draw.text import ASCENT, CAPITALS, LINE_HEIGHT, fitting, width
from cnncli.draw.theme import Theme, faint
from cnncli.words import visible

WORDS = 80.0


@dataclass(frozen=True)
class Room:
    """Lengths in points."""

    below: float = 3.0
    """From a solid to its words, and between these and the name."""
    clear: float = 4.0
    """Words keep as far below the height of the arrows."""
    name: float = 96.0
    """How wide a name is at most."""
    words: float = WORDS
    """How wide a line of what makes the tensor is at most."""

    def times(self, by: float) -> Room:
        return Room(*(getattr(self, field.name) * by for field in fields(self)))


LINES, NAME_LINES = 5, 3
"""How many lines tell what makes a tensor, and its name, at most."""


@dataclass(frozen=True)
class Figure:
    """Around the middle of its solid; `left` to `right`, and down to `bottom`, is all that it fills."""

    part: Part
    solid: Solid
    words: Sequence[Text]
    left: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left


def figure(part: Part, by: Scale, measures: Measures, room: Room, theme: Theme) -> Figure:
    found, sizes, times = solid(part.row.output_shape, by), measures.sizes, measures.times
    words = list(_edges(part.row.output_shape, found, measures, room, theme.text))
    y = max(word.place.y for word in words) + room.below
    name = visible(part.row.name.removeprefix(f"{around(part)}."))
    name = fitting(name, sizes.shape, NAME_LINES * room.name, bold=True)
    named = _broken([name], sizes.shape, room.name, NAME_LINES, bold=True)
    lines = [(text, sizes.shape, True) for text in named]
    lines += [
        (text, sizes.small, False)
        for text in _broken([typeset(each, times) for each in operation(part)], sizes.small, room.words, LINES)
    ]
    for text, size, bold in lines:
        ink = theme.text if bold else faint(theme.text, theme.page)
        words.append(Text(Point(0, y + size * ASCENT), text, size, ink, bold, "middle"))
        y += size * LINE_HEIGHT
    half, spans = found.width / 2, [_span(text) for text in words]
    left, right = min(start for start, _ in spans), max(end for _, end in spans)
    return Figure(part, found, words, min(-half, left), max(half, right), y)


def _edges(sizes: Sequence[int], found: Solid, measures: Measures, room: Room, ink: str) -> Iterator[Text]:
    """Channels below the front's lower edge, height and width where the lower edge recedes."""
    left, _, _, right = found.front
    size, times = measures.sizes.shape, measures.times
    y = max(left.y, room.clear) + room.below + size * CAPITALS
    middle = (left.x + right.x) / 2
    channels = typeset(shape(sizes[2:] if len(sizes) > 2 else sizes[-1:]), times)
    yield Text(Point(middle, y), channels, size, ink, False, "middle")
    if len(sizes) > 1:
        x = max(right.x, middle + width(channels, size) / 2) + size / 2
        cells = shape(sizes[:2] if len(sizes) > 2 else sizes[:1])
        yield Text(Point(x, y), typeset(cells, times), size, ink)


def _broken(said: Sequence[str], size: float, limit: float, most: int, bold: bool = False) -> list[str]:
    """What is said, in a few lines, of which the last tells that there are more."""
    lines = [line for each in said for line in _balanced(Run(visible(each), size, bold), limit)]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], fitting(f"{lines[most - 1]} {CUT}", size, limit, bold)]


def _balanced(run: Run, limit: float) -> list[str]:
    """As few lines as the limit allows, as equally long as can be without that more words are broken."""
    lines = _within(run, limit)
    if len(lines) == 1:
        return lines
    narrower = (_within(run, limit * share / 20) for share in range(10, 20))
    alike = (found for found in narrower if len(found) == len(lines) and " ".join(found) == " ".join(lines))
    return next(alike, lines)


def _within(run: Run, limit: float) -> list[str]:
    return ["".join(run.text for run in line.left) for line in within([Line((run,))], limit)]


def _span(text: Text) -> tuple[float, float]:
    long = width(text.text, text.size, text.bold)
    start = text.place.x - (long / 2 if text.anchor == "middle" else 0)
    return start, start + long
