"""Layers that runtimes compute together: a convolution with its padding, normalization and activation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncli.graph import Node
from cnncli.graph.roles import KERNELS


def fused(nodes: Sequence[Node]) -> list[list[Node]]:
    """Each convolution or dense layer with the padding before it and what folds into it behind it; others alone.

    The nodes are those of a graph or of a part of it, which what is fused does not leave.
    """
    groups: list[list[Node]] = []
    readers: dict[int, list[Node]] = {node.index: [] for node in nodes}
    for node in nodes:
        for source in node.inputs:
            if source.index in readers:
                readers[source.index].append(node)
    for node in nodes:
        if groups and _joins(node, groups[-1], readers):
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups


def leader(group: Sequence[Node]) -> Node:
    """The layer that the others belong to."""
    return next((node for node in group if node.role in KERNELS), group[0])


def _joins(node: Node, group: Sequence[Node], readers: Mapping[int, Sequence[Node]]) -> bool:
    last = group[-1]
    if node.inputs != (last,) or len(readers[last.index]) != 1 or node.scope != last.scope:
        return False
    if node.role in KERNELS:
        return last.layer.pads
    return node.layer.folds and leader(group).role in KERNELS
