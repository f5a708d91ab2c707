"""What the boxes of several networks look like on one page: one palette, or one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnncli.amounts import is_known
from cnncli.analysis.metrics import metric
from cnncli.diagram.composed.page import joined
from cnncli.diagram.composition import Diagram
from cnncli.diagram.legend import highest, shared_legend
from cnncli.diagram.measures import Measures
from cnncli.diagram.options import Options
from cnncli.diagram.parts import Part, block_kind
from cnncli.diagram.sheet import Legend, Sample
from cnncli.diagram.wording import Said
from cnncli.document.numbers import scaled
from cnncli.draw.theme import THEMES, Swatch, Theme, heat, ink, mix, palette

PALER = 0.5
"""How much of the page is in a colour that a further kind of block takes again."""


class SharedLooks:
    """Of the boxes of all these diagrams."""

    def __init__(self, columns: Sequence[Diagram], options: Options) -> None:
        self.columns, self.options, self.theme = columns, options, THEMES[options.theme]
        parts = [part for drawn in columns for part in parts_of(drawn)]
        self.by_kernel = len({block_kind(part.traits) for part in parts if part.traits}) <= len(self.theme.blocks)
        self.kinds = shared_palette(self.theme, [self.kind(part) for part in parts])
        self.end = highest(parts, options.heat) if options.heat else 0

    def kind(self, part: Part) -> str:
        """Of blocks what they are called, and their kernel, as far as there are colours."""
        if not part.traits:
            return part.kind
        return block_kind(part.traits) if self.by_kernel else part.traits.kind.name

    def coloured(self, drawn: Diagram) -> Diagram:
        return replace(drawn, swatches={part.row.name: self.swatch(part) for part in parts_of(drawn)})

    def swatch(self, part: Part) -> Swatch:
        if not self.options.heat:
            return self.kinds[self.kind(part)]
        cost = part.cost(self.options.heat)
        return heat(self.theme, cost / (self.end or 1) if is_known(cost) else 0)

    def legend(self, measures: Measures, said: Said) -> Legend:
        """Nothing where none is wanted."""
        if not self.options.legend:
            return Legend((), ())
        told, paper = self.options.heat, measures.paper
        chain = joined([drawn.chain for drawn in self.columns])
        named = [replace(part, kind=self.kind(part)) for drawn in self.columns for part in parts_of(drawn)]
        said = replace(said, costs=said.costs and self.options.costs)
        found = shared_legend([(chain, self.options.detail)], [] if told else named, measures, said)
        if not told:
            return found
        scale = f"0 to {scaled(self.end)} {metric(told).counted}; percents are of the network's own"
        return found._replace(samples=[Sample("heat", paper.scale, scale), *found.samples])


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


def parts_of(drawn: Diagram) -> list[Part]:
    return [item.part for item in drawn.chain.items if item.part]
