"""Shapes of what is made of numbers: sizes, ranges, indices, noise."""

from __future__ import annotations

from math import prod

from cnncli.amounts import UNKNOWN
from cnncli.readers.onnx.model import DTYPES, Operation
from cnncli.readers.onnx.shapes.basics import (
    MOST_AXES,
    Inference,
    Output,
    Sizes,
    axis_of,
    dtype_of,
    ranked,
)


def _shape(operation: Operation) -> list[Output]:
    rank = len(ranked(operation))
    start, end = operation.attributes.number("start"), operation.attributes.number("end", rank)
    return [((len(range(rank)[start:end]),), "int64")]


def _range(operation: Operation) -> list[Output]:
    ends = [operation.known(number) for number in range(3)]
    if any(each is None or each[0] is UNKNOWN for each in ends):
        return [((UNKNOWN,), dtype_of(operation))]
    start, limit, delta = (each[0] for each in ends if each is not None)
    return [((max(-int((start - limit) // delta), 0),), dtype_of(operation))]


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


def _random(operation: Operation) -> list[Output]:
    given = operation.attributes.numbers("shape")
    dtype = DTYPES.get(operation.attributes.number("dtype", 1), "float32")
    return [(operation.shape() if given is None else tuple(given), dtype)]


def _drawn(operation: Operation) -> list[Output]:
    """Multinomial: so many draws of each row."""
    dtype = DTYPES.get(operation.attributes.number("dtype", 6), "int32")
    return [((ranked(operation)[0], operation.attributes.number("sample_size", 1)), dtype)]


def _unique(operation: Operation) -> list[Output]:
    """The values that differ, as vector or along an axis; where each stands first, which it is, how often it occurs."""
    shape, attributes = ranked(operation), operation.attributes
    values: Sizes = (UNKNOWN,)
    cells = prod(shape)
    if "axis" in attributes:
        axis = axis_of(attributes.number("axis"), len(shape))
        values, cells = (*shape[:axis], UNKNOWN, *shape[axis + 1 :]), shape[axis]
    return [(values, dtype_of(operation)), ((UNKNOWN,), "int64"), ((cells,), "int64"), ((UNKNOWN,), "int64")]


def _compressed(operation: Operation) -> list[Output]:
    if "axis" not in operation.attributes:
        return [((UNKNOWN,), dtype_of(operation))]
    shape = ranked(operation)
    axis = axis_of(operation.attributes.number("axis"), len(shape))
    chosen = operation.known(1)
    size = UNKNOWN if chosen is None or UNKNOWN in chosen else sum(map(bool, chosen[: shape[axis]]))
    return [((*shape[:axis], size, *shape[axis + 1 :]), dtype_of(operation))]


def _number(dtype: str) -> Inference:
    return lambda _: [((), dtype)]


def _element(operation: Operation) -> list[Output]:
    return [(operation.shape(), dtype_of(operation))]


STANDARD: dict[str, Inference] = {
    "Shape": _shape, "Size": _number("int64"), "Range": _range, "ConstantOfShape": _filled, "OneHot": _one_hot,
    **dict.fromkeys(("RandomNormal", "RandomUniform"), _random),
    "Multinomial": _drawn, "Unique": _unique, "Compress": _compressed,
    "SequenceLength": _number("int64"), "OptionalHasElement": _number("bool"), "OptionalGetElement": _element,
    "NonZero": lambda operation: [((len(ranked(operation)), UNKNOWN), "int64")],
    "NonMaxSuppression": lambda _: [((UNKNOWN, 3), "int64")],
}  # fmt: skip
