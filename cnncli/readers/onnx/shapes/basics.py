"""What the inference of every kind of operation stands on: outputs, axes, broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.readers.onnx.model import Open, Operation

MOST_AXES = 64
"""Of a tensor: as many as NumPy's have."""

Sizes = tuple[int, ...]
Output = tuple[Sizes | None, str]
Inference = Callable[[Operation], list[Output]]


def dtype_of(operation: Operation) -> str:
    first = next((value for value in operation.inputs if value is not None), None)
    return first.dtype if first is not None else "float32"


def result_dtype(operation: Operation) -> str:
    if operation.kind.endswith("Integer"):
        return "int32"
    point = operation.input({"QLinearConv": 7, "QLinearMatMul": 7}.get(operation.kind, 0))
    return point.dtype if point is not None else "float32"


def ranked(operation: Operation, number: int = 0) -> Sizes:
    """The shape of an input. Raises Open where its rank is not known."""
    found = operation.shape(number)
    if found is None:
        raise Open
    return found


def number_at(operation: Operation, number: int) -> Any:
    """The only value of an input, a whole number, or UNKNOWN."""
    found = operation.known(number)
    return int(found[0]) if found and found[0] is not UNKNOWN else UNKNOWN


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front. Raises ValueError for one that is none."""
    found = axis + rank if axis < 0 else axis
    if not 0 <= found <= rank:
        raise ValueError(f"axis {axis} of a tensor of rank {rank}")
    return found


def broadcast(shapes: Sequence[Sizes | None]) -> Sizes | None:
    """The shape of what is computed cell by cell."""
    if any(shape is None for shape in shapes):
        return None
    known = [shape for shape in shapes if shape is not None]
    rank = max(map(len, known), default=0)
    found = []
    for sizes in zip(*[(1,) * (rank - len(shape)) + tuple(shape) for shape in known], strict=True):
        others = [size for size in sizes if size is UNKNOWN or size != 1]
        found.append(next((size for size in others if size is not UNKNOWN), others[0] if others else 1))
    return tuple(found)
