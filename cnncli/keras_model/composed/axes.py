"""Reductions: one value of all along some axes."""

from __future__ import annotations

from functools import partial
from typing import Any

from cnncli.graph import Node
from cnncli.keras_model.composed.making import Choose, Composed, named, options

REDUCING = {
    "All": "all", "Any": "any", "Max": "max", "Mean": "mean", "Min": "min", "Prod": "prod", "Product": "prod",
    "Sum": "sum", "LogSumExp": "logsumexp",
}  # fmt: skip
"""By what files call them, their names in keras.ops."""
PLACING = {"ArgMax": "argmax", "ArgMin": "argmin"}
"""Operations that give the first place of what is largest or smallest."""


def _choose(node: Node) -> Composed | None:
    layer = options(node)
    if layer.operation in REDUCING:
        return partial(_reduced, REDUCING[layer.operation])
    if layer.operation in PLACING and len(layer.axes) == 1:
        return partial(_placed, PLACING[layer.operation])
    return _NORMS.get(layer.operation)


def _reduced(name: str, keras: Any, node: Node, inputs: list[Any]) -> Any:
    layer = options(node)
    return named(keras, node, getattr(keras.ops, name)(inputs[0], axis=layer.axes, keepdims=layer.keepdims))


def _placed(name: str, keras: Any, node: Node, inputs: list[Any]) -> Any:
    layer = options(node)
    place = getattr(keras.ops, name)(inputs[0], axis=layer.axes[0], keepdims=layer.keepdims)
    return named(keras, node, keras.ops.cast(place, node.dtype))


def _sum_of_squares(keras: Any, node: Node, inputs: list[Any]) -> Any:
    return named(keras, node, _squares(keras, node, inputs))


def _euclidean(keras: Any, node: Node, inputs: list[Any]) -> Any:
    return named(keras, node, keras.ops.sqrt(_squares(keras, node, inputs)))


def _absolute(keras: Any, node: Node, inputs: list[Any]) -> Any:
    layer, ops = options(node), keras.ops
    return named(keras, node, ops.sum(ops.abs(inputs[0]), axis=layer.axes, keepdims=layer.keepdims))


def _squares(keras: Any, node: Node, inputs: list[Any]) -> Any:
    layer, ops = options(node), keras.ops
    return ops.sum(ops.square(inputs[0]), axis=layer.axes, keepdims=layer.keepdims)


_NORMS: dict[str, Composed] = {"L1": _absolute, "L2": _euclidean, "SumSquare": _sum_of_squares}
COMPOSED: dict[str, Choose] = {"Reduce": _choose}
