"""Grouping nodes by scope: the one way in which tables and diagrams become coarser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from itertools import groupby

from cnncli.graph.graph import Graph, Kind, Node, Scope
from cnncli.graph.layer import Shape
from cnncli.records import Distinct, record

STAGE, BLOCK = 1, 2
"""The depths of the architectures' own scopes: stem, stage1, head; and stage1.block1."""


@record
class Group(Distinct):
    """Consecutive nodes of one scope, or a single node.

    `number` tells which one of its like the scope is, where that is known.
    """

    name: str
    scope: Scope
    nodes: tuple[Node, ...]
    scope_kinds: Mapping[Scope, Kind]
    number: int | None = None

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """What a person would call the blocks in it, in order: one for a block, several for a stage of blocks."""
        scopes = dict.fromkeys(
            node.scope[:depth] for node in self.nodes for depth in range(len(self.scope), len(node.scope) + 1)
        )
        return tuple(self.scope_kinds[scope] for scope in scopes if scope in self.scope_kinds)

    @property
    def parent(self) -> Scope:
        """The scope that it is a part of."""
        return self.scope[:-1] if self.name == ".".join(self.scope) else self.scope

    @property
    def input_shape(self) -> Shape:
        """The first source's (height, width, channels); of the input itself, its own."""
        return self.sources[0].shape if self.sources else self.shape

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


def fold(graph: Graph, depth: int | None) -> list[Group]:
    """Group consecutive nodes whose scopes agree to `depth` (1: stages, 2: blocks; None: every node by itself).

    A node outside of every scope, such as the input, is always a group by itself.
    """
    if depth is None:
        return [_single(graph, node) for node in graph.nodes]
    runs = [(scope, tuple(nodes)) for scope, nodes in groupby(graph.nodes, key=lambda node: node.scope[:depth])]
    parts = Counter(scope for scope, _ in runs)
    divided = {scope[:length] for scope, _ in runs for length in range(len(scope))}
    groups: list[Group] = []
    folders: Mapping[str, int] | None = None  # counted where a scope is in parts, which no architecture's is
    for scope, nodes in runs:
        if not scope:
            groups.extend(_single(graph, node) for node in nodes)
        elif parts[scope] == 1 and scope not in divided:
            groups.append(Group(".".join(scope), scope, nodes, graph.kinds, graph.numbers.get(scope)))
        else:
            if folders is None:
                folders = Counter(folder for node in graph.nodes for folder in _folders(node))
            groups.append(_part(scope, nodes, folders))
    return groups


def _part(scope: Scope, nodes: tuple[Node, ...], folders: Mapping[str, int]) -> Group:
    """Layers before or behind a deeper scope in theirs: not the block that the scope names, but from layer to layer.

    Those that a file holds in a folder of their own, as Keras does a model within a model, have its name. Padding goes
    by the layer that reads it, where there is no other.
    """
    held = {node.name.rpartition(".")[0] for node in nodes}
    folder = held.pop()
    if len(nodes) > 1 and folder and not held and folders[folder] == len(nodes):
        return Group(folder, scope, nodes, {})
    named = nodes[1:] if len(nodes) == 2 and nodes[0].layer.pads else nodes
    first, last = named[0].name, named[-1].short_name
    return Group(first if len(named) == 1 else f"{first}-{last}", scope, nodes, {})


def _folders(node: Node) -> list[str]:
    """What a layer is in by its name, from the outside in: a, a.b of a.b.c."""
    parts = node.name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _single(graph: Graph, node: Node) -> Group:
    return Group(node.name, node.scope, (node,), graph.kinds)
