"""A network as a picture: boxes in columns on one page, all placed. Pure: a graph in, shapes or DOT out."""

from __future__ import annotations

from collections.abc import Callable

from cnncli.diagram.chain import Chain
from cnncli.diagram.composition import Diagram
from cnncli.diagram.dot import as_dot
from cnncli.diagram.free import as_free_dot
from cnncli.diagram.measures import screen
from cnncli.diagram.options import Options
from cnncli.diagram.paper.targets import TARGETS, Target, target_named, target_of_width
from cnncli.diagram.parts import Detail, Heat
from cnncli.diagram.picture import as_picture
from cnncli.diagram.pieces import Piece
from cnncli.diagram.planning import Reworded, plan, scene
from cnncli.diagram.sheet import FACTS_APART, Heading, check_columns, column_if_small, compose
from cnncli.diagram.swatches import looks
from cnncli.draw.geometry import Direction
from cnncli.draw.theme import THEMES, ThemeName
from cnncli.graph import Graph

__all__ = [
    "FACTS_APART",
    "TARGETS",
    "Detail",
    "Diagram",
    "Direction",
    "Heading",
    "Heat",
    "Options",
    "Piece",
    "Target",
    "ThemeName",
    "as_dot",
    "as_free_dot",
    "as_picture",
    "diagram",
    "target_named",
    "target_of_width",
]  # fmt: skip


def diagram(
    graph: Graph,
    heading: Heading,
    options: Options,
    reworded: Reworded | None = None,
    chained: Callable[[Chain], Chain] | None = None,
) -> Diagram:
    """`chained` makes another chain of the one that would be drawn, `reworded` other words for a screen.

    Raises UsageError for a number of columns below 1, for a label template that cannot be filled, and where nothing
    that could be said of the network fits the paper that it is meant for.
    """
    check_columns(options.columns)
    if options.target:
        from cnncli.diagram.paper.fitting import printed

        found, sheet, left_out = printed(graph, heading, options, options.target)
    else:
        shown = scene(graph, options.detail, options, chained)
        measures, left_out = screen(options.detail), ()
        found = plan(shown, heading, options, options.direction, measures, reworded=reworded)
        columns = options.columns
        if columns is None and options.piece:
            columns = column_if_small(found.arrangement, found.words)
        sheet = compose(found.arrangement, found.words, columns)
    theme = THEMES[options.theme]
    swatches = looks(found.scene.boxes, theme, options.heat)
    return Diagram(
        graph.name, heading, sheet, found.chain, found.lines, swatches, theme, found.scene.detail, found.direction,
        found.measures, left_out,
    )  # fmt: skip
