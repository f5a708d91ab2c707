"""What operations of ATen are written with: sizes along axes, cells around a map, moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer
from cnncli.graph.layers import (
    ZeroPadding1D,
    ZeroPadding2D,
)
from cnncli.readers.padding import keras_padding
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.program import Operation, Value

Writer = Callable[[TorchNetwork, Operation], None]


def lengths(value: Any, count: int) -> tuple[Any, ...]:
    """A size along each of so many axes; torch writes one where all are the same."""
    found = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    return found * count if len(found) == 1 else found


def keras_sides(
    sizes: Sequence[Any], outputs: Sequence[Any], extents: Sequence[int], strides: Sequence[int], cells: Sequence[int],
    ceil: bool = False,
) -> tuple[str, tuple[tuple[int, int], ...] | None]:  # fmt: skip
    """Keras's padding, and the cells to be added before it where that gives other borders.

    torch adds as many cells at both ends; `same` adds what is needed, the odd one behind.
    """
    sides = []
    for size, output, extent, stride, before in zip(sizes, outputs, extents, strides, cells, strict=True):
        behind = before
        if ceil and size is not UNKNOWN and output is not UNKNOWN:
            behind = max((output - 1) * stride + extent - size - before, 0)
        sides.append((before, behind))
    padding = keras_padding(sides, sizes, extents, strides)
    return ("valid", tuple(sides)) if padding is None else (padding, None)


def padded(network: TorchNetwork, operation: Operation, source: Value, sides: Any) -> Value:
    """The tensor with zeros around it, by a layer of its own."""
    if sides is None:
        return source
    layer: Layer = ZeroPadding2D(sides) if len(sides) == 2 else ZeroPadding1D(sides[0])
    first, channels, *sizes = source.sizes
    grown = [size + before + after for size, (before, after) in zip(sizes, sides, strict=True)]
    output = Value(f"{operation.label}.pad", (first, channels, *grown), source.dtype)
    network.apply(operation, layer, [source], output, behind="pad")
    return output


def mover(title: str, make: Callable[[TorchNetwork, Operation], Layer] | None = None) -> Writer:
    """An operation that only moves cells; a layer of its own where `make` makes one that fits."""

    def write(network: TorchNetwork, operation: Operation) -> None:
        sources = network.alike([value for value in operation.tensors if not value.constant], operation)
        layer = None
        if make is not None:
            try:
                layer = make(network, operation)
            except LayerError:
                layer = None
        network.move(operation, layer, sources, title=title)

    return write
