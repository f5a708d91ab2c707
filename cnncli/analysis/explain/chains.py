"""Kernels one behind the other: for each the one before it and those that read it, where nothing else computes."""

from __future__ import annotations

from cnncli.analysis.compare.work import Wires, groups, is_depthwise, is_pointwise, kernel_before, kernel_size, strides
from cnncli.graph import Graph, Node, Role
from cnncli.graph.roles import CONVOLUTIONS, KERNELS


class Chains:
    """The kernels of a graph in normal form that work on maps; those of gates are none.

    A layer that is applied twice is left out, whose weights are there once.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self.wires = graph, Wires(graph)
        self.readers = graph.readers()
        self.kernels = [node for node in graph.nodes if self._works(node)]
        self.before: dict[int, Node | None] = {}
        self.after: dict[int, list[Node]] = {node.index: [] for node in self.kernels}
        for node in self.kernels:
            before = kernel_before(node, self.wires)
            self.before[node.index] = before if before and before.index in self.after else None
            if before and before.index in self.after:
                self.after[before.index].append(node)
        self.joining: dict[int, list[Node]] = {}
        """The kernels whose output a layer lays beside others', by its index."""
        for node in self.kernels:
            joined = self.joined(node)
            if joined:
                self.joining.setdefault(joined.index, []).append(node)

    def _works(self, node: Node) -> bool:
        on_map = not self.wires.behind[node.index] and node.index not in self.wires.gated and len(node.shape) > 1
        return node.role in KERNELS and on_map and node.shares is None and len(node.inputs) == 1 and not _enlarges(node)

    def only_after(self, node: Node) -> Node | None:
        """The kernel that reads a kernel, if nothing else does."""
        (found, *more) = self.after[node.index] or (None,)
        return None if more or found is None or self._is_read_beside(node, found) else found

    def only_before(self, node: Node) -> Node | None:
        """The kernel before a kernel, if nothing else reads it."""
        before = self.before[node.index]
        return before if before and self.only_after(before) is node else None

    def _is_read_beside(self, before: Node, after: Node) -> bool:
        """Whether something other than a gate, such as a shortcut, reads what is computed between two kernels."""
        node = after
        while node is not before:
            source = (self.wires.maps(node) if node.index in self.wires.gates else node.inputs)[0]
            if any(
                reader is not node and reader.index not in self.wires.gated for reader in self.readers[source.index]
            ):
                return True
            node = source
        return False

    def ends_linear(self, node: Node) -> bool:
        """Whether nothing is activated right behind a kernel."""
        activated = any(reader.role is Role.ACTIVATION for reader in self.readers[node.index])
        return node.layer.function == "linear" and not activated

    def joined(self, node: Node) -> Node | None:
        """What lays the output of a kernel beside others', where nothing else reads it."""
        readers = self.readers[node.index]
        while len(readers) == 1:
            (reader,) = readers
            if reader.role is Role.MERGING:
                return None if reader.layer.combines else reader
            if reader.role not in (Role.ACTIVATION, Role.NORMALIZATION):
                return None
            readers = self.readers[reader.index]
        return None


def _enlarges(node: Node) -> bool:
    return node.window is not None and min(node.window.stride) < 1


def reads(node: Node) -> int:
    """How many channels a kernel's layer is given."""
    return node.input_shapes[0][-1]


def makes(node: Node) -> int:
    return node.shape[-1]


def widens(node: Node) -> bool:
    """Whether it is a 1x1 convolution into more channels."""
    return is_pointwise(node) and makes(node) > reads(node)


def narrows(node: Node) -> bool:
    return is_pointwise(node) and makes(node) < reads(node)


def sees_several(node: Node) -> bool:
    """Whether it is a convolution of several cells over several channels."""
    return node.role in CONVOLUTIONS and not is_pointwise(node) and not is_depthwise(node)


def is_plain(node: Node) -> bool:
    """Whether its filters read all channels of adjacent cells, at every place."""
    dilation = getattr(node.layer, "dilation_rate", 1)
    dense = (dilation if isinstance(dilation, int) else max(dilation)) == 1
    return sees_several(node) and groups(node) == 1 and dense and max(strides(node)) == 1


def is_square(node: Node) -> bool:
    return len(set(kernel_size(node))) == 1
