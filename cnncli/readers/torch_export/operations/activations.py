"""Activations."""

from __future__ import annotations

from collections.abc import Callable

from cnncli.errors import LayerError
from cnncli.graph import Layer
from cnncli.graph.layers import (
    ELU,
    Activation,
    Elementwise,
    LeakyReLU,
    Multiply,
    PReLU,
    ReLU,
    Slice,
    Softmax,
)
from cnncli.readers.assembly import lone
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.operations.arguments import Writer
from cnncli.readers.torch_export.program import Operation, Value


def function_of_cells(make: Callable[[Operation], Layer]) -> Writer:
    """An operation that is a function of each cell of its first input."""

    def write(network: TorchNetwork, operation: Operation) -> None:
        network.apply(operation, make(operation), [operation.tensors[0]])

    return write


def _named(activation: str) -> Writer:
    return function_of_cells(lambda _: Activation(activation))


def _clip(operation: Operation) -> Layer:
    least, most = operation.get("min", "min_val"), operation.get("max", "max_val")
    if operation.name == "hardtanh":
        least, most = (-1 if least is None else least), (1 if most is None else most)
    if isinstance(least, Value) or isinstance(most, Value):
        raise LayerError("limits that are tensors")
    if least == 0:
        return ReLU(max_value=most if most is None else float(most))
    if least is None and most is not None:
        return Elementwise("Minimum", (), lone([most]))
    if most is None and least is not None:
        return Elementwise("Maximum", (), lone([least]))
    return Activation("hard_tanh") if (least, most) == (-1, 1) else Elementwise("Clip")


def prelu(network: TorchNetwork, operation: Operation) -> None:
    source, slope = operation.get("self"), operation.get("weight")
    axes = len(network.shape(source))
    layer = PReLU(tuple(range(1, axes)) or None)
    shape = (*(1,) * (axes - 1), slope.size)
    network.apply(operation, layer, [source], weights=network.weights("alpha", slope, shape))


def softmax(network: TorchNetwork, operation: Operation) -> None:
    source = operation.tensors[0]
    axis = network.axis(source, operation.get("dim", default=-1))
    if operation.name.endswith("log_softmax"):
        network.apply(operation, Activation("log_softmax"), [source])
        return
    if axis < 1:
        raise LayerError("over the batch")
    network.apply(operation, Softmax(-1 if axis == len(network.shape(source)) else axis), [source])


def gated(network: TorchNetwork, operation: Operation) -> None:
    """glu: one half, times the sigmoid of the other."""
    source, output = operation.tensors[0], operation.outputs[0]
    halves = [Value(f"{output.name}.{part}", output.shape, output.dtype) for part in ("value", "gate", "sigmoid")]
    value, gate, sigmoid = halves
    for half in (value, gate):
        half.channels_first = source.channels_first
        layer = Slice(shape=network.shape(half))
        network.apply(operation, layer, [source], half, behind=half.name.rpartition(".")[2])
    network.apply(operation, Activation("sigmoid"), [gate], sigmoid, behind="sigmoid")
    network.apply(operation, Multiply(), [value, sigmoid])


def _activations() -> dict[str, Writer]:
    return {
        "relu": function_of_cells(lambda _: ReLU()), "relu6": function_of_cells(lambda _: ReLU(max_value=6.0)),
        **dict.fromkeys(("hardtanh", "clamp", "clip"), function_of_cells(_clip)),
        "clamp_min": function_of_cells(_clip), "clamp_max": function_of_cells(_clip),
        "silu": _named("silu"), "hardswish": _named("hard_silu"), "hardsigmoid": _named("hard_sigmoid"),
        "gelu": _named("gelu"), "sigmoid": _named("sigmoid"), "tanh": _named("tanh"), "mish": _named("mish"),
        "softplus": _named("softplus"), "softsign": _named("softsign"), "selu": _named("selu"),
        "celu": _named("celu"), "log_sigmoid": _named("log_sigmoid"),
        "elu": function_of_cells(lambda operation: ELU(float(operation.get("alpha", default=1.0)))),
        "leaky_relu": function_of_cells(
            lambda operation: LeakyReLU(float(operation.get("negative_slope", default=0.01)))
        ),
        "prelu": prelu, "_prelu_kernel": prelu, "glu": gated,
        **dict.fromkeys(("softmax", "_softmax", "log_softmax", "_log_softmax", "_safe_softmax"), softmax),
    }  # fmt: skip


WRITERS = _activations()
