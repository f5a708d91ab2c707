"""Layers with kernels, in TFLite's operations and with its layout of kernels: filters first, depthwise ones last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.deployed.draft import POINT, Draft, Value, numbers, options, weight, zeros
from cnncli.deployed.functions import applied
from cnncli.graph import Node, Shape
from cnncli.graph.layer import Layer


def _bias(node: Node, count: int) -> Value:
    return weight(node, "bias", (count,)) if options(node).use_bias else zeros(count)


def _window(layer: Any) -> dict[str, Any]:
    """The options of a convolution by those of its layer, or of the layer's twin of two axes."""
    return {
        "padding": layer.padding,
        "dilation": layer.dilation_rate,
        "kernel": layer.kernel_size,
        "strides": layer.strides,
    }


def _convolution(draft: Draft, node: Node, x: Value, layer: Any, shape: Shape) -> Value:
    height, width = layer.kernel_size
    kernel = weight(node, "kernel", (layer.filters, height, width, x.shape[-1] // layer.groups))
    return draft.emit("CONV_2D", node, [x, kernel, _bias(node, layer.filters)], shape, "", **_window(layer))


def _depthwise(draft: Draft, node: Node, x: Value, layer: Any, shape: Shape) -> Value:
    kernel = weight(node, "kernel", (1, *layer.kernel_size, shape[-1]))
    return draft.emit("DEPTHWISE_CONV_2D", node, [x, kernel, _bias(node, shape[-1])], shape, "", **_window(layer))


def _separable(draft: Draft, node: Node, x: Value, layer: Any, shape: Shape) -> Value:
    """A depthwise convolution without a bias, and one of 1x1."""
    between = (*shape[:-1], x.shape[-1] * layer.depth_multiplier)
    kernel = weight(node, "depthwise_kernel", (1, *layer.kernel_size, between[-1]))
    x = draft.emit("DEPTHWISE_CONV_2D", node, [x, kernel, zeros(between[-1])], between, "", **_window(layer))
    points = weight(node, "pointwise_kernel", (layer.filters, 1, 1, between[-1]))
    inputs = [x, points, _bias(node, layer.filters)]
    return draft.emit("CONV_2D", node, inputs, shape, "", **POINT)


def _transposed(draft: Draft, node: Node, x: Value, layer: Any, shape: Shape) -> Value:
    """The output's shape is a constant that it reads; only where there is a bias it reads one."""
    kernel = weight(node, "kernel", (layer.filters, *layer.kernel_size, x.shape[-1]))
    bias = [_bias(node, layer.filters)] if layer.use_bias else []
    if max(layer.dilation_rate) > 1:
        draft.uncounted.append(node.index)  # TFLite has no such kernel
    return draft.emit("TRANSPOSE_CONV", node, [numbers(*shape), kernel, x, *bias], shape, x.dtype)


Window = Callable[[Draft, Node, Value, Any, Shape], Value]


def _two_dimensional(window: Window) -> Callable[[Draft, Node, list[Value]], Value]:
    def lowered(draft: Draft, node: Node, inputs: list[Value]) -> Value:
        made = window(draft, node, inputs[0], node.layer, draft.batched(node.shape))
        return applied(draft, node, made, node.layer.function)

    return lowered


def widened(draft: Draft, node: Node, x: Value) -> Value:
    """Steps as a map that is one cell high."""
    batch, *rest = x.shape
    shape = (batch, 1, *rest)
    return draft.emit("RESHAPE", node, [x, numbers(*shape)], shape)


def narrowed(draft: Draft, node: Node, x: Value) -> Value:
    batch, _, *rest = x.shape
    shape = (batch, *rest)
    return draft.emit("RESHAPE", node, [x, numbers(*shape)], shape)


def _one_dimensional(window: Window) -> Callable[[Draft, Node, list[Value]], Value]:
    """As its twin of two axes on a map that is one cell high; what pads before the first step alone is a PAD."""

    def lowered(draft: Draft, node: Node, inputs: list[Value]) -> Value:
        (x,), layer = inputs, _Row(node.layer)
        if layer.causal:
            batch, count, channels = x.shape
            before = layer.dilation_rate[1] * (layer.kernel_size[1] - 1)
            cells = numbers((0, 0), (before, 0), (0, 0))
            x = draft.emit("PAD", node, [x, cells], (batch, count + before, channels), cells=(before, 0))
        x = widened(draft, node, x)
        batched = draft.batched(node.shape)
        x = window(draft, node, x, layer, (batched[0], 1, *batched[1:]))
        return applied(draft, node, narrowed(draft, node, x), node.layer.function)

    return lowered


class _Row:
    """The options of a layer along steps as those of its twin, on a map that is one cell high."""

    def __init__(self, layer: Layer) -> None:
        options: Any = layer
        self.kernel_size = (1, options.kernel_size)
        self.strides = (1, options.strides)
        self.dilation_rate = (1, options.dilation_rate)
        self.causal = options.padding == "causal"
        self.padding = "valid" if self.causal else options.padding
        self.use_bias = options.use_bias
        self.filters = getattr(options, "filters", 0)
        self.groups = getattr(options, "groups", 1)
        self.depth_multiplier = getattr(options, "depth_multiplier", 1)


conv_2d = _two_dimensional(_convolution)
depthwise_conv_2d = _two_dimensional(_depthwise)
separable_conv_2d = _two_dimensional(_separable)
conv_2d_transpose = _two_dimensional(_transposed)
conv_1d = _one_dimensional(_convolution)
depthwise_conv_1d = _one_dimensional(_depthwise)
separable_conv_1d = _one_dimensional(_separable)
conv_1d_transpose = _one_dimensional(_transposed)


def dense(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    (x,), layer = inputs, options(node)
    kernel = weight(node, "kernel", (layer.units, x.shape[-1]))
    bias = [_bias(node, layer.units)] if layer.use_bias else []
    found = draft.emit("FULLY_CONNECTED", node, [x, kernel, *bias], draft.batched(node.shape))
    return applied(draft, node, found, layer.function)


def radial_basis(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """The squares' sum, and the products with the codes times -2 plus the codes' own squares: keras_model.composed."""
    (x,), layer = inputs, options(node)
    squares = draft.emit("SQUARE", node, [x], x.shape)
    norm = draft.emit("SUM", node, [squares, numbers(-1)], (*x.shape[:-1], 1), axes=(-1,))
    shape = draft.batched(node.shape)
    kernel, bias = weight(node, "kernel", (layer.units, x.shape[-1])), weight(node, "norm", (layer.units,))
    products = draft.emit("FULLY_CONNECTED", node, [x, kernel, bias], shape)
    return draft.emit("ADD", node, [products, norm], shape)
