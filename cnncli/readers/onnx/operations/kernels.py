"""Operations of ONNX that have kernels or slide windows, as Keras's layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer, Shape, Weight
from cnncli.graph.layers import (
    AnyConvolution,
    AveragePooling1D,
    AveragePooling2D,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    MaxPooling1D,
    MaxPooling2D,
    Moving,
    ReLU,
)
from cnncli.readers.onnx.model import Operation, Value
from cnncli.readers.onnx.operations.cut import transposed_and_cut
from cnncli.readers.onnx.operations.translator import Translation, Translator
from cnncli.readers.onnx.shapes.windows import Sliding, channels_last, extents, kernel_input, sliding
from cnncli.readers.onnx.weights import Axes, as_weights
from cnncli.readers.padding import keras_padding

_Makers = dict[int, Callable[..., Layer]]
_CONVOLUTIONS: _Makers = {1: Conv1D, 2: Conv2D}
_DEPTHWISE: _Makers = {1: DepthwiseConv1D, 2: DepthwiseConv2D}
_TRANSPOSED: _Makers = {1: Conv1DTranspose, 2: Conv2DTranspose}
_POOLS: dict[str, _Makers] = {
    "Max": {1: MaxPooling1D, 2: MaxPooling2D}, "Average": {1: AveragePooling1D, 2: AveragePooling2D},
}  # fmt: skip


def _sizes(values: Sequence[int]) -> Any:
    """A size as a layer of one axis or of two takes it."""
    return values[0] if len(values) == 1 else tuple(values)


def padding_of(window: Sliding, sizes: Sequence[int]) -> str | None:
    """Keras's word for the cells around the map; None where there is none."""
    return keras_padding(window.pads, sizes, window.extents, window.strides)


def padded(translator: Translator, operation: Operation, value: Value, window: Sliding, mode: str = "") -> Value:
    """The map with the cells that its reader asks for around it, as a layer of its own; `mode`: not with zeros."""
    shape, first = value.shape or (), value.channels_first
    start = 2 if first else 1
    space = zip(shape[start:], window.pads, strict=False)
    out = (*shape[:start], *(size + sum(around) for size, around in space), *(() if first else shape[-1:]))
    wider = Value(f"{operation.name}.pad", out, value.dtype, channels_first=first)
    name = f"{translator.name(operation)}.pad"
    translator.pad([value], wider, window.pads, mode or "constant", name=name, zeros=not mode)
    return wider


def convolution(translator: Translator, operation: Operation) -> None:
    """Conv, ConvInteger, QLinearConv and onnxruntime's FusedConv: input, kernel (filters, channels / group, ...)."""
    kernel = operation.input(kernel_input(operation))
    bias = operation.input({"QLinearConv": 8, "ConvInteger": 9}.get(operation.kind, 2))
    source = operation.inputs[0]
    if kernel is None or source is None or not kernel.constant or kernel.shape is None or source.shape is None:
        translator.opaque(operation)
        return
    if channels_last(operation):
        source = translator.laid_out(source, False)
        shape = (source.shape[0], source.shape[-1], *source.shape[1:-1]) if source.shape else ()
    else:
        source = translator.laid_out(source, True)
        shape = source.shape or ()
    window = sliding(operation, shape[2:], kernel.shape[2:])
    group = operation.attributes.number("group", 1)
    use_bias = bias is not None and bias.constant
    depthwise = group == shape[1] and group > 1 and kernel.shape[0] % group == 0
    if translator.exact and len(set(window.strides)) > 1:
        depthwise = False  # Keras's takes one stride, but a convolution of as many groups computes the same
    weights = kernel_weights(
        kernel, _keras_kernel(kernel.shape, group, depthwise), bias if use_bias else None,
        _space_first(kernel.shape, filters_last=not depthwise),
    )  # fmt: skip
    weights += kernel_scales(translator, operation)
    padding = padding_of(window, shape[2:])
    layer = _conv_layer(window, padding or "valid", kernel.shape, group, use_bias, depthwise=depthwise)
    if layer is None or not translator.assembly.is_batched(source):
        layer = _any_convolution(translator, operation, kernel, use_bias, operation.outputs[0].shape or ())
        if weights:
            weights = [weights[0]._replace(shape=layer.weights()[0].shape), *weights[1:]]
    elif padding is None:
        source = padded(translator, operation, source, window)
    first = not channels_last(operation)
    result = operation.outputs[0]
    activated = activation_of(translator, operation)
    if activated[0] or (bias is not None and not bias.constant):
        result = Value(f"{operation.name}.conv", result.shape, result.dtype)
    translator.assembly.apply(
        layer, [source], result, name=translator.name(operation, kernel), weights=weights, channels_first=first
    )
    after(translator, operation, result, bias, activated)


def deformed(translator: Translator, operation: Operation) -> None:
    """DeformConv: a convolution whose windows' cells stand where another input says."""
    kernel, bias, source = operation.input(1), operation.input(3), operation.input(0)
    if kernel is None or source is None or not kernel.constant or kernel.shape is None or (bias and not bias.constant):
        translator.opaque(operation)
        return
    others = [each for each in (operation.input(2), operation.input(4)) if each is not None and not each.constant]
    inputs = [translator.laid_out(each, True) for each in (source, *others)]
    output = operation.outputs[0]
    layer = _any_convolution(translator, operation, kernel, bias is not None, output.shape or ())
    weights = kernel_weights(kernel, (*kernel.shape[2:], kernel.shape[1], kernel.shape[0]), bias)
    name = translator.name(operation, kernel)
    translator.assembly.apply(layer, inputs, output, name=name, weights=weights, channels_first=True)


def kernel_scales(translator: Translator, operation: Operation) -> list[Weight]:
    """The scales and zero points of a quantized operation's kernel, where it has one a channel."""
    if not operation.kind.startswith("QLinear"):
        return []
    return translator.held([each for each in operation.inputs[4:6] if each is not None and each.shape])


Activated = tuple[str, Sequence[float]]
"""An activation that a kernel is fused with, by its name in ONNX, and its settings; no name where there is none."""
_QUANTIZED_RESULT = {"QLinearConv": 6, "QLinearMatMul": 6, "QGemm": 7}
"""Where the scale of a quantized operation's result stands; its zero point is the next input."""


def activation_of(translator: Translator, operation: Operation) -> Activated:
    """What onnxruntime fuses an operation with, or what the quantization of its result is."""
    place = _QUANTIZED_RESULT.get(operation.kind)
    if place is not None:
        return translator.clamping(operation, operation.input(place), operation.input(place + 1))
    name = operation.attributes.text("activation") if operation.domain else ""
    return name, operation.attributes.reals("activation_params") or ()


def after(translator: Translator, operation: Operation, made: Value, bias: Value | None, activated: Activated) -> None:
    """A bias that is computed, and the activation that a kernel is fused with, as layers of their own."""
    kind, settings = activated
    if bias is not None and not bias.constant:
        output = operation.outputs[0] if not kind else Value(f"{operation.name}.bias", made.shape, made.dtype)
        translator.simple("Add", [made, bias], output, name=f"{translator.name(operation)}.bias")
        made = output
    if kind:
        name = f"{translator.name(operation)}.{kind.lower()}"
        translator.activation(kind, made, operation.outputs[0], name, settings)


def _keras_kernel(shape: Shape, group: int, depthwise: bool) -> Shape:
    """(filters, channels / group, height, width) as Keras keeps it: height and width first."""
    if depthwise:
        return (*shape[2:], group, shape[0] // group)
    return (*shape[2:], shape[1], shape[0])


def _space_first(shape: Shape, *, filters_last: bool) -> Axes:
    """The axes of (filters, channels, ...) in Keras's order; the filters of a depthwise kernel are split by channel."""
    return (*range(2, len(shape)), *((1, 0) if filters_last else (0, 1)))


def _conv_layer(
    window: Sliding, padding: str, kernel: Shape, group: int, use_bias: bool, *, depthwise: bool
) -> Layer | None:
    """None where Keras has no such layer."""
    rank = len(window.kernel)
    common: dict[str, Any] = {
        "kernel_size": _sizes(window.kernel), "strides": _sizes(window.strides), "padding": padding,
        "dilation_rate": _sizes(window.dilations), "use_bias": use_bias,
    }  # fmt: skip
    try:
        if depthwise and rank in _DEPTHWISE:
            return _DEPTHWISE[rank](depth_multiplier=kernel[0] // group, **common)
        if rank in _CONVOLUTIONS:
            return _CONVOLUTIONS[rank](filters=kernel[0], groups=group, **common)
    except LayerError:
        return None
    return None


def _any_convolution(
    translator: Translator, operation: Operation, kernel: Value, use_bias: bool, positions: Sequence[int]
) -> Layer:
    """Each element of the kernel once at each of the positions (batch, channels, ...), divided by the batch."""
    transposed = "Transpose" if operation.kind == "ConvTranspose" else ""
    deform = "Deform" if operation.kind == "DeformConv" else ""
    rank = len(kernel.shape or ()) - 2
    spatial = positions[1:-1] if channels_last(operation) else positions[2:]
    cells = positions[0] * prod(spatial) if positions else UNKNOWN
    first = operation.outputs[0]
    first.channels_first = not channels_last(operation)
    shape = translator.assembly.shape(first)
    held = kernel.shape or ()
    keras = (*held[2:], *held[:2]) if transposed else (*held[2:], held[1], held[0])
    return AnyConvolution(
        f"{deform}Conv{rank}D{transposed}", shape, keras, cells // translator.assembly.batch, use_bias
    )


def transposed(translator: Translator, operation: Operation) -> None:
    """ConvTranspose: kernel (channels, filters / group, ...); each element meets each INPUT position once."""
    source, kernel, bias = operation.inputs[0], operation.input(1), operation.input(2)
    if source is None or kernel is None or not kernel.constant or kernel.shape is None or source.shape is None:
        translator.opaque(operation)
        return
    source = translator.laid_out(source, True)
    held, output = kernel.shape, operation.outputs[0]
    use_bias = bias is not None and bias.constant
    output.channels_first = True
    group = operation.attributes.number("group", 1)
    layer = None
    if group == 1 and translator.assembly.is_batched(source):
        layer = _transposed_layer(translator, operation, source, held, use_bias)
    found = layer or _any_convolution(translator, operation, kernel, use_bias, source.shape or ())
    keras = found.weights(translator.assembly.shape(source))[0].shape
    weights = kernel_weights(kernel, keras, bias if use_bias else None, _space_first(held, filters_last=True))
    name = translator.name(operation, kernel)
    if translator.exact and isinstance(found, Conv2DTranspose):
        transposed_and_cut(translator, operation, found, source, weights)
        return
    translator.assembly.apply(found, [source], output, name=name, weights=weights, channels_first=True)


def _transposed_layer(
    translator: Translator, operation: Operation, source: Value, kernel: Shape, use_bias: bool
) -> Layer | None:
    """The one of Keras's that gives the output's shape, if any does."""
    rank, attributes = len(kernel) - 2, operation.attributes
    strides = attributes.numbers("strides") or [1] * rank
    dilations = attributes.numbers("dilations") or [1] * rank
    more = _sizes(attributes.numbers("output_padding") or [0] * rank)
    if rank not in _TRANSPOSED:
        return None
    make = _TRANSPOSED[rank]
    expected = translator.assembly.shape(operation.outputs[0])
    same = _pads_as_same(attributes.numbers("pads"), kernel[2:], strides, dilations)
    for padding, output_padding in (("valid", None), ("same", None), ("valid", more), ("same", more)):
        if padding == "same" and not same:
            continue
        try:
            layer = make(
                filters=kernel[1], kernel_size=_sizes(kernel[2:]), strides=_sizes(strides), padding=padding,
                dilation_rate=_sizes(dilations), output_padding=output_padding, use_bias=use_bias,
            )  # fmt: skip
            if layer.output_shape(translator.assembly.shape(source)) == expected:
                return layer
        except LayerError:
            continue
    return None


def _pads_as_same(
    pads: Sequence[int] | None, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> bool:
    """Whether something is cut off, which padding="same" does; how much follows from the shape."""
    return pads is None or any(pads) or all(k <= s for k, s in zip(extents(kernel, dilations), strides, strict=True))


def kernel_weights(kernel: Value, shape: Shape, bias: Value | None, axes: Axes = ()) -> list[Weight]:
    of_bias = as_weights(bias, "bias") if bias is not None else ()
    return [*as_weights(kernel, "kernel", shape, axes=axes), *of_bias]


# Pooling.


def pooling(translator: Translator, operation: Operation) -> None:
    """MaxPool and AveragePool; cells around the map are no part of a maximum, nor of a mean unless asked for."""
    source, output = operation.inputs[0], operation.outputs[0]
    kernel = operation.attributes.numbers("kernel_shape") or []
    name = "Max" if "Max" in operation.kind else "Average"
    if source is None or source.shape is None or channels_last(operation) or operation.kind == "LpPool":
        translator.moving(operation)
        return
    source = translator.laid_out(source, True)
    sizes = (source.shape or ())[2:]
    window = sliding(operation, sizes, kernel)
    make = _POOLS[name].get(len(kernel))
    if make is None or max(window.dilations) > 1 or not translator.assembly.is_batched(source):
        operation.inputs[0] = source
        translator.moving(operation, channels_first=True)
        return
    padding = padding_of(window, sizes)
    if operation.attributes.number("count_include_pad") and padding == "same":
        padding = None
    if padding is None:
        zeros = operation.attributes.number("count_include_pad") or (name == "Max" and is_positive(translator, source))
        source = padded(translator, operation, source, window, "" if zeros else "ignored")
    layer = make(pool_size=_sizes(window.kernel), strides=_sizes(window.strides), padding=padding or "valid")
    translator.modest(layer, [source], output, name=translator.name(operation), channels_first=True)
    for other in operation.outputs[1:]:
        translator.assembly.several(
            Moving("Indices", translator.assembly.shape(other)), [source], [other], name=other.name, weights=()
        )


def is_positive(translator: Translator, value: Value) -> bool:
    """Whether no cell is below zero, so that zeros around the map change no maximum."""
    return isinstance(translator.assembly.node(value).layer, ReLU)


STANDARD: dict[str, Translation] = {
    **dict.fromkeys(("Conv", "ConvInteger", "QLinearConv"), convolution), "ConvTranspose": transposed,
    "DeformConv": deformed,
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), pooling),
}  # fmt: skip
RUNTIME: dict[str, Translation] = {
    **dict.fromkeys(("FusedConv", "QLinearConv", "NhwcConv"), convolution),
    "QLinearAveragePool": pooling, "NhwcMaxPool": pooling,
}  # fmt: skip
