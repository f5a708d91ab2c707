"""A region of parallel branches, laid out: lanes side by side, the fork above them, the merge below, its links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from cnncli.diagram.lanes.channels import Channel, Net, channel
from cnncli.diagram.lanes.coordinates import coordinates, uprights
from cnncli.diagram.lanes.layers import Edge, Layers, layers
from cnncli.diagram.lanes.ordering import ordered
from cnncli.diagram.lanes.region import Gaps, Lanes, Place, Region
from cnncli.draw.geometry import Span


@lru_cache(maxsize=512)
def lanes(region: Region, gaps: Gaps) -> Lanes:
    return _LayingOut(region, gaps).done()


SYMBOL = 24.0
"""What is narrower has its links at its middle."""
INSET = 6.0
"""From a box's corner to where a link meets it, at least."""
PINS = 10.0
"""Between links that enter a box side by side."""

Key = tuple[int, bool]
"""A net: the vertex whose tensor it is, and whether it leads past others. What enters has numbers below 0."""


@lru_cache(maxsize=64)
def _ordered(
    nodes: int, edges: tuple[Edge, ...], skips: tuple[bool, ...], first: int | None, last: int | None
) -> tuple[Layers, list[list[int]]]:
    """The layers, and their ranks in order: once for all blocks of a kind, whatever their boxes say."""
    found = layers(nodes, edges, skips, first, last)
    return found, ordered(found)


class _LayingOut:
    """Lays one region out. Nodes are the head's place, if there is one, the items, and the foot's place."""

    def __init__(self, region: Region, gaps: Gaps) -> None:
        self.region, self.gaps = region, gaps
        self.count = len(region.lengths)
        self.offset = int(region.head is not None)
        self.first = 0 if region.head is not None else None
        self.last = self.offset + self.count if region.foot is not None else None
        edges = list(self._edges())
        self.nodes = self.offset + self.count + (region.foot is not None)
        told = tuple(edge for edge, _ in edges), tuple(skips for _, skips in edges)
        found, ranks = _ordered(self.nodes, *told, self.first, self.last)
        self.ways, self.steps, self.ranks = found.ways, found.steps, self._facing(ranks)
        self.source = {vertex: edge[0] for edge, way in self.ways.items() for vertex in way[:-1]}
        self.skips = dict(edges)
        self.rank = {vertex: row for row, rank in enumerate(self.ranks) for vertex in rank}
        self._across()
        self.channels = self._channels()
        self._along()

    def _edges(self) -> Iterator[tuple[Edge, bool]]:
        region, by = self.region, self.offset
        if region.head is not None:
            yield (0, region.head + by), False
        for source, target in region.edges:
            yield (source + by, target + by), (source, target) in region.skips
        if region.foot is not None and self.last is not None:
            yield (region.foot + by, self.last), False

    def _facing(self, ranks: list[list[int]]) -> list[list[int]]:
        """Turned over, where that brings what is linked to outside nearer to the far side."""
        linked = {item + self.offset for item in (*self.region.leaving, *(item for _, item in self.region.entering))}
        far = sum(2 * place + 1 - len(rank) for rank in ranks for place, vertex in enumerate(rank) if vertex in linked)
        return [rank[::-1] for rank in ranks] if far < 0 else ranks

    def passing(self, vertex: int) -> bool:
        return vertex >= self.nodes or vertex in (self.first, self.last)

    def _across(self) -> None:
        """The middles and widths of all vertices; boxes of one lane are as wide as each other."""
        upright = uprights(self.ranks, self.steps, self.passing)
        widest: defaultdict[int, float] = defaultdict(float)
        needs = {item + self.offset: need for item, need in enumerate(self.region.needs)}
        for vertex, need in needs.items():
            widest[upright[vertex]] = max(widest[upright[vertex]], need)
        self.widths = {vertex: need if need < SYMBOL else widest[upright[vertex]] for vertex, need in needs.items()}

        def apart(left: int, right: int) -> float:
            boxes = (not self.passing(left)) + (not self.passing(right))
            between = (self.gaps.lines, self.gaps.beside, self.gaps.boxes)[boxes]
            return (self.widths.get(left, 0) + self.widths.get(right, 0)) / 2 + between

        found = coordinates(self.ranks, self.steps, upright, apart)
        ends = [end + self.offset for end in (self.region.head, self.region.foot) if end is not None]
        axis = found[min(ends, key=lambda end: self.widths[end])] if ends else self._middle(found)
        self.middle = {vertex: place - axis for vertex, place in found.items()}
        self.middle |= {end: 0.0 for end in (self.first, self.last) if end is not None}
        spans = [self.span(vertex) for vertex in self.middle]
        outside = self.region.entering or self.region.leaving
        end = max(span.end for span in spans) + (self.gaps.beside if outside else 0)
        self.cross = Span(min(span.start for span in spans), end)

    def _middle(self, found: dict[int, float]) -> float:
        starts = [place - self.widths.get(vertex, 0) / 2 for vertex, place in found.items()]
        ends = [place + self.widths.get(vertex, 0) / 2 for vertex, place in found.items()]
        return (min(starts) + max(ends)) / 2

    def span(self, vertex: int) -> Span:
        half = self.widths.get(vertex, 0) / 2
        return Span(self.middle[vertex] - half, self.middle[vertex] + half)

    # Links in the gaps. Gap number n lies above rank n; the last one is below all ranks.

    def _channels(self) -> list[Channel]:
        """Where each net meets its boxes, in `pins`, and the tracks of each gap."""
        self.pins: dict[tuple[str, int, Key], float] = {}
        found = []
        for gap in range(len(self.ranks) + 1):
            steps = self.steps[gap - 1] if 0 < gap < len(self.ranks) else []
            uppers: defaultdict[Key, set[int]] = defaultdict(set)
            lowers: defaultdict[int, list[tuple[float, Key]]] = defaultdict(list)
            for upper, lower, skips in steps:
                key = (self.source[upper], skips)
                uppers[key].add(upper)
                lowers[lower].append((self.middle[upper], key))
            beyond = set()
            for source, item in self.region.entering:
                if self.rank[item + self.offset] == gap:
                    key = (source, True)
                    lowers[item + self.offset].append((self.cross.end, key))
                    beyond.add(key)
            for item in self.region.leaving:
                if self.rank[item + self.offset] == gap - 1:
                    key = (item + self.offset, True)
                    uppers[key].add(item + self.offset)
                    beyond.add(key)
            found.append(self._channel(uppers, lowers, beyond))
        return found

    def _channel(
        self,
        uppers: dict[Key, set[int]],
        lowers: dict[int, list[tuple[float, Key]]],
        beyond: set[Key],
    ) -> Channel:
        below: defaultdict[Key, list[float]] = defaultdict(list)
        for lower, coming in lowers.items():
            for (_, key), place in zip(sorted(coming), self._entries(lower, sorted(coming)), strict=True):
                self.pins["in", lower, key] = place
                below[key].append(place)
        nets = []
        for key in {**uppers, **dict.fromkeys(sorted(beyond)), **below}:
            above = None
            for upper in uppers.get(key, ()):
                above = self._exit(upper, below[key], key in beyond)
                self.pins["out", upper, key] = above
            nets.append(Net(key, above, tuple(below[key]), self.cross.end if key in beyond else None))
        return channel(nets)

    def _entries(self, lower: int, coming: Sequence[tuple[float, Key]]) -> list[float]:
        """Where links enter, in the order in which they come: straight where they can, else beside each other."""
        span, middle = self.span(lower), self.middle[lower]
        if span.length < SYMBOL:
            return [middle] * len(coming)
        low, high = span.start + INSET, span.end - INSET
        if len(coming) == 1:
            place = coming[0][0]
            return [place if low <= place <= high else middle]
        apart = min(PINS, (high - low) / (len(coming) - 1))
        places = [min(max(place, low), high) for place, _ in coming]
        for index in range(1, len(places)):
            places[index] = max(places[index], places[index - 1] + apart)
        places[-1] = min(places[-1], high)
        for index in reversed(range(len(places) - 1)):
            places[index] = min(places[index], places[index + 1] - apart)
        return places

    def _exit(self, upper: int, below: Sequence[float], beyond: bool) -> float:
        """Where a net leaves a box: straight down where that leads to its only reader, else from the middle."""
        span = self.span(upper)
        if len(below) == 1 and not beyond and span.holds(below[0], INSET):
            return below[0]
        return self.middle[upper]

    # Along the main axis.

    def _along(self) -> None:
        """Where each rank stands, and the tracks of each gap."""
        place, inner = 0.0, self.offset + self.count
        self.main: dict[int, Span] = {}
        self.tracks: list[list[float]] = []
        for gap, found in enumerate(self.channels):
            ends = gap in (0, len(self.ranks)) or any(
                vertex in (self.first, self.last) for row in (gap - 1, gap) for vertex in self.ranks[row]
            )
            height = self._height(found.number, ends)
            self.tracks.append(
                [place + self._lead(height, found.number) + number * self.gaps.track for number in range(found.number)]
            )
            place += height
            if gap < len(self.ranks):
                boxes = [vertex for vertex in self.ranks[gap] if self.offset <= vertex < inner]
                length = max((self.region.lengths[vertex - self.offset] for vertex in boxes), default=0)
                for vertex in self.ranks[gap]:
                    own = self.region.lengths[vertex - self.offset] if vertex in boxes else length
                    self.main[vertex] = Span(place + (length - own) / 2, place + (length + own) / 2)
                place += length
        self.length = place

    def _height(self, count: int, ends: bool) -> float:
        if not count:
            return 0 if ends else self.gaps.ranks
        return max(self.gaps.lead + (count - 1) * self.gaps.track + self.gaps.tail, 0 if ends else self.gaps.ranks)

    def _lead(self, height: float, count: int) -> float:
        spare = height - self.gaps.lead - (count - 1) * self.gaps.track - self.gaps.tail
        return self.gaps.lead + spare / 2

    # Corners.

    def _across_gap(self, gap: int, key: Key, start: float, end: float) -> list[Place]:
        """The corners of a net's way through a gap."""
        if abs(start - end) < 0.01:
            return []
        found, places = self.channels[gap], self.tracks[gap]
        at = places[found.tracks[key]]
        if key not in found.doglegs:
            return [(at, start), (at, end)]
        upper, turn = found.doglegs[key]
        return [(places[upper], start), (places[upper], turn), (at, turn), (at, end)]

    def _way(self, edge: Edge) -> list[Place]:
        way, key = self.ways[edge], (edge[0], self.skips[edge])
        start = self.pins["out", way[0], key]
        corners = [(self.main[way[0]].end, start)]
        for upper, lower in pairwise(way):
            here, there = self.pins["out", upper, key], self.pins["in", lower, key]
            corners += self._across_gap(self.rank[lower], key, here, there)
        return [*corners, (self.main[way[-1]].start, self.pins["in", way[-1], key])]

    def _entry(self, source: int, item: int) -> list[Place]:
        key, target = (source, True), item + self.offset
        place = self.pins["in", target, key]
        return [*self._across_gap(self.rank[target], key, self.cross.end, place), (self.main[target].start, place)]

    def _leave(self, item: int) -> list[Place]:
        source = item + self.offset
        key = (source, True)
        place = self.pins["out", source, key]
        return [(self.main[source].end, place), *self._across_gap(self.rank[source] + 1, key, place, self.cross.end)]

    def done(self) -> Lanes:
        region, by = self.region, self.offset
        items = range(by, by + self.count)
        return Lanes(
            length=self.length,
            cross=self.cross,
            main=[self.main[item] for item in items],
            across=[self.span(item) for item in items],
            links={(source, target): self._way((source + by, target + by)) for source, target in region.edges},
            head=[] if region.head is None else self._way((0, region.head + by)),
            foot=[] if region.foot is None or self.last is None else self._way((region.foot + by, self.last)),
            entering={edge: self._entry(*edge) for edge in region.entering},
            leaving={item: self._leave(item) for item in region.leaving},
        )
