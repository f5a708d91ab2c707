"""A part of a network as a network of its own: the layers of one scope."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.errors import UsageError
from cnncli.graph.graph import Graph, Node, Scope
from cnncli.graph.layers import InputLayer


def scopes(graph: Graph) -> list[Scope]:
    """All scopes that hold layers, in the order in which they begin, outer ones first."""
    return list(dict.fromkeys(node.scope[:depth] for node in graph.nodes for depth in range(1, len(node.scope) + 1)))


def cut(graph: Graph, scope: Scope) -> Graph:
    """The layers of a scope, with their names and scopes, behind an input for each tensor that they read from outside.

    It gives what others read of it, and what the network gives; weights that an earlier layer outside holds too are
    counted here. Raises UsageError where no layer stands in the scope.
    """
    inside = [node for node in graph.nodes if node.scope[: len(scope)] == scope]
    if not scope or not inside:
        raise UsageError(f"{graph.name} has no scope {'.'.join(scope)!r}")
    made = taken(graph, inside, f"{graph.name} {'.'.join(scope)}")
    made.kinds = {each: kind for each, kind in graph.kinds.items() if each[: len(scope)] == scope}
    made.numbers = {each: number for each, number in graph.numbers.items() if each[: len(scope)] == scope}
    return made


def taken(graph: Graph, inside: Sequence[Node], name: str) -> Graph:
    """These layers of a graph as one of its own, as `cut` says, whether they fill a scope or not."""
    made = Graph(name)
    made.kinds, made.numbers = dict(graph.kinds), dict(graph.numbers)
    new: dict[int, Node] = {}
    within = {node.index for node in inside}
    for source in (source for node in inside for source in node.inputs if source.index not in within):
        if source.index not in new:
            new[source.index] = made.add(InputLayer(source.shape), name=source.name, dtype=source.dtype)
    for node in inside:
        shares = new.get(node.shares.index) if node.shares else None
        given = node.weights if node.shares and not shares else node.given
        new[node.index] = Node(
            len(made.nodes), node.name, node.scope, node.layer, tuple(new[source.index] for source in node.inputs),
            node.shape, node.dtype, given, shares, node.repeated,
        )  # fmt: skip
        made.nodes.append(new[node.index])
    read_outside = {
        source.index for node in graph.nodes if node.index not in within for source in node.inputs
    } | {node.index for node in graph.outputs}  # fmt: skip
    made.give(*(new[node.index] for node in inside if node.index in read_outside))
    return made
