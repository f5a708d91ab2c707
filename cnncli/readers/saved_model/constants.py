"""The shapes of what TensorFlow's operations compute of constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph import Shape
from cnncli.readers.saved_model.frame import Call, FileShape


def constant_shape(call: Call, values: tuple[Any, ...] | None) -> FileShape:
    """The shape of what is computed of constants, by what is known of them."""
    shapes = [value.shape for value in call.inputs]
    moved = _MOVED.get(call.operation)
    if moved is not None and shapes[0] is not None and call.inputs[1].values is not None:
        return moved(shapes[0], call.inputs[1].values)
    if len(shapes) == 1 and call.operation not in ("Squeeze", "Pack"):
        return shapes[0]
    if len(shapes) == 2 and call.operation in _BINARY and None not in shapes:
        return max((each for each in shapes if each is not None), key=lambda each: (len(each), _cells(each)))
    return None if values is None or call.operation in ("Squeeze", "Fill") else (len(values),)


def reshaped(shape: Shape, target: Sequence[Any]) -> Shape:
    """The shape that a target means: -1 is what remains."""
    if -1 not in target:
        return tuple(target)
    cells, taken = prod(shape), prod([size for size in target if size != -1])
    rest = UNKNOWN if cells is UNKNOWN or taken is UNKNOWN or not taken else cells // taken
    return tuple(rest if size == -1 else size for size in target)


def expanded(shape: Shape, axis: Sequence[Any]) -> Shape:
    place = axis[0] + (len(shape) + 1 if axis[0] < 0 else 0)
    return (*shape[:place], 1, *shape[place:])


_MOVED: dict[str, Callable[[Shape, Sequence[Any]], Shape]] = {
    "Reshape": reshaped,
    "Transpose": lambda shape, order: tuple(shape[axis] for axis in order),
    "ExpandDims": expanded,
}


def _cells(shape: Shape) -> int:
    cells = prod(shape)
    return -1 if cells is UNKNOWN else cells


_BINARY = frozenset(
    {"Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "FloorDiv", "FloorMod", "Maximum", "Minimum", "Pow", "BiasAdd",
     "SquaredDifference", "Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "LogicalAnd",
     "LogicalOr", "DivNoNan"}
)  # fmt: skip
