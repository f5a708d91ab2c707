"""A map at another size by other coordinates than Keras's, which has cells' centres alone.

Rows and then columns are taken and mixed by numbers that follow from the sizes: as tensorflow/lite/kernels has it
(resize_bilinear.h, resize_nearest_neighbor.h), and ONNX's Operators.md, Resize.
"""

from __future__ import annotations

from math import floor
from typing import Any

from cnncli.graph import Node
from cnncli.keras_model.composed.making import Choose, Composed, is_known, named, options


def _choose(node: Node) -> Composed | None:
    if not is_known(node.input_shapes[0][:2], node.shape[:2]):
        return None
    return {"bilinear": _bilinear, "nearest": _nearest}.get(options(node).interpolation)


def place(cell: int, before: int, after: int, coordinates: str) -> float:
    """Where in the input the centre of an output's cell lies."""
    if coordinates == "align_corners":
        return cell * (before - 1) / (after - 1) if after > 1 else 0.0
    return cell * before / after


def _nearest(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """Fractions are cut off, but with aligned corners halves are rounded up."""
    layer, x = options(node), inputs[0]
    half = 0.5 if layer.coordinates == "align_corners" else 0.0
    for axis, before, after in _sides(node):
        cells = [floor(place(cell, before, after, layer.coordinates) + half) for cell in range(after)]
        x = keras.ops.take(x, [min(cell, before - 1) for cell in cells], axis=axis)
    return named(keras, node, x)


def _bilinear(keras: Any, node: Node, inputs: list[Any]) -> Any:
    layer, x, ops = options(node), inputs[0], keras.ops
    for axis, before, after in _sides(node):
        places = [place(cell, before, after, layer.coordinates) for cell in range(after)]
        lower = [min(floor(each), before - 1) for each in places]
        upper = [min(cell + 1, before - 1) for cell in lower]
        shares = [each - cell for each, cell in zip(places, lower, strict=True)]
        share = _along(axis, shares)
        first, second = ops.take(x, lower, axis=axis), ops.take(x, upper, axis=axis)
        x = first + (second - first) * share
    return named(keras, node, x)


def _along(axis: int, numbers: list[float]) -> Any:
    """Numbers along the height (axis 1) or the width (axis 2) of maps, as an array."""
    import numpy

    shape = (1, -1, 1, 1) if axis == 1 else (1, 1, -1, 1)
    return numpy.asarray(numbers, "float32").reshape(shape)


def _sides(node: Node) -> list[tuple[int, int, int]]:
    """The axes in space, with the sizes before and after."""
    before, after = node.input_shapes[0], node.shape
    return [(axis + 1, before[axis], after[axis]) for axis in (0, 1) if before[axis] != after[axis]]


COMPOSED: dict[str, Choose] = {"PlacedResizing": _choose}
