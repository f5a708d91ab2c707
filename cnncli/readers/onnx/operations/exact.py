"""Operations of ONNX as layers that compute just what the file does, for a network that is to be run.

To tell and to count, a layer need only have the operation's shapes and work. Where the layer of the same name would
give other numbers, as a resize by other coordinates, it is told here by layers that give the same, or by none.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose, prod

from cnncli.amounts import UNKNOWN
from cnncli.graph import Layer, Shape
from cnncli.graph.layers import (
    Cast,
    DepthToSpace,
    Elementwise,
    Flatten,
    Identity,
    Pad,
    Permute,
    PlacedResizing,
    Reshape,
    Slice,
    SpaceToDepth,
)
from cnncli.readers.assembly import lone
from cnncli.readers.onnx.model import Operation, Value
from cnncli.readers.onnx.operations import axes, cells, moving, pools
from cnncli.readers.onnx.operations.translator import Translation, Translator, first_input
from cnncli.readers.onnx.shapes.axes import pads_of
from cnncli.readers.onnx.shapes.basics import axis_of
from cnncli.readers.onnx.shapes.windows import scales_of


def _reshape(translator: Translator, operation: Operation) -> None:
    """Cells in the file's order, which is not that of a graph whose channels are last.

    Between maps of the same channels it makes no difference, nor where one of channels and pixels is only one.
    """
    source, output, assembly = first_input(operation), operation.outputs[0], translator.assembly
    first = translator.new_layout(output, source)
    keeps = source.channels_first and first and (source.shape or ())[1] == (output.shape or ())[1]
    if not (assembly.is_batched(source) and assembly.is_batched(output)) or keeps:
        axes.reshape(translator, operation)
        return
    given = source if _is_line(source) else translator.laid_out(source, False)
    output.channels_first = first
    told = output if _is_line(output) else Value(f"{operation.name}.cells", output.shape, output.dtype)
    shape, name = assembly.shape(told), translator.name(operation)
    layer: Layer = Flatten() if len(shape) == 1 else Reshape(shape)
    translator.modest(layer, [given], told, name=name, channels_first=told.channels_first)
    if told is not output:
        rank = len(shape)
        turn = Permute((*range(2, rank + 1), 1))
        translator.modest(turn, [told], output, name=f"{name}.turn", channels_first=True)


def _is_line(value: Value) -> bool:
    """Whether its cells are in the same order with the channels first or last."""
    shape = value.shape or ()
    if not value.channels_first or len(shape) < 3:
        return True
    return any(size is not UNKNOWN and size == 1 for size in (shape[1], prod(shape[2:])))


def _clip(translator: Translator, operation: Operation) -> None:
    """At two bounds of any size: the one after the other."""
    layer, found = cells.clip(operation), cells.bounds(operation)
    if layer.type != "Clip" or not all(isinstance(each, (int, float)) for each in found):
        _cellwise(translator, operation, layer)
        return
    low, high = found
    _chain(translator, operation, [("Maximum", low), ("Minimum", high)])


def _hard_sigmoid(translator: Translator, operation: Operation) -> None:
    """max(0, min(1, alpha x + beta)), where it is not Keras's."""
    layer = cells.hard_sigmoid(operation)
    if not isinstance(layer, Elementwise):
        _cellwise(translator, operation, layer)
        return
    alpha, beta = operation.attributes.real("alpha", 0.2), operation.attributes.real("beta", 0.5)
    _chain(translator, operation, [("Multiply", alpha), ("Add", beta), ("Maximum", 0.0), ("Minimum", 1.0)])


def _chain(translator: Translator, operation: Operation, steps: Sequence[tuple[str, float]]) -> None:
    """Operations with a number each, one after the other; the last gives the output."""
    value, name = first_input(operation), translator.name(operation)
    for kind, constant in steps:
        last = (kind, constant) == steps[-1]
        own = name if last else f"{name}.{kind.lower()}"
        made = operation.outputs[0] if last else Value(own, value.shape, value.dtype)
        layer = Elementwise(kind, (), lone([constant]))
        translator.modest(layer, [value], made, name=own, channels_first=value.channels_first, weights=())
        value = made


def _cellwise(translator: Translator, operation: Operation, layer: Layer) -> None:
    source = first_input(operation)
    translator.modest(
        layer, [source], operation.outputs[0], name=translator.name(operation), channels_first=source.channels_first,
        weights=(),
    )  # fmt: skip


def _cast(translator: Translator, operation: Operation) -> None:
    """Keras computes in float32, whatever real numbers a file computes in."""
    pair = first_input(operation).dtype, operation.outputs[0].dtype
    real = all(dtype.startswith(("float", "bfloat")) for dtype in pair)
    _cellwise(translator, operation, Identity() if real else Cast(operation.outputs[0].dtype))


def _split(translator: Translator, operation: Operation) -> None:
    """Each part is a slice."""
    source, assembly, start = first_input(operation), translator.assembly, 0
    axis = axis_of(operation.attributes.number("axis"), source.rank)
    place, name = assembly.axis(source, axis), translator.name(operation)
    if not assembly.is_batched(source) or not axis:
        translator.moving(operation)
        return
    for number, output in enumerate(operation.outputs):
        output.channels_first = source.channels_first
        shape = assembly.shape(output)
        begin = tuple(start if each == place else 0 for each in range(1, source.rank))
        layer = Slice(shape=shape, begin=begin, strides=(1,) * len(shape))
        translator.modest(layer, [source], output, name=f"{name}.{number}", channels_first=source.channels_first)
        start += (output.shape or ())[axis]


def _resize(translator: Translator, operation: Operation) -> None:
    """By the cells' centres as Keras has it, by other coordinates, or as no layer does."""
    coordinates, source = _coordinates(operation), first_input(operation)
    shape = _shape_like(translator, operation.outputs[0], source)
    if coordinates == CENTRES:
        moving.STANDARD["Resize"](translator, operation)
    elif coordinates and len(shape) == 3:
        way = "nearest" if operation.attributes.text("mode", "nearest") == "nearest" else "bilinear"
        _cellwise(translator, operation, PlacedResizing(*shape[:2], way, coordinates=coordinates))
    else:
        translator.moving(operation, channels_first=source.channels_first)


CENTRES = "half_pixel"


def _coordinates(operation: Operation) -> str:
    """Where in the input the cells of the output are, by PlacedResizing's words; "" where no layer takes them there.

    Before opset 11 coordinates are "asymmetric": the first cell stands where the first one stood. A cell that is
    repeated as often as the map is enlarged is where Keras has it.
    """
    attributes = operation.attributes
    mode = attributes.text("mode", "nearest") or "nearest"
    older = operation.kind == "Upsample" or operation.version < 11
    way = "asymmetric" if older else attributes.text("coordinate_transformation_mode", CENTRES) or CENTRES
    before, after = operation.shape() or (), operation.outputs[0].shape or ()
    plain = not attributes.number("antialias") and not attributes.number("exclude_outside")
    sizes = list(zip(before, after, strict=True))
    if not plain or any(UNKNOWN in each or not each[0] for each in sizes) or not _is_whole(operation, sizes):
        return ""
    if mode == "linear":
        if way == "pytorch_half_pixel" and all(new > 1 or new == old for old, new in sizes):
            return CENTRES
        return way if way in (CENTRES, "asymmetric", "align_corners") else ""
    if mode != "nearest":
        return ""
    rounding = "floor" if older else attributes.text("nearest_mode", "round_prefer_floor") or "round_prefer_floor"
    return _of_nearest(way, rounding, sizes)


def _of_nearest(way: str, rounding: str, sizes: Sequence[tuple[int, int]]) -> str:
    """The same where each cell is the nearest one."""
    if not any(new % old for old, new in sizes):
        doubled = all(new <= 2 * old for old, new in sizes) and rounding == "round_prefer_floor"
        centred = way in (CENTRES, "pytorch_half_pixel") and rounding.startswith("round")
        if centred or (way == "tf_half_pixel_for_nn" and rounding == "floor"):
            return CENTRES
        if way == "asymmetric" and (rounding == "floor" or doubled):
            return CENTRES
    if way == "asymmetric" and rounding == "floor":
        return way
    return way if way == "align_corners" and rounding == "round_prefer_ceil" else ""


def _is_whole(operation: Operation, sizes: list[tuple[int, int]]) -> bool:
    """Whether the factors are those of the sizes, which were not rounded."""
    scales = scales_of(operation)
    if operation.known(3) or scales is None or len(scales) != len(sizes):
        return True
    return all(isclose(old * scale, new, abs_tol=1e-4) for (old, new), scale in zip(sizes, scales, strict=True))


def _pad(translator: Translator, operation: Operation) -> None:
    """With a number, or what is at the edge."""
    source, filled = first_input(operation), operation.input(2)
    value = operation.attributes.real("value") if filled is None else filled.scalar()
    constant = (operation.attributes.text("mode", "constant") or "constant") == "constant"
    cuts = any(min(each) < 0 for each in pads_of(operation, source.rank))
    if cuts or (constant and not isinstance(value, (int, float))):
        translator.moving(operation, channels_first=source.channels_first)
    elif not constant or not value:
        moving.STANDARD["Pad"](translator, operation)
    else:
        sides = [(0, 0)] * source.rank
        for axis, each in enumerate(pads_of(operation, source.rank)):
            sides[translator.assembly.axis(source, axis)] = each
        shape = _shape_like(translator, operation.outputs[0], source)
        _cellwise(translator, operation, Pad(shape=shape, paddings=tuple(sides[1:]), value=float(value)))


def _shape_like(translator: Translator, output: Value, source: Value) -> Shape:
    """The output's shape in the graph, of the source's layout."""
    output.channels_first = source.channels_first and output.rank >= 3
    return translator.assembly.shape(output)


def _blocks(translator: Translator, operation: Operation) -> None:
    """In which order the channels are: a depth is always cut out of the map block by block."""
    source, block = translator.laid_out(first_input(operation), True), operation.attributes.number("blocksize")
    mode = operation.attributes.text("mode", "DCR") or "DCR"
    layer: Layer = DepthToSpace(block, mode) if operation.kind == "DepthToSpace" else SpaceToDepth(block, "DCR")
    translator.modest(layer, [source], operation.outputs[0], name=translator.name(operation), channels_first=True)


def _gelu(translator: Translator, operation: Operation) -> None:
    """Keras's is not the approximation by tanh, unless it is told."""
    if operation.attributes.text("approximate", "none") == "none":
        cells.STANDARD["Gelu"](translator, operation)
        return
    source = first_input(operation)
    translator.modest(
        Elementwise("ApproximateGelu"), [source], operation.outputs[0], name=translator.name(operation),
        channels_first=source.channels_first,
    )  # fmt: skip


EXACT: dict[str, Translation] = {
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshape), "Split": _split,
    "Clip": _clip, "HardSigmoid": _hard_sigmoid, "Cast": _cast, "Gelu": _gelu,
    **dict.fromkeys(("Resize", "Upsample"), _resize), "Pad": _pad,
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _blocks), **pools.EXACT,
}  # fmt: skip
"""Of the standard's operations those that are read otherwise where the layers are to compute the same."""
