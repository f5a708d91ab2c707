"""What TensorFlow Lite Micro's kernels can do, and what memory they ask for besides the tensors.

From its sources of 2026-08, tensorflow/lite/micro: `micro_mutable_op_resolver.h` lists the operations, each kernel's
`Prepare` in `kernels/` says what it refuses and what it requests.
"""

from __future__ import annotations

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

_POINTER = 8
_INT = 4


def why_not(plan: Plan, operation: Operation) -> str:
    """Why TFLite Micro cannot run an operation; nothing where it can."""
    if operation.type not in OPERATIONS:
        return f"TFLite Micro has no {operation.type}"
    if operation.type == "CONCATENATION" and len(operation.reads) + len(operation.constants) > MOST_JOINED:
        return f"TFLite Micro's CONCATENATION takes at most {MOST_JOINED} inputs, not {len(operation.reads)}"
    held = _held(plan, operation)
    types = {each.dtype for each in held} | {each.dtype for each in _computed(plan, operation)}
    if "float16" in types:
        return f"TFLite Micro's {operation.type} takes no float16"
    if operation.type in KERNELS and "float32" in types and any(each.dtype.startswith("int8") for each in held):
        return f"TFLite Micro's {operation.type} takes no kernel of int8 with activations of float32"
    return ""


def scratch(plan: Plan, operation: Operation) -> tuple[int, ...]:
    """Bytes of each piece of memory that a kernel computes with, in the order in which it asks for them."""
    computed, held = _computed(plan, operation), _held(plan, operation)
    if operation.type in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"):
        return _of_reduction(operation.type, computed[0], computed[-1], held)
    if operation.type == "TRANSPOSE_CONV" and computed[-1].dtype in ("int8", "int16"):
        return (prod(computed[-1].shape) * (4 if computed[-1].dtype == "int8" else 8),)
    if operation.type == "ADD_N" and computed[-1].dtype in ("int8", "float32"):
        return (_POINTER * len(operation.reads),)
    if operation.type == "MIRROR_PAD":
        return (_INT * len(computed[0].shape),) * 2
    if operation.type in KERNELS and held and held[0].dtype == "int4":
        return (prod(held[0].shape),)
    return ()


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

_FIXED = (300, 1100)
_TENSOR = (12, 24)
_OPERATION = (48, 200)
_CHANNEL = 8


def tail_bytes(plan: Plan) -> tuple[Any, Any]:
    """How many bytes of the arena hold what does not change between pictures, at least and at most.

    A structure for each tensor and operation, half as large where addresses have 32 bits as where they have 64, and a
    multiplier and a shift of 4 bytes for each channel of a kernel.
    """
    tensors, operations = len(plan.tensors) + len(plan.constants), len(plan.operations)
    channels = sum(_channels(operation, _held(plan, operation)) for operation in plan.operations)
    low, high = (
        fixed + tensor * tensors + each * operations + _CHANNEL * channels
        for fixed, tensor, each in zip(_FIXED, _TENSOR, _OPERATION, strict=True)
    )
    return low, high


def _channels(operation: Operation, held: list[Constant]) -> Any:
    """Of how many channels a kernel keeps the scale."""
    if operation.type not in KERNELS or not held:
        return 0
    if operation.type == "FULLY_CONNECTED":
        return held[0].scales if held[0].scales > 1 else 0
    return held[0].shape[-1 if operation.type == "DEPTHWISE_CONV_2D" else 0]
