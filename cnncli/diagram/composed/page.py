"""Diagrams as parts of a larger page, and the page around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from cnncli.diagram.chain import Chain, Item, Link
from cnncli.diagram.composition import Diagram
from cnncli.diagram.layout import Layout
from cnncli.diagram.measures import Measures
from cnncli.diagram.picture import as_picture
from cnncli.diagram.sheet import Heading, Legend, PageWords, Sheet, Text
from cnncli.draw.geometry import Rect
from cnncli.draw.shapes import Area, Box, Circle, Group, Path, Picture, Shape, moved
from cnncli.draw.shapes import Text as Written
from cnncli.draw.theme import Swatch, Theme


def joined(chains: Sequence[Chain]) -> Chain:
    """Several chains one behind the other, with no link between them."""
    items, links = list[Item](), list[Link]()
    for drawn in chains:
        links += [(source + len(items), target + len(items)) for source, target in drawn.links]
        items += drawn.items
    return Chain(items, links)


class Body(NamedTuple):
    """Shapes and lines of text from (0, 0) on, and how large they are together."""

    width: float
    height: float
    shapes: Sequence[Shape]
    texts: Sequence[Text] = ()

    def at(self, x: float, y: float) -> Body:
        """The same so far to the right and down, and as much larger."""
        shapes = [moved(shape, x, y) for shape in self.shapes]
        return Body(self.width + x, self.height + y, shapes, [text.moved(x, y) for text in self.texts])


def together(bodies: Sequence[Body]) -> Body:
    """Several that have their places."""
    return Body(
        max(each.width for each in bodies),
        max(each.height for each in bodies),
        [shape for each in bodies for shape in each.shapes],
        [text for each in bodies for text in each.texts],
    )


def body(drawn: Diagram) -> Body:
    """A diagram without title, legend and what is blank around it."""
    shapes = as_picture(replace(drawn, sheet=drawn.sheet._replace(texts=[], samples=[]))).shapes
    around = bounds(shapes)
    return Body(around.width, around.height, [moved(shape, -around.left, -around.top) for shape in shapes])


def bounds(shapes: Iterable[Shape]) -> Rect:
    """The smallest rectangle around shapes; texts, which stand in boxes and frames, do not count."""
    lefts, tops, rights, bottoms = zip(*map(_extent, _flat(shapes)), strict=True)
    return Rect(min(lefts), min(tops), max(rights), max(bottoms))


def _flat(shapes: Iterable[Shape]) -> Iterator[Box | Circle | Path | Area]:
    for shape in shapes:
        if isinstance(shape, Group):
            yield from _flat(shape.shapes)
        elif not isinstance(shape, Written):
            yield shape


def _extent(shape: Box | Circle | Path | Area) -> Rect:
    if isinstance(shape, Box):
        return shape.rect
    if isinstance(shape, Circle):
        (x, y), radius = shape.center, shape.radius
        return Rect(x - radius, y - radius, x + radius, y + radius)
    across, down = [corner.x for corner in shape.corners], [corner.y for corner in shape.corners]
    return Rect(min(across), min(down), max(across), max(down))


class Page(NamedTuple):
    """What is written around a body."""

    name: str
    heading: Heading
    legend: Legend
    measures: Measures
    theme: Theme

    @property
    def words(self) -> PageWords:
        return PageWords(self.heading, self.legend, self.measures)

    def around(
        self, body: Body, swatches: Mapping[str, Swatch], across: float | None = None, down: float | None = None
    ) -> Picture:
        """The body in the middle of a page, perhaps of a given size; `swatches` are those that the legend shows."""
        needed = self.words.page(body.width, body.height)
        width, height = across or round(needed[0]), down or round(needed[1])
        texts, samples, room = self.words.around(width, height)
        placed = body.at(room.left + (room.width - body.width) / 2, room.top)
        sheet = Sheet(width, height, 1, Layout([], [], []), [*texts, *placed.texts], samples)
        around = as_picture(
            Diagram(
                self.name, self.heading, sheet, Chain([], []), [], swatches, self.theme, "layer", "TB", self.measures
            )
        )
        return around._replace(shapes=[*placed.shapes, *around.shapes])
