"""Gates: what a block computes of all cells of a map, to multiply its channels by."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.graph.graph import Node
from cnncli.graph.roles import Role


def gated(nodes: Sequence[Node]) -> set[int]:
    """The nodes between a global pooling layer and the product that it ends in, that among them."""
    found: set[int] = set()
    behind: set[int] = set()
    for node in nodes:
        read = {source.index for source in node.inputs}
        if node.layer.combines == "product" and read & behind and read - behind:
            found |= behind | {node.index}
            behind = set()
        elif node.layer.pools_globally or _pools_all(node) or read & behind:
            behind.add(node.index)
    return found


def _pools_all(node: Node) -> bool:
    """Whether a map becomes one cell by pooling of another kind."""
    if node.role is not Role.POOLING or len(node.inputs) != 1 or len(node.inputs[0].shape) != 3:
        return False
    return node.shape == node.inputs[0].shape[-1:] or node.shape[:-1] == (1, 1)
