"""Cells around a map: which pads that a file spells out are Keras's `same`, and which are a layer of their own."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.amounts import UNKNOWN

Pads = Sequence[tuple[int, int]]
"""Cells before and behind, an axis of the map."""


def same_pads(size: int, extent: int, stride: int, lower: bool = False) -> tuple[int, int]:
    """What TensorFlow's `same`, which is ONNX's SAME_UPPER, puts around an axis; SAME_LOWER has the odd cell before."""
    if size is UNKNOWN:
        return (UNKNOWN, UNKNOWN)
    whole = max((-(-size // stride) - 1) * stride + extent - size, 0)
    less = whole // 2
    return (whole - less, less) if lower else (less, whole - less)


def keras_padding(pads: Pads, sizes: Sequence[int], extents: Sequence[int], strides: Sequence[int]) -> str | None:
    """Keras's word for pads of a map of these sizes, by axis; None where it has none, so that a layer must add them."""
    if all(around == (0, 0) for around in pads):
        return "valid"
    if any(before is UNKNOWN for before, _ in pads):
        return "same"  # as the file says, whatever the size will be
    for around, size, extent, stride in zip(pads, sizes, extents, strides, strict=True):
        if size is UNKNOWN and stride > 1:
            return None  # which cells `same` adds depends on the size
        if same_pads(extent if size is UNKNOWN else size, extent, stride) != tuple(around):
            return None
    return "same"
