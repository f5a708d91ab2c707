"""Cells: blocks that read the outputs of the two before them, as networks found by search have them (NASNet, DARTS).

Such a block is no region: what all paths to its end come from lies far before it. What tells it is its end: a
concatenation through which alone everything that is computed in the cell goes on. The output of a cell lies in no
other, for two read it; that of the last but one, which only the last reads, is known as a cell's before the last is
looked at.
"""

from __future__ import annotations

from cnncli.graph import Role
from cnncli.graph.roles import KERNELS
from cnncli.grouping.regions import MOST_KERNELS, MOST_NODES
from cnncli.grouping.wiring import Wiring

FEWEST = 3
"""Cells of a network that has any: fewer may be anything with two inputs."""
FEWEST_SUMS = 2
"""Of a cell, which concatenates what it has added in pairs."""
SOURCES = 2
"""What a cell reads from outside."""


def cells(wiring: Wiring) -> list[list[int]]:
    """The nodes of each cell, in the graph's order."""
    found: list[list[int]] = []
    ends = set[int]()
    for node in range(len(wiring.nodes)):
        members = _ending_in(wiring, node, ends) if _concatenates(wiring, node) else set()
        if _is_cell(wiring, members):
            found.append(sorted(members))
            ends.add(node)
    return found if len(found) >= FEWEST else []


def _concatenates(wiring: Wiring, index: int) -> bool:
    node = wiring.nodes[index]
    return node.role is Role.MERGING and not node.layer.combines and len(node.shape) == 3


def _ending_in(wiring: Wiring, end: int, ends: set[int]) -> set[int]:
    """The nodes that nothing reads but each other and the end, up to other ends; none where they are too many."""
    members = {end}
    left = [*wiring.sources[end]]
    while left:
        node = left.pop()
        if node in members or node in ends or not members.issuperset(wiring.readers[node]):
            continue  # one that others read too comes again with its last reader
        members.add(node)
        left += wiring.sources[node]
        if len(members) > MOST_NODES:
            return set()
    return members


def _is_cell(wiring: Wiring, members: set[int]) -> bool:
    """Whether it adds pairs and reads what two others put out."""
    nodes = [wiring.nodes[each] for each in members]
    if sum(node.layer.combines == "sum" for node in nodes) < FEWEST_SUMS:
        return False
    kernels = sum(node.role in KERNELS for node in nodes)
    outside = {source for each in members for source in wiring.sources[each]} - members
    return 1 < kernels <= MOST_KERNELS and len(outside) == SOURCES
