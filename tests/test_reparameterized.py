"""What is trained in branches and what is deployed are one function: kernels fused here give the same outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tensorflow_truth import calibrate, distance, randomize

from cnncli.graph import Graph
from cnncli.keras_model import lower, quiet
from cnncli.models.families.repvgg import repvgg
from cnncli.models.reference import parse

pytestmark = pytest.mark.tf


def fused(trained: Any, convolution: Any) -> tuple[Any, Any]:
    """The kernel and the bias that the branches of one convolution sum up to."""
    name = convolution.name.removesuffix("_conv")
    shape = convolution.weights[0].shape
    kernel, bias = np.zeros(shape), np.zeros(convolution.weights[1].shape)
    layers = {layer.name: layer for layer in trained.layers}
    branches = [name, *(f"{name}{number}" for number in range(2, 9)), f"{name}_scale"]
    for branch in branches:
        if f"{branch}_conv" in layers:
            (small,) = layers[f"{branch}_conv"].get_weights()
            kernel, bias = added(kernel, bias, small, layers[f"{branch}_bn"])
    identity = layers.get(f"{name}_identity_bn")
    if identity is not None:
        kernel, bias = added(kernel, bias, unit(shape), identity)
    return kernel, bias


def unit(shape: tuple[int, ...]) -> Any:
    """The 1x1 kernel that hands on its input: of a depthwise convolution ones, else a unit matrix in each group."""
    _, _, inputs, outputs = shape
    kernel = np.zeros((1, 1, inputs, outputs))
    for channel in range(max(inputs, outputs)):
        kernel[0, 0, channel if outputs == 1 else channel % inputs, 0 if outputs == 1 else channel] = 1
    return kernel


def added(kernel: Any, bias: Any, small: Any, batch_norm: Any) -> tuple[Any, Any]:
    """With a smaller kernel in the middle, its normalization folded into both."""
    gamma, beta, mean, variance = batch_norm.get_weights()
    factor = gamma / np.sqrt(variance + batch_norm.epsilon)
    by_channel = factor[:, np.newaxis] if kernel.shape[-1] == 1 else factor
    edge = (kernel.shape[0] - small.shape[0]) // 2
    wide = np.pad(small * by_channel, ((edge, edge), (edge, edge), (0, 0), (0, 0)))
    return kernel + wide, bias + beta - mean * factor


SIZE = (70, 64, 3)


def short_repvgg(deploy: bool) -> Graph:
    """With every kind of block, in little time."""
    graph = Graph("short")
    options: dict[str, Any] = {"input_shape": SIZE, "classes": 10, "classifier_activation": None}
    repvgg(graph, frozenset(), layers=(1, 2, 3, 1, 1), a=0.5, b=0.5, groups=4, deploy=deploy, **options)
    return graph


def published(name: str) -> Callable[[bool], Graph]:
    options = "input_shape=70x64,classes=10,classifier_activation=none"
    return lambda deploy: parse(f"{name}:deploy={str(deploy).lower()},{options}").graph()


NAMES = ("repvgg_a0", "repvgg_b1g4", "mobileone_s0", "mobileone_s4")


@pytest.mark.parametrize(
    "graph",
    [short_repvgg, *(pytest.param(published(name), id=name, marks=pytest.mark.exhaustive) for name in NAMES)],
)
def test_branches_become_one_convolution(graph: Callable[[bool], Graph]) -> None:
    pictures = np.random.default_rng(7).uniform(-2, 2, (16, *SIZE)).astype("float32")
    with quiet():
        trained, deployed = lower(graph(False)), lower(graph(True))
        randomize(trained, np.random.default_rng(0))
        calibrate(trained, pictures)
        for layer in deployed.layers:
            if layer.name.endswith("_conv"):
                layer.set_weights(fused(trained, layer))
            else:
                layer.set_weights(trained.get_layer(layer.name).get_weights())
        expected = np.asarray(trained(pictures, training=False))
        flipped = np.asarray(trained(pictures[:, ::-1], training=False))
        assert distance(flipped, expected) > 0.01, "the comparison is blind"
        assert distance(np.asarray(deployed(pictures, training=False)), expected) < 5e-3  # a shifted window: above 0.1
