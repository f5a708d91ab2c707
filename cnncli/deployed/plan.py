"""What a network is where TFLite runs it: operations, the tensors that they compute, and what the file holds.

A plan is predicted from a graph (see `converter`), or is that of a .tflite file as it was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

from cnncli.graph import Shape
from cnncli.graph.dtypes import in_bytes

FLOAT32, FLOAT16, DYNAMIC, INT8, INT8_IO = KINDS = ("float32", "float16", "dynamic", "int8", "int8-io")
"""What a network can be converted to: the first as it is; kernels in half; kernels in int8; all in int8, with floats at
its ends and without."""


class Tensor(NamedTuple):
    """What is given or computed, and takes memory only while it is needed. The shape has the batch in front."""

    name: str
    shape: Shape
    dtype: str = FLOAT32

    @property
    def bytes(self) -> Any:
        """UNKNOWN where a size is."""
        return in_bytes(prod(self.shape), self.dtype)


class Constant(NamedTuple):
    """What the file holds: a kernel, a bias, the shape that a RESHAPE makes. The shape is as TFLite stores it."""

    name: str
    shape: Shape
    dtype: str = FLOAT32
    scales: int = 0
    """How many scales, and zero points, say which real numbers its integers are."""

    @property
    def bytes(self) -> Any:
        return in_bytes(prod(self.shape), self.dtype)


class Operation(NamedTuple):
    """One of TFLite's, by its name in the schema, as CONV_2D. Tensors and constants are told by their places.

    `nodes` are the indices of the layers that it computes, more than one where they are fused.
    """

    type: str
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    constants: tuple[int, ...] = ()
    nodes: tuple[int, ...] = ()
    function: str = ""
    """The activation function that it computes as well, by TFLite's name: RELU, RELU6 or RELU_N1_TO_1."""


class Lifetime(NamedTuple):
    """The first and the last operation, by their places, at which a tensor holds something that is needed."""

    first: int
    last: int


@dataclass
class Plan:
    """Operations in the order in which they are run. What follows from them is worked out of a finished plan, once."""

    kind: str
    tensors: list[Tensor] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    uncounted: tuple[int, ...] = ()
    """The indices of the layers of which nobody knows the operations: what is told of the plan is at least so much."""
    file_bytes: int | None = None
    """Of a plan that was read in a file, the file's own size."""
    impossible: str = ""
    """Why no such file can be made, as a clause; the plan is empty then, and its sizes are unknown."""

    @property
    def batch(self) -> Any:
        """How many examples are computed at once, by the first input; UNKNOWN where a file leaves that open."""
        first = next((self.tensors[tensor].shape for tensor in self.inputs), ())
        return first[0] if len(first) > 1 else 1

    @cached_property
    def sizes(self) -> list[Any]:
        """The bytes of each tensor; UNKNOWN where a size is."""
        return [tensor.bytes for tensor in self.tensors]

    @cached_property
    def lifetimes(self) -> list[Lifetime]:
        """Of each tensor: from the operation that writes it to the last that reads it.

        An input lives from the beginning, an output to the end, and what nothing reads while it is written.
        """
        end = max(len(self.operations) - 1, 0)
        first = [0] * len(self.tensors)
        last = [0] * len(self.tensors)
        for step in range(len(self.operations) - 1, -1, -1):  # of several that write a tensor the first counts
            for tensor in self.operations[step].writes:
                first[tensor] = step
        for tensor in self.inputs:
            first[tensor] = 0
        for step, operation in enumerate(self.operations):
            for tensor in (*operation.writes, *operation.reads):
                last[tensor] = step
        for tensor in self.outputs:
            last[tensor] = end
        return list(map(Lifetime, first, last))

    def renumbered(self, places: Mapping[int, int]) -> Plan:
        """The same for a graph in which the layers have other indices; what `places` lacks is no layer there."""

        def anew(nodes: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(dict.fromkeys(places[node] for node in nodes if node in places))

        operations = [operation._replace(nodes=anew(operation.nodes)) for operation in self.operations]
        return replace(self, operations=operations, uncounted=anew(self.uncounted))
