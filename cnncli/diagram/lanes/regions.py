"""Where a chain of items is none: the regions whose branches are to stand side by side.

A unit in which an item is not linked to the next one is such a region. Elsewhere it is what lies between the item at
which paths divide, the nearest dominator of both (Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm",
2001), and the one at which they meet again, which belongs to it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby, pairwise

LARGEST = 200
"""Items in a region: a column never ends within one."""

Link = tuple[int, int]


def regions(units: Sequence[str], around: Sequence[Hashable], links: Sequence[Link]) -> list[range]:
    """Disjoint runs of items, by each item's unit, what is framed around it, and the links between them."""
    straight = {source for source, target in links if target == source + 1}
    breaks = [index for index in range(len(units) - 1) if index not in straight]
    if not breaks:
        return []
    found = [unit for unit in _units(units) if any(index in unit[:-1] for index in breaks)]
    found = [unit for unit in found if len(unit) <= LARGEST]
    within = {index for unit in found for index in unit[:-1]}
    found += _between(len(units), [index for index in breaks if index not in within], around, links)
    return _joined(found, around)


def _units(units: Sequence[str]) -> Iterator[range]:
    start = 0
    for _, members in groupby(units):
        end = start + len(list(members))
        yield range(start, end)
        start = end


def _between(count: int, breaks: Sequence[int], around: Sequence[Hashable], links: Sequence[Link]) -> Iterator[range]:
    """Around each break from behind the fork to the merge, where that is of limited size and within one frame."""
    if not breaks:
        return
    forks = _dominators(count, links)
    merges = _dominators(count, [(count - 1 - target, count - 1 - source) for source, target in links])
    for index in breaks:
        start = _common(forks, index, index + 1) + 1
        end = min(count - 1 - _common(merges, count - 1 - index, count - 2 - index), count - 1)
        if end - start < LARGEST and len(set(around[start : end + 1])) == 1:
            yield range(start, end + 1)


def _dominators(count: int, links: Sequence[Link]) -> list[int]:
    """The nearest dominator of each item; -1 stands before all that read nothing."""
    sources: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        sources[target].append(source)
    nearest: list[int] = []
    for before in sources:
        found = before[0] if before else -1
        for other in before[1:]:
            found = _common(nearest, found, other)
        nearest.append(found)
    return nearest


def _common(nearest: Sequence[int], one: int, other: int) -> int:
    while one != other:
        if one > other:
            one = nearest[one]
        else:
            other = nearest[other]
    return one


def _joined(found: Sequence[range], around: Sequence[Hashable]) -> list[range]:
    """Regions that share items as one, as far as they are of limited size and within one frame together."""
    result: list[range] = []
    for each in sorted(set(found), key=lambda region: (region.start, -region.stop)):
        if not result or each.start >= result[-1].stop:
            result.append(each)
            continue
        both = range(result[-1].start, max(result[-1].stop, each.stop))
        if len(both) <= LARGEST and len(set(around[both.start : both.stop])) == 1:
            result[-1] = both
    return result


def past(links: Sequence[Link]) -> set[Link]:
    """The links that lead past items: there is another way from their source to their target."""
    behind: dict[int, set[int]] = {}
    for source, target in links:
        behind.setdefault(source, set()).add(target)
    reached: dict[int, int] = {}
    for source in sorted(behind, reverse=True):
        reached[source] = 0
        for target in behind[source]:
            reached[source] |= reached.get(target, 0) | 1 << target
    return {
        (source, target)
        for source, target in links
        if any(reached.get(other, 0) >> target & 1 for other in behind[source] if other != target)
    }


def consecutive(regions: Sequence[range], count: int) -> list[tuple[range, bool]]:
    """All items as runs: each region, told by True, and between them each item by itself."""
    runs: list[tuple[range, bool]] = []
    ends = [range(0), *regions, range(count, count)]
    for before, after in pairwise(ends):
        runs += [(range(index, index + 1), False) for index in range(before.stop, after.start)]
        if len(after):
            runs.append((after, True))
    return runs
