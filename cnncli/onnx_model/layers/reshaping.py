"""Layers that lay out the same cells, some of them, or zeros around them."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.graph import UNKNOWN, Layer, Shape
from cnncli.graph.layers import (
    Cast,
    Cropping1D,
    Cropping2D,
    DepthToSpace,
    Flatten,
    Pad,
    Permute,
    RepeatVector,
    Reshape,
    Slice,
    SpaceToDepth,
    ZeroPadding1D,
    ZeroPadding2D,
)
from cnncli.onnx_model.dtypes import is_real, onnx_dtype
from cnncli.onnx_model.lowering import Laid, known, last, ordered, rotated
from cnncli.onnx_model.place import Lowered, Place, position

END = 2**63 - 1
"""Behind whatever there is, as ONNX's Slice takes it."""
MODES = {"constant": "constant", "reflect": "reflect", "edge": "edge", "replicate": "edge"}
"""Of a Pad, by ONNX's name."""


def _one_cell(shape: Shape) -> bool:
    """Whether channels are all there is: then the order of the axes makes no difference."""
    return all(size == 1 for size in shape[:-1])


def _flatten(place: Place) -> Laid:
    """Keras lays a map flat with its channels last."""
    one_cell = _one_cell(place.node.input_shapes[0])
    tensor = place.source().name if one_cell else place.channels_last()
    return Laid(place.add("Flatten", [tensor], axis=1), place.last)


def _reshape(place: Place) -> Laid:
    """Leading axes that stay may stand behind the others, as those in space do where channels are put in groups.

    A vector that becomes a map of one cell, as for squeeze and excitation, has its channels first at once.
    """
    before, after = place.node.input_shapes[0], place.node.shape
    name, order = place.source()
    kept = _kept(before, after)
    if kept and order == rotated(len(before), kept):
        result = rotated(len(after), kept)
    else:
        name = name if _one_cell(before) else place.channels_last()
        result = place.first if _one_cell(after) else place.last
    return Laid(place.reshape(name, ordered(after, result)), result)


def _kept(before: Shape, after: Shape) -> int:
    """How many leading axes are the same, but for the last ones."""
    count = 0
    for one, other in zip(before[:-1], after[:-1], strict=False):
        if one != other or one is UNKNOWN:
            break
        count += 1
    return count


def _permute(place: Place) -> Laid:
    """The result stands in the order that the input had, so that a channel shuffle is one Transpose."""
    name, order = place.source()
    turned = [0, *(order.index(place.layer.dims[axis - 1]) + 1 for axis in order)]
    return Laid(place.add("Transpose", [name], perm=turned), order)


def _repeat_vector(place: Place) -> Laid:
    line = place.reshape(place.channels_last(), (1, *place.node.input_shapes[0]), "line")
    return Laid(place.add("Tile", [line, place.whole("repeats", (1, place.layer.n, 1))]), place.last)


def _sides(value: Sequence[int] | Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """(before, behind) of each axis in space, of a layer along one or two."""
    return [tuple(side) for side in ([value] if isinstance(value[0], int) else value)]  # type: ignore[arg-type,misc]


def _zero_padding(place: Place) -> Laid:
    sides = [(0, 0), (0, 0), *_sides(place.layer.padding)]
    return Laid(place.add("Pad", [place.input(), _pads(place, sides)]), place.first)


def _pads(place: Place, sides: Sequence[tuple[int, int]]) -> str:
    return place.whole("pads", [before for before, _ in sides] + [behind for _, behind in sides])


def _pad(place: Place) -> Laid:
    """A number around, or the cells at the edge again."""
    layer, rank = place.layer, len(place.node.shape)
    constant = layer.mode == "constant"
    if layer.mode not in MODES or len(layer.paddings) != rank or (constant and layer.value is None):
        place.refuse("what stands in the added cells is not known")
    name, order = place.source()
    sides = [(0, 0), *(layer.paddings[axis - 1] for axis in order)]
    given = [name, _pads(place, sides), *([place.constant("value", layer.value)] if constant else [])]
    return Laid(place.add("Pad", given, mode=MODES[layer.mode]), order)


def cut(place: Place, tensor: Laid, begin: Sequence[int], end: Sequence[int], steps: Sequence[int], part: str) -> str:
    """Append a slice, whose bounds are of each axis of the graph's shape."""
    axes = [position(tensor.order, axis) for axis in last(len(begin))]
    bounds = {"starts": begin, "ends": end, "axes": axes, "steps": steps}
    given = [place.whole(f"{part}{'.' if part else ''}{name}", numbers) for name, numbers in bounds.items()]
    return place.add("Slice", [tensor.name, *given], part)


def _cropping(place: Place) -> Laid:
    tensor = place.source()
    sides = _sides(place.layer.cropping)
    ends = [-behind if behind else END for _, behind in sides]
    return Laid(cut(place, tensor, [before for before, _ in sides], ends, [1] * len(sides), ""), tensor.order)


def _slice(place: Place) -> Laid:
    layer, tensor, shape = place.layer, place.source(), place.node.shape
    rank = len(place.node.input_shapes[0])
    steps = layer.strides or (1,) * rank
    if any(len(numbers) != rank or not known(numbers) for numbers in (layer.begin, shape, steps)):
        place.refuse("where it begins is not known")
    ends = [start + size * step for start, size, step in zip(layer.begin, shape, steps, strict=True)]
    ends = [-END if end < 0 else end for end in ends]
    return Laid(cut(place, tensor, layer.begin, ends, steps, ""), tensor.order)


def _depth_to_space(place: Place) -> Laid:
    mode = _mode(place)
    return Laid(place.add("DepthToSpace", [place.input()], blocksize=place.layer.block_size, mode=mode), place.first)


def _mode(place: Place) -> str:
    """In which order the channels lie of which blocks are made: ONNX's word for it, as the layer's."""
    if place.layer.mode not in ("DCR", "CRD"):
        place.refuse("in which order its channels lie is not known")
    return str(place.layer.mode)


def _space_to_depth(place: Place) -> Laid:
    """ONNX's has the place in the block before the channel, DCR; what has it behind is put together."""
    block = place.layer.block_size
    if _mode(place) == "DCR":
        return Laid(place.add("SpaceToDepth", [place.input()], blocksize=block), place.first)
    height, width, channels = place.node.shape
    blocks = place.reshape(place.input(), (channels // block**2, height, block, width, block), "blocks")
    turned = place.add("Transpose", [blocks], "turned", perm=[0, 1, 3, 5, 2, 4])
    return Laid(place.reshape(turned, ordered(place.node.shape, place.first)), place.first)


def _cast(place: Place) -> Laid:
    """Between real numbers nothing is done: the file computes in float32."""
    before, after = place.node.inputs[0].dtype, place.layer.dtype
    if is_real(before) and is_real(after):
        return place.source()
    name, order = place.source()
    return Laid(place.add("Cast", [name], to=onnx_dtype(after)), order)


RESHAPING: dict[type[Layer], Lowered] = {
    Cast: _cast,
    Cropping1D: _cropping,
    Cropping2D: _cropping,
    DepthToSpace: _depth_to_space,
    Flatten: _flatten,
    Pad: _pad,
    Permute: _permute,
    RepeatVector: _repeat_vector,
    Reshape: _reshape,
    Slice: _slice,
    SpaceToDepth: _space_to_depth,
    ZeroPadding1D: _zero_padding,
    ZeroPadding2D: _zero_padding,
}
