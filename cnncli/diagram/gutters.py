"""Links that run outside: in the gutter at the far side of a column, within the frame that holds both their ends.

The far side is the one without headings: right of a column, below a row. A link to another column runs outside of all
frames: beside its own column to the foot of all, below the others, and beside the other one back up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from cnncli.diagram.chain import Link
from cnncli.diagram.pieces import Container, Pieces
from cnncli.diagram.routes import tracks_of

At = tuple[float, float]
"""A place along a column that is known before the column stands: the number of the piece, and where along it."""
FOOT: At = (float("inf"), 0)


class Gutters(NamedTuple):
    """How many tracks the gutter of each frame has in a column, and for each net in it which one.

    A net is a source and a frame: links from one item to several share a track, 0 the farthest out.
    """

    counts: dict[Container, int]
    tracks: dict[tuple[int, Container], int]


PAGE: Container = ()
"""What is around all frames."""


def gutters(pieces: Pieces, column: range, found: Sequence[Link]) -> Gutters:
    """Of one column, a range of pieces; `found` are the links outside that begin or end in it."""
    spans: defaultdict[Container, dict[int, tuple[At, At]]] = defaultdict(dict)
    for link in found:
        key = gutter(pieces, column, link)
        start, end = _span(pieces, column, link)
        low, high = spans[key].get(link[0], (start, end))
        spans[key][link[0]] = (min(low, start), max(high, end))
    counts: dict[Container, int] = {}
    taken: dict[tuple[int, Container], int] = {}
    for key, nets in spans.items():
        numbers = tracks_of(list(nets.values()))
        counts[key] = max(numbers) + 1
        taken |= {(source, key): number for source, number in zip(nets, numbers, strict=True)}
    return Gutters(counts, taken)


def gutter(pieces: Pieces, column: range, link: Link) -> Container:
    """In whose gutter a link runs in a column."""
    source, target = pieces.ends(link)
    return pieces.container(link) if source in column and target in column else PAGE


def _span(pieces: Pieces, column: range, link: Link) -> tuple[At, At]:
    source, target = pieces.ends(link)
    leaves = (source, leaving(pieces, link)) if source in column else FOOT
    enters = (target, entering(pieces, link)) if target in column else FOOT
    return min(leaves, enters), max(leaves, enters)


def leaving(pieces: Pieces, link: Link) -> float:
    """Where along its piece a link leaves it; of an item whose length does not matter, 1 for its end."""
    lanes = pieces.all[pieces.of[link[0]]].lanes
    return 1.0 if lanes is None else lanes.leaving[link[0] - pieces.start(link[0])][-1][0]


def entering(pieces: Pieces, link: Link) -> float:
    lanes = pieces.all[pieces.of[link[1]]].lanes
    start = pieces.start(link[1])
    return 0.0 if lanes is None else lanes.entering[link[0] - start, link[1] - start][0][0]


class Crossing(NamedTuple):
    """A way below columns, by their numbers: from which gutter to which."""

    net: Hashable
    start: int
    end: int


def crossings(found: Iterable[Crossing]) -> Mapping[Hashable, int]:
    """A level for each net that leads to another column, 1 the nearest; 0 is that of the chain itself."""
    spans: dict[Hashable, tuple[int, int]] = {}
    for net, start, end in found:
        low, high = spans.get(net, (start, end))
        spans[net] = (min(low, start), max(high, end))
    numbers = tracks_of([(start, end + 0.5) for start, end in spans.values()])  # two may not meet below one gutter
    most = max(numbers, default=0)
    return {net: most - number + 1 for net, number in zip(spans, numbers, strict=True)}
