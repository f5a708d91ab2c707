"""What Keras has no layer of its own for, made of those that it has, so that a saved model loads anywhere.

A node becomes several layers: the last is named as the node, the others `<node>.square` and so on. Operations between
them are Keras's own (keras.ops), which a saved model names as it names layers.
"""

from __future__ import annotations

from typing import Any

from cnncli.graph import Node
from cnncli.keras_model.composed import axes, cells, constants, moving, papers, products, resizing
from cnncli.keras_model.composed.making import Choose, Composed
from cnncli.keras_model.held import holder_name

COMPOSED: dict[str, Choose] = {
    **papers.COMPOSED, **cells.COMPOSED, **axes.COMPOSED, **moving.COMPOSED, **products.COMPOSED, **resizing.COMPOSED,
    **constants.COMPOSED,
}  # fmt: skip
"""By the class of the node's layer: an operation that a file calls by itself may bear any type's name."""
_BRANCH_SCALES = ("GlobalResponseNormalization", "LayerScale")
"""Layers whose weights say how much of a branch is added."""


def composed(node: Node) -> Composed | None:
    """What makes Keras layers of a node that is not one of them itself; None where nothing does."""
    choose = COMPOSED.get(type(node.layer).__name__)
    return choose and choose(node)


def applied(model: Any, node: Node, inputs: list[Any]) -> Any:
    """What the layers of a node in `model` make of tensors, as they would in training."""
    if not composed(node):
        return model.get_layer(node.name)(inputs if len(inputs) > 1 else inputs[0], training=True)
    import keras

    sources = [model.get_layer(source.name).output for source in node.inputs]
    return keras.Function(sources, model.get_layer(node.name).output)(inputs)


def branch_scale(model: Any, node: Node) -> list[Any]:
    """The weight by which a node lets a branch through, which is next to nothing at first; of other nodes none."""
    if node.type not in _BRANCH_SCALES:
        return []
    return list(model.get_layer(holder_name(node)).weights[:1])
