"""ConvTranspose of ONNX, whose result is cut wherever the file says, as layers of Keras that compute just that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cnncli.graph import Weight
from cnncli.graph.layer import dilated, pair, same_pads
from cnncli.graph.layers import Conv2DTranspose, Cropping2D
from cnncli.readers.onnx.model import Operation, Value
from cnncli.readers.onnx.operations.translator import Translator


class Cut(NamedTuple):
    """Of an axis: cells that are cut off before and behind what the whole kernels give, of that many."""

    before: int
    behind: int
    whole: int


def transposed_and_cut(
    translator: Translator, operation: Operation, layer: Conv2DTranspose, source: Value, weights: Sequence[Weight]
) -> None:
    """The layer as it is where its padding cuts off the same cells, else all of it and a cropping."""
    output, assembly = operation.outputs[0], translator.assembly
    sizes, name = assembly.shape(source)[:2], translator.name(operation)
    cuts = _cuts(operation, layer, sizes, assembly.shape(output)[:2])
    if any(min(each) < 0 for each in cuts):  # cells are put behind the whole, which Keras's layer does not
        assembly.opaque(operation.kind, [source], [output], name=name, weights=weights)
        return
    if _is_same(layer, cuts, sizes) or all(each[:2] == (0, 0) for each in cuts):
        assembly.apply(layer, [source], output, name=name, weights=weights, channels_first=True)
        return
    whole = Value(f"{name}.whole", None, output.dtype)
    before = output.shape or ()
    whole.shape = (*before[:2], *(each.whole for each in cuts))
    options: dict[str, Any] = {**layer.config(), "padding": "valid", "output_padding": _more(operation)}
    every = Conv2DTranspose(**options)
    assembly.apply(every, [source], whole, name=whole.name, weights=weights, channels_first=True)
    crop = Cropping2D(tuple(each[:2] for each in cuts))  # type: ignore[arg-type]
    assembly.apply(crop, [whole], output, name=name, weights=(), channels_first=True)


def _more(operation: Operation) -> tuple[int, int]:
    rows, columns = operation.attributes.numbers("output_padding") or (0, 0)
    return rows, columns


def _cuts(operation: Operation, layer: Conv2DTranspose, sizes: Sequence[int], out: Sequence[int]) -> list[Cut]:
    """Operators.md of ConvTranspose: where the output's size is said, half of what is too much is cut on each side."""
    attributes = operation.attributes
    extent, strides, more = dilated(layer.kernel_size, layer.dilation_rate), pair(layer.strides), _more(operation)
    auto, pads = attributes.text("auto_pad", "NOTSET"), attributes.numbers("pads") or [0] * 4
    found = []
    for axis, size in enumerate(sizes):
        whole = (size - 1) * strides[axis] + extent[axis] + more[axis]
        total = whole - out[axis]
        before = pads[axis]
        if attributes.numbers("output_shape") or auto.startswith("SAME"):
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
        found.append(Cut(0 if auto == "VALID" else before, total - before, whole))
    return found


def _is_same(layer: Conv2DTranspose, cuts: Sequence[Cut], sizes: Sequence[int]) -> bool:
    """Whether `padding="same"` cuts off the same: as many as it would add to a map of the output's size."""
    if layer.padding != "same" or layer.output_padding is not None:
        return False
    extent, strides = dilated(layer.kernel_size, layer.dilation_rate), pair(layer.strides)
    return all(
        cut.before == same_pads(size * stride, reach, stride)[0]
        for cut, size, reach, stride in zip(cuts, sizes, extent, strides, strict=True)
    )
