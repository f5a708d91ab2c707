"""What is added to its own input, and what scales it."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layers import Activation, Add, Conv2D, GlobalAveragePooling2D, Multiply, ReLU


def residual(graph: Graph, shortcut: Node, x: Node) -> Node:
    return graph.add(Add(), shortcut, x, name="add")


Gate = Sequence[tuple[str, Layer]]
"""The named layers that lead from a map to a factor for each of its channels, the global pooling first."""


def squeeze_excite(graph: Graph, x: Node, gate: Gate) -> Node:
    """Each channel scaled by a gate computed from all channels' means (Hu et al. 2018)."""
    with graph.scope("squeeze_excite"):
        gates = x
        for name, layer in gate:
            gates = graph.add(layer, gates, name=name)
        return graph.add(Multiply(), x, gates, name="excite")


def gate(channels: int, squeezed: int) -> Gate:
    """Hu et al.'s two dense layers, as 1x1 convolutions with biases."""
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
