"""The order in which a functional Keras model has its layers, computed of the graph that it would be lowered from.

Files of weights number the layers of a class in that order. Keras sorts operations by their depth, the most steps from
an operation to an output, the deepest first; those of one depth as they are met on a walk from the outputs back
(keras/src/ops/function.py, map_graph).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cnncli.graph import Graph, Node, Role

INPUT = "input"
OUTPUT = ""
"""The part that is named as the node, which is the last one."""
PARTS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "GlobalResponseNormalization": {
        ".square": (INPUT, INPUT),
        ".sum": (".square",),
        ".norm": (".sum",),
        ".mean": (".norm",),
        ".divisor": (".mean",),
        ".quotient": (".norm", ".divisor"),
        ".share": (INPUT, ".quotient"),
        ".affine": (".share",),
        OUTPUT: (INPUT, ".affine"),
    },
    "LocalResponseNormalization": {
        ".square": (INPUT, INPUT),
        ".pad": (".square",),
        ".neighbours": (".pad",),
        ".scale": (".neighbours",),
        ".power": (".scale",),
        OUTPUT: (INPUT, ".power"),
    },
    "RadialBasis": {
        ".codes": (INPUT,),
        ".square": (INPUT,),
        ".norm": (".square",),
        ".distance": (".codes",),
        OUTPUT: (".distance", ".norm"),
    },
    "Subsampling2D": {
        ".mean": (INPUT,),
        OUTPUT: (".mean",),
    },
}
"""Of nodes that `composed` makes of several operations: each of them and what it reads, in the order of its arguments.

They are as deep as their longest way, which counts for all that comes before.
"""


class Call(NamedTuple):
    """An operation applied once, and the numbers of the calls whose results it reads."""

    operation: str
    reads: tuple[int, ...]


def operations(graph: Graph) -> list[str]:
    """The names of all operations that the Keras model has, its layers among them, in its order."""
    calls, outputs = _calls(graph)
    met, done = _walked(calls, outputs)
    depths: dict[str, int] = {}
    reached = [0] * len(calls)
    for number in reversed(done):
        operation, reads = calls[number]
        depth = depths[operation] = max(reached[number], depths.get(operation, 0))
        for source in reads:
            reached[source] = max(reached[source], depth + 1)
    return sorted(met, key=lambda operation: (-depths[operation], met[operation]))


def _calls(graph: Graph) -> tuple[list[Call], list[int]]:
    """All calls, and which of them give the outputs."""
    calls: list[Call] = []
    ends: dict[int, int] = {}
    for node in graph.nodes:
        inputs = tuple(ends[source.index] for source in node.inputs)
        calls.extend(_of_node(node, inputs, len(calls)))
        ends[node.index] = len(calls) - 1
    return calls, [ends[node.index] for node in graph.outputs]


def _of_node(node: Node, inputs: tuple[int, ...], first: int) -> Iterator[Call]:
    """The calls of a node, the first of them of this number. A layer that is applied again is one operation."""
    name = (node.shares or node).name
    parts = PARTS.get(node.type)
    if parts is None or node.role is Role.INPUT:
        yield Call(name, inputs)
        return
    numbers = {part: (first + place,) for place, part in enumerate(parts)}
    for part, reads in parts.items():
        yield Call(name + part, tuple(number for each in reads for number in numbers.get(each, inputs)))


def _walked(calls: Sequence[Call], outputs: Sequence[int]) -> tuple[dict[str, int], list[int]]:
    """Go from the outputs back, along the first of what a call reads before the next.

    Each operation with its place among those that were met, and the calls in the order in which all before them were
    done.
    """
    met: dict[str, int] = {}
    begun: set[int] = set()
    done: list[int] = []
    waiting = [(number, False) for number in reversed(outputs)]
    while waiting:
        number, finished = waiting.pop()
        if finished:
            done.append(number)
        elif number not in begun:
            begun.add(number)
            met.setdefault(calls[number].operation, len(met))
            waiting.append((number, True))
            waiting.extend((source, False) for source in reversed(calls[number].reads))
    return met, done
