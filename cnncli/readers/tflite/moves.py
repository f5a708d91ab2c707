"""The shapes of what TFLite's operations put out that move cells: into other shapes, apart, together, more around."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph.layer import Shape
from cnncli.graph.layers import Elementwise
from cnncli.graph.layers.merging import broadcast
from cnncli.readers.tflite.file import MOST_RANK, FileTensor, Operation
from cnncli.readers.tflite.layers import shape_of

Shapes = list[Shape | None]


def open_shape(rank: int) -> Shape:
    return (UNKNOWN,) * rank


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


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front. Raises LayerError where there is none such."""
    if not -rank <= axis < rank:
        raise LayerError(f"axis {axis} is none of {rank}")
    return axis % rank


def _concatenation(operation: Operation) -> Shapes | None:
    if any(tensor is None or tensor.shape is None for tensor in operation.inputs):
        return None
    parts = [shape_of(operation, number) for number in range(len(operation.inputs))]
    axis = axis_of(operation.option(0), len(parts[0]))
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
    axis = axis_of(axes[0], len(shape))
    return [_with(shape, axis, shape[axis] // count)] * count


def _split_v(operation: Operation) -> Shapes | None:
    shape, sizes, axes = shape_of(operation, 0), operation.values(1), operation.values(2)
    if not axes or sizes is None:
        return [open_shape(len(shape))] * len(operation.outputs)
    axis = axis_of(axes[0], len(shape))
    rest = shape[axis] - sum(size for size in sizes if size != -1)
    return [_with(shape, axis, rest if size == -1 else size) for size in sizes]


def _pack(operation: Operation) -> Shapes:
    shape = list(shape_of(operation, 0))
    axis = operation.option(1)
    shape.insert(axis + (len(shape) + 1 if axis < 0 else 0), len(operation.inputs))
    return [tuple(shape)]


def _unpack(operation: Operation) -> Shapes:
    shape = shape_of(operation, 0)
    axis = axis_of(operation.option(1), len(shape))
    return [(*shape[:axis], *shape[axis + 1 :])] * len(operation.outputs)


def _slice(operation: Operation) -> Shapes:
    shape, begin, size = shape_of(operation, 0), operation.values(1), operation.values(2)
    if begin is None or size is None or not len(shape) == len(begin) == len(size):
        return [open_shape(len(shape))]
    return [
        tuple(cells - first if count == -1 else count for cells, first, count in zip(shape, begin, size, strict=True))
    ]


def given(operation: Operation, number: int = 0) -> tuple[Any, ...]:
    """An input's values; none where they are not known."""
    return operation.values(number) or ()


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
            found += [taken(size, None, None, 1) for size in shape[axis : axis + whole]]
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
                else taken(shape[axis], first, last, strides[place])
            )
            axis += 1
    return [*found, *(taken(size, None, None, 1) for size in shape[axis:])]


def taken(size: Any, first: Any, last: Any, stride: Any) -> Any:
    if size is UNKNOWN or UNKNOWN in (first, last, stride) or stride == 0:
        return UNKNOWN
    return range(*slice(first, last, stride).indices(size))


def _single(size: Any, place: Any) -> Any:
    if place is UNKNOWN:
        return 0
    return place + size if place < 0 and size is not UNKNOWN else place


def steps_of_range(operation: Operation) -> range | None:
    """From, to and by what a RANGE goes; None where these are not known."""
    told = [given(operation, number)[:1] for number in range(3)]
    if any(not each or each[0] is UNKNOWN for each in told) or not told[2][0]:
        return None
    return range(told[0][0], told[1][0], told[2][0])


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
    axis = axis_of(operation.option(0), len(shape))
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


def _blocks(operation: Operation) -> tuple[Shape, Sequence[int], Any]:
    """The map, the block's size along its axes, () where it is not known, and the cells at the sides of each."""
    shape, blocks = shape_of(operation, 0), operation.values(1) or ()
    fits = 0 < len(blocks) < len(shape) and min(blocks) > 0
    return shape, blocks if fits else (), pairs(operation.values(2), len(blocks))


def _space_to_batch(operation: Operation) -> Shapes:
    shape, blocks, sides = _blocks(operation)
    if not blocks:
        return [open_shape(len(shape))]
    batch, *size = shape
    for axis, block in enumerate(blocks):
        padded = size[axis] + sum(sides[axis]) if sides else UNKNOWN
        size[axis] = padded // block
    return [(batch * prod(blocks), *size)]


def _batch_to_space(operation: Operation) -> Shapes:
    shape, blocks, sides = _blocks(operation)
    if not blocks:
        return [open_shape(len(shape))]
    batch, *size = shape
    for axis, block in enumerate(blocks):
        size[axis] = size[axis] * block - sum(sides[axis]) if sides else UNKNOWN
    return [(batch // prod(blocks), *size)]


def _told(number: int) -> Callable[[Operation], Shapes | None]:
    """Of operations that one input tells the output's shape."""

    def rule(operation: Operation) -> Shapes | None:
        found = _shape_within(operation.input(number))
        return None if found is None else [found]

    return rule


MOVES: dict[str, Callable[[Operation], Shapes | None]] = {
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), _pad),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resize),
    "RESHAPE": _reshape, "SQUEEZE": _squeeze, "EXPAND_DIMS": _expand_dims, "TRANSPOSE": _transpose,
    "CONCATENATION": _concatenation, "SPLIT": _split, "SPLIT_V": _split_v, "PACK": _pack, "UNPACK": _unpack,
    "SLICE": _slice, "STRIDED_SLICE": _strided_slice, "GATHER": _gather, "GATHER_ND": _gather_nd,
    "EMBEDDING_LOOKUP": _lookup, "TILE": _tile, "DEPTH_TO_SPACE": _depth_to_space,
    "SPACE_TO_DEPTH": _space_to_depth, "SPACE_TO_BATCH_ND": _space_to_batch, "BATCH_TO_SPACE_ND": _batch_to_space,
    "FILL": _told(0), "BROADCAST_TO": _told(1), "SCATTER_ND": _told(2),
}  # fmt: skip
