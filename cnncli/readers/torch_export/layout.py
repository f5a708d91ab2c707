"""A graph in the making of a program of torch: layouts, names, weights; what the single operations are made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError, UsageError
from cnncli.graph import Layer, Node, Shape, Weight
from cnncli.graph.layers import Constant, Identity, Moving, Opaque, Permute, Select
from cnncli.readers.assembly import Assembly, joins_pixels
from cnncli.readers.torch_export.program import Operation, Value

MOST_ORIGINS = 100
"""Parameters that a constant may be made of: each operation that reads it would name them all."""


class TorchNetwork:
    """What operations are appended to. `spatial` are the tensors whose channels stand behind the batch, `read`
    those that somebody reads.
    """

    def __init__(self, name: str, *, batch: int, raw: bool, spatial: frozenset[str], read: frozenset[str]) -> None:
        self._assembly = Assembly(name, batch=batch, raw=raw)
        self.graph, self.raw, self.batch = self._assembly.graph, raw, batch
        self.used: set[str] = set()
        self._spatial, self._read = spatial, read
        self._other_layout: dict[int, Value] = {}
        self._named: set[str] = set()
        self._computed: dict[int, Value] = {}
        self._kept: list[Value] = []  # so that no other object takes an id that is in use

    # Tensors.

    def enter(self, value: Value) -> None:
        self._assembly.enter(value)

    def give(self, values: Sequence[Value]) -> None:
        self._assembly.give([self.computed(value) for value in values])

    def shape(self, value: Value) -> Shape:
        return self._assembly.shape(value)

    def axis(self, value: Value, axis: int) -> int:
        return self._assembly.axis(value, axis)

    def is_batched(self, value: Value) -> bool:
        return self._assembly.is_batched(value)

    def is_spatial(self, value: Value) -> bool:
        """Whether operations ahead take it for a map whose channels come first."""
        return value.name in self._spatial and value.rank >= 3

    def joins_pixels(self, source: Value, output: Value) -> bool:
        """Whether to give a tensor this shape makes a map of pixels that were a map's channels."""
        known = self._assembly.has(source) and self.is_batched(output)
        return known and joins_pixels(self._assembly.node(source), output.sizes[1:])

    def in_layout(self, value: Value, channels_first: bool, operation: Operation) -> Value:
        """The tensor with its axes in the other order, by a layer that is appended where they are not."""
        if value.constant or value.rank < 3 or value.channels_first == channels_first or not self.is_batched(value):
            return value
        found = self._other_layout.get(id(value))
        if found is None:
            found = replace(value, name=f"{value.name}.layout", channels_first=channels_first)
            last = value.rank - 1
            dims = (*range(2, last + 1), 1) if channels_first else (last, *range(1, last))
            name = f"{self.name(operation)}.layout"
            self._assembly.apply(Permute(dims), [value], found, name=name, channels_first=channels_first)
            self._other_layout[id(value)] = found
        return found

    def alike(self, values: Sequence[Value], operation: Operation) -> list[Value]:
        """Tensors that are combined, in one layout: that of the first one whose channels come first, if any."""
        computed = [value for value in values if not value.constant]
        first = any(value.channels_first for value in computed)
        mixed = first and any(not value.channels_first and value.rank >= 3 for value in computed)
        return [self.in_layout(value, True, operation) if mixed else value for value in values]

    def computed(self, value: Value, like: Value | None = None) -> Value:
        """A tensor as a node's output: a constant becomes a node that puts it out, laid out as `like` is."""
        if not value.constant:
            return value
        found = self._computed.get(id(value))
        if found is None:
            found = replace(value, name=value.name, constant=False, origins=())
            found.channels_first = like is not None and like.channels_first and like.rank == value.rank
            weights = self.held(value)
            layer = Constant(self.shape(found))
            self._assembly.apply(
                layer, [], found, name=value.name, weights=weights, channels_first=found.channels_first
            )
            self._computed[id(value)] = found
            self._kept.append(value)
        return found

    # Weights.

    def held(self, value: Value) -> list[Weight]:
        """The parameters and buffers that a constant is made of."""
        return [self._weight("constant", origin, origin.sizes) for origin in value.origins]

    def weights(self, name: str, value: Value, shape: Shape | None = None) -> list[Weight]:
        """A constant as a layer's weight of this name, in Keras's shape where that is given.

        One that the program computes of parameters is as large as one of them or, where it is not, as itself.
        """
        wanted = value.sizes if shape is None else shape
        size = prod(wanted)
        main = next((origin for origin in value.origins if origin.size == size), None)
        if main is None:
            trained = any(origin.trainable for origin in value.origins)
            self.used.update(origin.identity for origin in value.origins)
            return [Weight(name, wanted, trained, value.dtype, value.identity or value.name)]
        others = [self._weight("parameter", each, each.sizes) for each in value.origins if each is not main]
        return [self._weight(name, main, wanted), *others]

    def _weight(self, name: str, origin: Value, shape: Shape) -> Weight:
        self.used.add(origin.identity)
        return Weight(name, shape, origin.trainable, origin.dtype, origin.identity or origin.name)

    def operand(self, constant: Value, like: Value) -> Shape:
        """The shape of a constant that is combined cell by cell with a tensor."""
        if constant.rank > like.rank:
            return constant.sizes[1:]
        return self._assembly.operand(constant, like)

    # Layers.

    def apply(
        self, operation: Operation, layer: Layer, inputs: Sequence[Value], output: Value | None = None, *,
        weights: Sequence[Weight] | None = (), channels_first: bool | None = None, behind: str = "",
    ) -> Node:  # fmt: skip
        """Append a layer that puts out the operation's first output, unless another one is given.

        `behind` follows the operation's name where a layer is but a part of it. What does not fit is opaque.
        """
        found = operation.outputs[0] if output is None else output
        name = f"{self.name(operation)}.{behind}" if behind else self.name(operation)
        return self._assembly.apply(
            layer, [self.computed(value) for value in inputs], found, name=name, weights=weights,
            channels_first=channels_first,
        )  # fmt: skip

    def move(
        self, operation: Operation, layer: Layer | None, inputs: Sequence[Value], *, title: str = "",
        channels_first: bool | None = None,
    ) -> None:  # fmt: skip
        """Append a layer that moves cells; where it is none that is known, one that says no more than that."""
        output = operation.outputs[0]
        if channels_first is None:
            channels_first = any(value.channels_first and value.rank == output.rank for value in inputs)
        output.channels_first = channels_first
        expected = self.shape(output)
        if layer is None or not _gives(layer, [self.shape(value) for value in inputs], expected):
            layer = Moving(title or operation.name, expected)
        self.apply(operation, layer, inputs, channels_first=channels_first)

    def alias(self, operation: Operation, source: Value, layout: bool | None = None) -> None:
        """The operation's output is its input; with all operations asked for, a layer that does nothing."""
        output = operation.outputs[0]
        if self.raw:
            first = source.channels_first if layout is None else layout
            self.apply(operation, Identity(), [source], channels_first=first)
        else:
            self._assembly.alias(output, source, layout=layout)

    def transpose(self, operation: Operation, source: Value, order: Sequence[int]) -> None:
        output = operation.outputs[0]
        if order[0] != 0 or not self.is_batched(source):
            self._assembly.several(
                Moving("Transpose", self.shape(output)), [source], [output], name=self.name(operation)
            )
            return
        self._assembly.transpose(
            source, output, order, name="" if self._vanishes(source, order) else self.name(operation)
        )

    def _vanishes(self, source: Value, order: Sequence[int]) -> bool:
        """Whether the order changes the layout alone, so that no layer needs a name."""
        rank = source.rank
        becomes = (0, *range(2, rank), 1) if source.channels_first else (0, rank - 1, *range(1, rank - 1))
        return not self.raw and tuple(order) == becomes and rank >= 3

    def several(
        self, operation: Operation, layer: Layer, inputs: Sequence[Value], weights: Sequence[Weight] = ()
    ) -> None:
        """Append a layer with all of the operation's outputs."""
        if not any(output.name in self._read for output in operation.outputs[1:]):
            operation.outputs[1:] = []
        self._assembly.several(
            layer, [self.computed(value) for value in inputs], operation.outputs, name=self.name(operation),
            weights=weights,
        )  # fmt: skip

    def select_others(self, operation: Operation) -> None:
        """What an operation gives beside its result, as indices or statistics, where somebody reads it."""
        first, *others = operation.outputs
        for number, output in enumerate(others, 1):
            if output.name in self._read and not self._assembly.has(output):
                output.channels_first = first.channels_first and first.rank == output.rank
                self.apply(operation, Select(number, self.shape(output)), [first], output, behind=f"{number}")

    def opaque(self, operation: Operation) -> None:
        """Append an operation that nobody knows; the constants that it reads are its weights."""
        origins = dict.fromkeys(origin for value in operation.tensors if value.constant for origin in value.origins)
        weights = [self._weight("constant", origin, origin.sizes) for origin in origins]
        inputs = [value for value in operation.tensors if not value.constant]
        self.several(operation, Opaque(operation.title, self.shape(operation.outputs[0])), inputs, weights)

    def fold(self, operation: Operation, parts: bool) -> None:
        """What is computed of constants alone is a constant; of a part of a parameter, that part is the weight."""
        origins = tuple(dict.fromkeys(origin for value in operation.tensors for origin in value.origins))
        if len(origins) > MOST_ORIGINS:
            raise UsageError(f"{operation.label} is made of {len(origins)} parameters; at most {MOST_ORIGINS} may be")
        for output in operation.outputs:
            output.constant = True
            output.identity = output.name
            if parts and origins:
                output.trainable = any(origin.trainable for origin in origins)
                output.origins = (output,)
                self.used.update(origin.identity for origin in origins)
            else:
                output.origins = origins

    def name(self, operation: Operation) -> str:
        """The path of a module of torch's own for the first layer that it makes; else its path and the operation."""
        if operation.written:
            return operation.written
        path = operation.path
        if path and operation.module.startswith("torch.nn.") and path not in self._named:
            self._named.add(path)
            operation.written = path
        else:
            operation.written = f"{path}.{operation.name.strip('_')}" if path else operation.label
        return operation.written


def _gives(layer: Layer, inputs: Sequence[Shape], expected: Shape) -> bool:
    try:
        found = layer.output_shape(*inputs)
    except LayerError:
        return False
    return len(found) == len(expected) and all(
        one is UNKNOWN or other is UNKNOWN or one == other for one, other in zip(found, expected, strict=True)
    )
