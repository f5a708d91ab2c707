"""Which Keras layer holds the weights of a node, and their values: that of its name but for what Keras lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cnncli.graph import Graph, Node


class Holder(NamedTuple):
    """A Keras layer by its class, and its name behind the node's."""

    type: str
    suffix: str = ""


HOLDERS = {
    "Constant": Holder("Embedding", ".constant"),
    "Elementwise": Holder("Embedding", ".constant"),
    "GlobalResponseNormalization": Holder("DepthwiseConv2D", ".affine"),
    "RadialBasis": Holder("Dense", ".codes"),
    "Subsampling2D": Holder("DepthwiseConv2D"),
}
"""Of what `composed` makes of several, by the class of the node's layer; its weights are the node's, in their order."""


def holder(node: Node) -> Holder:
    return HOLDERS.get(type(node.layer).__name__) or Holder(node.type)


def arrays(graph: Graph, model: Any) -> Mapping[str, Sequence[Any]]:
    """The values of the weights of each node, by its name, in the graph's order and shapes, of the graph's model."""
    import numpy

    found = {}
    for node in graph.nodes:
        if node.shares or not node.weights:
            continue
        held = model.get_layer(node.name + holder(node).suffix).weights
        shaped = zip(held, node.weights, strict=True)
        found[node.name] = [numpy.asarray(variable.value).reshape(weight.shape) for variable, weight in shaped]
    return found
