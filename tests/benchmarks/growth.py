"""How building, analysing and folding a graph grow with its length: they must stay linear."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from typing import NamedTuple

from cnncli.analysis.report import report
from cnncli.graph import Graph, Node
from cnncli.graph.layers import Add, BatchNormalization, Concatenate, Conv2D, InputLayer, ReLU
from cnncli.network import network

LENGTHS = (100, 1_000, 10_000, 100_000)
REAL = "efficientnet_b7"
"""The largest of the real networks."""
WITHIN = 0.010
"""Seconds in which that one should be built and analysed."""


class Growth(NamedTuple):
    """Seconds to build, analyse and fold a graph of so many layers."""

    shape: str
    layers: int
    seconds: float


def chain(length: int) -> Graph:
    """Residual blocks of five layers, one behind the other."""
    graph = Graph("chain")
    x = graph.add(InputLayer((32, 32, 8)), name="image")
    for block in range((length - 1) // 5):
        with graph.scope(f"block{block}"):
            shortcut = x
            x = graph.add(Conv2D(8, 3, padding="same"), x, name="conv")
            x = graph.add(BatchNormalization(), x, name="bn")
            x = graph.add(ReLU(), x, name="relu")
            x = graph.add(Conv2D(8, 1), x, name="project")
            x = graph.add(Add(), shortcut, x, name="add")
    return graph


def dense_blocks(length: int) -> Graph:
    """Blocks in which each of eight convolutions reads all before it in the block, as DenseNet's do."""
    graph = Graph("dense blocks")
    x = graph.add(InputLayer((32, 32, 8)), name="image")
    for block in range((length - 1) // 17):
        with graph.scope(f"block{block}"):
            x = _dense_block(graph, x)
    return graph


def _dense_block(graph: Graph, x: Node) -> Node:
    read = [x]
    for number in range(8):
        joined = graph.add(Concatenate(), *read, name=f"concat{number}") if len(read) > 1 else x
        read.append(graph.add(Conv2D(4, 3, padding="same"), joined, name=f"conv{number}"))
    joined = graph.add(Concatenate(), *read, name="concat")
    return graph.add(Conv2D(8, 1), joined, name="transition")


def measure(make: Callable[[int], Graph], length: int) -> float:
    """The best of three as timeit takes them, without the garbage collector's walks over what stays alive."""
    return min(timeit.repeat(lambda: report(make(length), 1), number=1, repeat=3))


def growth(lengths: tuple[int, ...] = LENGTHS) -> list[Growth]:
    """Both shapes at each length, and the largest of the real networks."""
    length = len(network(REAL).graph.nodes)
    real = Growth(REAL, length, measure(lambda _: network(REAL).graph, 0))
    grown = [
        Growth(name, length, measure(make, length))
        for name, make in (("chain", chain), ("dense blocks", dense_blocks))
        for length in lengths
    ]
    return [*grown, real]
