"""The pieces that the architectures share. Each appends its layers to the graph and returns the last node."""

from __future__ import annotations

from collections.abc import Iterable

from cnncli.graph import Graph, Layer, Node, Shape
from cnncli.graph.layers import (
    Add,
    BatchNormalization,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    InputLayer,
    Multiply,
    ZeroPadding2D,
)


def make_divisible(value: float, divisor: int = 8) -> int:
    """The multiple of 8 nearest to `value`, at least 8, and not below 0.9 times it (MobileNetV2's published code)."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def image(graph: Graph, input_shape: Shape) -> Node:
    return graph.add(InputLayer(input_shape), name="image")


def conv_bn(
    graph: Graph,
    x: Node,
    convolution: Layer,
    name: str,
    batch_norm: BatchNormalization,
    activation: Layer | None = None,
) -> Node:
    """A convolution, its batch normalization and, where there is one, its activation."""
    x = graph.add(convolution, x, name=f"{name}_conv")
    x = graph.add(batch_norm, x, name=f"{name}_bn")
    return graph.add(activation, x, name=f"{name}_activation") if activation else x


def pad_for_stride(graph: Graph, x: Node, kernel_size: int, name: str) -> Node:
    """The padding that puts a strided "valid" window where it is in the authors' pretrained weights.

    One cell less at the top and left where a side is even (keras.applications.imagenet_utils.correct_pad).
    """
    half = kernel_size // 2
    height, width, _ = x.shape
    sides = ((half - 1 + height % 2, half), (half - 1 + width % 2, half))
    return graph.add(ZeroPadding2D(sides), x, name=f"{name}_pad")


def squeeze_excite(graph: Graph, x: Node, gate: Iterable[tuple[str, Layer]]) -> Node:
    """Each channel scaled by a gate computed from all channels' means (Hu et al. 2018).

    `gate` names the layers that lead from the map to the gates, the global pooling first.
    """
    with graph.scope("squeeze_excite"):
        gates = x
        for name, layer in gate:
            gates = graph.add(layer, gates, name=name)
        return graph.add(Multiply(), x, gates, name="excite")


def residual(graph: Graph, shortcut: Node, x: Node) -> Node:
    return graph.add(Add(), shortcut, x, name="add")


def pool(graph: Graph, x: Node, pooling: str | None) -> Node:
    """Global pooling for a network without its classifier."""
    if pooling is None:
        return x
    layer = GlobalAveragePooling2D() if pooling == "avg" else GlobalMaxPooling2D()
    return graph.add(layer, x, name="pool")
