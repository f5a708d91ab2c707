"""What a diagram says and where it could stand, before columns and a page are chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnncli.amounts import total
from cnncli.analysis.metric import Place
from cnncli.analysis.metrics import amounts, metrics
from cnncli.diagram.chain import Chain, Frame, chain
from cnncli.diagram.layout import Arrangement
from cnncli.diagram.legend import legend
from cnncli.diagram.measures import Measures
from cnncli.diagram.options import Options
from cnncli.diagram.paper.lettering import shortened
from cnncli.diagram.paper.lettering import within as lettered
from cnncli.diagram.parts import Detail, Heat, Part, parts
from cnncli.diagram.pieces import Piece, within
from cnncli.diagram.sheet import UNTITLED, Heading, Legend, PageWords
from cnncli.diagram.wording import ALL, Line, Run, Said, block_size, typeset, wording
from cnncli.draw.geometry import Direction
from cnncli.draw.text import width
from cnncli.graph import Graph


@dataclass(frozen=True, eq=False)
class Scene:
    """A graph's boxes and links at one detail."""

    detail: Detail
    chain: Chain
    totals: Mapping[Heat, int]

    @property
    def boxes(self) -> list[Part]:
        return [item.part for item in self.chain.items if item.part]


def scene(graph: Graph, detail: Detail, options: Options, chained: Callable[[Chain], Chain] | None = None) -> Scene:
    """`chained` makes another chain of the one that would be drawn."""
    drawn = chain(graph, parts(graph, detail, options.fuse), detail)
    drawn = within(drawn, options.piece.scope) if options.piece else drawn
    drawn = chained(drawn) if chained else drawn
    boxes = [item.part for item in drawn.items if item.part]
    return Scene(detail, drawn, _totals(boxes, options.piece))


@dataclass(frozen=True, eq=False)
class Plan:
    """A scene put into words, ready to be laid out in any number of columns on a page of any size."""

    scene: Scene
    chain: Chain
    lines: Sequence[Sequence[Line]]
    arrangement: Arrangement
    words: PageWords
    measures: Measures
    direction: Direction


Reworded = Callable[[Part, list[Line], Measures], list[Line]]
"""Makes other lines of those that a box would say."""


def plan(
    scene: Scene, heading: Heading, options: Options, direction: Direction, measures: Measures, said: Said = ALL,
    reworded: Reworded | None = None,
) -> Plan:  # fmt: skip
    """Raises UsageError for a label template that cannot be filled."""
    said = replace(said, costs=said.costs and options.costs)
    say = wording(scene.detail, options.label, options.heat, scene.totals, measures, said)
    drawn = _framed(scene.chain, measures, said.limit) if measures.brief else scene.chain
    lines = [say(item.part) if item.part else [] for item in drawn.items]
    if reworded:
        boxed = zip(drawn.items, lines, strict=True)
        lines = [reworded(item.part, said, measures) if item.part else [] for item, said in boxed]
    if said.limit is not None:
        lines = [lettered(each, said.limit) for each in lines]
    arrangement = Arrangement(
        drawn, _sizes(drawn, lines, measures), measures.spacing(direction), direction, _headings(drawn, measures)
    )
    explained = legend(drawn, scene.detail, options.label, options.heat, scene.totals, measures, said)
    key = explained if options.legend else Legend((), ())
    top = heading if options.titled else UNTITLED
    return Plan(scene, drawn, lines, arrangement, PageWords(top, key, measures), measures, direction)


def without_lanes(shown: Scene) -> Scene:
    """The same, but what would stand side by side one below the other: narrower, and with more lines beside it."""
    items = [replace(item, region="") for item in shown.chain.items]
    return replace(shown, chain=shown.chain._replace(items=items))


def _framed(drawn: Chain, measures: Measures, limit: float | None) -> Chain:
    """With short headings: a block by its own name, a stage by the size of what it puts out; none wider than a box."""
    return Chain(
        [replace(item, frames=tuple(_brief(frame, measures, limit) for frame in item.frames)) for item in drawn.items],
        drawn.links,
    )


def _brief(frame: Frame, measures: Measures, limit: float | None) -> Frame:
    frames, sizes = measures.frames, measures.sizes
    of_stage = frame.level == "stage"
    left = frame.left if of_stage else frame.left.rpartition(".")[2]
    right = typeset(frame.left_behind or frame.right, measures.times)
    left = typeset(left, measures.times) if of_stage and not right else left
    if limit is not None:
        size, room = (sizes.stage, (limit - frames.entrance) / 2) if of_stage else (sizes.block, limit)
        begun = width(measures.continued("", right), size, bold=True) if of_stage else 0
        left = shortened(left, room - begun, lambda text: width(text, size, bold=True))
        right = shortened(
            right, room if of_stage else room - frames.apart - width(left, size, bold=True),
            lambda text: width(text, size),
        )  # fmt: skip
    return frame._replace(left=left, right=right, left_behind="")


def _sizes(drawn: Chain, lines: Sequence[Sequence[Line]], measures: Measures) -> list[tuple[float, float]]:
    across, down = measures.words.padding
    sizes = []
    for item, said in zip(drawn.items, lines, strict=True):
        if item.part:
            wide, high = block_size(said)
            sizes.append((wide + 2 * across + measures.words.slack, high + 2 * down))
        else:
            size = measures.lines.fork if item.symbol == "fork" else measures.lines.sum
            sizes.append((size, size))
    return sizes


def _headings(drawn: Chain, measures: Measures) -> float:
    """The width that the frames' headings need; a stage's leaves the middle to the arrow that enters."""

    def needed(frame: Frame) -> float:
        of_stage = frame.level == "stage"
        size = measures.sizes.stage if of_stage else measures.sizes.block
        said = measures.continued(frame.left, frame.right) if measures.brief and of_stage else frame.left
        left, right = Run(said, size, bold=True).width, Run(frame.right, size).width
        return 2 * max(left, right) + measures.frames.entrance if of_stage else left + right + measures.frames.apart

    return max((needed(frame) for item in drawn.items for frame in item.frames), default=0)


def _totals(boxes: Sequence[Part], piece: Piece | None) -> dict[Heat, Any]:
    """What shares are of: the sums of the boxes, of a piece those of the whole network."""
    if piece:
        return dict(amounts(piece.whole.nodes))
    return {each.key: total(part.cost(each.key) for part in boxes) for each in metrics(Place.HEAT, additive=True)}
