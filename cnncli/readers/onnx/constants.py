"""Constants of an ONNX file that stand in nodes or are computed of others: what they hold, what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from cnncli.readers.onnx.model import MOST_VALUES, ROUNDING, Operation, Root, Value, constant, counts, filled


def roots_of(operation: Operation) -> tuple[Root, ...]:
    """The constants of the file that a computed constant is made of."""
    output = operation.outputs[0]
    if operation.kind in ("Shape", "Size"):
        return ()
    if operation.kind == "ConstantOfShape":
        shape = operation.input(0)
        own = Root(output.name, output.shape or (), output.dtype, counts(output.dtype))
        return (own,) if shape is not None and shape.identity else ()
    found: dict[str, Root] = {}
    for number, value in enumerate(operation.inputs):
        first_alone = operation.kind in _ONLY_FIRST or (operation.domain, operation.kind) in ROUNDING
        if value is None or (number and first_alone):
            continue
        for root in value.roots:
            read = number == 0 and operation.kind == "DequantizeLinear"
            found[root.name] = root._replace(counts=True) if read else root
    if operation.kind == "DequantizeLinear":
        found |= {root.name: root for value in operation.inputs[1:] if value is not None for root in value.roots}
    return tuple(found.values())


_ONLY_FIRST = ("Reshape", "Squeeze", "Unsqueeze", "Expand", "Slice", "Gather", "Split", "Tile", "DequantizeLinear")
"""Operations whose further inputs are shapes and indices, or are told apart."""


def filling(operation: Operation) -> tuple[object, ...] | None:
    """The values of a ConstantOfShape; None where it is large, or its number is not known."""
    output, given = operation.outputs[0], operation.attributes.message("value")
    size = prod(output.shape or ())
    if not size <= MOST_VALUES:
        return None
    fill = constant("", given.message(5)).scalar() if given is not None else 0.0
    return None if fill is None else (fill,) * size


def stated(operation: Operation, name: str) -> Value:
    """A Constant node: value 5 of an attribute, sparse_value 22, or a number, a text or several of them."""
    attributes = operation.attributes
    value, sparse = attributes.message("value"), attributes.message("sparse_value")
    if value is not None:
        return constant(name, value.message(5))
    if sparse is not None:
        tensor = sparse.message(22)
        return constant(name, tensor.message(1), tensor.numbers(3))
    if "value_int" in attributes:
        return filled(name, (), "int64", (attributes.number("value_int"),))
    if "value_float" in attributes:
        return filled(name, (), "float32", (attributes.real("value_float"),))
    found: Sequence[float] = attributes.numbers("value_ints") or attributes.reals("value_floats") or ()
    dtype = "int64" if "value_ints" in attributes else "float32" if "value_floats" in attributes else "string"
    return filled(name, (len(found),), dtype, found)
