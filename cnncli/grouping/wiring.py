"""How a graph's nodes hang together, as lists by index: what the other modules of this room ask again and again."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, prod

from cnncli.amounts import UNKNOWN
from cnncli.graph import Graph, Node, Role


@dataclass(frozen=True, eq=False)
class Wiring:
    """For each node, by its index: what it reads, what reads it, and how often the image was made smaller before it.

    `sources` are without constants: a tensor that a file holds is no way through the network. `scales` are by area: 4
    where height and width are halved; infinite where no map is left.
    """

    nodes: list[Node]
    sources: list[tuple[int, ...]]
    readers: list[list[int]]
    scales: list[float]

    def alone(self, index: int) -> int | None:
        """The only node that a node reads, if it reads one."""
        sources = self.sources[index]
        return sources[0] if len(sources) == 1 else None

    def reader(self, index: int) -> int | None:
        """The only node that reads a node, if one does."""
        readers = self.readers[index]
        return readers[0] if len(readers) == 1 else None


def wiring(graph: Graph) -> Wiring:
    nodes = graph.nodes
    constant: list[bool] = []
    sources: list[tuple[int, ...]] = []
    readers: list[list[int]] = [[] for _ in nodes]
    scales: list[float] = []
    for node in nodes:
        read = dict.fromkeys(source.index for source in node.inputs)
        constant.append(all(constant[index] for index in read) and node.role is not Role.INPUT)
        real = tuple(index for index in read if not constant[index])
        sources.append(real)
        for index in read:
            readers[index].append(node.index)
        before = min((scales[index] for index in real), default=1.0)
        scales.append(before * _shrinking(node, nodes[real[0]] if real else None))
    return Wiring(nodes, sources, readers, scales)


def _shrinking(node: Node, source: Node | None) -> float:
    """By how much a layer makes the map smaller, by area."""
    if source is None:
        return 1.0
    if node.layer.pools_globally:
        return inf
    window = node.window
    stride = (UNKNOWN, UNKNOWN) if window is None else window.stride
    known = stride[0] * stride[1]
    if known is not UNKNOWN:
        return known if len(node.shape) >= 2 else inf
    return _by_shapes(node, source)


def _by_shapes(node: Node, source: Node) -> float:
    """The same from what the layer reads and puts out, where it does not say itself how it moves its window."""
    if len(node.shape) < 2 or len(source.shape) < 2:
        return 1.0 if len(node.shape) == len(source.shape) else inf
    before, after = prod(source.shape[:-1]), prod(node.shape[:-1])
    if before is UNKNOWN or after is UNKNOWN or not before or not after:
        return 1.0
    return before / after
