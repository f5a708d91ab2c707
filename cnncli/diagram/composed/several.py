"""Several networks in one figure: a column each, in which stages of one stride stand at one height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from cnncli.diagram.chain import Chain, size
from cnncli.diagram.composed.bands import Aligned, Band, aligned
from cnncli.diagram.composed.bare import bare
from cnncli.diagram.composed.page import Body, Page, bounds
from cnncli.diagram.composed.shared import SharedLooks
from cnncli.diagram.composed.strides import POOLED, Stride, strides
from cnncli.diagram.composition import Diagram
from cnncli.diagram.measures import Measures, screen
from cnncli.diagram.options import Options
from cnncli.diagram.picture import as_picture
from cnncli.diagram.planning import Scene, scene
from cnncli.diagram.sheet import FACTS_APART, UNTITLED, Block, Heading, Legend, PageWords, Text
from cnncli.diagram.wording import ALL, Run, Said, typeset
from cnncli.draw.geometry import Rect
from cnncli.draw.shapes import Box, Group, Picture, Shape, moved
from cnncli.draw.text import LINE_HEIGHT, fitting, width, wrapped
from cnncli.draw.theme import THEMES, Theme
from cnncli.graph import Graph
from cnncli.words import visible

PADDING, APART = 0.875, 1.75
"""Within a band, around the boxes, and between networks: by the length of an arrow."""
TITLE, LONGEST_NAME = 13 / 11, 300 / 11
"""A network's name, and how long that may be: by the type of the boxes' labels."""


class Subject(NamedTuple):
    """A network with its heading: its boxes and links, and the stride of each node."""

    heading: Heading
    scene: Scene
    strides: Sequence[Stride]


def subjects(networks: Sequence[tuple[Graph, Heading]], options: Options) -> list[Subject]:
    return [
        Subject(heading, scene(graph, options.detail, options, _unframed), strides(graph))
        for graph, heading in networks
    ]


def _unframed(drawn: Chain) -> Chain:
    """Without frames: the bands are across all networks."""
    return drawn._replace(items=[replace(item, frames=()) for item in drawn.items])


def several(networks: Sequence[tuple[Graph, Heading]], options: Options) -> Picture:
    """The networks side by side, each under its heading, in bands."""
    return Figure(subjects(networks, options), options, screen(options.detail)).picture()


@dataclass(frozen=True)
class Figure:
    """Networks side by side, by some measures, their boxes saying so much."""

    subjects: Sequence[Subject]
    options: Options
    measures: Measures
    said: Said = ALL

    @cached_property
    def aligned(self) -> Aligned:
        asked = replace(self.options, columns=1, direction="TB")
        columns = [bare(each.scene, asked, self.measures, self.said) for each in self.subjects]
        return aligned(columns, [each.strides for each in self.subjects], 2 * self.padding)

    @property
    def padding(self) -> float:
        return PADDING * self.measures.lines.gap["TB"]

    @property
    def unit(self) -> float:
        """The type by which lengths go."""
        return self.measures.sizes.label

    @cached_property
    def looks(self) -> SharedLooks:
        return SharedLooks(self.aligned.columns, self.options)

    @cached_property
    def page(self) -> Page:
        titles = ", ".join(each.heading.title for each in self.subjects)
        return Page(titles, UNTITLED, self.looks.legend(self.measures, self.said), self.measures, self.theme)

    @property
    def theme(self) -> Theme:
        return THEMES[self.options.theme]

    @cached_property
    def size(self) -> tuple[float, float]:
        """Width and height of the page that it needs."""
        return self.page.words.page(self.body.width, self.body.height)

    def picture(self, across: float | None = None, down: float | None = None) -> Picture:
        """On a page as large as it needs, or of a size at least as large."""
        told = ". ".join(": ".join((each.heading.title, *each.heading.lines)) for each in self.subjects)
        return self.page.around(self.body, self.looks.kinds, across, down)._replace(description=told)

    @cached_property
    def body(self) -> Body:
        """The bands across the page, what they stand for at their left, and upon them the networks."""
        padding, apart, bands = self.padding, APART * self.measures.lines.gap["TB"], self.aligned.bands
        labels = [self.label(band) for band in bands]
        columns = [self.column(*pair) for pair in zip(self.aligned.columns, self.subjects, strict=True)]
        start = max(run.width for label in labels for run in label) + 2 * padding
        lefts = list(accumulate((column.width + apart for column in columns), initial=start))
        top = max(column.head.height for column in columns) + padding
        across = lefts[-1] - apart + padding
        shapes: list[Shape] = [self.ground(band, across, top, number) for number, band in enumerate(bands)]
        texts = [text for band, label in zip(bands, labels, strict=True) for text in self.written(label, band, top)]
        for column, left in zip(columns, lefts, strict=False):
            texts += [text.moved(left, 0) for text in column.head.texts]
            x = left + (column.width - column.rect.width) / 2 - column.rect.left
            shapes += [moved(shape, x, top) for shape in column.shapes]
        return Body(across, top + bands[-1].span.end + padding, shapes, texts)

    def column(self, drawn: Diagram, subject: Subject) -> Column:
        """The boxes and links of a network, named after it too, and its heading."""
        heading = subject.heading
        plain = as_picture(replace(self.looks.coloured(drawn), sheet=drawn.sheet._replace(texts=[], samples=[]))).shapes
        shapes = [
            each._replace(name=f"{heading.title} {each.name}") if isinstance(each, Group) else each for each in plain
        ]
        rect, title = bounds(shapes), TITLE * self.unit
        wide = max(rect.width, min(width(heading.title, title, bold=True), LONGEST_NAME * self.unit))
        return Column(shapes, rect, wide, self.head(heading, wide))

    def head(self, heading: Heading, wide: float) -> Block:
        """A network's name and facts, these broken between each other, and within where there is too little room."""
        title, line = TITLE * self.unit, self.measures.sizes.line
        untold = self.options.title is False
        told = heading.lines[1:] if untold else heading.lines
        rows = [row for text in told for row in wrapped(text, line, wide, FACTS_APART)]
        measures = replace(self.measures, sizes=replace(self.measures.sizes, title=title))
        named = Heading(fitting(visible(heading.title), title, wide, bold=True), rows)
        block = PageWords(named, Legend((), ()), measures).head(wide)
        texts = [text._replace(run=text.run._replace(faint=False)) if untold else text for text in block.texts]
        return block._replace(texts=texts)

    def ground(self, band: Band, across: float, top: float, number: int) -> Group:
        """Every second band has a ground."""
        padding = self.padding
        rect = Rect(0, top + band.span.start - padding, across, top + band.span.end + padding)
        return Group("band", str(band.stride), [Box(rect, self.theme.page if number % 2 else self.theme.band)])

    def label(self, band: Band) -> list[Run]:
        """The size of the maps, where all networks have the same, and the stride."""
        sizes, times = {size(part.row.output_shape) for part in band.parts}, self.measures.times
        only = sizes.pop() if len(sizes) == 1 else ""
        if band.stride == POOLED:
            only = only or "vectors"
        first, *more = [typeset(text, times) for text in (only, str(band.stride)) if text]
        bold = Run(first, self.unit, bold=True)
        return [bold, *(Run(text, self.measures.sizes.note, faint=True) for text in more)]

    def written(self, label: Sequence[Run], band: Band, top: float) -> list[Text]:
        texts: list[Text] = []
        x, y = self.padding, top + band.span.start
        for run in label:
            texts.append(Text(run, Rect(x, y, x + run.width, y + run.size * LINE_HEIGHT)))
            y = texts[-1].place.bottom + self.measures.paper.between_lines
        return texts


class Column(NamedTuple):
    """A network as it is drawn, where, how wide it is with its heading, and that."""

    shapes: Sequence[Shape]
    rect: Rect
    width: float
    head: Block
