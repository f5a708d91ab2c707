"""What TensorFlow Lite Micro's kernels can do, and what memory they ask for besides the tensors.

From its sources of 2026-08, tensorflow/lite/micro: `micro_mutable_op_resolver.h` lists the operations, each kernel's
`Prepare` in `kernels/` says what it refuses and what it requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from cnncli.deployed.plan import Constant, Operation, Plan, Tensor

_NAMES = (
    "ABS ADD ADD_N ARG_MAX ARG_MIN AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BROADCAST_ARGS BROADCAST_TO CAST "
    "CEIL CONCATENATION CONV_2D COS CUMSUM DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV DYNAMIC_UPDATE_SLICE ELU "
    "EMBEDDING_LOOKUP EQUAL EXP EXPAND_DIMS FILL FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GREATER "
    "GREATER_EQUAL HARD_SWISH L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT "
    "LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG NOT_EQUAL PACK PAD PADV2 "
    "PRELU QUANTIZE REDUCE_ALL REDUCE_MAX REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR "
    "REVERSE_V2 ROUND RSQRT SELECT_V2 SHAPE SIN SLICE SOFTMAX SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT "
    "SQUARE SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM TANH TRANSPOSE TRANSPOSE_CONV UNPACK ZEROS_LIKE"
)
OPERATIONS = frozenset(_NAMES.split())
"""All but those that keep a state or compute other graphs (SVDF, WHILE and their like): what they take is not told."""

KERNELS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
"""What computes with a kernel that the file holds."""
MOST_JOINED = 10
"""Inputs of a CONCATENATION (kMaxInputNum)."""

MOST_AXES = {
    "BATCH_MATMUL": 5, "L2_NORMALIZATION": 4, "PAD": 5, "PADV2": 5, "SLICE": 5, "SPACE_TO_BATCH_ND": 4,
    "STRIDED_SLICE": 4, "TRANSPOSE": 5,
}  # fmt: skip
"""Of what an operation reads; for others there is no such limit, or none that a network of pictures meets."""
FLOAT_ONLY = frozenset({"COS", "EXP", "LOG", "SIN", "SQRT", "SQUARE"})

_REDUCING = frozenset({"MEAN", "REDUCE_ALL", "REDUCE_MAX", "REDUCE_MIN", "SUM"})
_ASKING = KERNELS | _REDUCING | {"ADD_N", "MIRROR_PAD"}
_POINTER = 8
_INT = 4


def why_not(plan: Plan) -> str:
    """Why TFLite Micro cannot run a plan; nothing where it can."""
    for operation in plan.operations:
        if operation.type not in OPERATIONS:
            return f"TFLite Micro has no {operation.type}"
        refusal = next(_refusals(plan, operation), "")
        if refusal:
            return f"TFLite Micro's {operation.type} {refusal}"
    return ""


def _refusals(plan: Plan, operation: Operation) -> Iterator[str]:
    """What a kernel does not take of what it is given."""
    name, read = operation.type, len(operation.reads) + len(operation.constants)
    if name == "CONCATENATION" and read > MOST_JOINED:
        yield f"takes at most {MOST_JOINED} inputs, not {read}"
    if name in MOST_AXES and any(len(tensor.shape) > MOST_AXES[name] for tensor in _computed(plan, operation)):
        yield f"takes tensors of at most {MOST_AXES[name]} axes"
    types = {plan.constants[each].dtype for each in operation.constants}
    if "float16" in types:
        yield "takes no float16"
    if name not in KERNELS and name not in FLOAT_ONLY:
        return
    computed = {each.dtype for each in _computed(plan, operation)}
    if name in FLOAT_ONLY and computed != {"float32"}:
        yield "computes with float32 only"
    if name in KERNELS and "float32" in computed and "int8" in types:
        yield "takes no kernel of int8 with activations of float32"


def scratch(plan: Plan, operation: Operation) -> tuple[int, ...]:
    """Bytes of each piece of memory that a kernel computes with, in the order in which it asks for them."""
    if operation.type not in _ASKING:
        return ()
    return tuple(_requests(operation, _computed(plan, operation), _held(plan, operation)))


def _requests(operation: Operation, computed: list[Tensor], held: list[Constant]) -> Iterator[int]:
    name, source, result = operation.type, computed[0], computed[-1]
    if name in _REDUCING:
        yield from _of_reduction(name, source, result, held)
    elif name == "TRANSPOSE_CONV" and result.dtype in ("int8", "int16"):
        yield prod(result.shape) * (4 if result.dtype == "int8" else 8)
    elif name == "ADD_N" and result.dtype in ("int8", "float32"):
        yield _POINTER * len(operation.reads)
    elif name == "MIRROR_PAD":
        yield from (_INT * len(source.shape),) * 2
    elif name in KERNELS and held and held[0].dtype == "int4":
        yield prod(held[0].shape)


def _of_reduction(name: str, source: Tensor, result: Tensor, held: list[Constant]) -> tuple[int, ...]:
    """`kernels/reduce_common.cc`: sums of integers, a counter of each axis, and the axes reduced along."""
    axes = prod(held[0].shape) if held else 1
    sums = (4 * prod(result.shape),) if name in ("MEAN", "SUM") and source.dtype in ("int8", "int16") else ()
    return (*sums, _INT * len(source.shape), _INT * axes)


def _computed(plan: Plan, operation: Operation) -> list[Tensor]:
    return [plan.tensors[number] for number in (*operation.reads, *operation.writes)]


def _held(plan: Plan, operation: Operation) -> list[Constant]:
    return [plan.constants[number] for number in operation.constants]


# The tail.

_FIXED, _TENSOR, _OPERATION, _CHANNEL = (300, 1100), (12, 24), (48, 200), (8, 8)
"""Bytes at least and at most: of the interpreter, a TfLiteEvalTensor, a NodeAndRegistration with a kernel's parameters
and its own data (16 to 80 bytes, and what aligns them), a multiplier and a shift."""


def tail_bytes(plan: Plan) -> tuple[Any, Any]:
    """How many bytes of the arena hold what does not change between pictures, at least and at most: an estimate.

    At least is what structures take where addresses have 32 bits, by the sources; at most where they have 64: the
    recording allocator tells of 63 networks of the registry, on x86-64, 81 to 99% of it.
    """
    channels = sum(_channels(operation, _held(plan, operation)) for operation in plan.operations)
    counts = (1, len(plan.tensors) + len(plan.constants), len(plan.operations), channels)
    low, high = zip(_FIXED, _TENSOR, _OPERATION, _CHANNEL, strict=True)
    return (
        sum(count * each for count, each in zip(counts, low, strict=True)),
        sum(count * each for count, each in zip(counts, high, strict=True)),
    )


def _channels(operation: Operation, held: list[Constant]) -> Any:
    """Of how many channels a kernel keeps the scale."""
    if operation.type not in KERNELS or not held:
        return 0
    if operation.type == "FULLY_CONNECTED":
        return held[0].scales if held[0].scales > 1 else 0
    return held[0].shape[-1 if operation.type == "DEPTHWISE_CONV_2D" else 0]
