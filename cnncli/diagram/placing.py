"""Columns whose items have their places, and the frames around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from cnncli.diagram.chain import Frame, Item, Link
from cnncli.diagram.columns import Framed, Spacing, Walk
from cnncli.diagram.gutters import PAGE, Gutters
from cnncli.diagram.lanes.region import Lanes, Place
from cnncli.diagram.runs import Container
from cnncli.diagram.sized import Piece
from cnncli.draw.geometry import Point, Span


class Lane(NamedTuple):
    """Across a column of chain items: its length, where boxes may stand in it, and what of that no track takes."""

    length: float
    boxes: Span
    core: Span

    def widened(self, by: float) -> Lane:
        return Lane(
            self.length + by, Span(self.boxes.start, self.boxes.end + by), Span(self.core.start, self.core.end + by)
        )


class Framing(NamedTuple):
    """Across a column, from where its lane begins: the spans of its frames, where gutters begin, all of it."""

    frames: list[Span]
    gutters: dict[Container, float]
    whole: Span


class Column(NamedTuple):
    """One column: its pieces, their spans along both axes, and across it the chain and the tracks by their links."""

    members: range
    walk: Walk
    main: list[Span]
    cross: list[Span]
    frames: list[Span]
    start: float
    room: float
    chain: float
    tracks: dict[Link, float]
    gutters: dict[tuple[int, Container], float]

    @property
    def foot(self) -> float:
        return self.room + self.walk.length

    def spans(self, position: int) -> tuple[Span, Span]:
        local = position - self.members.start
        return self.main[local], self.cross[local]


class Route(NamedTuple):
    """A link's corners. `forward` leads to the next item, `turn` from foot to head, `skip` beside the chain."""

    link: Link
    kind: Literal["forward", "skip", "turn"]
    path: list[Point]


def framing(
    frames: Sequence[Framed],
    containers: Sequence[Container],
    contents: Sequence[Span],
    insets: Mapping[str, tuple[float, float]],
    taken: Gutters,
    spacing: Spacing,
) -> Framing:
    """Each frame around what is in it, and behind that its gutter; `containers` are those of the pieces."""
    spans, found = list(contents), dict[int, Span]()
    gutters: dict[Container, float] = {}
    for depth, (level, (before, after)) in reversed(list(enumerate(insets.items()))):
        outer = [Span(span.start - before, span.end + after) for span in spans]
        for number, framed in enumerate(frames):
            if framed.frame.level == level:
                inside = slice(framed.first, framed.last + 1)
                container = containers[framed.first][: depth + 1]
                gutters[container] = max(span.end for span in spans[inside])
                end = gutters[container] + taken.counts.get(container, 0) * spacing.pitch
                found[number] = Span(min(span.start for span in spans[inside]) - before, end + after)
                outer[inside] = [found[number]] * (framed.last + 1 - framed.first)
        spans = outer
    gutters[PAGE] = max(span.end for span in spans)
    end = gutters[PAGE] + outside(taken.counts.get(PAGE, 0), spacing)
    return Framing(
        [found.get(number, Span(0, 0)) for number in range(len(frames))],
        gutters,
        Span(min(span.start for span in spans), end),
    )


def outside(count: int, spacing: Spacing) -> float:
    """The width of this many tracks outside of all frames."""
    return spacing.turn / 2 + count * spacing.lane if count else 0.0


def gutter_places(found: Framing, taken: Gutters, spacing: Spacing) -> dict[tuple[int, Container], float]:
    """Where across a column each net runs in a gutter."""
    places = {}
    for (source, container), track in taken.tracks.items():
        inner = taken.counts[container] - 1 - track
        by = spacing.turn / 2 + inner * spacing.lane if container == PAGE else (inner + 0.5) * spacing.pitch
        places[source, container] = found.gutters[container] + by
    return places


def branch_span(framed: Framed, cross: Sequence[Span], boxes: Span, outset: float) -> Span:
    """The ground of a branch in the chain fits its boxes."""
    start = min(cross[local].start for local in range(framed.first, framed.last + 1))
    return Span(start - outset, boxes.end + outset)


class Branch(NamedTuple):
    """The ground of a branch in a region: around which items, and its spans within the region."""

    frame: Frame
    first: int
    last: int
    main: Span
    cross: Span


def branches(piece: Piece, items: Sequence[Item], spacing: Spacing) -> Iterator[Branch]:
    """Around the items of each branch that stand together, where nothing else is among them, no line either."""
    if piece.lanes is None:
        return
    main, across = piece.lanes.main, piece.lanes.across
    done: list[Branch] = []
    for frame, first, last in _runs(piece.members, items):
        own = range(first - piece.members.start, last + 1 - piece.members.start)
        before, after, out = spacing.before(frame), spacing.after(frame), spacing.outset
        along = Span(min(main[local].start for local in own) - before, max(main[local].end for local in own) + after)
        cross = Span(min(across[local].start for local in own) - out, max(across[local].end for local in own) + out)
        others = [(main[local], across[local]) for local in range(len(main)) if local not in own]
        others += [(each.main, each.cross) for each in done]
        others += _lines(piece.lanes, own)
        if not any(_meet(along, other) and _meet(cross, beside) for other, beside in others):
            done.append(Branch(frame, first, last, along, cross))
    yield from done


def _lines(lanes: Lanes, own: range) -> Iterator[tuple[Span, Span]]:
    """The spans along both axes of the pieces of all links that neither leave nor enter some items of a region."""
    strange = [way for (source, target), way in lanes.links.items() if source not in own and target not in own]
    strange += [way for item, way in lanes.leaving.items() if item not in own]
    strange += [way for (_, item), way in lanes.entering.items() if item not in own]
    strange += [way for way, end in ((lanes.head, -1), (lanes.foot, 0)) if way and not _at(way[end], lanes, own)]
    for way in strange:
        for (start, here), (end, there) in pairwise(way):
            yield Span(min(start, end), max(start, end)), Span(min(here, there), max(here, there))


def _at(place: Place, lanes: Lanes, own: range) -> bool:
    """Whether a place is at the edge of one of some items."""
    return any(lanes.across[item].holds(place[1]) and place[0] in lanes.main[item] for item in own)


def _runs(members: range, items: Sequence[Item]) -> Iterator[tuple[Frame, int, int]]:
    """Items of one branch that follow each other."""
    current: tuple[Frame, int, int] | None = None
    for position in members:
        frame = next((frame for frame in items[position].frames if frame.level == "branch"), None)
        if current and frame == current[0]:
            current = (current[0], current[1], position)
            continue
        if current:
            yield current
        current = (frame, position, position) if frame else None
    if current:
        yield current


def _meet(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
