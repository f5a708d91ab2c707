"""Feature maps as solids to scale, in the order in which they are made: the picture of papers and lectures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from cnncli.analysis.metrics import amounts
from cnncli.diagram.legend import BRIEF, FULL, colours, notes
from cnncli.diagram.measures import Measures, screen
from cnncli.diagram.parts import Heat, Part
from cnncli.diagram.sheet import Block, Heading, Legend, PageWords
from cnncli.diagram.swatches import looks
from cnncli.diagram.volumes.figures import WORDS, Figure, Room, figure
from cnncli.diagram.volumes.rows import Bracket, Gaps, Named, Placed, Way, in_rows
from cnncli.diagram.volumes.solids import Scale, extents, scale
from cnncli.diagram.volumes.tensors import Tensors, around
from cnncli.diagram.wording import told, typeset
from cnncli.document.prose import enumerated
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Area, Box, Group, Path, Picture, Shape, Text, moved
from cnncli.draw.text import ASCENT, fitting, width
from cnncli.draw.theme import THEMES, Swatch, ThemeName, faint, mix
from cnncli.words import visible

USUAL = 9.0
"""The size of type with which the lengths here, of rooms and of gaps are as they are told."""
TICK = 4.0
"""How long the ends of a bracket are."""
EXACT = 1e-6
HEAD = 14.0
"""Left of rows that are led to, for the way there."""


@dataclass(frozen=True)
class Look:
    """How it is drawn: in which colours, shaded by which measure, in how many rows, if that is asked for, with solids
    so many times larger beside their words, lines of words so much longer than usual, and whether with a legend."""

    theme: ThemeName = "light"
    heat: Heat | None = None
    rows: int | None = None
    times: float = 1.0
    lines: float = 1.0
    legend: bool = True


class Volumes:
    """A network's tensors, arranged."""

    def __init__(self, tensors: Tensors, heading: Heading, look: Look, measures: Measures | None = None) -> None:
        self.tensors, self.look = tensors, look
        self.measures, self.theme = measures or screen("block"), THEMES[look.theme]
        self.looks = looks(tensors.parts, self.theme, look.heat)
        self.unit = self.measures.sizes.shape / USUAL
        self.room, gaps = Room(words=WORDS * look.lines).times(self.unit), Gaps().times(self.unit)
        self.scale = scale(part.row.output_shape for part in tensors.parts).times(look.times * self.unit)
        self.figures = [figure(part, self.scale, self.measures, self.room, self.theme) for part in tensors.parts]
        scopes = [self._scope(part) for part in tensors.parts]
        self.placed: Placed = in_rows(self.figures, tensors.links, scopes, gaps, look.rows)
        self.words = PageWords(heading, self._legend(), self.measures)

    def _scope(self, part: Part) -> Named:
        name = fitting(visible(around(part)), self.measures.sizes.shape, 2 * self.room.name, bold=True)
        return Named(name, width(name, self.measures.sizes.shape, bold=True))

    @property
    def before(self) -> float:
        """Left of rows that are led to, for the way there."""
        return HEAD * self.unit if self.placed.rows > 1 else 0

    @property
    def width(self) -> float:
        """Of all that is drawn, without the page's margin."""
        return self.placed.width + self.before

    def picture(self, wide: float | None = None, high: float | None = None) -> Picture:
        """On a page of this size, else of as much as it takes."""
        margin = self.measures.paper.margin
        inner = max(self.width, self.words.least_width()) if wide is None else wide - 2 * margin
        head, foot = self.words.head(inner), self.words.foot(inner)
        natural = head.height + self.placed.height + foot.height + 2 * margin
        left = margin + self.before + (inner - self.width) / 2
        top = margin + head.height + (0 if high is None else (high - natural) / 2)
        bottom = (natural if high is None else high) - margin - foot.height
        shapes = [
            *(moved(each, left, top) for each in self.drawn()),
            *self.block(head, margin, margin), *self.block(foot, margin, bottom),
        ]  # fmt: skip
        says = ". ".join([*self.words.heading.lines, " ".join(self.words.legend.notes)])
        size = round(inner + 2 * margin), ceil(natural - EXACT) if high is None else high
        return Picture(*size, self.tensors.graph.name, says, self.theme.page, shapes)

    def _legend(self) -> Legend:
        tensors, measures = self.tensors, self.measures
        if not self.look.legend:
            return Legend((), ())
        phrases = BRIEF if measures.brief else FULL
        said = [f"{note}{phrases.end}" for note in to_scale(tensors.parts, self.scale, brief=measures.brief)]
        said += notes(tensors.in_words(), of_stages=tensors.detail == "stage", plain=True, phrases=phrases)
        if tensors.left_out:
            names = enumerated([visible(part.row.name) for part in tensors.left_out], "and")
            said.append(f"Not drawn, as its size is not known: {names}{phrases.end}")
        totals: dict[Heat, Any] = dict(amounts(tensors.whole.nodes))
        samples = colours(tensors.parts, self.look.heat, totals, measures.paper)
        samples = [sample._replace(text=typeset(sample.text, measures.times)) for sample in samples]
        return Legend(samples, [typeset(note, measures.times) for note in said])

    # Shapes.

    def drawn(self) -> Iterator[Shape]:
        """All but the page's own words."""
        for way in self.placed.ways:
            yield self.way(way)
        for each, middle in zip(self.figures, self.placed.middles, strict=True):
            yield moved(self.volume(each), *middle)
        for bracket in self.placed.brackets:
            yield self.bracket(bracket)

    def way(self, way: Way) -> Path:
        lines, theme = self.measures.lines, self.theme
        colour, (thick, head) = {
            "forward": (theme.line, lines.forward),
            "turn": (theme.turn, lines.turning),
            "past": (theme.skip, lines.skipping),
        }[way.kind]
        return Path(way.corners, colour, thick, lines.corner, head)

    def volume(self, figure: Figure) -> Group:
        swatch, found = self.looks[figure.part.row.name], figure.solid
        faces = zip((found.side, found.top, found.front), shades(swatch), strict=True)
        shapes: list[Shape] = [
            Area(corners, fill, swatch.border, self.measures.lines.outline) for corners, fill in faces
        ]
        return Group("volume", figure.part.row.name, [*shapes, *figure.words], "\n".join(told(figure.part)))

    def bracket(self, bracket: Bracket) -> Group:
        (left, right), y, size = bracket.across, bracket.y, self.measures.sizes.shape
        tick = TICK * self.unit
        way = [Point(left, y - tick), Point(left, y), Point(right, y), Point(right, y - tick)]
        place = Point((left + right) / 2, y + self.room.below + size * ASCENT)
        said = Text(place, bracket.name, size, self.theme.faint, True, "middle")
        return Group("bracket", bracket.name, [Path(way, self.theme.faint, self.measures.lines.outline), said])

    # The page's own words.

    def block(self, block: Block, x: float, y: float) -> Iterator[Shape]:
        for run, rect in block.texts:
            ink = faint(self.theme.text, self.theme.page) if run.faint else self.theme.text
            place = Point(x + rect.left, y + rect.top + run.size * ASCENT)
            yield Text(place, run.shown, run.size, ink, run.bold)
        for sample, rect in block.samples:
            yield self.sample(sample.sign, rect.moved(x, y))

    def sample(self, sign: str, rect: Rect) -> Box:
        swatch = self.looks.get(sign)
        fill, border = (swatch.fill, swatch.border) if swatch else (self.theme.heat, self.theme.faint)
        return Box(rect, fill, border, outline=self.measures.lines.outline)


def shades(swatch: Swatch) -> tuple[str, str, str]:
    """Of a solid's side, which lies in shadow, of its top, in light, and of its front."""
    return mix(swatch.fill, "#000000", 0.12), mix(swatch.fill, "#FFFFFF", 0.35), swatch.fill


def to_scale(parts: Sequence[Part], by: Scale, *, brief: bool) -> Iterator[str]:
    """Which lengths tell what."""
    found = [extents(part.row.output_shape) for part in parts]
    maps, vectors = any(not each.is_vector for each in found), any(each.is_vector for each in found)
    sides = "by their square roots" if by.root else "to scale"
    if brief:
        yield f"height and width {sides}, channels by square root" if maps else "length by square root"
        return
    if maps:
        yield f"Maps: height (upwards) and width (to the back) {sides}, channels (to the right) by square root"
    if vectors:
        yield "Vectors: length (upwards) by square root"
