"""How parts look: by their kinds, or by what a measure says of them."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.amounts import is_known
from cnncli.diagram.legend import highest
from cnncli.diagram.parts import Heat, Part
from cnncli.draw.theme import Swatch, Theme, heat, palette


def looks(boxes: Sequence[Part], theme: Theme, measure: Heat | None) -> dict[str, Swatch]:
    """How each part looks, by its name, and each kind."""
    kinds = palette(theme, (part.kind for part in boxes))
    if measure is None:
        return {**{part.row.name: kinds[part.kind] for part in boxes}, **kinds}
    end = highest(boxes, measure) or 1
    shares = {part.row.name: part.cost(measure) / end for part in boxes if is_known(part.cost(measure))}
    return {part.row.name: heat(theme, shares.get(part.row.name, 0)) for part in boxes}
