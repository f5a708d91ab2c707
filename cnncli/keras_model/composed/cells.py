"""Operations cell by cell: of one tensor, of two, of one and a constant of the file."""

from __future__ import annotations

from functools import partial
from typing import Any

from cnncli.graph import Node
from cnncli.keras_model.composed.constants import held_once, operand
from cnncli.keras_model.composed.making import Choose, Composed, led_by_ones, named, options

UNARY = {
    "Abs": "abs", "Acos": "arccos", "Asin": "arcsin", "Atan": "arctan", "Ceil": "ceil", "Cos": "cos", "Cosh": "cosh",
    "Erf": "erf", "Exp": "exp", "Exponential": "exp", "Expm1": "expm1", "Floor": "floor", "IsInf": "isinf",
    "IsNaN": "isnan", "Log": "log", "Log1p": "log1p", "LogicalNot": "logical_not", "Neg": "negative",
    "Negative": "negative", "Not": "logical_not", "Reciprocal": "reciprocal", "Round": "round", "Rsqrt": "rsqrt",
    "Sign": "sign", "Sin": "sin", "Sinh": "sinh", "Sqrt": "sqrt", "Square": "square", "Tan": "tan",
    "ZerosLike": "zeros_like",
}  # fmt: skip
"""By what files call them, their names in keras.ops; both round halves to the even number."""

MERGING = ("Add", "Maximum", "Minimum", "Multiply", "Subtract")
"""Operations of two that are layers of Keras, too."""
BINARY = {
    "And": "logical_and", "Atan2": "arctan2", "Divide": "divide", "Equal": "equal", "FloorDivide": "floor_divide",
    "FloorMod": "mod", "Greater": "greater", "GreaterEqual": "greater_equal", "Less": "less",
    "LessEqual": "less_equal", "LogicalAnd": "logical_and", "LogicalOr": "logical_or", "NotEqual": "not_equal",
    "Or": "logical_or", "Power": "power",
}  # fmt: skip


def _choose(node: Node) -> Composed | None:
    layer = options(node)
    if layer.constant is None and len(node.inputs) == 1:
        return _of_one(layer.operation)
    if layer.constant is not None and not _constant_is_known(node):
        return None
    if len(node.inputs) + (layer.constant is not None) != 2:
        return None
    return _of_two(layer.operation)


def _of_one(operation: str) -> Composed | None:
    if operation in OF_ONE:
        return OF_ONE[operation]
    return partial(_unary, UNARY[operation]) if operation in UNARY else None


def _constant_is_known(node: Node) -> bool:
    layer = options(node)
    if node.weights:
        return held_once(node, layer.constant)
    return layer.value is not None


def _of_two(operation: str) -> Composed | None:
    if operation in MERGING:
        return _merged
    if operation == "SquaredDifference":
        return _squared_difference
    return partial(_binary, BINARY[operation]) if operation in BINARY else None


def _operands(keras: Any, node: Node, inputs: list[Any]) -> list[Any]:
    """The two, of one rank; a number where the constant is no weight of the file."""
    layer, rank = options(node), len(node.shape)
    alike = [led_by_ones(keras, each, rank) for each in inputs]
    if layer.constant is None:
        return alike
    return [*alike, operand(keras, node, inputs[0], rank)]


def _unary(name: str, keras: Any, node: Node, inputs: list[Any]) -> Any:
    return named(keras, node, getattr(keras.ops, name)(inputs[0]))


def _binary(name: str, keras: Any, node: Node, inputs: list[Any]) -> Any:
    return named(keras, node, getattr(keras.ops, name)(*_operands(keras, node, inputs)))


def _merged(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """Keras's layer where both are tensors; it takes no numbers."""
    operation, both = options(node).operation, _operands(keras, node, inputs)
    if options(node).constant is not None and not node.weights:
        return named(keras, node, getattr(keras.ops, operation.lower())(*both))
    return getattr(keras.layers, operation)(name=node.name)(both)


def _squared_difference(keras: Any, node: Node, inputs: list[Any]) -> Any:
    one, other = _operands(keras, node, inputs)
    return named(keras, node, keras.ops.square(one - other))


LEAST_NORM = 1e-6
"""What TFLite's kernel keeps a norm above (tensorflow/lite/kernels/l2norm.cc)."""


def _l2_normalization(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """Along the channels: TFLite's own operation."""
    ops = keras.ops
    norm = ops.sqrt(ops.sum(ops.square(inputs[0]), axis=-1, keepdims=True))
    return named(keras, node, inputs[0] / ops.maximum(norm, LEAST_NORM))


def _approximate_gelu(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """By tanh, which is what Keras means by the word, and GeluOptions of tensorflow/lite/schema/schema.fbs."""
    return named(keras, node, keras.ops.gelu(inputs[0], approximate=True))


OF_ONE: dict[str, Composed] = {"ApproximateGelu": _approximate_gelu, "L2Normalization": _l2_normalization}
_CASTS = frozenset({"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "float32"})


def _cast(keras: Any, node: Node, inputs: list[Any]) -> Any:
    return named(keras, node, keras.ops.cast(inputs[0], options(node).dtype))


COMPOSED: dict[str, Choose] = {
    "Cast": lambda node: _cast if options(node).dtype in _CASTS else None,
    "Elementwise": _choose,
}
