"""From the graph to Keras: no code per layer, for the graph's layers carry Keras's own names and arguments.

The few that Keras lacks are made of several of its own in `composed`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Set
from contextlib import contextmanager
from typing import Any

from cnncli.errors import UsageError
from cnncli.graph import UNKNOWN, Graph, Layer, Node, Role
from cnncli.graph.layers import LAYERS, VarianceScaling
from cnncli.keras_model.backend import import_keras, uncollected
from cnncli.keras_model.composed import composed
from cnncli.keras_model.initial import initial_weights


@uncollected()
def lower(graph: Graph, *, drawn: bool = True) -> Any:
    """The functional keras.Model of a graph: Keras's layers only, one a node but for those of `composed` (where a
    node shares another's weights, that one's), named as the nodes, freshly initialized.

    Where weights are to be loaded, none need be `drawn`: what would be random is zero.

    The model carries the graph's name as far as TensorFlow takes it. Raises MachineError without TensorFlow, UsageError
    for a layer that Keras lacks.
    """
    keras = import_keras()
    tensors: dict[int, Any] = {}
    layers: dict[int, Any] = {}
    names = {node.name for node in graph.nodes}
    with _channels_last(keras), initial_weights(keras, drawn=drawn):
        for node in graph.nodes:
            inputs = [tensors[source.index] for source in node.inputs] or list(tensors.values())[:1]
            if node.role is Role.INPUT:
                sizes = [None if size is UNKNOWN else size for size in node.shape]
                tensors[node.index] = keras.Input(sizes, name=node.name, dtype=node.dtype)
                continue
            make = composed(node)
            if make:
                tensors[node.index] = make(keras, node, inputs)
                _name_operations(keras, node, inputs, tensors[node.index], names)
                continue
            layer = layers[node.shares.index] if node.shares else _layer(keras, node)
            layers[node.index] = layer
            tensors[node.index] = layer(_single(inputs))
    inputs = [tensors[node.index] for node in graph.inputs]
    outputs = [tensors[node.index] for node in graph.outputs]
    return keras.Model(_single(inputs), _single(outputs), name=keras_name(graph.name))


def _name_operations(keras: Any, node: Node, inputs: list[Any], output: Any, taken: Set[str]) -> None:
    """Have operations between a node's layers no layer's name: Keras calls them by what they do and a number."""
    ends, seen, left = {id(each) for each in inputs}, set[int](), [output]
    while left:
        tensor = left.pop()
        if id(tensor) in ends or id(tensor) in seen:
            continue
        seen.add(id(tensor))
        operation, number, _ = tensor._keras_history
        if operation.name in taken and not isinstance(operation, keras.layers.Layer):
            operation.name = f"{node.name}.{operation.name}"
        left += operation._inbound_nodes[number].input_tensors


def lowers(node: Node) -> bool:
    """Whether there are Keras layers for a node: else the graph that has it cannot be built."""
    return node.role is Role.INPUT or composed(node) is not None or _is_of_keras(node)


def _is_of_keras(node: Node) -> bool:
    """Whether Keras has the layer, and the weights that a file gives for it are those that Keras's layer has."""
    if LAYERS.get(node.type) is not type(node.layer):
        return False
    shapes = [weight.shape for weight in node.layer.weights(*node.input_shapes)]
    return node.given is None or [weight.shape for weight in node.given] == shapes


def keras_name(reference: str) -> str:
    """A reference in the characters that TensorFlow takes for a scope: `v1:alpha=0.5` as `v1_alpha_0.5`."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", reference)


def _layer(keras: Any, node: Node) -> Any:
    if not _is_of_keras(node):
        raise UsageError(f"{node.name}: there is no Keras layer {node.type}, so that the network cannot be built")
    config = {name: _argument(keras, value) for name, value in node.layer.config().items()}
    return getattr(keras.layers, node.type)(name=node.name, **config)


def _argument(keras: Any, value: Any) -> Any:
    if isinstance(value, VarianceScaling):
        return keras.initializers.VarianceScaling(**dataclasses.asdict(value))
    if isinstance(value, Layer):  # one that another applies, as TimeDistributed does
        config = {name: _argument(keras, each) for name, each in value.config().items()}
        return getattr(keras.layers, value.type)(**config)
    return value


def _single(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


@contextmanager
def _channels_last(keras: Any) -> Iterator[None]:
    """The graph's shapes end with the channels, whatever the user's keras.json says."""
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_image_data_format(before)
