"""Cells around a map: which pads that a file spells out are Keras's `same`, and which are a layer of their own."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.amounts import UNKNOWN
from cnncli.graph.layer import same_pads

Pads = Sequence[tuple[int, int]]
"""Cells before and behind, an axis of the map."""


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
