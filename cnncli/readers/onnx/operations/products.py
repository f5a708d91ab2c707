"""Operations of ONNX that multiply matrices, as dense layers where one of them is constant."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from cnncli.graph import Layer, Shape, Weight
from cnncli.graph.layers import (
    AnyDense,
    Dense,
    MatMul,
)
from cnncli.readers.onnx.model import Operation, Value
from cnncli.readers.onnx.operations.kernels import activation_of, after, kernel_scales, kernel_weights
from cnncli.readers.onnx.operations.translator import Translation, Translator


def product(first: int, second: int, bias: int | None = None) -> Callable[[Translator, Operation], None]:
    """MatMul and Gemm in their forms: which inputs are the two sides, and which is added."""

    def translate(translator: Translator, operation: Operation) -> None:
        one, other = operation.input(first), operation.input(second)
        if one is None or other is None or one.shape is None or other.shape is None:
            translator.opaque(operation)
            return
        added = None if bias is None else operation.input(bias)
        result = operation.outputs[0]
        use_bias = added is not None and added.constant
        activated = activation_of(translator, operation)
        if (added is not None and not use_bias) or activated[0]:
            result = Value(f"{operation.name}.product", result.shape, result.dtype)
        _product(translator, operation, one, other, added if use_bias else None, result)
        after(translator, operation, result, added, activated)

    return translate


def _product(
    translator: Translator, operation: Operation, one: Value, other: Value, bias: Value | None, result: Value
) -> None:
    assembly = translator.assembly
    if not one.constant and not other.constant:
        sides = [translator.laid_out(each, False) for each in (one, other)]
        result.channels_first = False
        layer: Layer = MatMul(assembly.shape(result))
        assembly.several(layer, sides, [result], name=translator.name(operation), weights=())
        return
    kernel, source = (other, one) if other.constant else (one, other)
    source = translator.laid_out(source, False)
    flipped = bool(operation.attributes.number("transB" if other.constant else "transA"))
    held = kernel.shape or ()
    matrix = (held[1], held[0]) if flipped and len(held) == 2 else held
    name = translator.name(operation, kernel)
    axes = (1, 0) if flipped and len(held) == 2 else ()
    weights = [*kernel_weights(kernel, matrix, bias, axes), *kernel_scales(translator, operation)]
    if _is_scaled(operation):
        weights = [each._replace(tensor="") for each in weights]
    plain = other.constant and len(held) == 2 and not operation.attributes.number("transA")
    if plain and len(source.shape or ()) > 1:
        layer = Dense(matrix[1], use_bias=bias is not None)
    else:
        cells = prod(result.shape or ()) * _inner(source, matrix, other.constant)
        positions = cells // prod(held) // assembly.batch if prod(held) else 0
        result.channels_first = False
        layer = AnyDense("MatMul", assembly.shape(result), matrix, positions, bias is not None)
    assembly.apply(layer, [source], result, name=name, weights=weights, channels_first=False)


def _is_scaled(operation: Operation) -> bool:
    """Whether a Gemm multiplies the product, or what it adds, with a number, so that its constants are no weights."""
    attributes = operation.attributes
    return attributes.real("alpha", 1.0) != 1.0 or attributes.real("beta", 1.0) != 1.0


def _inner(source: Value, matrix: Shape, right: bool) -> int:
    """Along how many cells the product sums."""
    if len(matrix) == 1:
        return matrix[0]
    return matrix[-2] if right else matrix[-1]


def packed_product(translator: Translator, operation: Operation) -> None:
    """onnxruntime's MatMulNBits: the kernel (K, N) lies packed in fewer bits; K and N are attributes."""
    source, kernel = operation.inputs[0], operation.input(1)
    if source is None or kernel is None:
        translator.opaque(operation)
        return
    rows, units = operation.attributes.number("K"), operation.attributes.number("N")
    others = [each for each in operation.inputs[2:] if each is not None]
    weights = [Weight("kernel", (rows, units), True, kernel.dtype, kernel.name), *translator.held(others)]
    name = translator.name(operation, kernel)
    source = translator.laid_out(source, False)
    layer = Dense(units, use_bias=False)
    translator.assembly.apply(layer, [source], operation.outputs[0], name=name, weights=weights, channels_first=False)


STANDARD: dict[str, Translation] = {
    "MatMul": product(0, 1), "MatMulInteger": product(0, 1), "QLinearMatMul": product(0, 3), "Gemm": product(0, 1, 2),
}  # fmt: skip
RUNTIME: dict[str, Translation] = {
    "FusedGemm": product(0, 1, 2), "QGemm": product(0, 3, 6), "MatMulNBits": packed_product,
    **dict.fromkeys(("FusedMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"), product(0, 1)),
}  # fmt: skip
