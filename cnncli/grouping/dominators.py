"""Where every path to a node must pass: the dominators of a graph without cycles, each in logarithmic time.

The nodes that every path from an input to a node passes form a tree, in which the parent of a node is the last of them.
That parent is what the nodes it reads have in common (Cooper, Harvey and Kennedy 2001); in an order of computing one
pass finds all. Two nodes' nearest common ancestor is found by jumps, as Myers's "An applicative random-access stack"
(1983) lays them: each node knows its parent and one far ancestor, such that the way up is logarithmic.

Of the residual block `a -> conv -> add, a -> add` the parent of `add` is `a`: there the block begins.
"""

from __future__ import annotations

from collections.abc import Sequence

ROOT = -1
"""The parent of what reads nothing, and of what has no common ancestor: no node."""


class Dominators:
    """The tree by index. Nodes come in an order of computing."""

    def __init__(self, sources: Sequence[Sequence[int]]) -> None:
        self.parents: list[int] = []
        self.depths: list[int] = []
        self._jumps: list[int] = []
        for read in sources:
            parent = read[0] if read else ROOT
            for other in read[1:]:
                parent = self.common(parent, other)
            self._append(parent)

    def _append(self, parent: int) -> None:
        self.parents.append(parent)
        self.depths.append(self.depth(parent) + 1)
        jump = self._jump(parent)
        far = self._jump(jump)
        even = self.depth(parent) - self.depth(jump) == self.depth(jump) - self.depth(far)
        self._jumps.append(far if even and parent != ROOT else parent)

    def depth(self, node: int) -> int:
        return 0 if node == ROOT else self.depths[node]

    def _jump(self, node: int) -> int:
        return ROOT if node == ROOT else self._jumps[node]

    def common(self, one: int, other: int) -> int:
        """The last node that every path to either passes; ROOT if there is none."""
        if self.depth(one) < self.depth(other):
            one, other = other, one
        one = self._lifted(one, self.depth(other))
        while one != other:
            if self._jump(one) != self._jump(other):
                one, other = self._jump(one), self._jump(other)
            else:
                one, other = self.parents[one], self.parents[other]
        return one

    def _lifted(self, node: int, depth: int) -> int:
        while self.depth(node) > depth:
            jump = self._jump(node)
            node = jump if self.depth(jump) >= depth else self.parents[node]
        return node
