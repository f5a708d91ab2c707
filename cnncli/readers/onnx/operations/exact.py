"""Operations of ONNX as layers that compute just what the file does, for a network that is to be run.

To tell and to count, a layer need only have the operation's shapes and work. Where the layer of the same name would
give other numbers, as a resize by other coordinates, it is told here by layers that give the same, or by none.
"""

from __future__ import annotations

from math import isclose, prod

from cnncli.amounts import UNKNOWN
from cnncli.graph import Layer
from cnncli.graph.layers import Elementwise, Flatten, Moving, Permute, Reshape, Slice
from cnncli.readers.onnx.model import Operation, Value
from cnncli.readers.onnx.operations import axes, cells, kernels, moving
from cnncli.readers.onnx.operations.translator import Translation, Translator, first_input
from cnncli.readers.onnx.shapes.axes import pads_of
from cnncli.readers.onnx.shapes.basics import axis_of
from cnncli.readers.onnx.shapes.windows import scales_of, sliding


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
    layer = cells.clip(operation)
    bounds = cells.bounds(operation)
    if layer.type != "Clip" or not all(isinstance(each, (int, float)) for each in bounds):
        translator.modest(layer, [first_input(operation)], operation.outputs[0], name=translator.name(operation),
                          channels_first=first_input(operation).channels_first, weights=())  # fmt: skip
        return
    low, high = bounds
    _chain(translator, operation, [("Maximum", low), ("Minimum", high)])


def _hard_sigmoid(translator: Translator, operation: Operation) -> None:
    """max(0, min(1, alpha x + beta)), where it is not Keras's."""
    if not isinstance(cells.hard_sigmoid(operation), Elementwise):
        cells.STANDARD["HardSigmoid"](translator, operation)
        return
    alpha, beta = operation.attributes.real("alpha", 0.2), operation.attributes.real("beta", 0.5)
    _chain(translator, operation, [("Multiply", alpha), ("Add", beta), ("Maximum", 0.0), ("Minimum", 1.0)])


def _chain(translator: Translator, operation: Operation, steps: list[tuple[str, float]]) -> None:
    """Operations with a number each, one after the other; the last gives the output."""
    value, name = first_input(operation), translator.name(operation)
    first = value.channels_first
    for number, (kind, constant) in enumerate(steps, 1):
        last = number == len(steps)
        made = operation.outputs[0] if last else Value(f"{name}.{kind.lower()}", value.shape, value.dtype)
        layer = Elementwise(kind, (), float(f"{constant:.7g}"))
        own = name if last else made.name
        translator.modest(layer, [value], made, name=own, channels_first=first, weights=())
        value = made


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
    if _resizes_as_keras(operation):
        moving.STANDARD["Resize"](translator, operation)
    else:
        translator.moving(operation, channels_first=first_input(operation).channels_first)


def _resizes_as_keras(operation: Operation) -> bool:
    """Whether cells are taken where TensorFlow takes them: about the middle of each cell; or repeated.

    Before opset 11 coordinates are "asymmetric": the first cell stands where the first one stood.
    """
    attributes = operation.attributes
    mode = attributes.text("mode", "nearest") or "nearest"
    older = operation.kind == "Upsample" or operation.version < 11
    way = "asymmetric" if older else attributes.text("coordinate_transformation_mode", "half_pixel") or "half_pixel"
    before, after = operation.shape() or (), operation.outputs[0].shape or ()
    plain = not attributes.number("antialias") and not attributes.number("exclude_outside")
    sizes = list(zip(before, after, strict=True))
    if not plain or any(UNKNOWN in each or not each[0] for each in sizes) or not _is_whole(operation, sizes):
        return False
    if mode == "linear":
        return way == "half_pixel" or (way == "pytorch_half_pixel" and all(new > 1 or new == old for old, new in sizes))
    if mode != "nearest" or any(new % old for old, new in sizes):
        return False
    rounding = "floor" if older else attributes.text("nearest_mode", "round_prefer_floor") or "round_prefer_floor"
    if way in ("half_pixel", "pytorch_half_pixel"):
        return rounding.startswith("round")
    doubled = all(new <= 2 * old for old, new in sizes) and rounding == "round_prefer_floor"
    return way in ("asymmetric", "tf_half_pixel_for_nn") and (rounding == "floor" or (doubled and way == "asymmetric"))


def _is_whole(operation: Operation, sizes: list[tuple[int, int]]) -> bool:
    """Whether the factors are those of the sizes, which were not rounded."""
    scales = scales_of(operation)
    if operation.known(3) or scales is None or len(scales) != len(sizes):
        return True
    return all(isclose(old * scale, new, abs_tol=1e-4) for (old, new), scale in zip(sizes, scales, strict=True))


def _pad(translator: Translator, operation: Operation) -> None:
    """With zeros, or what is at the edge; what else a map is filled with is not a layer's."""
    filled = operation.input(2)
    zero = operation.attributes.real("value") == 0 and (filled is None or filled.scalar() == 0)
    constant = (operation.attributes.text("mode", "constant") or "constant") == "constant"
    cuts = any(min(each) < 0 for each in pads_of(operation, first_input(operation).rank))
    if cuts or (constant and not zero):
        translator.moving(operation, channels_first=first_input(operation).channels_first)
        return
    moving.STANDARD["Pad"](translator, operation)


def _to_space(translator: Translator, operation: Operation) -> None:
    """Keras's order of channels is "DCR": the block first; of "CRD" the channels are cut up here."""
    if operation.attributes.text("mode", "DCR") != "CRD":
        moving.STANDARD["DepthToSpace"](translator, operation)
        return
    source, block = translator.laid_out(first_input(operation), True), operation.attributes.number("blocksize")
    output, name = operation.outputs[0], translator.name(operation)
    height, width, channels = translator.assembly.shape(source)
    few, batch = channels // block**2, (source.shape or ())[0]
    cut = Value(f"{name}.cut", (batch, height, width, few, block, block), source.dtype)
    turned = Value(f"{name}.turn", (batch, height, block, width, block, few), source.dtype)
    translator.modest(Reshape(cut.shape[1:]), [source], cut, name=cut.name)  # type: ignore[index]
    translator.modest(Permute((1, 4, 2, 5, 3)), [cut], turned, name=turned.name)
    shape = (height * block, width * block, few)
    translator.modest(Reshape(shape), [turned], output, name=name, channels_first=True)


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


def _average(translator: Translator, operation: Operation) -> None:
    """A window that lies partly behind the map and its pads is the mean of fewer cells: no layer says so."""
    source = first_input(operation)
    sizes = (source.shape or ())[2:]
    window = sliding(operation, sizes, operation.attributes.numbers("kernel_shape") or [])
    rank = len(sizes)
    given = operation.attributes.numbers("pads") or [0] * 2 * rank
    beyond = any(window.pads[axis][1] > given[axis + rank] for axis in range(rank))
    counts = operation.attributes.number("count_include_pad")
    if beyond and operation.attributes.number("ceil_mode") and counts:
        shape = translator.assembly.shape(operation.outputs[0])
        translator.modest(Moving("AveragePool", shape), [source], operation.outputs[0],
                          name=translator.name(operation), channels_first=True)  # fmt: skip
        return
    kernels.pooling(translator, operation)


EXACT: dict[str, Translation] = {
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshape), "Clip": _clip,
    "HardSigmoid": _hard_sigmoid, "Split": _split, **dict.fromkeys(("Resize", "Upsample"), _resize), "Pad": _pad,
    "DepthToSpace": _to_space, "Gelu": _gelu, "AveragePool": _average,
}  # fmt: skip
"""Of the standard's operations those that are read otherwise where the layers are to compute the same."""
