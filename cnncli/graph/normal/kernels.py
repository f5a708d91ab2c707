"""Kernels in normal form: convolutions and dense layers of one kind, their padding within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph.graph import Node
from cnncli.graph.layer import Layer, Shape, dilated, pair, same_pads
from cnncli.graph.layers import Conv2D, Conv2DTranspose, Dense, DepthwiseConv2D, Reshape, ZeroPadding2D
from cnncli.graph.normal.units import Unit, Units, plain
from cnncli.graph.roles import KERNELS


def kernel(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    layer: Any = node.layer
    if len(inputs) != 1 or type(layer) not in PLAIN_KERNELS:  # a kind of its own is left as it is
        return None
    source, function = _map_before(units, layer, inputs[0]), layer.function
    plainly: Any = plain(layer)
    layer = _of_one_kind(replace(plainly, activation="linear", use_bias=True), source.shape)
    if isinstance(layer, (Conv2D, DepthwiseConv2D)) and len(source.shape) == 3:
        layer, source = _padded(layer, source)
        unit = units.add(replace(layer, activation=function), [source], node)
    else:
        unit = units.kept(node, replace(layer, activation=function), inputs)
    units.share(unit, node)
    return unit


def _map_before(units: Units, layer: Layer, source: Unit) -> Unit:
    """What a kernel reads; of a dense layer the map whose cells were laid out in a row for it."""
    if not (isinstance(layer, Dense) and isinstance(source.layer, Reshape) and units.can_join(source)):
        return source
    (before,) = source.inputs
    laid_out = len(before.shape) == 3 and len(source.shape) > 1 and before.shape[-1] == source.shape[-1]
    return before if laid_out else source


PLAIN_KERNELS = frozenset({Conv2D, DepthwiseConv2D, Conv2DTranspose, Dense})
"""Others have a form of their own."""


def _of_one_kind(layer: Any, shape: Shape) -> Any:
    """A dense layer of a map as a convolution, a 1x1 convolution of a vector as a dense layer, and so on."""
    if isinstance(layer, Conv2D) and len(shape) == 1 and layer.kernel_size == (1, 1) and layer.groups == 1:
        return Dense(layer.filters)
    if isinstance(layer, Dense) and len(shape) == 3:
        return Conv2D(layer.units, 1)
    if isinstance(layer, DepthwiseConv2D) and shape[-1] == 1:
        return Conv2D(layer.depth_multiplier, **_window(layer))
    if isinstance(layer, Conv2D) and layer.groups == shape[-1] > 1 and len(set(pair(layer.strides))) == 1:
        return DepthwiseConv2D(depth_multiplier=layer.filters // layer.groups, **_window(layer))
    return layer


def _window(layer: Any) -> dict[str, Any]:
    return {name: getattr(layer, name) for name in ("kernel_size", "strides", "padding", "dilation_rate")}


Sides = tuple[tuple[int, int], tuple[int, int]]


def _padded(layer: Any, source: Unit) -> tuple[Any, Unit]:
    """The kernel, with what pads its map as its own padding where that pads alike; and the unit that it then reads.

    What pads may pad for others too: they have it still.
    """
    if isinstance(source.layer, ZeroPadding2D) and layer.padding == "valid":
        (before,) = source.inputs
        if source.layer.padding == _sides(layer, before.shape):
            return replace(layer, padding="same"), before
    return without_idle_padding(layer, source.shape), source


def without_idle_padding(layer: Any, shape: Shape) -> Any:
    """`valid` where `same` pads nothing."""
    idle = layer.padding == "same" and _sides(layer, shape) == ((0, 0), (0, 0))
    return replace(layer, padding="valid") if idle else layer


def _sides(layer: Any, shape: Shape) -> Sides | None:
    """The cells that `same` puts around a map of this shape (tf.nn: the odd one behind); None where nobody knows."""
    extents = getattr(layer, "kernel_size", None) or layer.pool_size
    extents = dilated(extents, getattr(layer, "dilation_rate", 1))
    sides = []
    for size, extent, stride in zip(shape[:2], extents, pair(layer.strides), strict=True):
        if size is UNKNOWN:
            return None if extent > 1 or stride > 1 else ((0, 0), (0, 0))
        sides.append(same_pads(size, extent, stride))
    return sides[0], sides[1]


def separable(units: Units, node: Node, inputs: list[Unit]) -> Unit:
    """Its two convolutions."""
    layer: Any = node.layer
    first = DepthwiseConv2D(depth_multiplier=layer.depth_multiplier, **_window(layer))
    first, source = _padded(first, inputs[0])
    depthwise = units.add(first, [source], node)
    unit = units.add(Conv2D(layer.filters, 1, activation=layer.activation), [depthwise], node)
    units.share(unit, node)
    return unit


def distributed(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    """A dense layer works along the last axis anyway."""
    layer: Any = node.layer
    if not isinstance(layer.layer, Dense):
        return None
    dense: Any = plain(layer.layer)
    unit = units.kept(node, replace(dense, use_bias=True), inputs)
    units.share(unit, node)
    return unit


def one_dimensional(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    """A convolution along steps as one of a map of a single row, which is how TensorFlow computes it."""
    layer: Any = node.layer
    if layer.padding not in ("same", "valid"):
        return None
    row = units.reshaped(inputs[0], (1, *node.inputs[0].shape), node)
    window: dict[str, Any] = {
        name: (1, _number(getattr(layer, name))) for name in ("kernel_size", "strides", "dilation_rate")
    }
    kernel = Conv2D(layer.filters, padding=layer.padding, groups=layer.groups, activation=layer.activation, **window)
    unit = units.add(without_idle_padding(kernel, row.shape), [row], node)
    units.share(unit, node)
    return units.add(Reshape(node.shape), [unit], node)


def _number(size: Any) -> int:
    return int(size[0] if isinstance(size, tuple) else size)


def kernel_before(units: Units, inputs: Sequence[Unit]) -> Unit | None:
    """The unit that computes with a kernel and nothing behind it, where only this node reads what it puts out.

    Cells may have been laid out otherwise in between, as long as the channels stay the last axis.
    """
    unit = inputs[0] if len(inputs) == 1 else None
    if unit and isinstance(unit.layer, Reshape) and units.can_join(unit):
        inner = unit.inputs[0]
        unit = inner if inner.shape[-1:] == unit.shape[-1:] else unit
    if unit is None or unit.layer.role not in KERNELS or not units.can_join(unit):
        return None
    return unit if getattr(unit.layer, "activation", None) == "linear" else None
