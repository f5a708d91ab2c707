"""The layers of TFLite's operations that have kernels or windows: read off options and the kernels' shapes."""

from __future__ import annotations

from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph.layer import Layer, Shape, dilated
from cnncli.graph.layers import (
    AveragePooling2D,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv2D,
    MaxPooling2D,
)
from cnncli.readers.tflite.file import FileTensor, Operation

WITHIN = frozenset({"relu", "relu6", "tanh", "hard_tanh"})
"""Functions that a layer with a kernel may apply itself."""


def shape_of(operation: Operation, number: int, rank: int | None = None) -> Shape:
    """The shape of an input. Raises LayerError where it has none, or one of another rank."""
    found = operation.input(number)
    if found is None or found.shape is None or (rank is not None and len(found.shape) != rank):
        shape = None if found is None else found.shape
        raise LayerError(f"{operation.name}: its input {number} has shape {shape}")
    return found.shape


def activation(operation: Operation) -> str | None:
    return operation.fused if operation.fused in WITHIN else None


def bias(operation: Operation, number: int = 2) -> FileTensor | None:
    return operation.input(number)


def conv2d(operation: Operation) -> Conv2D:
    """The kernel is (filters, height, width, channels of a group)."""
    filters, height, width, channels = shape_of(operation, 1, 4)
    return Conv2D(
        filters, (height, width), _strides(operation), operation.padding,
        dilation_rate=(operation.option(5, default=1), operation.option(4, default=1)),
        groups=_groups(shape_of(operation, 0, 4)[3], channels),
        activation=activation(operation), use_bias=bias(operation) is not None,
    )  # fmt: skip


def _strides(operation: Operation, width_field: int = 1) -> tuple[int, int]:
    """Height and width; the options have the width first."""
    return operation.option(width_field + 1), operation.option(width_field)


def _groups(channels: int, of_kernel: int) -> int:
    if channels is UNKNOWN or not of_kernel:
        return 1
    if channels % of_kernel:
        raise LayerError(f"a kernel of {of_kernel} channels does not fit an input of {channels}")
    return channels // of_kernel


def depthwise(operation: Operation) -> Layer:
    """The kernel is (1, height, width, channels x multiplier).

    Of one input channel it is what the converter makes of a Conv2D, and is one. With unequal strides, which Keras's
    layer does not take, it is a convolution with a group a channel.
    """
    _, height, width, filters = shape_of(operation, 1, 4)
    channels = shape_of(operation, 0, 4)[3]
    if channels is UNKNOWN:
        channels = filters // max(operation.option(3), 1)
    multiplier = _groups(filters, channels)
    strides = _strides(operation)
    options: dict[str, Any] = {
        "dilation_rate": (operation.option(6, default=1), operation.option(5, default=1)),
        "activation": activation(operation),
        "use_bias": bias(operation) is not None,
    }
    if channels == 1 or strides[0] != strides[1]:
        return Conv2D(filters, (height, width), strides, operation.padding, groups=channels, **options)
    return DepthwiseConv2D((height, width), strides, operation.padding, multiplier, **options)


def transpose_conv(operation: Operation) -> Conv2DTranspose:
    """Inputs are the output's shape, the kernel (filters, height, width, channels), what is convolved, and the bias."""
    filters, height, width, _ = shape_of(operation, 1, 4)
    strides, kernel = _strides(operation), (height, width)
    options: dict[str, Any] = {"activation": activation(operation), "use_bias": bias(operation, 3) is not None}
    plain = Conv2DTranspose(filters, kernel, strides, operation.padding, **options)
    size, wanted = shape_of(operation, 2, 4), operation.values(0)
    if wanted is None or len(wanted) != 4 or plain.output_shape(size[1:])[:2] == tuple(wanted[1:3]):
        return plain
    padding = _output_padding(kernel, strides, operation.padding, size[1:3], wanted[1:3])
    if padding is None:
        return plain
    return Conv2DTranspose(filters, kernel, strides, operation.padding, padding, **options)


def _output_padding(kernel: Any, strides: Any, padding: str, size: Any, wanted: Any) -> tuple[int, int] | None:
    """What Keras's layer needs to be told for another size than the usual one; None where that cannot be said."""
    found = []
    for extent, stride, before, after in zip(dilated(kernel, 1), strides, size, wanted, strict=True):
        cut = 2 * (extent // 2) if padding == "same" else 0
        found.append(after - ((before - 1) * stride + extent - cut))
    fits = all(
        not each < 0 and each is not UNKNOWN and each < stride for each, stride in zip(found, strides, strict=True)
    )
    return (found[0], found[1]) if fits else None


def pooling(operation: Operation) -> AveragePooling2D | MaxPooling2D:
    kind = MaxPooling2D if operation.name == "MAX_POOL_2D" else AveragePooling2D
    return kind((operation.option(4), operation.option(3)), _strides(operation), operation.padding)


WINDOWED = {
    "CONV_2D": (conv2d, 0),
    "DEPTHWISE_CONV_2D": (depthwise, 0),
    "TRANSPOSE_CONV": (transpose_conv, 2),
    "AVERAGE_POOL_2D": (pooling, 0),
    "MAX_POOL_2D": (pooling, 0),
    "L2_POOL_2D": (pooling, 0),
}
"""Their makers, and which input is the map."""
