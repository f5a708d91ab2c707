"""Constants of a file: tensors that are no input's and no kernel's, but operands of operations.

Each is the only row of an embedding, which is looked up for every example. So it is a weight like all others: it is
saved and loaded with them, trained or not, and exact on every device; arguments of keras.ops would be written out in
the configuration, number by number.
"""

from __future__ import annotations

from math import prod
from typing import Any

from cnncli.graph import Node, Shape
from cnncli.keras_model.composed.making import Choose, Composed, is_known, options

NEUTRAL = {"Multiply": 1.0, "Divide": 1.0, "Power": 1.0}
"""What changes nothing as the other operand; of all others 0."""


def held_once(node: Node, shape: Shape) -> bool:
    """Whether a file's constant of this shape is one weight of the node, whose values can be put into it."""
    weights = node.weights
    return is_known(shape) and len(weights) == 1 and weights[0].size == prod(shape)


def operand(keras: Any, node: Node, like: Any, rank: int) -> Any:
    """The constant that the node combines with tensors of this rank, which counts no batch axis.

    It is a weight where the file counts it as one, else the number that it is known to be.
    """
    layer = options(node)
    if not node.weights:
        return layer.value
    shape = (1,) * (rank - len(layer.constant)) + layer.constant
    begins = NEUTRAL.get(layer.operation, 0.0) if layer.value is None else layer.value
    return keras.ops.reshape(_row(keras, node, like, begins), (-1, *shape))


def _row(keras: Any, node: Node, like: Any, begins: float = 0.0) -> Any:
    """The node's only weight, as a row an example of `like`."""
    ops, layers = keras.ops, keras.layers
    number = ops.zeros_like(_first(like), dtype="int32")
    initial = keras.initializers.Constant(begins)
    table = layers.Embedding(1, node.weights[0].size, initial, name=f"{node.name}.constant")
    return table(number)


def _first(tensor: Any) -> Any:
    """One cell an example."""
    first: Any = (slice(None), *[0] * (len(tensor.shape) - 2), slice(0, 1))
    return tensor[first] if len(tensor.shape) > 1 else tensor[:, None]


def _constant(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The inputs are any tensor of the network, which says how many examples there are."""
    return keras.layers.Reshape(node.shape, name=node.name)(_row(keras, node, inputs[0]))


def _can_be_held(node: Node) -> Composed | None:
    return _constant if held_once(node, node.shape) and node.dtype.startswith("float") else None


COMPOSED: dict[str, Choose] = {"Constant": _can_be_held}
