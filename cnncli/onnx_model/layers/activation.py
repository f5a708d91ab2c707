"""Activations, by themselves and behind a kernel, by Keras's definitions (keras/src/backend/tensorflow/nn.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.graph import Layer
from cnncli.graph.layers import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from cnncli.onnx_model.lowering import Laid, spread
from cnncli.onnx_model.place import Lowered, Place, position

Function = Callable[[Place, Laid], str]
"""`function(place, tensor)` appends an activation as the last of a node's operations, and returns its output."""


def _one(operation: str, **attributes: Any) -> Function:
    return lambda place, tensor: place.add(operation, [tensor.name], **attributes)


def _along_channels(operation: str) -> Function:
    """Of a function that does not look at each cell alone: along the channels, wherever they stand."""
    return lambda place, tensor: place.add(operation, [tensor.name], axis=position(tensor.order, -1))


def clip(place: Place, tensor: str, low: float, high: float, part: str = "") -> str:
    """Append what keeps each cell between two numbers."""
    ends = [place.constant(end, value) for end, value in (("min", low), ("max", high))]
    return place.add("Clip", [tensor, *ends], part)


def _clipped(low: float, high: float) -> Function:
    return lambda place, tensor: clip(place, tensor.name, low, high)


def _silu(place: Place, tensor: Laid) -> str:
    return place.add("Mul", [tensor.name, place.add("Sigmoid", [tensor.name], "sigmoid")])


def _gelu(place: Place, tensor: Laid) -> str:
    """0.5 x (1 + erf(x / sqrt 2)): Keras's activation of that name does not approximate. ONNX's is of opset 20."""
    scaled = place.add("Mul", [tensor.name, place.constant("root_of_half", 0.5**0.5)], "scaled")
    error = place.add("Erf", [scaled], "erf")
    share = place.add("Add", [error, place.constant("one", 1)], "share")
    halved = place.add("Mul", [tensor.name, place.constant("half", 0.5)], "halved")
    return place.add("Mul", [halved, share])


def _log_sigmoid(place: Place, tensor: Laid) -> str:
    """-softplus(-x)."""
    negated = place.add("Neg", [tensor.name], "negated")
    return place.add("Neg", [place.add("Softplus", [negated], "softplus")])


FUNCTIONS: dict[str, Function] = {
    "relu": _one("Relu"),
    "relu6": _clipped(0, 6),
    "leaky_relu": _one("LeakyRelu", alpha=0.2),
    "elu": _one("Elu"),
    "selu": _one("Selu", alpha=1.6732632423543772, gamma=1.0507009873554805),
    "celu": _one("Celu", alpha=1.0),
    "sigmoid": _one("Sigmoid"),
    "hard_sigmoid": _one("HardSigmoid", alpha=1 / 6, beta=0.5),
    "log_sigmoid": _log_sigmoid,
    "tanh": _one("Tanh"),
    "hard_tanh": _clipped(-1, 1),
    "silu": _silu,
    "hard_silu": _one("HardSwish"),
    "gelu": _gelu,
    "mish": _one("Mish"),
    "softplus": _one("Softplus"),
    "softsign": _one("Softsign"),
    "softmax": _along_channels("Softmax"),
    "log_softmax": _along_channels("LogSoftmax"),
    "exponential": _one("Exp"),
}
"""By Keras's name; there is none for linear."""


def linear_part(function: str) -> str:
    """What the last operation before a layer's activation is called: as the node where there is none."""
    return "" if function == "linear" else "linear"


def finished(place: Place, tensor: Laid, function: str) -> Laid:
    """The output of a layer that is done but for its activation, if it has one."""
    return tensor if function == "linear" else Laid(FUNCTIONS[function](place, tensor), tensor.order)


def _by_function(function: Function) -> Lowered:
    """A layer that is a function of each cell, in whatever order they stand."""

    def lowered(place: Place) -> Laid:
        tensor = place.source()
        return Laid(function(place, tensor), tensor.order)

    return lowered


def _activation(place: Place) -> Laid:
    return finished(place, place.source(), place.layer.function)


def _relu(place: Place, tensor: Laid) -> str:
    """As Keras puts it together (activations.ReLU): the part above the threshold, clipped, less the part below."""
    layer, x = place.layer, tensor.name
    slope, threshold, most = layer.negative_slope, layer.threshold, layer.max_value
    if slope and most is None and not threshold:
        return place.add("LeakyRelu", [x], alpha=slope)
    above = _above(place, x, threshold, most, "above" if slope else "")
    if not slope:
        return above
    below = place.add("Sub", [place.constant("threshold", threshold), x], "depth") if threshold else _negated(place, x)
    below = place.add("Relu", [below], "below")
    below = place.add("Mul", [below, place.constant("negative_slope", slope)], "leak")
    return place.add("Sub", [above, below])


def _negated(place: Place, x: str) -> str:
    return place.add("Neg", [x], "negated")


def _above(place: Place, x: str, threshold: float, most: float | None, part: str) -> str:
    """x where it is over the threshold, else 0; at most a ceiling."""
    if threshold:
        passed = place.add("ThresholdedRelu", [x], part if most is None else "passed", alpha=threshold)
        return passed if most is None else clip(place, passed, 0, most, part)
    return place.add("Relu", [x], part) if most is None else clip(place, x, 0, most, part)


def _leaky_relu(place: Place, tensor: Laid) -> str:
    return place.add("LeakyRelu", [tensor.name], alpha=place.layer.negative_slope)


def _elu(place: Place, tensor: Laid) -> str:
    return place.add("Elu", [tensor.name], alpha=place.layer.alpha)


def _prelu(place: Place, tensor: Laid) -> str:
    """The slopes are of each cell, or of one along the axes that share them: ONNX broadcasts them over x."""
    slopes = spread(place.array("alpha"), list(place.last), tensor.order)
    return place.add("PRelu", [tensor.name, place.weight("alpha", slopes)])


def _softmax(place: Place, tensor: Laid) -> str:
    return place.add("Softmax", [tensor.name], axis=position(tensor.order, place.layer.axis))


ACTIVATIONS: dict[type[Layer], Lowered] = {
    Activation: _activation,
    ELU: _by_function(_elu),
    LeakyReLU: _by_function(_leaky_relu),
    PReLU: _by_function(_prelu),
    ReLU: _by_function(_relu),
    Softmax: _by_function(_softmax),
}
