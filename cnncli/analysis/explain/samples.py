"""The same network at other widths: what a claim of where a layer's channels come from is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from cnncli.errors import UsageError
from cnncli.graph import Graph, Node, Scope
from cnncli.graph.gates import gated
from cnncli.network import Network

MULTIPLIERS = ("alpha", "width")
"""What builders call the number by which they scale all widths."""
TRIED = (1.0, 0.35, 0.5, 0.617, 0.75, 0.853, 1.073, 1.15, 1.327, 1.4, 2.0)
TELLING = (8.95, 10.4, 12.3, 17.9, 20.4)
"""Scaled widths at which the ways of rounding differ: by int() before or not, up where 0.9 of it would be lost."""


class Sample(NamedTuple):
    """A layer in one of these networks: its channels, those that it reads, and those that its block reads."""

    multiplier: float
    width: Any
    read: Any
    block: Any = None
    expansion: float | None = None


class Multiplier(NamedTuple):
    """The option that scales widths, and its value."""

    name: str
    value: float


def multiplier_of(network: Network) -> Multiplier | None:
    """None of a network that is not scaled so, or not of the registry."""
    arguments = network.model.arguments if network.model else {}
    found = (Multiplier(name, arguments[name]) for name in MULTIPLIERS if isinstance(arguments.get(name), float))
    return next(found, None)


class Variants:
    """A network of the registry with other arguments; each is built when it is first asked for."""

    def __init__(self, network: Network) -> None:
        self.graph, self.model, self.multiplier = network.graph, network.model, multiplier_of(network)
        self._built: dict[tuple[str, Any], Graph | None] = {}

    def at(self, name: str, value: Any) -> Graph | None:
        """With another argument of the builder; None where there is no such network."""
        if (name, value) not in self._built:
            self._built[name, value] = self._build({name: value})
        return self._built[name, value]

    def _build(self, changed: Mapping[str, Any]) -> Graph | None:
        model = self.model
        if model is None:
            return None
        graph = Graph("variant")
        try:
            model.spec.build(graph, model.spec.deviating(model.flavor), **{**model.arguments, **changed})
        except (UsageError, KeyError, ZeroDivisionError):
            return None
        return graph

    def scaled(self, base: Any) -> list[tuple[float, Graph]]:
        """The network as it is, and at other multipliers, also those that bring `base` channels to telling widths."""
        if self.multiplier is None:
            return [(1.0, self.graph)]
        name, own = self.multiplier
        others = [*TRIED, *(width / base for width in TELLING if base)]
        built = [(scale, graph) for scale in others if scale != own and (graph := self.at(name, scale))]
        return [(own, self.graph), *built]

    @cached_property
    def base(self) -> Graph | None:
        """The network at multiplier 1."""
        if self.multiplier is None:
            return None
        name, own = self.multiplier
        return self.graph if own == 1 else self.at(name, 1.0)


_VARIANTS: WeakKeyDictionary[Network, Variants] = WeakKeyDictionary()


def variants_of(network: Network) -> Variants:
    """Those of a network, made once for all of its layers."""
    return _VARIANTS.setdefault(network, Variants(network))


def block_of(graph: Graph, node: Node) -> Scope | None:
    """The scope of the innermost block that a layer is in, if it is in one."""
    scopes = (node.scope[:depth] for depth in range(len(node.scope), 0, -1))
    return next((scope for scope in scopes if scope in graph.kinds), None)


def sample(multiplier: float, graph: Graph, node: Node) -> Sample:
    read, scope = node.input_shapes[0][-1], block_of(graph, node)
    if scope is None:
        return Sample(multiplier, node.shape[-1], read)
    first = next(each for each in graph.nodes if each.scope[: len(scope)] == scope)
    before = first.input_shapes[0][-1] if first.inputs and first.input_shapes[0] else None
    return Sample(multiplier, node.shape[-1], read, before, graph.kinds[scope].expansion)


def samples(scaled: Sequence[tuple[float, Graph]], name: str) -> list[Sample]:
    """A layer in each of the networks that have it."""
    found = []
    for multiplier, graph in scaled:
        node = next((each for each in graph.nodes if each.name == name), None)
        if node is not None and node.inputs:
            found.append(sample(multiplier, graph, node))
    return found


def gate_samples(scaled: Sequence[tuple[float, Graph]], short_name: str) -> Iterator[Sample]:
    """The layers of this name within gates, of all blocks of all these networks."""
    for multiplier, graph in scaled:
        gates = gated(graph.nodes)
        for node in graph.nodes:
            if node.index in gates and node.short_name == short_name:
                yield sample(multiplier, graph, node)
