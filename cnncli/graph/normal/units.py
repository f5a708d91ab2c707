"""A normal form in the making: units, which are one or several nodes of the graph that it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import MISSING, fields, replace
from math import prod

from cnncli.errors import LayerError
from cnncli.graph.graph import Graph, Node
from cnncli.graph.layer import Layer, Shape, acts_at_inference
from cnncli.graph.layers import Opaque, Reshape
from cnncli.graph.roles import Role


class Unit:
    """A node of the normal form.

    `node` is the node that it is named by, `last` the latest node that it does the work of; it is `settled` where
    somebody else reads what it puts out before that, so that nothing more can be a part of it. `depth` is how many
    units are in a row up to it, `like` the unit whose weights it uses again.
    """

    __slots__ = ("depth", "inputs", "last", "layer", "like", "node", "settled", "shape")

    def __init__(self, layer: Layer, inputs: Sequence[Unit], node: Node, shape: Shape) -> None:
        self.layer, self.inputs, self.node, self.shape = layer, list(inputs), node, shape
        self.last, self.settled = node, False
        self.depth: int = 1 + max((unit.depth for unit in inputs), default=0)
        self.like = self

    def order(self) -> tuple[int, str, Shape]:
        """Where it stands among others whose order makes no difference: the longest way first."""
        return -self.depth, repr(self.layer), self.shape


class Units:
    """Goes through a graph once; each node becomes a unit, some, or a part of the unit that it reads."""

    def __init__(self, graph: Graph, forms: Sequence[tuple[type[Layer], Form]]) -> None:
        self._graph, self._forms = graph, forms
        self._known: dict[type[Layer], list[Form]] = {}
        self._of: list[Unit] = []  # by the node's index
        self._first: dict[str, Unit] = {}  # by the identity of their first weight
        outputs = {node.index for node in graph.outputs}
        same = _same(graph, outputs)
        self._alone = [count == 1 and at not in outputs for at, count in enumerate(_times_read(graph, same))]
        for node in graph.nodes:
            if same[node.index] != node.index:
                self._of.append(self._of[same[node.index]])
            else:
                self._of.append(self._unit(node, [self._of[source.index] for source in node.inputs]))

    def _unit(self, node: Node, inputs: list[Unit]) -> Unit:
        if node.layer.idle and len(inputs) == 1:
            return self.joined(inputs[0], node)
        for form in self._forms_of(type(node.layer)):
            found = form(self, node, inputs)
            if found is not None:
                return found
        return self.kept(node, plain(node.layer), inputs)

    def _forms_of(self, layer: type[Layer]) -> list[Form]:
        if layer not in self._known:
            self._known[layer] = [form for kind, form in self._forms if issubclass(layer, kind)]
        return self._known[layer]

    def can_join(self, unit: Unit) -> bool:
        """Whether what the unit puts out is read once, so that the reader can be a part of it."""
        return not unit.settled and self._alone[unit.last.index]

    def joined(self, unit: Unit, node: Node) -> Unit:
        """The node is a part of the unit that it reads, or does nothing to it."""
        if self.can_join(unit):
            unit.last = node
        else:
            unit.settled = True
        return unit

    def add(self, layer: Layer, inputs: Sequence[Unit], node: Node) -> Unit:
        """A unit for the node. Raises LayerError where the inputs do not fit."""
        return Unit(layer, inputs, node, layer.output_shape(*(unit.shape for unit in inputs)))

    def kept(self, node: Node, layer: Layer, inputs: Sequence[Unit]) -> Unit:
        """A unit that does what the node does; of what was made a vector the map again, where it must be one."""
        try:
            unit = self.add(layer, inputs, node)
            if prod(unit.shape) == prod(node.shape):
                return unit
        except LayerError:
            pass
        pairs = zip(inputs, node.inputs, strict=True)
        inputs = [self.reshaped(unit, source.shape, source) for unit, source in pairs]
        try:
            return self.add(layer, inputs, node)
        except LayerError:
            return self.add(Opaque(layer.type, node.shape), inputs, node)

    def reshaped(self, unit: Unit, shape: Shape, node: Node) -> Unit:
        """The unit, or one that puts the same cells out in this shape; two reshapes that cancel are none."""
        if unit.shape == shape:
            return unit
        if isinstance(unit.layer, Reshape) and unit.inputs[0].shape == shape and self.can_join(unit):
            return unit.inputs[0]
        return self.add(Reshape(shape), [unit], node)

    def share(self, unit: Unit, node: Node) -> None:
        """Say that a unit's weights are an earlier one's, where they are."""
        if node.shares:
            unit.like = self._of[node.shares.index].like
        elif node.given and node.given[0].identity:
            unit.like = self._first.setdefault(node.given[0].identity, unit)

    def finished(self) -> Graph:
        new = Graph(self._graph.name)
        outputs = sorted((self._of[node.index] for node in self._graph.outputs), key=Unit.order)
        nodes: dict[Unit, Node] = {}
        first: dict[Unit, Node] = {}
        names: dict[str, int] = {}
        for unit in _ordered(outputs):
            names[unit.node.name] = number = names.get(unit.node.name, 0) + 1
            node = new.add(
                unit.layer,
                *(nodes[each] for each in _inputs(unit)),
                name=unit.node.name if number == 1 else f"{unit.node.name}:{number}",
                dtype=unit.node.dtype,
                weights=unit.node.given if isinstance(unit.layer, Opaque) else None,
                shares=first.get(unit.like),
            )
            node.scope = unit.node.scope
            nodes[unit] = node
            first.setdefault(unit.like, node)
        new.give(*(nodes[unit] for unit in outputs))
        new.kinds, new.numbers = dict(self._graph.kinds), dict(self._graph.numbers)
        return new


_ONCE = frozenset({Role.ACTIVATION, Role.POOLING, Role.SHAPING})
"""What a converter computes once where a network does the same to one tensor again."""


def _same(graph: Graph, outputs: Set[int]) -> list[int]:
    """For each node the first that does the same to the same, by its index: mostly itself."""
    found: list[int] = []
    first: dict[tuple[str, tuple[int, ...]], int] = {}
    for node in graph.nodes:
        same = node.index
        if node.role in _ONCE and not node.weights and node.index not in outputs:
            same = first.setdefault((repr(plain(node.layer)), tuple(found[each.index] for each in node.inputs)), same)
        found.append(same)
    return found


def _times_read(graph: Graph, same: Sequence[int]) -> list[int]:
    """How often each node is read, where what is the same is one."""
    found = [0] * len(same)
    for readers, at in zip(graph.readers(), same, strict=True):
        found[at] += sum(same[reader.index] == reader.index for reader in readers)
    return found


Form = Callable[[Units, Node, list[Unit]], Unit | None]
"""What a node becomes; None where it is not of the form after all."""


def _inputs(unit: Unit) -> Sequence[Unit]:
    return sorted(unit.inputs, key=Unit.order) if unit.layer.commutative else unit.inputs


def _ordered(outputs: Sequence[Unit]) -> Mapping[Unit, None]:
    """The units in an order that their structure alone decides: each behind all that it reads."""
    found: dict[Unit, None] = {}
    waiting = list(reversed(outputs))
    seen: set[Unit] = set()
    while waiting:
        unit = waiting[-1]
        if unit in found:
            waiting.pop()
        elif unit in seen:
            found[waiting.pop()] = None
        else:
            seen.add(unit)
            waiting.extend(each for each in reversed(_inputs(unit)) if each not in found)
    return found


def plain(layer: Layer) -> Layer:
    """The layer without what acts in training only or tells how weights begin."""
    defaults = {
        each.name: each.default
        for each in fields(layer)
        if not acts_at_inference(each) and each.default is not MISSING and getattr(layer, each.name) != each.default
    }
    return replace(layer, **defaults) if defaults else layer
