"""Normalization and rescaling, in TFLite's operations: what batch normalization is at inference, the rest spelt out."""

from __future__ import annotations

from typing import Any

from cnncli.deployed.draft import POINT, Draft, Value, number, numbers, options, weight
from cnncli.graph import Node, Shape


def batch_normalization(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Times a, plus b, a channel: two operations unless a kernel before them takes them."""
    return draft.emit("AFFINE", node, inputs, inputs[0].shape)


def _vector(node: Node, name: str, value: Any) -> Value:
    """One number for all channels, or one each."""
    return weight(node, name, (len(value),)) if isinstance(value, tuple) else number(value)


def rescaling(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """TensorFlow's own optimizer leaves out a product with 1 and a sum with 0."""
    (x,), layer = inputs, options(node)
    if layer.scale != 1:
        x = draft.emit("MUL", node, [x, _vector(node, "scale", layer.scale)], x.shape)
    if layer.offset != 0:
        x = draft.emit("ADD", node, [x, _vector(node, "offset", layer.offset)], x.shape)
    return x


def normalization(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """With given statistics. Weights are 0 and 1 until they are adapted, and what those do is left out."""
    (x,), layer = inputs, options(node)
    if layer.mean is None:
        return x
    shape = (1,) * (len(x.shape) - 1) + x.shape[-1:]
    x = draft.emit("SUB", node, [x, weight(node, "mean", shape)], x.shape)
    return draft.emit("MUL", node, [x, weight(node, "deviation", shape)], x.shape)


def layer_scale(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    (x,), (factor,) = inputs, node.weights
    return draft.emit("MUL", node, [x, weight(node, factor.name, factor.shape)], x.shape)


def layer_normalization(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    (x,), layer = inputs, options(node)
    rank = len(x.shape)
    axes = tuple(sorted(layer.axis)) if isinstance(layer.axis, tuple) else (layer.axis,)
    if len(axes) > 1:
        affine = (1,) * (rank - len(axes)) + tuple(x.shape[axis] for axis in axes)
    else:
        affine = tuple(size if axis == axes[0] % rank else 1 for axis, size in enumerate(x.shape))
    return _by_own_statistics(draft, node, x, axes, affine)


def group_normalization(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """The channels in groups, along an axis of their own."""
    (x,), layer = inputs, options(node)
    shape = x.shape
    groups = shape[-1] if layer.groups == -1 else layer.groups
    grouped = (*shape[:-1], groups, shape[-1] // groups)
    x = draft.emit("RESHAPE", node, [x, numbers(*grouped)], grouped)
    axes = (*range(1, len(shape) - 1), len(shape))
    affine = (1,) * (len(shape) - 1) + grouped[-2:]
    x = _by_own_statistics(draft, node, x, axes, affine)
    return draft.emit("RESHAPE", node, [x, numbers(*shape)], shape)


def _by_own_statistics(draft: Draft, node: Node, x: Value, axes: tuple[int, ...], affine: Shape) -> Value:
    """x * a + (b - mean * a), where a is gamma by the deviation: as Keras writes it for both layers that do so."""
    layer, shape = options(node), x.shape
    along = {axis % len(shape) for axis in axes}
    means = tuple(1 if axis in along else size for axis, size in enumerate(shape))
    mean = draft.emit("MEAN", node, [x, numbers(*axes)], means, axes=axes)
    less = draft.emit("NEG", node, [mean], means)
    squares = _squared_differences(draft, node, x, mean)
    variance = draft.emit("MEAN", node, [squares, numbers(*axes)], means, axes=axes)
    variance = draft.emit("ADD", node, [variance, number(layer.epsilon)], means)
    factor = draft.emit("RSQRT", node, [variance], means)
    if layer.scale:
        gamma = weight(node, "gamma", affine)
        factor = draft.emit("MUL", node, [factor, gamma], broadcast(means, affine))
    offset = draft.emit("MUL", node, [less, factor], factor.shape)
    if layer.center:
        offset = draft.emit("ADD", node, [offset, weight(node, "beta", affine)], broadcast(offset.shape, affine))
    scaled = draft.emit("MUL", node, [x, factor], shape)
    return draft.emit("ADD", node, [scaled, offset], shape)


def _squared_differences(draft: Draft, node: Node, x: Value, mean: Value) -> Value:
    """TFLite's one operation broadcasts up to four axes."""
    if len(x.shape) <= 4:
        return draft.emit("SQUARED_DIFFERENCE", node, [x, mean], x.shape)
    difference = draft.emit("SUB", node, [x, mean], x.shape)
    return draft.emit("SQUARE", node, [difference], x.shape)


def broadcast(left: Shape, right: Shape) -> Shape:
    """The shape of two tensors cell by cell; a shorter one is led by ones."""
    if left == right:
        return left
    rank = max(len(left), len(right))
    sizes = zip((1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right, strict=True)
    return tuple(other if size == 1 else size for size, other in sizes)


def global_response_normalization(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """The layers of keras_model.composed: gamma and beta are a depthwise convolution's."""
    (x,) = inputs
    shape, channels = x.shape, x.shape[-1]
    cells, one = (shape[0], 1, 1, channels), (shape[0], 1, 1, 1)
    squares = draft.emit("MUL", node, [x, x], shape)
    norm = draft.emit("SQRT", node, [draft.emit("SUM", node, [squares, numbers(1, 2)], cells, axes=(1, 2))], cells)
    mean = draft.emit("MEAN", node, [norm, numbers(-1)], one, axes=(-1,))
    mean = draft.emit("ADD", node, [mean, number(options(node).epsilon)], one)
    share = draft.emit("DIV", node, [norm, mean], cells)
    scaled = draft.emit("MUL", node, [x, share], shape)
    kernel, bias = weight(node, "gamma", (1, 1, 1, channels)), weight(node, "beta", (channels,))
    affine = draft.emit("DEPTHWISE_CONV_2D", node, [scaled, kernel, bias], shape, "", **POINT)
    return draft.emit("ADD", node, [x, affine], shape)


def local_response_normalization(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """The layers of keras_model.composed: the mean over neighbours is a pooling with rows as the channels."""
    (x,), layer = inputs, options(node)
    batch, height, width, channels = shape = x.shape
    radius = layer.depth_radius
    padded = (batch, height, width, channels + 2 * radius)
    turned = (batch, width, padded[-1], height)
    pooled = (batch, width, channels, height)
    squares = draft.emit("MUL", node, [x, x], shape)
    cells = numbers((0, 0), (0, 0), (0, 0), (radius, radius))
    squares = draft.emit("PAD", node, [squares, cells], padded)
    squares = draft.emit("TRANSPOSE", node, [squares, numbers(0, 2, 3, 1)], turned, order=(0, 2, 3, 1))
    means = draft.emit("AVERAGE_POOL_2D", node, [squares], pooled)
    count = 2 * radius + 1
    means = draft.emit("MUL", node, [means, number(layer.alpha * count)], pooled)
    if layer.bias:
        means = draft.emit("ADD", node, [means, number(layer.bias)], pooled)
    means = draft.emit("TRANSPOSE", node, [means, numbers(0, 3, 1, 2)], shape, order=(0, 3, 1, 2))
    if layer.beta == 0.5:  # TensorFlow's optimizer knows what that power is
        power = draft.emit("RSQRT", node, [means], shape)
    else:
        power = draft.emit("POW", node, [means, number(-layer.beta)], shape)
    return draft.emit("MUL", node, [x, power], shape)
