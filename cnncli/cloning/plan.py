"""What of a file's graph becomes a Keras model: names that Keras takes, its own weights, and where their values stand.

Nothing is read of the file here but what its graph says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cnncli.errors import UsageError
from cnncli.graph import UNKNOWN, Graph, Node, Role, Weight
from cnncli.graph.names import Names
from cnncli.keras_model.lowering import lowers
from cnncli.readers.assembly import FACTOR
from cnncli.readers.reading import open_sizes

FEW = 5
"""Layers in the way that are all named."""
FLOATS = ("float16", "float32", "float64", "bfloat16")


class Held(NamedTuple):
    """Where the values of a weight stand: in a tensor of the file, its axes in this order; or all are this number."""

    tensor: str
    axes: tuple[int, ...] = ()
    filled: float = 0.0


class Plan(NamedTuple):
    """The graph to be built, and by its nodes' names what fills their weights, in Keras's order.

    `quantized` is whether the file's weights are no real numbers: then there is nothing to fill any with.
    """

    graph: Graph
    held: Mapping[str, Sequence[Held]]
    quantized: bool

    @property
    def tensors(self) -> int:
        """Of the file, which are read."""
        return len({each.tensor for held in self.held.values() for each in held} - {""})


def planned(graph: Graph, path: str) -> Plan:
    """Raises UsageError that names the layers in the way: those that Keras lacks, or whose weights are not told."""
    _check_sizes(graph, path)
    quantized = any(weight.dtype not in FLOATS for node in graph.nodes for weight in _counted(node))
    read = _read(graph)
    plan = Plan(_renamed(graph, read), {}, quantized)
    _check_layers(read, plan.graph, path, quantized=quantized)
    if quantized:
        return plan
    held = {}
    for node, made in zip(read, plan.graph.nodes, strict=True):
        if made.weights and not made.shares:
            held[made.name] = [_held(node, weight, path) for weight in made.weights]
    return plan._replace(held=held)


def _check_sizes(graph: Graph, path: str) -> None:
    """Raise UsageError where an input's size is open."""
    for node in graph.inputs:
        if UNKNOWN in node.shape:
            raise UsageError(f"{path}: {open_sizes(node.name, node.shape, several=len(graph.inputs) > 1)}")


def _counted(node: Node) -> Sequence[Weight]:
    return [weight for weight in node.given or () if weight.name != FACTOR]


def _read(graph: Graph) -> list[Node]:
    """The inputs, and what leads to the outputs: of a dropout a file also has the mask, which nobody reads."""
    needed = {node.index for node in (*graph.inputs, *graph.outputs)}
    for node in reversed(graph.nodes):
        if node.index in needed:
            needed |= {source.index for source in node.inputs}
            needed |= {node.shares.index} if node.shares else set()
    return [node for node in graph.nodes if node.index in needed]


def _check_layers(nodes: Sequence[Node], made: Graph, path: str, *, quantized: bool) -> None:
    """Raise UsageError for layers that cannot be lowered, by the names that the file has for them.

    Unless it is `quantized`, all weights of an operation must be Keras's, too.
    """
    pairs = list(zip(nodes, made.nodes, strict=True))
    lost = [
        node
        for node, each in pairs
        if UNKNOWN in each.shape or not lowers(each) or not (quantized or _fits(node, each))
    ]
    if not lost:
        return
    named = ", ".join(f"{node.name} ({node.type})" for node in lost[:FEW])
    more = f" and {len(lost) - FEW} more" if len(lost) > FEW else ""
    one = len(lost) == 1
    raise UsageError(
        f"{path} cannot be built in Keras: {named}{more} {'has' if one else 'have'} no counterpart there that computes "
        f"the same"
    )


def _fits(node: Node, made: Node) -> bool:
    """Whether Keras's weights of a node are all that the file's operation computes with."""
    names = {weight.name for weight in made.weights}
    return all(weight.name in names for weight in _counted(node))


def _held(node: Node, weight: Weight, path: str) -> Held:
    """What fills one of Keras's weights of a node. Raises UsageError where the file does not say."""
    for given in _counted(node):
        if given.name == weight.name and given.tensor:
            return Held(given.tensor, given.axes)
    absent = weight.name not in {given.name for given in _counted(node)}
    if absent and node.layer.normalizes_batches and weight.name in _NEUTRAL:
        return Held("", filled=_neutral(node, weight.name))
    raise UsageError(
        f"{path} cannot be built in Keras: {node.name} ({node.type}) takes a {weight.name} that the file does not hold "
        "as it is"
    )


_NEUTRAL = {"gamma": 1.0, "beta": 0.0, "moving_mean": 0.0, "moving_variance": 1.0}


def _neutral(node: Node, name: str) -> float:
    """What a batch normalization that a file has as a scale and a shift computes nothing with.

    The root of its variance and of what is added to that is 1.
    """
    return _NEUTRAL[name] - (node.layer.config()["epsilon"] if name == "moving_variance" else 0.0)


# Names.


def _renamed(graph: Graph, read: Sequence[Node]) -> Graph:
    """These layers of a graph with their own weights, by names that Keras takes."""
    made, names, nodes = Graph(graph.name), Names(between="_"), dict[int, Node]()
    for node in read:
        nodes[node.index] = made.add(
            node.layer,
            *(nodes[source.index] for source in node.inputs),
            name=names.free(keras_layer_name(node.name)),
            dtype=_dtype(node),
            weights=() if node.given == () else None,
            shares=nodes[node.shares.index] if node.shares else None,
        )
    made.give(*(nodes[node.index] for node in graph.outputs))
    return made


def _dtype(node: Node) -> str:
    """Keras computes in float32, whatever real numbers a file computes in."""
    return "float32" if node.role is Role.INPUT and node.dtype in FLOATS else node.dtype


def keras_layer_name(name: str) -> str:
    """A file's name of an operation in the characters that Keras and TensorFlow take: /layer1/0/Conv as layer1_0_Conv.

    A dot is left to the layers that are made of one node.
    """
    return re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_-") or "layer"


def planned_of_keras(graph: Graph, path: str) -> Plan:
    """Of a Keras file that is to be built anew: the same layers, whose weights are loaded by their order.

    Raises UsageError that names layers which are not Keras's own.
    """
    _check_sizes(graph, path)
    made = _renamed(graph, graph.nodes)
    _check_layers(graph.nodes, made, path, quantized=True)
    return Plan(made, {}, quantized=False)
