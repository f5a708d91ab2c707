"""Operations of ONNX that compute each cell from the cells at its place, and those that give it another type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.graph import Layer
from cnncli.graph.layers import (
    ELU,
    Activation,
    Cast,
    Dequantize,
    Dropout,
    Elementwise,
    Identity,
    LeakyReLU,
    LocalResponseNormalization,
    PReLU,
    Quantize,
    Softmax,
)
from cnncli.readers.onnx.model import Operation, Value
from cnncli.readers.onnx.operations.translator import Translation, Translator, clipped, first_input
from cnncli.readers.onnx.shapes.basics import axis_of
from cnncli.readers.onnx.shapes.cells import BINARY, COMPARING, UNARY
from cnncli.readers.onnx.weights import as_weights


def _function(translator: Translator, operation: Operation) -> None:
    translator.activation(operation.kind, first_input(operation), operation.outputs[0], translator.name(operation))


def _layer(make: Callable[[Operation], Layer]) -> Translation:
    """A layer of one input that keeps its layout."""

    def translate(translator: Translator, operation: Operation) -> None:
        source = first_input(operation)
        translator.modest(
            make(operation), [source], operation.outputs[0], name=translator.name(operation),
            channels_first=source.channels_first, weights=(),
        )  # fmt: skip
        for other in operation.outputs[1:]:  # Dropout's mask: all true at inference
            translator.modest(
                Elementwise("Mask"), [source], other, name=other.name or f"{operation.name}.mask",
                channels_first=source.channels_first,
            )  # fmt: skip

    return translate


def hard_sigmoid(operation: Operation) -> Layer:
    """Keras's is relu6(x + 3) / 6: max(0, min(1, x / 6 + 0.5))."""
    alpha, beta = operation.attributes.real("alpha", 0.2), operation.attributes.real("beta", 0.5)
    same = abs(alpha - 1 / 6) < 1e-4 and abs(beta - 0.5) < 1e-6
    return Activation("hard_sigmoid") if same else Elementwise("HardSigmoid")


def clip(operation: Operation) -> Layer:
    found = bounds(operation)
    if any(value is None and operation.input(number) is not None for number, value in enumerate(found, 1)):
        return Elementwise("Clip")
    return clipped(*found)


def bounds(operation: Operation) -> list[Any]:
    """Of a Clip: attributes until opset 10, inputs since. None for one that is left out, or not known."""
    found: list[Any] = []
    for number, name in enumerate(("min", "max"), 1):
        given = operation.input(number)
        found.append(operation.attributes.real(name) if name in operation.attributes else given and given.scalar())
    return found


def _selu(operation: Operation) -> Layer:
    alpha, gamma = operation.attributes.real("alpha", 1.67326), operation.attributes.real("gamma", 1.0507)
    same = abs(alpha - 1.67326) < 1e-3 and abs(gamma - 1.0507) < 1e-3
    return Activation("selu") if same else Elementwise("Selu")


def _plain(activation: str, name: str, default: float) -> Callable[[Operation], Layer]:
    """A function that Keras has with one setting alone."""

    def make(operation: Operation) -> Layer:
        same = operation.attributes.real(name, default) == 1.0
        return Activation(activation) if same else Elementwise(operation.kind)

    return make


def _ratio(operation: Operation) -> float:
    """An attribute until opset 11, an input since."""
    given = operation.input(1)
    found = given.scalar() if given is not None and given.constant else operation.attributes.real("ratio", 0.5)
    return min(max(float(found), 0.0), 1.0) if isinstance(found, (int, float)) else 0.5


def _prelu(translator: Translator, operation: Operation) -> None:
    source, slope = first_input(operation), operation.input(1)
    if slope is None or not slope.constant:
        translator.simple("PRelu", [source, *([slope] if slope else [])], operation.outputs[0],
                          name=translator.name(operation))  # fmt: skip
        return
    shape = translator.assembly.shape(source)
    alpha = translator.assembly.operand(slope, source)
    alpha = (1,) * (len(shape) - len(alpha)) + tuple(alpha)
    shared = tuple(axis for axis, size in enumerate(alpha, 1) if size == 1 and shape[axis - 1] != 1)
    weights = as_weights(slope, "alpha", alpha, axes=translator.assembly.order(slope, source))
    translator.modest(
        PReLU(shared or None), [source], operation.outputs[0], name=translator.name(operation), weights=weights,
        channels_first=source.channels_first,
    )  # fmt: skip


def _binary(translator: Translator, operation: Operation) -> None:
    inputs = [each for each in operation.inputs if each is not None]
    if len(inputs) == 1:
        translator.modest(Identity(), inputs, operation.outputs[0], name=translator.name(operation),
                          channels_first=inputs[0].channels_first)  # fmt: skip
        return
    if "axis" in operation.attributes and inputs[1].constant:
        inputs[1] = _aligned(inputs[1], operation.attributes.number("axis"), inputs[0].rank)
    translator.simple(operation.kind, inputs, operation.outputs[0], name=translator.name(operation))


def _aligned(value: Value, axis: int, rank: int) -> Value:
    """Until opset 6 a smaller operand may begin at any axis of the larger one."""
    shape = value.shape or ()
    behind = (1,) * (rank - axis_of(axis, rank) - len(shape))
    return Value(value.name, (*shape, *behind), value.dtype, True, identity=value.identity, roots=value.roots)


def _quantized_binary(translator: Translator, operation: Operation) -> None:
    inputs = [each for each in (operation.input(0), operation.input(3)) if each is not None]
    translator.quantizes = True
    kind, output = operation.kind.removeprefix("QLinear"), operation.outputs[0]
    made, name = Value(f"{output.name}.sum", output.shape, output.dtype), translator.name(operation)
    translator.simple(kind, inputs, made, name=name)
    activation, settings = translator.clamping(operation, operation.input(6), operation.input(7))
    if activation and translator.may_be_negative(made):
        translator.activation(activation, made, output, f"{name}.{activation.lower()}", settings)
    else:
        translator.assembly.alias(output, made)


def _quantized_function(translator: Translator, operation: Operation) -> None:
    translator.quantizes = True
    kind = operation.kind.removeprefix("QLinear")
    source, output = first_input(operation), operation.outputs[0]
    if kind == "Softmax":
        translator.modest(Softmax(), [source], output, name=translator.name(operation),
                          channels_first=source.channels_first)  # fmt: skip
        return
    layer: Layer = LeakyReLU(operation.attributes.real("alpha", 0.01)) if kind == "LeakyRelu" else Activation("sigmoid")
    translator.modest(layer, [source], output, name=translator.name(operation), channels_first=source.channels_first)


def _biased(kind: str) -> Translation:
    """onnxruntime's functions with a bias of their own before them."""

    def translate(translator: Translator, operation: Operation) -> None:
        source, bias, output = first_input(operation), operation.input(1), operation.outputs[0]
        if bias is not None:
            summed = Value(f"{operation.name}.bias", source.shape, source.dtype)
            translator.simple("Add", [source, bias], summed, name=f"{translator.name(operation)}.bias")
            source = summed
        translator.activation(kind, source, output, translator.name(operation))

    return translate


def _clamped(translator: Translator, operation: Operation, source: Value) -> Value:
    """The tensor behind the activation that its quantization is, if it is one."""
    kind, settings = translator.clamping(operation, operation.input(1), operation.input(2))
    if not kind or not translator.may_be_negative(source):
        return source
    made = Value(f"{source.name}.clamped", source.shape, source.dtype)
    translator.activation(kind, source, made, f"{source.name.removesuffix('_output_0')}.{kind.lower()}", settings)
    return made


def _recode(translator: Translator, operation: Operation) -> None:
    source, output = first_input(operation), operation.outputs[0]
    quantizes = operation.kind != "DequantizeLinear"
    translator.quantizes = True
    if operation.kind == "QuantizeLinear":
        source = _clamped(translator, operation, source)
    layer = Quantize(output.dtype) if quantizes else Dequantize(output.dtype)
    outputs = operation.outputs
    weights = translator.held([each for each in operation.inputs[1:] if each is not None and each.shape])
    for each in outputs:
        each.channels_first = source.channels_first and each.rank == source.rank
    translator.assembly.several(layer, [source], outputs, name=translator.name(operation), weights=weights)


def rounded(translator: Translator, operation: Operation) -> None:
    """QONNX's quantizations, whose scales are no weights of the network."""
    source, output = first_input(operation), operation.outputs[0]
    translator.quantizes = True
    layer = Quantize(output.dtype)
    translator.modest(
        layer, [source], output, name=translator.name(operation), channels_first=source.channels_first, weights=()
    )


def _local_response(operation: Operation) -> Layer:
    """TensorFlow's alpha is that of one cell, ONNX's that of the whole window."""
    size, attributes = operation.attributes.number("size", 1), operation.attributes
    return LocalResponseNormalization(
        (size - 1) // 2, attributes.real("bias", 1.0), attributes.real("alpha", 1e-4) / max(size, 1),
        attributes.real("beta", 0.75),
    )  # fmt: skip


SETTINGS: dict[str, Callable[[Operation], Layer]] = {
    "LeakyRelu": lambda operation: LeakyReLU(operation.attributes.real("alpha", 0.01)),
    "Elu": lambda operation: ELU(operation.attributes.real("alpha", 1.0)),
    "Celu": _plain("celu", "alpha", 1.0), "Swish": _plain("silu", "alpha", 1.0), "Selu": _selu,
    "HardSigmoid": hard_sigmoid, "Clip": clip, "Identity": lambda _: Identity(), "LRN": _local_response,
    "Dropout": lambda operation: Dropout(_ratio(operation)),
    **dict.fromkeys(("Cast", "CastLike"), lambda operation: Cast(operation.outputs[0].dtype)),
}  # fmt: skip
STANDARD: dict[str, Translation] = {
    **dict.fromkeys(UNARY, _function), **dict.fromkeys((*BINARY, *COMPARING), _binary),
    **{kind: _layer(make) for kind, make in SETTINGS.items()}, **dict.fromkeys(("IsInf", "IsNaN"), _function),
    "PRelu": _prelu, **dict.fromkeys(("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"), _recode),
}  # fmt: skip
RUNTIME: dict[str, Translation] = {
    **dict.fromkeys(("QLinearAdd", "QLinearMul"), _quantized_binary),
    **dict.fromkeys(("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"), _quantized_function),
    "Gelu": _biased("Gelu"), "FastGelu": _biased("Gelu"), "BiasGelu": _biased("Gelu"),
    "QuickGelu": _layer(_plain("silu", "alpha", 1.702)),
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear"), _recode),
}  # fmt: skip
