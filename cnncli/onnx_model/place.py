"""A node's place in a file: what its layer reads, and what it writes there under the node's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from cnncli.errors import UsageError
from cnncli.graph import UNKNOWN, Node, Shape
from cnncli.onnx_model.lowering import Laid, Lowering, Order, first, known, last, ordered, spread


class Place:
    """What a layer is written with. The last operation is named as the node, those before it have a part's name."""

    def __init__(self, lowering: Lowering, node: Node) -> None:
        self.lowering = lowering
        self.node = node
        self.layer: Any = node.layer
        self.first = first(len(node.shape))
        """The order of axes of the output with the channels first."""
        self.last = last(len(node.shape))

    # What it reads.

    def source(self, number: int = 0) -> Laid:
        """One of the inputs as it is."""
        return self.lowering.laid(self.node.inputs[number])

    def input(self, number: int = 0, order: Order | None = None) -> str:
        """One of the inputs in an order: with the channels first, unless told otherwise."""
        node = self.node.inputs[number]
        return self.lowering.output(node, first(len(node.shape)) if order is None else order)

    def channels_last(self, number: int = 0) -> str:
        """One of the inputs with the channels last."""
        return self.input(number, last(len(self.node.inputs[number].shape)))

    # Weights and constants.

    def array(self, name: str) -> Any:
        """The values of a weight, in Keras's shape; None where there is no such weight."""
        return self.lowering.array(self.node, name)

    def weight(self, name: str, values: Any = None, *, trained: bool = True) -> str:
        """A weight, its values as the operation needs them: as Keras has them unless given."""
        return self.lowering.weight(self.node, name, self.array(name) if values is None else values, trained=trained)

    def along_channels(self, name: str, order: Order, *, trained: bool = True) -> str:
        """A weight of one number a channel, to be broadcast over a tensor of that order."""
        return self.weight(name, self.by_channel(self.array(name), order), trained=trained)

    def by_channel(self, values: Any, order: Order) -> Any:
        """Numbers, of which there is one or one a channel, to be broadcast over a tensor of that order."""
        return spread(values, [len(order)], order) if values.ndim else values

    def constant(self, part: str, values: Any, dtype: str = "float32") -> str:
        """A constant by its part in the layer."""
        return self.lowering.constant(f"{self.lowering.name(self.node)}.{part}", values, dtype)

    def whole(self, part: str, values: Iterable[int] | int) -> str:
        """A constant of whole numbers: a size, axes, pads."""
        return self.constant(part, values if isinstance(values, int) else list(values), "int64")

    # Operations.

    def named(self, part: str = "") -> str:
        """What an operation is called: as the node, or as a part that the last operation needs."""
        own = self.lowering.name(self.node)
        return self.lowering.unique(f"{own}/{part}") if part else own

    def add(self, operation: str, inputs: Sequence[str], part: str = "", **attributes: Any) -> str:
        """Append an operation and return the name of its output."""
        return self.lowering.add(operation, inputs, self.named(part), **attributes)

    def chain(self, tensor: str, *steps: tuple[str, str, str]) -> str:
        """Append operations of two operands, (operation, the other operand, its part), each on what the last one made.

        The last of them is the node's own.
        """
        for number, (operation, operand, part) in enumerate(steps, 1):
            tensor = self.add(operation, [tensor, operand], part if number < len(steps) else "")
        return tensor

    def reshape(self, tensor: str, shape: Shape, part: str = "") -> str:
        """Append a reshape of each example to `shape`, in the file's order of axes; one size may be open."""
        if sum(size is UNKNOWN for size in shape) > 1:
            self.refuse("more than one of the sizes that it makes is open")
        sizes = [-1 if size is UNKNOWN else size for size in shape]
        return self.add("Reshape", [tensor, self.whole(f"{part or 'to'}.shape", (0, *sizes))], part)

    def reshape_back(self, tensor: str, like: Laid, part: str = "") -> str:
        """Append a reshape to the shape of `like`, which is that of the node's output."""
        shape = ordered(self.node.shape, like.order)
        if known(shape):
            return self.reshape(tensor, shape, part)
        return self.add("Reshape", [tensor, self.add("Shape", [like.name], "shape")], part)

    def refuse(self, why: str) -> NoReturn:
        """Say that the layer cannot be written. Raises UsageError."""
        raise UsageError(f"{self.node.name}: {self.node.type} cannot be written to ONNX: {why}")


Lowered = Callable[[Place], Laid]
"""`lowered(place)` appends a node's operations and says which tensor its output is."""


def position(order: Order, axis: int) -> int:
    """Where an axis of Keras's, which counts the batch as axis 0 and negative ones from the end, stands in the file."""
    place = axis + len(order) + 1 if axis < 0 else axis
    return order.index(place) + 1 if place else 0
