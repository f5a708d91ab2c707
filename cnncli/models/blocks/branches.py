"""Paths that read one map side by side and are laid behind each other as channels (Szegedy et al. 2014)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layers import Concatenate

Step = Layer | Callable[[Graph, Node, str], Node]
"""A layer, or what appends several by the step's name and returns the last: a convolution with its normalization."""

Path = Sequence[tuple[str, Step]]
"""Named steps, each reading the one before; none for a path that is what it reads."""


def branches(graph: Graph, x: Node, paths: Mapping[str, Path], name: str = "concat") -> Node:
    """Each path in its own scope, one after the other as they stand, and their concatenation in that order."""
    ends = []
    for scope, steps in paths.items():
        with graph.scope(scope):
            ends.append(path(graph, x, steps))
    return graph.add(Concatenate(), *ends, name=name)


def path(graph: Graph, x: Node, steps: Path) -> Node:
    for name, step in steps:
        x = graph.add(step, x, name=name) if isinstance(step, Layer) else step(graph, x, name)
    return x
