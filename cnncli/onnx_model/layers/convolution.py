"""Layers with kernels, along one axis or two. ONNX's Conv has (filters, channels of a group, height, width)."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Layer
from cnncli.graph.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv1D,
    DepthwiseConv2D,
    Embedding,
    RadialBasis,
    SeparableConv1D,
    SeparableConv2D,
)
from cnncli.onnx_model.layers.activation import finished, linear_part
from cnncli.onnx_model.layers.windows import dilated, each, pads
from cnncli.onnx_model.lowering import Laid
from cnncli.onnx_model.place import Lowered, Place


def filters_first(kernel: Any) -> Any:
    """(height, width, channels, filters) as (filters, channels, height, width)."""
    space = range(kernel.ndim - 2)
    return kernel.transpose(kernel.ndim - 1, kernel.ndim - 2, *space)


def group_a_channel(kernel: Any) -> Any:
    """A depthwise kernel, (height, width, channels, multiplier): each group has `multiplier` filters of a channel."""
    *space, channels, multiplier = kernel.shape
    turned = kernel.transpose(kernel.ndim - 2, kernel.ndim - 1, *range(len(space)))
    return turned.reshape(channels * multiplier, 1, *space)


def sliding(place: Place) -> dict[str, Any]:
    """The attributes of a convolution that are the same along channels and by channel."""
    layer = place.layer
    size, strides, gaps = each(layer.kernel_size), each(layer.strides), each(layer.dilation_rate)
    around = pads(place.node.input_shapes[0][:-1], dilated(size, gaps), strides, layer.padding)
    return {"kernel_shape": size, "strides": strides, "dilations": gaps, **around}


def with_bias(place: Place) -> list[str]:
    """The bias as an operation's last input, if the layer has one."""
    return [] if place.array("bias") is None else [place.weight("bias")]


def _convolved(place: Place, kernel: Any, groups: int) -> Laid:
    given = [place.input(), place.weight("kernel", kernel), *with_bias(place)]
    part = linear_part(place.layer.function)
    name = place.add("Conv", given, part, group=groups, **sliding(place))
    return finished(place, Laid(name, place.first), place.layer.function)


def _convolution(place: Place) -> Laid:
    return _convolved(place, filters_first(place.array("kernel")), place.layer.groups)


def _depthwise(place: Place) -> Laid:
    return _convolved(place, group_a_channel(place.array("kernel")), place.node.input_shapes[0][-1])


def _separable(place: Place) -> Laid:
    """A group a channel, then a kernel of one cell."""
    depthwise = place.weight("depthwise_kernel", group_a_channel(place.array("depthwise_kernel")))
    channels = place.node.input_shapes[0][-1]
    middle = place.add("Conv", [place.input(), depthwise], "depthwise", group=channels, **sliding(place))
    pointwise = place.weight("pointwise_kernel", filters_first(place.array("pointwise_kernel")))
    name = place.add("Conv", [middle, pointwise, *with_bias(place)], linear_part(place.layer.function))
    return finished(place, Laid(name, place.first), place.layer.function)


def _transposed(place: Place) -> Laid:
    """TensorFlow's gradient of a convolution. The input spreads over (n - 1) s + e cells an axis: those that the
    convolution pads are cut off, the odd one behind; where the output is larger, cells follow.

    How many they are does not depend on n.
    """
    layer = place.layer
    size, strides, gaps = each(layer.kernel_size), each(layer.strides), each(layer.dilation_rate)
    asked = (None,) * len(size) if layer.output_padding is None else each(layer.output_padding)
    axes = zip(dilated(size, gaps), strides, asked, strict=True)
    over = [_cells_over(*axis, padding=layer.padding) for axis in axes]
    cut = [max(cells, 0) for cells in over]
    kernel = place.weight("kernel", filters_first(place.array("kernel")))
    name = place.add(
        "ConvTranspose", [place.input(), kernel, *with_bias(place)], linear_part(layer.function),
        kernel_shape=size, strides=strides, dilations=gaps,
        pads=[cells // 2 for cells in cut] + [cells - cells // 2 for cells in cut],
        output_padding=[max(-cells, 0) for cells in over],
    )  # fmt: skip
    return finished(place, Laid(name, place.first), layer.function)


def _cells_over(extent: int, stride: int, asked: int | None, padding: str) -> int:
    """How many more cells the input spreads over than the output has: fewer where it is below 0."""
    if padding == "same":
        return extent - stride if asked is None else extent - extent % 2 - asked
    return min(extent - stride, 0) if asked is None else -asked


def _dense(place: Place) -> Laid:
    """Of a vector a Gemm; of a map a product over the channels, or, where these stand first, a kernel of one cell."""
    node, part = place.node, linear_part(place.layer.function)
    if len(node.shape) == 1:
        name = place.add("Gemm", [place.input(), place.weight("kernel"), *with_bias(place)], part)
        return finished(place, Laid(name, place.last), place.layer.function)
    if place.source().order == place.first and len(node.shape) in (2, 3):
        space = (1,) * (len(node.shape) - 1)
        kernel = place.array("kernel").T.reshape(node.shape[-1], -1, *space)
        given = [place.input(), place.weight("kernel", kernel), *with_bias(place)]
        return finished(place, Laid(place.add("Conv", given, part), place.first), place.layer.function)
    bias = with_bias(place)
    name = place.add("MatMul", [place.channels_last(), place.weight("kernel")], "product" if bias else part)
    name = place.add("Add", [name, *bias], part) if bias else name
    return finished(place, Laid(name, place.last), place.layer.function)


def _radial_basis(place: Place) -> Laid:
    """The squared distance to each code, as |x|^2 - 2 c x + |c|^2."""
    import numpy

    x, codes = place.channels_last(), place.array("kernel")
    product = place.add("MatMul", [x, place.weight("kernel", trained=False)], "product")
    twice = place.add("Mul", [product, place.constant("minus_two", -2)], "twice")
    axis = place.whole("axis", [-1])
    norm = place.add("ReduceSumSquare", [x, axis], "norm", keepdims=1)
    norms = place.constant("norms", numpy.square(codes).sum(axis=0))
    return Laid(place.add("Add", [place.add("Add", [twice, norm], "distance"), norms]), place.last)


def _embedding(place: Place) -> Laid:
    """Keras takes whatever numbers as whole ones; those below 0 count from the end, in ONNX too."""
    from onnx import TensorProto

    numbers = place.channels_last()
    if not place.node.inputs[0].dtype.startswith("int"):
        numbers = place.add("Cast", [numbers], "numbers", to=TensorProto.INT32)
    return Laid(place.add("Gather", [place.weight("embeddings"), numbers], axis=0), place.last)


CONVOLUTIONS: dict[type[Layer], Lowered] = {
    Conv1D: _convolution,
    Conv1DTranspose: _transposed,
    Conv2D: _convolution,
    Conv2DTranspose: _transposed,
    Dense: _dense,
    DepthwiseConv1D: _depthwise,
    DepthwiseConv2D: _depthwise,
    Embedding: _embedding,
    RadialBasis: _radial_basis,
    SeparableConv1D: _separable,
    SeparableConv2D: _separable,
}
