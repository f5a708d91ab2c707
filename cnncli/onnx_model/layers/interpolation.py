"""What interpolation takes of which cells of a side, as TensorFlow computes it: plain numbers, whatever writes them."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import Any

TABLE = 1024
"""Into how many steps a cell is divided by the table of TensorFlow's bicubic weights (resize_bicubic_op.cc)."""
STEEPNESS = -0.5
"""The `a` of those weights, Keys's."""


def on_table(before: int, after: int) -> bool:
    """Whether all cells of the output lie where TensorFlow's table has an entry, so that ONNX computes the same."""
    steps = 2 * after // gcd(2 * after, before)
    return TABLE % steps == 0


def nearest(before: int, after: int) -> list[int]:
    """Which cell of the input each of the output is (resize_nearest_neighbor_op.cc, with half_pixel_centers)."""
    import numpy

    scale = numpy.float32(before) / numpy.float32(after)
    at = (numpy.arange(after, dtype="float32") + numpy.float32(0.5)) * scale
    return [int(cell) for cell in numpy.clip(numpy.floor(at), 0, before - 1)]


def nearest_placed(before: int, after: int, aligned: bool) -> list[int]:
    """Which cell of the input each of the output is: cut off to, or with aligned corners the nearest, halves up."""
    if not aligned:
        return [cell * before // after for cell in range(after)]
    steps = max(after - 1, 1)
    return [(2 * cell * (before - 1) + steps) // (2 * steps) for cell in range(after)]


def cubic(before: int, after: int) -> Any:
    """Keys's weights of the four cells about each, from TensorFlow's table; of those that there are, to sum 1."""
    import numpy

    matrix = numpy.zeros((after, before))
    scale = numpy.float32(before) / numpy.float32(after)
    for row in range(after):
        at = numpy.float32((numpy.float32(row) + numpy.float32(0.5)) * scale - numpy.float32(0.5))
        cell = int(numpy.floor(at))
        step = round(float(at - cell) * TABLE) / TABLE
        for source, distance in ((cell - 1, 1 + step), (cell, step), (cell + 1, 1 - step), (cell + 2, 2 - step)):
            if 0 <= source < before:
                matrix[row, source] += _keys(distance)
    return matrix / matrix.sum(axis=1, keepdims=True)


def _keys(x: float) -> float:
    a = STEEPNESS
    return ((a + 2) * x - (a + 3)) * x * x + 1 if x <= 1 else ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def lanczos(radius: int) -> Callable[[int, int], Any]:
    """The weights of the cells within the radius, to sum 1 (TensorFlow's scale_and_translate_op.cc)."""

    def matrix(before: int, after: int) -> Any:
        import numpy

        at = (numpy.arange(after) + 0.5) * (before / after)
        distance = numpy.abs(numpy.arange(before) + 0.5 - at[:, None])
        weights = numpy.where(distance > radius, 0, numpy.sinc(distance) * numpy.sinc(distance / radius))
        return weights / weights.sum(axis=1, keepdims=True)

    return matrix


MATRICES: dict[str, Callable[[int, int], Any]] = {"bicubic": cubic, "lanczos3": lanczos(3), "lanczos5": lanczos(5)}
"""`matrix(before, after)`: a row an output cell of the weights of the input's cells."""
