"""A diagram in one column, as a piece of a larger page: by measures that the page chooses, without words around it."""

from __future__ import annotations

from dataclasses import replace

from cnncli.diagram.composition import Diagram
from cnncli.diagram.measures import Measures
from cnncli.diagram.options import Options
from cnncli.diagram.planning import Reworded, Scene, plan
from cnncli.diagram.sheet import UNTITLED, compose
from cnncli.diagram.swatches import looks
from cnncli.diagram.wording import ALL, Said
from cnncli.draw.theme import THEMES


def bare(
    shown: Scene, options: Options, measures: Measures, said: Said = ALL, reworded: Reworded | None = None
) -> Diagram:
    """Raises UsageError for a label template that cannot be filled."""
    theme = THEMES[options.theme]
    found = plan(shown, UNTITLED, replace(options, legend=False), options.direction, measures, said, reworded)
    return Diagram(
        "", UNTITLED, compose(found.arrangement, found.words, options.columns), found.chain, found.lines,
        looks(shown.boxes, theme, options.heat), theme, shown.detail, options.direction, measures,
    )  # fmt: skip
