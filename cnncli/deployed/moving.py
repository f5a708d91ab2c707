"""Layers that move cells, pool or merge them, in TFLite's operations."""

from __future__ import annotations

from cnncli.amounts import is_known
from cnncli.deployed.draft import POINT, Draft, Value, number, numbers, options, weight
from cnncli.deployed.functions import applied
from cnncli.deployed.kernels import narrowed, widened
from cnncli.deployed.normalizing import broadcast
from cnncli.graph import Node, Shape
from cnncli.graph.layer import pair


def same(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """What acts in training only."""
    return inputs[0]


def reshape(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return reshaped(draft, node, inputs[0], draft.batched(node.shape))


def reshaped(draft: Draft, node: Node, x: Value, shape: Shape) -> Value:
    return draft.emit("RESHAPE", node, [x, numbers(*shape)], shape)


def permute(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    dims = options(node).dims
    return permuted(draft, node, inputs[0], (0, *dims))


def permuted(draft: Draft, node: Node, x: Value, order: tuple[int, ...]) -> Value:
    """The axes in another order, the batch's among them."""
    shape = tuple(x.shape[axis] for axis in order)
    return draft.emit("TRANSPOSE", node, [x, numbers(*order)], shape, order=order)


def zero_padding(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """One or two axes; nothing where no cell is added."""
    padding = options(node).padding
    sides = (padding,) if isinstance(padding[0], int) else tuple(padding)
    if not any(cells for side in sides for cells in side):
        return inputs[0]
    cells = numbers((0, 0), *sides, (0, 0))
    return draft.emit("PAD", node, [inputs[0], cells], draft.batched(node.shape), sides=sides)


def cropping(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    cropped = options(node).cropping
    sides = (cropped,) if isinstance(cropped[0], int) else tuple(cropped)
    begin, end = (0, *(side[0] for side in sides), 0), (0, *(-side[1] for side in sides), 0)
    return _sliced(draft, node, inputs[0], begin, end)


def _sliced(draft: Draft, node: Node, x: Value, begin: Shape, end: Shape) -> Value:
    """An end of 0 is the end of the axis, and counted from there."""
    steps = (1,) * len(begin)
    read = [x, numbers(*begin), numbers(*end), numbers(*steps)]
    return draft.emit("STRIDED_SLICE", node, read, draft.batched(node.shape))


def slice_of_channels(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """The cropping of keras_model.composed; any other slice of a file is the same operation."""
    (x,), layer = inputs, options(node)
    rank = len(x.shape)
    begin = (0, *layer.begin)[:rank]
    shape = draft.batched(node.shape)
    end = tuple(min(first + size - whole, 0) for first, size, whole in zip(begin, shape, x.shape, strict=False))
    return _sliced(draft, node, x, begin, end)


def center_crop(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Of a map that is smaller along an axis, the part of the wanted proportions is enlarged."""
    (x,), layer = inputs, options(node)
    batch, height, width, channels = x.shape
    wanted = (layer.height, layer.width)
    if not (is_known(height) and is_known(width)):
        return _resized(draft, node, x, "unknown")
    large = height >= wanted[0] and width >= wanted[1]
    if large:
        kept = wanted
    else:
        kept = (
            min(int(width * wanted[0] / wanted[1]), height),
            min(int(height * wanted[1] / wanted[0]), width),
        )
    first = (height - kept[0]) // 2, (width - kept[1]) // 2
    read = [x, numbers(0, *first, 0), numbers(0, first[0] + kept[0], first[1] + kept[1], 0), numbers(1, 1, 1, 1)]
    x = draft.emit("STRIDED_SLICE", node, read, (batch, *kept, channels))
    return x if large else _resized(draft, node, x, "bilinear")


def up_sampling(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Repeated along an axis after the other, by an axis more; or interpolated in one operation."""
    (x,), layer = inputs, options(node)
    if getattr(layer, "interpolation", "nearest") != "nearest":
        return _resized(draft, node, x, layer.interpolation)
    times = (layer.size,) if isinstance(layer.size, int) else pair(layer.size)
    for axis, count in enumerate(times, 1):
        if count > 1:
            x = _repeated(draft, node, x, axis, count)
    return x


def _repeated(draft: Draft, node: Node, x: Value, axis: int, count: int) -> Value:
    shape = x.shape
    apart = (*shape[: axis + 1], 1, *shape[axis + 1 :])
    tiled = (*shape[: axis + 1], count, *shape[axis + 1 :])
    multiples = numbers(*(count if place == axis + 1 else 1 for place in range(len(apart))))
    x = draft.emit("TILE", node, [reshaped(draft, node, x, apart), multiples], tiled)
    return reshaped(draft, node, x, (*shape[:axis], shape[axis] * count, *shape[axis + 1 :]))


def repeat_vector(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    (x,) = inputs
    x = reshaped(draft, node, x, (x.shape[0], 1, x.shape[1]))
    return _repeated(draft, node, x, 1, options(node).n)


def resizing(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return _resized(draft, node, inputs[0], options(node).interpolation)


RESIZES = {"bilinear": "RESIZE_BILINEAR", "nearest": "RESIZE_NEAREST_NEIGHBOR"}
"""Interpolations that TFLite has an operation for."""


def _resized(draft: Draft, node: Node, x: Value, interpolation: str) -> Value:
    if interpolation not in RESIZES:
        draft.uncounted.append(node.index)
    shape = draft.batched(node.shape)
    return draft.emit(RESIZES.get(interpolation, "CUSTOM"), node, [x, numbers(*shape[1:3])], shape)


def pooling(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return _pooled(draft, node, inputs[0], draft.batched(node.shape))


def _pooled(draft: Draft, node: Node, x: Value, shape: Shape) -> Value:
    layer = options(node)
    type = "MAX_POOL_2D" if layer.type.startswith("Max") else "AVERAGE_POOL_2D"
    return draft.emit(type, node, [x], shape, padding=layer.padding)


def pooling_1d(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    batch, *rest = draft.batched(node.shape)
    return narrowed(draft, node, _pooled(draft, node, widened(draft, node, inputs[0]), (batch, 1, *rest)))


def subsampling(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """The layers of keras_model.composed: the coefficient and the bias are a depthwise convolution's."""
    shape, layer = draft.batched(node.shape), options(node)
    means = draft.emit("AVERAGE_POOL_2D", node, inputs, shape, padding=layer.padding)
    channels = shape[-1]
    read = [means, weight(node, "coefficient", (1, 1, 1, channels)), weight(node, "bias", (channels,))]
    made = draft.emit("DEPTHWISE_CONV_2D", node, read, shape, "", **POINT)
    return applied(draft, node, made, layer.function)


def _over(draft: Draft, node: Node, type: str, x: Value, axes: tuple[int, ...]) -> Value:
    held = numbers(*axes) if len(axes) > 1 else Value("axis", (), "int32", ("axis", axes))
    return draft.emit(type, node, [x, held], draft.batched(node.shape), axes=axes)


def global_average_pooling(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return _over(draft, node, "MEAN", inputs[0], _grid(inputs[0]))


def global_max_pooling(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return _over(draft, node, "REDUCE_MAX", inputs[0], _grid(inputs[0]))


def _grid(x: Value) -> tuple[int, ...]:
    return tuple(range(1, len(x.shape) - 1))


MERGES = {
    "Add": "ADD", "Multiply": "MUL", "Maximum": "MAXIMUM", "Minimum": "MINIMUM", "Subtract": "SUB", "Average": "ADD",
}  # fmt: skip


def merged(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Of several inputs the first two, what they make and the third, and so on: the last two are given here."""
    shape = broadcast_with_batch(*inputs)
    rank = len(shape)
    inputs = [x if len(x.shape) == rank else _led_by_ones(draft, node, x, rank) for x in inputs]
    return draft.emit(MERGES[node.type], node, inputs, shape)


def _led_by_ones(draft: Draft, node: Node, x: Value, rank: int) -> Value:
    """Keras inserts axes behind the batch."""
    return reshaped(draft, node, x, (x.shape[0], *(1,) * (rank - len(x.shape)), *x.shape[1:]))


def broadcast_with_batch(left: Value, right: Value) -> Shape:
    if left.shape == right.shape:
        return left.shape
    return (left.shape[0], *broadcast(left.shape[1:], right.shape[1:]))


def mean_of_sum(draft: Draft, node: Node, total: Value) -> Value:
    """What follows the sum of all inputs of an average."""
    return draft.emit("MUL", node, [total, number(1 / len(node.inputs))], total.shape)


def custom_scale(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    shortcut, branch = inputs
    scale = options(node).scale
    if scale != 1:
        branch = draft.emit("MUL", node, [branch, number(scale)], branch.shape)
    return draft.emit("ADD", node, [shortcut, branch], broadcast(shortcut.shape, branch.shape))


def concatenate(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return draft.emit("CONCATENATION", node, inputs, draft.batched(node.shape))


def embedding(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """A number below 0 counts from the end; one that is real is cut off."""
    (x,), layer = inputs, options(node)
    shape = x.shape
    if x.dtype.startswith("float"):
        x = draft.emit("CAST", node, [x], shape, "int32")
    count = Value("count", (), "int32", ("count", layer.input_dim))
    below = draft.emit("LESS", node, [x, Value("zero", (), "int32", ("count", 0))], shape, "bool")
    other = draft.emit("ADD", node, [x, count], shape)
    x = draft.emit("SELECT", node, [below, other, x], shape, x.dtype)
    table = weight(node, "embeddings", (layer.input_dim, layer.output_dim))
    return draft.emit("GATHER", node, [table, x], draft.batched(node.shape), "float32")
