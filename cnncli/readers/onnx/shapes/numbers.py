"""Shapes of what is made of numbers: sizes, ranges, indices, noise."""

from __future__ import annotations

from cnncli.amounts import UNKNOWN
from cnncli.readers.onnx.model import DTYPES, Operation
from cnncli.readers.onnx.shapes.basics import (
    MOST_AXES,
    Inference,
    Output,
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
    return [(operation.shape() if given is None else tuple(given), "float32")]


STANDARD: dict[str, Inference] = {
    "Shape": _shape, "Size": lambda _: [((), "int64")], "Range": _range, "ConstantOfShape": _filled, "OneHot": _one_hot,
    **dict.fromkeys(("RandomNormal", "RandomUniform"), _random),
    "NonZero": lambda operation: [((len(ranked(operation)), UNKNOWN), "int64")],
    "NonMaxSuppression": lambda _: [((UNKNOWN, 3), "int64")],
}  # fmt: skip
