"""How networks end: global pooling and a dense layer, or features."""

from __future__ import annotations

from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    Activation,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Initializer,
)

DENSE = 4096
"""Features of AlexNet's dense layers, and of those after it."""


class Top(NamedTuple):
    """The options that say how a network ends, as keras.applications has them."""

    include_top: bool
    pooling: str | None
    classes: int
    activation: str | None


def classifier(
    graph: Graph,
    x: Node,
    top: Top,
    dropout: float = 0.0,
    kernel_initializer: Initializer = "glorot_uniform",
    use_bias: bool = True,
) -> None:
    """Global average pooling, dropout and a dense layer; without the classifier what `pooling` says."""
    if not top.include_top:
        pool(graph, x, top.pooling)
        return
    x = graph.add(GlobalAveragePooling2D(), x, name="pool")
    if dropout > 0:
        x = graph.add(Dropout(dropout), x, name="dropout")
    dense = Dense(top.classes, activation=top.activation, use_bias=use_bias, kernel_initializer=kernel_initializer)
    graph.add(dense, x, name="probabilities")


def dense_classifier(graph: Graph, x: Node, top: Top, dropout: float, *, dropout_first: bool = False) -> None:
    """AlexNet's: the map laid out in a row, two dense layers with dropout behind each or before, and the classes'."""
    if not top.include_top:
        pool(graph, x, top.pooling)
        return
    x = graph.add(Flatten(), x, name="flatten")
    for number in (1, 2):
        dense = Dense(DENSE, activation="relu")
        if dropout_first:
            x = graph.add(dense, _dropped(graph, x, dropout, number), name=f"dense{number}")
        else:
            x = _dropped(graph, graph.add(dense, x, name=f"dense{number}"), dropout, number)
    graph.add(Dense(top.classes, activation=top.activation), x, name="probabilities")


def _dropped(graph: Graph, x: Node, dropout: float, number: int) -> Node:
    return graph.add(Dropout(dropout), x, name=f"dropout{number}") if dropout > 0 else x


def pooled_classes(graph: Graph, x: Node, classes: int, activation: str | None) -> None:
    """A map a class, rectified, and the mean of each: no dense layer (Lin et al. 2013)."""
    x = graph.add(Conv2D(classes, 1, activation="relu"), x, name="classes")
    x = graph.add(GlobalAveragePooling2D(), x, name="pool")
    if activation is not None:
        graph.add(Activation(activation), x, name="probabilities")


def pool(graph: Graph, x: Node, pooling: str | None) -> Node:
    """Global pooling for a network without its classifier."""
    if pooling is None:
        return x
    layer = GlobalAveragePooling2D() if pooling == "avg" else GlobalMaxPooling2D()
    return graph.add(layer, x, name="pool")
