"""From a file's operations to a graph: what readers of formats with tensors, batch axes and layouts share.

A file's tensor has a batch axis, and its channels may come first. The graph's shapes have no batch axis and the
channels last, (height, width, channels), whatever the file's layout: a transpose that changes the layout alone is
no layer, unless every operation is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite, prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Graph, Layer, Node, Shape, Weight
from cnncli.graph.layer import snake_case
from cnncli.graph.layers import Constant, InputLayer, Moving, Opaque, Permute, Reshape, Select, TimeDistributed
from cnncli.graph.names import Names
from cnncli.graph.roles import CONVOLUTIONS, KERNELS, Role

FACTOR = "factor"
"""The name of what else a weight is computed of; its values are in the weight's already."""


@dataclass(eq=False, slots=True)
class Tensor:
    """A tensor of a file. `shape` has the batch axis; sizes may be UNKNOWN; it is None where the rank is not known.

    `constant` is whether the file holds it; `values` are a small one's, flat, where the reader has looked them up.
    `identity` tells its memory from others' (two tensors of one buffer are one); `channels_first` is whether axis 1 is
    the channels'. `quantized` is whether its integers stand for real numbers. `stored` is what a constant's values are
    asked for by; "" where the reader does not say.
    """

    name: str
    shape: tuple[int, ...] | None
    dtype: str = "float32"
    constant: bool = False
    values: tuple[Any, ...] | None = None
    identity: str = ""
    quantized: bool = False
    channels_first: bool = False
    stored: str = ""

    @property
    def rank(self) -> int:
        return -1 if self.shape is None else len(self.shape)

    @property
    def is_weight(self) -> bool:
        """Whether it counts as parameters: real numbers, or integers that stand for them."""
        return self.constant and (self.quantized or self.dtype.startswith(("float", "bfloat")))


class Assembly:
    """A graph in the making, and which of its nodes a file's tensors are."""

    def __init__(self, name: str, *, batch: int = 1, raw: bool = False) -> None:
        """`batch` is the size of the batch axis in the file's shapes, by which work is divided."""
        self.graph = Graph(name)
        self.batch, self.raw = batch, raw
        self._nodes: dict[int, Node] = {}
        self._tensors: list[Tensor] = []  # kept, so that no other object takes an id that is in use
        self._names = Names()

    # What tensors are in the graph.

    def is_batched(self, tensor: Tensor) -> bool:
        """Whether its first axis is the batch's."""
        if tensor.constant or not tensor.shape:
            return False
        return tensor.shape[0] is UNKNOWN or tensor.shape[0] == self.batch

    def shape(self, tensor: Tensor) -> Shape:
        """The shape that it has in the graph. An axis that holds the batch and more keeps what is more."""
        if tensor.shape is None:
            return (UNKNOWN,)
        if tensor.constant or not tensor.shape:
            found = list(tensor.shape)
        elif self.is_batched(tensor):
            found = list(tensor.shape[1:])
        else:
            found = _divided(tensor.shape, self.batch)
        if tensor.channels_first and len(tensor.shape) >= 3 and self.is_batched(tensor):
            found = [*found[1:], found[0]]
        return tuple(found)

    def axis(self, tensor: Tensor, axis: int) -> int:
        """An axis of the file's tensor as the graph's layers count it: the batch is 0, the channels last.

        Of a tensor without a batch axis the first one is 1.
        """
        rank = tensor.rank
        axis += rank if axis < 0 else 0
        if not self.is_batched(tensor):
            return axis + 1
        if tensor.channels_first and rank >= 3 and axis:
            return rank - 1 if axis == 1 else axis - 1
        return axis

    def operand(self, constant: Tensor, like: Tensor) -> Shape:
        """The shape of a constant that is combined cell by cell with `like`, in the graph's layout."""
        rank, shape = like.rank, constant.shape or ()
        padded = (1,) * (rank - len(shape)) + tuple(shape)
        if not self.is_batched(like):
            return tuple(shape)
        if like.channels_first and rank >= 3 and len(padded) == rank:
            padded = (padded[0], *padded[2:], padded[1])
        found = list(padded[1:])
        while len(found) > 1 and found[0] == 1 and len(found) > len(shape):
            found.pop(0)
        return tuple(found)

    def order(self, constant: Tensor, like: Tensor) -> tuple[int, ...]:
        """The axes of such a constant in the graph's layout: `operand` is its shape once they are in this order."""
        rank, own = like.rank, constant.rank
        if not (self.is_batched(like) and like.channels_first and 3 <= rank >= own):
            return ()
        lead = rank - own
        return tuple(axis - lead for axis in (0, *range(2, rank), 1) if axis >= lead)

    def weight(
        self, name: str, tensor: Tensor, shape: Shape | None = None, trainable: bool = True, axes: tuple[int, ...] = ()
    ) -> Weight:
        """A constant as a layer's weight, in Keras's shape where that is given and has all of its cells.

        `axes` are the constant's in the order of that shape, as graph.Weight has them.
        """
        own = tuple(tensor.shape or ())
        if shape is not None and prod(shape) == prod(own):
            own = shape
        return Weight(name, own, trainable, tensor.dtype, tensor.identity or tensor.name, tensor.stored, axes)

    def held(self, tensor: Tensor) -> tuple[Weight, ...]:
        """The weights that a constant is."""
        return (self.weight("constant", tensor),) if tensor.is_weight else ()

    # Which nodes tensors are.

    def node(self, tensor: Tensor) -> Node:
        """The node that puts a tensor out; a constant that is read as if it were computed becomes one."""
        found = self._nodes.get(id(tensor))
        if found is None:
            if not tensor.constant:
                raise LayerError(f"{tensor.name}: nothing computes this tensor")
            found = self.hold(tensor)
        return found

    def hold(self, tensor: Tensor, shape: Shape | None = None, weights: Sequence[Weight] | None = None) -> Node:
        """A constant as a node: of its own shape unless another is given, made of its own values unless of others."""
        own = (UNKNOWN,) if tensor.shape is None else tuple(tensor.shape)
        layer = Constant(own if shape is None else shape)
        made_of = self.held(tensor) if weights is None else weights
        node = self.graph.add(layer, name=self.free(tensor.name), dtype=tensor.dtype, weights=made_of)
        self._bind(tensor, node)
        return node

    def has(self, tensor: Tensor) -> bool:
        return id(tensor) in self._nodes

    def layers_of(self, tensors: Sequence[Tensor], since: int) -> tuple[int, ...]:
        """The layers, by index, that were appended since there were so many; where none was, those that give these."""
        made = tuple(range(since, len(self.graph.nodes)))
        return made or tuple(dict.fromkeys(self._nodes[id(each)].index for each in tensors if self.has(each)))

    def enter(self, tensor: Tensor, name: str = "", dtype: str = "") -> Node:
        """An input of the network."""
        node = self.graph.add(
            InputLayer(self.shape(tensor)), name=self.free(name or tensor.name), dtype=dtype or tensor.dtype
        )
        self._bind(tensor, node)
        return node

    def alias(self, output: Tensor, source: Tensor, layout: bool | None = None) -> None:
        """The output is the source, as far as the graph is concerned; `layout` is whether its channels come first."""
        output.channels_first = source.channels_first if layout is None else layout
        self._bind(output, self.node(source))

    def apply(
        self, layer: Layer, inputs: Sequence[Tensor], output: Tensor, *, name: str = "",
        weights: Sequence[Weight] | None = None, channels_first: bool | None = None, shares: Node | None = None,
    ) -> Node:  # fmt: skip
        """Append a layer, whose output has the shape that the file says; where the two differ it is an opaque one.

        `weights` are those of the file; None: those that follow from the layer, as where it has none.
        `channels_first` is the output's layout: the inputs' unless given.
        """
        nodes = [self.node(tensor) for tensor in inputs]
        if channels_first is None:
            channels_first = any(tensor.channels_first and tensor.rank == output.rank for tensor in inputs)
        output.channels_first = channels_first
        expected = self.shape(output)
        fitting = _fitting(layer, [node.shape for node in nodes], expected, weights)
        if fitting is None:
            fitting, weights = _stand_in(layer, [node.shape for node in nodes], expected), tuple(weights or ())
        free = self.free(name or output.name or snake_case(layer.type))
        node = self.graph.add(fitting, *nodes, name=free, dtype=output.dtype, weights=weights, shares=shares)
        self._bind(output, node)
        return node

    def opaque(
        self, operation: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], *, name: str = "",
        weights: Sequence[Weight] = (),
    ) -> Node:  # fmt: skip
        """Append an operation that nobody knows, with what it puts out. Constants among its inputs are its weights."""
        given = [each for tensor in inputs if tensor.constant and not self.has(tensor) for each in self.held(tensor)]
        return self.several(
            Opaque(operation, self._first(outputs)), inputs, outputs, name=name, weights=(*weights, *given)
        )

    def several(
        self, layer: Layer, inputs: Sequence[Tensor], outputs: Sequence[Tensor], *, name: str = "",
        weights: Sequence[Weight] | None = None,
    ) -> Node:  # fmt: skip
        """Append an operation with any number of outputs: with more than one, each is a node that selects it."""
        nodes = [self.node(tensor) for tensor in inputs if self.has(tensor) or not tensor.constant]
        written = name or (outputs[0].name if outputs else "") or snake_case(layer.type)
        dtype = outputs[0].dtype if outputs else ""
        node = self.graph.add(layer, *nodes, name=self.free(written), dtype=dtype, weights=weights)
        for number, output in enumerate(outputs):
            selected = node
            if len(outputs) > 1:
                select = Select(number, self.shape(output))
                selected = self.graph.add(select, node, name=self.free(f"{written}:{number}"), dtype=output.dtype)
            self._bind(output, selected)
        return node

    def transpose(self, source: Tensor, output: Tensor, order: Sequence[int], *, name: str = "") -> None:
        """The axes in another order. One that changes the layout alone is no layer of a folded graph."""
        first, last = (0, source.rank - 1, *range(1, source.rank - 1)), (0, *range(2, source.rank), 1)
        axes = tuple(int(axis) for axis in order)
        becomes = axes == first and not source.channels_first
        if source.rank >= 3 and self.is_batched(source) and (becomes or (axes == last and source.channels_first)):
            if not self.raw:
                self.alias(output, source, layout=becomes)
                return
            dims = tuple(range(1, source.rank))
            self.apply(Permute(dims), [source], output, name=name, channels_first=becomes)
            return
        self._permute(source, output, axes, name)

    def _permute(self, source: Tensor, output: Tensor, axes: tuple[int, ...], name: str) -> None:
        if self.is_batched(source) and axes[:1] == (0,):
            output.channels_first = source.channels_first
            places = [self.axis(source, axis) for axis in axes[1:]]  # in the order of the file's output
            if source.channels_first and source.rank >= 3:
                places = [*places[1:], places[0]]
            if sorted(places) == list(range(1, source.rank)):
                self.apply(Permute(tuple(places)), [source], output, name=name, channels_first=source.channels_first)
                return
        self.several(Moving("Transpose", self.shape(output)), [source], [output], name=name, weights=())

    def give(self, outputs: Sequence[Tensor]) -> None:
        """Say what the network gives."""
        self.graph.give(*(self.node(tensor) for tensor in outputs))

    def free(self, name: str) -> str:
        """The name, with a number behind it where it is taken."""
        return self._names.free(name)

    def _first(self, outputs: Sequence[Tensor]) -> Shape:
        return self.shape(outputs[0]) if outputs else ()

    def _bind(self, tensor: Tensor, node: Node) -> None:
        self._nodes[id(tensor)] = node
        self._tensors.append(tensor)


SPREAD = {(1, 4, 2, 5, 3): 1, (3, 4, 1, 5, 2): 0}
"""How axes are turned so that channels that were cut into (channels, block, block) or (block, block, channels) become
pixels, and the first axis of the block."""


def joins_pixels(node: Node, sizes: Shape) -> bool:
    """Whether to reshape what a node gives to (channels, height, width) makes pixels of a map's channels.

    Sub-pixel convolution (Shi et al. 2016), as exporters write it that have no operation for it: the map was cut up,
    its axes were turned, and what comes is a map again, whose channels are first.
    """
    if not isinstance(node.layer, Permute) or node.layer.dims not in SPREAD or len(sizes) != 3:
        return False
    (cut,) = node.inputs
    before = cut.inputs[0].shape if isinstance(cut.layer, Reshape) else ()
    return len(before) == 3 and agrees(before[:2], (node.shape[1], node.shape[3])) and agrees(sizes[:1], node.shape[:1])


def lone(values: Sequence[Any] | None) -> float | None:
    """The only value of a constant as far as 32 bits hold it; None where it has others or is no finite number."""
    if values is None or len(values) != 1 or not isinstance(values[0], (int, float)):
        return None
    with suppress(OverflowError):
        value = float(values[0])
        return float(f"{value:.7g}") if isfinite(value) else None
    return None


def _divided(shape: Shape, batch: int) -> list[int]:
    """The sizes of a tensor of which another axis than the first is the batch's, or which has it within an axis.

    Sequences are also written (steps, batch, channels), which is asked first: where the steps are a multiple of the
    batch, either would give the right work, but only one the steps. The last axis is the channels', which a kernel
    must find whole. Where no axis holds the batch, what belongs to one example is not known.
    """
    found = list(shape)
    if batch <= 1 or len(shape) < 2:
        return found
    places = [axis for axis in range(1, len(shape) - 1) if shape[axis] == batch]
    places += [axis for axis in range(len(shape) - 1) if shape[axis] is not UNKNOWN and shape[axis] % batch == 0]
    if places:
        found[places[0]] //= batch
    else:
        found[0] = UNKNOWN
    return found


def _fitting(layer: Layer, inputs: Sequence[Shape], expected: Shape, weights: Sequence[Weight] | None) -> Layer | None:
    """The layer, or it along a further axis in front, where it gives what the file says; else None."""
    leading = len(expected) > 3 and (layer.role in CONVOLUTIONS or layer.role is Role.POOLING)
    for each in (TimeDistributed(layer), layer) if leading else (layer,):
        try:
            if agrees(each.output_shape(*inputs), expected) and _has_kernels(each, inputs, weights):
                return each
        except LayerError:
            continue
    return None


def _stand_in(layer: Layer, inputs: Sequence[Shape], expected: Shape) -> Layer:
    """What stands for a layer that gives another shape than the file says: of one without kernels the work is known."""
    try:
        works = layer.macs(*inputs) != 0
    except LayerError:
        works = layer.role in KERNELS or layer.role is Role.OTHER
    return Opaque(layer.type, expected) if works else Moving(layer.type, expected)


def agrees(found: Shape, expected: Shape) -> bool:
    """Whether two shapes are one as far as they are known."""
    return len(found) == len(expected) and all(
        one is UNKNOWN or other is UNKNOWN or one == other for one, other in zip(found, expected, strict=True)
    )


def _has_kernels(layer: Layer, inputs: Sequence[Shape], weights: Sequence[Weight] | None) -> bool:
    """Whether the file's kernels are as large as the layer's: only then is what it counts the file's work."""
    if weights is None:
        return True
    own = [weight.size for weight in layer.weights(*inputs) if weight.name.endswith("kernel")]
    given = [prod(weight.shape) for weight in weights if weight.name.endswith("kernel")]
    return own == given
