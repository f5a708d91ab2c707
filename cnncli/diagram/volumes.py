"""Feature maps as solids to scale, in the order in which they are made: the picture of papers and lectures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from cnncli.analysis.labels import FusedLabel
from cnncli.analysis.metrics import amounts
from cnncli.diagram.legend import colours, notes
from cnncli.diagram.measures import Measures, screen
from cnncli.diagram.parts import Detail, Heat, Part
from cnncli.diagram.sheet import Block, Heading, Legend, PageWords
from cnncli.diagram.solids import Scale, Solid, extents, scale, solid
from cnncli.diagram.swatches import looks
from cnncli.diagram.tensors import around, links, operation, shown
from cnncli.diagram.wording import told
from cnncli.document.numbers import shape
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Area, Box, Group, Path, Picture, Shape, Text, moved
from cnncli.draw.text import ASCENT, CAPITALS, LINE_HEIGHT, fitting, width, wrapped
from cnncli.draw.theme import THEMES, Swatch, Theme, ThemeName, faint, mix
from cnncli.graph import Graph
from cnncli.words import visible

BETWEEN = 16.0
"""From one tensor, or its words, to the next: the least length of an arrow."""
BELOW = 3.0
"""From a solid to its words, and between these and the name."""
CLEAR = 4.0
"""Words keep as far below the height of the arrows."""
NAME, WORDS = 96.0, 70.0
"""How wide a name, and a line of what makes the tensor, is at most."""
LINES = 4
"""How many lines tell what makes a tensor, at most."""
ARC = 9.0
"""From a tensor to what leads past it, and from one such line to the next."""
ASIDE = 3.0
"""Lines that leave a tensor and lines that enter it keep so far from the middle of its upper edge."""
BRACKET = 9.0
"""From the lowest words of the tensors of a scope to the line that embraces them."""
TICK = 4.0
"""How long the ends of that line are."""


@dataclass(frozen=True)
class Look:
    """How it is drawn: in which colours and sizes, and shaded by which measure. `times` makes all solids larger."""

    theme: ThemeName = "light"
    heat: Heat | None = None
    times: float = 1.0


def volumes(graph: Graph, heading: Heading, detail: Detail, look: Look, whole: Graph | None = None) -> Picture:
    """`whole` is what shares are of, where the graph was cut from it.

    Raises UsageError where a tensor's size is not known.
    """
    return _Page(graph, heading, detail, look, whole or graph, screen("block")).picture()


@dataclass(frozen=True)
class _Figure:
    """A tensor with its words, around the middle of its solid; `left` to `right` is all that it fills."""

    part: Part
    solid: Solid
    words: Sequence[Text]
    left: float
    right: float
    bottom: float


class _Page:
    """One picture, from its tensors to its shapes."""

    def __init__(
        self, graph: Graph, heading: Heading, detail: Detail, look: Look, whole: Graph, measures: Measures
    ) -> None:
        self.graph, self.whole, self.heading, self.detail, self.look = graph, whole, heading, detail, look
        self.measures = measures
        self.theme: Theme = THEMES[look.theme]
        self.parts = shown(graph, detail)
        self.links = links(graph, self.parts)
        self.looks = looks(self.parts, self.theme, look.heat)
        self.scale = scale(part.row.output_shape for part in self.parts).times(look.times)
        self.figures = [self.figure(part) for part in self.parts]
        self.places = _places(self.figures, self.brackets())

    def picture(self) -> Picture:
        margin, words = self.measures.paper.margin, PageWords(self.heading, self.legend(), self.measures)
        wide = self.places[-1] + self.figures[-1].right
        inner = max(wide, words.least_width())
        head, foot = words.head(inner), words.foot(inner)
        arcs = self.arcs()
        above = max(
            -min(way[1].y for way in arcs) if arcs else 0, *(figure.solid.height / 2 for figure in self.figures)
        )
        axis = margin + head.height + above
        below = max([*(figure.bottom for figure in self.figures), *(self.under(run) for _, run in self.brackets())])
        left = margin + (inner - wide) / 2
        bottom = axis + below
        shapes = [
            *(moved(each, left, axis) for each in self.drawn(arcs)),
            *self.block(head, margin, margin), *self.block(foot, margin, bottom),
        ]  # fmt: skip
        says = ". ".join([*self.heading.lines, words.legend.note])
        size = round(inner + 2 * margin), round(bottom + foot.height + margin)
        return Picture(*size, self.graph.name, says, self.theme.page, shapes)

    # Words.

    def figure(self, part: Part) -> _Figure:
        """The sizes at the edges of its front, its name below, and below that what makes it."""
        found, sizes, row = solid(part.row.output_shape, self.scale), self.measures.sizes, part.row
        words = list(self.edges(part, found))
        y = _lowest(words) + BELOW
        name = visible(row.name.removeprefix(f"{around(part)}."))
        lines = [(fitting(name, sizes.shape, NAME, bold=True), sizes.shape, True)]
        lines += [(text, sizes.small, False) for text in _broken(operation(part), sizes.small)]
        for text, size, bold in lines:
            ink = self.theme.text if bold else faint(self.theme.text, self.theme.page)
            words.append(Text(Point(0, y + size * ASCENT), text, size, ink, bold, "middle"))
            y += size * LINE_HEIGHT
        spans = [_span(text) for text in words]
        half = found.width / 2
        return _Figure(part, found, words, min(-half, *(a for a, _ in spans)), max(half, *(b for _, b in spans)), y)

    def edges(self, part: Part, found: Solid) -> Iterator[Text]:
        """Channels below the front's lower edge, height and width where the lower edge recedes."""
        size = self.measures.sizes.shape
        lower_left, _, _, lower_right = found.front
        y = max(lower_left.y, CLEAR) + BELOW + size * CAPITALS
        sizes = part.row.output_shape
        middle = (lower_left.x + lower_right.x) / 2
        channels = shape(sizes[2:] if len(sizes) > 2 else sizes[-1:])
        yield Text(Point(middle, y), channels, size, self.theme.text, False, "middle")
        if len(sizes) > 1:
            x = max(lower_right.x, middle + width(channels, size) / 2) + size / 2
            yield Text(Point(x, y), shape(sizes[:2] if len(sizes) > 2 else sizes[:1]), size, self.theme.text)

    def legend(self) -> Legend:
        labels = [part.label.leader if isinstance(part.label, FusedLabel) else part.label for part in self.parts]
        plain = notes(labels, of_stages=self.detail == "stage", plain=True)
        totals: dict[Heat, Any] = dict(amounts(self.whole.nodes))
        samples = colours(self.parts, self.look.heat, totals, self.measures.paper)
        return Legend(samples, " ".join([to_scale(self.parts, self.scale), *plain]))

    # Shapes.

    def drawn(self, arcs: Sequence[Sequence[Point]]) -> Iterator[Shape]:
        """All but the page's own words, around the height of the arrows."""
        theme, lines = self.theme, self.measures.lines
        for source, target in self.links:
            if target == source + 1:
                ends = (
                    self.places[source] + self.figures[source].solid.reach,
                    self.places[target] - self.figures[target].solid.reach,
                )
                thick, head = lines.forward
                yield Path([Point(x, 0) for x in ends], theme.line, thick, 0, head)
        for way in arcs:
            thick, head = lines.skipping
            yield Path(way, theme.skip, thick, lines.corner, head)
        for figure, x in zip(self.figures, self.places, strict=True):
            yield moved(self.volume(figure), x, 0)
        yield from self.embraced()

    def volume(self, figure: _Figure) -> Group:
        swatch, found = self.looks[figure.part.row.name], figure.solid
        faces = zip((found.side, found.top, found.front), shades(swatch, self.theme), strict=True)
        shapes: list[Shape] = [Area(corners, fill, swatch.border) for corners, fill in faces]
        return Group("volume", figure.part.row.name, [*shapes, *figure.words], "\n".join(told(figure.part)))

    def arcs(self) -> list[list[Point]]:
        """The links that lead past others, the shorter ones below the longer ones."""
        sky = [-figure.solid.height / 2 for figure in self.figures]
        found = []
        past = [link for link in self.links if link[1] > link[0] + 1]
        for source, target in sorted(past, key=lambda link: (link[1] - link[0], link)):
            y = min(sky[source : target + 1]) - ARC
            sky[source : target + 1] = [y] * (target + 1 - source)
            start, end = (self.figures[each].solid.roof for each in (source, target))
            out, into = self.places[source] + start.x + ASIDE, self.places[target] + end.x - ASIDE
            found.append([Point(out, start.y), Point(out, y), Point(into, y), Point(into, end.y)])
        return found

    # Scopes.

    def brackets(self) -> list[tuple[str, range]]:
        """The scopes in which tensors are named, each with those in a row that are."""
        runs = groupby(range(len(self.parts)), key=lambda position: around(self.parts[position]))
        found = [(name, list(run)) for name, run in runs]
        size = self.measures.sizes.shape
        return [(fitting(visible(name), size, 2 * NAME), range(run[0], run[-1] + 1)) for name, run in found if name]

    def under(self, run: range) -> float:
        """Where a scope's name ends."""
        return (
            max(self.figures[each].bottom for each in run) + BRACKET + BELOW + self.measures.sizes.shape * LINE_HEIGHT
        )

    def embraced(self) -> Iterator[Shape]:
        size = self.measures.sizes.shape
        for name, run in self.brackets():
            foot = self.under(run)
            y = foot - BELOW - size * LINE_HEIGHT
            left = self.places[run[0]] + self.figures[run[0]].left
            right = self.places[run[-1]] + self.figures[run[-1]].right
            way = [Point(left, y - TICK), Point(left, y), Point(right, y), Point(right, y - TICK)]
            yield Path(way, self.theme.faint, 0.8)
            place = Point((left + right) / 2, foot - size * (LINE_HEIGHT - ASCENT))
            yield Text(place, name, size, self.theme.faint, True, "middle")

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


def shades(swatch: Swatch, theme: Theme) -> tuple[str, str, str]:
    """Of a solid's side, which lies in shadow, of its top, in light, and of its front."""
    return mix(swatch.fill, "#000000", 0.12), mix(swatch.fill, "#FFFFFF", 0.35), swatch.fill


def to_scale(parts: Sequence[Part], by: Scale) -> str:
    """Which lengths tell what."""
    found = [extents(part.row.output_shape) for part in parts]
    root, told = "by the square root of their number", []
    if any(not each.is_vector for each in found):
        sides = "by the square roots of both" if by.root else "to scale"
        told.append(f"Maps: height upwards and width to the back {sides}, channels to the right {root}.")
    if any(each.is_vector for each in found):
        told.append("Vectors: upright, by the square root of their length.")
    return " ".join(told)


def _places(figures: Sequence[_Figure], brackets: Sequence[tuple[str, range]]) -> list[float]:
    """Where the middles stand from left to right, the first figure's left being at 0."""
    found = [-figures[0].left]
    for before, after in pairwise(figures):
        found.append(found[-1] + before.right + BETWEEN - after.left)
    return found


def _broken(said: Sequence[str], size: float) -> list[str]:
    """What is said, in a few lines, of which the last tells that there are more."""
    lines = [fitting(line, size, WORDS) for each in said for line in _balanced(visible(each), size)]
    if len(lines) <= LINES:
        return lines
    return [*lines[: LINES - 1], fitting(f"{lines[LINES - 1]} …", size, WORDS)]


def _balanced(text: str, size: float) -> list[str]:
    """As few lines as WORDS allows, as equally long as can be."""
    lines = wrapped(text, size, WORDS)
    narrower = (wrapped(text, size, WORDS - less) for less in range(int(WORDS / 2), 0, -4))
    return next((found for found in narrower if len(found) == len(lines)), lines) if len(lines) > 1 else lines


def _span(text: Text) -> tuple[float, float]:
    long = width(text.text, text.size, text.bold)
    start = text.place.x - (long / 2 if text.anchor == "middle" else 0)
    return start, start + long


def _lowest(words: Sequence[Text]) -> float:
    return max(text.place.y for text in words)
