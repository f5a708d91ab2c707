"""What a file and its clone are shown, to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cnncli.export.pictures import Range, random_pictures, scaled
from cnncli.graph import Node, Shape

OTHER_RANGES: Sequence[Range] = ((-2.0, 2.0), (0.0, 16.0), (0.0, 64.0), (0.0, 255.0))
"""What is tried where a file does not say what its input's values are, and values from 0 to 1 hardly move its outputs:
of pictures by their mean and deviation, then ever larger, up to pixels: the larger, the less exact is what is computed.
"""
LEAST, MOST, SAMPLED_CELLS = 4, 16, 4 * 224 * 224
INTEGERS = {"uint8": (0, 255), "int8": (-128, 127)}
"""The lowest and the highest value of small integers; of larger ones, which are indices, 0 and 1 are always there."""


def examples(inputs: Sequence[Node], values: Range) -> list[Any]:
    """Random examples for each input, the same each time: pictures where it takes such, else independent numbers."""
    cells = max(1, *(prod(node.shape[:2]) for node in inputs))
    count = min(MOST, max(LEAST, SAMPLED_CELLS // cells))
    return [_of_input(node.shape, node.dtype, values, count, seed) for seed, node in enumerate(inputs)]


def _of_input(shape: Shape, dtype: str, values: Range, count: int, seed: int) -> Any:
    import numpy

    if not dtype.startswith("float"):
        low, high = INTEGERS.get(dtype, (0, 1))
        return numpy.random.default_rng(seed).integers(low, high, (count, *shape), endpoint=True).astype(dtype)
    if len(shape) == 3:
        return scaled(random_pictures(count, shape), values)
    return numpy.random.default_rng(seed).uniform(*values, (count, *shape)).astype("float32")
