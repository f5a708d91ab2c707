"""Axes and shapes of Keras as the graph has them: without the batch, the channels last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph import Shape


def moved_axis(axis: int, rank: int) -> int:
    """An axis of a map whose channels come first as of one whose channels come last; the batch is axis 0."""
    axis += rank + 1 if axis < 0 else 0
    return axis if rank < 2 or axis == 0 else rank if axis == 1 else axis - 1


def moved_axes(axes: Any, rank: int) -> Any:
    if isinstance(axes, int):
        return moved_axis(axes, rank)
    return tuple(moved_axis(axis, rank) for axis in axes) if axes else axes


def last_channels(shape: Sequence[Any] | None, channels_first: bool) -> Shape | None:
    """A shape of Keras, with its batch axis, as the graph has it."""
    if shape is None:
        return None
    sizes = tuple(UNKNOWN if size is None else int(size) for size in shape[1:])
    return (*sizes[1:], sizes[0]) if channels_first and len(sizes) > 1 else sizes
