"""A graph of which training leaves a part as it is."""

from __future__ import annotations

from copy import copy

from cnncli.graph.graph import Graph


def frozen(graph: Graph, count: int) -> Graph:
    """A copy whose first `count` layers are not trained, as after `layer.trainable = False` in Keras."""
    found = copy(graph)
    for node in found.nodes[:count]:
        node.given = tuple(weight._replace(trainable=False) for weight in node.weights)
    return found
