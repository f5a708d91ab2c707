"""Grouping nodes by scope: the one way in which tables and diagrams become coarser."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from cnncli.graph.graph import Graph, Node, Scope
from cnncli.graph.layer import Shape

STAGE, BLOCK = 1, 2
"""The depths of the architectures' own scopes: stem, stage1, head; and stage1.block1."""


@dataclass(frozen=True, eq=False)
class Group:
    """Consecutive nodes of one scope, or a single node. Costs are the sums over its nodes."""

    name: str
    scope: Scope
    nodes: tuple[Node, ...]
    kind: str = ""

    @cached_property
    def sources(self) -> tuple[Node, ...]:
        """The nodes outside the group that it reads, in the order of reading."""
        inside = {node.index for node in self.nodes}
        found = {source.index: source for node in self.nodes for source in node.inputs if source.index not in inside}
        return tuple(found.values())

    @property
    def shape(self) -> Shape:
        """The output's (height, width, channels)."""
        return self.nodes[-1].shape

    @cached_property
    def params(self) -> int:
        return sum(node.params for node in self.nodes)

    @cached_property
    def trainable_params(self) -> int:
        return sum(node.trainable_params for node in self.nodes)

    @cached_property
    def macs(self) -> int:
        return sum(node.macs for node in self.nodes)

    @cached_property
    def flops(self) -> int:
        return sum(node.flops for node in self.nodes)


def fold(graph: Graph, depth: int | None) -> list[Group]:
    """Group consecutive nodes whose scopes agree to `depth` (1: stages, 2: blocks; None: every node by itself).

    A node outside of every scope, such as the input, is always a group by itself.
    """
    if depth is None:
        return [_single(node) for node in graph.nodes]
    groups: list[Group] = []
    for scope, nodes in groupby(graph.nodes, key=lambda node: node.scope[:depth]):
        groups.extend([_scoped(graph, scope, nodes)] if scope else map(_single, nodes))
    return groups


def _single(node: Node) -> Group:
    return Group(node.name, node.scope, (node,))


def _scoped(graph: Graph, scope: Scope, nodes: Iterable[Node]) -> Group:
    return Group(".".join(scope), scope, tuple(nodes), graph.kinds.get(scope, ""))
