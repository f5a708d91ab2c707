"""How much memory the tensors between the layers need, where TFLite computes the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, total
from cnncli.graph import Graph, Layer, Node, Shape
from cnncli.graph.layer import same_pads
from cnncli.graph.roles import CONVOLUTIONS, KERNELS

BYTES_PER_CELL = 4

FUSED = frozenset({"linear", "relu", "relu6", "hard_tanh"})
"""The activation functions that TFLite computes within a convolution or a dense layer: no tensor stands between."""
TENSORS = {"silu": 3, "celu": 3, "mish": 3, "softsign": 3, "selu": 4}
"""What else TFLite makes of a function: how many tensors of its size live at once, its input and its output among them,
where there are more than these two. silu is a sigmoid and a product: x, sigmoid(x) and x sigmoid(x).

Read off the files that TensorFlow 2.21 converts; the tests convert each function anew.
"""


class Operation(NamedTuple):
    """What reads tensors and writes one, each told by its number; `scratch` are cells that live only meanwhile."""

    reads: Sequence[int]
    written: int
    scratch: Any


class Plan:
    """A graph as operations in its order, and the tensors that they write, with their cells."""

    def __init__(self, graph: Graph) -> None:
        self.operations: list[Operation] = []
        self.cells: list[Any] = []
        self._held: list[int] = []  # of each node the tensor that its output is
        self._readers = graph.readers()
        self._fusing: list[bool] = []  # of each node whether it comes from a kernel, with nothing read in between
        for node in graph.nodes:
            self._add(node)
        self.outputs = [self._held[node.index] for node in graph.outputs]

    def _add(self, node: Node) -> None:
        within = self._within_kernel(node)
        self._fusing.append(within or (node.role in KERNELS and node.layer.function in FUSED))
        reads = [self._held[source.index] for source in node.inputs]
        if within or (len(reads) == 1 and (node.layer.free or self._pads_as_same(node))):
            self._held.append(reads[0])
            return
        for shape, scratch in _steps(node):
            self.cells.append(prod(shape))
            self.operations.append(Operation(reads, len(self.cells) - 1, scratch * self.cells[-1]))
            reads = [len(self.cells) - 1]
        self._held.append(reads[0])

    def _within_kernel(self, node: Node) -> bool:
        """Whether it is computed by the kernel before it, whose output nothing else reads."""
        if not node.layer.folds or node.layer.function not in FUSED:
            return False
        (source,) = node.inputs
        return self._fusing[source.index] and len(self._readers[source.index]) == 1

    def _pads_as_same(self, node: Node) -> bool:
        """Whether all that reads a padding is a convolution that would pad so itself, told `padding="same"`."""
        readers = self._readers[node.index]
        return node.layer.pads and bool(readers) and all(_pads_as(reader.layer, node) for reader in readers)


def _steps(node: Node) -> Iterator[tuple[Shape, int]]:
    """The shapes that a node's operations put out, each with the tensors of that size that live only meanwhile."""
    between = node.layer.between(*node.input_shapes)
    if between is not None:
        yield between, 0
    function = node.layer.function
    scratch = TENSORS.get(function, 2) - 2
    if node.role not in KERNELS:
        yield node.shape, scratch
        return
    yield node.shape, 0
    if function not in FUSED:
        yield node.shape, scratch


def _pads_as(layer: Layer, padding: Node) -> bool:
    """Whether a convolution without padding of its own sees what it would see of the unpadded map with "same"."""
    window = layer.window()
    if layer.role not in CONVOLUTIONS or window is None or getattr(layer, "padding", "") != "valid":
        return False
    sides: Any = padding.layer
    around = (sides.padding,) if isinstance(sides.padding[0], int) else sides.padding  # of steps: before, behind
    (source,) = padding.inputs
    return all(
        cells == same_pads(size, window.extent[axis], int(window.stride[axis]))
        for axis, (size, cells) in enumerate(zip(source.shape[:-1], around, strict=True))
    )


def peak_activation_bytes(graph: Graph) -> Any:
    """Largest sum of live tensors at any step, in bytes of float32 for one example; AtLeast where a size is unknown.

    The steps are the operations that TFLite makes of the nodes, in graph order. A tensor lives from the step that
    computes it to the last one that reads it; an output of the graph to the end. While an operation computes, its
    inputs and its output are all live.
    """
    plan = Plan(graph)
    dying = _dying(plan)
    live = peak = 0
    complete = True
    for operation, dead in zip(plan.operations, dying, strict=True):
        cells = plan.cells[operation.written]
        if cells is UNKNOWN:
            complete = False
        else:
            live += cells
            peak = max(peak, live + operation.scratch)
        live -= sum(plan.cells[tensor] for tensor in dead)
    return BYTES_PER_CELL * (peak if complete else total([peak, UNKNOWN]))


def _dying(plan: Plan) -> list[list[int]]:
    """For each operation the tensors, of those whose size is known, that nothing behind it reads."""
    last = {operation.written: step for step, operation in enumerate(plan.operations)}
    for step, operation in enumerate(plan.operations):
        last.update(dict.fromkeys(operation.reads, step))
    dying: list[list[int]] = [[] for _ in plan.operations]
    for tensor, step in last.items():
        if tensor not in plan.outputs and plan.cells[tensor] is not UNKNOWN:
            dying[step].append(tensor)
    return dying
