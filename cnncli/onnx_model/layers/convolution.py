"""Layers with kernels. ONNX's Conv has its kernel as (filters, channels of a group, height, width)."""

from __future__ import annotations

from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph import Node, Shape
from cnncli.graph.layer import dilated, same_pads
from cnncli.onnx_model.layers.activation import before_activation, finished
from cnncli.onnx_model.lowering import Laid, Lowered, Lowering, inner

KERNEL_FIRST = (3, 2, 0, 1)
"""(height, width, channels, filters) to ONNX's order."""


def pads(sizes: Shape, extents: Shape, strides: Shape, padding: str) -> dict[str, Any]:
    """The attributes of a window's padding: what stands before and behind each axis in space.

    `same` is written out, as not every runtime takes auto_pad with gaps in the kernel, but where a size is open.
    """
    if padding == "valid":
        return {}
    if any(size is UNKNOWN for size in sizes):
        return {"auto_pad": "SAME_UPPER"}
    sides = [same_pads(*each) for each in zip(sizes, extents, strides, strict=True)]
    return {"pads": [before for before, _ in sides] + [behind for _, behind in sides]}


def _convolved(lowering: Lowering, node: Node, kernel: Any, groups: int, bias: Any) -> Laid:
    layer: Any = node.layer
    extents = dilated(layer.kernel_size, layer.dilation_rate)
    given = [lowering.input(node), lowering.weight(node, "kernel", kernel)]
    if bias is not None:
        given.append(lowering.weight(node, "bias", bias))
    name = before_activation(node, layer.function)
    lowering.add(
        "Conv", given, name, kernel_shape=layer.kernel_size, strides=layer.strides, dilations=layer.dilation_rate,
        group=groups, **pads(node.input_shapes[0][:2], extents, layer.strides, layer.padding),
    )  # fmt: skip
    return finished(lowering, node, Laid(name, first=True), layer.function)


def _conv2d(lowering: Lowering, node: Node) -> Laid:
    layer: Any = node.layer
    kernel = lowering.array(node, "kernel").transpose(KERNEL_FIRST)
    return _convolved(lowering, node, kernel, layer.groups, lowering.array(node, "bias"))


def _depthwise(lowering: Lowering, node: Node) -> Laid:
    """A group a channel, of which each has depth_multiplier filters: (height, width, channels, multiplier)."""
    kernel = lowering.array(node, "kernel")
    height, width, channels, multiplier = kernel.shape
    filters = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    return _convolved(lowering, node, filters, channels, lowering.array(node, "bias"))


def _dense(lowering: Lowering, node: Node) -> Laid:
    """Of a vector a Gemm; of more axes a product over the last, where the channels must stand."""
    layer: Any = node.layer
    kernel, bias = lowering.array(node, "kernel"), lowering.array(node, "bias")
    given = [lowering.input(node, first=False), lowering.weight(node, "kernel", kernel)]
    added = [] if bias is None else [lowering.weight(node, "bias", bias)]
    name = before_activation(node, layer.function)
    if len(node.shape) == 1:
        lowering.add("Gemm", [*given, *added], name)
    elif added:
        lowering.add("Add", [lowering.add("MatMul", given, inner(node, "product")), *added], name)
    else:
        lowering.add("MatMul", given, name)
    return finished(lowering, node, Laid(name, first=False), layer.function)


CONVOLUTIONS: dict[str, Lowered] = {
    "Conv2D": _conv2d,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
}
