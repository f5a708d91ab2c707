"""What slides over one axis in space or two: extents, and what stands around a map."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Shape
from cnncli.graph.layer import same_pads
from cnncli.onnx_model.lowering import known


def each(value: int | tuple[int, ...]) -> tuple[int, ...]:
    """A number an axis: layers along steps have one, as it is."""
    return (value,) if isinstance(value, int) else tuple(value)


def dilated(kernel_size: Shape, dilation_rate: Shape) -> Shape:
    """Extents of a kernel with its gaps: d (k - 1) + 1."""
    return tuple(gap * (size - 1) + 1 for size, gap in zip(kernel_size, dilation_rate, strict=True))


def pads(sizes: Shape, extents: Shape, strides: Shape, padding: str) -> dict[str, Any]:
    """The attributes of a window's padding: what stands before each axis in space, then what stands behind each.

    `same` is written out, as not every runtime takes auto_pad with gaps in the kernel, but where a size is open.
    """
    if padding == "valid":
        return {}
    if padding == "causal":
        return {"pads": [*(extent - 1 for extent in extents), *(0 for _ in extents)]}
    if not known(sizes):
        return {"auto_pad": "SAME_UPPER"}
    sides = [same_pads(*axis) for axis in zip(sizes, extents, strides, strict=True)]
    return {"pads": [before for before, _ in sides] + [behind for _, behind in sides]}
