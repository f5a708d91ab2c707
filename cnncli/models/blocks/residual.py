"""What is added to its own input, and what scales it."""

from __future__ import annotations

from collections.abc import Iterable

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layers import Add, Multiply


def residual(graph: Graph, shortcut: Node, x: Node) -> Node:
    return graph.add(Add(), shortcut, x, name="add")


def squeeze_excite(graph: Graph, x: Node, gate: Iterable[tuple[str, Layer]]) -> Node:
    """Each channel scaled by a gate computed from all channels' means (Hu et al. 2018).

    `gate` names the layers that lead from the map to the gates, the global pooling first.
    """
    with graph.scope("squeeze_excite"):
        gates = x
        for name, layer in gate:
            gates = graph.add(layer, gates, name=name)
        return graph.add(Multiply(), x, gates, name="excite")
