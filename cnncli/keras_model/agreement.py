"""Whether a Keras model is the graph: layer by layer, from what Keras itself says of its shapes and weights.

A node that several layers do the work of is held against all of them, in what they put out and how many cells their
weights have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import zip_longest
from typing import Any, NamedTuple

from cnncli.graph import UNKNOWN, Graph, Node, Weight
from cnncli.keras_model.composed import composed


class Difference(NamedTuple):
    """A fact on which the two disagree, with what each says; `layer` is "total" where it is the whole network's."""

    layer: str
    fact: str
    graph: Any
    keras: Any


def differences(graph: Graph, model: Any) -> tuple[Difference, ...]:
    """Every disagreement in a layer's type, output shape and weights (name, shape, trainable), and in the totals.

    Shapes are without the batch axis.
    """
    nodes = {node.name: node for node in graph.nodes if not node.shares}
    several = {name for name, node in nodes.items() if composed(node)}
    layers = _by_node(model.layers, several)
    found: list[Difference] = []
    for name in dict.fromkeys((*nodes, *layers)):
        if name in several:
            ours, theirs = _of_composed(nodes[name]), _of_layers(layers.get(name, ()))
        else:
            ours = _of_node(nodes[name]) if name in nodes else {}
            theirs = _of_layer(layers[name][0]) if name in layers else {}
        found.extend(_compare(name, ours, theirs))
    found.extend(_compare("total", _totals_of_graph(graph), _totals_of_model(model, len(layers))))
    return tuple(found)


def _by_node(layers: Sequence[Any], several: Set[str]) -> dict[str, list[Any]]:
    """The layers by the node whose work they do, in the model's order: `lrn.square` and `lrn` by `lrn`."""
    found: dict[str, list[Any]] = {}
    for layer in layers:
        owner = layer.name.rpartition(".")[0]
        found.setdefault(owner if owner in several else layer.name, []).append(layer)
    return found


def _compare(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[Difference]:
    for fact in dict.fromkeys((*ours, *theirs)):
        if ours.get(fact) == theirs.get(fact):
            continue
        if fact == "weights":
            for mine, other in zip_longest(ours.get(fact, ()), theirs.get(fact, ())):
                if mine != other:
                    yield Difference(name, fact, mine, other)
        else:
            yield Difference(name, fact, ours.get(fact), theirs.get(fact))


def _of_node(node: Node) -> dict[str, Any]:
    return {"type": node.type, "output_shape": node.shape, "weights": node.weights}


def _of_composed(node: Node) -> dict[str, Any]:
    return {"output_shape": node.shape, "params": node.params, "trainable_params": node.trainable_params}


def _of_layers(layers: Sequence[Any]) -> dict[str, Any]:
    """The one that carries the node's own name, which has no further dot, puts out what the node does."""
    if not layers:
        return {}
    last = min(layers, key=lambda layer: len(layer.name))
    return {
        "output_shape": _output_shape(last),
        "params": sum(_cells(layer.weights) for layer in layers),
        "trainable_params": sum(_cells(layer.trainable_weights) for layer in layers),
    }


def _output_shape(layer: Any) -> tuple[int, ...]:
    return tuple(UNKNOWN if size is None else size for size in layer.output.shape[1:])


def _of_layer(layer: Any) -> dict[str, Any]:
    weights = tuple(Weight(weight.name, tuple(weight.shape), weight.trainable) for weight in layer.weights)
    return {"type": type(layer).__name__, "output_shape": _output_shape(layer), "weights": weights}


def _totals_of_graph(graph: Graph) -> dict[str, Any]:
    params = sum(node.params for node in graph.nodes)
    trainable = sum(node.trainable_params for node in graph.nodes)
    return {
        "layers": sum(not node.shares for node in graph.nodes),
        "params": params,
        "trainable_params": trainable,
        "non_trainable_params": params - trainable,
    }


def _totals_of_model(model: Any, layers: int) -> dict[str, Any]:
    return {
        "layers": layers,
        "params": _cells(model.weights),
        "trainable_params": _cells(model.trainable_weights),
        "non_trainable_params": _cells(model.non_trainable_weights),
    }


def _cells(weights: Any) -> int:
    return sum(Weight(weight.name, tuple(weight.shape)).size for weight in weights)
