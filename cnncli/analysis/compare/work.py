"""What does a network's work: dense layers, convolutions and of which kind, gates.

Told by what is computed, not by how it is written: a 1x1 convolution of what was pooled globally is a dense layer, a
dense layer of a map is a 1x1 convolution, and a separable convolution is two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from math import prod
from typing import Any

from cnncli.amounts import is_known, total
from cnncli.graph import Graph, Node
from cnncli.graph.layer import pair
from cnncli.graph.roles import KERNELS, Role


class Work(str, Enum):
    """What holds parameters, and what they are used for."""

    DENSE = "dense"
    """Behind the last map: each weight is used once."""
    CONVOLUTION = "convolution"
    """Of several cells, from all channels to all filters."""
    POINTWISE = "pointwise"
    GROUPED = "grouped"
    DEPTHWISE = "depthwise"
    GATE = "gate"
    """Squeeze-and-excitation: what makes a factor for each channel of what was pooled globally."""
    NORMALIZATION = "normalization"
    OTHER = "other"


class Wires:
    """Of each node, by its index, whether it stands behind the map, and whether it is a part of a gate."""

    def __init__(self, graph: Graph) -> None:
        self.behind = _behind(graph)
        self.gates = {node.index: inside for node in graph.nodes if (inside := self._gate(node))}
        """The nodes of each gate, by the index of the product that it ends in."""
        self.gated = frozenset[int]().union(*self.gates.values())

    def maps(self, node: Node) -> list[Node]:
        """The inputs that are maps."""
        return [source for source in node.inputs if not self.behind[source.index]]

    def _gate(self, node: Node) -> frozenset[int]:
        if node.layer.combines != "product" or not 0 < len(self.maps(node)) < len(node.inputs):
            return frozenset()
        found: set[int] = set()
        waiting = [source for source in node.inputs if self.behind[source.index]]
        has_kernel = False
        while waiting and len(found) < LARGEST_GATE:
            each = waiting.pop()
            if each.index not in found:
                found.add(each.index)
                has_kernel |= each.role in KERNELS
                waiting += [source for source in each.inputs if self.behind[source.index]]
        return frozenset(found) if has_kernel else frozenset()


LARGEST_GATE = 1_000
"""How many layers are looked at for a gate."""


def _behind(graph: Graph) -> list[bool]:
    """Of each node whether nothing is left of the map: it was pooled globally, laid out in a row, or all convolved."""
    found: list[bool] = []
    for node in graph.nodes:
        left = bool(node.inputs) and all(found[source.index] for source in node.inputs)
        found.append(left or len(node.shape) < 2 or node.layer.pools_globally or _convolves_all(node))
    return found


def _convolves_all(node: Node) -> bool:
    """Whether the kernel is as large as the map, so that one cell is left."""
    if node.role is not Role.CONVOLUTION or prod(node.shape[:-1]) != 1:
        return False
    sizes = node.input_shapes[0][:-1]
    return kernel_size(node) == sizes != (1,) * len(sizes)


def kernel_size(node: Node) -> tuple[int, ...]:
    """A kernel's extent along each axis of the map; of a dense layer one cell."""
    size = getattr(node.layer, "kernel_size", (1,))
    return (size,) if isinstance(size, int) else tuple(size)


def is_pointwise(node: Node) -> bool:
    """Whether a kernel sees one cell at a time, all channels of a group."""
    return node.role in KERNELS and node.role is not Role.DEPTHWISE and set(kernel_size(node)) == {1}


def is_depthwise(node: Node) -> bool:
    """Whether each channel has kernels of its own, as one says of a kernel of several cells."""
    channels = node.input_shapes[0][-1] if node.inputs else 0
    return node.role is Role.DEPTHWISE or (
        groups(node) == channels > 1 and node.role is Role.CONVOLUTION and not is_pointwise(node)
    )


def groups(node: Node) -> int:
    return getattr(node.layer, "groups", 1)


def kernel_before(node: Node, wires: Wires) -> Node | None:
    """The kernel before a layer, where nothing but gates and what works cell by cell or moves cells stands between."""
    (source, *more) = node.inputs or (None,)
    while source is not None and not more and source.role not in KERNELS:
        product = source.index in wires.gates
        inputs = wires.maps(source) if product else source.inputs
        thin = product or source.role in (Role.ACTIVATION, Role.NORMALIZATION, Role.SHAPING, Role.OTHER)
        if not thin or len(inputs) != 1:
            return None
        (source,) = inputs
    return None if more else source


def work_of(node: Node, wires: Wires) -> Work:
    """What a layer is there for; of a separable convolution its second half."""
    if node.role not in KERNELS:
        return Work.NORMALIZATION if node.role is Role.NORMALIZATION else Work.OTHER
    if node.index in wires.gated:
        return Work.GATE
    if wires.behind[node.index]:
        return Work.DENSE
    if is_depthwise(node):
        return Work.DEPTHWISE
    if groups(node) > 1:
        return Work.GROUPED
    return Work.POINTWISE if is_pointwise(node) or node.layer.between(*node.input_shapes) else Work.CONVOLUTION


def shared_out(graph: Graph, wires: Wires) -> Mapping[str, Mapping[Work, Any]]:
    """Parameters and MACs by what does the work, in the order of Work; they add up to the network's."""
    return {
        "params": _by_work(graph, wires, _params),
        "macs": _by_work(graph, wires, _macs),
    }


Split = Callable[[Node], tuple[Any, Any]]
"""A layer's cost, and how much of it is the depthwise half of a separable convolution's."""


def _by_work(graph: Graph, wires: Wires, split: Split) -> dict[Work, Any]:
    costs: dict[Work, list[Any]] = {work: [] for work in Work}
    for node in graph.nodes:
        for work, cost in _costs(node, wires, split):
            costs[work].append(cost)
    return {work: total(each) for work, each in costs.items() if any(cost or not is_known(cost) for cost in each)}


def _costs(node: Node, wires: Wires, split: Split) -> Iterator[tuple[Work, Any]]:
    whole, first = split(node)
    yield work_of(node, wires), whole - first if is_known(whole) else whole
    if first:
        yield Work.DEPTHWISE, first


DEPTHWISE_KERNEL = "depthwise_kernel"
"""What Keras calls the first kernel of a separable convolution."""


def _params(node: Node) -> tuple[Any, Any]:
    return node.params, sum(weight.size for weight in node.own_weights if weight.name == DEPTHWISE_KERNEL)


def _macs(node: Node) -> tuple[Any, Any]:
    shapes = node.input_shapes
    kernels = [weight for weight in node.layer.weights(*shapes) if weight.name == DEPTHWISE_KERNEL]
    return node.macs, sum(weight.size for weight in kernels) * node.layer.kernel_positions(*shapes) if kernels else 0


def strides(node: Node) -> tuple[int, int]:
    """How far a window moves from cell to cell."""
    return pair(getattr(node.layer, "strides", None) or 1)
