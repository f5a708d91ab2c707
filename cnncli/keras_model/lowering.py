"""From the graph to Keras: no code per layer, for the graph's layers carry Keras's own names and arguments."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cnncli.graph import Graph, Node
from cnncli.graph.layers import VarianceScaling
from cnncli.keras_model.backend import import_keras, uncollected


@uncollected()
def lower(graph: Graph) -> Any:
    """The functional keras.Model of a graph: stock layers only, one a node, named as the nodes, freshly initialized.

    The model carries the graph's name as far as TensorFlow takes it. Raises MachineError without TensorFlow.
    """
    keras = import_keras()
    tensors: dict[int, Any] = {}
    with _channels_last(keras):
        for node in graph.nodes:
            tensors[node.index] = _apply(keras, node, [tensors[source.index] for source in node.inputs])
    inputs = [tensors[node.index] for node in graph.inputs]
    outputs = [tensors[node.index] for node in graph.outputs]
    return keras.Model(_single(inputs), _single(outputs), name=keras_name(graph.name))


def keras_name(reference: str) -> str:
    """A reference in the characters that TensorFlow takes for a scope: `v1:alpha=0.5` as `v1_alpha_0.5`."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", reference)


def _apply(keras: Any, node: Node, inputs: list[Any]) -> Any:
    config = {name: _argument(keras, value) for name, value in node.layer.config().items()}
    if node.type == "InputLayer":
        return keras.Input(name=node.name, **config)
    return getattr(keras.layers, node.type)(name=node.name, **config)(_single(inputs))


def _argument(keras: Any, value: Any) -> Any:
    if isinstance(value, VarianceScaling):
        return keras.initializers.VarianceScaling(**dataclasses.asdict(value))
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
