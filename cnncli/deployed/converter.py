"""What TFLite's converter makes of a graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnncli.deployed.plan import Operation, Plan, Tensor
from cnncli.graph import Graph, Layer, Node, Shape
from cnncli.graph.layer import same_pads
from cnncli.graph.roles import CONVOLUTIONS, KERNELS, Role

FUSED = frozenset({"linear", "relu", "relu6", "hard_tanh"})
"""The activation functions that TFLite computes within a convolution or a dense layer: no tensor stands between."""
TENSORS = {"silu": 3, "celu": 3, "mish": 3, "softsign": 3, "selu": 4}


def converted(graph: Graph, kind: str, batch: int) -> Plan:
    """The plan of a graph."""
    return _Converter(graph, kind, batch).plan


class _Converter:
    def __init__(self, graph: Graph, kind: str, batch: int) -> None:
        self.plan = Plan(kind)
        self.batch = batch
        self.dtype = "int8" if kind.startswith("int8") else "float32"
        self._held: list[int] = []  # of each node the tensor that its output is
        self._readers = graph.readers()
        self._fusing: list[bool] = []
        for node in graph.nodes:
            self._add(node)
        self.plan.inputs = tuple(self._held[node.index] for node in graph.inputs)
        self.plan.outputs = tuple(self._held[node.index] for node in graph.outputs)

    def _tensor(self, node: Node, shape: Shape) -> int:
        self.plan.tensors.append(Tensor(node.name, (self.batch, *shape), self.dtype))
        return len(self.plan.tensors) - 1

    def _add(self, node: Node) -> None:
        within = self._within_kernel(node)
        self._fusing.append(within or (node.role in KERNELS and node.layer.function in FUSED))
        reads = tuple(self._held[source.index] for source in node.inputs)
        if node.role is Role.INPUT:
            self._held.append(self._tensor(node, node.shape))
            return
        if within or (len(reads) == 1 and (node.layer.free or self._pads_as_same(node))):
            self._held.append(reads[0])
            return
        for shape, scratch in _steps(node):
            for _ in range(scratch):
                between = self._tensor(node, shape)
                self.plan.operations.append(Operation(node.type, reads, (between,), (), (node.index,)))
                reads = (reads[0], between)
            made = self._tensor(node, shape)
            self.plan.operations.append(Operation(node.type, reads, (made,), (), (node.index,)))
            reads = (made,)
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
