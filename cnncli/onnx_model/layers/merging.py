"""Layers that make one tensor of several."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Node
from cnncli.onnx_model.lowering import Laid, Lowered, Lowering, axis, inner


def merged(lowering: Lowering, node: Node, *, first: bool) -> list[str]:
    """A node's inputs so that ONNX broadcasts them as Keras does: one of fewer axes is led by axes of one cell."""
    found = []
    for number, source in enumerate(node.inputs):
        tensor = lowering.output(source, first=first)
        if len(source.shape) < len(node.shape):
            led = (1,) * (len(node.shape) - len(source.shape)) + source.shape
            shape = (led[-1], *led[:-1]) if first else led
            tensor = lowering.output(source, first=False)
            tensor = lowering.reshape(tensor, shape, inner(node, f"input{number}"))
        found.append(tensor)
    return found


def _cell_by_cell(operation: str) -> Lowered:
    def lowered(lowering: Lowering, node: Node) -> Laid:
        first = lowering.comes_first(node)
        result, *others = merged(lowering, node, first=first)
        for number, other in enumerate(others, 1):
            name = node.name if number == len(others) else inner(node, f"part{number}")
            result = lowering.add(operation, [result, other], name)
        return Laid(result, first)

    return lowered


def _concatenate(lowering: Lowering, node: Node) -> Laid:
    layer: Any = node.layer
    first = lowering.comes_first(node)
    place = axis(node.shape, layer.axis, first=first)
    return Laid(lowering.add("Concat", lowering.inputs(node, first=first), node.name, axis=place), first)


MERGING: dict[str, Lowered] = {
    "Add": _cell_by_cell("Add"),
    "Concatenate": _concatenate,
    "Multiply": _cell_by_cell("Mul"),
    "Subtract": _cell_by_cell("Sub"),
}
