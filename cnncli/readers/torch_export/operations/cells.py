"""Operations that compute each cell from the cells at its place, and those that give it another type."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Layer
from cnncli.graph.layers import (
    Add,
    Cast,
    Dequantize,
    Elementwise,
    Maximum,
    Minimum,
    Multiply,
    Quantize,
    Subtract,
)
from cnncli.readers.assembly import lone
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.operations.activations import function_of_cells
from cnncli.readers.torch_export.operations.arguments import Writer
from cnncli.readers.torch_export.program import Operation, Value

_MERGES: dict[str, type[Layer]] = {
    "add": Add, "mul": Multiply, "sub": Subtract, "maximum": Maximum, "minimum": Minimum, "max": Maximum,
    "min": Minimum,
}  # fmt: skip


BINARY = {
    "add": "Add", "sub": "Subtract", "rsub": "Subtract", "mul": "Multiply", "div": "Divide", "true_divide": "Divide",
    "pow": "Power", "maximum": "Maximum", "minimum": "Minimum", "max": "Maximum", "min": "Minimum", "eq": "Equal",
    "ne": "NotEqual", "gt": "Greater", "ge": "GreaterEqual", "lt": "Less", "le": "LessEqual", "atan2": "Atan2",
    "fmod": "FloorMod", "remainder": "FloorMod", "floor_divide": "FloorDivide", "logical_and": "LogicalAnd",
    "logical_or": "LogicalOr", "bitwise_and": "LogicalAnd", "bitwise_or": "LogicalOr", "logical_xor": "LogicalXor",
}  # fmt: skip


UNARY = {
    "neg": "Negative", "reciprocal": "Reciprocal", "square": "Square", "rsqrt": "Rsqrt", "sqrt": "Sqrt", "exp": "Exp",
    "expm1": "Expm1", "log": "Log", "log1p": "Log1p", "log2": "Log2", "log10": "Log10", "abs": "Abs", "sin": "Sin",
    "cos": "Cos", "tan": "Tan", "atan": "Atan", "asin": "Asin", "acos": "Acos", "sinh": "Sinh", "cosh": "Cosh",
    "erf": "Erf", "floor": "Floor", "ceil": "Ceil", "round": "Round", "trunc": "Trunc", "sign": "Sign",
    "logical_not": "LogicalNot", "bitwise_not": "LogicalNot", "isnan": "IsNan", "isinf": "IsInf", "cumsum": "CumSum",
    "masked_fill": "Where", "nan_to_num": "NanToNum",
}  # fmt: skip


def binary(network: TorchNetwork, operation: Operation) -> None:
    """Two tensors, or a tensor and a constant of the program: a tensor that it holds, or a number."""
    one, other = operation.get("self", "input"), operation.get("other", "exponent")
    values = [value for value in (one, other) if isinstance(value, Value)]
    computed = [value for value in values if not value.constant]
    title = BINARY[operation.name]
    if len(computed) == 2:
        layer = _MERGES[operation.name]() if operation.name in _MERGES else Elementwise(title)
        network.apply(operation, layer, network.alike(values, operation))
        return
    source = computed[0]
    constant = next((value for value in values if value.constant), None)
    if constant is None:
        network.apply(operation, Elementwise(title, (), _number(operation, other if source is one else one)), [source])
        return
    shape, held = network.operand(constant, source), network.held(constant)
    network.apply(operation, Elementwise(title, shape), [source], weights=held)


def _number(operation: Operation, operand: Any) -> float | None:
    """The number that a tensor is combined with, times what torch multiplies it with (alpha of add and sub)."""
    number, factor = lone([operand]), lone([operation.get("alpha", default=1)])
    return None if number is None or factor is None else lone([number * factor])


def chosen(network: TorchNetwork, operation: Operation) -> None:
    """where: cells of one or another tensor."""
    values = [value for value in operation.tensors if not value.constant]
    held = [weight for value in operation.tensors if value.constant for weight in network.held(value)]
    network.apply(operation, Elementwise("Where"), network.alike(values, operation), weights=held)


def multiplied_sum(network: TorchNetwork, operation: Operation) -> None:
    """addcmul: a tensor and the product of two others."""
    values = network.alike([value for value in operation.tensors if not value.constant], operation)
    held = [weight for value in operation.tensors if value.constant for weight in network.held(value)]
    network.apply(operation, Elementwise("MultiplyAdd"), values, weights=held)


def identity(network: TorchNetwork, operation: Operation) -> None:
    network.alias(operation, operation.tensors[0])


def cast(network: TorchNetwork, operation: Operation) -> None:
    source, output = operation.tensors[0], operation.outputs[0]
    if source.dtype == output.dtype:
        network.alias(operation, source)
    else:
        network.apply(operation, Cast(output.dtype), [source])


def quantize(network: TorchNetwork, operation: Operation) -> None:
    network.apply(operation, Quantize(operation.outputs[0].dtype), [operation.get("input")])


def dequantize(network: TorchNetwork, operation: Operation) -> None:
    network.apply(operation, Dequantize(operation.outputs[0].dtype), [operation.get("input")])


WRITERS: dict[str, Writer] = {
    **dict.fromkeys(BINARY.keys() - {"max", "min"}, binary),
    **{name: function_of_cells(lambda _, title=title: Elementwise(title)) for name, title in UNARY.items()},  # type: ignore[misc]
    "where": chosen, "addcmul": multiplied_sum,
    **dict.fromkeys(("clone", "contiguous", "detach", "alias", "lift_fresh_copy", "lift", "lift_fresh",
                     "copy", "positive", "resolve_conj", "resolve_neg"), identity),
    **dict.fromkeys(("to", "_to_copy", "type_as", "float", "half"), cast),
    **dict.fromkeys(("quantize_per_tensor", "quantize_per_channel"), quantize),
    **dict.fromkeys(("dequantize_per_tensor", "dequantize_per_channel"), dequantize),
}  # fmt: skip
