"""Fresh weights that make a live network.

With initial weights and batch-norm statistics of 0 and 1 the signal fades from layer to layer until every picture has
the same output: any two files would agree, and a quantizer would see no ranges. Statistics of real activations keep
each layer's signal at unit variance.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cnncli.export.pictures import Range, random_pictures, scaled
from cnncli.graph import Graph

LARGEST_SIDE = 224
"""Statistics are per channel, so that smaller pictures serve: of B7 at 600x600 they would take 17 GB and 40 s."""
PICTURES = 16
"""With 4 the deepest networks overflow on other pictures."""


def calibrate(model: Any, graph: Graph, values: Range, seed: int) -> None:
    """Set every batch norm's statistics to those of random pictures, layer after layer.

    `model` is the Keras model lowered from `graph`.
    """
    height, width, channels = graph.inputs[0].shape
    shape = (min(height, LARGEST_SIDE), min(width, LARGEST_SIDE), channels)
    pictures = scaled(random_pictures(PICTURES, shape, seed), values)
    with _learning_at_once(model):
        _pass(model, graph, pictures)


@contextmanager
def _learning_at_once(model: Any) -> Iterator[None]:
    """Batch norms that take a batch's statistics as they are; nothing is dropped."""
    changed = [(layer, name) for layer in model.layers for name in ("momentum", "rate") if hasattr(layer, name)]
    before = [getattr(layer, name) for layer, name in changed]
    try:
        for layer, name in changed:
            setattr(layer, name, 0.0)
        yield
    finally:
        for (layer, name), value in zip(changed, before, strict=True):
            setattr(layer, name, value)


def _pass(model: Any, graph: Graph, pictures: Any) -> None:
    """One training-mode pass that lets go of each tensor after its last reader; Keras would hold all to the end."""
    readers = [{reader.index for reader in nodes} for nodes in graph.readers()]
    tensors: dict[int, Any] = {}
    for node in graph.nodes:
        if not node.inputs:
            tensors[node.index] = pictures
            continue
        inputs = [tensors[source.index] for source in node.inputs]
        layer = model.get_layer(node.name)
        tensors[node.index] = layer(inputs if len(inputs) > 1 else inputs[0], training=True)
        for source in {source.index for source in node.inputs}:
            readers[source].discard(node.index)
            if not readers[source]:
                del tensors[source]
