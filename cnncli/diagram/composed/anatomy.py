"""A network's anatomy, as papers draw it: its stages, and beside them each kind of block once with its inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from string import ascii_uppercase
from typing import NamedTuple

from cnncli.analysis.labels import SQUEEZE_EXCITE
from cnncli.analysis.variants import Variant, variants
from cnncli.diagram import Heading, Options, Piece, diagram
from cnncli.diagram.composed.packing import packings
from cnncli.diagram.composed.page import Body, Page, body, joined, together
from cnncli.diagram.composition import Diagram
from cnncli.diagram.legend import shared_legend
from cnncli.diagram.measures import Measures, screen
from cnncli.diagram.parts import Part
from cnncli.diagram.sheet import UNTITLED, Legend, Text, on_paper
from cnncli.diagram.wording import Line, Run, Said
from cnncli.document.numbers import shape
from cnncli.draw.geometry import Rect
from cnncli.draw.shapes import Picture
from cnncli.draw.text import ASCENT, CAPITALS, LINE_HEIGHT, wrapped
from cnncli.draw.theme import THEMES, Swatch, ink
from cnncli.errors import UsageError
from cnncli.graph import Graph, Role
from cnncli.graph.cutting import cut
from cnncli.graph.fold import BLOCK

APART = 32.0
"""Between the stages and the kinds of blocks, and between these."""
BELOW_NAME = 6.0
BELOW_HEADING = 8.0
LEAST_WIDTH = 190.0
"""Of a kind's heading."""
MOST_COLUMNS = 4
"""Of the stages."""


class Kind(NamedTuple):
    """A kind of block, and the letter that stands for it."""

    letter: str
    variant: Variant


def anatomy(graph: Graph, heading: Heading, options: Options) -> Picture:
    """Raises UsageError where there is nothing that could be taken apart."""
    kinds = [Kind(letter, variant) for letter, variant in zip(letters(), variants(graph), strict=False)]
    if not kinds:
        raise UsageError(f"{graph.name} has neither stages nor blocks, so no anatomy; --detail layer draws all of it")
    measures = screen("stage")
    stages = [_stages(graph, kinds, options, columns) for columns in range(1, MOST_COLUMNS + 1)]
    insets = [_inset(graph, kind.variant, options) for kind in kinds]
    panels = [_panel(kind, body(inset), measures) for kind, inset in zip(kinds, insets, strict=True)]
    inside = joined([inset.chain for inset in insets])
    named = [item.part for item in inside.items if item.part]
    named += [item.part for item in stages[0].chain.items if item.part and not _letters_of(item.part, kinds)]
    said = shared_legend([(stages[0].chain, "stage"), (inside, "layer")], named, measures, Said(costs=options.costs))
    said, heading = said if options.legend else Legend((), ()), heading if options.titled else UNTITLED
    page = Page(graph.name, heading, said, measures, THEMES[options.theme])
    swatches = {key: swatch for drawn in (stages[0], *insets) for key, swatch in drawn.swatches.items()}
    return page.around(_arranged([body(drawn) for drawn in stages], panels, page), swatches)


def letters() -> Iterator[str]:
    """A to Z, then A2 to Z2, and so on."""
    for turn in count(1):
        yield from (f"{letter}{turn if turn > 1 else ''}" for letter in ascii_uppercase)


def _stages(graph: Graph, kinds: Sequence[Kind], options: Options, columns: int) -> Diagram:
    """The network by stages, each with the letters of its kinds of blocks; these have no colour of their own."""

    def lettered(part: Part, said: list[Line], measures: Measures) -> list[Line]:
        size = measures.sizes.shape
        runs: list[Run] = []
        for letter, number in _letters_of(part, kinds):
            runs += [Run(letter, measures.sizes.small, bold=True, chip=True)]
            runs += [Run(f" {measures.times}{number}   " if number > 1 else "   ", size)]
        last = said[-1]._replace(leading=measures.words.label_leading)
        return [*said[:-1], last, Line(tuple(runs), leading=measures.words.leading)] if runs else said

    drawn = diagram(graph, UNTITLED, replace(options, detail="stage", columns=columns), lettered)
    theme = drawn.theme
    plain = Swatch(theme.frame_bar, theme.frame_border, ink(theme, theme.frame_bar))
    held = {item.name: plain for item in drawn.chain.items if item.part and _letters_of(item.part, kinds)}
    return replace(drawn, swatches={**drawn.swatches, **held})


def _letters_of(part: Part, kinds: Sequence[Kind]) -> list[tuple[str, int]]:
    """Which kinds of blocks are in a stage, and how often."""
    stage = next(iter(part.row.scope), "")
    return [(kind.letter, number) for kind in kinds if (number := kind.variant.stages[stage])]


def _inset(graph: Graph, variant: Variant, options: Options) -> Diagram:
    """The first of the blocks in layers, each of which says what it is and what it gives."""

    def shortly(part: Part, said: list[Line], measures: Measures) -> list[Line]:
        sizes = measures.sizes
        what = "input" if part.nodes[0].role is Role.INPUT else str(part.label)
        given = Run(shape(part.row.output_shape), sizes.shape)
        return [Line((Run(what, sizes.label, bold=True),), (given,), leading=0, between=measures.words.between)]

    scope = variant.blocks[0].scope
    asked = replace(options, detail="layer", fuse=True, columns=1, direction="TB", piece=Piece(graph, scope))
    return diagram(cut(graph, scope), UNTITLED, asked, shortly)


def _panel(kind: Kind, inset: Body, measures: Measures) -> Body:
    """A kind under its letter, its name, how often it is there and in which sizes."""
    sizes, variant = measures.sizes, kind.variant
    often = Run(_often(variant), sizes.shape, faint=True)
    name = _name(kind, measures)
    least = sum(run.width for run in name) + measures.words.between + often.width
    across = max(inset.width, LEAST_WIDTH, least)
    texts = [_text(often, across - often.width, (sizes.label - often.size) * ASCENT)]
    x = 0.0
    for run in name:
        texts.append(_text(run, x, (sizes.label - run.size) * (ASCENT - CAPITALS / 2 * run.chip)))
        x += run.width
    y = sizes.label * LINE_HEIGHT + BELOW_NAME
    for line in wrapped(", ".join(variant.sizes), sizes.note, across):
        texts.append(_text(Run(line, sizes.note, faint=True), 0, y))
        y = texts[-1].place.bottom + measures.paper.between_lines
    placed = inset.at(0, y + BELOW_HEADING)
    return Body(across, placed.height, placed.shapes, texts)


def _often(variant: Variant) -> str:
    number = len(variant.blocks)
    of_blocks = len(variant.blocks[0].scope) >= BLOCK
    return f"{number} {'block' if of_blocks else 'stage'}{'' if number == 1 else 's'}"


def _name(kind: Kind, measures: Measures) -> list[Run]:
    """The letter and the name, with the signs that boxes have too."""
    sizes, variant = measures.sizes, kind.variant
    signs = [SQUEEZE_EXCITE] if variant.gated else []
    signs += ["+"] if variant.residual else []
    runs = [Run(kind.letter, sizes.label, bold=True, chip=True), Run(f" {variant.name}", sizes.label, bold=True)]
    for sign in signs:
        runs += [Run(" ", sizes.label), Run(sign, sizes.small, bold=True, chip=True)]
    return runs


def _text(run: Run, x: float, y: float) -> Text:
    return Text(run, Rect(x, y, x + run.width, y + run.size * LINE_HEIGHT))


def _arranged(chains: Sequence[Body], panels: Sequence[Body], page: Page) -> Body:
    """The stages with the kinds beside or below them, as leave the least of a sheet of A paper empty."""
    sizes = [(panel.width, panel.height) for panel in panels]
    found = []
    for stages in chains:
        for places, across, down in packings(sizes, APART):
            beside = stages.width + APART + across, max(stages.height, down), (stages.width + APART, 0.0)
            below = max(stages.width, across), stages.height + APART + down, (0.0, stages.height + APART)
            for wide, high, (x, y) in (beside, below):
                paper = on_paper(*page.words.page(wide, high))
                found.append((paper[0] * paper[1], stages, [(left + x, top + y) for left, top in places]))
    _, stages, places = min(found, key=lambda each: each[0])
    return together([stages, *(panel.at(*place) for panel, place in zip(panels, places, strict=True))])
