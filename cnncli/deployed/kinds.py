"""What TensorFlow's converter makes of a float32 plan in the other kinds, and `export` of its int8 file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from cnncli.deployed.plan import DYNAMIC, FLOAT16, FLOAT32, INT8, INT8_IO, Constant, Operation, Plan, Tensor
from cnncli.deployed.quantized import INTEGER, kernel_scales, quantized

FEWEST = 1024
"""Elements of a kernel that the dynamic kind quantizes (`minimum_elements_for_weights` in quantization_config.h)."""

Form = tuple[Constant, bool]
"""What an operation's constant becomes, and whether a DEQUANTIZE makes floats of it again."""


def as_kind(plan: Plan, kind: str) -> Plan:
    """A new plan, of one of KINDS, of a float32 one; int8-io's of an int8 one, too."""
    made = _MAKERS[kind](plan)
    return replace(made, kind=kind, operations=_owned(made.operations))


def _owned(operations: list[Operation]) -> list[Operation]:
    """With the conversions told as of the layers that read what they make; the last as of that which made it."""
    if all(each.nodes for each in operations):
        return operations
    reader: dict[int, tuple[int, ...]] = {}
    for each in reversed(operations):
        nodes = each.nodes or next((reader[tensor] for tensor in each.writes if tensor in reader), ())
        for tensor in each.reads:
            reader[tensor] = nodes
    writer = {tensor: each.nodes for each in operations for tensor in each.writes}

    def owner(each: Operation) -> tuple[int, ...]:
        around = [*map(reader.get, each.writes), *map(writer.get, each.reads)]
        return next(filter(None, around), ())

    return [each if each.nodes else each._replace(nodes=owner(each)) for each in operations]


def _float16(plan: Plan) -> Plan:
    return _with_constants(plan, _halved)


def _halved(_: Operation, constant: Constant) -> Form:
    return (constant._replace(dtype=FLOAT16), True) if constant.dtype == FLOAT32 else (constant, False)


def _dynamic(plan: Plan) -> Plan:
    return _with_constants(plan, _large_quantized)


def _large_quantized(operation: Operation, constant: Constant) -> Form:
    """A large kernel in int8 (tensorflow/compiler/mlir/lite/transforms/prepare_quantize_dynamic_range.cc).

    An operation that reads it so brings its input to integers as it runs. Measured: a GATHER reads floats, a CONV_3D
    keeps its kernel.
    """
    scales = kernel_scales(operation, constant)
    if constant.dtype != FLOAT32 or not scales or not prod(constant.shape) >= FEWEST:
        return constant, False
    return constant._replace(dtype=INTEGER, scales=scales), operation.type == "GATHER"


def _with_constants(plan: Plan, form: Callable[[Operation, Constant], Form]) -> Plan:
    """The plan with its constants in other forms, and before all else a DEQUANTIZE of each that is read as floats.

    Of these the last constant comes first, roughly as in the files: none is read before all have been. The inputs are
    the first tensors, as in every plan that is predicted.
    """
    made: dict[tuple[Any, ...], Constant] = {}
    used = []
    for operation in plan.operations:
        forms = [(place, *form(operation, plan.constants[place])) for place in operation.constants]
        keys = [(place, constant.dtype, constant.scales, real) for place, constant, real in forms]
        made.update(zip(keys, [constant for _, constant, _ in forms], strict=True))
        used.append(keys)
    held = sorted(made)
    constants = {key[:-1]: made[key] for key in held}
    places = {key: place for place, key in enumerate(constants)}
    given = len(plan.inputs)
    real = {key: given + place for place, key in enumerate(key for key in reversed(held) if key[-1])}
    moved = [*range(given), *range(given + len(real), len(plan.tensors) + len(real))]
    tensors = list(plan.tensors)
    tensors[given:given] = [Tensor(f"{made[key].name}1", made[key].shape) for key in real]
    operations = [Operation("DEQUANTIZE", (), (real[key],), (places[key[:-1]],)) for key in real]
    for (type, reads, writes, _, nodes, function), keys in zip(plan.operations, used, strict=True):
        read = (*_at(moved, reads), *[real[key] for key in keys if key[-1]])
        kept = tuple([places[key[:-1]] for key in keys if not key[-1]])
        operations.append(Operation(type, read, _at(moved, writes), kept, nodes, function))
    outputs = _at(moved, plan.outputs)
    return replace(plan, tensors=tensors, constants=[*constants.values()], operations=operations, outputs=outputs)


def _int8_io(plan: Plan) -> Plan:
    return _without_ends(plan if plan.kind == INT8 else quantized(plan))


def _without_ends(plan: Plan) -> Plan:
    """An int8 plan that takes and gives integers: without the QUANTIZE at its beginning, the DEQUANTIZE at its end.

    Impossible where anything else stands there, such as what is computed with floats.
    """
    readers = [[each for each in plan.operations if tensor in each.reads] for tensor in plan.inputs]
    writers = [[each for each in plan.operations if tensor in (*each.writes, *each.reads)] for tensor in plan.outputs]
    at_inputs, at_outputs = ([[each.type for each in at] for at in end] for end in (readers, writers))
    reason = plan.impossible or why_no_integer_ends(at_inputs, at_outputs)
    if reason:
        return Plan(INT8_IO, impossible=reason)
    ends = [each for at in (*readers, *writers) for each in at]
    operations = [each for each in plan.operations if each not in ends]
    inputs = [each.writes[0] for (each,) in readers]
    outputs = [each.reads[0] for (each,) in writers]
    named = dict(zip((*inputs, *outputs), (*plan.inputs, *plan.outputs), strict=True))
    kept = sorted({*inputs, *outputs, *(tensor for each in operations for tensor in (*each.reads, *each.writes))})
    places = {tensor: place for place, tensor in enumerate(kept)}
    tensors = {tensor: plan.tensors[tensor] for tensor in kept}
    tensors |= {tensor: tensors[tensor]._replace(name=plan.tensors[end].name) for tensor, end in named.items()}
    return replace(
        plan,
        tensors=[*tensors.values()],
        operations=[
            Operation(each.type, _at(places, each.reads), _at(places, each.writes), *each[3:]) for each in operations
        ],
        inputs=_at(places, inputs),
        outputs=_at(places, outputs),
    )


def why_no_integer_ends(at_inputs: Iterable[Sequence[str]], at_outputs: Iterable[Sequence[str]]) -> str:
    """Why an int8 file cannot take and give integers; nothing where it can.

    Of each input and output the types of all operations that read or write it: they must be a conversion alone.
    """
    ends = [*((types, "QUANTIZE") for types in at_inputs), *((types, "DEQUANTIZE") for types in at_outputs)]
    if all(list(types) == [wanted] for types, wanted in ends):
        return ""
    floats = dict.fromkeys(each for types, wanted in ends for each in types if each != wanted)
    return f"{' and '.join(floats) or 'what stands'} at its ends computes with floats"


def _at(places: Mapping[int, int] | Sequence[int], tensors: Iterable[int]) -> tuple[int, ...]:
    return tuple([places[tensor] for tensor in tensors])


_MAKERS: dict[str, Callable[[Plan], Plan]] = {
    FLOAT32: replace,
    FLOAT16: _float16,
    DYNAMIC: _dynamic,
    INT8: quantized,
    INT8_IO: _int8_io,
}
