"""Shapes of attention and of what keeps a state from step to step."""

from __future__ import annotations

from cnncli.amounts import UNKNOWN
from cnncli.readers.onnx.model import Operation
from cnncli.readers.onnx.shapes.basics import Inference, Output, Sizes, dtype_of, ranked


def _heads(operation: Operation, number: int, name: str) -> Sizes:
    """(batch, heads, steps, width) of an input that may have its heads side by side along the last axis."""
    shape = ranked(operation, number)
    if len(shape) == 4:
        return shape
    count = operation.attributes.number(name)
    return (shape[0], count, shape[1], shape[2] // count)


def _attention(operation: Operation) -> list[Output]:
    """The result, the keys and the values with those of the past, and the products; from opset 23."""
    query = _heads(operation, 0, "q_num_heads")
    key, value = (_heads(operation, number, "kv_num_heads") for number in (1, 2))
    past = operation.shape(4)
    steps = key[2] + (past[2] if past is not None else 0)
    result = (*query[:3], value[3])
    if len(ranked(operation)) == 3:
        result = (query[0], query[2], query[1] * value[3])
    dtype = dtype_of(operation)
    return [
        (result, dtype), ((*key[:2], steps, key[3]), dtype), ((*value[:2], steps, value[3]), dtype),
        ((*query[:3], steps), dtype),
    ]  # fmt: skip


def _linear(operation: Operation) -> list[Output]:
    """The result and the state: a matrix of each head of the keys."""
    query, key, value = ranked(operation), ranked(operation, 1), ranked(operation, 2)
    queries, heads = (operation.attributes.number(name) for name in ("q_num_heads", "kv_num_heads"))
    width = value[2] // heads
    result = (query[0], query[1], queries * width)
    return [(result, dtype_of(operation)), ((query[0], heads, key[2] // heads, width), dtype_of(operation))]


def _causal(operation: Operation) -> list[Output]:
    """A convolution along steps, and the steps before the next ones that its kernel reaches."""
    shape, kernel = ranked(operation), ranked(operation, 1)
    return [(shape, dtype_of(operation)), ((*shape[:2], kernel[-1] - 1), dtype_of(operation))]


def _flexible(operation: Operation) -> list[Output]:
    return [((*ranked(operation)[:3], ranked(operation, 2)[3]), dtype_of(operation))]


def _same(operation: Operation) -> list[Output]:
    return [(operation.shape(), dtype_of(operation))]


def _grouped(operation: Operation) -> list[Output]:
    """onnxruntime's, whose query may hold keys and values too."""
    query, attributes = ranked(operation), operation.attributes
    if operation.input(1) is not None:
        return [(query, dtype_of(operation))]
    heads, others = attributes.number("num_heads"), attributes.number("kv_num_heads")
    return [((*query[:2], query[2] // (heads + 2 * others) * heads), dtype_of(operation))]


def _multiple(operation: Operation) -> list[Output]:
    """onnxruntime's MultiHeadAttention: as wide as the values."""
    query, value = ranked(operation), operation.shape(2)
    if value is None or len(query) != 3:
        return []
    return [((*query[:2], value[2] if len(value) == 3 else value[1] * value[3]), dtype_of(operation))]


def _packed(operation: Operation) -> list[Output]:
    """onnxruntime's Attention, whose kernel makes queries, keys and values, of sizes that an attribute says."""
    shape, kernel = ranked(operation), ranked(operation, 1)
    sizes = operation.attributes.numbers("qkv_hidden_sizes")
    return [((*shape[:2], sizes[2] if sizes else kernel[1] // 3 if kernel else UNKNOWN), dtype_of(operation))]


STANDARD: dict[str, Inference] = {
    "Attention": _attention, "LinearAttention": _linear, "CausalConvWithState": _causal, "RotaryEmbedding": _same,
}  # fmt: skip
RUNTIME: dict[str, Inference] = {
    "RotaryEmbedding": _same, "GroupQueryAttention": _grouped, "MultiHeadAttention": _multiple, "Attention": _packed,
}  # fmt: skip
PREVIEW: dict[str, Inference] = {"FlexAttention": _flexible}
