"""Operations of ONNX that choose, move or make cells: nothing is multiplied with a weight."""

from __future__ import annotations

from cnncli.amounts import UNKNOWN
from cnncli.graph import Layer
from cnncli.graph.layers import (
    DepthToSpace,
    Moving,
    Pad,
    Resizing,
    SpaceToDepth,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding2D,
)
from cnncli.readers.onnx.model import Operation
from cnncli.readers.onnx.operations.translator import Translation, Translator, first_input
from cnncli.readers.onnx.shapes.axes import pads_of


def _pad(translator: Translator, operation: Operation) -> None:
    source, output, assembly = first_input(operation), operation.outputs[0], translator.assembly
    pads = pads_of(operation, source.rank)
    mode = operation.attributes.text("mode", "constant") or "constant"
    filled = operation.input(2)
    zero = operation.attributes.real("value") == 0 and (filled is None or filled.scalar() == 0)
    name = translator.name(operation)
    output.channels_first = source.channels_first
    around = all(each == (0, 0) for each in pads[: 2 if source.channels_first else 1])
    if source.channels_first and source.rank in (3, 4) and around and min(map(min, pads)) >= 0:
        translator.pad([source], output, pads[2:], mode, name=name, zeros=zero and mode == "constant")
        return
    if not assembly.is_batched(source) or pads[0] != (0, 0):
        translator.moving(operation)
        return
    if source.rank == 4 and pads[3] == (0, 0) and min(map(min, pads)) >= 0 and zero and mode == "constant":
        layer: Layer = ZeroPadding2D(tuple(pads[1:3]))  # type: ignore[arg-type]
    else:
        ordered = [(0, 0)] * source.rank
        for axis, each in enumerate(pads):
            ordered[assembly.axis(source, axis)] = each
        layer = Pad(shape=assembly.shape(output), paddings=tuple(ordered[1:]), mode=mode, value=0.0 if zero else None)
    translator.modest(layer, [source], output, name=name, channels_first=source.channels_first)


_INTERPOLATIONS = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic", "bilinear": "bilinear"}


def _resize(translator: Translator, operation: Operation) -> None:
    """A whole factor of height and width is UpSampling2D, unless the corners are aligned."""
    source, output, assembly = first_input(operation), operation.outputs[0], translator.assembly
    mode = operation.attributes.text("mode", "nearest") or "nearest"
    way = _INTERPOLATIONS.get(mode, "bilinear")
    output.channels_first = source.channels_first
    before, after = assembly.shape(source), assembly.shape(output)
    aligned = operation.attributes.text("coordinate_transformation_mode") == "align_corners" and mode != "nearest"
    name = translator.name(operation)
    fits = len(before) == 3 or (len(before) == 2 and mode == "nearest")
    if not fits or before[-1] != after[-1]:
        translator.moving(operation, channels_first=source.channels_first)
        return
    whole = not aligned and all(
        size is not UNKNOWN and new is not UNKNOWN and size and new >= size and new % size == 0
        for size, new in zip(before[:-1], after[:-1], strict=True)
    )
    if whole:
        factors = tuple(new // size for size, new in zip(before[:-1], after[:-1], strict=True))
        layer: Layer = UpSampling2D(factors, way) if len(factors) == 2 else UpSampling1D(factors[0])
    elif len(before) == 3:
        layer = Resizing(after[0], after[1], way)
    else:
        layer = Moving("Resize", after)
    translator.modest(layer, [source], output, name=name, channels_first=source.channels_first)


def _blocks(translator: Translator, operation: Operation) -> None:
    source, block = translator.laid_out(first_input(operation), True), operation.attributes.number("blocksize")
    order = operation.attributes.text("mode", "DCR") or "DCR"  # SpaceToDepth has that one alone
    layer: Layer = DepthToSpace(block, order) if operation.kind == "DepthToSpace" else SpaceToDepth(block, "DCR")
    translator.modest(layer, [source], operation.outputs[0], name=translator.name(operation), channels_first=True)


def _moving(translator: Translator, operation: Operation) -> None:
    translator.moving(operation)


def _sampled(translator: Translator, operation: Operation) -> None:
    operation.inputs[0] = translator.laid_out(first_input(operation), True)
    translator.moving(operation, channels_first=True)


PLAIN_MOVES = (
    "Split", "GatherElements", "GatherND", "Tile", "Expand", "Where", "Range", "OneHot", "TopK", "NonMaxSuppression",
    "NonZero", "Scatter", "ScatterElements", "ScatterND", "Trilu", "ReverseSequence", "CumSum", "EyeLike",
    "ConstantOfShape", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli",
    "MaxRoiPool", "Shape", "Size", "Compress", "Unique", "MaxUnpool",
)  # fmt: skip
"""Operations that only choose, move or make cells: nothing is multiplied with a weight."""


STANDARD: dict[str, Translation] = {
    **dict.fromkeys(PLAIN_MOVES, _moving), **dict.fromkeys(("Resize", "Upsample"), _resize), "Pad": _pad,
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _blocks), **dict.fromkeys(("RoiAlign", "GridSample"), _sampled),
}  # fmt: skip
