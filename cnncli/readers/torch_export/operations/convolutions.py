"""Convolutions of ATen, in space and along steps."""

from __future__ import annotations

from math import prod
from typing import Any

from cnncli.errors import LayerError
from cnncli.graph import Layer
from cnncli.graph.layers import (
    AnyConvolution,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Cropping1D,
    Cropping2D,
    DepthwiseConv1D,
    DepthwiseConv2D,
)
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.operations.arguments import Writer, keras_sides, lengths, padded
from cnncli.readers.torch_export.program import Operation, Value


def convolution(network: TorchNetwork, operation: Operation) -> None:
    source, kernel, bias = operation.get("input"), operation.get("weight"), operation.get("bias")
    axes = kernel.rank - 2
    if source.rank != kernel.rank or not 1 <= axes <= 3 or not kernel.constant or (bias and not bias.constant):
        raise LayerError("not a convolution of a map with constant weights")
    source = network.in_layout(source, True, operation)
    is_transposed = bool(operation.get("transposed")) or operation.name.startswith("conv_transpose")
    try:
        if axes == 3:
            raise LayerError("Keras's layers here have two axes")
        (_transposed if is_transposed else _plain)(network, operation, source, kernel, bias, axes)
    except LayerError:
        _any_convolution(network, operation, source, kernel, bias, is_transposed)


def _any_convolution(
    network: TorchNetwork, operation: Operation, source: Value, kernel: Value, bias: Value | None, is_transposed: bool
) -> None:
    """One that Keras has no layer for: each weight once at each place of the output, or of the input if transposed."""
    output = operation.outputs[0]
    output.channels_first = True
    sizes = (source if is_transposed else output).sizes
    cells = prod((sizes[0], *sizes[2:]))
    first, second, *size = kernel.sizes
    shape = (*size, first, second) if is_transposed else (*size, second, first)
    title = f"Conv{len(size)}D{'Transpose' if is_transposed else ''}"
    layer = AnyConvolution(title, network.shape(output), shape, cells // network.batch, bias is not None)
    _apply_kernel(network, operation, layer, source, kernel, bias, shape, channels_first=True)


def _plain(
    network: TorchNetwork, operation: Operation, source: Value, kernel: Value, bias: Value | None, axes: int
) -> None:
    strides, dilation = (lengths(operation.get(name, default=1), axes) for name in ("stride", "dilation"))
    filters, depth, *size = kernel.sizes
    groups, channels = operation.get("groups", default=1), source.sizes[1]
    extents = [rate * (cells - 1) + 1 for rate, cells in zip(dilation, size, strict=True)]
    padding, sides = operation.get("padding", default=0), None
    if isinstance(padding, str):
        written = padding
    else:
        outputs = operation.outputs[0].sizes[2:]
        written, sides = keras_sides(source.sizes[2:], outputs, extents, strides, lengths(padding, axes))
    shared: dict[str, Any] = {
        "kernel_size": tuple(size), "strides": strides, "padding": written, "dilation_rate": dilation,
        "use_bias": bias is not None,
    }  # fmt: skip
    if groups > 1 and groups == channels and len(set(strides)) == 1:
        layer: Layer = (DepthwiseConv1D, DepthwiseConv2D)[axes - 1](depth_multiplier=filters // groups, **shared)
        shape = (*size, channels, filters // groups)
    else:
        layer = (Conv1D, Conv2D)[axes - 1](filters=filters, groups=groups, **shared)
        shape = (*size, depth, filters)
    source = padded(network, operation, source, sides)
    _apply_kernel(network, operation, layer, source, kernel, bias, shape)


def _apply_kernel(
    network: TorchNetwork, operation: Operation, layer: Layer, source: Value, kernel: Value, bias: Value | None,
    shape: tuple[int, ...], output: Value | None = None, channels_first: bool | None = None,
) -> None:  # fmt: skip
    weights = network.weights("kernel", kernel, shape) + (network.weights("bias", bias) if bias is not None else [])
    network.apply(operation, layer, [source], output, weights=weights, channels_first=channels_first)


def _transposed(
    network: TorchNetwork, operation: Operation, source: Value, kernel: Value, bias: Value | None, axes: int
) -> None:
    """(n - 1) s - 2p + d (k - 1) + 1 + o cells an axis: `same` where that is n s, else `valid`, cut at the ends."""
    if operation.get("groups", default=1) != 1:
        raise LayerError("Keras's transposed convolution has no groups")
    strides, dilation = (lengths(operation.get(name, default=1), axes) for name in ("stride", "dilation"))
    cells, more = (lengths(operation.get(name, default=0), axes) for name in ("padding", "output_padding"))
    channels, filters, *size = kernel.sizes
    extents = [rate * (length - 1) + 1 for rate, length in zip(dilation, size, strict=True)]
    facts = list(zip(extents, strides, cells, more, strict=True))
    shared: dict[str, Any] = {
        "filters": filters, "kernel_size": tuple(size), "strides": strides, "dilation_rate": dilation,
        "use_bias": bias is not None,
    }  # fmt: skip
    kind, cropping = (Conv1DTranspose, Conv2DTranspose)[axes - 1], (Cropping1D, Cropping2D)[axes - 1]
    shape = (*size, filters, channels)
    if all(extent - 2 * before + extra == stride for extent, stride, before, extra in facts):
        _apply_kernel(network, operation, kind(padding="same", **shared), source, kernel, bias, shape)
        return
    if any(extent < stride or extra > before for extent, stride, before, extra in facts):
        raise LayerError("Keras has no such border")
    sides: Any = tuple((before, before - extra) for _, _, before, extra in facts)
    layer = kind(padding="valid", **shared)
    if not any(before or after for before, after in sides):
        _apply_kernel(network, operation, layer, source, kernel, bias, shape)
        return
    first, count, *found = operation.outputs[0].sizes
    whole = [length + before + after for length, (before, after) in zip(found, sides, strict=True)]
    between = Value(f"{operation.label}.whole", (first, count, *whole), operation.outputs[0].dtype)
    _apply_kernel(network, operation, layer, source, kernel, bias, shape, between)
    network.apply(operation, cropping(sides if axes == 2 else sides[0]), [between], behind="crop")


WRITERS: dict[str, Writer] = dict.fromkeys((
    "conv1d", "conv2d", "conv3d", "convolution", "_convolution", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d",
    "mkldnn_convolution", "cudnn_convolution",
), convolution)  # fmt: skip
