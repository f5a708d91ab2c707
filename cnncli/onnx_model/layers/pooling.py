"""Pooling: windows, and the whole map."""

from __future__ import annotations

from cnncli.graph import Layer
from cnncli.graph.layers import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
    Subsampling2D,
)
from cnncli.onnx_model.layers.activation import finished, linear_part
from cnncli.onnx_model.layers.windows import each, pads
from cnncli.onnx_model.lowering import Laid
from cnncli.onnx_model.place import Lowered, Place, position


def _pooled(place: Place, operation: str, part: str = "") -> str:
    """A mean is of the cells that are there, not of those around the map: count_include_pad is 0 unless it is said."""
    size, strides = each(place.layer.pool_size), each(place.layer.strides)
    around = pads(place.node.input_shapes[0][:-1], size, strides, place.layer.padding)
    return place.add(operation, [place.input()], part, kernel_shape=size, strides=strides, **around)


def _window(operation: str) -> Lowered:
    return lambda place: Laid(_pooled(place, operation), place.first)


def _whole(operation: str, reduction: str) -> Lowered:
    """With keepdims ONNX's global pooling; without, a reduction along the axes in space, wherever they stand."""

    def lowered(place: Place) -> Laid:
        if place.layer.keepdims:
            return Laid(place.add(operation, [place.input()]), place.first)
        name, order = place.source()
        axes = place.whole("axes", sorted(position(order, axis) for axis in order if axis < len(order)))
        return Laid(place.add(reduction, [name, axes], keepdims=0), place.last)

    return lowered


def _subsampling(place: Place) -> Laid:
    """The mean, times a coefficient a channel, and a bias."""
    mean = _pooled(place, "AveragePool", "mean")
    scaled = place.add("Mul", [mean, place.along_channels("coefficient", place.first)], "scaled")
    name = place.add("Add", [scaled, place.along_channels("bias", place.first)], linear_part(place.layer.function))
    return finished(place, Laid(name, place.first), place.layer.function)


POOLING: dict[type[Layer], Lowered] = {
    AveragePooling1D: _window("AveragePool"),
    AveragePooling2D: _window("AveragePool"),
    GlobalAveragePooling1D: _whole("GlobalAveragePool", "ReduceMean"),
    GlobalAveragePooling2D: _whole("GlobalAveragePool", "ReduceMean"),
    GlobalMaxPooling1D: _whole("GlobalMaxPool", "ReduceMax"),
    GlobalMaxPooling2D: _whole("GlobalMaxPool", "ReduceMax"),
    MaxPooling1D: _window("MaxPool"),
    MaxPooling2D: _window("MaxPool"),
    Subsampling2D: _subsampling,
}
