"""Layers that move cells without computing."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Node
from cnncli.onnx_model.lowering import Laid, Lowered, Lowering


def _flatten(lowering: Lowering, node: Node) -> Laid:
    """Keras lays a map flat with its channels last; a map of one cell is the same in either layout."""
    (source,) = node.inputs
    one_cell = all(size == 1 for size in source.shape[:-1])
    tensor = lowering.laid(source).name if one_cell else lowering.output(source, first=False)
    return Laid(lowering.add("Flatten", [tensor], node.name, axis=1), first=False)


def _reshape(lowering: Lowering, node: Node) -> Laid:
    """A vector that becomes a map of one cell, as for squeeze and excitation, has its channels first at once."""
    if len(node.inputs[0].shape) == 1 and len(node.shape) == 3 and node.shape[:2] == (1, 1):
        return Laid(lowering.reshape(lowering.input(node), (node.shape[-1], 1, 1), node.name), first=True)
    return Laid(lowering.reshape(lowering.input(node, first=False), node.shape, node.name), first=False)


def _zero_padding(lowering: Lowering, node: Node) -> Laid:
    layer: Any = node.layer
    (top, bottom), (left, right) = layer.padding
    sides = lowering.whole(f"{node.name}.pads", (0, 0, top, left, 0, 0, bottom, right))
    return Laid(lowering.add("Pad", [lowering.input(node), sides], node.name), first=True)


RESHAPING: dict[str, Lowered] = {
    "Flatten": _flatten,
    "Reshape": _reshape,
    "ZeroPadding2D": _zero_padding,
}
