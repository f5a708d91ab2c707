"""Squeeze-and-excitation: channels scaled by gates that see the whole map (Hu et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layers import Activation, Conv2D, GlobalAveragePooling2D, Initializer, Multiply, ReLU, Reshape

Gate = Sequence[tuple[str, Layer]]
"""The named layers that lead from a map to a factor for each of its channels, the global pooling first."""


def squeeze_excite(graph: Graph, x: Node, layers: Gate) -> Node:
    """Each channel times the gate that is computed from all channels' means."""
    with graph.scope("squeeze_excite"):
        gates = x
        for name, layer in layers:
            gates = graph.add(layer, gates, name=name)
        return graph.add(Multiply(), x, gates, name="excite")


def gate(channels: int, squeezed: int) -> Gate:
    """The paper's two dense layers, as 1x1 convolutions with biases."""
    return (
        ("squeeze", GlobalAveragePooling2D(keepdims=True)),
        ("reduce", Conv2D(squeezed, 1, activation="relu")),
        ("expand", Conv2D(channels, 1, activation="sigmoid")),
    )


def hard_gate(channels: int, squeezed: int) -> Gate:
    """MobileNet V3's: by hard sigmoid (Howard et al. 2019, section 5.3)."""
    return (
        ("squeeze", GlobalAveragePooling2D(keepdims=True)),
        ("reduce", Conv2D(squeezed, 1, padding="same")),
        ("reduce_activation", ReLU()),
        ("expand", Conv2D(channels, 1, padding="same")),
        ("expand_activation", Activation("hard_sigmoid")),
    )


def reshaped_gate(channels: int, squeezed: int, function: str | None, initializer: Initializer) -> Gate:
    """EfficientNet's in Keras: the means become a map of one cell, activated as the network is."""
    return (
        ("squeeze", GlobalAveragePooling2D()),
        ("reshape", Reshape((1, 1, channels))),
        ("reduce", Conv2D(squeezed, 1, padding="same", activation=function, kernel_initializer=initializer)),
        ("expand", Conv2D(channels, 1, padding="same", activation="sigmoid", kernel_initializer=initializer)),
    )
