"""A network on its way into a file: its tensors in the order of axes that each stands in, its names, its initializers.

ONNX has the channels on axis 1, (batch, channels, height, width), the graph's shapes have them last. So each tensor
knows which axes of the graph's shape stand where, and is turned only where an operation needs them in another order: at
the network's ends, where a map is laid flat, around products over the channels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.graph import Graph, Node, Shape
from cnncli.graph.names import Names

Arrays = Mapping[str, Sequence[Any]]
"""The values of the weights of each node, by its name, in Keras's order and shapes."""
Order = tuple[int, ...]
"""Which axes of the graph's shape stand behind the batch, counted from 1: (3, 1, 2) for channels, height, width."""


class Laid(NamedTuple):
    """A tensor by its name in the file, and the order of its axes there."""

    name: str
    order: Order


def last(rank: int) -> Order:
    """The channels last, as in the graph."""
    return tuple(range(1, rank + 1))


def first(rank: int) -> Order:
    """The channels before the axes in space; a vector is either."""
    return rotated(rank, max(rank - 1, 0))


def rotated(rank: int, count: int) -> Order:
    """The first `count` axes behind the others."""
    return (*range(count + 1, rank + 1), *range(1, count + 1))


def ordered(shape: Shape, order: Order) -> Shape:
    """The graph's sizes as they stand in a tensor of that order."""
    return tuple(shape[axis - 1] for axis in order)


def spread(values: Any, axes: Sequence[int], order: Order) -> Any:
    """Numbers along some axes of the graph's shape, which ascend, so that they are broadcast over a tensor."""
    standing = [axis for axis in order if axis in axes]
    turned = values.transpose([axes.index(axis) for axis in standing])
    sizes = iter(turned.shape)
    behind = order[order.index(standing[0]) :]
    return turned.reshape([next(sizes) if axis in axes else 1 for axis in behind])


class Lowering:
    """The operations so far, the initializers, and what each node's tensor is."""

    def __init__(self, graph: Graph, arrays: Arrays, ends: Iterable[str] = ()) -> None:
        self.operations: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.constants: list[str] = []
        """Initializers that are no weights of the network: sizes, and numbers that a layer's arguments say."""
        self.not_trained: list[str] = []
        """Initializers that are weights which training leaves as they are."""
        self._arrays = arrays
        self._free = Names(ends, between="_")
        self._names = {node: self.unique(node.name) for node in graph.nodes}
        self._weights: dict[tuple[str, str], str] = {}
        self._tensors: dict[Node, Laid] = {}
        self._turned: dict[tuple[str, Order], str] = {}

    # Names.

    def unique(self, wish: str) -> str:
        """A name that nothing in the file has yet: the wish, or with a number behind it."""
        return self._free.free(wish)

    def name(self, node: Node) -> str:
        """What a node's tensor is called: as the node, unless an end of the network has that name."""
        if node not in self._names:
            self._names[node] = self.unique(node.name)
        return self._names[node]

    # Tensors.

    def give(self, node: Node, tensor: Laid) -> None:
        """Say which tensor a node's output is."""
        self._tensors[node] = tensor

    def laid(self, node: Node) -> Laid:
        """A node's output as it is."""
        return self._tensors[node]

    def output(self, node: Node, order: Order) -> str:
        """A node's output in an order, turned where it is in another. It is turned once for all that read it."""
        tensor = self._tensors[node]
        if tensor.order == order:
            return tensor.name
        if (tensor.name, order) not in self._turned:
            self._turned[tensor.name, order] = self._turn(tensor, order)
        return self._turned[tensor.name, order]

    def _turn(self, tensor: Laid, order: Order) -> str:
        rank = len(order)
        ends = {first(rank): "channels_first", last(rank): "channels_last"}
        name = self.unique(f"{tensor.name}/{ends.get(order, 'turned')}")
        places = [0, *(tensor.order.index(axis) + 1 for axis in order)]
        return self.add("Transpose", [tensor.name], name, perm=places)

    # Weights and constants.

    def array(self, node: Node, name: str) -> Any:
        """The values of a weight of a node, in Keras's shape; None where the node has no such weight."""
        owner = node.shares or node
        held = self._arrays.get(owner.name)
        if held is None:
            return None
        return next((array for weight, array in zip(owner.weights, held, strict=True) if weight.name == name), None)

    def weight(self, node: Node, name: str, values: Any, *, trained: bool = True) -> str:
        """An initializer that holds a weight of a node, its values as the operation needs them, in float32.

        Nodes that share it hold it once, unless they need it in different orders of axes.
        """
        import numpy

        owner, values = node.shares or node, numpy.asarray(values, "float32")
        held = self._weights.get((owner.name, name))
        if held is None or not numpy.array_equal(self.initializers[held], values):
            held = self._weights[owner.name, name] = self.unique(f"{owner.name}.{name}")
            self._hold(held, values)
            if not trained:
                self.not_trained.append(held)
        return held

    def constant(self, wish: str, values: Any, dtype: str = "float32") -> str:
        """An initializer that is no weight: what a layer's arguments say, not what training finds."""
        import numpy

        name = self.unique(wish)
        self._hold(name, numpy.asarray(values, dtype))
        self.constants.append(name)
        return name

    def _hold(self, name: str, values: Any) -> None:
        import numpy

        self.initializers[name] = numpy.asarray(values)

    # Operations.

    def add(self, operation: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Append an operation, whose first output has its name, and return that. `attributes` that are None are not
        written.
        """
        return self.add_several(operation, inputs, [name], **attributes)

    def add_several(self, operation: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> str:
        """An operation with more than one output, of which "" are not asked for; named as the one that is."""
        from onnx import helper

        name = next(filter(None, outputs))
        given = {key: value for key, value in attributes.items() if value is not None}
        self.operations.append(helper.make_node(operation, list(inputs), list(outputs), name=name, **given))
        return name


def known(sizes: Iterable[int]) -> bool:
    """Whether no size is left open."""
    return all(size is not UNKNOWN for size in sizes)
