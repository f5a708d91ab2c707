"""The values of a TFLite file's constants, as the operations read them that use them.

Some are stored otherwise: in half precision, or only those cells that are not zero. The file unpacks these by
operations of its own, which are followed here back to what it holds. Integers that stand for real numbers are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from cnncli.cloning.sparse import dense
from cnncli.readers.opening import one_line
from cnncli.readers.source import Source, opened
from cnncli.readers.tflite.file import FileGraph, FileTensor, ModelFile, Operation

DTYPES = {"float16": "<f2", "float32": "<f4", "float64": "<f8"}
MOST_STEPS = 8
"""Operations that one constant goes through: a file has three."""


def tensors(path: Path, wanted: Mapping[str, int]) -> dict[str, Any]:
    """The arrays, in single precision, of these constants by what Weight.tensor calls them; each has so many cells.

    Only in a child process, for the file may be anything. Raises UsageError.
    """
    with one_line(path), opened(path) as source:
        held = _Held(ModelFile(source), source)
        return {name: held.array(name, cells) for name, cells in wanted.items()}


class _Held:
    """What the graphs of a file hold."""

    def __init__(self, file: ModelFile, source: Source) -> None:
        self._file, self._source = file, source
        self._made: dict[int, dict[int, Operation]] = {}

    def array(self, name: str, cells: int) -> Any:
        """The constant `GRAPH/NUMBER`. Raises Damaged."""
        graph, _, number = name.partition("/")
        found = self._file.graph(int(graph))
        tensor = found.tensors[int(number)]
        if tensor.shape is None or prod(tensor.shape) != cells:
            self._source.fail(f"is damaged: tensor {number} has shape {tensor.shape}, not {cells:,} cells")
        return self._values(tensor, self._makers(int(graph), found), 0).astype("float32")

    def _makers(self, number: int, graph: FileGraph) -> dict[int, Operation]:
        """The operation that puts each tensor out."""
        if number not in self._made:
            self._made[number] = {
                each.number: operation for operation in graph.operations for each in operation.outputs
            }
        return self._made[number]

    def _values(self, tensor: FileTensor, makers: Mapping[int, Operation], depth: int) -> Any:
        operation = makers.get(tensor.number)
        if operation is None:
            return self._stored(tensor)
        unpack = UNPACKING.get(operation.name)
        if unpack is None or depth == MOST_STEPS:
            self._source.fail(f"is damaged: {operation.name} is no way to unpack a constant")
        return unpack(operation, self._values(operation.source, makers, depth + 1))

    def _stored(self, tensor: FileTensor) -> Any:
        """What a buffer holds. Raises Damaged where that is not as large as the tensor says."""
        import numpy

        form = DTYPES.get(tensor.dtype)
        if form is None or tensor.shape is None:
            self._source.fail(f"has weights of type {tensor.dtype}, which are not read")
        place, size = self._file.content(tensor.buffer)
        flat = numpy.frombuffer(self._source.read(place, size), form)
        if tensor.sparsity is not None:
            return dense(self._source, tensor.sparsity, tensor.shape, flat)
        if len(flat) != prod(tensor.shape):
            self._source.fail(f"is damaged: tensor {tensor.number} of shape {tensor.shape} has {len(flat):,} cells")
        return flat.reshape(tensor.shape)


# What unpacks a constant, each of the operation and its first input's values.


def _unchanged(operation: Operation, values: Any) -> Any:
    return values


def _turned(operation: Operation, values: Any) -> Any:
    return values.transpose(_told(operation))


def _reshaped(operation: Operation, values: Any) -> Any:
    return values.reshape(operation.output.shape)


def _told(operation: Operation) -> Sequence[int]:
    return operation.values(1) or ()


UNPACKING: dict[str, Callable[[Operation, Any], Any]] = {
    **dict.fromkeys(("CAST", "DENSIFY", "DEQUANTIZE"), _unchanged), "TRANSPOSE": _turned,
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), _reshaped),
}  # fmt: skip
