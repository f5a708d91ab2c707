"""Layers of Keras along three axes: convolutions by their kernels, the others by the shape that they put out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from cnncli.errors import LayerError
from cnncli.graph import Layer, Shape
from cnncli.graph.layers import AnyConvolution, Moving
from cnncli.readers.keras.config import items

AXES = 3


def triple(value: Any) -> Shape:
    """Keras's `2` and `(2, 2, 2)` alike."""
    found = items(value)
    return (found,) * AXES if isinstance(found, int) else tuple(found)


def _sides(value: Any) -> tuple[tuple[int, int], ...]:
    """Cells before and behind each axis: of one number, of one an axis, of two an axis."""
    found = items(value)
    each = (found,) * AXES if isinstance(found, int) else found
    return tuple((side, side) if isinstance(side, int) else (side[0], side[1]) for side in each)


def slid(size: int, extent: int, stride: int, padding: str) -> int:
    """Cells that a window leaves along one axis."""
    if padding not in ("same", "valid", "causal"):
        raise LayerError(f"padding={padding!r} is not known")
    found: int = -(-size // stride) if padding != "valid" else (size - extent) // stride + 1
    return found


def spatial(config: Mapping[str, Any], sizes: Sequence[int], window: str) -> Shape:
    """What a window of the size that `config[window]` says leaves of these sizes."""
    extents, rank = items(config[window]), len(sizes)
    strides, gaps = items(config.get("strides")) or extents, items(config.get("dilation_rate")) or 1
    each = [(value,) * rank if isinstance(value, int) else value for value in (extents, strides, gaps)]
    return tuple(
        slid(size, (extent - 1) * gap + 1, stride, str(config.get("padding", "valid")))
        for size, extent, stride, gap in zip(sizes, *each, strict=True)
    )


def _convolution(kind: str, config: Mapping[str, Any], shape: Shape) -> Layer:
    *sizes, channels = shape
    filters, out = int(config["filters"]), spatial(config, sizes, "kernel_size")
    kernel = (*triple(config["kernel_size"]), channels // int(config.get("groups") or 1), filters)
    return AnyConvolution(kind, (*out, filters), kernel, prod(out), bool(config.get("use_bias", True)))


def _transposed(kind: str, config: Mapping[str, Any], shape: Shape) -> Layer | None:
    """Each cell of the input is spread over a window: the kernel is used once for each of them."""
    *sizes, channels = shape
    extents, strides = triple(config["kernel_size"]), triple(config.get("strides", 1))
    if config.get("output_padding") is not None or triple(config.get("dilation_rate", 1)) != (1,) * AXES:
        return None
    more = [max(extent - stride, 0) for extent, stride in zip(extents, strides, strict=True)]
    added = more if config.get("padding", "valid") == "valid" else (0,) * AXES
    out = [size * stride + more for size, stride, more in zip(sizes, strides, added, strict=True)]
    filters = int(config["filters"])
    kernel = (*extents, filters, channels)
    return AnyConvolution(kind, (*out, filters), kernel, prod(sizes), bool(config.get("use_bias", True)))


def _pooled(kind: str, config: Mapping[str, Any], shape: Shape) -> Layer:
    return Moving(kind, (*spatial(config, shape[:-1], "pool_size"), shape[-1]))


def _pooled_whole(kind: str, config: Mapping[str, Any], shape: Shape) -> Layer:
    return Moving(kind, (1,) * AXES * bool(config.get("keepdims")) + shape[-1:])


def _enlarged(kind: str, config: Mapping[str, Any], shape: Shape) -> Layer:
    factors = triple(config.get("size", 2))
    return Moving(kind, (*(size * factor for size, factor in zip(shape, factors, strict=False)), shape[-1]))


def _padded(kind: str, config: Mapping[str, Any], shape: Shape) -> Layer:
    return _with_sides(kind, shape, 1, config["padding"])


def _cropped(kind: str, config: Mapping[str, Any], shape: Shape) -> Layer:
    return _with_sides(kind, shape, -1, config["cropping"])


def _with_sides(kind: str, shape: Shape, sign: int, sides: Any) -> Layer:
    sizes = (size + sign * sum(side) for size, side in zip(shape, _sides(sides), strict=False))
    return Moving(kind, (*sizes, shape[-1]))


VOLUMES: dict[str, Callable[[str, Mapping[str, Any], Shape], Layer | None]] = {
    "Conv3D": _convolution, "Conv3DTranspose": _transposed, "MaxPooling3D": _pooled, "AveragePooling3D": _pooled,
    "GlobalMaxPooling3D": _pooled_whole, "GlobalAveragePooling3D": _pooled_whole, "UpSampling3D": _enlarged,
    "ZeroPadding3D": _padded, "Cropping3D": _cropped,
}  # fmt: skip


def volume(kind: str, config: Mapping[str, Any], inputs: Sequence[Shape]) -> Layer | None:
    """The layer along three axes, for an input of (depth, height, width, channels)."""
    if len(inputs) != 1 or len(inputs[0]) != AXES + 1:
        return None
    found = VOLUMES[kind](kind, config, inputs[0])
    if found and any(size < 0 for size in found.output_shape(*inputs)):
        raise LayerError(f"{kind}: leaves nothing of an input of shape {inputs[0]}")
    return found
