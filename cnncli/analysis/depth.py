"""How many convolutions lie behind each other."""

from __future__ import annotations

from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph import Graph
from cnncli.graph.roles import CONVOLUTIONS, Role


def convolution_depth(graph: Graph) -> Any:
    """Convolutions on the longest path from the input to the last feature map.

    As for the receptive field a branch that was pooled globally has left the map: gates and classifiers are not in it.
    UNKNOWN where nothing reads an input, as in a table of weights.
    """
    if not any(node.role is Role.INPUT for node in graph.nodes):
        return UNKNOWN
    depths: list[int | None] = []
    last = 0
    for node in graph.nodes:
        before = [depth for each in node.inputs if (depth := depths[each.index]) is not None]
        on_map = node.window is not None and (before or not node.inputs)
        depth = max(before, default=0) + (node.role in CONVOLUTIONS) if on_map else None
        depths.append(depth)
        last = last if depth is None else depth
    return last
