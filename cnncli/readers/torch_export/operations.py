"""ATen's operations as layers: which layer each is, and with what fields.

The arguments' names and defaults are those of ATen's schemas (aten/src/ATen/native/native_functions.yaml). Operations
stand here as programs hold them before and after torch's decompositions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer, Weight
from cnncli.graph.layers import (
    ELU,
    GRU,
    LSTM,
    Activation,
    Add,
    AveragePooling1D,
    AveragePooling2D,
    BatchNormalization,
    Cast,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Cropping1D,
    Cropping2D,
    Dense,
    DepthToSpace,
    DepthwiseConv1D,
    DepthwiseConv2D,
    Dequantize,
    Dropout,
    Elementwise,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GroupNormalization,
    LayerNormalization,
    LeakyReLU,
    MatMul,
    Maximum,
    MaxPooling1D,
    MaxPooling2D,
    Minimum,
    Moving,
    Multiply,
    Opaque,
    Pad,
    PReLU,
    Quantize,
    Reduce,
    ReLU,
    Reshape,
    Resizing,
    Slice,
    Softmax,
    SpaceToDepth,
    Subtract,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from cnncli.readers.padding import keras_padding
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.program import Operation, Value

Writer = Callable[[TorchNetwork, Operation], None]


def append(network: TorchNetwork, operation: Operation) -> None:
    """Append what an operation is: a layer or several, nothing, or an opaque one where it is none that is known."""
    tensors = operation.tensors
    is_noise = operation.name.startswith(("rand", "bernoulli", "normal"))
    if all(value.constant for value in tensors) and not is_noise:
        network.fold(operation, operation.name in PARTS)
        if operation.name in RECODING:
            _recode_constant(operation)
        return
    writer = WRITERS.get(operation.name) if operation.domain in ("aten", "quantized_decomposed") else None
    try:
        if writer is not None:
            writer(network, operation)
            network.select_others(operation)
            return
    except (LayerError, KeyError, TypeError, IndexError, ValueError, AttributeError):
        pass  # called with other arguments than are known here
    network.opaque(operation)


def _recode_constant(operation: Operation) -> None:
    """Integers that stand for real numbers are weights as the real numbers are; their scales are none of them."""
    stored = operation.tensors[0]
    for output in operation.outputs:
        output.origins = stored.origins


# Convolutions.


def _lengths(value: Any, count: int) -> tuple[Any, ...]:
    """A size along each of so many axes; torch writes one where all are the same."""
    found = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    return found * count if len(found) == 1 else found


def _padding(
    sizes: Sequence[Any], outputs: Sequence[Any], extents: Sequence[int], strides: Sequence[int], cells: Sequence[int],
    ceil: bool = False,
) -> tuple[str, tuple[tuple[int, int], ...] | None]:  # fmt: skip
    """Keras's padding, and the cells to be added before it where that gives other borders.

    torch adds as many cells at both ends; `same` adds what is needed, the odd one behind.
    """
    sides = []
    for size, output, extent, stride, before in zip(sizes, outputs, extents, strides, cells, strict=True):
        behind = before
        if ceil and size is not UNKNOWN and output is not UNKNOWN:
            behind = max((output - 1) * stride + extent - size - before, 0)
        sides.append((before, behind))
    padding = keras_padding(sides, sizes, extents, strides)
    return ("valid", tuple(sides)) if padding is None else (padding, None)


def _padded(network: TorchNetwork, operation: Operation, source: Value, sides: Any) -> Value:
    """The tensor with zeros around it, by a layer of its own."""
    if sides is None:
        return source
    layer: Layer = ZeroPadding2D(sides) if len(sides) == 2 else ZeroPadding1D(sides[0])
    first, channels, *sizes = source.sizes
    grown = [size + before + after for size, (before, after) in zip(sizes, sides, strict=True)]
    output = Value(f"{operation.label}.pad", (first, channels, *grown), source.dtype)
    network.apply(operation, layer, [source], output, behind="pad")
    return output


def convolution(network: TorchNetwork, operation: Operation) -> None:
    source, kernel, bias = operation.get("input"), operation.get("weight"), operation.get("bias")
    axes = kernel.rank - 2
    if source.rank != kernel.rank or axes not in (1, 2) or not kernel.constant or (bias and not bias.constant):
        raise LayerError("not a convolution of a map with constant weights")
    source = network.in_layout(source, True, operation)
    if operation.get("transposed") or operation.name.startswith("conv_transpose"):
        _transposed(network, operation, source, kernel, bias, axes)
        return
    strides, dilation = (_lengths(operation.get(name, default=1), axes) for name in ("stride", "dilation"))
    filters, depth, *size = kernel.sizes
    groups, channels = operation.get("groups", default=1), source.sizes[1]
    extents = [rate * (cells - 1) + 1 for rate, cells in zip(dilation, size, strict=True)]
    padding, sides = operation.get("padding", default=0), None
    if isinstance(padding, str):
        written = padding
    else:
        outputs = operation.outputs[0].sizes[2:]
        written, sides = _padding(source.sizes[2:], outputs, extents, strides, _lengths(padding, axes))
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
    source = _padded(network, operation, source, sides)
    _apply_kernel(network, operation, layer, source, kernel, bias, shape)


def _apply_kernel(
    network: TorchNetwork, operation: Operation, layer: Layer, source: Value, kernel: Value, bias: Value | None,
    shape: tuple[int, ...], output: Value | None = None,
) -> None:  # fmt: skip
    weights = network.weights("kernel", kernel, shape) + (network.weights("bias", bias) if bias is not None else [])
    network.apply(operation, layer, [source], output, weights=weights)


def _transposed(
    network: TorchNetwork, operation: Operation, source: Value, kernel: Value, bias: Value | None, axes: int
) -> None:
    """(n - 1) s - 2p + d (k - 1) + 1 + o cells an axis: `same` where that is n s, else `valid`, cut at the ends."""
    if operation.get("groups", default=1) != 1:
        raise LayerError("Keras's transposed convolution has no groups")
    strides, dilation = (_lengths(operation.get(name, default=1), axes) for name in ("stride", "dilation"))
    cells, more = (_lengths(operation.get(name, default=0), axes) for name in ("padding", "output_padding"))
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


# Products of matrices.


def linear(network: TorchNetwork, operation: Operation) -> None:
    _dense(network, operation, operation.get("input"), operation.get("weight"), operation.get("bias"), is_turned=True)


def added_product(network: TorchNetwork, operation: Operation) -> None:
    bias, one, other = (operation.get(name) for name in ("self", "mat1", "mat2"))
    if not bias.constant:
        raise LayerError("what is added is computed")
    _dense(network, operation, one, other, bias)


def product(network: TorchNetwork, operation: Operation) -> None:
    one, other = operation.get("self"), operation.get("mat2", "other")
    if other.constant and _matrix(other) and not one.constant:
        _dense(network, operation, one, other, None)
        return
    constants = [value for value in (one, other) if value.constant]
    weights = [weight for value in constants for weight in network.held(value)]
    inputs = [value for value in (one, other) if not value.constant]
    network.several(operation, MatMul(network.shape(operation.outputs[0])), inputs, weights)


def _matrix(value: Value) -> tuple[int, ...]:
    """The sizes of a constant that is one matrix, or the same one for all of a batch; nothing for another."""
    last = value.sizes[-2:]
    is_repeated = len(value.origins) == 1 and value.origins[0].size == prod(last)
    return last if value.rank == 2 or (value.rank > 2 and is_repeated) else ()


def _dense(
    network: TorchNetwork, operation: Operation, source: Value, kernel: Value, bias: Value | None,
    is_turned: bool = False,
) -> None:  # fmt: skip
    """A dense layer over the last axis; torch's linear holds its kernel turned, (outputs, inputs)."""
    if not kernel.constant or not _matrix(kernel) or (bias is not None and not bias.constant):
        raise LayerError("no constant matrix")
    inputs, units = _matrix(kernel)[::-1] if is_turned else _matrix(kernel)
    source = network.in_layout(source, False, operation)
    layer = Dense(units, use_bias=bias is not None)
    weights = network.weights("kernel", kernel, (inputs, units))
    weights += network.weights("bias", bias) if bias is not None else []
    network.apply(operation, layer, [source], weights=weights, channels_first=False)


# Normalization.


def _affine(network: TorchNetwork, gamma: Value | None, beta: Value | None) -> list[Weight]:
    found = network.weights("gamma", gamma) if gamma is not None else []
    return found + (network.weights("beta", beta) if beta is not None else [])


def batch_norm(network: TorchNetwork, operation: Operation) -> None:
    source = network.in_layout(operation.get("input"), True, operation)
    gamma, beta = operation.get("weight"), operation.get("bias")
    shared = {"epsilon": operation.get("eps", default=1e-5), "center": beta is not None, "scale": gamma is not None}
    weights = _affine(network, gamma, beta)
    mean, variance = operation.get("running_mean"), operation.get("running_var")
    if mean is None or variance is None:
        network.apply(operation, GroupNormalization(-1, **shared), [source], weights=weights)
        return
    weights += network.weights("moving_mean", mean) + network.weights("moving_variance", variance)
    momentum = 1 - float(operation.get("momentum", default=0.1))
    network.apply(operation, BatchNormalization(round(momentum, 12), **shared), [source], weights=weights)


def group_norm(network: TorchNetwork, operation: Operation) -> None:
    source = network.in_layout(operation.get("input"), True, operation)
    gamma, beta = operation.get("weight"), operation.get("bias")
    groups = operation.get("num_groups", "group", default=-1)
    layer = GroupNormalization(groups, operation.get("eps", default=1e-5), beta is not None, gamma is not None)
    network.apply(operation, layer, [source], weights=_affine(network, gamma, beta))


def layer_norm(network: TorchNetwork, operation: Operation) -> None:
    source, gamma, beta = operation.get("input"), operation.get("weight"), operation.get("bias")
    count = len(operation.get("normalized_shape"))
    if count < source.rank - 1:
        source = network.in_layout(source, False, operation)
    axes = tuple(network.axis(source, -number) for number in range(count, 0, -1))
    last = len(network.shape(source))
    axis: Any = -1 if axes == (last,) else axes[0] if count == 1 else axes
    layer = LayerNormalization(axis, operation.get("eps", default=1e-5), beta is not None, gamma is not None)
    network.apply(operation, layer, [source], weights=_affine(network, gamma, beta))


# Activations.


def _function(make: Callable[[Operation], Layer]) -> Writer:
    """An operation that is a function of each cell of its first input."""

    def write(network: TorchNetwork, operation: Operation) -> None:
        network.apply(operation, make(operation), [operation.tensors[0]])

    return write


def _named(activation: str) -> Writer:
    return _function(lambda _: Activation(activation))


def _clip(operation: Operation) -> Layer:
    least, most = operation.get("min", "min_val"), operation.get("max", "max_val")
    if operation.name == "hardtanh":
        least, most = (-1 if least is None else least), (1 if most is None else most)
    if isinstance(least, Value) or isinstance(most, Value):
        raise LayerError("limits that are tensors")
    if least == 0:
        return ReLU(max_value=most if most is None else float(most))
    return Activation("hard_tanh") if (least, most) == (-1, 1) else Elementwise("Clip")


def prelu(network: TorchNetwork, operation: Operation) -> None:
    source, slope = operation.get("self"), operation.get("weight")
    axes = len(network.shape(source))
    layer = PReLU(tuple(range(1, axes)) or None)
    shape = (*(1,) * (axes - 1), slope.size)
    network.apply(operation, layer, [source], weights=network.weights("alpha", slope, shape))


def softmax(network: TorchNetwork, operation: Operation) -> None:
    source = operation.tensors[0]
    axis = network.axis(source, operation.get("dim", default=-1))
    if operation.name.endswith("log_softmax"):
        network.apply(operation, Activation("log_softmax"), [source])
        return
    if axis < 1:
        raise LayerError("over the batch")
    network.apply(operation, Softmax(-1 if axis == len(network.shape(source)) else axis), [source])


def gated(network: TorchNetwork, operation: Operation) -> None:
    """glu: one half, times the sigmoid of the other."""
    source, output = operation.tensors[0], operation.outputs[0]
    halves = [Value(f"{output.name}.{part}", output.shape, output.dtype) for part in ("value", "gate", "sigmoid")]
    value, gate, sigmoid = halves
    for half in (value, gate):
        half.channels_first = source.channels_first
        layer = Slice(shape=network.shape(half))
        network.apply(operation, layer, [source], half, behind=half.name.rpartition(".")[2])
    network.apply(operation, Activation("sigmoid"), [gate], sigmoid, behind="sigmoid")
    network.apply(operation, Multiply(), [value, sigmoid])


# Pooling.


def pooling(network: TorchNetwork, operation: Operation) -> None:
    source = operation.get("self")
    axes = 1 if operation.name.endswith("1d") else 2
    if "3d" in operation.name:
        network.move(operation, None, [source], title=operation.name)
        return
    if source.rank != axes + 2:
        raise LayerError("not a map")
    source = network.in_layout(source, True, operation)
    size = _lengths(operation.get("kernel_size"), axes)
    strides = _lengths(operation.get("stride") or size, axes)
    if set(_lengths(operation.get("dilation", default=1), axes)) != {1}:
        raise LayerError("windows with gaps")
    cells = _lengths(operation.get("padding", default=0), axes)
    outputs = operation.outputs[0].sizes[2:]
    ceil = bool(operation.get("ceil_mode", default=False))
    padding, sides = _padding(source.sizes[2:], outputs, size, strides, cells, ceil)
    is_mean = "avg" in operation.name
    if is_mean and padding == "same" and operation.get("count_include_pad", default=True) and any(cells):
        padding, sides = "valid", tuple((each, each) for each in cells)  # Keras's `same` leaves the zeros out
    kinds: Any = (AveragePooling1D, AveragePooling2D) if is_mean else (MaxPooling1D, MaxPooling2D)
    source = _padded(network, operation, source, sides)
    network.apply(operation, kinds[axes - 1](size, strides, padding), [source])


def adaptive_pooling(network: TorchNetwork, operation: Operation) -> None:
    source, output = network.in_layout(operation.get("self"), True, operation), operation.outputs[0]
    axes = 1 if operation.name.endswith("1d") else 2
    if source.rank != axes + 2 or "3d" in operation.name:
        raise LayerError("not a map")
    is_mean = "avg" in operation.name
    sizes, wanted = source.sizes[2:], output.sizes[2:]
    if set(wanted) == {1}:
        kinds: Any = (
            (GlobalAveragePooling1D, GlobalAveragePooling2D) if is_mean else (GlobalMaxPooling1D, GlobalMaxPooling2D)
        )
        network.apply(operation, kinds[axes - 1](keepdims=True), [source])
    elif sizes == wanted:
        network.alias(operation, source)
    elif UNKNOWN not in (*sizes, *wanted) and not any(size % cells for size, cells in zip(sizes, wanted, strict=True)):
        window = tuple(size // cells for size, cells in zip(sizes, wanted, strict=True))
        kinds = (AveragePooling1D, AveragePooling2D) if is_mean else (MaxPooling1D, MaxPooling2D)
        network.apply(operation, kinds[axes - 1](window), [source])
    else:
        title = "AdaptiveAveragePooling" if is_mean else "AdaptiveMaxPooling"
        network.move(operation, None, [source], title=title)


_REDUCTIONS = {
    "mean": "Mean", "sum": "Sum", "amax": "Max", "amin": "Min", "max": "Max", "min": "Min", "prod": "Prod",
    "argmax": "ArgMax", "argmin": "ArgMin", "var": "Variance", "std": "StandardDeviation", "any": "Any", "all": "All",
    "logsumexp": "LogSumExp", "linalg_vector_norm": "Norm", "norm": "Norm",
}  # fmt: skip


def reduction(network: TorchNetwork, operation: Operation) -> None:
    if operation.name in ("max", "min") and operation.get("other") is not None:
        binary(network, operation)
        return
    source, output = operation.tensors[0], operation.outputs[0]
    dims = operation.get("dim")
    listed = [dims] if isinstance(dims, int) else list(dims or range(source.rank))
    places = {dim % source.rank for dim in listed}
    if 0 in places and network.is_batched(source):
        network.move(operation, None, [source], title=_REDUCTIONS[operation.name])
        return
    keepdims = bool(operation.get("keepdim", default=False))
    axes = tuple(sorted(network.axis(source, place) for place in places))
    first = source.channels_first and output.rank >= 3 and (keepdims or 1 not in places)
    over_map = len(network.shape(source)) - 1
    if operation.name == "mean" and over_map in (1, 2) and axes == tuple(range(1, over_map + 1)):
        layer: Layer = (GlobalAveragePooling1D, GlobalAveragePooling2D)[over_map - 1](keepdims)
    else:
        layer = Reduce(_REDUCTIONS[operation.name], axes, keepdims)
    network.apply(operation, layer, [source], channels_first=first)


# Cell by cell.

_MERGES: dict[str, type[Layer]] = {
    "add": Add, "mul": Multiply, "sub": Subtract, "maximum": Maximum, "minimum": Minimum, "max": Maximum,
    "min": Minimum,
}  # fmt: skip
_BINARY = {
    "add": "Add", "sub": "Subtract", "rsub": "Subtract", "mul": "Multiply", "div": "Divide", "true_divide": "Divide",
    "pow": "Power", "maximum": "Maximum", "minimum": "Minimum", "max": "Maximum", "min": "Minimum", "eq": "Equal",
    "ne": "NotEqual", "gt": "Greater", "ge": "GreaterEqual", "lt": "Less", "le": "LessEqual", "atan2": "Atan2",
    "fmod": "FloorMod", "remainder": "FloorMod", "floor_divide": "FloorDivide", "logical_and": "LogicalAnd",
    "logical_or": "LogicalOr", "bitwise_and": "LogicalAnd", "bitwise_or": "LogicalOr", "logical_xor": "LogicalXor",
}  # fmt: skip
_UNARY = {
    "neg": "Negative", "reciprocal": "Reciprocal", "square": "Square", "rsqrt": "Rsqrt", "sqrt": "Sqrt", "exp": "Exp",
    "expm1": "Expm1", "log": "Log", "log1p": "Log1p", "log2": "Log2", "log10": "Log10", "abs": "Abs", "sin": "Sin",
    "cos": "Cos", "tan": "Tan", "atan": "Atan", "asin": "Asin", "acos": "Acos", "sinh": "Sinh", "cosh": "Cosh",
    "erf": "Erf", "floor": "Floor", "ceil": "Ceil", "round": "Round", "trunc": "Trunc", "sign": "Sign",
    "logical_not": "LogicalNot", "bitwise_not": "LogicalNot", "isnan": "IsNan", "isinf": "IsInf", "cumsum": "CumSum",
    "masked_fill": "Where", "nan_to_num": "NanToNum",
}  # fmt: skip


def binary(network: TorchNetwork, operation: Operation) -> None:
    """Two tensors, or a tensor and a constant of the program: a tensor that it holds, or a number."""
    one, other = operation.get("self", "input"), operation.get("other", "exponent")
    values = [value for value in (one, other) if isinstance(value, Value)]
    computed = [value for value in values if not value.constant]
    title = _BINARY[operation.name]
    if len(computed) == 2:
        layer = _MERGES[operation.name]() if operation.name in _MERGES else Elementwise(title)
        network.apply(operation, layer, network.alike(values, operation))
        return
    source = computed[0]
    constant = next((value for value in values if value.constant), None)
    if constant is None:
        network.apply(operation, Elementwise(title, ()), [source])
        return
    shape, held = network.operand(constant, source), network.held(constant)
    network.apply(operation, Elementwise(title, shape), [source], weights=held)


def chosen(network: TorchNetwork, operation: Operation) -> None:
    """where: cells of one or another tensor."""
    values = [value for value in operation.tensors if not value.constant]
    held = [weight for value in operation.tensors if value.constant for weight in network.held(value)]
    network.apply(operation, Elementwise("Where"), network.alike(values, operation), weights=held)


def multiplied_sum(network: TorchNetwork, operation: Operation) -> None:
    """addcmul: a tensor and the product of two others."""
    values = network.alike([value for value in operation.tensors if not value.constant], operation)
    held = [weight for value in operation.tensors if value.constant for weight in network.held(value)]
    network.apply(operation, Elementwise("MultiplyAdd"), values, weights=held)


def concatenation(network: TorchNetwork, operation: Operation) -> None:
    tensors, output = operation.get("tensors"), operation.outputs[0]
    model = next((value for value in tensors if not value.constant and value.rank == output.rank), tensors[0])
    values = [network.computed(value, model) for value in tensors if value.rank == output.rank]
    values = network.alike(values, operation)
    if len(values) == 1:
        network.alias(operation, values[0])
        return
    output.channels_first = values[0].channels_first
    dim = operation.get("dim", default=0)
    axis = network.axis(output, dim)
    last = axis == len(network.shape(output))
    layer = Concatenate(-1 if last else axis) if axis else None
    network.move(operation, layer, values, title="Concatenate", channels_first=output.channels_first)


# What moves cells.


def reshape(network: TorchNetwork, operation: Operation) -> None:
    """The same cells in another shape: no layer where the graph's shape stays."""
    source, output = operation.tensors[0], operation.outputs[0]
    kept = source.channels_first and output.rank >= 3 and output.sizes[:2] == source.sizes[:2]
    first = network.is_spatial(output) or kept
    if first and source.rank >= 3 and not source.channels_first:
        first = kept or network.is_spatial(output)
    output.channels_first = first
    target = network.shape(output)
    same_rank = source.rank == output.rank and source.channels_first == first
    if target == network.shape(source) and (same_rank or len(target) == 1) and source.shape == output.shape:
        network.alias(operation, source, layout=first)
        return
    layer: Layer = Flatten() if len(target) == 1 else Reshape(target)
    network.move(operation, layer, [source], title="Reshape", channels_first=first)


def permutation(network: TorchNetwork, operation: Operation) -> None:
    source = operation.get("self")
    rank = source.rank
    order = list(range(rank))
    if operation.name == "permute":
        order = [dim % rank for dim in operation.get("dims")]
    elif operation.name in ("t", "numpy_T", "mT", "mH"):
        order[-2:] = reversed(order[-2:])
    elif operation.name == "movedim":
        return network.move(operation, None, [source], title="Transpose", channels_first=False)
    else:
        one, other = (operation.get(name) % rank for name in ("dim0", "dim1"))
        order[one], order[other] = order[other], order[one]
    network.transpose(operation, source, order)
    return None


def cut(network: TorchNetwork, operation: Operation) -> None:
    """slice and narrow: a part along one axis; all of it is no layer."""
    source, output = operation.tensors[0], operation.outputs[0]
    if source.shape == output.shape and UNKNOWN not in source.sizes:
        network.alias(operation, source)
        return
    output.channels_first = source.channels_first
    axis = network.axis(source, operation.get("dim", default=0))
    begin, step = operation.get("start", default=0), operation.get("step", default=1)
    rank = len(network.shape(source))
    if axis < 1 or not isinstance(begin, int):
        network.move(operation, None, [source], title="Slice")
        return
    begins, steps = [0] * rank, [1] * rank
    begins[axis - 1], steps[axis - 1] = begin, step
    layer = Slice(shape=network.shape(output), begin=tuple(begins), strides=tuple(steps))
    network.move(operation, layer, [source])


def several_parts(network: TorchNetwork, operation: Operation) -> None:
    """split, chunk, unbind: parts of a tensor, each an output."""
    source = operation.tensors[0]
    for output in operation.outputs:
        output.channels_first = source.channels_first and output.rank == source.rank
    network.several(operation, Moving("Split", network.shape(operation.outputs[0])), [source])


def _moving(title: str, make: Callable[[TorchNetwork, Operation], Layer] | None = None) -> Writer:
    """An operation that only moves cells; a layer of its own where `make` makes one that fits."""

    def write(network: TorchNetwork, operation: Operation) -> None:
        sources = network.alike([value for value in operation.tensors if not value.constant], operation)
        layer = None
        if make is not None:
            try:
                layer = make(network, operation)
            except LayerError:
                layer = None
        network.move(operation, layer, sources, title=title)

    return write


def repetition(network: TorchNetwork, operation: Operation) -> None:
    """expand and repeat; no layer where nothing is repeated."""
    source, output = operation.tensors[0], operation.outputs[0]
    if source.shape == output.shape:
        network.alias(operation, source)
        return
    network.move(operation, None, [source], title="BroadcastTo" if operation.name == "expand" else "Tile")


def padding(network: TorchNetwork, operation: Operation) -> None:
    """Cells at both ends, written from the last axis to the first."""
    source, output = operation.get("self"), operation.outputs[0]
    cells = list(operation.get("pad", "padding"))
    mode, value = operation.get("mode", default="constant"), operation.get("value", default=0)
    mode = "reflect" if "reflection" in operation.name else "replicate" if "replication" in operation.name else mode
    ends: Any = [tuple(cells[place : place + 2]) for place in range(0, len(cells), 2)][::-1]
    output.channels_first = source.channels_first
    is_map = source.channels_first and len(ends) <= source.rank - 2
    ends = [(0, 0)] * (source.rank - 2 - len(ends)) + ends if is_map else ends
    layer: Layer | None = None
    is_constant = mode == "constant" and not value and all(isinstance(cell, int) for end in ends for cell in end)
    if is_map and is_constant and len(ends) in (1, 2):
        if all(cell >= 0 for end in ends for cell in end):
            layer = ZeroPadding2D(tuple(ends)) if len(ends) == 2 else ZeroPadding1D(ends[0])
        elif all(cell <= 0 for end in ends for cell in end):
            cut_off: Any = tuple((-before, -after) for before, after in ends)
            layer = Cropping2D(cut_off) if len(ends) == 2 else Cropping1D(cut_off[0])
    if layer is None:
        around = (*ends, (0, 0)) if is_map else tuple(ends)
        layer = Pad(shape=network.shape(output), paddings=around, mode=mode)
    network.move(operation, layer, [source], title="Pad")


def resizing(network: TorchNetwork, operation: Operation) -> None:
    source, output = operation.tensors[0], operation.outputs[0]
    source = network.in_layout(source, True, operation)
    name = operation.name
    method = "nearest" if "nearest" in name else "bicubic" if "bicubic" in name else "bilinear"
    before, after = source.sizes[2:], output.sizes[2:]
    scales = operation.get("scale_factors") or [operation.get("scales_h", "scales"), operation.get("scales_w")]
    factors: list[Any] = []
    for number, (small, large) in enumerate(zip(before, after, strict=True)):
        if small is UNKNOWN or large is UNKNOWN:
            found = scales[number] if number < len(scales) else None
            factors.append(int(found) if found and float(found).is_integer() else None)
        else:
            factors.append(large // small if large % small == 0 else None)
    if len(factors) == 1 and factors[0] and method == "nearest":
        layer: Layer | None = UpSampling1D(factors[0])
    elif len(factors) != 2:
        layer = None
    elif all(factors):
        layer = UpSampling2D(tuple(factors), method)
    else:
        layer = Resizing(after[0], after[1], method)
    network.move(operation, layer, [source], title="Resize", channels_first=True)


# Identities, and other dtypes.


def identity(network: TorchNetwork, operation: Operation) -> None:
    network.alias(operation, operation.tensors[0])


def dropout(network: TorchNetwork, operation: Operation) -> None:
    network.apply(operation, Dropout(float(operation.get("p", default=0.5))), [operation.tensors[0]])


def cast(network: TorchNetwork, operation: Operation) -> None:
    source, output = operation.tensors[0], operation.outputs[0]
    if source.dtype == output.dtype:
        network.alias(operation, source)
    else:
        network.apply(operation, Cast(output.dtype), [source])


def quantize(network: TorchNetwork, operation: Operation) -> None:
    network.apply(operation, Quantize(operation.outputs[0].dtype), [operation.get("input")])


def dequantize(network: TorchNetwork, operation: Operation) -> None:
    network.apply(operation, Dequantize(operation.outputs[0].dtype), [operation.get("input")])


# Sequences.


def embedding(network: TorchNetwork, operation: Operation) -> None:
    table = operation.get("weight")
    if not table.constant:
        raise LayerError("a table that is computed")
    rows, width = table.sizes
    layer = Embedding(rows, width)
    network.apply(operation, layer, [operation.get("indices")], weights=network.weights("embeddings", table))


def recurrent(network: TorchNetwork, operation: Operation) -> None:
    """lstm and gru: Keras's layer where one goes in one direction, else all of them as one that nobody knows."""
    source, parameters = operation.get("input"), operation.get("params", default=[])
    if not all(value.constant for value in parameters):
        raise LayerError("weights that are computed")
    source = network.in_layout(source, False, operation)
    single = operation.get("num_layers") == 1 and not operation.get("bidirectional") and operation.get("batch_first")
    is_lstm = operation.name == "lstm"
    if single and len(network.shape(source)) == 2:
        biases = bool(operation.get("has_biases"))
        units = parameters[1].sizes[1]
        layer: Layer = LSTM(units, True, biases) if is_lstm else GRU(units, True, biases)
        names = ("kernel", "recurrent_kernel", "bias", "recurrent_bias")
        weights = [
            weight for name, value in zip(names, parameters, strict=False) for weight in network.weights(name, value)
        ]
        network.apply(operation, layer, [source], weights=weights)
        return
    weights = [weight for value in parameters for weight in network.held(value)]
    network.several(operation, Opaque(operation.name.upper(), network.shape(operation.outputs[0])), [source], weights)


def attention(network: TorchNetwork, operation: Operation) -> None:
    """Products of computed matrices, whose work is not counted."""
    inputs = [value for value in operation.tensors if not value.constant]
    network.several(operation, Opaque("ScaledDotProductAttention", network.shape(operation.outputs[0])), inputs)


def _block(make: Callable[[int], Layer], argument: str) -> Callable[[TorchNetwork, Operation], Layer]:
    return lambda _, operation: make(operation.get(argument))


def _table() -> dict[str, Writer]:
    return {
        **dict.fromkeys((
            "conv1d", "conv2d", "conv3d", "convolution", "_convolution", "conv_transpose1d", "conv_transpose2d",
            "mkldnn_convolution", "cudnn_convolution",
        ), convolution),
        "linear": linear, "addmm": added_product,
        **dict.fromkeys(("mm", "bmm", "matmul"), product),
        **dict.fromkeys((
            "batch_norm", "_native_batch_norm_legit_no_training", "native_batch_norm", "_native_batch_norm_legit",
            "_native_batch_norm_legit_functional", "cudnn_batch_norm", "_batch_norm_no_update",
            "_batch_norm_with_update", "_batch_norm_with_update_functional",
        ), batch_norm),
        **dict.fromkeys(("group_norm", "native_group_norm", "instance_norm"), group_norm),
        **dict.fromkeys(("layer_norm", "native_layer_norm"), layer_norm),
        **_activations(),
        **dict.fromkeys((
            "max_pool1d", "max_pool2d", "max_pool2d_with_indices", "avg_pool1d", "avg_pool2d", "max_pool3d",
            "avg_pool3d",
        ), pooling),
        **dict.fromkeys((
            "adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool1d",
            "adaptive_max_pool2d",
        ), adaptive_pooling),
        **dict.fromkeys(_REDUCTIONS, reduction),
        **dict.fromkeys(_BINARY.keys() - {"max", "min"}, binary),
        **{name: _function(lambda _, title=title: Elementwise(title)) for name, title in _UNARY.items()},  # type: ignore[misc]
        "where": chosen, "addcmul": multiplied_sum,
        **_movements(),
        **dict.fromkeys(("clone", "contiguous", "detach", "alias", "lift_fresh_copy", "lift", "lift_fresh",
                         "copy", "positive", "resolve_conj", "resolve_neg"), identity),
        **dict.fromkeys(("dropout", "feature_dropout", "native_dropout", "alpha_dropout"), dropout),
        **dict.fromkeys(("to", "_to_copy", "type_as", "float", "half"), cast),
        **dict.fromkeys(("quantize_per_tensor", "quantize_per_channel"), quantize),
        **dict.fromkeys(("dequantize_per_tensor", "dequantize_per_channel"), dequantize),
        "embedding": embedding, "lstm": recurrent, "gru": recurrent,
        **dict.fromkeys((
            "scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention",
            "_scaled_dot_product_fused_attention_overrideable", "_safe_softmax_attention",
        ), attention),
    }  # fmt: skip


def _activations() -> dict[str, Writer]:
    return {
        "relu": _function(lambda _: ReLU()), "relu6": _function(lambda _: ReLU(max_value=6.0)),
        **dict.fromkeys(("hardtanh", "clamp", "clip"), _function(_clip)),
        "clamp_min": _function(_clip), "clamp_max": _function(lambda _: Elementwise("Clip")),
        "silu": _named("silu"), "hardswish": _named("hard_silu"), "hardsigmoid": _named("hard_sigmoid"),
        "gelu": _named("gelu"), "sigmoid": _named("sigmoid"), "tanh": _named("tanh"), "mish": _named("mish"),
        "softplus": _named("softplus"), "softsign": _named("softsign"), "selu": _named("selu"),
        "celu": _named("celu"), "log_sigmoid": _named("log_sigmoid"),
        "elu": _function(lambda operation: ELU(float(operation.get("alpha", default=1.0)))),
        "leaky_relu": _function(
            lambda operation: LeakyReLU(float(operation.get("negative_slope", default=0.01)))
        ),
        "prelu": prelu, "_prelu_kernel": prelu, "glu": gated,
        **dict.fromkeys(("softmax", "_softmax", "log_softmax", "_log_softmax", "_safe_softmax"), softmax),
    }  # fmt: skip


def _movements() -> dict[str, Writer]:
    return {
        **dict.fromkeys(("cat", "concat", "concatenate"), concatenation),
        **dict.fromkeys((
            "flatten", "view", "reshape", "_unsafe_view", "unsqueeze", "squeeze", "unflatten", "view_copy",
            "_reshape_alias", "reshape_as", "view_as", "unsqueeze_copy", "squeeze_copy",
        ), reshape),
        **dict.fromkeys(("permute", "transpose", "t", "numpy_T", "mT", "movedim", "swapaxes"), permutation),
        **dict.fromkeys(("slice", "narrow", "slice_copy"), cut),
        "select": _moving("Slice"), "select_copy": _moving("Slice"),
        **dict.fromkeys(("split", "split_with_sizes", "chunk", "unbind", "tensor_split", "unsafe_chunk",
                         "unsafe_split", "split_with_sizes_copy"), several_parts),
        **dict.fromkeys(("expand", "repeat", "tile", "expand_as", "repeat_interleave", "expand_copy"), repetition),
        **dict.fromkeys(("index", "index_select", "gather", "take_along_dim", "index_put", "scatter", "slice_scatter",
                         "select_scatter", "masked_select"), _moving("Gather")),
        "stack": _moving("Stack"), "roll": _moving("Roll"), "flip": _moving("Reverse"), "im2col": _moving("Unfold"),
        "unfold": _moving("Unfold"), "tril": _moving("BandPart"), "triu": _moving("BandPart"),
        "diagonal": _moving("DiagPart"), "channel_shuffle": _moving("ChannelShuffle"),
        "pixel_shuffle": _moving("DepthToSpace", _block(DepthToSpace, "upscale_factor")),
        "pixel_unshuffle": _moving("SpaceToDepth", _block(SpaceToDepth, "downscale_factor")),
        **dict.fromkeys(("pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "replication_pad1d",
                         "replication_pad2d"), padding),
        **dict.fromkeys((
            "upsample_nearest1d", "upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_bilinear2d",
            "upsample_bicubic2d", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa", "upsample_linear1d",
        ), resizing),
        **dict.fromkeys(("zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full"),
                        _moving("Fill")),
        **dict.fromkeys(("topk", "sort", "argsort"), _moving("Sort")),
    }  # fmt: skip


WRITERS = _table()
PARTS = frozenset({
    "slice", "narrow", "select", "split", "split_with_sizes", "chunk", "unbind", "tensor_split",
})  # fmt: skip
"""Operations that take a part of a tensor: of a parameter, that part is what is used."""
RECODING = frozenset({"dequantize_per_tensor", "dequantize_per_channel", "quantize_per_tensor", "quantize_per_channel"})

# Operations before which a tensor of three or more axes has its channels behind the batch, and those that leave the
# layout of their inputs as it is.
_ON_MAPS = frozenset({
    "conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d", "batch_norm", "instance_norm",
    "_native_batch_norm_legit_no_training", "_native_batch_norm_legit", "group_norm", "native_group_norm",
    "max_pool1d", "max_pool2d", "max_pool2d_with_indices", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool1d",
    "adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d", "pixel_shuffle",
    "pixel_unshuffle", "upsample_nearest1d", "upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_bilinear2d",
    "upsample_bicubic2d", "channel_shuffle", "prelu", "im2col", "grid_sampler", "grid_sampler_2d",
})  # fmt: skip
_KEEPING = frozenset({
    *_activations(), *_UNARY, *_BINARY, "cat", "slice", "narrow", "split", "split_with_sizes", "chunk", "pad",
    "constant_pad_nd", "clone", "contiguous", "detach", "alias", "dropout", "to", "_to_copy", "where", "roll", "flip",
    "quantize_per_tensor", "dequantize_per_tensor", "quantize_per_channel", "dequantize_per_channel", "expand",
    "lift_fresh_copy", "reflection_pad2d", "replication_pad2d", "addcmul", "feature_dropout", "native_dropout",
}) - {"prelu", "softmax", "_softmax", "log_softmax", "_log_softmax"}  # fmt: skip


def spatial_tensors(graph: Mapping[str, Any]) -> frozenset[str]:
    """The tensors that reach an operation on maps through operations that keep the layout."""
    found: set[str] = set()
    for node in reversed(graph["nodes"]):
        name = _short(str(node["target"]))
        names = [each for argument in node["inputs"] for each in _tensors(argument["arg"])]
        if name in _ON_MAPS:
            found.update(names[:1])
        elif name in _KEEPING and any(each in found for output in node["outputs"] for each in _tensors(output)):
            found.update(names)
        elif "higher_order.wrap_" in str(node["target"]):
            found.update(_through(node, found))
    return frozenset(found)


def _through(node: Mapping[str, Any], found: set[str]) -> list[str]:
    """The inputs of a function that is read as if it stood there, which are maps within."""
    graphs = [each["arg"]["as_graph"]["graph"] for each in node["inputs"] if "as_graph" in each["arg"]]
    passed = [name for each in node["inputs"] for name in _tensors(each["arg"])]
    if len(graphs) != 1:
        return []
    inner = spatial_tensors(graphs[0])
    found.update(inner)
    wanted = [name for each in graphs[0]["inputs"] for name in _tensors(each)]
    return [outer for outer, name in zip(passed, wanted, strict=False) if name in inner]


def _tensors(argument: Mapping[str, Any]) -> list[str]:
    if "as_tensor" in argument:
        return [argument["as_tensor"]["name"]]
    return [each["name"] for each in argument.get("as_tensors", ())]


def _short(target: str) -> str:
    parts = target.split(".")
    name = parts[3] if parts[:2] == ["torch", "ops"] and len(parts) > 3 else parts[-1]
    return name.rstrip("_") if not name.endswith("__") and len(name) > 1 else name
