"""Whether a Keras model is the graph: layer by layer, from what Keras itself says of its shapes and weights."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from cnncli.graph import UNKNOWN, Graph, Node, Weight


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
    layers = {layer.name: layer for layer in model.layers}
    nodes = {node.name: node for node in graph.nodes if not node.shares}
    found: list[Difference] = []
    for name in dict.fromkeys((*nodes, *layers)):
        ours = _of_node(nodes[name]) if name in nodes else {}
        theirs = _of_layer(layers[name]) if name in layers else {}
        found.extend(_compare(name, ours, theirs))
    found.extend(_compare("total", _totals_of_graph(graph), _totals_of_model(model)))
    return tuple(found)


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


def _of_layer(layer: Any) -> dict[str, Any]:
    weights = tuple(Weight(weight.name, tuple(weight.shape), weight.trainable) for weight in layer.weights)
    shape = tuple(UNKNOWN if size is None else size for size in layer.output.shape[1:])
    return {"type": type(layer).__name__, "output_shape": shape, "weights": weights}


def _totals_of_graph(graph: Graph) -> dict[str, Any]:
    params = sum(node.params for node in graph.nodes)
    trainable = sum(node.trainable_params for node in graph.nodes)
    return {
        "layers": sum(not node.shares for node in graph.nodes),
        "params": params,
        "trainable_params": trainable,
        "non_trainable_params": params - trainable,
    }


def _totals_of_model(model: Any) -> dict[str, Any]:
    return {
        "layers": len(model.layers),
        "params": _cells(model.weights),
        "trainable_params": _cells(model.trainable_weights),
        "non_trainable_params": _cells(model.non_trainable_weights),
    }


def _cells(weights: Any) -> int:
    return sum(Weight(weight.name, tuple(weight.shape)).size for weight in weights)
