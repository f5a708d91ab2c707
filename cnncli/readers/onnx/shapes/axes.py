"""Shapes of what goes along axes, or puts cells in another order."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.readers.onnx.model import Open, Operation
from cnncli.readers.onnx.shapes.basics import (
    MOST_AXES,
    Inference,
    Output,
    Sizes,
    axis_of,
    broadcast,
    dtype_of,
    ranked,
)
from cnncli.readers.onnx.values import sliced, slices


def _reshape(operation: Operation) -> list[Output]:
    """0 keeps a size (unless allowzero), -1 is what remains; opset 1 has the shape as an attribute."""
    shape, target = operation.shape(), operation.attributes.numbers("shape")
    if target is None:
        values = operation.known(1)
        if values is None:
            rank = (operation.shape(1) or (UNKNOWN,))[0]
            return [(None if rank is UNKNOWN else (UNKNOWN,) * min(rank, MOST_AXES), dtype_of(operation))]
        target = list(values)
    if not operation.attributes.number("allowzero"):
        target = [
            (shape or ())[axis] if size is not UNKNOWN and size == 0 else size for axis, size in enumerate(target)
        ]
    open_ = [axis for axis, size in enumerate(target) if size is UNKNOWN or size == -1]
    if len(open_) == 1 and shape is not None:
        target[open_[0]] = _remaining(shape, [size for axis, size in enumerate(target) if axis != open_[0]])
    return [(tuple(UNKNOWN if size is UNKNOWN or size < 0 else size for size in target), dtype_of(operation))]


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
    return [((prod(shape[:axis]), prod(shape[axis:])), dtype_of(operation))]


def _squeeze(operation: Operation) -> list[Output]:
    shape, axes = ranked(operation), operation.numbers("axes", 1)
    chosen = (
        {axis for axis, size in enumerate(shape) if size is not UNKNOWN and size == 1}
        if axes is None
        else {axis_of(axis, len(shape)) for axis in axes}
    )
    return [(tuple(size for axis, size in enumerate(shape) if axis not in chosen), dtype_of(operation))]


def _unsqueeze(operation: Operation) -> list[Output]:
    shape, axes = list(ranked(operation)), operation.numbers("axes", 1) or []
    rank = len(shape) + len(axes)
    for axis in sorted(axis_of(axis, rank) for axis in axes):
        shape.insert(axis, 1)
    return [(tuple(shape), dtype_of(operation))]


def order_of(operation: Operation, rank: int) -> list[int]:
    """Of a Transpose; all axes are reversed where it is not said."""
    order = operation.attributes.numbers("perm") or list(range(rank))[::-1]
    if sorted(order) != list(range(rank)):
        raise ValueError(f"perm={order} of a tensor of rank {rank}")
    return order


def _transpose(operation: Operation) -> list[Output]:
    shape = ranked(operation)
    return [(tuple(shape[axis] for axis in order_of(operation, len(shape))), dtype_of(operation))]


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
    return [(tuple(others), dtype_of(operation))]


def _split(operation: Operation) -> list[Output]:
    """Sizes as an attribute until opset 11, as an input since; equal parts, the last one smaller, where not given."""
    shape, count = ranked(operation), len(operation.outputs)
    axis = axis_of(operation.attributes.number("axis"), len(shape))
    parts = operation.numbers("split", 1)
    if not parts:
        each = -(-shape[axis] // count)
        parts = [each if place < count - 1 else shape[axis] - each * (count - 1) for place in range(count)]
    return [((*shape[:axis], part, *shape[axis + 1 :]), dtype_of(operation)) for part in parts]


def _slice(operation: Operation) -> list[Output]:
    shape = list(ranked(operation))
    try:
        found = slices(operation, len(shape))
    except Open:
        axes = operation.attributes.numbers("axes") or operation.known(3) or range(len(shape))
        return [
            (tuple(UNKNOWN if axis in axes else size for axis, size in enumerate(shape)), dtype_of(operation)),
        ]
    for axis, begin, end, step in found:
        size = shape[axis]
        if size is UNKNOWN:
            shape[axis] = _of_open(begin, end, step)
        else:
            shape[axis] = len(range(size)[sliced(size, begin, end, step)])
    return [(tuple(shape), dtype_of(operation))]


def _of_open(begin: int, end: int, step: int) -> Any:
    """What a Slice leaves of an open size: known only where both ends count from its end."""
    return max(-(-(end - begin) // step), 0) if begin < 0 and end < 0 and step > 0 else UNKNOWN


def _gather(operation: Operation) -> list[Output]:
    shape, indices = ranked(operation), ranked(operation, 1)
    axis = axis_of(operation.attributes.number("axis"), len(shape))
    return [((*shape[:axis], *indices, *shape[axis + 1 :]), dtype_of(operation))]


def _of_indices(operation: Operation) -> list[Output]:
    return [(operation.shape(1), dtype_of(operation))]


def _gather_nd(operation: Operation) -> list[Output]:
    shape, indices, batch = ranked(operation), ranked(operation, 1), operation.attributes.number("batch_dims")
    return [((*indices[:-1], *shape[batch + indices[-1] :]), dtype_of(operation))]


def _expand(operation: Operation) -> list[Output]:
    values = operation.known(1)
    target = tuple(values) if values is not None else (UNKNOWN,) * ranked(operation, 1)[0]
    return [(broadcast([operation.shape(), target]), dtype_of(operation))]


def _tile(operation: Operation) -> list[Output]:
    shape, times = ranked(operation), operation.known(1) or (UNKNOWN,) * MOST_AXES
    return [(tuple(size * each for size, each in zip(shape, times, strict=False)), dtype_of(operation))]


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
        return [((*shape[:1], *(UNKNOWN,) * (len(shape) - 1)), dtype_of(operation))]
    return [(tuple(size + sum(each) for size, each in zip(shape, pads, strict=True)), dtype_of(operation))]


def _cropped(operation: Operation) -> list[Output]:
    """CenterCropPad: the sizes that an input says, of some axes."""
    shape, sizes = list(ranked(operation)), operation.known(1)
    chosen = operation.attributes.numbers("axes") or range(len(shape))
    for place, axis in enumerate(axis_of(each, len(shape)) for each in chosen):
        shape[axis] = UNKNOWN if sizes is None else sizes[place]
    return [(tuple(shape), dtype_of(operation))]


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
    return [(without(shape, reduced_axes(operation, len(shape)), keep), dtype_of(operation))]


def _arg(operation: Operation) -> list[Output]:
    shape, keep = ranked(operation), bool(operation.attributes.number("keepdims", 1))
    return [(without(shape, [axis_of(operation.attributes.number("axis"), len(shape))], keep), "int64")]


def _determinant(operation: Operation) -> list[Output]:
    return [(ranked(operation)[:-2], dtype_of(operation))]


def _top(operation: Operation) -> list[Output]:
    shape = ranked(operation)
    axis = axis_of(operation.attributes.number("axis", -1), len(shape))
    given = operation.attributes.number("k") or (operation.known(1) or (UNKNOWN,))[0]
    out = (*shape[:axis], given, *shape[axis + 1 :])
    return [(out, dtype_of(operation)), (out, "int64")]


REDUCING = (
    "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
    "ReduceLogSumExp", "ReduceSumSquare",
)  # fmt: skip


STANDARD: dict[str, Inference] = {
    **dict.fromkeys(REDUCING, _reduce), **dict.fromkeys(("ArgMax", "ArgMin"), _arg), "TopK": _top,
    "Reshape": _reshape, "Flatten": _flatten, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Transpose": _transpose,
    "Concat": _concat, "Split": _split, "Slice": _slice, "Gather": _gather, "GatherElements": _of_indices,
    "GatherND": _gather_nd, "Expand": _expand, "Tile": _tile, "CenterCropPad": _cropped,
    "Det": _determinant, "Pad": _pad,
}  # fmt: skip
RUNTIME: dict[str, Inference] = {"QLinearConcat": _concat}
