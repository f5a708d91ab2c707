"""What is added to its own input (He et al. 2015)."""

from __future__ import annotations

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Add


def residual(graph: Graph, shortcut: Node, x: Node) -> Node:
    return graph.add(Add(), shortcut, x, name="add")
