"""The shapes of what TFLite's operations put out, and the values of what they compute of shapes.

A file's stored shapes are right only where no size is open: an unknown size is stored as 1. Else they follow from the
inputs' by the rules here, which are those of the kernels (tensorflow/lite/kernels).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph.layer import Shape
from cnncli.graph.layers import Elementwise
from cnncli.graph.layers.merging import broadcast
from cnncli.readers.tflite.file import MOST_RANK, MOST_VALUES, FileTensor, Operation
from cnncli.readers.tflite.layers import WINDOWED, shape_of

Shapes = list[Shape | None]

MOST_SIZE = 2**48
"""Of an axis: more than any memory holds."""


def shapes(operation: Operation) -> Shapes | None:
    """The shapes of the outputs; None for an operation without a rule, or of which something is unknown.

    Raises LayerError where the inputs do not fit.
    """
    rule = RULES.get(operation.name)
    if rule is None or operation.custom or not operation.outputs:
        return None
    first = operation.input(0)
    if first is not None and first.shape is None:
        return None
    found = rule(operation)
    if found is None or len(found) != len(operation.outputs):
        return None
    for shape in found:
        if shape is not None and (len(shape) > MOST_RANK or any(size < 0 or size > MOST_SIZE for size in shape)):
            raise LayerError(f"{operation.name}: puts out {shape}, which is no tensor's shape")
    return found


def open_shape(rank: int) -> Shape:
    return (UNKNOWN,) * rank


# Rules, each of an operation.


def _same(operation: Operation) -> Shapes:
    return [shape_of(operation, 0)] * len(operation.outputs)


def _broadcast(operation: Operation) -> Shapes | None:
    if any(tensor is None or tensor.shape is None for tensor in operation.inputs):
        return None
    inputs = [shape_of(operation, number) for number in range(len(operation.inputs))]
    return [broadcast(Elementwise(operation.name), tuple(inputs))]


def _windowed(operation: Operation) -> Shapes:
    maker, number = WINDOWED[operation.name]
    batch, *size = shape_of(operation, number, 4)
    return [(batch, *maker(operation).output_shape(tuple(size)))]


def _fully_connected(operation: Operation) -> Shapes:
    units, inputs = shape_of(operation, 1, 2)
    shape = shape_of(operation, 0)
    if operation.option(2, "?", False) and shape:  # keep_num_dims
        if shape[-1] is not UNKNOWN and shape[-1] != inputs:
            raise LayerError(f"{operation.name}: takes {inputs} features, is given shape {shape}")
        return [(*shape[:-1], units)]
    cells = prod(shape)
    if cells is not UNKNOWN and (not inputs or cells % inputs):
        raise LayerError(f"{operation.name}: takes {inputs} features, is given {cells} cells of shape {shape}")
    return [(cells // inputs if cells is not UNKNOWN else UNKNOWN, units)]


def _batch_matmul(operation: Operation) -> Shapes | None:
    second = operation.input(1)
    if second is None or second.shape is None:
        return None
    left, right = list(shape_of(operation, 0)), list(second.shape)
    if min(len(left), len(right)) < 2:
        return None
    if operation.option(0, "?", False):  # adj_x
        left[-2:] = left[:-3:-1]
    if operation.option(1, "?", False):  # adj_y
        right[-2:] = right[:-3:-1]
    if left[-1] is not UNKNOWN and right[-2] is not UNKNOWN and left[-1] != right[-2]:
        raise LayerError(f"{operation.name}: inputs of shapes {tuple(left)} and {tuple(right)} do not fit")
    outer = broadcast(Elementwise(operation.name), (tuple(left[:-2]), tuple(right[:-2])))
    return [(*outer, left[-2], right[-1])]


def _target(operation: Operation) -> Shape | None:
    """The shape that a RESHAPE is told: by a second input, else by its options."""
    wanted = operation.input(1)
    return operation.options_list(0) if wanted is None else _shape_within(wanted)


def _shape_within(told: FileTensor | None) -> Shape | None:
    """The shape that a tensor's values are; of values that are not known, one of as many unknown sizes."""
    if told is None or told.values is not None:
        return None if told is None else told.values
    rank = told.shape[0] if told.shape else UNKNOWN
    return open_shape(rank) if rank is not UNKNOWN and rank <= MOST_RANK else None


def _reshape(operation: Operation) -> Shapes | None:
    target = _target(operation)
    return None if target is None else [reshaped(operation.name, shape_of(operation, 0), target)]


def reshaped(name: str, shape: Shape, target: Sequence[int]) -> Shape:
    """The target with its -1, or its only unknown size, as what remains. Raises LayerError where it does not fit."""
    cells = prod(shape)
    free = [place for place, size in enumerate(target) if size is UNKNOWN or size == -1]
    known = prod(size for size in target if size is not UNKNOWN and size != -1)
    if not free and cells is not UNKNOWN and cells != known:
        raise LayerError(f"{name}: shape {tuple(target)} does not hold the {cells:,} cells of {shape}")
    if len(free) != 1 or cells is UNKNOWN:
        return tuple(UNKNOWN if place in free else size for place, size in enumerate(target))
    if not known or cells % known:
        raise LayerError(f"{name}: shape {tuple(target)} does not hold the {cells:,} cells of {shape}")
    return tuple(cells // known if place in free else size for place, size in enumerate(target))


def _squeeze(operation: Operation) -> Shapes:
    shape = shape_of(operation, 0)
    axes = {axis % max(len(shape), 1) for axis in operation.options_list(0)}
    chosen = axes or {axis for axis, size in enumerate(shape) if size == 1}
    return [tuple(size for axis, size in enumerate(shape) if axis not in chosen)]


def _expand_dims(operation: Operation) -> Shapes | None:
    axes = operation.values(1)
    if not axes:
        return None
    shape = list(shape_of(operation, 0))
    shape.insert(axes[0] + (len(shape) + 1 if axes[0] < 0 else 0), 1)
    return [tuple(shape)]


def _transpose(operation: Operation) -> Shapes | None:
    order, shape = operation.values(1), shape_of(operation, 0)
    if order is None:
        return [open_shape(len(shape))]
    if sorted(order) != list(range(len(shape))):
        raise LayerError(f"{operation.name}: order {order} is none of the axes of {shape}")
    return [tuple(shape[axis] for axis in order)]


def _axis(axis: int, rank: int) -> int:
    """An axis counted from the front. Raises LayerError where there is none such."""
    if not -rank <= axis < rank:
        raise LayerError(f"axis {axis} is none of {rank}")
    return axis % rank


def _concatenation(operation: Operation) -> Shapes | None:
    if any(tensor is None or tensor.shape is None for tensor in operation.inputs):
        return None
    parts = [shape_of(operation, number) for number in range(len(operation.inputs))]
    axis = _axis(operation.option(0), len(parts[0]))
    if any(len(part) != len(parts[0]) for part in parts):
        raise LayerError(f"{operation.name}: inputs of shapes {', '.join(map(str, parts))}")
    joined = broadcast(Elementwise(operation.name), tuple((*part[:axis], *part[axis + 1 :]) for part in parts))
    return [(*joined[:axis], sum(part[axis] for part in parts), *joined[axis:])]


def _with(shape: Shape, axis: int, size: Any) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _split(operation: Operation) -> Shapes | None:
    axes, shape = operation.values(0), shape_of(operation, 1)
    count = len(operation.outputs)
    if not axes:
        return [open_shape(len(shape))] * count
    axis = _axis(axes[0], len(shape))
    return [_with(shape, axis, shape[axis] // count)] * count


def _split_v(operation: Operation) -> Shapes | None:
    shape, sizes, axes = shape_of(operation, 0), operation.values(1), operation.values(2)
    if not axes or sizes is None:
        return [open_shape(len(shape))] * len(operation.outputs)
    axis = _axis(axes[0], len(shape))
    rest = shape[axis] - sum(size for size in sizes if size != -1)
    return [_with(shape, axis, rest if size == -1 else size) for size in sizes]


def _pack(operation: Operation) -> Shapes:
    shape = list(shape_of(operation, 0))
    axis = operation.option(1)
    shape.insert(axis + (len(shape) + 1 if axis < 0 else 0), len(operation.inputs))
    return [tuple(shape)]


def _unpack(operation: Operation) -> Shapes:
    shape = shape_of(operation, 0)
    axis = _axis(operation.option(1), len(shape))
    return [(*shape[:axis], *shape[axis + 1 :])] * len(operation.outputs)


def _slice(operation: Operation) -> Shapes:
    shape, begin, size = shape_of(operation, 0), operation.values(1), operation.values(2)
    if begin is None or size is None or not len(shape) == len(begin) == len(size):
        return [open_shape(len(shape))]
    return [
        tuple(cells - first if count == -1 else count for cells, first, count in zip(shape, begin, size, strict=True))
    ]


Steps = list[Any]


def steps(operation: Operation) -> Steps | None:
    """What a STRIDED_SLICE takes along each axis: a range, a single place, None for a new axis, or UNKNOWN."""
    shape = shape_of(operation, 0)
    begin, end, strides = (operation.values(number) for number in (1, 2, 3))
    if begin is None or end is None or strides is None or not len(begin) == len(end) == len(strides):
        return None
    masks = [operation.option(field) for field in range(5)]  # begin, end, ellipsis, new axis, shrink axis
    found: Steps = []
    axis, left = 0, len(begin)
    for place in range(len(begin)):
        left -= 1
        bit = 1 << place
        if masks[2] & bit:
            news = bin(masks[3] >> (place + 1)).count("1")
            whole = max(len(shape) - axis - (left - news), 0)
            found += [_taken(size, None, None, 1) for size in shape[axis : axis + whole]]
            axis += whole
        elif masks[3] & bit:
            found.append(None)
        else:
            if axis >= len(shape):
                return None
            first = None if masks[0] & bit else begin[place]
            last = None if masks[1] & bit else end[place]
            found.append(
                _single(shape[axis], begin[place])
                if masks[4] & bit
                else _taken(shape[axis], first, last, strides[place])
            )
            axis += 1
    return [*found, *(_taken(size, None, None, 1) for size in shape[axis:])]


def _taken(size: Any, first: Any, last: Any, stride: Any) -> Any:
    if size is UNKNOWN or UNKNOWN in (first, last, stride) or stride == 0:
        return UNKNOWN
    return range(*slice(first, last, stride).indices(size))


def _single(size: Any, place: Any) -> Any:
    if place is UNKNOWN:
        return 0
    return place + size if place < 0 and size is not UNKNOWN else place


def _strided_slice(operation: Operation) -> Shapes | None:
    found = steps(operation)
    if found is None:
        begin, masks = operation.input(1), [operation.option(field) for field in (2, 3, 4)]
        plain = begin is not None and not any(masks)
        return [open_shape(len(shape_of(operation, 0)))] if plain else None
    kept = [step for step in found if not isinstance(step, int)]
    return [tuple(UNKNOWN if step is UNKNOWN else 1 if step is None else len(step) for step in kept)]


def _gather(operation: Operation) -> Shapes | None:
    indices = operation.input(1)
    if indices is None or indices.shape is None:
        return None
    shape, batch = shape_of(operation, 0), operation.option(1)
    axis = _axis(operation.option(0), len(shape))
    return [(*shape[:axis], *indices.shape[max(batch, 0) :], *shape[axis + 1 :])]


def _gather_nd(operation: Operation) -> Shapes | None:
    indices = operation.input(1)
    if indices is None or not indices.shape or indices.shape[-1] is UNKNOWN:
        return None
    return [(*indices.shape[:-1], *shape_of(operation, 0)[indices.shape[-1] :])]


def _lookup(operation: Operation) -> Shapes:
    return [(*shape_of(operation, 0), *shape_of(operation, 1)[1:])]


def _tile(operation: Operation) -> Shapes:
    shape, times = shape_of(operation, 0), operation.values(1)
    if times is None or len(times) != len(shape):
        return [open_shape(len(shape))]
    return [tuple(size * count for size, count in zip(shape, times, strict=True))]


def pairs(values: Sequence[Any] | None, count: int) -> list[tuple[Any, Any]] | None:
    """What is before and behind along each axis; None where it is not known."""
    if values is None or len(values) != 2 * count:
        return None
    return list(zip(values[::2], values[1::2], strict=True))


def _pad(operation: Operation) -> Shapes:
    shape = shape_of(operation, 0)
    sides = pairs(operation.values(1), len(shape))
    if sides is None:
        return [open_shape(len(shape))]
    return [tuple(size + before + behind for size, (before, behind) in zip(shape, sides, strict=True))]


def _resize(operation: Operation) -> Shapes:
    batch, _, _, channels = shape_of(operation, 0, 4)
    height, width = operation.values(1) or (UNKNOWN, UNKNOWN)
    return [(batch, height, width, channels)]


def _depth_to_space(operation: Operation) -> Shapes:
    batch, height, width, channels = shape_of(operation, 0, 4)
    block = max(operation.option(0), 1)
    return [(batch, height * block, width * block, channels // block**2)]


def _space_to_depth(operation: Operation) -> Shapes:
    batch, height, width, channels = shape_of(operation, 0, 4)
    block = max(operation.option(0), 1)
    return [(batch, height // block, width // block, channels * block**2)]


def _space_to_batch(operation: Operation) -> Shapes:
    shape, blocks = shape_of(operation, 0), operation.values(1)
    sides = pairs(operation.values(2), len(blocks or ()))
    if not blocks or min(blocks) < 1 or len(blocks) >= len(shape):
        return [open_shape(len(shape))]
    batch, *size = shape
    for axis, block in enumerate(blocks):
        padded = size[axis] + sum(sides[axis]) if sides else UNKNOWN
        size[axis] = padded // block
    return [(batch * prod(blocks), *size)]


def _batch_to_space(operation: Operation) -> Shapes:
    shape, blocks = shape_of(operation, 0), operation.values(1)
    sides = pairs(operation.values(2), len(blocks or ()))
    if not blocks or min(blocks) < 1 or len(blocks) >= len(shape):
        return [open_shape(len(shape))]
    batch, *size = shape
    for axis, block in enumerate(blocks):
        size[axis] = size[axis] * block - sum(sides[axis]) if sides else UNKNOWN
    return [(batch // prod(blocks), *size)]


def _reduce(operation: Operation) -> Shapes | None:
    shape, axes = shape_of(operation, 0), operation.values(1)
    keeps = operation.option(0, "?", False)
    if axes is None:
        return [open_shape(len(shape))] if keeps else None
    chosen = {_axis(axis, len(shape)) for axis in axes}
    if keeps:
        return [tuple(1 if axis in chosen else size for axis, size in enumerate(shape))]
    return [tuple(size for axis, size in enumerate(shape) if axis not in chosen)]


def _arg(operation: Operation) -> Shapes | None:
    axes, shape = operation.values(1), shape_of(operation, 0)
    if not axes:
        return [open_shape(len(shape) - 1)]
    axis = _axis(axes[0], len(shape))
    return [(*shape[:axis], *shape[axis + 1 :])]


def _top(operation: Operation) -> Shapes:
    count = (operation.values(1) or (UNKNOWN,))[0]
    return [(*shape_of(operation, 0)[:-1], count)] * len(operation.outputs)


def _told(number: int) -> Callable[[Operation], Shapes | None]:
    """Of operations that one input tells the output's shape."""

    def rule(operation: Operation) -> Shapes | None:
        found = _shape_within(operation.input(number))
        return None if found is None else [found]

    return rule


def _shape(operation: Operation) -> Shapes:
    return [(len(shape_of(operation, 0)),)]


def _where(operation: Operation) -> Shapes:
    return [(UNKNOWN, len(shape_of(operation, 0)))]


def _one_hot(operation: Operation) -> Shapes:
    shape, depth = list(shape_of(operation, 0)), operation.values(1)
    axis = operation.option(0)
    shape.insert(axis + (len(shape) + 1 if axis < 0 else 0), depth[0] if depth else UNKNOWN)
    return [tuple(shape)]


def _range(operation: Operation) -> Shapes:
    found = _steps_of_range(operation)
    return [(UNKNOWN if found is None else len(found),)]


def _steps_of_range(operation: Operation) -> range | None:
    """From, to and by what a RANGE goes; None where these are not known."""
    told = [_given(operation, number)[:1] for number in range(3)]
    if any(not each or each[0] is UNKNOWN for each in told) or not told[2][0]:
        return None
    return range(told[0][0], told[1][0], told[2][0])


def _sequence(operation: Operation) -> Shapes:
    """Of a recurrent layer over a sequence: as its input, with the features of the recurrent kernel.

    Weights stand at 5 to 8 (an LSTM's recurrent ones, with a projection at 16) or at 2 (a plain one's).
    """
    lstm = operation.name.endswith("LSTM")
    number = (16 if operation.input(16) is not None else 6) if lstm else 1
    return [(*shape_of(operation, 0)[:-1], shape_of(operation, number)[0])]


def _svdf(operation: Operation) -> Shapes:
    return [(shape_of(operation, 0)[0], shape_of(operation, 1)[0] // max(operation.option(0), 1))]


def _each(names: str, rule: Callable[[Operation], Shapes | None]) -> dict[str, Callable[[Operation], Shapes | None]]:
    return dict.fromkeys(names.split(), rule)


RULES: dict[str, Callable[[Operation], Shapes | None]] = {
    **_each(
        "RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 LOGISTIC TANH HARD_SWISH ELU LEAKY_RELU PRELU GELU SOFTMAX LOG_SOFTMAX "
        "ABS CEIL COS EXP FLOOR LOG NEG ROUND RSQRT SIN SQRT SQUARE SIGN LOGICAL_NOT CAST QUANTIZE DEQUANTIZE "
        "FAKE_QUANT DENSIFY L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION CUMSUM REVERSE_V2 REVERSE_SEQUENCE "
        "ZEROS_LIKE DYNAMIC_UPDATE_SLICE BITCAST COMPLEX_ABS REAL IMAG",
        _same,
    ),
    **_each(
        "ADD SUB MUL DIV MAXIMUM MINIMUM POW SQUARED_DIFFERENCE FLOOR_DIV FLOOR_MOD ATAN2 LESS LESS_EQUAL GREATER "
        "GREATER_EQUAL EQUAL NOT_EQUAL LOGICAL_AND LOGICAL_OR ADD_N SELECT SELECT_V2 BITWISE_XOR RIGHT_SHIFT",
        _broadcast,
    ),
    **_each(" ".join(WINDOWED), _windowed),
    **_each("MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD REDUCE_ANY REDUCE_ALL", _reduce),
    **_each("PAD PADV2 MIRROR_PAD", _pad),
    **_each("RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR", _resize),
    **_each("ARG_MAX ARG_MIN", _arg),
    **_each("UNIDIRECTIONAL_SEQUENCE_LSTM UNIDIRECTIONAL_SEQUENCE_RNN", _sequence),
    "FULLY_CONNECTED": _fully_connected, "BATCH_MATMUL": _batch_matmul, "RESHAPE": _reshape, "SQUEEZE": _squeeze,
    "EXPAND_DIMS": _expand_dims, "TRANSPOSE": _transpose, "CONCATENATION": _concatenation, "SPLIT": _split,
    "SPLIT_V": _split_v, "PACK": _pack, "UNPACK": _unpack, "SLICE": _slice, "STRIDED_SLICE": _strided_slice,
    "GATHER": _gather, "GATHER_ND": _gather_nd, "EMBEDDING_LOOKUP": _lookup, "TILE": _tile,
    "DEPTH_TO_SPACE": _depth_to_space, "SPACE_TO_DEPTH": _space_to_depth, "SPACE_TO_BATCH_ND": _space_to_batch,
    "BATCH_TO_SPACE_ND": _batch_to_space, "TOPK_V2": _top, "SHAPE": _shape, "FILL": _told(0),
    "BROADCAST_TO": _told(1), "SCATTER_ND": _told(2), "WHERE": _where, "ONE_HOT": _one_hot, "RANGE": _range,
    "SVDF": _svdf, "RANK": lambda _: [()],
}  # fmt: skip


# Values of integers that are computed of shapes: what RESHAPE, PAD and their like are told.

Values = tuple[Any, ...]


def values(operation: Operation) -> list[Values] | None:
    """What an operation puts out, where all of it is integers that follow from shapes and constants; else None."""
    rule = VALUES.get(operation.name)
    if rule is None or operation.custom or not operation.outputs:
        return None
    if any(output.dtype not in ("int32", "int64") for output in operation.outputs):
        return None
    if operation.name != "SHAPE" and any(each is None or each.values is None for each in operation.inputs):
        return None
    found = rule(operation)
    if found is None or any(len(each) > MOST_VALUES for each in found) or len(found) != len(operation.outputs):
        return None
    return found


def _given(operation: Operation, number: int = 0) -> Values:
    return operation.values(number) or ()


def _unchanged(operation: Operation) -> list[Values]:
    return [_given(operation)]


def _shape_values(operation: Operation) -> list[Values] | None:
    source = operation.input(0)
    return None if source is None or source.shape is None else [source.shape]


def _sliced_values(operation: Operation) -> list[Values] | None:
    found = steps(operation)
    return None if found is None else _picked(_given(operation), shape_of(operation, 0), found)


def _slice_values(operation: Operation) -> list[Values] | None:
    begin, size, shape = _given(operation, 1), _given(operation, 2), shape_of(operation, 0)
    if not len(begin) == len(size) == len(shape):
        return None
    along = zip(shape, begin, size, strict=True)
    found: Steps = [_taken(cells, first, cells if count == -1 else first + count, 1) for cells, first, count in along]
    return _picked(_given(operation), shape, found)


def _picked(flat: Values, shape: Shape, taken: Steps) -> list[Values] | None:
    """The cells at the places that are taken along each axis."""
    places, stride = [0], prod(shape)
    if stride != len(flat) or UNKNOWN in taken:
        return None
    axes = iter(shape)
    for step in taken:
        if step is None:
            continue
        size = next(axes)
        stride //= size or 1
        along = [step] if isinstance(step, int) else list(step)
        places = [place + stride * each for place in places for each in along]
        if len(places) > MOST_VALUES or any(not 0 <= each < size for each in along):
            return None
    return [tuple(flat[place] for place in places)]


def _packed_values(operation: Operation) -> list[Values] | None:
    parts = [_given(operation, number) for number in range(len(operation.inputs))]
    if operation.option(1) != 0 and any(len(part) != 1 for part in parts):
        return None
    return [sum(parts, ())]


def _joined_values(operation: Operation) -> list[Values] | None:
    if _axis(operation.option(0), len(shape_of(operation, 0))):
        return None
    return [sum((_given(operation, number) for number in range(len(operation.inputs))), ())]


def _unpacked_values(operation: Operation) -> list[Values] | None:
    return [(each,) for each in _given(operation)] if len(shape_of(operation, 0)) == 1 else None


def _gathered_values(operation: Operation) -> list[Values] | None:
    flat, places = _given(operation), _given(operation, 1)
    if len(shape_of(operation, 0)) != 1 or any(not -len(flat) <= place < len(flat) for place in places):
        return None
    return [tuple(flat[place] for place in places)]


def _product_values(operation: Operation) -> list[Values] | None:
    flat = _given(operation)
    if len(shape_of(operation, 0)) != 1:
        return None
    return [(UNKNOWN if UNKNOWN in flat else _bounded(OF_ALL[operation.name](flat)),)] if flat else None


OF_ALL: dict[str, Callable[..., Any]] = {"REDUCE_PROD": prod, "SUM": sum, "REDUCE_MAX": max, "REDUCE_MIN": min}


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Operation], list[Values] | None]:
    def rule(operation: Operation) -> list[Values] | None:
        left, right = _given(operation), _given(operation, 1)
        size = max(len(left), len(right))
        if len(operation.inputs) != 2 or not left or not right or {len(left), len(right)} - {1, size}:
            return None
        left, right = left * (size // len(left)), right * (size // len(right))
        along = list(zip(left, right, strict=True))
        return [tuple(UNKNOWN if UNKNOWN in each else _bounded(compute(*each)) for each in along)]

    return rule


def _bounded(number: int) -> Any:
    """A number as long as it could be a size: powers of powers are none."""
    return number if abs(number) < 1 << 63 else UNKNOWN


def _quotient(left: int, right: int) -> Any:
    """DIV of integers goes towards zero."""
    return UNKNOWN if not right else abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


def _filled_values(operation: Operation) -> list[Values] | None:
    count = prod(_given(operation))
    return [_given(operation, 1) * count] if count is not UNKNOWN and 0 <= count <= MOST_VALUES else None


def _range_values(operation: Operation) -> list[Values] | None:
    found = _steps_of_range(operation)
    return [tuple(found)] if found is not None and len(found) <= MOST_VALUES else None


def _negative_values(operation: Operation) -> list[Values]:
    return [tuple(-each for each in _given(operation))]


VALUES: dict[str, Callable[[Operation], list[Values] | None]] = {
    **dict.fromkeys(("CAST", "SQUEEZE", "EXPAND_DIMS", "RESHAPE"), _unchanged),
    **dict.fromkeys(OF_ALL, _product_values),
    "SHAPE": _shape_values, "STRIDED_SLICE": _sliced_values, "SLICE": _slice_values, "PACK": _packed_values,
    "CONCATENATION": _joined_values, "UNPACK": _unpacked_values, "GATHER": _gathered_values,
    "FILL": _filled_values, "RANGE": _range_values, "NEG": _negative_values,
    "ADD": _arithmetic(lambda left, right: left + right),
    "SUB": _arithmetic(lambda left, right: left - right),
    "MUL": _arithmetic(lambda left, right: left * right),
    "MAXIMUM": _arithmetic(max),
    "MINIMUM": _arithmetic(min),
    "DIV": _arithmetic(_quotient),
    "FLOOR_DIV": _arithmetic(lambda left, right: left // right if right else UNKNOWN),
    "FLOOR_MOD": _arithmetic(lambda left, right: left % right if right else UNKNOWN),
}  # fmt: skip
"""By operation; CAST and its like keep them as they are."""
