"""Shapes of what is computed cell by cell: those of the inputs, of another dtype at times."""

from __future__ import annotations

from cnncli.readers.onnx.model import DTYPES, Operation
from cnncli.readers.onnx.shapes.basics import (
    Inference,
    Output,
    axis_of,
    broadcast,
    dtype_of,
    ranked,
)


def _same(operation: Operation) -> list[Output]:
    return [(operation.shape(), dtype_of(operation))] * len(operation.outputs)


def _dropout(operation: Operation) -> list[Output]:
    """The mask is of numbers until opset 9."""
    mask = "bool" if operation.version >= 10 else dtype_of(operation)
    return [(operation.shape(), dtype_of(operation)), (operation.shape(), mask)]


def _to(dtype: str) -> Inference:
    return lambda operation: [(operation.shape(), dtype)]


def _broadcast(operation: Operation) -> list[Output]:
    if operation.attributes.number("broadcast"):  # until opset 6: the second to the first
        return [(operation.shape(), dtype_of(operation))]
    return [(broadcast([value.shape for value in operation.inputs if value is not None]), dtype_of(operation))]


def _compared(operation: Operation) -> list[Output]:
    return [(broadcast([operation.shape(0), operation.shape(1)]), "bool")]


def _where(operation: Operation) -> list[Output]:
    value = operation.input(1)
    shape = broadcast([operation.shape(number) for number in range(3)])
    return [(shape, value.dtype if value is not None else "float32")]


def _typed(name: str) -> Inference:
    """As large as the input, of the type that an attribute says, else of the input's."""

    def infer(operation: Operation) -> list[Output]:
        return [(operation.shape(), DTYPES.get(operation.attributes.number(name), dtype_of(operation)))]

    return infer


def _cast(operation: Operation) -> list[Output]:
    return [(operation.shape(), DTYPES.get(operation.attributes.number("to"), "float32"))]


def _like(operation: Operation) -> list[Output]:
    like = operation.input(1)
    return [(operation.shape(), like.dtype if like is not None else dtype_of(operation))]


def _quantized(operation: Operation) -> list[Output]:
    point, given = operation.input(2), operation.attributes.number("output_dtype")
    return [(operation.shape(), point.dtype if point is not None else DTYPES.get(given, "uint8"))]


def _dequantized(operation: Operation) -> list[Output]:
    scale = operation.input(1)
    return [(operation.shape(), scale.dtype if scale is not None else "float32")]


def _dynamically(operation: Operation) -> list[Output]:
    return [(operation.shape(), "uint8"), ((), "float32"), ((), "uint8")]


def _qlinear(*numbers: int) -> Inference:
    """Operations of onnxruntime whose inputs at these places are tensors, the others scales and zero points."""
    return lambda operation: [(broadcast([operation.shape(number) for number in numbers]), dtype_of(operation))]


def _normalized(operation: Operation) -> list[Output]:
    """With the mean and the deviation, which have size 1 along what is normalized."""
    shape = ranked(operation)
    axis = axis_of(operation.attributes.number("axis", -1), len(shape))
    return [(shape, dtype_of(operation)), *[((*shape[:axis], *(1,) * (len(shape) - axis)), "float32")] * 2]


def _batch_norm(operation: Operation) -> list[Output]:
    return [(operation.shape(), dtype_of(operation)), *[(operation.shape(1), "float32")] * 4]


def _scattered(operation: Operation) -> list[Output]:
    return [(operation.shape(), dtype_of(operation))]


UNARY = (
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Celu", "Ceil", "Clip", "Cos", "Cosh",
    "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "Hardmax", "Identity", "LRN", "LeakyRelu", "Log",
    "LogSoftmax", "LpNormalization", "MeanVarianceNormalization", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round",
    "Scale", "ScaledTanh", "ParametricSoftplus", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softmax",
    "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu", "CumSum", "CumProd", "Trilu",
    "ReverseSequence", "EyeLike", "InstanceNormalization", "GroupNormalization", "RMSNormalization", "Bernoulli",
    "RandomNormalLike", "RandomUniformLike", "Affine", "ImageScaler",
)  # fmt: skip
"""Operations whose output is as large as their first input."""


BINARY = (
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "Mean", "Sum", "PRelu", "And", "Or", "Xor", "BitShift",
    "BitwiseAnd", "BitwiseOr", "BitwiseXor",
)  # fmt: skip


COMPARING = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")


STANDARD: dict[str, Inference] = {
    **dict.fromkeys(UNARY, _same), **dict.fromkeys(BINARY, _broadcast), **dict.fromkeys(COMPARING, _compared),
    **dict.fromkeys(("IsInf", "IsNaN"), _to("bool")),
    **dict.fromkeys(("Scatter", "ScatterElements", "ScatterND", "TensorScatter"), _scattered),
    **dict.fromkeys(("EyeLike", "Bernoulli", "RandomNormalLike", "RandomUniformLike"), _typed("dtype")),
    "Dropout": _dropout, "Where": _where, "Cast": _cast, "BitCast": _cast, "SwiGLU": _same, "CastLike": _like,
    "QuantizeLinear": _quantized,
    "DequantizeLinear": _dequantized, "DynamicQuantizeLinear": _dynamically, "BatchNormalization": _batch_norm,
    **dict.fromkeys(("LayerNormalization", "SimplifiedLayerNormalization"), _normalized),
}  # fmt: skip
RUNTIME: dict[str, Inference] = {
    **dict.fromkeys(("QLinearAdd", "QLinearMul"), _qlinear(0, 3)),
    **dict.fromkeys(("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"), _qlinear(0)),
    "QuantizeLinear": _quantized, "DequantizeLinear": _dequantized,
    **dict.fromkeys(("Gelu", "FastGelu", "BiasGelu", "QuickGelu", "BiasSoftmax"), _same),
    **dict.fromkeys(("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"), _same),
    **dict.fromkeys(("LayerNormalization", "SimplifiedLayerNormalization"), _normalized),
}  # fmt: skip
