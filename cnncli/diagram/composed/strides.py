"""How much smaller than the input a map is, by which stages of different networks stand at one height."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log2
from typing import NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.receptive_field import View, views
from cnncli.graph import Graph, Node, Shape


class Stride(NamedTuple):
    """By how much a map is smaller than the input, down and across; of a single cell and of a vector `POOLED`."""

    down: float
    across: float

    def __str__(self) -> str:
        """`stride 4`, `stride 4x2`, `stride 1/2` of a map that is larger than the input; nothing of one cell."""
        if self == POOLED:
            return ""
        return f"stride {'x'.join(dict.fromkeys(map(_written, self)))}"


POOLED = Stride(inf, inf)


def _written(stride: float) -> str:
    return f"{stride:g}" if stride >= 1 else f"1/{1 / stride:g}"


def strides(graph: Graph) -> list[Stride]:
    """Of each node's output: the product of the strides before, or where that is not known, by how large it is.

    What can be told by neither has the stride of the node before it.
    """
    seen = views(graph)
    first = next((node.shape for node in graph.inputs if len(node.shape) == 3), ())
    found: list[Stride] = []
    for node, view in zip(graph.nodes, seen, strict=True):
        found.append(_stride(node, view, first) or (found[-1] if found else POOLED))
    return found


def _stride(node: Node, view: View | None, first: Shape) -> Stride | None:
    if len(node.shape) != 3 or (node.shape[:2] == (1, 1) != first[:2]):
        return POOLED
    if view and view.step:
        return Stride(*view.step)
    sizes = (*first[:2], *node.shape[:2])
    if len(sizes) < 4 or not all(is_known(size) and size for size in sizes):
        return None
    down, across = (2.0 ** round(log2(sizes[axis] / sizes[axis + 2])) for axis in (0, 1))
    return Stride(down, across)


def merged(sequences: Sequence[Sequence[Stride]]) -> list[Stride]:
    """The shortest sequence, or nearly so, that holds each of them in order; where there is a choice ascending."""
    found: list[Stride] = []
    for sequence in sequences:
        found = _both(found, sequence)
    return found


def _both(one: Sequence[Stride], other: Sequence[Stride]) -> list[Stride]:
    """By how many elements the rest of both takes: the table of the longest common subsequence."""
    rest = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in range(len(one), -1, -1):
        for j in range(len(other), -1, -1):
            if i == len(one) or j == len(other):
                rest[i][j] = len(one) - i + len(other) - j
            elif one[i] == other[j]:
                rest[i][j] = 1 + rest[i + 1][j + 1]
            else:
                rest[i][j] = 1 + min(rest[i + 1][j], rest[i][j + 1])
    found: list[Stride] = []
    i = j = 0
    while i < len(one) and j < len(other):
        if one[i] == other[j]:
            found.append(one[i])
            i, j = i + 1, j + 1
        elif (rest[i + 1][j], one[i]) <= (rest[i][j + 1], other[j]):
            found.append(one[i])
            i += 1
        else:
            found.append(other[j])
            j += 1
    return [*found, *one[i:], *other[j:]]


def rows(sequence: Sequence[Stride], bands: Sequence[Stride]) -> list[int]:
    """In which band each element stands, of bands that hold the sequence in order."""
    found: list[int] = []
    for each in sequence:
        found.append(bands.index(each, found[-1] + 1 if found else 0))
    return found
