"""What TensorFlow's graphs compute of shapes: arithmetic of few numbers, done here to know what they come to."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from itertools import repeat
from math import ceil, floor, prod
from struct import unpack_from
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.readers.protobuf import Message
from cnncli.readers.saved_model.nodes import NodeDef, dtype, shape

Values = tuple[Any, ...]

MOST_VALUES = 256
"""Cells of a tensor whose values are looked up: shapes, axes, paddings have fewer."""

LARGEST = 1 << 63
"""No size is larger, nor can TensorFlow compute with one."""

_CODES = {
    "float32": "f", "float64": "d", "int32": "i", "uint8": "B", "int16": "h", "int8": "b", "int64": "q", "bool": "?",
    "uint16": "H", "uint32": "I", "uint64": "Q", "float16": "e",
}  # fmt: skip
_WHOLES = {"int32": 7, "int16": 7, "int8": 7, "uint8": 7, "uint16": 7, "int64": 10, "bool": 11, "uint32": 16}


def tensor_of(message: Message) -> tuple[tuple[int, ...] | None, str, Values | None]:
    """Shape, type and, of a small one, values of a TensorProto.

    The values are bytes (tensor_content, 4) or in a field for their type, where the last one is repeated; where there
    are none, zeros (Tensor::FromProto of tensorflow/core/framework/tensor.cc).
    """
    own, kind = shape(message.message(2)), dtype(message.number(1))
    cells = prod(own or ())
    if own is None or min(own, default=0) < 0 or cells > MOST_VALUES:
        return own, kind, None
    content = message.bytes(4)
    if content and kind in _CODES:
        code = _CODES[kind]
        return own, kind, tuple(unpack_from(f"<{cells}{code}", content))
    if kind not in _CODES:
        return own, kind, None
    given = _given(message, kind) or [0]
    return own, kind, (*given[:cells], *repeat(given[-1], cells - len(given)))


def _given(message: Message, kind: str) -> list[Any]:
    if kind == "float32":
        return list(message.reals(5))
    if kind == "float64":
        return [value for each in message.all(6) for value in unpack_from(f"<{len(each) // 8}d", each)]
    if kind == "float16":
        return [unpack_from("<e", (each & 0xFFFF).to_bytes(2, "little"))[0] for each in message.numbers(13)]
    return list(message.numbers(_WHOLES[kind])) if kind in _WHOLES else []


def _combined(function: Callable[[Any, Any], Any]) -> Callable[..., Values | None]:
    """Cell by cell; one of a single cell is repeated."""

    def apply(_: NodeDef, one: Values, other: Values) -> Values | None:
        if len(one) != len(other) and 1 not in (len(one), len(other)):
            return None
        length = max(len(one), len(other)) if one and other else 0
        left, right = (each * length if len(each) == 1 else each for each in (one, other))
        return tuple(map(function, left, right))

    return apply


def _mapped(function: Callable[[Any], Any]) -> Callable[..., Values | None]:
    return lambda _, values: tuple(value if value is UNKNOWN else function(value) for value in values)


def _cast(node: NodeDef, values: Values) -> Values:
    whole = not node.dtype("DstT").startswith(("float", "bfloat"))
    return tuple(value if value is UNKNOWN else int(value) if whole else float(value) for value in values)


def _same(_: NodeDef, values: Values, *__: Values) -> Values:
    return values


def _joined(_: NodeDef, *parts: Values) -> Values:
    return tuple(value for part in parts for value in part)


def _concatenated(_: NodeDef, *parts: Values) -> Values:
    return tuple(value for part in parts[:-1] for value in part)


def _gathered(_: NodeDef, values: Values, indices: Values, *__: Values) -> Values:
    return tuple(values[index] for index in indices)


def _reduced(function: Callable[[Values], Any]) -> Callable[..., Values | None]:
    return lambda _, values, *__: (function(values),)


def _range(_: NodeDef, start: Values, limit: Values, delta: Values) -> Values | None:
    if UNKNOWN in (start[0], limit[0], delta[0]) or not delta[0]:
        return None
    if not all(isinstance(each[0], int) for each in (start, limit, delta)):
        return None
    found = range(start[0], limit[0], delta[0])
    return tuple(found) if len(found) <= MOST_VALUES else None


def _filled(_: NodeDef, sizes: Values, value: Values) -> Values | None:
    cells = prod(sizes)
    return value * cells if cells is not UNKNOWN and 0 <= cells <= MOST_VALUES else None


def _sliced(_: NodeDef, values: Values, begin: Values, size: Values) -> Values | None:
    if len(begin) != 1:
        return None
    return values[begin[0] :] if size[0] == -1 else values[begin[0] : begin[0] + size[0]]


def strided(node: NodeDef, values: Values, begin: Values, end: Values, strides: Values) -> Values | None:
    """StridedSlice along one axis; where begin_mask or end_mask is set the part begins or ends at the end."""
    if len(begin) != 1 or UNKNOWN in (*begin, *end, *strides):
        return None
    first = None if node.whole("begin_mask") & 1 else begin[0]
    if node.whole("shrink_axis_mask") & 1:
        return (values[begin[0]],)
    return values[slice(first, None if node.whole("end_mask") & 1 else end[0], strides[0])]


def _divided(one: Any, other: Any) -> Any:
    return one / other if other else UNKNOWN


def _whole_divided(one: Any, other: Any) -> Any:
    return one // other if other else UNKNOWN


def _larger(one: Any, other: Any) -> Any:
    return UNKNOWN if UNKNOWN in (one, other) else max(one, other)


def _smaller(one: Any, other: Any) -> Any:
    return UNKNOWN if UNKNOWN in (one, other) else min(one, other)


def _power(one: Any, other: Any) -> Any:
    small = UNKNOWN not in (one, other) and abs(one) <= 1 << 32 and 0 <= other <= 8
    return one**other if small else UNKNOWN


def _chosen(_: NodeDef, conditions: Values, one: Values, other: Values) -> Values | None:
    if not len(conditions) == len(one) == len(other):
        return None
    return tuple(
        UNKNOWN if condition is UNKNOWN else left if condition else right
        for condition, left, right in zip(conditions, one, other, strict=True)
    )


VALUES: dict[str, Callable[..., Values | None]] = {
    "Add": _combined(operator.add),
    "AddV2": _combined(operator.add),
    "Sub": _combined(operator.sub),
    "Mul": _combined(operator.mul),
    "RealDiv": _combined(_divided),
    "FloorDiv": _combined(_whole_divided),
    "Div": _combined(_whole_divided),
    "TruncateDiv": _combined(_whole_divided),
    "FloorMod": _combined(lambda one, other: one % other if other else UNKNOWN),
    "Maximum": _combined(_larger),
    "Minimum": _combined(_smaller),
    "Pow": _combined(_power),
    "Greater": _combined(operator.gt),
    "GreaterEqual": _combined(operator.ge),
    "Less": _combined(operator.lt),
    "LessEqual": _combined(operator.le),
    "Equal": _combined(operator.eq),
    "NotEqual": _combined(operator.ne),
    "LogicalAnd": _combined(lambda one, other: bool(one and other)),
    "LogicalOr": _combined(lambda one, other: bool(one or other)),
    "LogicalNot": _mapped(operator.not_),
    "Neg": _mapped(operator.neg),
    "Abs": _mapped(abs),
    "Floor": _mapped(floor),
    "Ceil": _mapped(ceil),
    "Cast": _cast,
    "Reshape": _same,
    "Squeeze": _same,
    "ExpandDims": _same,
    "Pack": _joined,
    "ConcatV2": _concatenated,
    "GatherV2": _gathered,
    "Prod": _reduced(prod),
    "Sum": _reduced(sum),
    "Range": _range,
    "Fill": _filled,
    "Slice": _sliced,
    "StridedSlice": strided,
    "Select": _chosen,
    "SelectV2": _chosen,
}


def computed(node: NodeDef, inputs: Sequence[tuple[Values | None, int]]) -> Values | None:
    """What a node gives of values, each with its tensor's rank; None where it is not known here."""
    function = VALUES.get(node.operation)
    if function is None or any(values is None for values, _ in inputs):
        return None
    flat = ("StridedSlice", "Slice", "GatherV2", "ConcatV2")  # of a matrix its values in a row do not tell
    if node.operation in flat and any(rank > 1 for _, rank in inputs):
        return None
    if node.operation in ("Prod", "Sum") and (inputs[0][1] > 1 or node.whole("keep_dims")):
        return None
    found = function(node, *(values for values, _ in inputs))
    if found is None or len(found) > MOST_VALUES:
        return None
    return tuple(UNKNOWN if isinstance(each, int) and abs(each) > LARGEST else each for each in found)
