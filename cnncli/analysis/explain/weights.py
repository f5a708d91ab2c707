"""The weights of a layer as a sum of products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from cnncli.analysis.explain.arithmetic import agreeing, product, total
from cnncli.analysis.explain.fact import Fact, Subject
from cnncli.graph import Node, Role, Shape
from cnncli.graph.layer import Weight


def weight_facts(node: Node) -> Iterator[Fact]:
    """All weights, and those that training changes where that is not all; whose they are where they are another's."""
    counted = node.own_weights
    if node.shares or not counted:
        shared = {"of": node.shares.name} if node.shares else {}
        yield Fact(Subject.WEIGHTS, "params", node.params, "weights", None, {"weights": (), **shared})
        return
    yield _fact(node, "params", counted, node.params, elsewhere=len(node.weights) - len(counted))
    trained = [weight for weight in counted if weight.trainable]
    if len(trained) < len(counted):
        yield _fact(node, "trainable_params", trained, node.trainable_params)


def _fact(node: Node, key: str, weights: Sequence[Weight], value: Any, elsewhere: int = 0) -> Fact:
    terms = [_alike(node, list(run)) for _, run in groupby(weights, key=lambda weight: weight.shape)]
    reckoned = agreeing(total(*terms), value) if terms else None
    told = tuple((weight.name, factors(node, weight.shape)) for weight in weights)
    return Fact(Subject.WEIGHTS, key, value, "weights", reckoned, {"weights": told, "elsewhere": elsewhere})


def _alike(node: Node, weights: Sequence[Weight]) -> Any:
    """Weights of one shape: their number, unless it is one, times the factors."""
    each = factors(node, weights[0].shape)
    return product(*([len(weights)] if len(weights) > 1 else []), *(each or (1,)))


def factors(node: Node, shape: Shape) -> Shape:
    """The sizes of a weight; a depthwise kernel's without the number of kernels a channel, where that is one."""
    single = node.role is Role.DEPTHWISE and len(shape) > 1 and shape[-1] == 1
    return shape[:-1] if single else shape


def kernels(node: Node) -> list[Shape]:
    """The sizes of the kernels that the multiply-accumulates are of."""
    weights = node.layer.weights(*node.input_shapes)
    return [factors(node, weight.shape) for weight in weights if weight.name.endswith("kernel")]
