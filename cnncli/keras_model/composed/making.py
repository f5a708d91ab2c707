"""What all that is composed is made with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.graph import UNKNOWN, Node, Shape

Composed = Callable[[Any, Node, list[Any]], Any]
"""`composed(keras, node, inputs)` applies the layers to the inputs' tensors and returns the output's."""

Choose = Callable[[Node], "Composed | None"]
"""What makes a node's layers, None where they cannot be made: of what is not known, or has no counterpart in Keras."""


def always(make: Composed) -> Choose:
    """Of a kind of nodes that can always be made."""
    return lambda node: make


def options(node: Node) -> Any:
    """The node's layer, of whatever kind it is."""
    return node.layer


def named(keras: Any, node: Node, tensor: Any) -> Any:
    """What operations gave, as the output of a layer that is called as the node: it does nothing."""
    return keras.layers.Identity(name=node.name)(tensor)


def led_by_ones(keras: Any, tensor: Any, rank: int) -> Any:
    """A tensor of so many axes behind the batch's: a shorter shape is led by ones."""
    for _ in range(rank + 1 - len(tensor.shape)):
        tensor = keras.ops.expand_dims(tensor, 1)
    return tensor


def is_known(*shapes: Shape) -> bool:
    """Whether all sizes are known."""
    return not any(size is UNKNOWN for shape in shapes for size in shape)
