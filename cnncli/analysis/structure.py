"""What a network computes at inference, whatever its layers are called and however it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any

from cnncli.graph import Graph, Layer, Node, fold
from cnncli.graph.fold import BLOCK
from cnncli.graph.layer import acts_at_inference


def acting(nodes: Sequence[Node]) -> list[Node]:
    """The nodes that do something at inference."""
    return [node for node in nodes if not node.layer.idle]


def source(node: Node) -> Node:
    """The nearest node at or above `node` that does something at inference."""
    while node.layer.idle:
        (node,) = node.inputs
    return node


_ARGUMENTS: dict[type[Layer], tuple[tuple[str, Any], ...]] = {}


def _arguments(layer_type: type[Layer]) -> tuple[tuple[str, Any], ...]:
    """Names and defaults of a layer's arguments that act at inference, looked up once for a type."""
    if layer_type not in _ARGUMENTS:
        _ARGUMENTS[layer_type] = tuple(
            (argument.name, argument.default) for argument in fields(layer_type) if acts_at_inference(argument)
        )
    return _ARGUMENTS[layer_type]


def arguments(layer: Layer) -> dict[str, Any]:
    """A layer's arguments that act at inference."""
    return {name: getattr(layer, name) for name, _ in _arguments(type(layer))}


def _told(layer: Layer) -> list[tuple[str, Any]]:
    """A layer's arguments that act at inference and are not at their default."""
    return [
        (name, value)
        for name, default in _arguments(type(layer))
        if (value := getattr(layer, name)) != default or default is MISSING
    ]


DIGITS = 8
"""Hexadecimal digits that tell one block from what it was."""


def block_digests(graph: Graph) -> dict[str, str]:
    """By block the beginning of the SHA-256 of its own layers: types, inference's arguments and shapes, in order."""
    from hashlib import sha256

    found = {}
    for group in fold(graph, BLOCK):
        told = [(node.type, _told(node.layer), node.shape) for node in acting(group.nodes)]
        found[group.name] = sha256(repr(told).encode()).hexdigest()[:DIGITS]
    return found


def structural_hash(graph: Graph) -> str:
    """SHA-256 in hexadecimal of types, inference's arguments, shapes and wiring.

    Names, the order of branches, and what acts in training only do not enter it. Arguments at their default are left
    out, so that a layer which learns a new argument keeps its hash.
    """
    from hashlib import sha256  # loads OpenSSL, which a mere look at two networks need not wait for

    digests: dict[int, str] = {}
    for node in acting(graph.nodes):
        sources = [digests[source(each).index] for each in node.inputs]
        if node.layer.commutative:
            sources.sort()
        text = repr((node.type, _told(node.layer), node.shape, sources))
        if node.shares:  # one set of weights in two places is not two sets
            text += digests[node.shares.index]
        digests[node.index] = sha256(text.encode()).hexdigest()
    whole = sorted(digests.values())
    if graph.outputs != graph.leaves:
        whole += [digests[source(node).index] for node in graph.outputs]
    return sha256("\n".join(whole).encode()).hexdigest()
