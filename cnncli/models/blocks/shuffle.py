"""Some of the channels, and the channels in another order: what moves them and computes nothing."""

from __future__ import annotations

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Permute, Reshape, Slice


def some_channels(graph: Graph, x: Node, first: int, count: int, name: str) -> Node:
    """`count` of the channels, from `first` on."""
    height, width, _ = x.shape
    return graph.add(Slice(shape=(height, width, count), begin=(0, 0, first)), x, name=name)


def channel_shuffle(graph: Graph, x: Node, groups: int) -> Node:
    """The first channel of every group, then the second of every group, and so on (Zhang et al. 2018, section 3.1).

    So each group of the next convolution reads from all groups of the last.
    """
    height, width, channels = x.shape
    with graph.scope("shuffle"):
        x = graph.add(Reshape((height, width, groups, channels // groups)), x, name="groups")
        x = graph.add(Permute((1, 2, 4, 3)), x, name="transpose")
        return graph.add(Reshape((height, width, channels)), x, name="channels")
