"""The same network in another order and in other scopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncli.graph.graph import Graph, Kind, Node, Scope


def arranged(
    graph: Graph,
    order: Sequence[int],
    scopes: Mapping[int, Scope],
    kinds: Mapping[Scope, Kind],
    numbers: Mapping[Scope, int],
) -> Graph:
    """A graph of the same layers, names, shapes and weights in `order`, an order of computing by index.

    `scopes` are by index too; a node without one stands outside of all. Weights that several nodes use are those of the
    first of them in the new order.
    """
    made = Graph(graph.name)
    made.kinds, made.numbers = dict(kinds), dict(numbers)
    made.warnings, made.remarks = list(graph.warnings), dict(graph.remarks)
    made._scopes = {scope[:depth] for scope in scopes.values() for depth in range(1, len(scope) + 1)}
    new: dict[int, Node] = {}
    owners: dict[int, Node] = {}
    for index in order:
        new[index] = _placed(made, graph.nodes[index], scopes.get(index, ()), new, owners)
    outputs = tuple(new[node.index] for node in graph.outputs)
    if graph.file_plan is not None:
        made.file_plan = graph.file_plan.renumbered({index: node.index for index, node in new.items()})
    made._outputs = () if outputs == made.leaves and not graph._outputs else outputs
    return made


def _placed(made: Graph, node: Node, scope: Scope, new: Mapping[int, Node], owners: dict[int, Node]) -> Node:
    """A node's twin at the end of the graph in the making."""
    origin = node if node.shares is None else node.shares
    given = node.given
    if given is None and node is not origin and origin.index not in owners:
        given = origin.weights  # which stand here first now
    copy = Node(
        len(made.nodes), node.name, scope, node.layer, tuple([new[source.index] for source in node.inputs]),
        node.shape, node.dtype, given, owners.get(origin.index),
    )  # fmt: skip
    owners.setdefault(origin.index, copy)
    if given:
        identities = {weight.identity for weight in given if weight.identity}
        copy.repeated = frozenset(identities & made._identities)
        made._identities |= identities
    made._names.add(node.name)
    made.nodes.append(copy)
    return copy
