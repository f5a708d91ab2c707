"""Shapes of what slides windows over maps, and of what else has maps with the channels first."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, prod
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.graph.layer import same_pads
from cnncli.readers.onnx.model import Operation
from cnncli.readers.onnx.shapes.basics import (
    Inference,
    Output,
    Sizes,
    axis_of,
    dtype_of,
    ranked,
    result_dtype,
)


class Sliding(NamedTuple):
    """A window and its steps along each axis in space, with the cells that are put before and behind the map.

    `size` is what it leaves, an axis at a time; `pads` are UNKNOWN where they depend on an open size.
    """

    kernel: Sizes
    strides: Sizes
    dilations: Sizes
    pads: tuple[tuple[int, int], ...]
    size: Sizes

    @property
    def extents(self) -> Sizes:
        return extents(self.kernel, self.dilations)


def extents(kernel: Sequence[int], dilations: Sequence[int]) -> Sizes:
    """With the gaps: d (k - 1) + 1."""
    return tuple(dilation * (size - 1) + 1 for size, dilation in zip(kernel, dilations, strict=True))


def _option(operation: Operation, name: str, rank: int, default: int) -> Sizes:
    found = operation.attributes.numbers(name)
    return tuple(found) if found else (default,) * rank


def sliding(operation: Operation, sizes: Sequence[int], kernel: Sequence[int]) -> Sliding:
    """The window of a convolution or a pooling over a map of these sizes."""
    rank, attributes = len(sizes), operation.attributes
    strides, dilations = _option(operation, "strides", rank, 1), _option(operation, "dilations", rank, 1)
    if min((*strides, *dilations, *kernel)) < 1 or len(kernel) != rank:
        raise ValueError(f"a window of {kernel} with strides {strides} over a map of rank {rank}")
    auto, ceil = attributes.text("auto_pad", "NOTSET") or "NOTSET", bool(attributes.number("ceil_mode"))
    given = _option(operation, "pads", 2 * rank, 0)
    pads, left = [], []
    for axis, size in enumerate(sizes):
        extent, stride = extents(kernel, dilations)[axis], strides[axis]
        if auto.startswith("SAME"):
            out = -(-size // stride)
            pads.append(same_pads(size, extent, stride, auto == "SAME_LOWER"))
            left.append(out)
            continue
        around = (0, 0) if auto == "VALID" else (given[axis], given[axis + rank])
        out = (size + sum(around) - extent) // stride + 1
        if ceil:
            out = _ceiled(size, around, extent, stride)
        around = (around[0], max(around[1], (out - 1) * stride + extent - size - around[0])) if ceil else around
        pads.append(around)
        left.append(out)
    return Sliding(tuple(kernel), strides, dilations, tuple(pads), tuple(left))


def _ceiled(size: int, pads: tuple[int, int], extent: int, stride: int) -> int:
    """With ceil_mode, but no window begins behind the map and its leading pad."""
    out = -(-(size + sum(pads) - extent) // stride) + 1
    return out - 1 if (out - 1) * stride >= size + pads[0] else out


def kernel_input(operation: Operation) -> int:
    """Which input the kernel of a convolution is."""
    return 3 if operation.kind == "QLinearConv" else 1


def channels_last(operation: Operation) -> bool:
    """Whether an operation of onnxruntime's says that its maps are (batch, height, width, channels)."""
    return bool(operation.attributes.number("channels_last"))


def _convolution(operation: Operation) -> list[Output]:
    shape, kernel = ranked(operation), ranked(operation, kernel_input(operation))
    if channels_last(operation):
        found = sliding(operation, shape[1:-1], kernel[2:])
        return [((shape[0], *found.size, kernel[0]), result_dtype(operation))]
    found = sliding(operation, shape[2:], kernel[2:])
    return [((shape[0], kernel[0], *found.size), result_dtype(operation))]


def _transposed(operation: Operation) -> list[Output]:
    shape, kernel = ranked(operation), ranked(operation, 1)
    rank, attributes = len(shape) - 2, operation.attributes
    strides, dilations = _option(operation, "strides", rank, 1), _option(operation, "dilations", rank, 1)
    more, pads = _option(operation, "output_padding", rank, 0), _option(operation, "pads", 2 * rank, 0)
    auto, given = attributes.text("auto_pad", "NOTSET"), attributes.numbers("output_shape")
    extent = extents(kernel[2:], dilations)
    sizes = []
    for axis, size in enumerate(shape[2:]):
        if given:
            sizes.append(given[-rank:][axis])
        elif auto.startswith("SAME"):
            sizes.append(size * strides[axis])
        else:
            around = 0 if auto == "VALID" else pads[axis] + pads[axis + rank]
            sizes.append((size - 1) * strides[axis] + more[axis] + extent[axis] - around)
    return [((shape[0], kernel[1] * attributes.number("group", 1), *sizes), dtype_of(operation))]


def _deformed(operation: Operation) -> list[Output]:
    shape, kernel = ranked(operation), ranked(operation, 1)
    return [((shape[0], kernel[0], *sliding(operation, shape[2:], kernel[2:]).size), dtype_of(operation))]


def _unpooled(operation: Operation) -> list[Output]:
    """Where it is not said, as large as what a pooling of the window would have been of."""
    shape, attributes = ranked(operation), operation.attributes
    said = operation.numbers("", 2)
    if said:
        return [(tuple(said), dtype_of(operation))]
    kernel = attributes.numbers("kernel_shape") or []
    rank = len(kernel)
    strides, pads = _option(operation, "strides", rank, 1), _option(operation, "pads", 2 * rank, 0)
    sizes = [
        (size - 1) * strides[axis] + kernel[axis] - pads[axis] - pads[axis + rank]
        for axis, size in enumerate(shape[2:])
    ]
    return [((*shape[:2], *sizes), dtype_of(operation))]


def _columns_to_map(operation: Operation) -> list[Output]:
    """Col2Im: windows side by side, put together again."""
    shape, sizes, window = ranked(operation), operation.numbers("", 1), operation.numbers("", 2)
    return [((shape[0], shape[1] // prod(window or ()), *(sizes or ())), dtype_of(operation))]


def _places(operation: Operation) -> list[Output]:
    """AffineGrid: a place in the map of each cell of the output."""
    size = operation.numbers("", 1) or []
    return [((size[0], *size[2:], len(size) - 2), dtype_of(operation))]


def _pooling(operation: Operation) -> list[Output]:
    shape, kernel = ranked(operation), operation.attributes.numbers("kernel_shape") or []
    if channels_last(operation):
        found = sliding(operation, shape[1:-1], kernel)
        out = (shape[0], *found.size, shape[-1])
    else:
        out = (*shape[:2], *sliding(operation, shape[2:], kernel).size)
    return [(out, dtype_of(operation)), (out, "int64")]


def _global(operation: Operation) -> list[Output]:
    shape = ranked(operation)
    if channels_last(operation):
        return [((shape[0], *(1,) * (len(shape) - 2), shape[-1]), dtype_of(operation))]
    return [((*shape[:2], *(1,) * (len(shape) - 2)), dtype_of(operation))]


def _resize(operation: Operation) -> list[Output]:
    """Sizes, or the sizes times the scales: Upsample's attribute or 2nd input, Resize's 2nd (opset 10) or 3rd input."""
    shape, attributes = ranked(operation), operation.attributes
    chosen = [axis_of(axis, len(shape)) for axis in attributes.numbers("axes") or range(len(shape))]
    out: list[Any] = list(shape)
    said = operation.known(3)
    if said:
        sizes = _kept_aspect([shape[axis] for axis in chosen], said, attributes.text("keep_aspect_ratio_policy"))
        for axis, size in zip(chosen, sizes, strict=True):
            out[axis] = size
        return [(tuple(out), dtype_of(operation))]
    scales = scales_of(operation)
    if scales is None:
        return [((*shape[:2], *(UNKNOWN,) * (len(shape) - 2)), dtype_of(operation))]
    for axis, scale in zip(chosen, scales, strict=True):
        out[axis] = UNKNOWN if out[axis] is UNKNOWN or scale is UNKNOWN else floor(out[axis] * scale + 1e-6)
    return [(tuple(out), dtype_of(operation))]


def _kept_aspect(before: Sequence[int], sizes: Sequence[int], policy: str) -> Sequence[int]:
    """Sizes as they are asked for, or those of one scale that are nowhere larger, or nowhere smaller."""
    if policy not in ("not_larger", "not_smaller"):
        return sizes
    if any(size is UNKNOWN for size in (*before, *sizes)):
        return [UNKNOWN] * len(sizes)
    scale = (min if policy == "not_larger" else max)(new / size for size, new in zip(before, sizes, strict=True))
    return [floor(size * scale + 0.5) for size in before]


def scales_of(operation: Operation) -> Sequence[float] | None:
    """The factors of a Resize or an Upsample; None where they are not known."""
    attributes = operation.attributes
    if "height_scale" in attributes:  # opset 1
        return (1, 1, attributes.real("height_scale"), attributes.real("width_scale"))
    older = operation.kind == "Upsample" or operation.version < 11
    return attributes.reals("scales") or operation.known(1 if older else 2) or None


def _to_space(operation: Operation) -> list[Output]:
    batch, channels, height, width = ranked(operation)
    block = operation.attributes.number("blocksize")
    return [((batch, channels // block**2, height * block, width * block), dtype_of(operation))]


def _to_depth(operation: Operation) -> list[Output]:
    batch, channels, height, width = ranked(operation)
    block = operation.attributes.number("blocksize")
    return [((batch, channels * block**2, height // block, width // block), dtype_of(operation))]


def _sampled(operation: Operation) -> list[Output]:
    return [((*ranked(operation)[:2], *ranked(operation, 1)[1:-1]), dtype_of(operation))]


def _regions(operation: Operation) -> list[Output]:
    attributes = operation.attributes
    sizes = attributes.numbers("pooled_shape") or [
        attributes.number("output_height", 1), attributes.number("output_width", 1),
    ]  # fmt: skip
    return [((ranked(operation, 1)[0], ranked(operation)[1], *sizes), dtype_of(operation))]


STANDARD: dict[str, Inference] = {
    **dict.fromkeys(("Conv", "ConvInteger", "QLinearConv"), _convolution), "ConvTranspose": _transposed,
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), _pooling),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), _global),
    **dict.fromkeys(("Resize", "Upsample"), _resize), **dict.fromkeys(("MaxRoiPool", "RoiAlign"), _regions),
    "DeformConv": _deformed, "MaxUnpool": _unpooled, "Col2Im": _columns_to_map, "AffineGrid": _places,
    "DepthToSpace": _to_space, "SpaceToDepth": _to_depth, "GridSample": _sampled,
}  # fmt: skip
RUNTIME: dict[str, Inference] = {
    **dict.fromkeys(("QLinearAveragePool", "NhwcMaxPool"), _pooling), "QLinearGlobalAveragePool": _global,
    **dict.fromkeys(("FusedConv", "QLinearConv", "NhwcConv"), _convolution),
}  # fmt: skip
