"""Links that run outside: in the gutter at the far side of a column, within the frame that holds both their ends.

The far side is the one without headings: right of a column, below a row. A link to another column runs outside of all
frames: beside its own column to the foot of all, below the others, and beside the other one back up; into the next
column, where no heading is at that side, it leads straight across.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from math import inf
from typing import NamedTuple

from cnncli.diagram.chain import Link
from cnncli.diagram.routes import tracks_of
from cnncli.diagram.runs import Container, Runs
from cnncli.diagram.sized import Piece

At = tuple[float, float]
"""A place along a column that is known before the column stands: the number of the piece, and where along it."""
FOOT: At = (inf, 0)


class Gutters(NamedTuple):
    """How many tracks the gutter of each frame has in a column, and for each net in it which one.

    A net is a source and a frame: links from one item to several share a track, 0 the farthest out.
    """

    counts: dict[Container, int]
    tracks: dict[tuple[int, Container], int]


PAGE: Container = ()
"""What is around all frames."""


def gutters(runs: Runs, pieces: Sequence[Piece], column: range, found: Sequence[Link], direct: Set[Link]) -> Gutters:
    """Of one column, a range of pieces; `found` are the links outside that begin or end in it.

    Those that are `direct` lead into the next column, at whatever height: each net has a track of its own, outside of
    all that stay beside this column.
    """
    spans: defaultdict[Container, dict[int, tuple[At, At]]] = defaultdict(dict)
    for link in found:
        container = _container(runs, column, link)
        ends = [_leaving(runs, pieces, column, link), _entering(runs, pieces, column, link)]
        known = spans[container].get(link[0], ())
        spans[container][link[0]] = (min(*known, *ends), max(*known, *ends))
    counts: dict[Container, int] = {}
    taken: dict[tuple[int, Container], int] = {}
    across = list(dict.fromkeys(link[0] for link in found if link in direct))
    for container, nets in spans.items():
        outer = [source for source in across if source in nets] if container == PAGE else []
        inner = [source for source in nets if source not in outer]
        numbers = tracks_of([nets[source] for source in inner])
        counts[container] = len(outer) + max(numbers, default=-1) + 1
        taken |= {(source, container): number for number, source in enumerate(outer)}
        taken |= {(source, container): len(outer) + number for source, number in zip(inner, numbers, strict=True)}
    return Gutters(counts, taken)


def _container(runs: Runs, column: range, link: Link) -> Container:
    """In whose gutter a link runs in a column."""
    source, target = runs.ends(link)
    return runs.container(link) if source in column and target in column else PAGE


def _leaving(runs: Runs, pieces: Sequence[Piece], column: range, link: Link) -> At:
    """Where a link leaves a column's piece for the gutter; of a single item, whose length does not matter, 1."""
    number, start = runs.of[link[0]], runs.start(link[0])
    lanes = pieces[number].lanes
    if number not in column:
        return FOOT
    return number, lanes.leaving[link[0] - start][-1][0] if lanes else 1.0


def _entering(runs: Runs, pieces: Sequence[Piece], column: range, link: Link) -> At:
    number, start = runs.of[link[1]], runs.start(link[1])
    lanes = pieces[number].lanes
    if number not in column:
        return FOOT
    return number, lanes.entering[link[0] - start, link[1] - start][0][0] if lanes else 0.0


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
