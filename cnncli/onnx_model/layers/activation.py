"""Activations, by themselves and behind a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.graph import Node
from cnncli.onnx_model.lowering import Laid, Lowered, Lowering, axis, inner

Function = Callable[[Lowering, str, str], str]
"""`function(lowering, tensor, name)` appends an activation of a tensor's cells, the last operation of that name."""


def _one(operation: str, **attributes: Any) -> Function:
    return lambda lowering, tensor, name: lowering.add(operation, [tensor], name, **attributes)


def _clipped(low: float, high: float) -> Function:
    def function(lowering: Lowering, tensor: str, name: str) -> str:
        ends = [lowering.constant(f"{name}.{end}", value) for end, value in (("min", low), ("max", high))]
        return lowering.add("Clip", [tensor, *ends], name)

    return function


def _silu(lowering: Lowering, tensor: str, name: str) -> str:
    return lowering.add("Mul", [tensor, lowering.add("Sigmoid", [tensor], f"{name}/sigmoid")], name)


FUNCTIONS: dict[str, Function] = {
    "relu": _one("Relu"),
    "relu6": _clipped(0, 6),
    "sigmoid": _one("Sigmoid"),
    "tanh": _one("Tanh"),
    "hard_sigmoid": _one("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_silu": _one("HardSwish"),
    "silu": _silu,
    "softmax": _one("Softmax", axis=-1),
}
"""By Keras's name. A softmax is along the last axis, where the channels must stand."""
ALONG_CHANNELS = ("softmax", "log_softmax")
"""Functions that do not look at each cell alone."""


def activated(lowering: Lowering, node: Node, tensor: Laid, function: str) -> Laid:
    """Append the activation that a layer applies to what it computed, named as the node."""
    name, first = tensor
    if first and len(node.shape) > 1 and function in ALONG_CHANNELS:
        order = [0, *range(2, len(node.shape) + 1), 1]
        name, first = lowering.add("Transpose", [name], inner(node, "last"), perm=order), False
    return Laid(FUNCTIONS[function](lowering, name, node.name), first)


def before_activation(node: Node, function: str) -> str:
    """What the last operation before a layer's activation is named: as the node where there is none."""
    return node.name if function == "linear" else inner(node, "linear")


def finished(lowering: Lowering, node: Node, tensor: Laid, function: str) -> Laid:
    """The tensor of a layer that is done but for its activation, if it has one."""
    return tensor if function == "linear" else activated(lowering, node, tensor, function)


def _activation(lowering: Lowering, node: Node) -> Laid:
    source = lowering.laid(node.inputs[0])
    return finished(lowering, node, source, node.layer.function)


def _relu(lowering: Lowering, node: Node) -> Laid:
    layer: Any = node.layer
    name, first = lowering.laid(node.inputs[0])
    if layer.max_value is not None and not layer.negative_slope and not layer.threshold:
        return Laid(_clipped(0, layer.max_value)(lowering, name, node.name), first)
    return Laid(FUNCTIONS["relu"](lowering, name, node.name), first)


def _softmax(lowering: Lowering, node: Node) -> Laid:
    layer: Any = node.layer
    name, first = lowering.laid(node.inputs[0])
    return Laid(lowering.add("Softmax", [name], node.name, axis=axis(node.shape, layer.axis, first=first)), first)


ACTIVATIONS: dict[str, Lowered] = {
    "Activation": _activation,
    "ReLU": _relu,
    "Softmax": _softmax,
}
