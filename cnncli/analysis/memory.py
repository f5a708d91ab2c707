"""How much memory the tensors between the layers need."""

from __future__ import annotations

from math import prod
from typing import Any

from cnncli.amounts import total
from cnncli.graph import UNKNOWN, Graph
from cnncli.graph.roles import KERNELS

BYTES_PER_CELL = 4


def peak_activation_bytes(graph: Graph) -> Any:
    """Largest sum of live tensors at any step, in bytes of float32 for one example; AtLeast where a size is unknown.

    The steps are the nodes in graph order. A tensor lives from the step that computes it to the last one that reads
    it; an output of the graph to the end. While a node computes, its inputs and its output are all live.
    """
    storage = _storage(graph)
    count = len(graph.nodes)
    last_step = list(range(count))  # of each storage, by the index of the node that owns it
    for node in graph.nodes:
        for source in node.inputs:
            last_step[storage[source.index]] = node.index
    for node in graph.outputs:
        last_step[storage[node.index]] = count
    dying = [0] * (count + 1)  # cells that are free after each step
    live = peak = 0
    complete = True
    for node in graph.nodes:
        if storage[node.index] == node.index:
            cells = prod(node.shape)
            if cells is UNKNOWN:
                complete, cells = False, 0
            live += cells
            dying[last_step[node.index]] += cells
        peak = max(peak, live)
        live -= dying[node.index]
    return BYTES_PER_CELL * (peak if complete else total([peak, UNKNOWN]))


def _storage(graph: Graph) -> list[int]:
    """For each node the index of the node whose memory its output is: its own, or an input's where it is folded."""
    readers, kernel_readers = _count_readers(graph)
    storage: list[int] = []
    folding: list[bool] = []  # whether the node's output comes from a kernel, with nothing read in between
    for node in graph.nodes:
        source = node.inputs[0].index if len(node.inputs) == 1 else None
        folded = source is not None and node.layer.folds and folding[source] and readers[source] == 1
        padding = node.layer.pads and 0 < readers[node.index] == kernel_readers[node.index]
        shared = source is not None and (folded or padding or node.layer.free)
        storage.append(storage[source] if source is not None and shared else node.index)
        folding.append(folded or (node.role in KERNELS))
    return storage


def _count_readers(graph: Graph) -> tuple[list[int], list[int]]:
    """For each node, how many nodes read it, and how many of those have a kernel."""
    readers, kernel_readers = [0] * len(graph.nodes), [0] * len(graph.nodes)
    for node in graph.nodes:
        kernel = node.role in KERNELS
        for source in node.inputs:
            readers[source.index] += 1
            kernel_readers[source.index] += kernel
    return readers, kernel_readers
