"""A chain as runs: items one behind the other, and regions whose items stand side by side; how links lead through them.

Known of the chain alone, before anything has a size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, groupby

from cnncli.diagram.chain import Frame, Item, Link
from cnncli.diagram.lanes.regions import past

Container = tuple[int, ...]
"""A frame by its number and those of the frames around it; none is the page. A frame that is interrupted is two."""


class Runs:
    """The items of each run, in `members`, and how the links between runs lead.

    `forward` lead from one run to the next along the axis; `beside` run beside chain items alone, within one frame;
    all others, `outside`, run beyond the far side of whatever they pass. `inside` are those of each region.
    """

    def __init__(self, items: Sequence[Item], links: Sequence[Link]) -> None:
        self.items, self.links = items, links
        self.members = _members(items)
        self.of = [number for number, members in enumerate(self.members) for _ in members]
        self.containers, self.surroundings = _containers(items)
        self.feet = self._feet()
        self.heads: dict[int, int] = {}
        self.inside: defaultdict[int, list[Link]] = defaultdict(list)
        self.forward: dict[Link, None] = {}
        self.beside: list[Link] = []
        self.outside: list[Link] = []
        self._sort()

    def ends(self, link: Link) -> Link:
        """From which run to which."""
        return self.of[link[0]], self.of[link[1]]

    def start(self, item: int) -> int:
        """The first item of an item's run."""
        return self.members[self.of[item]].start

    def container(self, link: Link) -> Container:
        """The innermost frame that is around both ends of a link and all between them."""
        source, target = (self.containers[end] for end in link)
        return tuple(one for one, other in zip(source, target, strict=False) if one == other)

    @cached_property
    def skips(self) -> set[Link]:
        """The links that lead past items: in a region those beside which there is another way."""
        found = {*self.beside, *self.outside}
        for links in self.inside.values():
            found |= past(links)
        return found

    def _feet(self) -> dict[int, int]:
        """Of each region the item that the next run reads, the last one where there are several."""
        feet: dict[int, int] = {}
        for source, target in self.links:
            here, there = self.ends((source, target))
            if self.items[source].region and there == here + 1:
                feet[here] = max(feet.get(here, source), source)
        return feet

    def _sort(self) -> None:
        passed = list(accumulate((bool(self.items[members.start].region) for members in self.members), initial=0))
        for link in self.links:
            here, there = self.ends(link)
            if here == there:
                self.inside[here].append(link)
            elif there == here + 1 and self.feet.get(here, link[0]) == link[0] and there not in self.heads:
                self.forward[link] = None
                self.heads[there] = link[1]
            elif passed[there + 1] == passed[here] and self.surroundings[link[0]] == self.surroundings[link[1]]:
                self.beside.append(link)
            else:
                self.outside.append(link)


def _members(items: Sequence[Item]) -> list[range]:
    found = []
    start = 0
    for _, members in groupby(range(len(items)), key=lambda index: items[index].region or index):
        end = start + len(list(members))
        found.append(range(start, end))
        start = end
    return found


def _containers(items: Sequence[Item]) -> tuple[list[Container], list[int]]:
    """The frames around each item, and a number that changes wherever they do."""
    containers: list[Container] = []
    surroundings: list[int] = []
    before: tuple[Frame, ...] = ()
    count = number = 0
    for item in items:
        if item.around != before or not containers:
            shared = 0
            while shared < min(len(item.around), len(before)) and item.around[shared] == before[shared]:
                shared += 1
            last = containers[-1] if containers else ()
            containers.append((*last[:shared], *range(count, count + len(item.around) - shared)))
            count += len(item.around) - shared
            number += 1
            before = item.around
        else:
            containers.append(containers[-1])
        surroundings.append(number)
    return containers, surroundings
