"""Several networks in one figure: a column each, in which stages of one stride stand at one height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from cnncli.amounts import is_known
from cnncli.analysis.metrics import metric
from cnncli.diagram import Heading, Options, diagram
from cnncli.diagram.bands import Band, aligned
from cnncli.diagram.chain import Chain, size
from cnncli.diagram.composition import Diagram
from cnncli.diagram.legend import highest, shared_legend
from cnncli.diagram.measures import Measures, screen
from cnncli.diagram.parts import Part, block_kind
from cnncli.diagram.picture import as_picture
from cnncli.diagram.pieces import Body, Page, bounds, joined
from cnncli.diagram.sheet import Legend, PageWords, Sample, Text
from cnncli.diagram.strides import POOLED, strides
from cnncli.diagram.wording import Run
from cnncli.document.numbers import scaled
from cnncli.draw.geometry import Rect
from cnncli.draw.shapes import Box, Group, Picture, Shape, moved
from cnncli.draw.text import LINE_HEIGHT, fitting, width
from cnncli.draw.theme import THEMES, Swatch, Theme, heat, ink, mix, palette
from cnncli.graph import Graph
from cnncli.words import visible

UNTITLED = Heading("", ())
APART = 28.0
"""Between the networks."""
PADDING = 14.0
"""Within a band, above and below the boxes, and at its sides."""
TITLE = 13.0
"""The size of a network's name."""
LONGEST_NAME = 300.0
"""A name asks for so much width at most."""
PALER = 0.5
"""How much of the page is in a colour that a further kind of block takes again."""


def several(networks: Sequence[tuple[Graph, Heading]], options: Options) -> Picture:
    """The networks side by side, each under its heading, in bands."""
    measures, theme = screen(options.detail), THEMES[options.theme]
    measures = replace(measures, sizes=replace(measures.sizes, title=TITLE))
    asked = replace(options, columns=1, direction="TB")
    columns = [diagram(graph, UNTITLED, asked, chained=_unframed) for graph, _ in networks]
    found = aligned(columns, [strides(graph) for graph, _ in networks], 2 * PADDING)
    looks = _Looks(found.columns, options)
    columns = [looks.coloured(drawn) for drawn in found.columns]
    page = Page(", ".join(heading.title for _, heading in networks), UNTITLED, looks.legend(measures), measures, theme)
    body = _side_by_side(columns, [heading for _, heading in networks], found.bands, measures, theme)
    told = ". ".join(": ".join((heading.title, *heading.lines)) for _, heading in networks)
    return page.around(body, looks.kinds)._replace(description=told)


def _unframed(drawn: Chain) -> Chain:
    """Without frames: the bands are across all networks."""
    return drawn._replace(items=[replace(item, frames=()) for item in drawn.items])


class _Looks:
    """One palette, or one scale, for the boxes of all networks."""

    def __init__(self, columns: Sequence[Diagram], options: Options) -> None:
        self.columns, self.options, self.theme = columns, options, THEMES[options.theme]
        blocks = {block_kind(part.traits) for drawn in columns for part in _parts(drawn) if part.traits}
        self.by_kernel = len(blocks) <= len(self.theme.blocks)
        parts = [part for drawn in columns for part in _parts(drawn)]
        self.kinds = shared_palette(self.theme, [self.kind(part) for part in parts])
        self.end = highest(parts, options.heat) if options.heat else 0

    def kind(self, part: Part) -> str:
        """Of blocks what they are called, and their kernel, as far as there are colours."""
        if not part.traits:
            return part.kind
        return block_kind(part.traits) if self.by_kernel else part.traits.kind.name

    def coloured(self, drawn: Diagram) -> Diagram:
        return replace(drawn, swatches={part.row.name: self.swatch(part) for part in _parts(drawn)})

    def swatch(self, part: Part) -> Swatch:
        if not self.options.heat:
            return self.kinds[self.kind(part)]
        cost = part.cost(self.options.heat)
        return heat(self.theme, cost / (self.end or 1) if is_known(cost) else 0)

    def legend(self, measures: Measures) -> Legend:
        chain = joined([drawn.chain for drawn in self.columns])
        named = [replace(part, kind=self.kind(part)) for drawn in self.columns for part in _parts(drawn)]
        if not self.options.legend:
            return Legend((), ())
        told, paper = self.options.heat, measures.paper
        said = shared_legend([(chain, self.options.detail)], [] if told else named, paper)
        if not told:
            return said
        scale = f"0 to {scaled(self.end)} {metric(told).counted}; percents are of the network's own"
        return said._replace(samples=[Sample("heat", paper.scale, scale), *said.samples])


def shared_palette(theme: Theme, kinds: Sequence[str]) -> dict[str, Swatch]:
    """As the palette of one network; blocks leave layers theirs, and take a colour again paler each time."""
    kinds = list(dict.fromkeys(kinds))
    layers = [kind for kind in kinds if kind in theme.fills]
    free = tuple(name for name in theme.blocks if name not in layers) or theme.blocks
    found = palette(replace(theme, blocks=free), kinds)
    for place, kind in enumerate(kind for kind in kinds if kind not in theme.fills):
        fill = found[kind].fill
        for _ in range(place // len(free)):
            fill = mix(fill, theme.page, PALER)
        found[kind] = found[kind]._replace(fill=fill, ink=ink(theme, fill))
    return found


def _parts(drawn: Diagram) -> list[Part]:
    return [item.part for item in drawn.chain.items if item.part]


def _side_by_side(
    columns: Sequence[Diagram], headings: Sequence[Heading], bands: Sequence[Band], measures: Measures, theme: Theme
) -> Body:
    """The bands across the page, what they stand for at their left, and upon them the networks."""
    shapes = [_bare(drawn, heading.title) for drawn, heading in zip(columns, headings, strict=True)]
    bodies = [bounds(each) for each in shapes]
    titles = [min(width(heading.title, TITLE, bold=True), LONGEST_NAME) for heading in headings]
    widths = [max(body.width, title) for body, title in zip(bodies, titles, strict=True)]
    labels = [_label(band, measures) for band in bands]
    start = max(run.width for label in labels for run in label) + 2 * PADDING
    lefts = list(accumulate((across + APART for across in widths), initial=start))
    heads = [
        PageWords(_named(heading, across), Legend((), ()), measures).head(across)
        for heading, across in zip(headings, widths, strict=True)
    ]
    top = max(head.height for head in heads) + PADDING
    across = lefts[-1] - APART + PADDING
    grounds = [_ground(band, across, top, number, theme) for number, band in enumerate(bands)]
    texts = [text for band, label in zip(bands, labels, strict=True) for text in _written(label, top + band.span.start)]
    for head, left in zip(heads, lefts, strict=False):
        texts += [text.moved(left, 0) for text in head.texts]
    drawn = [
        moved(shape, left + (wide - body.width) / 2 - body.left, top)
        for left, wide, body, each in zip(lefts, widths, bodies, shapes, strict=False)
        for shape in each
    ]
    return Body(across, top + bands[-1].span.end + PADDING, [*grounds, *drawn], texts)


def _named(heading: Heading, across: float) -> Heading:
    return heading._replace(title=fitting(visible(heading.title), TITLE, across, bold=True))


def _bare(drawn: Diagram, name: str) -> list[Shape]:
    """The boxes and links of a network, named after it too."""
    shapes = as_picture(replace(drawn, sheet=drawn.sheet._replace(texts=[], samples=[]))).shapes
    return [each._replace(name=f"{name} {each.name}") if isinstance(each, Group) else each for each in shapes]


def _ground(band: Band, across: float, top: float, number: int, theme: Theme) -> Group:
    """Every second band has a ground."""
    rect = Rect(0, top + band.span.start - PADDING, across, top + band.span.end + PADDING)
    return Group("band", str(band.stride), [Box(rect, theme.page if number % 2 else theme.band)])


def _label(band: Band, measures: Measures) -> list[Run]:
    """The size of the maps, where all networks have the same, and the stride."""
    sizes = {size(part.row.output_shape) for part in band.parts}
    only = sizes.pop() if len(sizes) == 1 else ""
    if band.stride == POOLED:
        only = only or "vectors"
    told = [only, str(band.stride)] if only else [str(band.stride)]
    first, *more = [text for text in told if text]
    bold = Run(first, measures.sizes.label, bold=True)
    return [bold, *(Run(text, measures.sizes.note, faint=True) for text in more)]


def _written(label: Sequence[Run], y: float) -> list[Text]:
    texts: list[Text] = []
    for run in label:
        texts.append(Text(run, Rect(PADDING, y, PADDING + run.width, y + run.size * LINE_HEIGHT)))
        y = texts[-1].place.bottom + 2
    return texts
