"""Nodes and the graph they are appended to. A node is a layer applied to the outputs of earlier nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli.errors import LayerError
from cnncli.graph.layer import Layer, Shape, Weight, Window
from cnncli.graph.roles import Role
from cnncli.graph.transport import flattened, restored

if TYPE_CHECKING:
    from cnncli.deployed.plan import Plan

Scope = tuple[str, ...]
"""Where a layer stands, from the outside in: ("stage2", "block1")."""


class Kind(NamedTuple):
    """What a person would call a block, and by how much it expands its channels, if it does: `MBConv6`."""

    name: str
    expansion: float | None = None

    def __str__(self) -> str:
        return self.name if self.expansion is None else f"{self.name}{self.expansion:.3g}"


class Costs(NamedTuple):
    """Of one layer, for one example at inference."""

    params: int
    trainable_params: int
    macs: int


@dataclass(eq=False, repr=False, slots=True)
class Node:
    """A layer at its place: its inputs are earlier nodes, its output is one tensor, which later nodes name by it.

    Shapes are (height, width, channels) without the batch axis. `given` are the weights where a file says what they
    are; `shares` is the node whose weights this one uses again, `repeated` are the identities of weights that an
    earlier node holds too: both are counted there.
    """

    index: int
    name: str
    scope: Scope
    layer: Layer
    inputs: tuple[Node, ...]
    shape: Shape
    dtype: str = "float32"
    given: tuple[Weight, ...] | None = None
    shares: Node | None = None
    repeated: frozenset[str] = frozenset()
    _costs: Costs | None = None
    _flops: int | None = None

    @property
    def type(self) -> str:
        """Keras's class name of the layer."""
        return self.layer.type

    @property
    def short_name(self) -> str:
        """The name within its scope; where the name does not begin with the scope, as in files, the whole name."""
        return self.name.removeprefix(".".join((*self.scope, "")))

    @property
    def role(self) -> Role:
        return self.layer.role

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        return tuple([node.shape for node in self.inputs])

    @property
    def weights(self) -> tuple[Weight, ...]:
        """The weights in Keras's order, those that are counted elsewhere too."""
        return self.layer.weights(*self.input_shapes) if self.given is None else self.given

    @property
    def window(self) -> Window | None:
        """What one cell of the output sees of the inputs, as Layer.window."""
        return self.layer.window(*self.input_shapes)

    @property
    def costs(self) -> Costs:
        """Counted when first asked for, and kept."""
        if self._costs is None:
            params = trainable = 0
            for weight in self.own_weights:
                size = weight.size
                params += size
                trainable += size if weight.trainable else 0
            self._costs = Costs(params, trainable, self.layer.macs(*self.input_shapes))
        return self._costs

    @property
    def own_weights(self) -> tuple[Weight, ...]:
        """The weights that are counted here, each tensor once: no earlier node holds them."""
        if self.shares:
            return ()
        if self.given is None:
            return self.weights
        seen, counted = set(self.repeated), []
        for weight in self.given:
            if weight.identity not in seen:
                counted.append(weight)
            if weight.identity:
                seen.add(weight.identity)
        return tuple(counted)

    @property
    def params(self) -> int:
        return self.costs.params

    @property
    def trainable_params(self) -> int:
        return self.costs.trainable_params

    @property
    def macs(self) -> int:
        return self.costs.macs

    @property
    def flops(self) -> int:
        """By itself, for it is most of the work: what asks for parameters alone does not wait for it."""
        if self._flops is None:
            self._flops = self.layer.flops(*self.input_shapes)
        return self._flops

    def __repr__(self) -> str:
        return f"<{self.name}: {self.type} {self.shape}>"


class Graph:
    """An append-only sequence of nodes in an order in which they can be computed.

    `kinds` holds what a person would call the block of a scope, `numbers` which one of its like a scope is; `warnings`
    what its builder has to say, `remarks` what it says of an option to a person who asks what that option did.
    `file_plan` is what a .tflite file runs, where the graph was read in one.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.kinds: dict[Scope, Kind] = {}
        self.numbers: dict[Scope, int] = {}
        self.warnings: list[str] = []
        self.remarks: dict[str, str] = {}
        self._scope: Scope = ()
        self._scopes: set[Scope] = set()
        self._names: set[str] = set()
        self._identities: set[str] = set()
        self._outputs: tuple[Node, ...] = ()
        self.file_plan: Plan | None = None

    @property
    def inputs(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.role is Role.INPUT)

    @property
    def outputs(self) -> tuple[Node, ...]:
        """What the network gives: the nodes that were named so, else those that no other node reads."""
        return self._outputs or self.leaves

    @property
    def leaves(self) -> tuple[Node, ...]:
        """The nodes that no other node reads."""
        read = {source.index for node in self.nodes for source in node.inputs}
        return tuple(node for node in self.nodes if node.index not in read)

    def give(self, *outputs: Node) -> None:
        """Say what the network gives, where that is not all that nobody reads, or in another order."""
        self._outputs = outputs

    def add(
        self,
        layer: Layer,
        *inputs: Node,
        name: str,
        dtype: str = "",
        weights: Sequence[Weight] | None = None,
        shares: Node | None = None,
    ) -> Node:
        """Append a layer applied to `inputs`; `name` is prefixed with the scope, joined by dots.

        The output's `dtype` is that of the first input unless given. `weights` are those of a file; of weights with the
        same identity only the first are counted. With `shares` the layer is an earlier node's, applied once more.
        Raises LayerError where the inputs do not fit the layer, or the name is taken.
        """
        name = ".".join((*self._scope, name))
        if name in self._names:
            raise LayerError(f"{name}: this name is taken by an earlier layer")
        try:
            shape = layer.output_shape(*(node.shape for node in inputs))
        except LayerError as error:
            raise LayerError(f"{name}: {error}") from None
        given = None if weights is None else tuple(weights)
        node = Node(len(self.nodes), name, self._scope, layer, inputs, shape, _dtype(dtype, inputs), given, shares)
        if given:
            identities = {weight.identity for weight in given if weight.identity}
            node.repeated = frozenset(identities & self._identities)
            self._identities |= identities
        self._names.add(name)
        self.nodes.append(node)
        return node

    @contextmanager
    def scope(
        self, name: str, number: int | None = None, *, kind: str = "", expansion: float | None = None
    ) -> Iterator[None]:
        """Layers added within stand in this scope. A scope cannot be opened twice: every grouping stays contiguous.

        `number` follows the name: scope("block", 2) is block2. `kind` and `expansion` are those of graph.Kind.
        """
        outer, inner = self._scope, (*self._scope, name if number is None else f"{name}{number}")
        if inner in self._scopes:
            raise LayerError(f"{'.'.join(inner)}: this scope was opened before")
        self._scopes.add(inner)
        if kind:
            self.kinds[inner] = Kind(kind, expansion)
        if number is not None:
            self.numbers[inner] = number
        self._scope = inner
        try:
            yield
        finally:
            self._scope = outer

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def readers(self) -> list[list[Node]]:
        """For each node, by its index, the nodes that read its output."""
        readers: list[list[Node]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for source in node.inputs:
                readers[source.index].append(node)
        return readers

    def __getstate__(self) -> dict[str, Any]:
        return flattened(vars(self), Node)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(restored(state, Node))

    def __repr__(self) -> str:
        return f"<Graph {self.name}: {len(self.nodes)} layers>"


def _dtype(dtype: str, inputs: Sequence[Node]) -> str:
    return dtype or (inputs[0].dtype if inputs else "float32")
