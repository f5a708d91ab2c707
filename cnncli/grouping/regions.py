"""Where paths part and meet again: a residual block, a gate, parallel branches.

A region begins behind its entry, the last node that all its paths come from (its exit's dominator), and ends at its
exit, where they meet; it holds all that lies between. Of `a -> conv -> add, a -> add` the entry is `a`, the nodes are
`conv` and `add`. Regions lie in each other or apart, as brackets do: a squeeze-and-excitation gate lies in its block,
what U-Net's long links join lies around its levels. What a region is decides whether it is a block:

- the product of two paths is a gate (squeeze-and-excitation), or an activation spelt out (`x * sigmoid(x)`); other
  operations of two tensors are arithmetic: both are parts of something;
- a sum or a concatenation is a block, unless it goes around several blocks in a row, or down to a smaller map and back
  up, as U-Net's links: then the blocks are within.

A region whose inside is read from outside, as by a detector's heads, is one all the same.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from itertools import pairwise

from cnncli.graph import Role
from cnncli.graph.roles import KERNELS
from cnncli.grouping.dominators import ROOT, Dominators
from cnncli.grouping.wiring import Wiring

MOST_NODES = 200
"""More than any block has by itself, without the regions in it: what is larger is no block but a network."""
MOST_KERNELS = 24
"""Of a block: NASNet's cells, the largest that are drawn as one, have about twenty."""
NEVER = -1


@dataclass(eq=False)
class Region:
    """`own` are its nodes that lie in no region within it, the exit among them, in the graph's order.

    `size` counts its nodes with those of the regions within; `kernels` too, but not those of gates; `deepest` is the
    scale of its smallest map.
    """

    entry: int
    exit: int
    own: list[int]
    within: list[Region]
    size: int = 0
    kernels: int = 0
    deepest: float = 0.0
    parent: Region | None = None
    members: list[int] = field(default_factory=list)

    def nodes(self) -> list[int]:
        """All nodes, in the graph's order."""
        if not self.members:
            found, left = list(self.own), list(self.within)
            while left:
                region = left.pop()
                found += region.own
                left += region.within
            self.members = sorted(found)
        return self.members


class Regions:
    """All regions of a graph, the inner ones before those around them."""

    def __init__(self, wiring: Wiring, dominators: Dominators) -> None:
        self.wiring, self.dominators = wiring, dominators
        self.all: list[Region] = []
        self._owner: list[int] = [NEVER] * len(wiring.nodes)  # the number of the innermost region of a node
        self._around: list[int] = []  # union-find: of a region the number of one around it, or its own
        for node, sources in enumerate(wiring.sources):
            if len(sources) > 1 and dominators.parents[node] != ROOT:
                self._add(node)

    def _add(self, exit_: int) -> None:
        found = self._between(self.dominators.parents[exit_], exit_)
        if found is None:
            return
        own, within = found
        region = Region(self.dominators.parents[exit_], exit_, sorted(own), [self.all[each] for each in within])
        number = len(self.all)
        self.all.append(region)
        self._around.append(number)
        for node in own:
            self._owner[node] = number
        for each in within:
            self._around[each] = number
            self.all[each].parent = region
        self._measure(region)

    def _between(self, entry: int, exit_: int) -> tuple[list[int], list[int]] | None:
        """Nodes and regions from the exit back to the entry; None where there are too many, or where they overlap."""
        own, within, left = {exit_: None}, dict[int, None](), [*self.wiring.sources[exit_]]
        while left:
            node = left.pop()
            if node == entry or node in own:
                continue
            if self._owner[node] == NEVER:
                own[node] = None
                left += self.wiring.sources[node]
            else:
                number = self._outermost(self._owner[node])
                if self.dominators.depth(self.all[number].entry) < self.dominators.depth(entry):
                    return None
                if number not in within:
                    within[number] = None
                    left.append(self.all[number].entry)
            if len(own) + len(within) > MOST_NODES:
                return None
        return list(own), sorted(within)

    def _outermost(self, number: int) -> int:
        around = self._around
        while around[number] != number:
            around[number] = around[around[number]]
            number = around[number]
        return number

    def _measure(self, region: Region) -> None:
        nodes, scales = self.wiring.nodes, self.wiring.scales
        parts = [each for each in region.within if not self.is_gate(each)]
        region.size = len(region.own) + sum(each.size for each in region.within)
        region.kernels = sum(nodes[each].role in KERNELS for each in region.own) + sum(each.kernels for each in parts)
        finite = [scales[each] for each in region.own if scales[each] != float("inf")]
        region.deepest = max([*finite, *(each.deepest for each in parts)], default=0.0)

    # What regions are.

    def is_gate(self, region: Region) -> bool:
        """Whether a map is multiplied by what was computed of it."""
        return self.wiring.nodes[region.exit].layer.combines == "product"

    def is_arithmetic(self, region: Region) -> bool:
        """Whether it is a function of its entry alone, without kernels: an activation or a normalization spelt out."""
        nodes = self.wiring.nodes
        works = KERNELS | {Role.POOLING}
        return not region.kernels and not any(nodes[each].role in works for each in region.nodes())

    def joins(self, region: Region) -> bool:
        """Whether paths are added or laid behind each other, and none of them is a mere function."""
        exit_ = self.wiring.nodes[region.exit]
        return exit_.role is Role.MERGING and exit_.layer.combines != "product" and bool(region.kernels)

    def grows(self, region: Region) -> bool:
        """Whether it is a dense block's further layer: all that was concatenated before it, and one more."""
        joined = [each for each in region.within if self.joins(each)]
        if len(joined) != 1 or joined[0].entry != region.entry or not self.joins(region):
            return False
        before, after = self.wiring.sources[joined[0].exit], self.wiring.sources[region.exit]
        combined = self.wiring.nodes[region.exit].layer.combines + self.wiring.nodes[joined[0].exit].layer.combines
        return not combined and set(before) < set(after)

    def is_block(self, region: Region) -> bool:
        if not self.joins(region) or region.kernels > MOST_KERNELS or self.grows(region):
            return False
        nodes, scales = self.wiring.nodes, self.wiring.scales
        if len(nodes[region.entry].shape) != len(nodes[region.exit].shape) or self._is_list(region):
            return False
        ends = max(scales[region.entry], scales[region.exit])
        if region.deepest > 1.01 * ends:  # down and up again
            return False
        return not self._goes_around_a_row(region)

    def _is_list(self, region: Region) -> bool:
        """Whether what is concatenated are no channels, but as a detector's boxes."""
        exit_ = self.wiring.nodes[region.exit]
        return not exit_.layer.combines and all(exit_.shape[-1:] == each.shape[-1:] for each in exit_.inputs)

    def _goes_around_a_row(self, region: Region) -> bool:
        """Whether two blocks lie one behind the other in it."""
        inner = [each for each in region.within if self.joins(each) and not self._is_ghost(each)]
        common = self.dominators.common
        return any(common(one.exit, other.entry) == one.exit for one, other in pairwise(inner))

    def _is_ghost(self, region: Region) -> bool:
        """Whether what one depthwise convolution makes of features is laid beside them: GhostNet's part of a block."""
        nodes, exit_ = self.wiring.nodes, region.exit
        beside = not nodes[exit_].layer.combines and region.entry in self.wiring.sources[exit_]
        return beside and region.kernels == 1 and any(nodes[each].role is Role.DEPTHWISE for each in region.own)


def blocks(regions: Regions, taken: Set[int] = frozenset()) -> list[list[int]]:
    """The nodes of the regions that are blocks, the outermost of those that lie in each other, and of dense layers.

    None of them is among those that are `taken`.
    """
    found, inside = [], set[int]()
    for region in reversed(regions.all):
        if region.parent is not None and id(region.parent) in inside:
            inside.add(id(region))
        elif regions.is_block(region) and taken.isdisjoint(region.nodes()):
            inside.add(id(region))
            found.append(region.nodes())
        elif regions.grows(region):
            found.append(_grown(regions, region, inside))
    return found[::-1]


def _grown(regions: Regions, region: Region, inside: set[int]) -> list[int]:
    """What a dense block's further layer adds to those before it."""
    added = list(region.own)
    for each in region.within:
        if not regions.joins(each):
            inside.add(id(each))
            added += each.nodes()
    return sorted(added)
