"""Activation functions in TFLite's operations: one where it has such, else what TensorFlow spells them out in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.deployed.draft import Draft, Value, number, numbers, options, weight
from cnncli.graph import Node

SINGLE = {
    "relu": "RELU", "relu6": "RELU6", "hard_tanh": "RELU_N1_TO_1", "elu": "ELU", "leaky_relu": "LEAKY_RELU",
    "sigmoid": "LOGISTIC", "tanh": "TANH", "hard_silu": "HARD_SWISH", "gelu": "GELU", "softmax": "SOFTMAX",
    "log_softmax": "LOG_SOFTMAX", "exponential": "EXP",
}  # fmt: skip
"""Keras's names of functions that are one operation."""


class Cells:
    """Writes operations on tensors of one shape, that of what the function is applied to."""

    def __init__(self, draft: Draft, node: Node, x: Value) -> None:
        self._draft, self._node, self._shape, self.x = draft, node, x.shape, x

    def __call__(self, type: str, *inputs: Value, dtype: str = "") -> Value:
        return self._draft.emit(type, self._node, inputs, self._shape, dtype)


def applied(draft: Draft, node: Node, x: Value, function: str) -> Value:
    """What an activation function makes of a tensor."""
    if function == "linear":
        return x
    if function in SINGLE:
        return draft.emit(SINGLE[function], node, [x], x.shape)
    return _SPELT_OUT[function](Cells(draft, node, x))


def _silu(cells: Cells) -> Value:
    return cells("MUL", cells.x, cells("LOGISTIC", cells.x))


def _hard_sigmoid(cells: Cells) -> Value:
    """relu6(x + 3) / 6, of which a kernel before takes the first, one behind the last."""
    return cells("MUL", cells("RELU6", cells("ADD", cells.x, number(3.0))), number(1 / 6))


def _selu(cells: Cells) -> Value:
    positive = cells("GREATER", cells.x, number(0.0), dtype="bool")
    above = cells("MUL", cells.x, number(1.0507))
    below = cells("MUL", cells("SUB", cells("EXP", cells.x), number(1.0)), number(1.7581))
    return cells("SELECT", positive, above, below, dtype=cells.x.dtype)


def _celu(cells: Cells) -> Value:
    above = cells("RELU", cells.x)
    below = cells("EXP", cells("MINIMUM", cells.x, number(0.0)))
    return cells("ADD", above, cells("SUB", below, number(1.0)))


def _softplus(cells: Cells) -> Value:
    return cells("LOG", cells("ADD", cells("EXP", cells.x), number(1.0)))


def _log_sigmoid(cells: Cells) -> Value:
    negative = cells("NEG", cells.x)
    return cells("NEG", cells("LOG", cells("ADD", cells("EXP", negative), number(1.0))))


def _mish(cells: Cells) -> Value:
    return cells("MUL", cells.x, cells("TANH", _softplus(cells)))


def _softsign(cells: Cells) -> Value:
    return cells("DIV", cells.x, cells("ADD", cells("ABS", cells.x), number(1.0)))


_SPELT_OUT: dict[str, Callable[[Cells], Value]] = {
    "silu": _silu, "hard_sigmoid": _hard_sigmoid, "selu": _selu, "celu": _celu, "softplus": _softplus,
    "log_sigmoid": _log_sigmoid, "mish": _mish, "softsign": _softsign,
}  # fmt: skip


def activation(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """A layer that is an activation function by its name."""
    return applied(draft, node, inputs[0], node.layer.function)


def relu(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Keras's, spelt out as keras/src/backend/tensorflow does where it has more than one of its options."""
    layer: Any = node.layer
    cells = Cells(draft, node, inputs[0])
    if layer.function != layer.type:
        return applied(draft, node, inputs[0], layer.function)
    if layer.negative_slope and layer.max_value is None and not layer.threshold:
        return cells("LEAKY_RELU", cells.x)
    below = None
    if layer.negative_slope and not layer.threshold:
        below = _below(cells, layer)
    above = _above(cells, layer)
    if layer.negative_slope and layer.threshold:
        below = _below(cells, layer)
    return above if below is None else cells("SUB", above, below)


def _above(cells: Cells, layer: Any) -> Value:
    """From the threshold on, up to the ceiling."""
    x, ceiling = cells.x, layer.max_value
    if layer.threshold:
        above = cells("GREATER", x, number(layer.threshold), dtype="bool")
        x = cells("SELECT_V2", above, x, number(0.0), dtype=x.dtype)
    elif ceiling != 6:
        x = cells("RELU", x)
    if ceiling == 6:
        return cells("RELU6", x)
    return x if ceiling is None else cells("RELU", cells("MINIMUM", x, number(ceiling)))


def _below(cells: Cells, layer: Any) -> Value:
    """What the slope makes of what lies under the threshold, without its sign."""
    under = cells("SUB", number(layer.threshold), cells.x) if layer.threshold else cells("NEG", cells.x)
    return cells("MUL", cells("RELU", under), number(layer.negative_slope))


def leaky_relu(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return Cells(draft, node, inputs[0])("LEAKY_RELU", inputs[0])


def elu(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """TFLite's has alpha 1; of another the part below 0 is scaled."""
    layer: Any = node.layer
    cells = Cells(draft, node, inputs[0])
    plain = cells("ELU", cells.x)
    if layer.alpha == 1:
        return plain
    scaled = cells("MUL", plain, number(layer.alpha))
    positive = cells("GREATER", cells.x, number(0.0), dtype="bool")
    return cells("SELECT", positive, plain, scaled, dtype=cells.x.dtype)


def prelu(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    (alpha,) = node.weights
    return Cells(draft, node, inputs[0])("PRELU", inputs[0], weight(node, alpha.name, alpha.shape))


def softmax(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Along the last axis; another is brought there and back."""
    (x,), layer = inputs, options(node)
    rank = len(x.shape)
    axis = layer.axis % rank
    if axis == rank - 1:
        return draft.emit("SOFTMAX", node, [x], x.shape)
    order = list(range(rank))
    order[axis], order[-1] = order[-1], order[axis]
    turned = tuple(x.shape[each] for each in order)
    there = draft.emit("TRANSPOSE", node, [x, numbers(*order)], turned, order=order)
    found = draft.emit("SOFTMAX", node, [there], turned)
    return draft.emit("TRANSPOSE", node, [found, numbers(*order)], x.shape, order=order)
