"""What a network is built of, as facts with how often each occurs: shortcuts, bottlenecks, gates, how it shrinks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from heapq import heappop, heappush
from math import prod
from typing import NamedTuple

from cnncli.analysis.compare.work import Wires, groups, is_depthwise, is_pointwise, kernel_before, kernel_size, strides
from cnncli.graph import Graph, Node
from cnncli.graph.roles import CONVOLUTIONS, KERNELS, Role


class Feature(str, Enum):
    """An idea that networks take up, in the order in which it is told."""

    RESIDUAL = "residual_addition"
    """A sum of a map with what was made of it; a 1x1 convolution may fit the map to that."""
    SUM = "sum_of_branches"
    DENSE_CONNECTION = "dense_connection"
    """A map beside what was made of it."""
    BRANCHES = "concatenation_of_branches"
    BOTTLENECK = "bottleneck"
    """A 1x1 convolution that narrows the map for the convolution of several cells that reads it."""
    INVERTED = "inverted_bottleneck"
    """One that widens it for a depthwise convolution, or behind one, and one that narrows it again."""
    FUSED = "fused_inverted_bottleneck"
    """A convolution of several cells that widens, and a linear 1x1 convolution that narrows again."""
    SEPARABLE = "depthwise_separable"
    """A depthwise convolution and the 1x1 convolution that reads it."""
    GROUPED = "grouped_convolution"
    SHUFFLE = "channel_shuffle"
    GATE = "squeeze_and_excitation"
    KERNEL = "kernel_size"
    """Convolutions of several cells, by their extent."""
    DILATED = "dilated_convolution"
    STRIDED = "strided_convolution"
    POOLING = "strided_pooling"
    ENLARGING = "enlarging"
    NORMALIZATION = "normalization"
    """By the layer's class."""
    ACTIVATION = "activation"
    """By the function's name; those of the outputs and within gates apart."""
    GLOBAL_POOLING = "global_pooling"
    """Of the last map, by the layer's class."""
    FLATTENED = "flattened_map"
    DENSE = "dense_layer"


class Trait(NamedTuple):
    """A feature, and which of its kind: a kernel's extent, a function's name."""

    feature: Feature
    which: str = ""


def design(graph: Graph, normal: Graph) -> Mapping[Trait, int]:
    """A network's traits, in the order of Feature. Told of the normal form, in which files are written alike.

    Normalization, which that folds into kernels, is told of the graph.
    """
    counts = Counter(trait for _, trait in placed(normal))
    counts.update(_normalizations(graph))
    order = list(Feature)
    return dict(sorted(counts.items(), key=lambda item: (order.index(item[0].feature), item[0].which)))


def placed(normal: Graph) -> Iterator[tuple[Node, Trait]]:
    """Each trait with the node that it is told of, the last of those it needs."""
    return _Design(normal).traits()


def _normalizations(graph: Graph) -> Iterator[Trait]:
    """Those that read what a kernel has computed: how the input is given is none."""
    computed: list[bool] = []
    for node in graph.nodes:
        behind = any(computed[source.index] for source in node.inputs)
        computed.append(behind or node.role in KERNELS)
        if behind and node.role is Role.NORMALIZATION:
            yield Trait(Feature.NORMALIZATION, node.type)


class _Design:
    def __init__(self, graph: Graph) -> None:
        self._graph, self._wires = graph, Wires(graph)
        self._outputs = {node.index for node in graph.outputs}
        self._readers = graph.readers()
        self._before = [kernel_before(node, self._wires) if node.role in KERNELS else None for node in graph.nodes]
        """For each kernel the one before it, where nothing but what works cell by cell stands between."""
        self._looked_at = 0
        self._narrow = set[int]()  # the 1x1 convolutions that were counted as bottlenecks: two kernels may read one
        self._next: dict[int, list[Node]] = {}
        for node in graph.nodes:
            before = self._before[node.index]
            if before:
                self._next.setdefault(before.index, []).append(node)

    def traits(self) -> Iterator[tuple[Node, Trait]]:
        for node in self._graph.nodes:
            yield from ((node, trait) for trait in self._of(node))

    def _of(self, node: Node) -> Iterator[Trait]:
        if node.index in self._wires.gates:
            yield Trait(Feature.GATE)
        if node.index in self._wires.gated:
            return
        if self._wires.behind[node.index]:
            yield from self._head(node)
        else:
            yield from self._on_map(node)
        if node.layer.function != "linear" and node.index not in self._outputs:
            yield Trait(Feature.ACTIVATION, node.layer.function)

    def _head(self, node: Node) -> Iterator[Trait]:
        """Of what stands behind the map."""
        if node.layer.pools_globally and self._wires.maps(node):
            yield Trait(Feature.GLOBAL_POOLING, node.type)
        elif node.role is Role.SHAPING and any(prod(source.shape[:-1]) != 1 for source in self._wires.maps(node)):
            yield Trait(Feature.FLATTENED)
        if node.role in KERNELS:
            yield Trait(Feature.DENSE)

    def _on_map(self, node: Node) -> Iterator[Trait]:
        if node.role is Role.MERGING and len(self._wires.maps(node)) > 1:
            yield from self._merging(node)
        elif node.role in CONVOLUTIONS:
            yield from self._convolution(node)
        elif node.role is Role.POOLING and _steps(node) > 1:
            yield Trait(Feature.POOLING)
        elif self._shuffles(node):
            yield Trait(Feature.SHUFFLE)
        if node.window and min(node.window.stride) < 1:
            yield Trait(Feature.ENLARGING)

    # What merges.

    def _merging(self, node: Node) -> Iterator[Trait]:
        maps = self._wires.maps(node)
        if not node.layer.combines:
            passed = self._is_above_another(maps, [(each, each) for each in maps])
            yield Trait(Feature.DENSE_CONNECTION if passed else Feature.BRANCHES)
        elif node.layer.combines == "sum":
            shortcuts = [(found, each) for each in maps for found in _shortcut(each)]
            yield Trait(Feature.RESIDUAL if self._is_above_another(maps, shortcuts) else Feature.SUM)

    def _is_above_another(self, maps: Sequence[Node], candidates: Sequence[tuple[Node, Node]]) -> bool:
        """Whether one of these nodes, each with the map that it belongs to, is what another of the maps is made of."""
        owners: dict[int, set[int]] = {}
        for node, owner in candidates:
            owners.setdefault(node.index, set()).add(owner.index)
        nearest = min(owners)
        reached: dict[int, set[int]] = {}
        waiting: list[tuple[int, Node]] = []

        def reach(node: Node, by: set[int]) -> None:
            for source in node.inputs:
                if source.index >= nearest:
                    if source.index not in reached:
                        heappush(waiting, (-source.index, source))
                    known = reached.setdefault(source.index, set())
                    known |= {*sorted(by)[:2]} if len(known) < 2 else set()  # two are enough for another's

        for each in maps:
            reach(each, {each.index})
        while waiting and self._looked_at < MOST_LOOKED_AT:
            self._looked_at += 1
            _, node = heappop(waiting)
            if any(reached[node.index] - {owner} for owner in owners.get(node.index, ())):
                return True
            reach(node, reached[node.index])
        return False

    # Convolutions.

    def _convolution(self, node: Node) -> Iterator[Trait]:
        if _steps(node) > 1:
            yield Trait(Feature.STRIDED)
        if groups(node) > 1 and not is_depthwise(node):
            yield Trait(Feature.GROUPED)
        if is_pointwise(node):
            yield from self._pointwise(node)
            return
        yield Trait(Feature.KERNEL, "x".join(map(str, kernel_size(node))))
        dilation = getattr(node.layer, "dilation_rate", 1)
        if (dilation if isinstance(dilation, int) else max(dilation)) > 1:
            yield Trait(Feature.DILATED)
        before = self._before[node.index]
        if before and before.index not in self._narrow and self._is_narrowed_for(node, before):
            self._narrow.add(before.index)
            yield Trait(Feature.BOTTLENECK)

    def _pointwise(self, node: Node) -> Iterator[Trait]:
        """What a 1x1 convolution is together with the kernels before it."""
        before = self._before[node.index]
        if before is None:
            return
        if is_depthwise(before):
            yield Trait(Feature.SEPARABLE)
        widening = self._before[before.index] if is_depthwise(before) else before
        if widening is None or not _widens(widening) or not widening.shape[-1] > node.shape[-1]:
            return
        if is_pointwise(widening):
            behind = self._before[widening.index]
            if widening is not before or (behind and is_depthwise(behind)):
                yield Trait(Feature.INVERTED)
        elif widening is before and groups(before) == 1 and self._ends_linear(node):
            yield Trait(Feature.FUSED)

    def _ends_linear(self, node: Node) -> bool:
        return node.layer.function == "linear" and not any(
            reader.role is Role.ACTIVATION for reader in self._readers[node.index]
        )

    def _is_narrowed_for(self, node: Node, before: Node) -> bool:
        """Whether a convolution of several cells reads a narrowed map, or one that it leaves to be widened again.

        What was narrowed and not activated is the end of an inverted bottleneck.
        """
        if not is_pointwise(before) or self._ends_linear(before):
            return False
        if before.shape[-1] < before.input_shapes[0][-1]:
            return True
        behind = [each for each in self._next.get(node.index, ()) if is_pointwise(each)]
        return not is_depthwise(node) and any(each.shape[-1] > max(node.shape[-1], before.shape[-1]) for each in behind)

    def _shuffles(self, node: Node) -> bool:
        """Whether the channels, split in groups, are laid out across them: as a map of four axes and back."""
        if node.role is not Role.SHAPING or len(node.shape) != 3 or len(node.inputs) != 1:
            return False
        (moved,) = node.inputs
        if len(moved.shape) != 4 or len(moved.inputs) != 1 or len(moved.inputs[0].shape) != 4:
            return False
        (split,) = moved.inputs
        return moved.role is split.role is Role.SHAPING and [each.shape for each in split.inputs] == [node.shape]


MOST_LOOKED_AT = 200_000
"""How many layers are looked at in all for where maps that meet come from: a hundred times those of NASNet-A Large."""
LONGEST = 32
"""How many layers a shortcut may have."""


def _shortcut(node: Node) -> Iterator[Node]:
    """The node and what it is made of by no more than a 1x1 convolution and what has no kernel."""
    kernels = 0
    for _ in range(LONGEST):
        yield node
        kernels += node.role in KERNELS
        if len(node.inputs) != 1 or kernels > 1 or (node.role in KERNELS and not is_pointwise(node)):
            return
        (node,) = node.inputs


def _widens(node: Node) -> bool:
    return bool(node.shape[-1] > node.input_shapes[0][-1])


def _steps(node: Node) -> int:
    return max(strides(node))
