"""What the layers of all formats are in normal form."""

from __future__ import annotations

from dataclasses import replace
from math import isclose, prod
from typing import Any

from cnncli.graph.graph import Graph, Node
from cnncli.graph.layer import Layer, Shape, pair
from cnncli.graph.layers import (
    ACTIVATION_FLOPS,
    ELU,
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Cropping2D,
    CustomScaleLayer,
    Elementwise,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalPooling,
    InputLayer,
    LayerNormalization,
    LayerScale,
    LeakyReLU,
    Maximum,
    MaxPooling2D,
    Merge,
    Minimum,
    Multiply,
    Normalization,
    Reduce,
    ReLU,
    Rescaling,
    Reshape,
    Resizing,
    SeparableConv2D,
    Slice,
    Softmax,
    Subsampling2D,
    Subtract,
    TimeDistributed,
    UpSampling2D,
)
from cnncli.graph.normal.kernels import (
    PLAIN_KERNELS,
    distributed,
    kernel,
    kernel_before,
    one_dimensional,
    separable,
    without_idle_padding,
)
from cnncli.graph.normal.units import Form, Unit, Units, plain
from cnncli.graph.roles import KERNELS

AFFINE = "Affine"
"""The operation that scales and shifts by constants, whatever it was called."""


# What stands behind kernels.


def _affine(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    """A scale and a shift by constants: a part of the kernel before it, of another one, or of how the input is given.

    Of an input a converter folds it into the first kernel, where there is nothing but a scale.
    """
    layer: Any = node.layer
    if isinstance(layer, Elementwise) and not _scales_or_shifts(layer, node):
        return None
    if kernel_before(units, inputs) or _is_hard_sigmoid(units, node, inputs[0]):
        return units.joined(inputs[0], node)
    if (inputs[0].layer.type == AFFINE or isinstance(inputs[0].layer, InputLayer)) and units.can_join(inputs[0]):
        return units.joined(inputs[0], node)
    return units.kept(node, Elementwise(AFFINE), inputs)


def _is_hard_sigmoid(units: Units, node: Node, unit: Unit) -> bool:
    """Whether a sixth of a relu6 makes it a hard sigmoid, which it is then: the 3 is a part of the kernel's bias."""
    layer = node.layer
    sixth = isinstance(layer, Elementwise) and prod(layer.constant or ()) == 1
    if not sixth or unit.layer.role not in KERNELS or unit.layer.function != "relu6" or not units.can_join(unit):
        return False
    values: Any = layer
    factor = {"Multiply": 1 / 6, "Divide": 6.0}.get(values.operation)
    if factor is None or not _is_about(values.value, factor) or _was_shifted_by_another(node, 3.0):
        return False
    options: Any = unit.layer
    unit.layer = replace(options, activation="hard_sigmoid")
    return True


def _is_about(value: float | None, expected: float) -> bool:
    """Whether a constant's value is this one as far as it is known; a quantized one is about it."""
    return value is None or isclose(value, expected, rel_tol=1e-2)


def _was_shifted_by_another(node: Node, expected: float) -> bool:
    """Whether a file still has the shift before the activation that the node reads, and it is another one."""
    (activation,) = node.inputs
    shifts: Any = [before.layer for before in activation.inputs if isinstance(before.layer, Elementwise)]
    return any(each.operation == "Add" and not _is_about(each.value, expected) for each in shifts)


_AFFINE = (BatchNormalization, LayerScale, Rescaling, Normalization)


def scales_input(graph: Graph) -> bool:
    """Whether the network begins with a scale and a shift of its input."""
    return any(
        (isinstance(node.layer, Elementwise) and _scales_or_shifts(node.layer, node)) or isinstance(node.layer, _AFFINE)
        for node in graph.nodes
        if len(node.inputs) == 1 and isinstance(_behind_idle(node.inputs[0]).layer, InputLayer)
    )


def _behind_idle(node: Node) -> Node:
    while node.layer.idle and len(node.inputs) == 1:
        (node,) = node.inputs
    return node


def _scales_or_shifts(layer: Elementwise, node: Node) -> bool:
    """Whether each channel is scaled or shifted by a constant; one that makes channels of a single one is none."""
    if len(node.inputs) != 1 or node.shape != node.inputs[0].shape or layer.constant is None:
        return False
    known = layer.operation in ("Add", "BiasAdd", "Subtract", "Multiply", "Divide")
    return known and prod(layer.constant) in (1, (1, *layer.constant)[-1])


def _activation(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    layer = _function(node.layer, node.shape)
    if not isinstance(layer, Activation):
        return units.kept(node, layer, inputs)
    if layer.activation == "linear":
        return units.joined(inputs[0], node)
    before = kernel_before(units, inputs)
    if before is None:
        return units.kept(node, layer, inputs)
    options: Any = before.layer
    before.layer = replace(options, activation=layer.activation)
    return units.joined(inputs[0], node)


def _function(layer: Any, shape: Shape) -> Layer:
    """An activation by its name where it has one; slopes as far as float16 holds them."""
    if layer.function in ACTIVATION_FLOPS:
        return Activation(layer.function)
    if isinstance(layer, Softmax) and layer.axis in (-1, len(shape)):
        return Activation("softmax")
    if isinstance(layer, ELU) and layer.alpha == 1:
        return Activation("elu")
    if isinstance(layer, ReLU) and layer.negative_slope and layer.max_value is None and not layer.threshold:
        return LeakyReLU(_short(layer.negative_slope))
    return LeakyReLU(_short(layer.negative_slope)) if isinstance(layer, LeakyReLU) else plain(layer)


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _layer_normalization(units: Units, node: Node, inputs: list[Unit]) -> Unit:
    layer: Any = node.layer
    axes = layer.axis if isinstance(layer.axis, tuple) else (layer.axis,)
    behind = sorted(axis if axis < 0 else axis - 1 - len(node.shape) for axis in axes)
    return units.kept(node, LayerNormalization(behind[0] if len(behind) == 1 else tuple(behind)), inputs)


# Pooling and reshaping.


def _global_pooling(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    """A vector, with or without further axes."""
    layer: Any = node.layer
    if len(inputs[0].shape) == 1 and len(node.inputs[0].shape) == 3:
        return units.joined(inputs[0], node)  # of one cell
    return units.kept(node, replace(layer, keepdims=False), inputs)


_GLOBAL = {"Mean": GlobalAveragePooling2D(), "Max": GlobalMaxPooling2D()}


def _reduction(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    layer: Any = node.layer
    pools = layer.operation in _GLOBAL and sorted(layer.axes) == [1, 2] and len(inputs[0].shape) == 3
    return units.kept(node, _GLOBAL[layer.operation], inputs) if pools else None


def _pooling(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    """One window that is the whole map pools globally."""
    layer, shape = node.layer, inputs[0].shape
    if len(shape) != 3 or len(inputs) != 1:
        return None
    options: Any = without_idle_padding(layer, shape)
    if options.padding == "valid" and pair(options.pool_size) == shape[:2]:
        mean = isinstance(layer, AveragePooling2D)
        return units.kept(node, _GLOBAL["Mean" if mean else "Max"], inputs)
    return units.kept(node, options, inputs)


def _subsampling(units: Units, node: Node, inputs: list[Unit]) -> Unit:
    """Its activation is a layer of its own, as behind every pooling."""
    layer: Any = node.layer
    pooled = units.add(replace(layer, activation=None), inputs, node)
    return pooled if layer.function == "linear" else units.add(Activation(layer.function), [pooled], node)


def _reshaping(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    """Nothing where the cells stand so already; several after each other are one."""
    source, shape = inputs[0], node.shape
    if source.shape == shape or (shape[:2] == (1, 1) and source.shape == shape[2:]):
        return units.joined(source, node)
    if not (isinstance(source.layer, Reshape) and units.can_join(source)):
        return units.kept(node, Reshape(shape), inputs)
    (before,) = source.inputs
    if before.shape == shape:
        return units.joined(before, node)
    return units.kept(node, Reshape(shape), [before])


def _cropping(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    """A part of the map, from the cell on where it begins."""
    layer: Any = node.layer
    if len(inputs[0].shape) != 3 or inputs[0].shape != node.inputs[0].shape:
        return None
    begin = (*(before for before, _ in layer.cropping), 0)
    return units.kept(node, Slice(shape=node.shape, begin=begin), inputs)


def _slicing(units: Units, node: Node, inputs: list[Unit]) -> Unit:
    layer: Any = node.layer
    skips = any(stride != 1 for stride in layer.strides)
    return units.kept(node, layer if skips else replace(layer, strides=()), inputs)


def _resizing(units: Units, node: Node, inputs: list[Unit]) -> Unit:
    layer: Any = node.layer
    height, width, _ = node.shape
    return units.kept(node, Resizing(height, width, layer.interpolation), inputs)


# Several inputs.

_MERGING: dict[str, Layer] = {
    "Add": Add(), "Multiply": Multiply(), "Subtract": Subtract(), "Maximum": Maximum(), "Minimum": Minimum(),
}  # fmt: skip


def _merging(units: Units, node: Node, inputs: list[Unit]) -> Unit | None:
    """Sums of sums are one, and so are products of products; scales and shifts are told elsewhere."""
    layer: Any = node.layer
    if isinstance(layer, Elementwise):
        if layer.operation not in _MERGING or len(inputs) < 2 or layer.constant is not None:
            return None
        layer = _MERGING[layer.operation]
    if layer.combines not in ("sum", "product"):
        return units.kept(node, layer, inputs)
    parts = [part for unit in inputs for part in _parts(units, layer, unit, node.shape)]
    return units.add(layer, parts, node) if len(parts) > len(inputs) else units.kept(node, layer, inputs)


def _scaled_sum(units: Units, node: Node, inputs: list[Unit]) -> Unit:
    """A sum; the factor is a part of the kernel before it, as far as there is one."""
    layer: Any = node.layer
    first, second = inputs
    if layer.scale != 1 and not kernel_before(units, [second]):
        second = units.add(Elementwise(AFFINE), [second], node)
    return units.add(Add(), [first, second], node)


def _by_value(units: Units, node: Node, inputs: list[Unit]) -> Unit:
    """What else a constant does cell by cell; its value as far as integers of eight bits hold it."""
    layer: Any = node.layer
    return units.kept(node, layer if layer.value is None else replace(layer, value=float(f"{layer.value:.2g}")), inputs)


def _parts(units: Units, layer: Layer, unit: Unit, shape: Shape) -> list[Unit]:
    inner = unit.layer == layer and units.can_join(unit) and unit.shape == shape
    return unit.inputs if inner else [unit]


def _concatenation(units: Units, node: Node, inputs: list[Unit]) -> Unit:
    layer: Any = node.layer
    axis = layer.axis if layer.axis < 0 else layer.axis - 1 - len(node.shape)
    return units.kept(node, Concatenate(axis), inputs)


def _input(units: Units, node: Node, inputs: list[Unit]) -> Unit:
    return units.add(node.layer, inputs, node)


FORMS: tuple[tuple[type[Layer], Form], ...] = (
    (InputLayer, _input),
    (SeparableConv2D, separable),
    *((kind, kernel) for kind in PLAIN_KERNELS),
    (Conv1D, one_dimensional),
    (TimeDistributed, distributed),
    *((kind, _affine) for kind in (*_AFFINE, Elementwise)),
    (CustomScaleLayer, _scaled_sum),
    *((kind, _merging) for kind in (Merge, Elementwise)),
    (Elementwise, _by_value),
    (LayerNormalization, _layer_normalization),
    *((kind, _activation) for kind in (Activation, Softmax, ReLU, LeakyReLU, ELU)),
    (GlobalPooling, _global_pooling),
    (Reduce, _reduction),
    *((kind, _pooling) for kind in (AveragePooling2D, MaxPooling2D)),
    (Subsampling2D, _subsampling),
    *((kind, _reshaping) for kind in (Reshape, Flatten)),
    (Cropping2D, _cropping),
    (Slice, _slicing),
    (UpSampling2D, _resizing),
    (Concatenate, _concatenation),
)
"""By the layer what makes a unit of it; of several the first that does. All else is kept as it is."""
