"""What a person draws as one: a convolution with its normalization and activation, a gate, a block.

An item is such a unit with its nodes; all items together hold every node once, in an order of computing. The items are
single-entry: what reads from outside is the first node alone, or all of it reads one node; or, as a cell, single-exit.
Therefore no two of them can wait for each other, and an order exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush

from cnncli.graph import Node, Role
from cnncli.graph.layer import POINT
from cnncli.graph.roles import KERNELS
from cnncli.grouping.cells import cells
from cnncli.grouping.regions import MOST_NODES, Region, Regions, blocks
from cnncli.grouping.wiring import Wiring

MOST_IN_GATE = 8
"""Kernels of a gate; what multiplies two larger parts of a network is none."""


class Sort(Enum):
    """What an item is by what it does."""

    INPUT = "input"
    BLOCK = "block"
    GATE = "gate"
    KERNEL = "kernel"
    POOLING = "pooling"
    PAD = "pad"
    CELLWISE = "cellwise"
    """Normalization and activation that no kernel is right before."""
    OTHER = "other"


@dataclass(eq=False)
class Item:
    sort: Sort
    nodes: list[int]

    @property
    def exit(self) -> int:
        """The node that the item puts out."""
        return self.nodes[-1]


class Units:
    """The items of a graph, each node in one."""

    def __init__(self, wiring: Wiring, regions: Regions) -> None:
        self.wiring, self.regions = wiring, regions
        self.home: list[Item | None] = [None] * len(wiring.nodes)
        self._parts: list[Region | None] = [None] * len(wiring.nodes)
        found = cells(wiring)
        found += blocks(regions, {node for nodes in found for node in nodes})
        for nodes in found:
            self._house(Item(Sort.BLOCK, []), nodes)
        self._find_parts()
        for index in range(len(wiring.nodes)):
            if self.home[index] is None:
                self._place(index)
        self._take_in_what_is_before()

    def items(self) -> list[Item]:
        """In an order of computing: of those that can come next, the one that begins first in the graph."""
        found = list({id(item): item for item in self.home if item is not None}.values())
        return ordered(self.wiring, found)

    def _house(self, item: Item, nodes: Sequence[int]) -> None:
        item.nodes += nodes
        for node in nodes:
            self.home[node] = item

    def _find_parts(self) -> None:
        """Mark the nodes of gates and of arithmetic that no block holds; what is larger than a block is neither."""
        for region in reversed(self.regions.all):
            large = region.size > MOST_NODES or region.kernels > MOST_IN_GATE
            if large or self.regions.joins(region) or not self._is_free(region.exit):
                continue
            nodes = region.nodes()
            if all(map(self._is_free, nodes)):
                for node in nodes:
                    self._parts[node] = region

    def _is_free(self, node: int) -> bool:
        return self.home[node] is None and self._parts[node] is None

    def _place(self, index: int) -> None:
        """Give a node its item: that of what it reads, if it follows it, or one of its own."""
        region = self._parts[index]
        if region is not None:
            self._place_region(region)
            return
        source = self.wiring.alone(index)
        item = self.home[source] if source is not None else None
        if item is not None and source == item.exit and self.wiring.reader(source) == index:
            shuffled = self._shuffle(item, index)
            if shuffled:
                self._house(item, shuffled)
                return
            if self._follows(item, self.wiring.nodes[index]):
                self._house(item, [index])
                return
            if item.sort is Sort.PAD and self.wiring.nodes[index].role in KERNELS | {Role.POOLING}:
                item.sort = sort_of(self.wiring.nodes[index])
                self._house(item, [index])
                return
        self._house(Item(sort_of(self.wiring.nodes[index]), []), [index])

    def _place_region(self, region: Region) -> None:
        """An activation that is spelt out belongs to what it is applied to, a gate is an item of its own."""
        nodes, entry = region.nodes(), self.home[region.entry]
        inside = set(nodes)
        if self.regions.is_arithmetic(region):
            ends_there = entry is not None and entry.exit == region.entry and entry.sort is not Sort.INPUT
            if ends_there and entry and inside.issuperset(self.wiring.readers[region.entry]):
                self._house(entry, nodes)
            else:
                self._house(Item(Sort.CELLWISE, []), nodes)
        else:
            self._house(Item(Sort.GATE, []), nodes)

    def _follows(self, item: Item, node: Node) -> bool:
        """Whether a node that alone reads an item's output belongs to it."""
        if item.sort in (Sort.INPUT, Sort.PAD):
            return False
        if node.role is Role.TRAINING and item.sort is Sort.BLOCK:  # dropout before a classifier
            return False
        if node.role is Role.ACTIVATION or node.layer.idle:
            return True
        return item.sort in (Sort.KERNEL, Sort.CELLWISE, Sort.GATE) and is_cellwise(node)

    def _shuffle(self, item: Item, index: int) -> list[int]:
        """The reshapes and the permutation that shuffle a block's channels and leave its shape as it was."""
        nodes, shape = self.wiring.nodes, self.wiring.nodes[item.exit].shape
        found: list[int] = []
        at: int | None = index
        while item.sort is Sort.BLOCK and at is not None and nodes[at].role is Role.SHAPING and len(found) < 3:
            found.append(at)
            if len(found) > 1 and nodes[at].shape == shape:
                return found
            at = self.wiring.reader(at)
        return []

    def _take_in_what_is_before(self) -> None:
        """Normalization and activation that only one block reads are its own: pre-activation."""
        for item in list({id(item): item for item in self.home if item is not None}.values()):
            if item.sort is not Sort.CELLWISE or not self._is_behind_something(item):
                continue
            homes = {id(self.home[reader]) for reader in self.wiring.readers[item.exit]}
            first = self.wiring.readers[item.exit][:1]
            block = self.home[first[0]] if len(homes) == 1 and first else None
            if block is not None and block.sort is Sort.BLOCK:
                nodes = sorted(item.nodes + block.nodes)
                block.nodes.clear()
                self._house(block, nodes)

    def _is_behind_something(self, item: Item) -> bool:
        """Whether it reads one item's output, and that is not the image."""
        source = self.wiring.alone(item.nodes[0])
        return source is not None and self.wiring.nodes[source].role is not Role.INPUT


def sort_of(node: Node) -> Sort:
    if node.role is Role.INPUT:
        return Sort.INPUT
    if node.role in KERNELS:
        return Sort.KERNEL
    if node.role is Role.POOLING:
        return Sort.POOLING
    if node.layer.pads:
        return Sort.PAD
    return Sort.CELLWISE if is_cellwise(node) else Sort.OTHER


def is_cellwise(node: Node) -> bool:
    """Whether a layer of one input changes each value by itself, or by statistics."""
    if len(node.inputs) != 1:
        return False
    if node.role in (Role.NORMALIZATION, Role.ACTIVATION) or node.layer.idle:
        return True
    return node.role is Role.OTHER and node.window == POINT and node.shape == node.inputs[0].shape


def ordered(wiring: Wiring, items: Sequence[Item]) -> list[Item]:
    """The items in an order of computing; where they wait for each other, which none should, as far as it goes."""
    number = {node: place for place, item in enumerate(items) for node in item.nodes}
    after: list[set[int]] = [set() for _ in items]
    waits = [0] * len(items)
    for node in wiring.nodes:
        target = number[node.index]
        for source in node.inputs:
            origin = number[source.index]
            if origin != target and target not in after[origin]:
                after[origin].add(target)
                waits[target] += 1
    ready: list[tuple[int, int]] = []
    for place, item in enumerate(items):
        if not waits[place]:
            heappush(ready, (item.nodes[0], place))
    found = []
    while ready:
        _, place = heappop(ready)
        found.append(items[place])
        for target in after[place]:
            waits[target] -= 1
            if not waits[target]:
                heappush(ready, (items[target].nodes[0], target))
    return found
