"""Arithmetic on the small constants of an ONNX file: what it computes of shapes, so that other shapes are known.

Values are flat, in row-major order; an element that depends on an open size is UNKNOWN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.readers.onnx.model import DTYPES, MOST_VALUES, Open, Operation

Values = tuple[Any, ...]


def evaluated(operation: Operation) -> list[Values | None]:
    """The values of each output of an operation whose inputs are constants; None where they are not known."""
    found = EVALUATED.get(operation.kind)
    sizes = [prod(output.shape) if output.shape is not None else UNKNOWN for output in operation.outputs]
    nothing: list[Values | None] = [None] * len(sizes)
    if found is None or operation.domain or not all(size <= MOST_VALUES for size in sizes):
        return nothing
    try:
        return found(operation)
    except (Open, ArithmeticError, ValueError, TypeError, IndexError):
        return nothing


def _inputs(operation: Operation) -> list[Values]:
    """Raises Open where one is not known."""
    found = [value.known() for value in operation.inputs if value is not None]
    if any(each is None for each in found):
        raise Open
    return [each for each in found if each is not None]


def _shape(operation: Operation, number: int = 0) -> tuple[int, ...]:
    return operation.shape(number) or ()


def _bounded(value: Any) -> Any:
    """A number as 64 bits hold it: what is larger is no size of anything."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return UNKNOWN
    return value


def _cells(operation: Operation, compute: Callable[..., Any]) -> list[Values | None]:
    """Cell by cell; smaller inputs are broadcast."""
    output = operation.outputs[0].shape or ()
    inputs = [
        taken(values, _shape(operation, number), _repeated(_shape(operation, number), output))
        for number, values in enumerate(_inputs(operation))
    ]
    return [tuple(_bounded(_computed(compute, cells)) for cells in zip(*inputs, strict=True))]


def _computed(compute: Callable[..., Any], cells: Sequence[Any]) -> Any:
    if any(cell is UNKNOWN for cell in cells):
        return UNKNOWN
    try:
        return compute(*cells)
    except (ArithmeticError, ValueError):
        return UNKNOWN


def taken(values: Values, shape: Sequence[int], places: Sequence[Sequence[int]]) -> Values:
    """The values at all combinations of places along the axes; along further axes in front they are repeated."""
    further = len(places) - len(shape)
    strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    steps = [[place * stride for place in along] for along, stride in zip(places[further:], strides, strict=True)]
    return tuple(values[sum(each)] for each in product(*steps)) * prod(map(len, places[:further]))


def _repeated(shape: Sequence[int], output: Sequence[int]) -> list[list[int]]:
    """Places along each axis of a larger shape that a smaller one is broadcast to."""
    lead = len(output) - len(shape)
    return [
        [0] * size if axis < lead or shape[axis - lead] == 1 else list(range(size)) for axis, size in enumerate(output)
    ]


def _same(operation: Operation) -> list[Values | None]:
    """Reshape, Squeeze and their like: the same values in another shape."""
    return [operation.known(0)]


def _cast(operation: Operation) -> list[Values | None]:
    dtype = DTYPES.get(operation.attributes.number("to"), "float32")
    (values,) = _inputs(operation)[:1]
    convert: Callable[[Any], Any] = float if "float" in dtype else bool if dtype == "bool" else int
    return [tuple(UNKNOWN if each is UNKNOWN else convert(each) for each in values)]


def _range_of(shape: tuple[int, ...], operation: Operation) -> tuple[int, int]:
    """From which axis to which Shape tells sizes (opset 15)."""
    rank = len(shape)
    start, end = operation.attributes.number("start"), operation.attributes.number("end", rank)
    return max(start + rank if start < 0 else start, 0), end + rank if end < 0 else end


def shape_of(operation: Operation) -> list[Values | None]:
    """Shape: sizes of any tensor, constant or not."""
    shape = operation.shape()
    if shape is None:
        return [None]
    start, end = _range_of(shape, operation)
    return [shape[start:end]]


def size_of(operation: Operation) -> list[Values | None]:
    shape = operation.shape()
    return [None if shape is None else (prod(shape),)]


def _axis(operation: Operation, rank: int, default: int = 0) -> int:
    axis = operation.attributes.number("axis", default)
    return axis + rank if axis < 0 else axis


def _gather(operation: Operation) -> list[Values | None]:
    data, indices = _inputs(operation)
    shape = _shape(operation)
    axis = _axis(operation, len(shape))
    if any(index is UNKNOWN for index in indices):
        raise Open
    along = [index + shape[axis] if index < 0 else index for index in indices]
    return [taken(data, shape, [*map(range, shape[:axis]), along, *map(range, shape[axis + 1 :])])]


def _slice(operation: Operation) -> list[Values | None]:
    shape = _shape(operation)
    values = operation.known(0)
    if values is None:
        raise Open
    places = [list(range(size)) for size in shape]
    for axis, begin, end, step in slices(operation, len(shape)):
        places[axis] = places[axis][sliced(shape[axis], begin, end, step)]
    return [taken(values, shape, places)]


def slices(operation: Operation, rank: int) -> list[tuple[int, int, int, int]]:
    """Axis, start, end and step of each axis that a Slice cuts: attributes until opset 9, inputs since. Raises Open."""
    starts, ends = operation.numbers("starts", 1), operation.numbers("ends", 2)
    axes, steps = operation.numbers("axes", 3), operation.numbers("", 4)
    if starts is None or ends is None:
        raise Open
    chosen = range(len(starts)) if axes is None else [axis + rank if axis < 0 else axis for axis in axes]
    return list(zip(chosen, starts, ends, steps or [1] * len(starts), strict=False))


def sliced(size: int, begin: int, end: int, step: int) -> slice:
    """Python's slice of an ONNX one: ends beyond the axis are cut, and a negative step may run past the first cell."""
    begin, end = (place + size if place < 0 else place for place in (begin, end))
    if step < 0:
        return slice(min(max(begin, 0), size - 1), None if end < 0 else min(end, size), step)
    return slice(min(max(begin, 0), size), min(max(end, 0), size), step)


def _concat(operation: Operation) -> list[Values | None]:
    shapes = [value.shape or () for value in operation.inputs if value is not None]
    axis = _axis(operation, len(shapes[0]))
    outer = prod(shapes[0][:axis])
    found: list[Any] = []
    parts = [(values, prod(shape[axis:])) for values, shape in zip(_inputs(operation), shapes, strict=True)]
    for row in range(outer):
        for values, width in parts:
            found += values[row * width : (row + 1) * width]
    return [tuple(found)]


def _split(operation: Operation) -> list[Values | None]:
    values, shape = operation.known(0), _shape(operation)
    if values is None:
        raise Open
    axis, start, found = _axis(operation, len(shape)), 0, list[Values | None]()
    for output in operation.outputs:
        size = (output.shape or ())[axis]
        places = [*map(range, shape[:axis]), range(start, start + size), *map(range, shape[axis + 1 :])]
        found.append(taken(values, shape, places))
        start += size
    return found


def _transpose(operation: Operation) -> list[Values | None]:
    values, shape = operation.known(0), _shape(operation)
    order = operation.attributes.numbers("perm") or list(range(len(shape)))[::-1]
    if values is None:
        raise Open
    strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    steps = [[place * strides[axis] for place in range(shape[axis])] for axis in order]
    return [tuple(values[sum(each)] for each in product(*steps))]


def _expand(operation: Operation) -> list[Values | None]:
    values, shape, output = operation.known(0), _shape(operation), operation.outputs[0].shape or ()
    if values is None:
        raise Open
    return [taken(values, shape, _repeated(shape, output))]


def _tile(operation: Operation) -> list[Values | None]:
    values, shape, times = operation.known(0), _shape(operation), operation.numbers("", 1)
    if values is None or times is None:
        raise Open
    return [taken(values, shape, [list(range(size)) * each for size, each in zip(shape, times, strict=True)])]


def _range(operation: Operation) -> list[Values | None]:
    start, _, delta = (values[0] for values in _inputs(operation))
    size = (operation.outputs[0].shape or (0,))[0]
    return [tuple(start + place * delta for place in range(size))]


def _reduced(combine: Callable[[list[Any]], Any]) -> Callable[[Operation], list[Values | None]]:
    def evaluate(operation: Operation) -> list[Values | None]:
        values, shape = operation.known(0), _shape(operation)
        if values is None:
            raise Open
        chosen = operation.numbers("axes", 1)
        axes = set(range(len(shape))) if not chosen else {axis % len(shape) for axis in chosen}
        kept = [range(size) if axis not in axes else range(1) for axis, size in enumerate(shape)]
        within = [range(size) if axis in axes else range(1) for axis, size in enumerate(shape)]
        strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
        places = [sum(map(int.__mul__, each, strides)) for each in product(*within)]
        starts = [sum(map(int.__mul__, each, strides)) for each in product(*kept)]
        return [tuple(_bounded(combine([values[start + place] for place in places])) for start in starts)]

    return evaluate


def _known_only(combine: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    return lambda values: UNKNOWN if any(each is UNKNOWN for each in values) else combine(values)


def _where(operation: Operation) -> list[Values | None]:
    return _cells(operation, lambda condition, one, other: one if condition else other)


def _divide(one: Any, other: Any) -> Any:
    """Whole numbers are divided as C does: towards zero."""
    if isinstance(one, int) and isinstance(other, int):
        whole = abs(one) // abs(other)
        return whole if (one < 0) == (other < 0) else -whole
    return one / other


def _power(base: Any, exponent: Any) -> Any:
    return UNKNOWN if abs(exponent) > 64 else base**exponent


_CELLS: dict[str, Callable[..., Any]] = {
    "Add": lambda one, other: one + other, "Sub": lambda one, other: one - other,
    "Mul": lambda one, other: one * other, "Div": _divide, "Pow": _power, "Mod": lambda one, other: one % other,
    "Max": max, "Min": min, "Sum": lambda *each: sum(each), "Neg": lambda one: -one, "Abs": abs, "Floor": math.floor,
    "Ceil": math.ceil, "Round": round, "Sqrt": math.sqrt, "Exp": math.exp, "Log": math.log,
    "Reciprocal": lambda one: 1 / one, "Not": lambda one: not one, "Sign": lambda one: (one > 0) - (one < 0),
    "Equal": lambda one, other: one == other, "Greater": lambda one, other: one > other,
    "GreaterOrEqual": lambda one, other: one >= other, "Less": lambda one, other: one < other,
    "LessOrEqual": lambda one, other: one <= other, "And": lambda one, other: bool(one and other),
    "Or": lambda one, other: bool(one or other), "Xor": lambda one, other: bool(one) != bool(other),
}  # fmt: skip

EVALUATED: dict[str, Callable[[Operation], list[Values | None]]] = {
    **dict.fromkeys(("Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Dropout"), _same),
    **{kind: lambda operation, compute=compute: _cells(operation, compute) for kind, compute in _CELLS.items()},  # type: ignore[misc]
    "Cast": _cast, "Gather": _gather, "Slice": _slice, "Concat": _concat, "Split": _split, "Transpose": _transpose,
    "Expand": _expand, "Tile": _tile, "Range": _range, "Where": _where, "Shape": shape_of, "Size": size_of,
    "ReduceProd": _reduced(_known_only(prod)), "ReduceSum": _reduced(_known_only(sum)),
    "ReduceMax": _reduced(_known_only(max)), "ReduceMin": _reduced(_known_only(min)),
}  # fmt: skip
