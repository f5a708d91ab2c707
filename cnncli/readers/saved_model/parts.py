"""TensorFlow's operations that take tensors apart or put them together."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.amounts import UNKNOWN
from cnncli.graph.layers import Concatenate, Embedding, Moving, Slice
from cnncli.readers.saved_model.constants import strided_shape
from cnncli.readers.saved_model.frame import Call, FileShape, Value
from cnncli.readers.saved_model.shaping import any_move, moved
from cnncli.readers.saved_model.walk import Handler, Walk, short


def _slice(walk: Walk, call: Call) -> list[Value]:
    """Slice: where it begins, and how much it takes (-1: all that remains), an axis."""
    source, (begin, size) = call.inputs[0], (value.values for value in call.inputs[1:3])
    shape: FileShape = None
    if begin is not None and size is not None and source.shape is not None:
        shape = tuple(
            whole - first if taken == -1 else taken
            for whole, first, taken in zip(source.shape, begin, size, strict=True)
        )
    return _part(walk, call, shape)


def _part(walk: Walk, call: Call, shape: FileShape) -> list[Value]:
    source = walk.tensor(call.inputs[0])
    output = walk.output(call, 0, shape)
    output.channels_first = source.channels_first and output.rank == source.rank
    layer = Slice("Slice", walk.assembly.shape(output))
    walk.assembly.several(layer, [source], [output], name=call.name, weights=())
    return [output]


def _strided(walk: Walk, call: Call) -> list[Value]:
    return _part(walk, call, strided_shape(call))


def _concatenation(walk: Walk, call: Call) -> list[Value]:
    parts, axis = call.inputs[:-1], call.inputs[-1]
    if call.operation == "Concat":
        parts, axis = call.inputs[1:], call.inputs[0]
    if len(parts) == 1:
        return parts
    like = next((value for value in parts if not value.constant), parts[0])
    if not axis.values or axis.values[0] is UNKNOWN or any(value.shape is None for value in parts):
        return any_move(walk, call)
    place = axis.values[0] % max(like.rank, 1)
    parts = [_beside(walk, value, like) if place else walk.tensor(value) for value in parts]
    shape = list(like.shape or ())
    shape[place] = sum((value.shape or ())[place] for value in parts)
    return walk.append(call, Concatenate(walk.assembly.axis(like, place)), parts, shape=tuple(shape))


def _beside(walk: Walk, value: Value, like: Value) -> Value:
    """A part; of a constant with a row for each example, such as a state that is zero at first, an example's row."""
    sizes, batch = value.shape or (), (like.shape or (1,))[0]
    rows = value.constant and walk.assembly.is_batched(like) and not like.channels_first and len(sizes) == like.rank
    if not rows or sizes[0] not in (1, batch):
        return walk.tensor(value)
    row = Value(value.name, (batch, *sizes[1:]), value.dtype)
    walk.assembly.hold(row, sizes[1:], short(value.leaves))
    return row


def _split(walk: Walk, call: Call) -> list[Value]:
    """Split (axis, tensor) and SplitV (tensor, sizes, axis)."""
    variable = call.operation == "SplitV"
    source, axis = (call.inputs[0], call.inputs[2]) if variable else (call.inputs[1], call.inputs[0])
    source = walk.tensor(source)
    count = min(call.node.whole("num_split", call.outputs), 1024) or 1
    shapes: list[FileShape] = [None] * count
    if source.shape is not None and axis.values:
        place = axis.values[0] % max(source.rank, 1)
        sizes = call.inputs[1].values if variable else [source.shape[place] // count] * count
        for number, size in enumerate((sizes or ())[:count]):
            shapes[number] = (*source.shape[:place], UNKNOWN if size == -1 else size, *source.shape[place + 1 :])
    return _several(walk, call, "Split", source, shapes)


def _unpack(walk: Walk, call: Call) -> list[Value]:
    source = walk.tensor(call.inputs[0])
    count = min(call.node.whole("num", call.outputs), 1024) or 1
    shape: FileShape = None
    if source.shape:
        place = call.node.whole("axis") % source.rank
        shape = (*source.shape[:place], *source.shape[place + 1 :])
    return _several(walk, call, "Unpack", source, [shape] * count)


def _several(walk: Walk, call: Call, operation: str, source: Value, shapes: Sequence[FileShape]) -> list[Value]:
    outputs = [walk.output(call, number, shape) for number, shape in enumerate(shapes)]
    for output in outputs:
        output.channels_first = source.channels_first and output.rank == source.rank
    layer = Moving(operation, walk.assembly.shape(outputs[0]))
    walk.assembly.several(layer, [source], outputs, name=call.name, weights=())
    return outputs


def _pack(walk: Walk, call: Call) -> list[Value]:
    shape = next((value.shape for value in call.inputs if value.shape is not None), None)
    if shape is not None:
        axis = call.node.whole("axis")
        place = axis + len(shape) + 1 if axis < 0 else axis
        shape = (*shape[:place], len(call.inputs), *shape[place:])
    return moved(walk, call, shape, "Pack")


def _gather(walk: Walk, call: Call) -> list[Value]:
    """Gather, GatherV2, ResourceGather: rows of a table of weights, or parts of a tensor."""
    table, indices = walk_read(walk, call.inputs[0]), call.inputs[1]
    axis = call.inputs[2].values if len(call.inputs) > 2 else (0,)
    if table.constant and table.leaves and table.rank == 2 and axis == (0,) and not indices.constant:
        rows, columns = table.shape or ()
        shape = None if indices.shape is None else (*indices.shape, columns)
        layer = Embedding(rows, columns)
        return walk.append(call, layer, [indices], weights=walk.weights(table, "embeddings"), shape=shape)
    found: FileShape = None
    if table.shape is not None and indices.shape is not None and axis:
        place = axis[0] % max(table.rank, 1)
        found = (*table.shape[:place], *indices.shape, *table.shape[place + 1 :])
    return moved(walk, call._replace(inputs=[table, indices]), found, "Gather")


def walk_read(walk: Walk, value: Value) -> Value:
    return walk.read(value) if value.variable is not None and not value.constant else value


PARTS: dict[str, Handler] = {
    "Slice": _slice,
    "StridedSlice": _strided,
    **dict.fromkeys(("ConcatV2", "Concat"), _concatenation),
    **dict.fromkeys(("Split", "SplitV"), _split),
    "Unpack": _unpack,
    "Pack": _pack,
    **dict.fromkeys(("GatherV2", "Gather", "ResourceGather"), _gather),
}
