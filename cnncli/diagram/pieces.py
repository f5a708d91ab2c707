"""A chain as its pieces: items one behind the other, and regions whose items stand side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from cnncli.diagram.chain import Frame, Item, Link
from cnncli.diagram.columns import Spacing
from cnncli.diagram.lanes import Gaps, Lanes, Region, lanes
from cnncli.diagram.regions import past

Container = tuple[int, ...]
"""A frame by its number and those of the frames around it; none is the page. A frame that is interrupted is two."""


@dataclass(frozen=True, eq=False)
class Piece:
    """An item of the chain, or a region as if it were one; `members` are its items. Lengths in points.

    `skips` are a region's links that lead past other items of it.
    """

    item: Item
    members: range
    length: float
    need: float
    lanes: Lanes | None = None
    skips: frozenset[Link] = frozenset()


class Pieces:
    """All pieces of a chain, and how the links between them run.

    `forward` lead from one piece to the next along the axis; `beside` run beside chain items alone, within one frame;
    all others, `outside`, run beyond the far side of whatever they pass.
    """

    def __init__(
        self,
        items: Sequence[Item],
        links: Sequence[Link],
        lengths: Sequence[float],
        needs: Sequence[float],
        spacing: Spacing,
    ) -> None:
        self.items, self.links = items, links
        self.containers, self.surroundings = _containers(items)
        found = _runs(items)
        self.of = [number for number, members in enumerate(found) for _ in members]
        self.inside: defaultdict[int, list[Link]] = defaultdict(list)
        self.forward: dict[Link, None] = {}
        self.beside: list[Link] = []
        self.outside: list[Link] = []
        self.feet = self._feet()
        self._sort(found)
        self.all = [self._piece(number, members, lengths, needs, spacing) for number, members in enumerate(found)]

    def ends(self, link: Link) -> Link:
        """From which piece to which."""
        return self.of[link[0]], self.of[link[1]]

    def start(self, item: int) -> int:
        """The first item of an item's piece."""
        return self.all[self.of[item]].members.start

    def container(self, link: Link) -> Container:
        """The innermost frame that is around both ends of a link and all between them."""
        source, target = (self.containers[end] for end in link)
        return tuple(one for one, other in zip(source, target, strict=False) if one == other)

    def _feet(self) -> dict[int, int]:
        """Of each region the item that the next piece reads, the last one where there are several."""
        feet: dict[int, int] = {}
        for source, target in self.links:
            here, there = self.ends((source, target))
            if self.items[source].region and there == here + 1:
                feet[here] = max(feet.get(here, source), source)
        return feet

    def _sort(self, found: Sequence[range]) -> None:
        passed = list(accumulate((bool(self.items[members.start].region) for members in found), initial=0))
        heads: set[int] = set()
        for link in self.links:
            here, there = self.ends(link)
            if here == there:
                self.inside[here].append(link)
            elif there == here + 1 and self.feet.get(here, link[0]) == link[0] and there not in heads:
                self.forward[link] = None
                heads.add(there)
            elif passed[there + 1] == passed[here] and self.surroundings[link[0]] == self.surroundings[link[1]]:
                self.beside.append(link)
            else:
                self.outside.append(link)

    def _piece(
        self, number: int, members: range, lengths: Sequence[float], needs: Sequence[float], spacing: Spacing
    ) -> Piece:
        first = self.items[members.start]
        if not first.region:
            return Piece(first, members, lengths[members.start], needs[members.start])
        start = members.start
        local = [(source - start, target - start) for source, target in self.inside[number]]
        skips = past(local)
        region = Region(
            lengths=tuple(lengths[start : members.stop]),
            needs=tuple(needs[start : members.stop]),
            edges=tuple(local),
            skips=frozenset(skips),
            head=next((link[1] - start for link in self.forward if link[1] in members), None),
            foot=self.feet[number] - start if number in self.feet else None,
            entering=tuple((source - start, target - start) for source, target in self.outside if target in members),
            leaving=tuple(sorted({source - start for source, _ in self.outside if source in members})),
        )
        placed = lanes(region, Gaps(spacing.gap))
        item = Item(first.region, first.unit, first.around, region=first.region)
        whole = frozenset((source + start, target + start) for source, target in skips)
        return Piece(item, members, placed.length, 0.0, placed, whole)


def _runs(items: Sequence[Item]) -> list[range]:
    """The items of each piece."""
    runs = []
    start = 0
    for _, members in groupby(range(len(items)), key=lambda index: items[index].region or index):
        end = start + len(list(members))
        runs.append(range(start, end))
        start = end
    return runs


def _containers(items: Sequence[Item]) -> tuple[list[Container], list[int]]:
    """The frames around each item, and a number that changes wherever they do."""
    containers: list[Container] = []
    surroundings: list[int] = []
    before: tuple[Frame, ...] = ()
    count = 0
    for item in items:
        around = item.around
        if around != before or not containers:
            shared = 0
            while shared < min(len(around), len(before)) and around[shared] == before[shared]:
                shared += 1
            last = containers[-1] if containers else ()
            containers.append((*last[:shared], *range(count, count + len(around) - shared)))
            count += len(around) - shared
            surroundings.append(surroundings[-1] + 1 if surroundings else 0)
        else:
            containers.append(containers[-1])
            surroundings.append(surroundings[-1])
        before = around
    return containers, surroundings
