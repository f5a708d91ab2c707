"""A layer that applies another to each part of what it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnncli.graph import Node
from cnncli.onnx_model.lowering import Laid, Lowering, known, last
from cnncli.onnx_model.place import Lowered, Place


def time_distributed(lowered: Callable[[Lowering, Node], Laid]) -> Lowered:
    """Written by what writes any node: the first axis joins the batch, for a node that has this one's weights."""

    def function(place: Place) -> Laid:
        node, lowering = place.node, place.lowering
        parts, made = node.input_shapes[0][1:], node.shape[1:]
        joined = _reshaped(place, place.channels_last(), (-1, *parts), "joined")
        source = Node(-1, f"{node.name}/part", node.scope, place.layer, (), parts, node.inputs[0].dtype)
        lowering.give(source, Laid(joined, last(len(parts))))
        each = Node(-1, f"{node.name}/each", node.scope, place.layer.layer, (source,), made, shares=node.shares or node)
        lowering.give(each, lowered(lowering, each))
        apart = lowering.output(each, last(len(made)))
        return Laid(_reshaped(place, apart, (-1, *node.shape)), place.last)

    return function


def _reshaped(place: Place, tensor: str, shape: Sequence[int], part: str = "") -> str:
    """A reshape that moves the batch."""
    if not known(shape):
        place.refuse("a size of what it goes along is open")
    return place.add("Reshape", [tensor, place.whole(f"{part or 'apart'}.shape", shape)], part)
