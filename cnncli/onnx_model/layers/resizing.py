"""Maps at another size, as tf.image.resize computes them, and their middle.

Nearest and bilinear are ONNX's Resize. What ONNX does otherwise than TensorFlow, bicubic from a table and lanczos, is
two products with matrices.
"""

from __future__ import annotations

from typing import Any

from cnncli.graph import Layer, Shape
from cnncli.graph.layers import CenterCrop, PlacedResizing, Resizing, UpSampling1D, UpSampling2D
from cnncli.onnx_model.layers.interpolation import MATRICES, STEEPNESS, nearest, nearest_placed, on_table
from cnncli.onnx_model.layers.reshaping import cut
from cnncli.onnx_model.layers.windows import each
from cnncli.onnx_model.lowering import Laid, known
from cnncli.onnx_model.place import Lowered, Place

LINEAR: dict[str, Any] = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
NEAREST: dict[str, Any] = {
    "mode": "nearest",
    "coordinate_transformation_mode": "half_pixel",
    "nearest_mode": "round_prefer_ceil",
}
REPEATED: dict[str, Any] = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
CUBIC: dict[str, Any] = {
    "mode": "cubic", "coordinate_transformation_mode": "half_pixel", "cubic_coeff_a": STEEPNESS, "exclude_outside": 1,
}  # fmt: skip


def _up_sampling(place: Place) -> Laid:
    """Nearest repeats cells, the others are tf.image.resize; of either the size may be open."""
    factors, way = each(place.layer.size), getattr(place.layer, "interpolation", "nearest")
    settings = {"nearest": REPEATED, "bilinear": LINEAR}.get(way)
    if way == "bicubic" and all(on_table(1, factor) for factor in factors):
        settings = CUBIC
    if settings is None:
        return _by_matrices(place, way)
    scales = place.constant("scales", (1, 1, *factors))
    return Laid(place.add("Resize", [place.input(), "", scales], **settings), place.first)


def _resizing(place: Place) -> Laid:
    layer, before = place.layer, place.node.input_shapes[0][:2]
    way, after = layer.interpolation, (layer.height, layer.width)
    if way == "nearest" and known(before) and any(one % other for one, other in zip(after, before, strict=True)):
        return _taken(place, [nearest(*sizes) for sizes in zip(before, after, strict=True)])
    settings = {"nearest": REPEATED if known(before) else NEAREST, "bilinear": LINEAR}.get(way)
    if way == "bicubic" and known(before) and all(map(on_table, before, after)):
        settings = CUBIC
    if settings is None:
        return _by_matrices(place, way)
    return Laid(_to_size(place, place.input(), before, after, settings), place.first)


def _taken(place: Place, cells: list[list[int]]) -> Laid:
    """By the numbers of rows and columns as TensorFlow has them, for which is the nearest depends on how one rounds."""
    rows, columns = (place.whole(part, each) for part, each in zip(("rows", "columns"), cells, strict=True))
    down = place.add("Gather", [place.input(), rows], "down", axis=2)
    return Laid(place.add("Gather", [down, columns], axis=3), place.first)


def _placed_resizing(place: Place) -> Laid:
    """By other coordinates than those of the cells' centres, which ONNX calls as the layer."""
    layer, before, after = place.layer, place.node.input_shapes[0][:2], place.node.shape[:2]
    aligned = {"align_corners": True, "asymmetric": False}.get(layer.coordinates)
    if aligned is None or layer.interpolation not in ("bilinear", "nearest"):
        place.refuse(f"{layer.interpolation} interpolation by {layer.coordinates} is not known")
    if layer.interpolation == "nearest" and known(before):
        return _taken(place, [nearest_placed(*sizes, aligned) for sizes in zip(before, after, strict=True)])
    rounding = "round_prefer_ceil" if aligned else "floor"
    how = {"mode": "linear"} if layer.interpolation == "bilinear" else {"mode": "nearest", "nearest_mode": rounding}
    settings = {**how, "coordinate_transformation_mode": layer.coordinates}
    return Laid(_to_size(place, place.input(), before, after, settings), place.first)


def _to_size(place: Place, tensor: str, before: Shape, after: Shape, settings: dict[str, Any]) -> str:
    """By scales. Of an open size by the new one, before which stand the batch and the channels as they are.

    (Resize can be told sizes of some axes alone, which onnxruntime 1.32 forgets where it moves a Transpose past it.)
    """
    if known(before):
        scales = place.constant("scales", (1, 1, *map(_scale, before, after)))
        return place.add("Resize", [tensor, "", scales], **settings)
    sizes = [place.add("Shape", [tensor], "shape", end=2), place.whole("size", after)]
    return place.add("Resize", [tensor, "", "", place.add("Concat", sizes, "sizes", axis=0)], **settings)


def _scale(before: int, after: int) -> Any:
    """The least float32 by which the product is not below the new size, as it is rounded down."""
    import numpy

    scale = numpy.float32(after / before)
    return scale if float(scale) * before >= after else numpy.nextafter(scale, numpy.float32(numpy.inf))


def _by_matrices(place: Place, way: str) -> Laid:
    before, after = place.node.input_shapes[0][:2], place.node.shape[:2]
    if way not in MATRICES:
        place.refuse(f"ONNX has no {way} interpolation that computes what Keras's does")
    if not known((*before, *after)):
        place.refuse(f"{way} interpolation needs the map's size")
    rows, columns = (MATRICES[way](*sizes) for sizes in zip(before, after, strict=True))
    named = [place.constant("rows", rows), place.constant("columns", columns.T)]
    down = place.add("MatMul", [named[0], place.input()], "down")
    return Laid(place.add("MatMul", [down, named[1]]), place.first)


def _center_crop(place: Place) -> Laid:
    """The middle; of a smaller map the middle in the crop's proportions, resized (keras.utils.smart_resize)."""
    before, after = place.node.input_shapes[0][:2], place.node.shape[:2]
    if not known(before):
        place.refuse("where the middle is depends on the map's size")
    if all(map(int.__ge__, before, after)):
        return Laid(_middle(place, place.source(), before, after), place.source().order)
    (height, width), (rows, columns) = before, after
    kept = max(min(height, width * rows // columns), 1), max(min(width, height * columns // rows), 1)
    cropped = place.input()
    if kept != before:
        cropped = _middle(place, Laid(cropped, place.first), before, kept, "cropped")
    return Laid(_to_size(place, cropped, kept, after, LINEAR), place.first)


def _middle(place: Place, tensor: Laid, before: Shape, after: Shape, part: str = "") -> str:
    begin = [(one - other) // 2 for one, other in zip(before, after, strict=True)]
    ends = [start + size for start, size in zip(begin, after, strict=True)]
    return cut(place, tensor, begin, ends, (1, 1), part)


RESIZING: dict[type[Layer], Lowered] = {
    CenterCrop: _center_crop,
    PlacedResizing: _placed_resizing,
    Resizing: _resizing,
    UpSampling1D: _up_sampling,
    UpSampling2D: _up_sampling,
}
