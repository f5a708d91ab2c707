"""Paths side by side, of which Inception's modules are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnncli.graph import Graph, Layer, Node, Role
from cnncli.graph.layer import Size
from cnncli.graph.layers import Activation, AveragePooling2D, BatchNormalization, Concatenate, Conv2D, MaxPooling2D

Path = Sequence[Layer | tuple[Layer, ...]]
"""Layers, each reading the one before it; where several stand in one's place, all read it and are concatenated."""

AVERAGE = AveragePooling2D(3, strides=1, padding="same")
MAXIMUM = MaxPooling2D(3, strides=2)
RELU = Activation("relu")


def conv(filters: int, kernel_size: Size = 1, strides: int = 1, padding: str = "same") -> Conv2D:
    """A convolution for batch normalization to follow; those that stride see no cell beyond the map."""
    return Conv2D(filters, kernel_size, strides, "valid" if strides > 1 else padding, use_bias=False)


# Inception V3's table 1 up to its modules, from 299x299 to 35x35, with the last three rows of the authors' code.
STEM: Path = (
    conv(32, 3, strides=2),
    conv(32, 3, padding="valid"),
    conv(64, 3),
    MAXIMUM,
    conv(80, 1, padding="valid"),
    conv(192, 3, padding="valid"),
    MAXIMUM,
)


def mixed(graph: Graph, x: Node, paths: Sequence[Path], batch_norm: BatchNormalization, name: str = "mixed") -> Node:
    """Paths that read the same, their maps laid behind one another (Szegedy et al. 2014)."""
    ends = []
    for number, path in enumerate(paths, 1):
        with graph.scope("branch", number):
            ends.append(follow(graph, x, path, batch_norm))
    return graph.add(Concatenate(), *ends, name=name)


def follow(graph: Graph, x: Node, path: Path, batch_norm: BatchNormalization) -> Node:
    """The layers of a path, each named by what it is and which of its kind."""
    counts: Counter[str] = Counter()
    for step in path:
        if isinstance(step, tuple):
            ends = [_step(graph, x, layer, batch_norm, counts) for layer in step]
            x = graph.add(Concatenate(), *ends, name="mixed")
        else:
            x = _step(graph, x, step, batch_norm, counts)
    return x


def _step(graph: Graph, x: Node, layer: Layer, batch_norm: BatchNormalization, counts: Counter[str]) -> Node:
    """A convolution with its normalization and activation, or another layer by itself."""
    kind = "conv" if layer.role is Role.CONVOLUTION else "pad" if layer.pads else "pool"
    counts[kind] += 1
    number = counts[kind]
    x = graph.add(layer, x, name=f"{kind}{number}")
    if kind != "conv":
        return x
    x = graph.add(batch_norm, x, name=f"bn{number}")
    return graph.add(RELU, x, name=f"activation{number}")
