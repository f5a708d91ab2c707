"""TensorFlow's operations that put the same cells into another shape or order, or more around them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from cnncli.amounts import UNKNOWN
from cnncli.graph import Layer, Shape
from cnncli.graph.layers import DepthToSpace, Flatten, Moving, Pad, Reshape, Resizing, SpaceToDepth, ZeroPadding2D
from cnncli.readers.saved_model.constants import expanded, reshaped
from cnncli.readers.saved_model.frame import Call, FileShape, Value
from cnncli.readers.saved_model.layouts import feature_map
from cnncli.readers.saved_model.walk import BY_CHANCE, Handler, Walk, only


def moved(walk: Walk, call: Call, shape: FileShape, operation: str, channels_first: bool = False) -> list[Value]:
    """An operation that only says which cell stands where."""
    output = walk.output(call, 0, shape)
    inputs = [walk.tensor(value) for value in call.inputs if not value.constant or value.leaves]
    output.channels_first = channels_first
    walk.assembly.several(
        Moving(operation, walk.assembly.shape(output)), inputs, [output], name=call.name,
        weights=(),
    )  # fmt: skip
    return [output]


def any_move(walk: Walk, call: Call) -> list[Value]:
    outputs = [walk.output(call, number) for number in range(call.outputs)]
    inputs = [walk.tensor(value) for value in call.inputs if not value.constant and value.variable is None]
    layer = Moving(call.operation, walk.assembly.shape(outputs[min(call.read)]))
    read = [outputs[number] for number in sorted(call.read)]
    walk.assembly.several(layer, inputs, read, name=call.name, weights=())
    return outputs


def same_cells(walk: Walk, call: Call, source: Value, shape: FileShape) -> list[Value]:
    """The same cells in another shape."""
    source = walk.tensor(source)
    output = walk.output(call, 0, shape)
    if output.shape is None:
        return any_move(walk, call)
    wanted, given = walk.assembly.shape(output), walk.assembly.node(source).shape
    if wanted == given and not walk.assembly.raw:
        return walk.same(output, source)
    if len(wanted) == 1 and len(given) > 1:
        layer: Layer = Flatten()
    elif UNKNOWN in wanted or 0 in wanted or UNKNOWN in given:
        layer = Moving("Reshape", wanted)
    else:
        layer = Reshape(wanted)
    return walk.append(call, layer, [source], shape=output.shape, channels_first=False)


def _reshape(walk: Walk, call: Call) -> list[Value]:
    source, target = call.inputs[:2]
    if target.values is None:
        return same_cells(walk, call, source, None)
    return same_cells(walk, call, source, reshaped((UNKNOWN,) if source.shape is None else source.shape, target.values))


def _squeeze(walk: Walk, call: Call) -> list[Value]:
    source = call.inputs[0]
    if source.shape is None:
        return same_cells(walk, call, source, None)
    named = {axis % source.rank for axis in call.node.wholes("squeeze_dims") or call.node.wholes("axis")}
    gone = named or {axis for axis, size in enumerate(source.shape) if size == 1}
    return same_cells(walk, call, source, tuple(size for axis, size in enumerate(source.shape) if axis not in gone))


def _expand(walk: Walk, call: Call) -> list[Value]:
    source, axis = call.inputs[0], call.inputs[1].values
    if source.shape is None or not axis or axis[0] is UNKNOWN:
        return same_cells(walk, call, source, None)
    return same_cells(walk, call, source, expanded(source.shape, axis))


def _transpose(walk: Walk, call: Call) -> list[Value]:
    source, order = walk.tensor(call.inputs[0]), call.inputs[1].values
    if order is None or source.shape is None or sorted(order) != list(range(source.rank)):
        return any_move(walk, call)
    shape = tuple(source.shape[axis] for axis in order)
    if order[0] != 0:
        return moved(walk, call, shape, "Transpose")
    output = walk.output(call, 0, shape)
    if list(order) == sorted(order) and not walk.assembly.raw:
        return walk.same(output, source)
    walk.assembly.transpose(source, output, order, name=call.name)
    return [output]


def _shape(walk: Walk, call: Call) -> list[Value]:
    """Shape: what is computed of shapes is no layer, as far as they are known."""
    shape = call.inputs[0].shape
    rank = None if shape is None else (len(shape),)
    return [walk.output(call, 0, rank, constant=True, values=shape, of_sizes=True)]


def _rank(walk: Walk, call: Call) -> list[Value]:
    shape = call.inputs[0].shape
    cells = None if shape is None else (len(shape) if call.operation == "Rank" else prod(shape),)
    return [walk.output(call, 0, (), constant=True, values=cells, of_sizes=True)]


def _pad(walk: Walk, call: Call) -> list[Value]:
    source, numbers = walk.tensor(call.inputs[0]), call.inputs[1].values
    if numbers is None or source.shape is None or UNKNOWN in numbers or len(numbers) != 2 * source.rank:
        return any_move(walk, call)
    sides = [(numbers[2 * axis], numbers[2 * axis + 1]) for axis in range(source.rank)]
    shape = tuple(size + before + after for size, (before, after) in zip(source.shape, sides, strict=True))
    mode = call.node.text("mode", "constant").lower()
    value = only(call.inputs[2]) if len(call.inputs) > 2 else 0.0
    inner = sides[1:]
    if source.channels_first and source.rank >= 3:
        inner = [*inner[1:], inner[0]]
    layer: Layer = Pad("Pad", walk.assembly.shape(walk.output(call, 0, shape)), tuple(inner), mode, value)
    if source.channels_first:
        layer = Pad("Pad", tuple(_plus(walk.assembly.shape(source), inner)), tuple(inner), mode, value)
    if len(inner) == 3 and inner[2] == (0, 0) and sides[0] == (0, 0) and mode == "constant" and value == 0:
        layer = ZeroPadding2D((inner[0], inner[1]))
    return walk.append(call, layer, [source], shape=shape)


def _plus(shape: Shape, sides: Sequence[tuple[int, int]]) -> list[int]:
    return [size + before + after for size, (before, after) in zip(shape, sides, strict=True)]


def _tile(walk: Walk, call: Call) -> list[Value]:
    source, times = call.inputs[0], call.inputs[1].values
    shape: FileShape = None
    if source.shape is not None and times is not None and len(times) == source.rank:
        shape = tuple(size * count for size, count in zip(source.shape, times, strict=True))
    return moved(walk, call, shape, "Tile", source.channels_first)


def _to_shape(walk: Walk, call: Call) -> list[Value]:
    """BroadcastTo: the second input is the shape."""
    return moved(walk, call, call.inputs[1].values, call.operation)


def _resize(interpolation: str) -> Handler:
    def resize(walk: Walk, call: Call) -> list[Value]:
        source, size = walk.tensor(call.inputs[0]), call.inputs[1].values or (UNKNOWN, UNKNOWN)
        shape = None if source.rank != 4 or not source.shape else (source.shape[0], *size, source.shape[3])
        output = walk.output(call, 0, shape)
        height, width = output.shape[1:3] if output.shape and output.rank == 4 else size
        return walk.append(call, Resizing(height, width, interpolation), [source], shape=output.shape)

    return resize


def _blocks(kind: type[DepthToSpace] | type[SpaceToDepth]) -> Handler:
    return lambda walk, call: walk.append(
        call, kind(call.node.whole("block_size", 2), "DCR"), [feature_map(walk, call, call.inputs[0])]
    )


def _cut(walk: Walk, call: Call) -> list[Value]:
    """SpaceToBatchND and BatchToSpaceND: every n-th cell of the map is a map of its own, or they are put together.

    The second input are the blocks' sizes, the third what is padded before, or cropped behind.
    """
    source, blocks, ends = call.inputs[0], call.inputs[1].values, call.inputs[2].values
    shape: FileShape = None
    if source.shape is not None and blocks is not None and UNKNOWN not in blocks:
        sizes = list(source.shape)
        together = call.operation.startswith("BatchToSpace")
        for place, block in enumerate(blocks):
            more = UNKNOWN if ends is None else ends[2 * place] + ends[2 * place + 1]
            size = sizes[place + 1]
            sizes[place + 1] = size * block - more if together else (size + more) // max(block, 1)
            sizes[0] = sizes[0] // max(block, 1) if together else sizes[0] * block
        shape = tuple(sizes)
    return moved(walk, call, shape, call.operation.removesuffix("ND"))


def _as_it_is(walk: Walk, call: Call) -> list[Value]:
    """Cells in another order, within the same shape."""
    return moved(walk, call, call.inputs[0].shape, call.operation)


def _as_told(walk: Walk, call: Call) -> list[Value]:
    """Fill, and what is drawn by chance: the first input is the shape."""
    return moved(walk, call, call.inputs[0].values, call.operation)


def _one_hot(walk: Walk, call: Call) -> list[Value]:
    """OneHot: where, how deep, and the two values; the new axis is the last unless another is said."""
    source, depth, shape = call.inputs[0], call.inputs[1].values, None
    if source.shape is not None:
        axis = call.node.whole("axis", -1)
        place = axis if axis >= 0 else source.rank
        shape = (*source.shape[:place], depth[0] if depth else UNKNOWN, *source.shape[place:])
    return moved(walk, call, shape, call.operation)


_SAME_SHAPE = ("Reverse", "ReverseV2", "Roll", "ReverseSequence", "MatrixBandPart", "TensorScatterUpdate")
_MOVES = (
    "Where", "Unique", "TensorArrayV3", "TensorArrayConcatV3", "TensorArrayGatherV3", "TensorArrayReadV3",
    "TensorArrayScatterV3", "TensorArraySizeV3", "TensorArrayWriteV3", "TensorListFromTensor", "TensorListStack",
    "TensorListReserve",
    "TensorListGetItem", "TensorListSetItem", "TensorListLength", "InvertPermutation", "ScatterNd", "GatherNd",
    "TopKV2", "MaxPool3D", "AvgPool3D", "Range", "LinSpace", "ExtractImagePatches", "Diag", "DynamicStitch",
    "CropAndResize",
)  # fmt: skip


SHAPING: dict[str, Handler] = {
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "ExpandDims": _expand,
    "Transpose": _transpose,
    "Shape": _shape,
    **dict.fromkeys(("Rank", "Size"), _rank),
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), _pad),
    "Tile": _tile,
    "BroadcastTo": _to_shape,
    "ResizeBilinear": _resize("bilinear"),
    "ResizeNearestNeighbor": _resize("nearest"),
    "ResizeBicubic": _resize("bicubic"),
    "ResizeArea": _resize("area"),
    "DepthToSpace": _blocks(DepthToSpace),
    "SpaceToDepth": _blocks(SpaceToDepth),
    **dict.fromkeys(("SpaceToBatchND", "BatchToSpaceND"), _cut),
    **dict.fromkeys(_SAME_SHAPE, _as_it_is),
    **dict.fromkeys(("Fill", *BY_CHANCE), _as_told),
    "OneHot": _one_hot,
    **dict.fromkeys(_MOVES, any_move),
}
