"""What Inception V3 and its successors have in common: their convolutions, their poolings, V3's stem."""

from __future__ import annotations

from cnncli.graph.layer import Size
from cnncli.graph.layers import AveragePooling2D, Conv2D, MaxPooling2D
from cnncli.models.blocks.branches import Path

Module = tuple[Path, ...]
"""Paths side by side."""

AVERAGE = AveragePooling2D(3, strides=1, padding="same")
MAXIMUM = MaxPooling2D(3, strides=2)


def conv(filters: int, kernel_size: Size = 1, strides: int = 1, padding: str = "same") -> Conv2D:
    """A convolution for batch normalization to follow; those that stride see no cell beyond the map."""
    return Conv2D(filters, kernel_size, strides, "valid" if strides > 1 else padding, use_bias=False)


# Inception V3's table 1 up to its modules, from 299x299 to 35x35, with the last three rows of the authors' code.
STEM: Path = (
    conv(32, 3, strides=2),
    conv(32, 3, padding="valid"),
    conv(64, 3),
    MAXIMUM,
    conv(80, 1, padding="valid"),
    conv(192, 3, padding="valid"),
    MAXIMUM,
)
