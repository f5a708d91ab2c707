"""What an ONNX file holds, as far as it can be read without running it, and without the weights beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.onnx_model.streaming import skeleton

ONNX_DOMAINS = ("", "ai.onnx")


class Value(NamedTuple):
    """An input or output; a size that may be any is UNKNOWN."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class Contents(NamedTuple):
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    ops: dict[str, int]
    """How many operations there are of each type; those of another domain than ONNX's as `domain.Type`."""
    weight_bytes: int


def contents(path: Path) -> Contents:
    graph = skeleton(path).graph
    ops = Counter(map(_type, graph.node))
    return Contents(
        inputs=tuple(map(_value, graph.input)),
        outputs=tuple(map(_value, graph.output)),
        ops=dict(sorted(ops.items())),
        weight_bytes=sum(map(_bytes, graph.initializer)),
    )


def foreign(ops: dict[str, int]) -> Iterator[str]:
    """Operations that are not ONNX's own, which only some runtimes have."""
    yield from (name for name in ops if "." in name)


def _type(node: Any) -> str:
    return str(node.op_type) if node.domain in ONNX_DOMAINS else f"{node.domain}.{node.op_type}"


def _value(value: Any) -> Value:
    from onnx import helper

    declared = value.type.tensor_type
    sizes = (size.dim_value if size.HasField("dim_value") else UNKNOWN for size in declared.shape.dim)
    return Value(value.name, tuple(sizes), str(helper.tensor_dtype_to_np_dtype(declared.elem_type)))


def _bytes(tensor: Any) -> int:
    """Of a tensor's values, wherever they stand."""
    from math import prod

    from onnx import helper

    width: int = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    count: int = prod(tensor.dims)
    return width * count
