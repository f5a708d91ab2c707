"""How much memory the tensors between the layers need."""

from __future__ import annotations

from math import prod

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Conv2D, Conv2DTranspose, Dense, DepthwiseConv2D, SeparableConv2D, ZeroPadding2D

BYTES_PER_CELL = 4
KERNELS = (Conv2D, Conv2DTranspose, Dense, DepthwiseConv2D, SeparableConv2D)


def peak_activation_bytes(graph: Graph) -> int:
    """Largest sum of live tensors at any step, in bytes of float32 for one example.

    The steps are the nodes in graph order. A tensor lives from the step that computes it to the last one that reads
    it; an output of the graph to the end. While a node computes, its inputs and its output are all live.
    """
    storage = _storage(graph)
    last_step = list(range(len(graph.nodes)))  # of each storage, by the index of the node that owns it
    for node in graph.nodes:
        for source in node.inputs:
            last_step[storage[source.index]] = max(last_step[storage[source.index]], node.index)
    for node in graph.outputs:
        last_step[storage[node.index]] = len(graph.nodes)
    ending: dict[int, list[int]] = {}
    live = peak = 0
    for node in graph.nodes:
        if storage[node.index] == node.index:
            size = BYTES_PER_CELL * prod(node.shape)
            live += size
            ending.setdefault(last_step[node.index], []).append(size)
        peak = max(peak, live)
        live -= sum(ending.pop(node.index, ()))
    return peak


def _storage(graph: Graph) -> list[int]:
    """For each node the index of the node whose memory its output is: its own, or an input's where it is folded."""
    readers = graph.readers()
    storage: list[int] = []
    folding: list[bool] = []  # whether the node's output comes from a kernel, with nothing read in between
    for node in graph.nodes:
        kernel = isinstance(node.layer, KERNELS)
        source = node.inputs[0] if len(node.inputs) == 1 else None
        folded = bool(source and node.layer.folds and folding[source.index] and len(readers[source.index]) == 1)
        shared = source is not None and (folded or node.layer.free or _pads_for_kernel(node, readers))
        storage.append(storage[source.index] if source is not None and shared else node.index)
        folding.append(kernel or folded)
    return storage


def _pads_for_kernel(node: Node, readers: list[list[Node]]) -> bool:
    following = readers[node.index]
    return (
        isinstance(node.layer, ZeroPadding2D)
        and bool(following)
        and all(isinstance(reader.layer, KERNELS) for reader in following)
    )
