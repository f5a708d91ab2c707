"""Feature maps as solids to scale, in the order in which they are made: the picture of papers and lectures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.analysis.labels import FusedLabel
from cnncli.analysis.metrics import amounts
from cnncli.diagram.figures import Figure, Room, figure
from cnncli.diagram.legend import colours, notes
from cnncli.diagram.measures import screen
from cnncli.diagram.parts import Detail, Heat, Part
from cnncli.diagram.rows import Bracket, Gaps, Named, Placed, Way, in_rows
from cnncli.diagram.sheet import Block, Heading, Legend, PageWords
from cnncli.diagram.solids import Scale, extents, scale
from cnncli.diagram.swatches import looks
from cnncli.diagram.tensors import Link, around, links, shown
from cnncli.diagram.wording import told
from cnncli.document.numbers import shape
from cnncli.document.prose import enumerated
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import OUTLINE, Area, Box, Group, Path, Picture, Shape, Text, moved
from cnncli.draw.text import ASCENT, fitting, width
from cnncli.draw.theme import THEMES, Swatch, ThemeName, faint, mix
from cnncli.errors import UsageError
from cnncli.graph import Graph, Role
from cnncli.words import visible

USUAL = 9.0
"""The size of type with which the lengths here, of rooms and of gaps are as they are told."""
TICK = 4.0
"""How long the ends of a bracket are."""
HEAD = 14.0
"""Left of rows that are led to, for the way there."""


@dataclass(frozen=True)
class Look:
    """How it is drawn: in which colours, shaded by which measure, and in how many rows, if that is asked for."""

    theme: ThemeName = "light"
    heat: Heat | None = None
    rows: int | None = None


class Volumes:
    """A network's tensors, and all that is drawn of them.

    `whole` is what shares are of, where the graph was cut from it. Raises UsageError where no size is known that could
    be drawn, or an input leaves one open.
    """

    def __init__(self, graph: Graph, heading: Heading, detail: Detail, look: Look, whole: Graph | None = None) -> None:
        self.graph, self.whole, self.heading, self.detail, self.look = graph, whole or graph, heading, detail, look
        self.measures, self.theme = screen("block"), THEMES[look.theme]
        found = shown(graph, detail)
        self.parts = [part for part in found if UNKNOWN not in part.row.output_shape]
        self.left_out = [part for part in found if UNKNOWN in part.row.output_shape]
        self._check()
        self.links: list[Link] = links(graph, self.parts)
        self.looks = looks(self.parts, self.theme, look.heat)
        self.scale = scale(part.row.output_shape for part in self.parts)
        self.unit = self.measures.sizes.shape / USUAL
        self.room, gaps = Room().times(self.unit), Gaps().times(self.unit)
        sizes = self.measures.sizes
        self.figures = [figure(part, self.scale, sizes, self.room, self.theme) for part in self.parts]
        self.placed: Placed = in_rows(
            self.figures, self.links, [self._scope(part) for part in self.parts],
            gaps, look.rows,
        )  # fmt: skip

    def _check(self) -> None:
        opened = [part for part in self.left_out if any(node.role is Role.INPUT for node in part.nodes)]
        for part in opened or (self.left_out if not self.parts else ()):
            told = f"{visible(part.row.name)} is {shape(part.row.output_shape)}"
            raise UsageError(f"--volumes is to scale, but {told}; --input-shape HxWxC settles what a file leaves open")

    def _scope(self, part: Part) -> Named:
        name = fitting(visible(around(part)), self.measures.sizes.shape, 2 * self.room.name, bold=True)
        return Named(name, width(name, self.measures.sizes.shape, bold=True))

    def picture(self) -> Picture:
        margin, words, placed = (
            self.measures.paper.margin,
            PageWords(self.heading, self.legend(), self.measures),
            self.placed,
        )
        before = HEAD * self.unit if placed.rows > 1 else 0
        inner = max(placed.width + before, words.least_width())
        head, foot = words.head(inner), words.foot(inner)
        left, top = margin + before + (inner - before - placed.width) / 2, margin + head.height
        bottom = top + placed.height
        shapes = [
            *(moved(each, left, top) for each in self.drawn()),
            *self.block(head, margin, margin), *self.block(foot, margin, bottom),
        ]  # fmt: skip
        says = ". ".join([*self.heading.lines, " ".join(words.legend.notes)])
        size = round(inner + 2 * margin), round(bottom + foot.height + margin)
        return Picture(*size, self.graph.name, says, self.theme.page, shapes)

    def legend(self) -> Legend:
        labels = [part.label.leader if isinstance(part.label, FusedLabel) else part.label for part in self.parts]
        said = [to_scale(self.parts, self.scale), *notes(labels, of_stages=self.detail == "stage", plain=True)]
        if self.left_out:
            names = enumerated([visible(part.row.name) for part in self.left_out], "and")
            said.append(f"Not drawn, as its size is not known: {names}.")
        totals: dict[Heat, Any] = dict(amounts(self.whole.nodes))
        return Legend(colours(self.parts, self.look.heat, totals, self.measures.paper), said)

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
        shapes: list[Shape] = [Area(corners, fill, swatch.border) for corners, fill in faces]
        return Group("volume", figure.part.row.name, [*shapes, *figure.words], "\n".join(told(figure.part)))

    def bracket(self, bracket: Bracket) -> Group:
        (left, right), y, size = bracket.across, bracket.y, self.measures.sizes.shape
        tick = TICK * self.unit
        way = [Point(left, y - tick), Point(left, y), Point(right, y), Point(right, y - tick)]
        place = Point((left + right) / 2, y + self.room.below + size * ASCENT)
        said = Text(place, bracket.name, size, self.theme.faint, True, "middle")
        return Group("bracket", bracket.name, [Path(way, self.theme.faint, OUTLINE), said])

    # The page's own words.

    def block(self, block: Block, x: float, y: float) -> Iterator[Shape]:
        for run, rect in block.texts:
            ink = faint(self.theme.text, self.theme.page) if run.faint else self.theme.text
            place = Point(x + rect.left, y + rect.top + run.size * ASCENT)
            yield Text(place, run.shown, run.size, ink, run.bold)
        for sample, rect in block.samples:
            yield self.sample(sample.sign, rect.moved(x, y))

    def sample(self, sign: str, rect: Rect) -> Box:
        if sign == "heat":
            return Box(rect, self.theme.heat, self.theme.faint)
        swatch = self.looks[sign]
        return Box(rect, swatch.fill, swatch.border)


def shades(swatch: Swatch) -> tuple[str, str, str]:
    """Of a solid's side, which lies in shadow, of its top, in light, and of its front."""
    return mix(swatch.fill, "#000000", 0.12), mix(swatch.fill, "#FFFFFF", 0.35), swatch.fill


def to_scale(parts: Sequence[Part], by: Scale) -> str:
    """Which lengths tell what."""
    found = [extents(part.row.output_shape) for part in parts]
    told = []
    if any(not each.is_vector for each in found):
        sides = "by their square roots" if by.root else "to scale"
        told.append(f"Maps: height (upwards) and width (to the back) {sides}, channels (to the right) by square root.")
    if any(each.is_vector for each in found):
        told.append("Vectors: length (upwards) by square root.")
    return " ".join(told)
