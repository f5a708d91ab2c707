"""TensorFlow's operations as layers: a function for each kind, by the names and attributes of tensorflow/core/ops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer, Shape, Weight
from cnncli.graph.layers import (
    ELU,
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Cast,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthToSpace,
    DepthwiseConv2D,
    Elementwise,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    LeakyReLU,
    LocalResponseNormalization,
    MatMul,
    Maximum,
    MaxPooling2D,
    Minimum,
    Moving,
    Multiply,
    Pad,
    Permute,
    Quantize,
    Reduce,
    ReLU,
    Reshape,
    Resizing,
    Slice,
    Softmax,
    SpaceToDepth,
    Subtract,
    ZeroPadding2D,
)  # fmt: skip
from cnncli.readers.padding import keras_padding
from cnncli.readers.saved_model.walk import (
    Call,
    FileShape,
    Handler,
    Value,
    Walk,
    expanded,
    only,
    opaque,
    reshaped,
    short,
)  # fmt: skip

# Layouts.


def _channels_first(call: Call) -> bool:
    return call.node.text("data_format").startswith("NC")


def _spatial(call: Call, name: str) -> tuple[int, int]:
    """The two numbers of height and width in an attribute of one number an axis; 1 where it is missing."""
    numbers = call.node.wholes(name) or [1, 1, 1, 1]
    height, width = numbers[2:4] if _channels_first(call) else numbers[1:3]
    return height, width


def _map(walk: Walk, call: Call, value: Value) -> Value:
    """A feature map in the layout that an operation reads it in: one that was not known to be so is permuted."""
    value = walk.tensor(value)
    if _channels_first(call) and not value.channels_first and value.rank == 4:
        shape = value.shape or ()
        made = Value(f"{call.name}/layout", value.shape, value.dtype, channels_first=True)
        walk.assembly.apply(Permute((2, 3, 1)), [value], made, name=made.name, channels_first=True)
        made.shape = shape
        return made
    return value


# Kernels.


def _padded(walk: Walk, call: Call, value: Value, kernel: Value) -> tuple[Value, str]:
    """The map with the zeros around it that are spelt out, and Keras's word for the other padding."""
    padding = call.node.text("padding", "VALID").lower()
    if padding != "explicit":
        return value, padding
    numbers = call.node.wholes("explicit_paddings")
    first = 4 if _channels_first(call) else 2
    pads = [(numbers[place], numbers[place + 1]) for place in (first, first + 2)]
    shape, axis = list(value.shape or ()), first // 2
    extents = [
        dilation * (cells - 1) + 1
        for cells, dilation in zip((kernel.shape or ())[:2], _spatial(call, "dilations"), strict=True)
    ]
    known = keras_padding(pads, shape[axis : axis + 2], extents, _spatial(call, "strides"))
    if known is not None:
        return value, known
    for place, around in enumerate(pads, axis):
        shape[place] += sum(around)
    made = Value(f"{call.name}/padding", tuple(shape), value.dtype)
    walk.assembly.apply(
        ZeroPadding2D((pads[0], pads[1])), [value], made, name=made.name, channels_first=value.channels_first
    )
    return made, "valid"


def _convolution(walk: Walk, call: Call) -> list[Value]:
    source, kernel = call.inputs[:2]
    if not kernel.constant or kernel.rank != 4:
        return opaque(walk, call)
    source, padding = _padded(walk, call, _map(walk, call, source), kernel)
    height, width, channels, filters = kernel.shape or ()
    given = source.shape[1 if _channels_first(call) else -1] if source.shape else UNKNOWN
    groups = given // channels if given is not UNKNOWN and channels else 1
    layer = Conv2D(
        filters, (height, width), _spatial(call, "strides"), padding, _spatial(call, "dilations"), groups or 1,
        use_bias=False,
    )  # fmt: skip
    return walk.append(call, layer, [source], weights=walk.weights(kernel, "kernel"))


def _depthwise(walk: Walk, call: Call) -> list[Value]:
    source, kernel = call.inputs[:2]
    if not kernel.constant or kernel.rank != 4:
        return opaque(walk, call)
    source, padding = _padded(walk, call, _map(walk, call, source), kernel)
    height, width, _, multiplier = kernel.shape or ()
    layer = DepthwiseConv2D(
        (height, width), _spatial(call, "strides"), padding, multiplier, _spatial(call, "dilations"), use_bias=False
    )
    return walk.append(call, layer, [source], weights=walk.weights(kernel, "kernel"))


def _transposed(walk: Walk, call: Call) -> list[Value]:
    """Conv2DBackpropInput: the sizes of the output, the kernel (height, width, filters, channels), the map."""
    sizes, kernel, source = call.inputs[:3]
    if not kernel.constant or kernel.rank != 4:
        return opaque(walk, call)
    source = _map(walk, call, source)
    height, width, filters, _ = kernel.shape or ()
    padding = call.node.text("padding", "VALID").lower()
    strides, dilations = _spatial(call, "strides"), _spatial(call, "dilations")
    shape = walk.output(call, 0, sizes.values).shape
    wanted = walk.assembly.shape(Value("", shape, channels_first=source.channels_first)) if shape else ()

    def layer(more: tuple[int, int] | None) -> Conv2DTranspose:
        return Conv2DTranspose(filters, (height, width), strides, padding, more, dilations, use_bias=False)

    made = layer(None)
    tried = [(row, column) for row in range(min(strides[0], 8)) for column in range(min(strides[1], 8))]
    given = walk.assembly.node(source).shape
    for more in (None, *tried):
        if layer(more).output_shape(given) == wanted:
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


# Normalization.


def _batch_normalization(walk: Walk, call: Call) -> list[Value]:
    """FusedBatchNorm, V2, V3: the map, scale, offset, mean and variance."""
    source, scale, offset, mean, variance = call.inputs[:5]
    if not all(each.constant for each in (scale, offset, mean, variance)):
        return opaque(walk, call)
    source = _map(walk, call, source)
    weights = _statistics([scale, offset], mean.leaves, variance.leaves)
    epsilon = call.node.real("epsilon", 1e-4)
    layer = BatchNormalization(epsilon=epsilon, scale=bool(scale.leaves), center=bool(offset.leaves))
    found = walk.append(call, layer, [source], weights=weights)
    return found + [walk.output(call, number, constant=True) for number in range(1, call.outputs)]


def _statistics(affine: Sequence[Value], mean: Sequence[Weight], variance: Sequence[Weight]) -> list[Weight]:
    named = [(name, value.leaves) for name, value in zip(("gamma", "beta"), affine, strict=True)]
    named += [("moving_mean", tuple(mean)), ("moving_variance", tuple(variance))]
    return [
        leaf._replace(name=name, trainable=leaf.trainable and not name.startswith("moving"))
        for name, leaves in named
        for leaf in leaves
    ]


def _normalized(walk: Walk, call: Call, scaled: tuple[Value, Value], shift: Value) -> list[Value] | None:
    """x * (gamma * rsqrt(variance + epsilon)) + (beta - mean * ...): batch normalization, spelt out.

    So does tf.nn.batch_normalization. The root is of the variance; the mean is in the product that is subtracted.
    """
    source, factor = scaled
    root = root_of(factor)
    own = {weight.identity for weight in factor.leaves}
    if root is None or not own <= {weight.identity for weight in shift.leaves}:
        return None
    product = next((part for part in shift.parts if own <= {weight.identity for weight in part.leaves}), None)
    if product is None:
        return None
    gamma = [weight for weight in factor.leaves if weight.identity != root.leaves[0].identity]
    mean = [weight for weight in product.leaves if weight.identity not in own]
    inner = own | {weight.identity for weight in mean}
    beta = [weight for weight in shift.leaves if weight.identity not in inner]
    if len(mean) != 1 or len(root.leaves) != 1 or max(len(gamma), len(beta)) > 1:
        return None
    named = (("gamma", gamma), ("beta", beta), ("moving_mean", mean), ("moving_variance", root.leaves))
    weights = [
        weight._replace(name=name, shape=(weight.size,), trainable=weight.trainable and not name.startswith("moving"))
        for name, weights in named
        for weight in weights
    ]
    epsilon = next((only(part) for part in root.parts if only(part) is not None), 0.0)
    layer = BatchNormalization(epsilon=epsilon or 0.0, scale=bool(gamma), center=bool(beta))
    whole = call._replace(name=call.name.rpartition("/")[0] or call.name)
    return walk.append(whole, layer, [source], weights=weights)


def root_of(constant: Value) -> Value | None:
    """What the reciprocal root is taken of in a constant, as far as it is a factor of it."""
    for _ in range(8):
        if constant.operation == "Rsqrt":
            return constant.parts[0]
        found = [part for part in constant.parts if part.leaves and constant.operation in ("Mul", "Reshape")]
        inner = next((part for part in found if part.operation in ("Rsqrt", "Mul", "Reshape")), None)
        if inner is None:
            return None
        constant = inner
    return None


# Cell by cell.

_BINARY: dict[str, tuple[str, type[Layer] | None]] = {
    "Add": ("Add", Add), "AddV2": ("Add", Add), "BiasAdd": ("Add", Add), "BiasAddV1": ("Add", Add),
    "Sub": ("Subtract", Subtract), "Mul": ("Multiply", Multiply), "Maximum": ("Maximum", Maximum),
    "Minimum": ("Minimum", Minimum), "RealDiv": ("Divide", None), "Div": ("Divide", None),
    "DivNoNan": ("Divide", None), "Pow": ("Power", None), "SquaredDifference": ("SquaredDifference", None),
    **{
        name: (name, None)
        for name in ("Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr",
                     "FloorDiv", "FloorMod", "TruncateDiv", "Atan2", "Xdivy", "Xlogy", "BitwiseAnd", "BitwiseOr")
    },
}  # fmt: skip


def _binary(walk: Walk, call: Call) -> list[Value]:
    name, merge = _BINARY[call.operation]
    one, other = call.inputs[:2]
    if call.operation.startswith("BiasAdd") and _channels_first(call):
        one = _map(walk, call, one)
    if one.constant or other.constant:
        source, constant = (other, one) if one.constant else (one, other)
        return _with_constant(walk, call, name, source, constant)
    shape = _broadcast(one, other)
    layer = merge() if merge else Elementwise(name)
    return walk.append(call, layer, [one, other], shape=shape)


def _with_constant(walk: Walk, call: Call, name: str, source: Value, constant: Value) -> list[Value]:
    if name == "Multiply" and root_of(constant) is not None and source.scaled is None:
        return [walk.output(call, 0, source.shape, scaled=(source, constant), channels_first=source.channels_first)]
    if name in ("Add", "Subtract") and source.scaled is not None and not walk.assembly.has(source):
        found = _normalized(walk, call, source.scaled, constant)
        if found is not None:
            return found
    source = walk.tensor(source)
    if name == "Multiply" and only(constant) == 1 and not constant.leaves and not walk.assembly.raw:
        return walk.same(walk.output(call, 0, source.shape), source)  # tf.nn.silu multiplies with its beta, which is 1
    shape = _operand(walk, call, constant, source)
    layer = Elementwise(name, shape, only(constant))
    return walk.append(call, layer, [source], weights=short(constant.leaves), shape=_broadcast(source, constant))


def _operand(walk: Walk, call: Call, constant: Value, source: Value) -> Shape:
    """A constant's shape beside a map; of a bias, which is along the channels, wherever these stand, its own."""
    if call.operation.startswith("BiasAdd"):
        return tuple(constant.shape or ())
    return walk.assembly.operand(constant, source)


def _broadcast(one: Value, other: Value) -> FileShape:
    if one.shape is None or other.shape is None:
        return None
    rank = max(one.rank, other.rank)
    padded = [(1,) * (rank - len(shape)) + shape for shape in (one.shape, other.shape)]
    return tuple(right if left == 1 else left for left, right in zip(*padded, strict=True))


def _sum(walk: Walk, call: Call) -> list[Value]:
    if len(call.inputs) == 1:
        return call.inputs
    return walk.append(call, Add(), call.inputs, shape=call.inputs[0].shape)


def _layer(make: Callable[[Call], Layer]) -> Handler:
    """Operations of one tensor whose output is as large."""
    return lambda walk, call: walk.append(call, make(call), call.inputs[:1], shape=call.inputs[0].shape)


_ACTIVATIONS: dict[str, Callable[[Call], Layer]] = {
    "Relu": lambda _: ReLU(),
    "Relu6": lambda _: ReLU(6.0),
    "Elu": lambda _: ELU(),
    "Selu": lambda _: Activation("selu"),
    "Sigmoid": lambda _: Activation("sigmoid"),
    "Tanh": lambda _: Activation("tanh"),
    "Softplus": lambda _: Activation("softplus"),
    "Softsign": lambda _: Activation("softsign"),
    "LogSoftmax": lambda _: Activation("log_softmax"),
    "Softmax": lambda _: Softmax(),
    "LeakyRelu": lambda call: LeakyReLU(call.node.real("alpha", 0.2)),
    "Cast": lambda call: Cast(call.node.dtype("DstT")),
    "LRN": lambda call: LocalResponseNormalization(
        call.node.whole("depth_radius", 5), call.node.real("bias", 1), call.node.real("alpha", 1),
        call.node.real("beta", 0.5),
    ),
    "Swish": lambda _: Activation("silu"),
}  # fmt: skip
_UNARY = {
    "Exp": "Exp", "Log": "Log", "Log1p": "Log1p", "Neg": "Negative", "Sqrt": "Sqrt", "Rsqrt": "Rsqrt",
    "Square": "Square", "Abs": "Abs", "Sign": "Sign", "Floor": "Floor", "Ceil": "Ceil", "Round": "Round",
    "Rint": "Round", "Reciprocal": "Reciprocal", "Inv": "Reciprocal", "Erf": "Erf", "Erfc": "Erfc", "Sin": "Sin",
    "Cos": "Cos", "Expm1": "Expm1", "LogicalNot": "LogicalNot", "IsNan": "IsNan", "IsFinite": "IsFinite",
    "IsInf": "IsInf", "ZerosLike": "ZerosLike", "OnesLike": "OnesLike", "Atan": "Atan", "Tan": "Tan", "Sinh": "Sinh",
    "Cosh": "Cosh", "Real": "Real", "Imag": "Imag", "ComplexAbs": "Abs", "ClipByValue": "Clip", "Bitcast": "Bitcast",
    "Asin": "Asin", "Acos": "Acos", "Digamma": "Digamma", "Lgamma": "Lgamma",
}  # fmt: skip


def _unary(walk: Walk, call: Call) -> list[Value]:
    source = walk.tensor(call.inputs[0])
    return walk.append(call, Elementwise(_UNARY[call.operation]), [source], shape=source.shape)


def _fake_quantization(walk: Walk, call: Call) -> list[Value]:
    """FakeQuantWithMinMaxVars: the map, and its range, which training found; at inference it rounds."""
    source = walk.tensor(call.inputs[0])
    weights = short([weight for value in call.inputs[1:] for weight in value.leaves])
    return walk.append(call, Quantize(source.dtype), [source], weights=weights, shape=source.shape)


def _selection(walk: Walk, call: Call) -> list[Value]:
    """Select: of two tensors the one or the other cell."""
    tensors = [walk.tensor(value) for value in call.inputs if not value.constant]
    shape: FileShape = None
    for value in call.inputs:
        shape = value.shape if shape is None else _broadcast(Value("", shape), value)
    weights = short([weight for value in call.inputs for weight in value.leaves])
    return walk.append(call, Elementwise("Select"), tensors, shape=shape, weights=weights)


# Pooling and summaries.


def _pooling(kind: type[AveragePooling2D] | type[MaxPooling2D]) -> Handler:
    def pool(walk: Walk, call: Call) -> list[Value]:
        source = _map(walk, call, call.inputs[0])
        if len(call.inputs) == 3:  # MaxPoolV2: the sizes are tensors
            first = 2 if _channels_first(call) else 1
            size, strides = ((value.values or ())[first : first + 2] for value in call.inputs[1:])
        else:
            size, strides = _spatial(call, "ksize"), _spatial(call, "strides")
        if len(size) != 2 or len(strides) != 2 or call.node.text("padding") == "EXPLICIT":
            return opaque(walk, call)
        layer = kind((size[0], size[1]), (strides[0], strides[1]), call.node.text("padding", "VALID").lower())
        return walk.append(call, layer, [source])

    return pool


_POOLS: dict[tuple[str, int], Callable[[bool], Layer]] = {
    ("Mean", 3): GlobalAveragePooling2D, ("Max", 3): GlobalMaxPooling2D,
    ("Mean", 2): GlobalAveragePooling1D, ("Max", 2): GlobalMaxPooling1D,
}  # fmt: skip


def _summary(walk: Walk, call: Call) -> list[Value]:
    source, places = walk.tensor(call.inputs[0]), call.inputs[1].values
    if places is None or source.shape is None or UNKNOWN in places:
        return opaque(walk, call)
    kept = bool(call.node.whole("keep_dims"))
    given = {place % source.rank for place in places} if source.rank else set()
    shape = tuple(1 if axis in given else size for axis, size in enumerate(source.shape) if kept or axis not in given)
    axes = tuple(sorted(walk.assembly.axis(source, place) for place in given))
    rank = len(walk.assembly.shape(source))
    pool = _POOLS.get((call.operation, rank))
    layer: Layer = Reduce(call.operation, axes, kept)
    if pool is not None and axes == tuple(range(1, rank)):
        layer = pool(kept)
    return walk.append(call, layer, [source], shape=shape, channels_first=source.channels_first and kept)


# Shapes.


def _moved(walk: Walk, call: Call, shape: FileShape, operation: str, channels_first: bool = False) -> list[Value]:
    """An operation that only says which cell stands where."""
    output = walk.output(call, 0, shape)
    inputs = [walk.tensor(value) for value in call.inputs if not value.constant or value.leaves]
    output.channels_first = channels_first
    walk.assembly.several(
        Moving(operation, walk.assembly.shape(output)), inputs, [output], name=call.name,
        weights=(),
    )  # fmt: skip
    return [output]


def _any_move(walk: Walk, call: Call) -> list[Value]:
    outputs = [walk.output(call, number) for number in range(call.outputs)]
    inputs = [walk.tensor(value) for value in call.inputs if not value.constant and value.variable is None]
    layer = Moving(call.operation, walk.assembly.shape(outputs[min(call.read)]))
    read = [outputs[number] for number in sorted(call.read)]
    walk.assembly.several(layer, inputs, read, name=call.name, weights=())
    return outputs


def _reshaped(walk: Walk, call: Call, source: Value, shape: FileShape) -> list[Value]:
    """The same cells in another shape."""
    source = walk.tensor(source)
    output = walk.output(call, 0, shape)
    if output.shape is None:
        return opaque(walk, call)
    wanted, given = walk.assembly.shape(output), walk.assembly.node(source).shape
    if wanted == given and not walk.assembly.raw:
        return walk.same(output, source)
    if len(wanted) == 1 and len(given) > 1:
        layer: Layer = Flatten()
    elif UNKNOWN in wanted or 0 in wanted or UNKNOWN in given:
        layer = Moving("Reshape", wanted)
    else:
        layer = Reshape(wanted)
    return walk.append(call, layer, [source], shape=output.shape, channels_first=False)


def _reshape(walk: Walk, call: Call) -> list[Value]:
    source, target = call.inputs[:2]
    known = source.shape is not None and target.values is not None
    return _reshaped(walk, call, source, reshaped(source.shape or (), target.values or ()) if known else None)


def _squeeze(walk: Walk, call: Call) -> list[Value]:
    source = call.inputs[0]
    if source.shape is None:
        return _reshaped(walk, call, source, None)
    named = {axis % source.rank for axis in call.node.wholes("squeeze_dims") or call.node.wholes("axis")}
    gone = named or {axis for axis, size in enumerate(source.shape) if size == 1}
    return _reshaped(walk, call, source, tuple(size for axis, size in enumerate(source.shape) if axis not in gone))


def _expand(walk: Walk, call: Call) -> list[Value]:
    source, axis = call.inputs[0], call.inputs[1].values
    if source.shape is None or not axis or axis[0] is UNKNOWN:
        return _reshaped(walk, call, source, None)
    return _reshaped(walk, call, source, expanded(source.shape, axis))


def _transpose(walk: Walk, call: Call) -> list[Value]:
    source, order = walk.tensor(call.inputs[0]), call.inputs[1].values
    if order is None or source.shape is None or sorted(order) != list(range(source.rank)):
        return _any_move(walk, call)
    shape = tuple(source.shape[axis] for axis in order)
    if order[0] != 0:
        return _moved(walk, call, shape, "Transpose")
    output = walk.output(call, 0, shape)
    if list(order) == sorted(order) and not walk.assembly.raw:
        return walk.same(output, source)
    walk.assembly.transpose(source, output, order, name=call.name)
    return [output]


def _shape(walk: Walk, call: Call) -> list[Value]:
    """Shape: what is computed of shapes is no layer, as far as they are known."""
    shape = call.inputs[0].shape
    return [walk.output(call, 0, None if shape is None else (len(shape),), constant=True, values=shape)]


def _rank(walk: Walk, call: Call) -> list[Value]:
    shape = call.inputs[0].shape
    cells = None if shape is None else (len(shape) if call.operation == "Rank" else prod(shape),)
    return [walk.output(call, 0, (), constant=True, values=cells)]


def _pad(walk: Walk, call: Call) -> list[Value]:
    source, numbers = walk.tensor(call.inputs[0]), call.inputs[1].values
    if numbers is None or source.shape is None or UNKNOWN in numbers or len(numbers) != 2 * source.rank:
        return _any_move(walk, call)
    sides = [(numbers[2 * axis], numbers[2 * axis + 1]) for axis in range(source.rank)]
    shape = tuple(size + before + after for size, (before, after) in zip(source.shape, sides, strict=True))
    mode = call.node.text("mode", "constant").lower()
    value = only(call.inputs[2]) if len(call.inputs) > 2 else 0.0
    inner = sides[1:]
    if source.channels_first and source.rank >= 3:
        inner = [*inner[1:], inner[0]]
    layer: Layer = Pad("Pad", walk.assembly.shape(walk.output(call, 0, shape)), tuple(inner), mode)
    if source.channels_first:
        layer = Pad("Pad", tuple(_plus(walk.assembly.shape(source), inner)), tuple(inner), mode)
    if len(inner) == 3 and inner[2] == (0, 0) and sides[0] == (0, 0) and mode == "constant" and value == 0:
        layer = ZeroPadding2D((inner[0], inner[1]))
    return walk.append(call, layer, [source], shape=shape)


def _plus(shape: Shape, sides: Sequence[tuple[int, int]]) -> list[int]:
    return [size + before + after for size, (before, after) in zip(shape, sides, strict=True)]


def _slice(walk: Walk, call: Call) -> list[Value]:
    """Slice: where it begins, and how much it takes (-1: all that remains), an axis."""
    source, (begin, size) = call.inputs[0], (value.values for value in call.inputs[1:3])
    shape: FileShape = None
    if begin is not None and size is not None and source.shape is not None:
        shape = tuple(
            whole - first if taken == -1 else taken
            for whole, first, taken in zip(source.shape, begin, size, strict=True)
        )
    return _part(walk, call, shape)


def _part(walk: Walk, call: Call, shape: FileShape) -> list[Value]:
    source = walk.tensor(call.inputs[0])
    output = walk.output(call, 0, shape)
    output.channels_first = source.channels_first and output.rank == source.rank
    layer = Slice("Slice", walk.assembly.shape(output))
    walk.assembly.several(layer, [source], [output], name=call.name, weights=())
    return [output]


def _strided(walk: Walk, call: Call) -> list[Value]:
    return _part(walk, call, _strided_shape(call))


def _strided_shape(call: Call) -> FileShape:
    """StridedSlice's masks: bit i of each is about the i-th entry of begin, end and strides."""
    source, node = call.inputs[0], call.node
    begin, end, strides = (value.values for value in call.inputs[1:4])
    if source.shape is None or begin is None or end is None or strides is None:
        return None
    ellipsis, new, shrink = (node.whole(f"{name}_mask") for name in ("ellipsis", "new_axis", "shrink_axis"))
    taken = sum(1 for place in range(len(begin)) if not (ellipsis | new) >> place & 1)
    found: list[int] = []
    axis = 0
    for place in range(len(begin)):
        if ellipsis >> place & 1:
            count = source.rank - taken
            found.extend(source.shape[axis : axis + count])
            axis += count
        elif new >> place & 1:
            found.append(1)
        else:
            if not shrink >> place & 1:
                found.append(_length(call, source.shape[axis], place, (begin[place], end[place], strides[place])))
            axis += 1
    return (*found, *source.shape[axis:])


def _length(call: Call, size: int, place: int, part: tuple[Any, Any, Any]) -> int:
    """How many of an axis's cells a part takes."""
    begin, end, step = part
    first = None if call.node.whole("begin_mask") >> place & 1 else begin
    last = None if call.node.whole("end_mask") >> place & 1 else end
    if first in (None, 0) and last is None and step == 1:
        return size
    if UNKNOWN in (size, first, last, step) or not step:
        return int(last) if first in (None, 0) and step == 1 and isinstance(last, int) and last > 0 else UNKNOWN
    return len(range(*slice(first, last, step).indices(size)))


def _concatenation(walk: Walk, call: Call) -> list[Value]:
    parts, axis = call.inputs[:-1], call.inputs[-1]
    if call.operation == "Concat":
        parts, axis = call.inputs[1:], call.inputs[0]
    if len(parts) == 1:
        return parts
    parts = [walk.tensor(value) for value in parts]
    like = next((value for value in parts if not value.constant), parts[0])
    if not axis.values or axis.values[0] is UNKNOWN or any(value.shape is None for value in parts):
        return _any_move(walk, call)
    place = axis.values[0] % max(like.rank, 1)
    shape = list(like.shape or ())
    shape[place] = sum((value.shape or ())[place] for value in parts)
    return walk.append(call, Concatenate(walk.assembly.axis(like, place)), parts, shape=tuple(shape))


def _split(walk: Walk, call: Call) -> list[Value]:
    """Split (axis, tensor) and SplitV (tensor, sizes, axis)."""
    variable = call.operation == "SplitV"
    source, axis = (call.inputs[0], call.inputs[2]) if variable else (call.inputs[1], call.inputs[0])
    source = walk.tensor(source)
    count = min(call.node.whole("num_split", call.outputs), 1024) or 1
    shapes: list[FileShape] = [None] * count
    if source.shape is not None and axis.values:
        place = axis.values[0] % max(source.rank, 1)
        sizes = call.inputs[1].values if variable else [source.shape[place] // count] * count
        for number, size in enumerate((sizes or ())[:count]):
            shapes[number] = (*source.shape[:place], UNKNOWN if size == -1 else size, *source.shape[place + 1 :])
    return _several(walk, call, "Split", source, shapes)


def _unpack(walk: Walk, call: Call) -> list[Value]:
    source = walk.tensor(call.inputs[0])
    count = min(call.node.whole("num", call.outputs), 1024) or 1
    shape: FileShape = None
    if source.shape:
        place = call.node.whole("axis") % source.rank
        shape = (*source.shape[:place], *source.shape[place + 1 :])
    return _several(walk, call, "Unpack", source, [shape] * count)


def _several(walk: Walk, call: Call, operation: str, source: Value, shapes: Sequence[FileShape]) -> list[Value]:
    outputs = [walk.output(call, number, shape) for number, shape in enumerate(shapes)]
    for output in outputs:
        output.channels_first = source.channels_first and output.rank == source.rank
    layer = Moving(operation, walk.assembly.shape(outputs[0]))
    walk.assembly.several(layer, [source], outputs, name=call.name, weights=())
    return outputs


def _pack(walk: Walk, call: Call) -> list[Value]:
    shape = next((value.shape for value in call.inputs if value.shape is not None), None)
    if shape is not None:
        axis = call.node.whole("axis")
        place = axis + len(shape) + 1 if axis < 0 else axis
        shape = (*shape[:place], len(call.inputs), *shape[place:])
    return _moved(walk, call, shape, "Pack")


def _gather(walk: Walk, call: Call) -> list[Value]:
    """Gather, GatherV2, ResourceGather: rows of a table of weights, or parts of a tensor."""
    table, indices = walk_read(walk, call.inputs[0]), call.inputs[1]
    axis = call.inputs[2].values if len(call.inputs) > 2 else (0,)
    if table.constant and table.leaves and table.rank == 2 and axis == (0,) and not indices.constant:
        rows, columns = table.shape or ()
        shape = None if indices.shape is None else (*indices.shape, columns)
        layer = Embedding(rows, columns)
        return walk.append(call, layer, [indices], weights=walk.weights(table, "embeddings"), shape=shape)
    found: FileShape = None
    if table.shape is not None and indices.shape is not None and axis:
        place = axis[0] % max(table.rank, 1)
        found = (*table.shape[:place], *indices.shape, *table.shape[place + 1 :])
    return _moved(walk, call._replace(inputs=[table, indices]), found, "Gather")


def walk_read(walk: Walk, value: Value) -> Value:
    return walk.read(value) if value.variable is not None and not value.constant else value


def _tile(walk: Walk, call: Call) -> list[Value]:
    source, times = call.inputs[0], call.inputs[1].values
    shape: FileShape = None
    if source.shape is not None and times is not None and len(times) == source.rank:
        shape = tuple(size * count for size, count in zip(source.shape, times, strict=True))
    return _moved(walk, call, shape, "Tile", source.channels_first)


def _to_shape(walk: Walk, call: Call) -> list[Value]:
    """BroadcastTo: the second input is the shape."""
    return _moved(walk, call, call.inputs[1].values, call.operation)


def _resize(interpolation: str) -> Handler:
    def resize(walk: Walk, call: Call) -> list[Value]:
        source, size = walk.tensor(call.inputs[0]), call.inputs[1].values or (UNKNOWN, UNKNOWN)
        shape = None if source.rank != 4 or not source.shape else (source.shape[0], *size, source.shape[3])
        output = walk.output(call, 0, shape)
        height, width = output.shape[1:3] if output.shape and output.rank == 4 else size
        return walk.append(call, Resizing(height, width, interpolation), [source], shape=output.shape)

    return resize


def _blocks(kind: type[DepthToSpace] | type[SpaceToDepth]) -> Handler:
    return lambda walk, call: walk.append(
        call, kind(call.node.whole("block_size", 2)), [_map(walk, call, call.inputs[0])]
    )


def _cut(walk: Walk, call: Call) -> list[Value]:
    """SpaceToBatchND and BatchToSpaceND: every n-th cell of the map is a map of its own, or they are put together.

    The second input are the blocks' sizes, the third what is padded before, or cropped behind.
    """
    source, blocks, ends = call.inputs[0], call.inputs[1].values, call.inputs[2].values
    shape: FileShape = None
    if source.shape is not None and blocks is not None and ends is not None and UNKNOWN not in blocks:
        sizes = list(source.shape)
        together = call.operation.startswith("BatchToSpace")
        for place, block in enumerate(blocks):
            more = ends[2 * place] + ends[2 * place + 1]
            size = sizes[place + 1]
            sizes[place + 1] = size * block - more if together else (size + more) // max(block, 1)
            sizes[0] = sizes[0] // max(block, 1) if together else sizes[0] * block
        shape = tuple(sizes)
    return _moved(walk, call, shape, call.operation.removesuffix("ND"))


def _largest(walk: Walk, call: Call) -> list[Value]:
    """ArgMax and ArgMin: where along an axis."""
    source, axis = walk.tensor(call.inputs[0]), call.inputs[1].values
    if not axis or axis[0] is UNKNOWN or not source.shape:
        return _any_move(walk, call)
    place = axis[0] % source.rank
    shape = (*source.shape[:place], *source.shape[place + 1 :])
    layer = Reduce(call.operation, (walk.assembly.axis(source, place),))
    return walk.append(call, layer, [source], shape=shape, channels_first=False)


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
        (flat,) = _reshaped(walk, _piece(call, "/rows"), source, (*rows, inputs))
    dense = _piece(call, "/product") if len(others) > 1 else call
    weights = [each._replace(shape=(inputs, units)) if each.name == "kernel" else each
               for each in walk.weights(kernel, "kernel")]  # fmt: skip
    (found,) = walk.append(dense, Dense(units, use_bias=False), [flat], weights=weights)
    if len(others) > 1:
        return _reshaped(walk, call, found, (*rows, *(sizes[each] for each in others)))
    return [found]


def _piece(call: Call, end: str) -> Call:
    """A part of what a node computes, whose shape the file does not say."""
    return call._replace(name=call.name + end, shapes=[])


def _safe(handler: Handler) -> Handler:
    """An operation that its layer does not fit is an opaque one."""

    def handle(walk: Walk, call: Call) -> list[Value]:
        try:
            return handler(walk, call)
        except (LayerError, ValueError, IndexError, ZeroDivisionError):
            return opaque(walk, call)

    return handle


_MOVES = (
    "Reverse", "ReverseV2", "Roll", "TensorListFromTensor", "TensorListStack", "TensorListReserve",
    "TensorListGetItem", "TensorListSetItem", "TensorListLength", "InvertPermutation", "ScatterNd", "GatherNd",
    "TopKV2", "MaxPool3D", "AvgPool3D", "Range", "Fill", "LinSpace", "OneHot", "ExtractImagePatches", "ReverseSequence",
    "MatrixBandPart", "Diag", "DynamicStitch", "TensorScatterUpdate", "CropAndResize",
)  # fmt: skip

_HANDLERS: dict[str, Handler] = {
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _depthwise,
    "Conv2DBackpropInput": _transposed,
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _product),
    "Einsum": _contraction,
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _batch_normalization),
    **dict.fromkeys(_BINARY, _binary),
    "AddN": _sum,
    **{name: _layer(make) for name, make in _ACTIVATIONS.items()},
    **dict.fromkeys(_UNARY, _unary),
    **dict.fromkeys(("Select", "SelectV2"), _selection),
    **dict.fromkeys(
        ("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVarsPerChannel"), _fake_quantization
    ),
    **dict.fromkeys(("MaxPool", "MaxPoolV2"), _pooling(MaxPooling2D)),
    "AvgPool": _pooling(AveragePooling2D),
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Prod", "Any", "All", "EuclideanNorm"), _summary),
    **dict.fromkeys(("ArgMax", "ArgMin"), _largest),
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "ExpandDims": _expand,
    "Transpose": _transpose,
    "Shape": _shape,
    **dict.fromkeys(("Rank", "Size"), _rank),
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), _pad),
    "Slice": _slice,
    "StridedSlice": _strided,
    **dict.fromkeys(("ConcatV2", "Concat"), _concatenation),
    **dict.fromkeys(("Split", "SplitV"), _split),
    "Unpack": _unpack,
    "Pack": _pack,
    **dict.fromkeys(("GatherV2", "Gather", "ResourceGather"), _gather),
    "Tile": _tile,
    "BroadcastTo": _to_shape,
    "ResizeBilinear": _resize("bilinear"),
    "ResizeNearestNeighbor": _resize("nearest"),
    "ResizeBicubic": _resize("bicubic"),
    "ResizeArea": _resize("area"),
    "DepthToSpace": _blocks(DepthToSpace),
    "SpaceToDepth": _blocks(SpaceToDepth),
    **dict.fromkeys(("SpaceToBatchND", "BatchToSpaceND"), _cut),
    **dict.fromkeys(_MOVES, _any_move),
}
HANDLERS: dict[str, Handler] = {name: _safe(handler) for name, handler in _HANDLERS.items()}
"""What each operation is; all others are opaque."""
