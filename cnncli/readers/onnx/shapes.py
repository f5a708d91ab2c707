"""Shapes and dtypes of what an ONNX operation puts out, as onnx/docs/Operators.md defines them, of any opset.

A function of the table below takes an operation and gives shape and dtype of each output; a size is UNKNOWN where it
depends on what the file leaves open, a shape None where not even the rank is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, prod
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.graph.layer import same_pads
from cnncli.readers.onnx.model import DTYPES, Open, Operation
from cnncli.readers.onnx.values import sliced, slices

MOST_AXES = 64
"""Of a tensor: as many as NumPy's have."""
Sizes = tuple[int, ...]
Output = tuple[Sizes | None, str]
Inference = Callable[[Operation], list[Output]]


def inferred(operation: Operation) -> list[Output]:
    """Shape and dtype of each output; no shape for operations of other domains and where it is not known."""
    found = INFERENCES.get((operation.domain, operation.kind))
    count = len(operation.outputs)
    dtype = _dtype(operation)
    outputs: list[Output] = []
    if found is not None and (not operation.inputs or operation.inputs[0] is not None):
        try:
            outputs = found(operation)
        except (Open, TypeError, IndexError, ValueError, ZeroDivisionError, OverflowError):
            outputs = []
    outputs = [(_sane(shape), kind) for shape, kind in outputs[:count]]
    return outputs + [(None, dtype)] * (count - len(outputs))


def _sane(shape: Sizes | None) -> Sizes | None:
    """Sizes that no tensor has are none: below zero, or more than 64 bits hold; so are shapes of very many axes."""
    if shape is None or len(shape) > MOST_AXES:
        return None
    return tuple(UNKNOWN if size is UNKNOWN or not 0 <= size < 2**63 else size for size in shape)


def _dtype(operation: Operation) -> str:
    first = next((value for value in operation.inputs if value is not None), None)
    return first.dtype if first is not None else "float32"


def ranked(operation: Operation, number: int = 0) -> Sizes:
    """The shape of an input. Raises Open where its rank is not known."""
    found = operation.shape(number)
    if found is None:
        raise Open
    return found


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front. Raises ValueError for one that is none."""
    found = axis + rank if axis < 0 else axis
    if not 0 <= found <= rank:
        raise ValueError(f"axis {axis} of a tensor of rank {rank}")
    return found


def broadcast(shapes: Sequence[Sizes | None]) -> Sizes | None:
    """The shape of what is computed cell by cell."""
    if any(shape is None for shape in shapes):
        return None
    known = [shape for shape in shapes if shape is not None]
    rank = max(map(len, known), default=0)
    found = []
    for sizes in zip(*[(1,) * (rank - len(shape)) + tuple(shape) for shape in known], strict=True):
        others = [size for size in sizes if size is UNKNOWN or size != 1]
        found.append(next((size for size in others if size is not UNKNOWN), others[0] if others else 1))
    return tuple(found)


# Sliding windows.


class Sliding(NamedTuple):
    """A window and its steps along each axis in space, with the cells that are put before and behind the map.

    `size` is what it leaves, an axis at a time; `pads` are UNKNOWN where they depend on an open size.
    """

    kernel: Sizes
    strides: Sizes
    dilations: Sizes
    pads: tuple[tuple[int, int], ...]
    size: Sizes

    @property
    def extents(self) -> Sizes:
        return extents(self.kernel, self.dilations)


def extents(kernel: Sequence[int], dilations: Sequence[int]) -> Sizes:
    """With the gaps: d (k - 1) + 1."""
    return tuple(dilation * (size - 1) + 1 for size, dilation in zip(kernel, dilations, strict=True))


def _option(operation: Operation, name: str, rank: int, default: int) -> Sizes:
    found = operation.attributes.numbers(name)
    return tuple(found) if found else (default,) * rank


def sliding(operation: Operation, sizes: Sequence[int], kernel: Sequence[int]) -> Sliding:
    """The window of a convolution or a pooling over a map of these sizes."""
    rank, attributes = len(sizes), operation.attributes
    strides, dilations = _option(operation, "strides", rank, 1), _option(operation, "dilations", rank, 1)
    if min((*strides, *dilations, *kernel)) < 1 or len(kernel) != rank:
        raise ValueError(f"a window of {kernel} with strides {strides} over a map of rank {rank}")
    auto, ceil = attributes.text("auto_pad", "NOTSET") or "NOTSET", bool(attributes.number("ceil_mode"))
    given = _option(operation, "pads", 2 * rank, 0)
    pads, left = [], []
    for axis, size in enumerate(sizes):
        extent, stride = extents(kernel, dilations)[axis], strides[axis]
        if auto.startswith("SAME"):
            out = -(-size // stride)
            pads.append(same_pads(size, extent, stride, auto == "SAME_LOWER"))
            left.append(out)
            continue
        around = (0, 0) if auto == "VALID" else (given[axis], given[axis + rank])
        out = (size + sum(around) - extent) // stride + 1
        if ceil:
            out = _ceiled(size, around, extent, stride)
        around = (around[0], max(around[1], (out - 1) * stride + extent - size - around[0])) if ceil else around
        pads.append(around)
        left.append(out)
    return Sliding(tuple(kernel), strides, dilations, tuple(pads), tuple(left))


def _ceiled(size: int, pads: tuple[int, int], extent: int, stride: int) -> int:
    """With ceil_mode, but no window begins behind the map and its leading pad."""
    out = -(-(size + sum(pads) - extent) // stride) + 1
    return out - 1 if (out - 1) * stride >= size + pads[0] else out


def kernel_input(operation: Operation) -> int:
    """Which input the kernel of a convolution is."""
    return 3 if operation.kind == "QLinearConv" else 1


def channels_last(operation: Operation) -> bool:
    """Whether an operation of onnxruntime's says that its maps are (batch, height, width, channels)."""
    return bool(operation.attributes.number("channels_last"))


def _convolution(operation: Operation) -> list[Output]:
    shape, kernel = ranked(operation), ranked(operation, kernel_input(operation))
    if channels_last(operation):
        found = sliding(operation, shape[1:-1], kernel[2:])
        return [((shape[0], *found.size, kernel[0]), _of_result(operation))]
    found = sliding(operation, shape[2:], kernel[2:])
    return [((shape[0], kernel[0], *found.size), _of_result(operation))]


def _of_result(operation: Operation) -> str:
    if operation.kind.endswith("Integer"):
        return "int32"
    point = operation.input({"QLinearConv": 7, "QLinearMatMul": 7}.get(operation.kind, 0))
    return point.dtype if point is not None else "float32"


def _transposed(operation: Operation) -> list[Output]:
    shape, kernel = ranked(operation), ranked(operation, 1)
    rank, attributes = len(shape) - 2, operation.attributes
    strides, dilations = _option(operation, "strides", rank, 1), _option(operation, "dilations", rank, 1)
    more, pads = _option(operation, "output_padding", rank, 0), _option(operation, "pads", 2 * rank, 0)
    auto, given = attributes.text("auto_pad", "NOTSET"), attributes.numbers("output_shape")
    extent = extents(kernel[2:], dilations)
    sizes = []
    for axis, size in enumerate(shape[2:]):
        if given:
            sizes.append(given[-rank:][axis])
        elif auto.startswith("SAME"):
            sizes.append(size * strides[axis])
        else:
            around = 0 if auto == "VALID" else pads[axis] + pads[axis + rank]
            sizes.append((size - 1) * strides[axis] + more[axis] + extent[axis] - around)
    return [((shape[0], kernel[1] * attributes.number("group", 1), *sizes), _dtype(operation))]


def _pooling(operation: Operation) -> list[Output]:
    shape, kernel = ranked(operation), operation.attributes.numbers("kernel_shape") or []
    if channels_last(operation):
        found = sliding(operation, shape[1:-1], kernel)
        out = (shape[0], *found.size, shape[-1])
    else:
        out = (*shape[:2], *sliding(operation, shape[2:], kernel).size)
    return [(out, _dtype(operation)), (out, "int64")]


def _global(operation: Operation) -> list[Output]:
    shape = ranked(operation)
    if channels_last(operation):
        return [((shape[0], *(1,) * (len(shape) - 2), shape[-1]), _dtype(operation))]
    return [((*shape[:2], *(1,) * (len(shape) - 2)), _dtype(operation))]


# Matrices.


def _product(one: Sizes, other: Sizes) -> Sizes:
    """As NumPy's matmul."""
    lead = broadcast([one[:-2], other[:-2]]) or ()
    return (*lead, *one[-2:-1], *(other[-1:] if len(other) > 1 else ()))


def _matmul(first: int, second: int) -> Inference:
    def infer(operation: Operation) -> list[Output]:
        one, other = ranked(operation, first), ranked(operation, second)
        sides = []
        for given, side in ((one, "A"), (other, "B")):
            shape = given
            if operation.attributes.number(f"transBatch{side}"):  # FusedMatMul's: the first axis behind the others
                shape = (*shape[1:-1], shape[0], shape[-1])
            if operation.attributes.number(f"trans{side}"):
                shape = (*shape[:-2], shape[-1], shape[-2])
            sides.append(shape)
        return [(_product(*sides), _of_result(operation))]

    return infer


def _gemm(first: int, second: int) -> Inference:
    def infer(operation: Operation) -> list[Output]:
        one, other = ranked(operation, first), ranked(operation, second)
        rows = one[1] if operation.attributes.number("transA") else one[0]
        columns = other[0] if operation.attributes.number("transB") else other[1]
        return [((rows, columns), _dtype(operation))]

    return infer


def _einsum(operation: Operation) -> list[Output]:
    """Letters name axes; without an arrow those that occur once remain, in alphabetical order."""
    text = operation.attributes.text("equation").replace(" ", "")
    left, arrow, right = text.partition("->")
    if "." in text:
        raise Open
    sizes: dict[str, int] = {}
    for number, letters in enumerate(left.split(",")):
        sizes |= dict(zip(letters, ranked(operation, number), strict=True))
    kept = right if arrow else "".join(sorted(each for each in sizes if left.count(each) == 1))
    return [(tuple(sizes[each] for each in kept), _dtype(operation))]


# Cell by cell.


def _same(operation: Operation) -> list[Output]:
    return [(operation.shape(), _dtype(operation))] * len(operation.outputs)


def _dropout(operation: Operation) -> list[Output]:
    return [(operation.shape(), _dtype(operation)), (operation.shape(), "bool")]


def _to(dtype: str) -> Inference:
    return lambda operation: [(operation.shape(), dtype)]


def _broadcast(operation: Operation) -> list[Output]:
    if operation.attributes.number("broadcast"):  # until opset 6: the second to the first
        return [(operation.shape(), _dtype(operation))]
    return [(broadcast([value.shape for value in operation.inputs if value is not None]), _dtype(operation))]


def _compared(operation: Operation) -> list[Output]:
    return [(broadcast([operation.shape(0), operation.shape(1)]), "bool")]


def _where(operation: Operation) -> list[Output]:
    value = operation.input(1)
    shape = broadcast([operation.shape(number) for number in range(3)])
    return [(shape, value.dtype if value is not None else "float32")]


def _cast(operation: Operation) -> list[Output]:
    return [(operation.shape(), DTYPES.get(operation.attributes.number("to"), "float32"))]


def _like(operation: Operation) -> list[Output]:
    like = operation.input(1)
    return [(operation.shape(), like.dtype if like is not None else _dtype(operation))]


def _quantized(operation: Operation) -> list[Output]:
    point, given = operation.input(2), operation.attributes.number("output_dtype")
    return [(operation.shape(), point.dtype if point is not None else DTYPES.get(given, "uint8"))]


def _dequantized(operation: Operation) -> list[Output]:
    scale = operation.input(1)
    return [(operation.shape(), scale.dtype if scale is not None else "float32")]


def _dynamically(operation: Operation) -> list[Output]:
    return [(operation.shape(), "uint8"), ((), "float32"), ((), "uint8")]


def _qlinear(*numbers: int) -> Inference:
    """Operations of onnxruntime whose inputs at these places are tensors, the others scales and zero points."""
    return lambda operation: [(broadcast([operation.shape(number) for number in numbers]), _dtype(operation))]


def _normalized(operation: Operation) -> list[Output]:
    """With the mean and the deviation, which have size 1 along what is normalized."""
    shape = ranked(operation)
    axis = axis_of(operation.attributes.number("axis", -1), len(shape))
    return [(shape, _dtype(operation)), *[((*shape[:axis], *(1,) * (len(shape) - axis)), "float32")] * 2]


def _batch_norm(operation: Operation) -> list[Output]:
    return [(operation.shape(), _dtype(operation)), *[(operation.shape(1), "float32")] * 4]


# Other shapes.


def _reshape(operation: Operation) -> list[Output]:
    """0 keeps a size (unless allowzero), -1 is what remains; opset 1 has the shape as an attribute."""
    shape, target = operation.shape(), operation.attributes.numbers("shape")
    if target is None:
        values = operation.known(1)
        if values is None:
            rank = (operation.shape(1) or (UNKNOWN,))[0]
            return [(None if rank is UNKNOWN else (UNKNOWN,) * min(rank, MOST_AXES), _dtype(operation))]
        target = list(values)
    if not operation.attributes.number("allowzero"):
        target = [
            (shape or ())[axis] if size is not UNKNOWN and size == 0 else size for axis, size in enumerate(target)
        ]
    open_ = [axis for axis, size in enumerate(target) if size is UNKNOWN or size == -1]
    if len(open_) == 1 and shape is not None:
        target[open_[0]] = _remaining(shape, [size for axis, size in enumerate(target) if axis != open_[0]])
    return [(tuple(UNKNOWN if size is UNKNOWN or size < 0 else size for size in target), _dtype(operation))]


def _remaining(shape: Sizes, others: Sequence[int]) -> Any:
    """The size that is left. Open sizes that stand on both sides cancel."""
    if any(size is UNKNOWN for size in others):
        return UNKNOWN
    rest = prod(others)
    if any(size is UNKNOWN for size in shape):
        return UNKNOWN
    return prod(shape) // rest if rest else 0


def _flatten(operation: Operation) -> list[Output]:
    shape = ranked(operation)
    axis = axis_of(operation.attributes.number("axis", 1), len(shape))
    return [((prod(shape[:axis]), prod(shape[axis:])), _dtype(operation))]


def _squeeze(operation: Operation) -> list[Output]:
    shape, axes = ranked(operation), operation.numbers("axes", 1)
    chosen = (
        {axis for axis, size in enumerate(shape) if size is not UNKNOWN and size == 1}
        if axes is None
        else {axis_of(axis, len(shape)) for axis in axes}
    )
    return [(tuple(size for axis, size in enumerate(shape) if axis not in chosen), _dtype(operation))]


def _unsqueeze(operation: Operation) -> list[Output]:
    shape, axes = list(ranked(operation)), operation.numbers("axes", 1) or []
    rank = len(shape) + len(axes)
    for axis in sorted(axis_of(axis, rank) for axis in axes):
        shape.insert(axis, 1)
    return [(tuple(shape), _dtype(operation))]


def order_of(operation: Operation, rank: int) -> list[int]:
    """Of a Transpose; all axes are reversed where it is not said."""
    order = operation.attributes.numbers("perm") or list(range(rank))[::-1]
    if sorted(order) != list(range(rank)):
        raise ValueError(f"perm={order} of a tensor of rank {rank}")
    return order


def _transpose(operation: Operation) -> list[Output]:
    shape = ranked(operation)
    return [(tuple(shape[axis] for axis in order_of(operation, len(shape))), _dtype(operation))]


def concatenated(operation: Operation) -> list[int]:
    """Which inputs are the tensors: onnxruntime's quantized form has a scale and a zero point behind each."""
    return list(
        range(2, len(operation.inputs), 3) if operation.kind == "QLinearConcat" else range(len(operation.inputs))
    )


def _concat(operation: Operation) -> list[Output]:
    shapes = [ranked(operation, number) for number in concatenated(operation)]
    axis = axis_of(operation.attributes.number("axis", 1), len(shapes[0]))
    others = [next((size for size in sizes if size is not UNKNOWN), UNKNOWN) for sizes in zip(*shapes, strict=True)]
    others[axis] = sum(shape[axis] for shape in shapes)
    return [(tuple(others), _dtype(operation))]


def _split(operation: Operation) -> list[Output]:
    """Sizes as an attribute until opset 11, as an input since; equal parts, the last one smaller, where not given."""
    shape, count = ranked(operation), len(operation.outputs)
    axis = axis_of(operation.attributes.number("axis"), len(shape))
    parts = operation.numbers("split", 1)
    if not parts:
        each = -(-shape[axis] // count)
        parts = [each if place < count - 1 else shape[axis] - each * (count - 1) for place in range(count)]
    return [((*shape[:axis], part, *shape[axis + 1 :]), _dtype(operation)) for part in parts]


def _slice(operation: Operation) -> list[Output]:
    shape = list(ranked(operation))
    try:
        found = slices(operation, len(shape))
    except Open:
        axes = operation.attributes.numbers("axes") or operation.known(3) or range(len(shape))
        return [
            (tuple(UNKNOWN if axis in axes else size for axis, size in enumerate(shape)), _dtype(operation)),
        ]
    for axis, begin, end, step in found:
        size = shape[axis]
        if size is UNKNOWN:
            shape[axis] = _of_open(begin, end, step)
        else:
            shape[axis] = len(range(size)[sliced(size, begin, end, step)])
    return [(tuple(shape), _dtype(operation))]


def _of_open(begin: int, end: int, step: int) -> Any:
    """What a Slice leaves of an open size: known only where both ends count from its end."""
    return max(-(-(end - begin) // step), 0) if begin < 0 and end < 0 and step > 0 else UNKNOWN


def _gather(operation: Operation) -> list[Output]:
    shape, indices = ranked(operation), ranked(operation, 1)
    axis = axis_of(operation.attributes.number("axis"), len(shape))
    return [((*shape[:axis], *indices, *shape[axis + 1 :]), _dtype(operation))]


def _of_indices(operation: Operation) -> list[Output]:
    return [(operation.shape(1), _dtype(operation))]


def _gather_nd(operation: Operation) -> list[Output]:
    shape, indices, batch = ranked(operation), ranked(operation, 1), operation.attributes.number("batch_dims")
    return [((*indices[:-1], *shape[batch + indices[-1] :]), _dtype(operation))]


def _expand(operation: Operation) -> list[Output]:
    values = operation.known(1)
    target = tuple(values) if values is not None else (UNKNOWN,) * ranked(operation, 1)[0]
    return [(broadcast([operation.shape(), target]), _dtype(operation))]


def _tile(operation: Operation) -> list[Output]:
    shape, times = ranked(operation), operation.known(1) or (UNKNOWN,) * MOST_AXES
    return [(tuple(size * each for size, each in zip(shape, times, strict=False)), _dtype(operation))]


def pads_of(operation: Operation, rank: int) -> list[tuple[int, int]]:
    """Cells before and behind each axis: attributes until opset 10, an input since, for some axes only since 18."""
    name = "paddings" if "paddings" in operation.attributes else "pads"
    given = operation.numbers(name, 1) or []
    axes = [axis_of(axis, rank) for axis in operation.numbers("", 3) or range(rank)]
    found = [(0, 0)] * rank
    for place, axis in enumerate(axes):
        found[axis] = given[place], given[place + len(axes)]
    return found


def _pad(operation: Operation) -> list[Output]:
    shape = ranked(operation)
    try:
        pads = pads_of(operation, len(shape))
    except Open:
        return [((*shape[:1], *(UNKNOWN,) * (len(shape) - 1)), _dtype(operation))]
    return [(tuple(size + sum(each) for size, each in zip(shape, pads, strict=True)), _dtype(operation))]


def reduced_axes(operation: Operation, rank: int) -> list[int]:
    """The axes that a reduction goes along: all, where none are said and it does not ask for nothing then."""
    axes = operation.numbers("axes", 1)
    if not axes:
        return [] if operation.attributes.number("noop_with_empty_axes") else list(range(rank))
    return sorted({axis_of(axis, rank) for axis in axes})


def without(shape: Sizes, axes: Sequence[int], keep: bool) -> Sizes:
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape) if keep or axis not in axes)


def _reduce(operation: Operation) -> list[Output]:
    shape = ranked(operation)
    keep = bool(operation.attributes.number("keepdims", 1))
    return [(without(shape, reduced_axes(operation, len(shape)), keep), _dtype(operation))]


def _arg(operation: Operation) -> list[Output]:
    shape, keep = ranked(operation), bool(operation.attributes.number("keepdims", 1))
    return [(without(shape, [axis_of(operation.attributes.number("axis"), len(shape))], keep), "int64")]


def _top(operation: Operation) -> list[Output]:
    shape = ranked(operation)
    axis = axis_of(operation.attributes.number("axis", -1), len(shape))
    given = operation.attributes.number("k") or (operation.known(1) or (UNKNOWN,))[0]
    out = (*shape[:axis], given, *shape[axis + 1 :])
    return [(out, _dtype(operation)), (out, "int64")]


def _resize(operation: Operation) -> list[Output]:
    """Sizes, or the sizes times the scales: Upsample's attribute or 2nd input, Resize's 2nd (opset 10) or 3rd input."""
    shape, attributes = ranked(operation), operation.attributes
    chosen = [axis_of(axis, len(shape)) for axis in attributes.numbers("axes") or range(len(shape))]
    out: list[Any] = list(shape)
    sizes = operation.known(3)
    if sizes:
        for axis, size in zip(chosen, sizes, strict=True):
            out[axis] = size
        return [(tuple(out), _dtype(operation))]
    scales = scales_of(operation)
    if scales is None:
        return [((*shape[:2], *(UNKNOWN,) * (len(shape) - 2)), _dtype(operation))]
    for axis, scale in zip(chosen, scales, strict=True):
        out[axis] = UNKNOWN if out[axis] is UNKNOWN or scale is UNKNOWN else floor(out[axis] * scale + 1e-6)
    return [(tuple(out), _dtype(operation))]


def scales_of(operation: Operation) -> Sequence[float] | None:
    """The factors of a Resize or an Upsample; None where they are not known."""
    attributes = operation.attributes
    if "height_scale" in attributes:  # opset 1
        return (1, 1, attributes.real("height_scale"), attributes.real("width_scale"))
    older = operation.kind == "Upsample" or operation.version < 11
    return attributes.reals("scales") or operation.known(1 if older else 2) or None


def _to_space(operation: Operation) -> list[Output]:
    batch, channels, height, width = ranked(operation)
    block = operation.attributes.number("blocksize")
    return [((batch, channels // block**2, height * block, width * block), _dtype(operation))]


def _to_depth(operation: Operation) -> list[Output]:
    batch, channels, height, width = ranked(operation)
    block = operation.attributes.number("blocksize")
    return [((batch, channels * block**2, height // block, width // block), _dtype(operation))]


def _recurrent(operation: Operation) -> list[Output]:
    """(steps, batch, features), or with layout 1 (batch, steps, features): all states, and the last of each kind."""
    shape, attributes = ranked(operation), operation.attributes
    units = attributes.number("hidden_size") or ranked(operation, 2)[-1]
    ways = 2 if attributes.text("direction") == "bidirectional" else 1
    if attributes.number("layout"):
        whole, last = (shape[0], shape[1], ways, units), (shape[0], ways, units)
    else:
        whole, last = (shape[0], ways, shape[1], units), (ways, shape[1], units)
    return [(whole, _dtype(operation)), *[(last, _dtype(operation))] * 2]


# Numbers and indices.


def _shape(operation: Operation) -> list[Output]:
    rank = len(ranked(operation))
    start, end = operation.attributes.number("start"), operation.attributes.number("end", rank)
    return [((len(range(rank)[start:end]),), "int64")]


def _range(operation: Operation) -> list[Output]:
    ends = [operation.known(number) for number in range(3)]
    if any(each is None or each[0] is UNKNOWN for each in ends):
        return [((UNKNOWN,), _dtype(operation))]
    start, limit, delta = (each[0] for each in ends if each is not None)
    return [((max(-int((start - limit) // delta), 0),), _dtype(operation))]


def _filled(operation: Operation) -> list[Output]:
    """ConstantOfShape: `value` is a tensor of one element; 0.0 where it is not given."""
    given = operation.attributes.message("value")
    dtype = DTYPES.get(given.message(5).number(2), "float32") if given is not None else "float32"
    values = operation.known(0)
    rank = (operation.shape() or (UNKNOWN,))[0]
    if values is None:
        return [(None if rank is UNKNOWN else (UNKNOWN,) * min(rank, MOST_AXES), dtype)]
    return [(tuple(values), dtype)]


def _one_hot(operation: Operation) -> list[Output]:
    shape, values = ranked(operation), operation.input(2)
    axis = axis_of(operation.attributes.number("axis", -1), len(shape) + 1)
    depth = (operation.known(1) or (UNKNOWN,))[0]
    return [((*shape[:axis], depth, *shape[axis:]), values.dtype if values is not None else "float32")]


def _sampled(operation: Operation) -> list[Output]:
    return [((*ranked(operation)[:2], *ranked(operation, 1)[1:-1]), _dtype(operation))]


def _regions(operation: Operation) -> list[Output]:
    attributes = operation.attributes
    sizes = attributes.numbers("pooled_shape") or [
        attributes.number("output_height", 1), attributes.number("output_width", 1),
    ]  # fmt: skip
    return [((ranked(operation, 1)[0], ranked(operation)[1], *sizes), _dtype(operation))]


def _scattered(operation: Operation) -> list[Output]:
    return [(operation.shape(), _dtype(operation))]


def _random(operation: Operation) -> list[Output]:
    given = operation.attributes.numbers("shape")
    return [(operation.shape() if given is None else tuple(given), "float32")]


UNARY = (
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Celu", "Ceil", "Clip", "Cos", "Cosh",
    "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "Hardmax", "Identity", "LRN", "LeakyRelu", "Log",
    "LogSoftmax", "LpNormalization", "MeanVarianceNormalization", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round",
    "Scale", "ScaledTanh", "ParametricSoftplus", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softmax",
    "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu", "CumSum", "Trilu", "ReverseSequence",
    "EyeLike", "InstanceNormalization", "GroupNormalization", "RMSNormalization", "Bernoulli", "RandomNormalLike",
    "RandomUniformLike", "Affine", "ImageScaler",
)  # fmt: skip
"""Operations whose output is as large as their first input."""
BINARY = (
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "Mean", "Sum", "PRelu", "And", "Or", "Xor", "BitShift",
    "BitwiseAnd", "BitwiseOr", "BitwiseXor",
)  # fmt: skip
COMPARING = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
REDUCING = (
    "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
    "ReduceLogSumExp", "ReduceSumSquare",
)  # fmt: skip

_STANDARD: dict[str, Inference] = {
    **dict.fromkeys(UNARY, _same), **dict.fromkeys(BINARY, _broadcast), **dict.fromkeys(COMPARING, _compared),
    **dict.fromkeys(REDUCING, _reduce), **dict.fromkeys(("Conv", "ConvInteger", "QLinearConv"), _convolution),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), _pooling),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), _global),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent), **dict.fromkeys(("ArgMax", "ArgMin"), _arg),
    **dict.fromkeys(("Resize", "Upsample"), _resize), **dict.fromkeys(("IsInf", "IsNaN"), _to("bool")),
    **dict.fromkeys(("Scatter", "ScatterElements", "ScatterND", "TensorScatter"), _scattered),
    **dict.fromkeys(("RandomNormal", "RandomUniform"), _random),
    **dict.fromkeys(("MaxRoiPool", "RoiAlign"), _regions),
    "ConvTranspose": _transposed, "MatMul": _matmul(0, 1), "MatMulInteger": _matmul(0, 1),
    "QLinearMatMul": _matmul(0, 3), "Gemm": _gemm(0, 1), "Einsum": _einsum, "Dropout": _dropout, "Where": _where,
    "Cast": _cast, "CastLike": _like, "QuantizeLinear": _quantized, "DequantizeLinear": _dequantized,
    "DynamicQuantizeLinear": _dynamically, "LayerNormalization": _normalized, "BatchNormalization": _batch_norm,
    "Reshape": _reshape, "Flatten": _flatten, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Transpose": _transpose,
    "Concat": _concat, "Split": _split, "Slice": _slice, "Gather": _gather, "GatherElements": _of_indices,
    "GatherND": _gather_nd, "Expand": _expand, "Tile": _tile, "Pad": _pad, "TopK": _top, "DepthToSpace": _to_space,
    "SpaceToDepth": _to_depth, "Shape": _shape, "Size": lambda _: [((), "int64")], "Range": _range,
    "ConstantOfShape": _filled, "OneHot": _one_hot, "GridSample": _sampled,
    "NonZero": lambda operation: [((len(ranked(operation)), UNKNOWN), "int64")],
    "NonMaxSuppression": lambda _: [((UNKNOWN, 3), "int64")],
}  # fmt: skip

_RUNTIME: dict[str, Inference] = {
    **dict.fromkeys(("QLinearAdd", "QLinearMul"), _qlinear(0, 3)),
    **dict.fromkeys(("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"), _qlinear(0)),
    **dict.fromkeys(("QLinearAveragePool", "NhwcMaxPool"), _pooling), "QLinearGlobalAveragePool": _global,
    **dict.fromkeys(("FusedConv", "QLinearConv", "NhwcConv"), _convolution), "QLinearConcat": _concat,
    **dict.fromkeys(("FusedMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"), _matmul(0, 1)),
    "FusedGemm": _gemm(0, 1), "QGemm": _gemm(0, 3), "QuantizeLinear": _quantized, "DequantizeLinear": _dequantized,
    **dict.fromkeys(("Gelu", "FastGelu", "BiasGelu", "QuickGelu", "BiasSoftmax"), _same),
    **dict.fromkeys(("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"), _same),
    **dict.fromkeys(("LayerNormalization", "SimplifiedLayerNormalization"), _normalized),
    "MatMulNBits": lambda operation: [((*ranked(operation)[:-1], operation.attributes.number("N")), _dtype(operation))],
}  # fmt: skip

INFERENCES: dict[tuple[str, str], Inference] = {
    **{("", kind): infer for kind, infer in _STANDARD.items()},
    **{("com.microsoft", kind): infer for kind, infer in _RUNTIME.items()},
    ("", "SimplifiedLayerNormalization"): _normalized,
}
"""By domain and type. onnxruntime's own operations: github.com/microsoft/onnxruntime, docs/ContribOperators.md."""
