"""TensorFlow's operations with kernels, and products of matrices."""

from __future__ import annotations

from math import prod

from cnncli.amounts import UNKNOWN
from cnncli.graph.layers import Conv2D, Conv2DTranspose, Dense, DepthwiseConv2D, MatMul, ZeroPadding2D
from cnncli.readers.padding import keras_padding
from cnncli.readers.saved_model.frame import Call, FileShape, Value
from cnncli.readers.saved_model.layouts import channels_first, feature_map, shaped, spatial
from cnncli.readers.saved_model.shaping import same_cells
from cnncli.readers.saved_model.walk import Handler, Walk, opaque, short


def _padded(walk: Walk, call: Call, value: Value, kernel: Value) -> tuple[Value, str]:
    """The map with the zeros around it that are spelt out, and Keras's word for the other padding."""
    padding = call.node.text("padding", "VALID").lower()
    if padding != "explicit":
        return value, padding
    numbers = call.node.wholes("explicit_paddings")
    first = 4 if channels_first(call) else 2
    pads = [(numbers[place], numbers[place + 1]) for place in (first, first + 2)]
    shape, axis = list(value.shape or ()), first // 2
    extents = [
        dilation * (cells - 1) + 1
        for cells, dilation in zip((kernel.shape or ())[:2], spatial(call, "dilations"), strict=True)
    ]
    known = keras_padding(pads, shape[axis : axis + 2], extents, spatial(call, "strides"))
    if known is not None:
        return value, known
    for place, around in enumerate(pads, axis):
        shape[place] += sum(around)
    made = Value(f"{call.name}/padding", tuple(shape), value.dtype)
    walk.assembly.apply(
        ZeroPadding2D((pads[0], pads[1])), [value], made, name=made.name, channels_first=value.channels_first
    )
    return made, "valid"


def _slid(walk: Walk, call: Call) -> tuple[Value, Value, str]:
    """The padded map and the kernel that slides over it, and Keras's padding: none where no kernel is stored."""
    source, kernel = call.inputs[:2]
    if not kernel.constant or kernel.rank != 4:
        return source, kernel, ""
    source, padding = _padded(walk, call, feature_map(walk, call, source, (kernel.shape or ())[2]), kernel)
    return source, kernel, padding


def _convolution(walk: Walk, call: Call) -> list[Value]:
    source, kernel, padding = _slid(walk, call)
    if not padding:
        return opaque(walk, call)
    height, width, channels, filters = kernel.shape or ()
    given = source.shape[1 if channels_first(call) else -1] if source.shape else UNKNOWN
    groups = given // channels if given is not UNKNOWN and channels else 1
    layer = Conv2D(
        filters, (height, width), spatial(call, "strides"), padding, spatial(call, "dilations"), groups or 1,
        use_bias=False,
    )  # fmt: skip
    return walk.append(call, layer, [source], weights=walk.weights(kernel, "kernel"))


def _depthwise(walk: Walk, call: Call) -> list[Value]:
    source, kernel, padding = _slid(walk, call)
    if not padding:
        return opaque(walk, call)
    height, width, _, multiplier = kernel.shape or ()
    layer = DepthwiseConv2D(
        (height, width), spatial(call, "strides"), padding, multiplier, spatial(call, "dilations"), use_bias=False
    )
    return walk.append(call, layer, [source], weights=walk.weights(kernel, "kernel"))


def _transposed(walk: Walk, call: Call) -> list[Value]:
    """Conv2DBackpropInput: the sizes of the output, the kernel (height, width, filters, channels), the map."""
    sizes, kernel, source = call.inputs[:3]
    if not kernel.constant or kernel.rank != 4:
        return opaque(walk, call)
    height, width, filters, channels = kernel.shape or ()
    source = feature_map(walk, call, source, channels)
    padding = call.node.text("padding", "VALID").lower()
    strides, dilations = spatial(call, "strides"), spatial(call, "dilations")
    shape = walk.output(call, 0, sizes.values).shape
    wanted = walk.assembly.shape(Value("", shape, channels_first=source.channels_first)) if shape else ()

    def layer(more: tuple[int, int] | None) -> Conv2DTranspose:
        return Conv2DTranspose(filters, (height, width), strides, padding, more, dilations, use_bias=False)

    made = layer(None)
    tried = [(row, column) for row in range(min(strides[0], 8)) for column in range(min(strides[1], 8))]
    given = walk.assembly.node(source).shape
    for more in (None, *tried):
        if layer(more).output_shape(given[-3:]) == wanted[-3:]:
            made = layer(more)
            break
    return walk.append(call, made, [source], weights=walk.weights(kernel, "kernel"), shape=sizes.values)


def _product(walk: Walk, call: Call) -> list[Value]:
    """MatMul and its kin: with a constant on the right a dense layer; else nobody counts it."""
    left, right = call.inputs[:2]
    node = call.node
    turned = bool(node.whole("transpose_b") or node.whole("adj_y"))
    across = bool(node.whole("transpose_a") or node.whole("adj_x"))
    shape = right.shape or ()
    if right.constant and len(shape) >= 2 and not across and all(size == 1 for size in shape[:-2]):
        kernel = (shape[-1], shape[-2]) if turned else (shape[-2], shape[-1])
        weights = [
            weight._replace(shape=kernel) if weight.name == "kernel" and weight.size == prod(kernel) else weight
            for weight in walk.weights(right, "kernel")
        ]
        if call.operation == "MatMul":
            left = shaped(walk, call, left, kernel[0])
        return walk.append(call, Dense(kernel[1], use_bias=False), [left], weights=weights)
    computed = _matrices(left, right, across, turned)
    output = walk.output(call, 0, computed)
    leaves = short([weight for value in (left, right) for weight in value.leaves])
    inputs = [walk.tensor(value) for value in (left, right) if not value.constant]
    walk.assembly.several(MatMul(walk.assembly.shape(output)), inputs, [output], name=call.name, weights=leaves)
    return [output]


def _matrices(left: Value, right: Value, across: bool, turned: bool) -> FileShape:
    one, other = left.shape, right.shape
    if one is None or other is None or min(len(one), len(other)) < 2:
        return None
    return (*one[:-2], one[-1] if across else one[-2], other[-2] if turned else other[-1])


def _contraction(walk: Walk, call: Call) -> list[Value]:
    """Einsum: with a constant of weights a dense layer of the axes that both have; else nobody counts it."""
    return _einsum(walk, call) or opaque(walk, call)


def _einsum(walk: Walk, call: Call) -> list[Value] | None:
    """Where the last axes of the tensor are the first of the kernel, and the kernel's others the last of the output."""
    terms, _, result = call.node.text("equation").replace(" ", "").partition("->")
    parts = terms.split(",")
    if len(parts) != 2 or len(call.inputs) != 2 or not call.inputs[1].constant or "." in terms:
        return None
    (left, right), (source, kernel) = parts, call.inputs
    shared = [letter for letter in right if letter in left]
    others = [letter for letter in right if letter not in left]
    kept = left[: len(left) - len(shared)]
    sizes = dict(zip(right, kernel.shape or (), strict=False))
    if left != kept + "".join(shared) or result != kept + "".join(others) or len(sizes) != len(right) or not shared:
        return None
    inputs, units = prod(tuple(sizes[each] for each in shared)), prod(tuple(sizes[each] for each in others))
    if source.shape is None or UNKNOWN in (inputs, units):
        return None
    rows = source.shape[: len(kept)]
    flat = source
    if len(shared) > 1:
        (flat,) = same_cells(walk, _piece(call, "/rows"), source, (*rows, inputs))
    dense = _piece(call, "/product") if len(others) > 1 else call
    weights = [each._replace(shape=(inputs, units)) if each.name == "kernel" else each
               for each in walk.weights(kernel, "kernel")]  # fmt: skip
    (found,) = walk.append(dense, Dense(units, use_bias=False), [flat], weights=weights)
    if len(others) > 1:
        return same_cells(walk, call, found, (*rows, *(sizes[each] for each in others)))
    return [found]


def _piece(call: Call, end: str) -> Call:
    """A part of what a node computes, whose shape the file does not say."""
    return call._replace(name=call.name + end, shapes=[])


KERNELS: dict[str, Handler] = {
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _depthwise,
    "Conv2DBackpropInput": _transposed,
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _product),
    "Einsum": _contraction,
}
