"""The layout of TensorFlow's feature maps: where their channels stand, and sizes an axis."""

from __future__ import annotations

from cnncli.amounts import UNKNOWN
from cnncli.graph.layers import Moving, Permute
from cnncli.readers.saved_model.frame import Call, Value
from cnncli.readers.saved_model.walk import Walk


def channels_first(call: Call) -> bool:
    return call.node.text("data_format").startswith("NC")


def spatial(call: Call, name: str) -> tuple[int, int]:
    """The two numbers of height and width in an attribute of one number an axis; 1 where it is missing."""
    numbers = call.node.wholes(name) or [1, 1, 1, 1]
    height, width = numbers[2:4] if channels_first(call) else numbers[1:3]
    return height, width


def shaped(walk: Walk, call: Call, value: Value, *sizes: int) -> Value:
    """A tensor of which not even the rank is known, with the sizes that its reader says it has for each example."""
    if value.shape is not None:
        return value
    made = Value(f"{call.name}/shape", (walk.assembly.batch, *sizes), value.dtype)
    made.channels_first = len(sizes) == 3 and channels_first(call)
    layer = Moving("EnsureShape", walk.assembly.shape(made))
    walk.assembly.several(layer, [walk.tensor(value)], [made], name=made.name, weights=())
    return made


def feature_map(walk: Walk, call: Call, value: Value, channels: int = UNKNOWN) -> Value:
    """A feature map in the layout that an operation reads it in: one that was not known to be so is permuted."""
    sizes = (channels, UNKNOWN, UNKNOWN) if channels_first(call) else (UNKNOWN, UNKNOWN, channels)
    value = walk.tensor(shaped(walk, call, value, *sizes))
    if channels_first(call) and not value.channels_first and value.rank == 4:
        shape = value.shape or ()
        made = Value(f"{call.name}/layout", value.shape, value.dtype, channels_first=True)
        walk.assembly.apply(Permute((2, 3, 1)), [value], made, name=made.name, channels_first=True)
        made.shape = shape
        return made
    return value
