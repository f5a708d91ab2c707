"""Every layer, with random arguments in random networks, against Keras and TensorFlow's profiler."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from drawn_layers import ARGUMENTS, EXAMPLES, KINDS, MERGING, graphs, small
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tensorflow_truth import profiled_flops

from cnncli.graph import Graph
from cnncli.graph.layers import (
    GlobalResponseNormalization,
    InputLayer,
    LocalResponseNormalization,
    Slice,
)
from cnncli.keras_model import differences, lower, quiet

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore:You are using a softmax over axis")]


def profiled(graph: Graph) -> bool:
    """Whether the profiler sees it all: it does not know the shapes of a merge of unequal ranks."""
    return not any(
        node.type in MERGING and len({len(shape) for shape in node.input_shapes}) > 1 for node in graph.nodes
    )


def test_every_argument_of_every_layer_is_drawn() -> None:
    assert set(ARGUMENTS) == set(KINDS) - {"InputLayer"}
    for kind, arguments in ARGUMENTS.items():
        assert set(arguments) == {field.name for field in fields(KINDS[kind])}, kind


def test_random_networks_have_the_shapes_and_weights_of_keras() -> None:
    drawn: Counter[str] = Counter()

    def agree(graph: Graph) -> None:
        drawn.update(node.type for node in graph.nodes)
        assert differences(graph, lower(graph)) == ()

    with quiet():
        settings(EXAMPLES, max_examples=200)(given(graphs())(agree))()
        for kind in sorted(set(KINDS) - set(drawn)):  # what chance left out
            settings(EXAMPLES, max_examples=10)(given(graphs([kind], most=3))(agree))()
    assert set(drawn) == set(KINDS)


UNCOUNTED = {"GRU", "LSTM", "SimpleRNN"}
"""Layers whose work is unknown here."""


@pytest.mark.parametrize("kind", sorted(set(ARGUMENTS) - UNCOUNTED))
def test_each_layer_has_the_flops_that_the_profiler_counts(kind: str) -> None:
    drawn: Counter[str] = Counter()

    @settings(EXAMPLES, max_examples=12)
    @given(graphs([kind], most=3))
    def agree(graph: Graph) -> None:
        assume(len(graph.nodes) > 1 and profiled(graph))
        drawn.update(node.type for node in graph.nodes)
        assert sum(node.flops for node in graph.nodes) == profiled_flops(lower(graph))

    with quiet():
        agree()
    assert drawn[kind] >= 5


@settings(EXAMPLES, max_examples=10)
@given(st.tuples(small, small, st.integers(4, 9)), st.integers(0, 3), st.integers(1, 3))
def test_a_slice_of_channels_is_cropped_out(shape: tuple[int, int, int], first: int, count: int) -> None:
    height, width, _ = shape
    graph = Graph("sliced")
    image = graph.add(InputLayer(shape), name="image")
    count = min(count, shape[2] - first)
    graph.add(Slice(shape=(height, width, count), begin=(0, 0, first)), image, name="part")
    with quiet():
        model = lower(graph)
        assert differences(graph, model) == ()
    values = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    assert (np.asarray(model(values)) == values[..., first : first + count]).all()


@pytest.mark.parametrize("layer", [LocalResponseNormalization(2, 2.0, 0.1, 0.75), LocalResponseNormalization()])
def test_local_response_normalization_is_tensorflows(layer: Any) -> None:
    import tensorflow as tf

    graph = Graph("normalized")
    graph.add(layer, graph.add(InputLayer((5, 7, 12)), name="image"), name="lrn")
    values = np.random.default_rng(0).normal(size=(2, 5, 7, 12)).astype("float32")
    expected = tf.nn.local_response_normalization(values, layer.depth_radius, layer.bias, layer.alpha, layer.beta)
    with quiet():
        assert np.abs(np.asarray(lower(graph)(values)) - expected.numpy()).max() < 1e-6


def test_global_response_normalization_is_that_of_its_paper() -> None:
    """arXiv 2301.00808, algorithm 1: gamma * x * n + beta + x, n each norm by the mean of the norms."""
    graph = Graph("normalized")
    graph.add(GlobalResponseNormalization(), graph.add(InputLayer((5, 7, 12)), name="image"), name="grn")
    draw = np.random.default_rng(0)
    values = draw.normal(size=(2, 5, 7, 12)).astype("float32")
    gamma, beta = draw.normal(size=(2, 12)).astype("float32")
    norms = np.sqrt((values**2).sum(axis=(1, 2), keepdims=True))
    expected = gamma * values * (norms / (norms.mean(axis=-1, keepdims=True) + 1e-6)) + beta + values
    with quiet():
        model = lower(graph)
        model.set_weights([gamma.reshape(1, 1, 12, 1), beta])
        assert np.abs(np.asarray(model(values)) - expected).max() < 1e-5
