"""What a TFLite file runs, as it says it: the operations, what they compute, and what the file holds."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from cnncli.amounts import LARGEST, UNKNOWN, known_part
from cnncli.deployed.plan import DYNAMIC, FLOAT16, FLOAT32, INT8, INT8_IO, Constant, Operation, Plan, Tensor
from cnncli.graph import Shape
from cnncli.readers.source import Source
from cnncli.readers.tflite.file import FileGraph, FileTensor
from cnncli.readers.tflite.schema import GRAPH_FIELDS
from cnncli.words import visible

KINDS = {"": FLOAT32, "float16": FLOAT16, "int8 weights": DYNAMIC}
"""What files are whose kernels are stored so; any other is called by the reader's own words for it."""


class Planning:
    """A graph's plan in the making. It is begun before the layers are made, by which tensors lose their own types."""

    def __init__(self, source: Source, graph: FileGraph) -> None:
        self._source, self._graph = source, graph
        self._types = [tensor.dtype for tensor in graph.tensors]
        self._held = [tensor.constant for tensor in graph.tensors]
        self.nodes: list[tuple[int, ...]] = []
        """Of each operation the layers that it became."""

    def plan(self, quantization: str) -> Plan:
        """The plan, once the tensors have their shapes. Raises Damaged where one is beyond all machines."""
        places, constants = self._places(False), self._places(True)
        graph, rows = self._graph, list(zip(self._graph.tensors, self._types, self._held, strict=True))
        return Plan(
            kind=self._kind(quantization),
            tensors=[Tensor(_name(each), self._shape(each), dtype) for each, dtype, held in rows if not held],
            constants=[
                Constant(_name(each), self._shape(each), dtype, each.scale_count) for each, dtype, held in rows if held
            ],
            operations=[
                Operation(
                    visible(each.name),
                    _found(each.inputs, places),
                    _found(each.outputs, places),
                    _found(each.inputs, constants),
                    nodes,
                )
                for each, nodes in zip(graph.operations, self._nodes(), strict=True)
            ],
            inputs=_found(graph.inputs, places),
            outputs=_found(graph.outputs, places),
            uncounted=self._uncounted(),
            file_bytes=self._source.size,
        )

    def _places(self, held: bool) -> dict[int, int]:
        """Where the tensors that the file holds, or those that it does not, stand among their like."""
        numbers = [number for number, each in enumerate(self._held) if each is held]
        return {number: place for place, number in enumerate(numbers)}

    def _shape(self, tensor: FileTensor) -> Shape:
        shape = (UNKNOWN,) if tensor.shape is None else tuple(tensor.shape)
        if known_part(prod(shape)) > LARGEST:
            self._source.fail(f"tensor {tensor.number} would take more than any machine has: above 2^100 elements")
        return shape

    def _nodes(self) -> list[tuple[int, ...]]:
        """Of each operation the layers that it computes; what prepares a constant computes the layer that reads it."""
        reader: dict[int, tuple[int, ...]] = {}
        found = []
        for operation, nodes in zip(reversed(self._graph.operations), reversed(self.nodes), strict=True):
            own = nodes or next((reader[each.number] for each in operation.outputs if each.number in reader), ())
            reader.update((each.number, own) for each in operation.inputs if each is not None)
            found.append(own)
        return found[::-1]

    def _uncounted(self) -> tuple[int, ...]:
        """The layers that compute other graphs of the file: of these neither operations nor tensors are told."""
        rows = zip(self._graph.operations, self.nodes, strict=True)
        return tuple(node for operation, nodes in rows if operation.name in GRAPH_FIELDS for node in nodes)

    def _kind(self, quantization: str) -> str:
        """One of the deployed kinds, or what else it is; what computes in int8 also by what it takes and gives."""
        if quantization not in ("int8", "uint8"):
            return KINDS.get(quantization, quantization)
        ends = {self._types[each.number] for each in (*self._graph.inputs, *self._graph.outputs)}
        if ends == {"float32"} or (quantization == "uint8" and ends == {"uint8"}):
            return INT8 if quantization == INT8 else quantization
        return {"int8": INT8_IO}.get(ends.pop(), f"{quantization}-io") if len(ends) == 1 else f"{quantization}-mixed"


def _name(tensor: FileTensor) -> str:
    return visible(tensor.name)


def _found(tensors: Sequence[FileTensor | None], places: dict[int, int]) -> tuple[int, ...]:
    return tuple([places[each.number] for each in tensors if each is not None and each.number in places])
