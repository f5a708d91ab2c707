"""The layout of TensorFlow's feature maps: where their channels stand, and sizes an axis."""

from __future__ import annotations

from cnncli.graph.layers import Permute
from cnncli.readers.saved_model.frame import Call, Value
from cnncli.readers.saved_model.walk import Walk


def channels_first(call: Call) -> bool:
    return call.node.text("data_format").startswith("NC")


def spatial(call: Call, name: str) -> tuple[int, int]:
    """The two numbers of height and width in an attribute of one number an axis; 1 where it is missing."""
    numbers = call.node.wholes(name) or [1, 1, 1, 1]
    height, width = numbers[2:4] if channels_first(call) else numbers[1:3]
    return height, width


def feature_map(walk: Walk, call: Call, value: Value) -> Value:
    """A feature map in the layout that an operation reads it in: one that was not known to be so is permuted."""
    value = walk.tensor(value)
    if channels_first(call) and not value.channels_first and value.rank == 4:
        shape = value.shape or ()
        made = Value(f"{call.name}/layout", value.shape, value.dtype, channels_first=True)
        walk.assembly.apply(Permute((2, 3, 1)), [value], made, name=made.name, channels_first=True)
        made.shape = shape
        return made
    return value
