"""Paths that read one map side by side and are laid behind each other as channels (Szegedy et al. 2014)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnncli.graph import Graph, Layer, Node, Role
from cnncli.graph.layers import Activation, BatchNormalization, Concatenate

Path = Sequence[Layer | tuple[Layer, ...]]
"""Layers, each reading the one before it; where several stand in one's place, all read it and are concatenated."""

RELU = Activation("relu")


def branches(
    graph: Graph, x: Node, paths: Sequence[Path], batch_norm: BatchNormalization | None = None, name: str = "mixed"
) -> Node:
    """Each path in its own scope, one after the other as they stand, and their concatenation in that order."""
    ends = []
    for number, layers in enumerate(paths, 1):
        with graph.scope("branch", number):
            ends.append(path(graph, x, layers, batch_norm))
    return graph.add(Concatenate(), *ends, name=name)


def path(graph: Graph, x: Node, layers: Path, batch_norm: BatchNormalization | None = None) -> Node:
    """The layers of a path, each named by what it is and which of its kind.

    With `batch_norm` every convolution is followed by it and rectified.
    """
    counts: Counter[str] = Counter()
    for layer in layers:
        if isinstance(layer, tuple):
            ends = [_step(graph, x, each, batch_norm, counts) for each in layer]
            x = graph.add(Concatenate(), *ends, name="mixed")
        else:
            x = _step(graph, x, layer, batch_norm, counts)
    return x


def _step(graph: Graph, x: Node, layer: Layer, batch_norm: BatchNormalization | None, counts: Counter[str]) -> Node:
    kind = "conv" if layer.role is Role.CONVOLUTION else "pad" if layer.pads else "pool"
    counts[kind] += 1
    number = counts[kind]
    x = graph.add(layer, x, name=f"{kind}{number}")
    if kind != "conv" or batch_norm is None:
        return x
    x = graph.add(batch_norm, x, name=f"bn{number}")
    return graph.add(RELU, x, name=f"activation{number}")
