"""What TensorFlow's converter makes of a float32 plan in the other kinds, and `export` of its int8 file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from cnncli.deployed.plan import DYNAMIC, FLOAT16, FLOAT32, INT8, INT8_IO, Constant, Operation, Plan, Tensor
from cnncli.deployed.quantized import INTEGER, channels, quantized

FEWEST = 1024
"""Elements of a kernel that is worth quantizing by itself (`minimum_elements_for_weights` in quantization_config.h)."""

Form = tuple[Constant, bool]
"""What an operation's constant becomes, and whether a DEQUANTIZE makes floats of it again."""


def as_kind(plan: Plan, kind: str) -> Plan:
    """A new plan, of one of KINDS, of a float32 one."""
    return replace(_MAKERS[kind](plan), kind=kind)


def _float16(plan: Plan) -> Plan:
    return _with_constants(plan, _half)


def _half(_: Operation, constant: Constant) -> Form:
    return (constant._replace(dtype=FLOAT16), True) if constant.dtype == FLOAT32 else (constant, False)


def _dynamic(plan: Plan) -> Plan:
    return _with_constants(plan, _by_itself)


def _by_itself(operation: Operation, constant: Constant) -> Form:
    """Large kernels in int8 (prepare_quantize_dynamic_range.cc in tensorflow/compiler/mlir/lite/transforms).

    Operations that read such a kernel as integers bring their input to integers as they run; a GATHER, which has
    nothing else to read, takes floats. (Measured: which operations have DynamicRangeQuantizedOpInterface.)
    """
    scales = channels(operation, constant)
    if constant.dtype != FLOAT32 or not scales or not prod(constant.shape) >= FEWEST:
        return constant, False
    return constant._replace(dtype=INTEGER, scales=scales), operation.type == "GATHER"


def _with_constants(plan: Plan, form: Callable[[Operation, Constant], Form]) -> Plan:
    """The plan with its constants in other forms, and a DEQUANTIZE of those that are read as floats before all else.

    The file holds quantized ones after all others, and those the last first.
    """
    formed = [[(place, *form(each, plan.constants[place])) for place in each.constants] for each in plan.operations]
    keys = sorted({key for each in formed for key in each}, key=lambda key: key[0])
    held = sorted(keys, key=lambda key: (key[1].scales > 0, key[0] if key[1].scales else -key[0]))
    places = {key: place for place, key in enumerate(dict.fromkeys(key[:2] for key in held))}
    real = [key for key in keys if key[2]]
    given = [plan.tensors[tensor] for tensor in plan.inputs]
    made = [Tensor(f"{constant.name}1", constant.shape) for _, constant, _ in real]
    rest = [tensor for tensor in range(len(plan.tensors)) if tensor not in plan.inputs]
    moved = {tensor: place for place, tensor in enumerate((*plan.inputs, *[None] * len(made), *rest)) if tensor is not None}
    floats = {key: len(given) + place for place, key in enumerate(real)}
    operations = [Operation("DEQUANTIZE", (), (floats[key],), (places[key[:2]],)) for key in real]
    for operation, each in zip(plan.operations, formed, strict=True):
        reads = (*(moved[tensor] for tensor in operation.reads), *(floats[key] for key in each if key[2]))
        writes = tuple(moved[tensor] for tensor in operation.writes)
        constants = tuple(places[key[:2]] for key in each if not key[2])
        operations.append(Operation(operation.type, reads, writes, constants, operation.nodes))
    return replace(plan, tensors=[*given, *made, *(plan.tensors[tensor] for tensor in rest)], constants=[constant for _, constant in places], operations=operations, inputs=tuple(range(len(given))), outputs=tuple(moved[tensor] for tensor in plan.outputs))


def _int8_io(plan: Plan) -> Plan:
    return without_ends(quantized(plan))


def without_ends(plan: Plan) -> Plan:
    """An int8 plan that takes and gives integers."""
    return plan


_MAKERS: dict[str, Callable[[Plan], Plan]] = {
    FLOAT32: replace, FLOAT16: _float16, DYNAMIC: _dynamic, INT8: quantized, INT8_IO: _int8_io
}
