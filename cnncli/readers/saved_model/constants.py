"""The shapes of what TensorFlow's operations compute of constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph import Shape
from cnncli.readers.saved_model.frame import Call, FileShape


def constant_shape(call: Call, values: tuple[Any, ...] | None) -> FileShape:
    """The shape of what is computed of constants, by what is known of them."""
    shapes = [value.shape for value in call.inputs]
    if call.operation == "Fill":
        return call.inputs[0].values
    if call.operation == "StridedSlice":
        return strided_shape(call)
    moved = _MOVED.get(call.operation)
    if moved is not None and shapes[0] is not None and call.inputs[1].values is not None:
        with suppress(IndexError):  # of axes that there are not
            return moved(shapes[0], call.inputs[1].values)
    if call.operation in _ALIKE:
        return shapes[0]
    if len(shapes) == 2 and call.operation in _BINARY and None not in shapes:
        return max((each for each in shapes if each is not None), key=lambda each: (len(each), _cells(each)))
    return None if values is None or call.operation in ("Squeeze", *_MOVED) else (len(values),)


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


_ALIKE = frozenset(
    {"Abs", "Cast", "Ceil", "Cos", "Elu", "Erf", "Exp", "Expm1", "Floor", "Inv", "Invert", "LeakyRelu", "Log", "Log1p",
     "LogSoftmax", "LogicalNot", "Neg", "OnesLike", "Reciprocal", "Relu", "Relu6", "Rint", "Round", "Rsqrt", "Selu",
     "Sigmoid", "Sign", "Sin", "Softmax", "Softplus", "Softsign", "Sqrt", "Square", "Tan", "Tanh", "ZerosLike",
     "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel", "ReverseV2"}
)  # fmt: skip
"""Operations whose output is as large as their first input."""

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


def strided_shape(call: Call) -> FileShape:
    """StridedSlice's masks: bit i of each is about the i-th entry of begin, end and strides."""
    source, node = call.inputs[0], call.node
    begin, end, strides = (value.values for value in call.inputs[1:4])
    if source.shape is None or begin is None or end is None or strides is None:
        return None
    ellipsis, new, shrink = (node.whole(f"{name}_mask") for name in ("ellipsis", "new_axis", "shrink_axis"))
    taken = sum(1 for place in range(len(begin)) if not (ellipsis | new) >> place & 1)
    found: list[int] = []
    axis = 0
    for place in range(len(begin)):
        if ellipsis >> place & 1:
            count = source.rank - taken
            found.extend(source.shape[axis : axis + count])
            axis += count
        elif new >> place & 1:
            found.append(1)
        elif axis >= source.rank:
            return None
        else:
            if not shrink >> place & 1:
                found.append(_length(call, source.shape[axis], place, (begin[place], end[place], strides[place])))
            axis += 1
    return (*found, *source.shape[axis:])


def _length(call: Call, size: int, place: int, part: tuple[Any, Any, Any]) -> int:
    """How many of an axis's cells a part takes."""
    begin, end, step = part
    first = None if call.node.whole("begin_mask") >> place & 1 else begin
    last = None if call.node.whole("end_mask") >> place & 1 else end
    if first in (None, 0) and last is None and step == 1:
        return size
    if UNKNOWN in (size, first, last, step) or not step:
        return int(last) if first in (None, 0) and step == 1 and isinstance(last, int) and last > 0 else UNKNOWN
    return len(range(*slice(first, last, step).indices(size)))
