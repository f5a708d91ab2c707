"""Pooling: windows, and the whole map."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Node
from cnncli.onnx_model.layers.convolution import pads
from cnncli.onnx_model.lowering import Laid, Lowered, Lowering


def _window(operation: str) -> Lowered:
    """A mean is of the cells that are there: count_include_pad is 0 unless it is said."""

    def lowered(lowering: Lowering, node: Node) -> Laid:
        layer: Any = node.layer
        padding = pads(node.input_shapes[0][:2], layer.pool_size, layer.strides, layer.padding)
        name = lowering.add(
            operation, [lowering.input(node)], node.name, kernel_shape=layer.pool_size, strides=layer.strides, **padding
        )
        return Laid(name, first=True)

    return lowered


def _whole(operation: str, reduction: str) -> Lowered:
    """With keepdims ONNX's global pooling; without, a reduction along height and width."""

    def lowered(lowering: Lowering, node: Node) -> Laid:
        layer: Any = node.layer
        given = lowering.input(node)
        if layer.keepdims:
            return Laid(lowering.add(operation, [given], node.name), first=True)
        axes = lowering.whole(f"{node.name}.axes", (2, 3))
        return Laid(lowering.add(reduction, [given, axes], node.name, keepdims=0), first=False)

    return lowered


POOLING: dict[str, Lowered] = {
    "AveragePooling2D": _window("AveragePool"),
    "GlobalAveragePooling2D": _whole("GlobalAveragePool", "ReduceMean"),
    "GlobalMaxPooling2D": _whole("GlobalMaxPool", "ReduceMax"),
    "MaxPooling2D": _window("MaxPool"),
}
