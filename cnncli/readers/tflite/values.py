"""The values of what TFLite's operations compute of shapes: what RESHAPE, PAD and their like are told."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph.layer import Shape
from cnncli.readers.tflite.file import MOST_VALUES, Operation
from cnncli.readers.tflite.layers import shape_of
from cnncli.readers.tflite.moves import Steps, axis_of, given, steps, steps_of_range, taken

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


def _unchanged(operation: Operation) -> list[Values]:
    return [given(operation)]


def _shape_values(operation: Operation) -> list[Values] | None:
    source = operation.input(0)
    return None if source is None or source.shape is None else [source.shape]


def _sliced_values(operation: Operation) -> list[Values] | None:
    found = steps(operation)
    return None if found is None else _picked(given(operation), shape_of(operation, 0), found)


def _slice_values(operation: Operation) -> list[Values] | None:
    begin, size, shape = given(operation, 1), given(operation, 2), shape_of(operation, 0)
    if not len(begin) == len(size) == len(shape):
        return None
    along = zip(shape, begin, size, strict=True)
    found: Steps = [taken(cells, first, cells if count == -1 else first + count, 1) for cells, first, count in along]
    return _picked(given(operation), shape, found)


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
    parts = [given(operation, number) for number in range(len(operation.inputs))]
    if operation.option(1) != 0 and any(len(part) != 1 for part in parts):
        return None
    return [sum(parts, ())]


def _joined_values(operation: Operation) -> list[Values] | None:
    if axis_of(operation.option(0), len(shape_of(operation, 0))):
        return None
    return [sum((given(operation, number) for number in range(len(operation.inputs))), ())]


def _unpacked_values(operation: Operation) -> list[Values] | None:
    return [(each,) for each in given(operation)] if len(shape_of(operation, 0)) == 1 else None


def _gathered_values(operation: Operation) -> list[Values] | None:
    flat, places = given(operation), given(operation, 1)
    if len(shape_of(operation, 0)) != 1 or any(not -len(flat) <= place < len(flat) for place in places):
        return None
    return [tuple(flat[place] for place in places)]


def _product_values(operation: Operation) -> list[Values] | None:
    flat = given(operation)
    if len(shape_of(operation, 0)) != 1:
        return None
    return [(UNKNOWN if UNKNOWN in flat else _bounded(OF_ALL[operation.name](flat)),)] if flat else None


OF_ALL: dict[str, Callable[..., Any]] = {"REDUCE_PROD": prod, "SUM": sum, "REDUCE_MAX": max, "REDUCE_MIN": min}


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Operation], list[Values] | None]:
    def rule(operation: Operation) -> list[Values] | None:
        left, right = given(operation), given(operation, 1)
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
    count = prod(given(operation))
    return [given(operation, 1) * count] if count is not UNKNOWN and 0 <= count <= MOST_VALUES else None


def _range_values(operation: Operation) -> list[Values] | None:
    found = steps_of_range(operation)
    return [tuple(found)] if found is not None and len(found) <= MOST_VALUES else None


def _negative_values(operation: Operation) -> list[Values]:
    return [tuple(-each for each in given(operation))]


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
