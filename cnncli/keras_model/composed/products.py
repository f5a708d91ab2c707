"""Products of two matrices that are both computed, as attention multiplies them."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Node
from cnncli.keras_model.composed.making import Choose, Composed, is_known, led_by_ones, named


def _choose(node: Node) -> Composed | None:
    """Where the shapes are those of a product of the matrices as they are."""
    if len(node.inputs) != 2 or not is_known(node.shape, *node.input_shapes):
        return None
    left, right = node.input_shapes
    if min(len(left), len(right)) < 2 or left[-1] != right[-2]:
        return None
    return _product if node.shape[-2:] == (left[-2], right[-1]) else None


def _product(keras: Any, node: Node, inputs: list[Any]) -> Any:
    left, right = (led_by_ones(keras, each, len(node.shape)) for each in inputs)
    return named(keras, node, keras.ops.matmul(left, right))


COMPOSED: dict[str, Choose] = {"MatMul": _choose}
