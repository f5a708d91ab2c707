"""Which Keras layer holds the weights of a node: that of its name but for what Keras lacks. And all that hold some.

Told of the graph alone, so that a file of weights is held against a network without Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layer import snake_case
from cnncli.graph.layers import Dense, DepthwiseConv2D, Embedding
from cnncli.keras_model.nested import Shapes
from cnncli.keras_model.order import operations


class Holder(NamedTuple):
    """A Keras layer by its name behind the node's, and what it is, made of the node's layer."""

    suffix: str
    layer: Callable[[Any], Layer]


ITSELF = Holder("", lambda layer: layer)


HOLDERS = {
    "Constant": Holder(".constant", lambda layer: Embedding(1, prod(layer.shape))),
    "Elementwise": Holder(".constant", lambda layer: Embedding(1, prod(layer.constant))),
    "GlobalResponseNormalization": Holder(".affine", lambda layer: DepthwiseConv2D(1)),
    "RadialBasis": Holder(".codes", lambda layer: Dense(layer.units, use_bias=False)),
    "Subsampling2D": Holder("", lambda layer: DepthwiseConv2D(1)),
}
"""Of what `composed` makes of several, by the class of the node's layer; its weights are the node's, in their order."""

WHOLE = {"count": "int64"}
"""Weights that are whole numbers in Keras: of how many examples statistics were gathered."""


class Taker(NamedTuple):
    """A Keras layer that takes weights: its name, its class in the spelling of files, their shapes and types."""

    name: str
    kind: str
    shapes: Shapes
    dtypes: Sequence[str]


def holder(node: Node) -> Holder:
    """Of a node's weights."""
    return HOLDERS.get(type(node.layer).__name__, ITSELF)


def holder_name(node: Node) -> str:
    """The name of the Keras layer that holds a node's weights."""
    return node.name + holder(node).suffix


def takers_of_model(model: Any) -> list[Taker]:
    """The layers of a Keras model that take weights, in its order."""
    return [
        Taker(
            layer.name,
            snake_case(type(layer).__name__),
            [tuple(weight.shape) for weight in layer.weights],
            [weight.dtype for weight in layer.weights],
        )
        for layer in model.layers
        if layer.weights
    ]


def takers_of_graph(graph: Graph) -> list[Taker]:
    """The same of the model that would be lowered from a graph."""
    takers = {holder_name(node): _taker(node) for node in nodes_with_weights(graph)}
    return [takers[name] for name in operations(graph) if name in takers]


def nodes_with_weights(graph: Graph) -> list[Node]:
    """The nodes that have weights of their own."""
    return [node for node in graph.nodes if node.weights and not node.shares]


def _taker(node: Node) -> Taker:
    layer = holder(node).layer(node.layer)
    weights = node.weights if layer is node.layer else layer.weights(*node.input_shapes)
    dtypes = [WHOLE.get(weight.name, weight.dtype) for weight in weights]
    return Taker(holder_name(node), snake_case(layer.type), [weight.shape for weight in weights], dtypes)


def arrays(graph: Graph, model: Any) -> Mapping[str, Sequence[Any]]:
    """The values of the weights of each node, by its name, in the graph's order and shapes, of the graph's model."""
    import numpy

    def values(node: Node) -> list[Any]:
        return [numpy.asarray(variable.value) for variable in model.get_layer(holder_name(node)).weights]

    return by_node(graph, values)


def by_node(graph: Graph, values: Callable[[Node], Sequence[Any]]) -> Mapping[str, Sequence[Any]]:
    """The `values` that the Keras layer of each node holds, in the shapes of the node's weights."""
    return {
        node.name: [value.reshape(weight.shape) for value, weight in zip(values(node), node.weights, strict=True)]
        for node in nodes_with_weights(graph)
    }
