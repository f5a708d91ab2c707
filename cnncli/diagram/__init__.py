"""A network as a picture: boxes in columns on one page, all placed. Pure: a graph in, shapes or DOT out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cnncli.amounts import total
from cnncli.analysis.metrics import Place, amounts, metrics
from cnncli.diagram.chain import Chain, Frame, chain
from cnncli.diagram.composition import Diagram
from cnncli.diagram.dot import as_dot
from cnncli.diagram.free import as_free_dot
from cnncli.diagram.layout import Arrangement
from cnncli.diagram.legend import legend
from cnncli.diagram.measures import Measures, screen
from cnncli.diagram.parts import Detail, Heat, Part, parts
from cnncli.diagram.picture import as_picture
from cnncli.diagram.pieces import Piece, within
from cnncli.diagram.sheet import FACTS_APART, Heading, check_columns, compose
from cnncli.diagram.swatches import looks
from cnncli.diagram.wording import Line, Run, block_size, wording
from cnncli.draw.geometry import Direction
from cnncli.draw.theme import THEMES, ThemeName
from cnncli.graph import Graph

__all__ = [
    "FACTS_APART", "Detail", "Diagram", "Direction", "Heading", "Heat", "Options", "Piece", "ThemeName", "as_dot",
    "as_free_dot", "as_picture", "diagram",
]  # fmt: skip


Layout = Literal["fixed", "free"]


@dataclass(frozen=True)
class Options:
    """What to draw and how. `columns` None: as many as fit a page best. `layout` free: Graphviz places all, not we.

    `scope`, by its name, is drawn alone; `piece` says so of a graph that was cut from another. `anatomy`: the stages,
    and each kind of block once. `volumes`: feature maps instead of boxes.
    """

    detail: Detail = "block"
    fuse: bool = False
    columns: int | None = None
    direction: Direction = "TB"
    theme: ThemeName = "light"
    heat: Heat | None = None
    label: str | None = None
    layout: Layout = "fixed"
    scope: str | None = None
    anatomy: bool = False
    volumes: bool = False
    piece: Piece | None = None


Reworded = Callable[[Part, list[Line], Measures], list[Line]]
"""Makes other lines of those that a box would say."""


def diagram(
    graph: Graph,
    heading: Heading,
    options: Options,
    reworded: Reworded | None = None,
    chained: Callable[[Chain], Chain] | None = None,
) -> Diagram:
    """`chained` makes another chain of the one that would be drawn.

    Raises UsageError for a number of columns below 1, and for a label template that cannot be filled.
    """
    check_columns(options.columns)
    detail, theme = options.detail, THEMES[options.theme]
    drawn = chain(graph, parts(graph, detail, options.fuse), detail)
    drawn = within(drawn, options.piece.scope) if options.piece else drawn
    drawn = chained(drawn) if chained else drawn
    boxes = [item.part for item in drawn.items if item.part]
    totals, measures = _totals(boxes, options.piece), screen(detail)
    say = wording(detail, options.label, options.heat, totals, measures)
    lines = [say(item.part) if item.part else [] for item in drawn.items]
    if reworded:
        boxed = zip(drawn.items, lines, strict=True)
        lines = [reworded(item.part, said, measures) if item.part else [] for item, said in boxed]
    sizes, spacing = _sizes(drawn, lines, measures), measures.spacing(options.direction)
    plan = Arrangement(drawn, sizes, spacing, options.direction, _headings(drawn, measures))
    said = legend(drawn, detail, options.label, options.heat, totals, measures.paper)
    sheet = compose(plan, heading, said, measures, options.columns)
    swatches = looks(boxes, theme, options.heat)
    return Diagram(graph.name, heading, sheet, drawn, lines, swatches, theme, detail, options.direction, measures)


def _totals(boxes: Sequence[Part], piece: Piece | None) -> dict[Heat, Any]:
    """What shares are of: the sums of the boxes, of a piece those of the whole network."""
    if piece:
        return dict(amounts(piece.whole.nodes))
    return {each.key: total(part.cost(each.key) for part in boxes) for each in metrics(Place.HEAT, additive=True)}


def _sizes(drawn: Chain, lines: Sequence[Sequence[Line]], measures: Measures) -> list[tuple[float, float]]:
    across, down = measures.words.padding
    sizes = []
    for item, said in zip(drawn.items, lines, strict=True):
        if item.part:
            width, height = block_size(said)
            sizes.append((width + 2 * across + measures.words.slack, height + 2 * down))
        else:
            size = measures.lines.fork if item.symbol == "fork" else measures.lines.sum
            sizes.append((size, size))
    return sizes


def _headings(drawn: Chain, measures: Measures) -> float:
    """The width that the frames' headings need; a stage's leaves the middle to the arrow that enters."""

    def needed(frame: Frame) -> float:
        of_stage = frame.level == "stage"
        size = measures.sizes.stage if of_stage else measures.sizes.block
        left, right = Run(frame.left, size, bold=True).width, Run(frame.right, size).width
        return 2 * max(left, right) + measures.frames.entrance if of_stage else left + right + measures.frames.apart

    return max((needed(frame) for item in drawn.items for frame in item.frames), default=0)
