"""How large the .tflite file of a plan is, as `cnncli export` writes it.

It is a flatbuffer (flatbuffers.dev, "Internals") of tensorflow/lite/schema/schema.fbs: tables of fields of 4 bytes,
each behind an offset of 4; a vector begins with its count, a string also ends with a zero; flags take 4 with what
aligns them. A table's own list of its fields is shared by all that have the same.

Weights are taken to be trained, that is all different: of constants that are equal a converter keeps one, as of the
biases of a fresh network, which are zeros, but where `export` tells them apart (calibration.tell_apart).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnncli.amounts import UNKNOWN, total
from cnncli.deployed.names import name_bytes, namer
from cnncli.deployed.plan import FLOAT32, Constant, Operation, Plan, Tensor
from cnncli.graph import Graph

WORD = 4
BUFFER_ALIGNMENT = 16
"""Of what buffers hold (force_align in the schema)."""

MODEL = 720
"""The model's own tables, the lists of fields, its description, signature and metadata: the converter's version."""
CODE = 24
"""Of each type of operation that the file uses: its number and version."""

_OPTIONS = {
    "ADD": 5, "AVERAGE_POOL_2D": 22, "CONCATENATION": 8, "CONV_2D": 15, "DEPTHWISE_CONV_2D": 18, "FULLY_CONNECTED": 6,
    "LEAKY_RELU": 8, "MAX_POOL_2D": 23, "MEAN": 7, "SOFTMAX": 8, "STRIDED_SLICE": 12, "SUM": 8,
    **dict.fromkeys(("DEQUANTIZE", "HARD_SWISH", "LOGISTIC", "RELU", "RSQRT", "SQRT", "TANH"), -2 * WORD),
}  # fmt: skip
"""Bytes of an operation's options, on average: those that are as the schema has them unless said are not written.

What has none has no place for them either. All others are an empty table.
"""


def file_bytes(plan: Plan, graph: Graph) -> Any:
    """Bytes of the file; of one that was read its own; UNKNOWN or AtLeast some where a size or an operation is.

    `graph` is what the plan is of: the names of its layers are in the file.
    """
    if plan.file_bytes is not None:
        return plan.file_bytes
    if plan.impossible or (not plan.operations and plan.uncounted):
        return UNKNOWN
    parts = [
        MODEL,
        CODE * len({operation.type for operation in plan.operations}),
        name_bytes(plan, graph),
        *map(_described, plan.tensors),
        *map(_described, plan.constants),
        2 * WORD * len(plan.tensors),  # an empty buffer each
        *_buffers(plan, graph),
        *_operations(plan.operations),
    ]
    return total([*parts, UNKNOWN] if plan.uncounted else parts)


def _described(tensor: Tensor | Constant) -> int:
    """A tensor's table: its shape, type, place of its buffer, name and scales, each behind an offset; not its name."""
    fields = 6 if tensor.dtype == FLOAT32 else 7
    scales = _scales(tensor)
    size = WORD * (1 + fields + 1 + len(tensor.shape) + 1)
    return size + (WORD * 5 + 2 + 12 * scales if scales else WORD)


def _scales(tensor: Tensor | Constant) -> int:
    if isinstance(tensor, Constant):
        return tensor.scales
    return int(tensor.dtype in ("int8", "uint8", "int16"))


def _buffers(plan: Plan, graph: Graph) -> Iterator[Any]:
    """Each with its table and its count, and as much before it as lets it begin at a multiple of BUFFER_ALIGNMENT."""
    zeros = set(_zeros(plan, graph))
    seen = set()
    for number, constant in enumerate(plan.constants):
        size = 4 * WORD + constant.bytes
        if number in zeros and size in seen:
            yield 0
            continue
        if number in zeros:
            seen.add(size)
        yield size if size is UNKNOWN else size + -(size - WORD) % BUFFER_ALIGNMENT


def _zeros(plan: Plan, graph: Graph) -> Iterator[int]:
    """The biases of what has none, which are zeros: those of one size share a buffer."""
    named = namer(graph).named
    for operation in plan.operations:
        if len(operation.constants) > 1 and not named(operation, len(operation.constants)).is_biased:
            yield from operation.constants[1:]


def _operations(operations: list[Operation]) -> Iterator[int]:
    """What is the first in the list of types needs no number of its type."""
    for operation in operations:
        tensors = len(operation.reads) + len(operation.constants) + len(operation.writes)
        fields = 6 if operation.type != operations[0].type else 5
        yield WORD * (1 + 2 + tensors + fields) + _OPTIONS.get(operation.type, WORD)
