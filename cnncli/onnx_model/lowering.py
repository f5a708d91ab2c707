"""What layers are written with: tensors in the layout that an operation needs, weights, constants, operations.

ONNX has the channels on axis 1, (batch, channels, height, width), the graph's shapes have them last. So each tensor
knows which of the two it is, and is turned only where an operation needs the other: at the network's ends, where a map
is laid flat, around products over the channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from cnncli.graph import Graph, Node, Shape

Arrays = Mapping[str, Sequence[Any]]
"""The values of the weights of each node, by its name, in Keras's order and shapes."""


class Laid(NamedTuple):
    """A tensor by its name in the file, and whether its channels are on axis 1. One of a vector is either."""

    name: str
    first: bool


Lowered = Callable[["Lowering", Node], Laid]
"""`lowered(lowering, node)` appends the operations of a node, the last of them named as the node."""


class Lowering:
    """A network on its way into a file: its operations so far, its initializers, and what each node's tensor is."""

    def __init__(self, graph: Graph, arrays: Arrays) -> None:
        self.graph = graph
        self.operations: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.constants: list[str] = []
        """Initializers that are no weights of the network: sizes, and numbers that a layer's arguments say."""
        self.not_trained: list[str] = []
        """Initializers that are weights which training leaves as they are."""
        self._arrays = arrays
        self._tensors: dict[int, Laid] = {}
        self._turned: dict[tuple[str, bool], str] = {}

    # Tensors.

    def give(self, node: Node, tensor: Laid) -> None:
        """Say which tensor a node's output is."""
        self._tensors[node.index] = tensor

    def laid(self, node: Node) -> Laid:
        """A node's output as it is."""
        return self._tensors[node.index]

    def output(self, node: Node, *, first: bool) -> str:
        """A node's output in a layout, turned where it is in the other."""
        name, is_first = self._tensors[node.index]
        if len(node.shape) < 2 or is_first == first:
            return name
        if (name, first) not in self._turned:
            axes = len(node.shape)
            order = [0, axes, *range(1, axes)] if first else [0, *range(2, axes + 1), 1]
            turned = f"{name}/{'first' if first else 'last'}"
            self._turned[name, first] = self.add("Transpose", [name], turned, perm=order)
        return self._turned[name, first]

    def input(self, node: Node, number: int = 0, *, first: bool = True) -> str:
        """One of a node's inputs in a layout."""
        return self.output(node.inputs[number], first=first)

    def inputs(self, node: Node, *, first: bool) -> list[str]:
        """All of a node's inputs in a layout."""
        return [self.output(source, first=first) for source in node.inputs]

    def comes_first(self, node: Node) -> bool:
        """Whether what the node reads has its channels first: then an operation on each cell leaves it so."""
        return any(self.laid(source).first for source in node.inputs if len(source.shape) == len(node.shape))

    # Weights and constants.

    def array(self, node: Node, name: str) -> Any:
        """The values of a weight of a node, in Keras's shape; None where the node has no such weight."""
        owner = node.shares or node
        for weight, array in zip(
            owner.layer.weights(*owner.input_shapes), self._arrays.get(owner.name, ()), strict=True
        ):
            if weight.name == name:
                return array
        return None

    def weight(self, node: Node, name: str, values: Any, *, trained: bool = True) -> str:
        """An initializer that holds a weight of a node, its values as the operation needs them."""
        owner = node.shares or node
        full = f"{owner.name}.{name}"
        if full not in self.initializers:
            self._hold(full, values)
            if not trained:
                self.not_trained.append(full)
        return full

    def constant(self, name: str, values: Any, dtype: str = "float32") -> str:
        """An initializer that is no weight: what a layer's arguments say, not what training finds."""
        import numpy

        if name not in self.initializers:
            self._hold(name, numpy.asarray(values, dtype))
            self.constants.append(name)
        return name

    def whole(self, name: str, values: Iterable[int] | int) -> str:
        """A constant of whole numbers: a size, axes, pads."""
        return self.constant(name, values if isinstance(values, int) else list(values), "int64")

    def _hold(self, name: str, values: Any) -> None:
        import numpy

        self.initializers[name] = numpy.asarray(values)

    # Operations.

    def add(self, operation: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Append an operation, whose first output has its name, and return that. `attributes` that are None are not
        written.
        """
        from onnx import helper

        given = {key: value for key, value in attributes.items() if value is not None}
        self.operations.append(helper.make_node(operation, list(inputs), [name], name=name, **given))
        return name

    def reshape(self, tensor: str, shape: Shape, name: str) -> str:
        """Append a reshape to `shape`, in the file's order of axes, of each example."""
        return self.add("Reshape", [tensor, self.whole(f"{name}.shape", (0, *shape))], name)


def inner(node: Node, part: str) -> str:
    """The name of an operation that a node needs before its last."""
    return f"{node.name}/{part}"


def in_layout(node: Node, *, first: bool) -> Shape:
    """The shape of a node's output as it stands in the file, without the batch."""
    return (node.shape[-1], *node.shape[:-1]) if first and len(node.shape) > 1 else node.shape


def axis(node_shape: Shape, keras_axis: int, *, first: bool) -> int:
    """An axis of Keras's (the batch is 0, the channels are last) as the file has it."""
    rank = len(node_shape)
    place = keras_axis + rank + 1 if keras_axis < 0 else keras_axis
    if not first or rank < 2 or not place:
        return place
    return 1 if place == rank else place + 1
