"""GhostNet: half of each convolution's features made of the other half by cheap depthwise ones (Han et al. 2020)."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    ReLU,
)
from cnncli.models.blocks.classifier import pool
from cnncli.models.blocks.convolution import conv_bn, evenly, image, make_divisible, pad_evenly
from cnncli.models.blocks.gates import hard_gate, squeeze_excite
from cnncli.models.options import Alpha, Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
from cnncli.models.spec import Deviations, ModelSpec, Paper, Published


class Row(NamedTuple):
    """A ghost bottleneck of the paper's table 1: kernel, expansion size, output channels, SE, stride."""

    kernel_size: int
    expanded: int
    filters: int
    squeeze_excite: bool
    stride: int


# Table 1.
ROWS = (
    Row(3, 16, 16, False, 1),
    Row(3, 48, 24, False, 2),
    Row(3, 72, 24, False, 1),
    Row(5, 72, 40, True, 2),
    Row(5, 120, 40, True, 1),
    Row(3, 240, 80, False, 2),
    Row(3, 200, 80, False, 1),
    Row(3, 184, 80, False, 1),
    Row(3, 184, 80, False, 1),
    Row(3, 480, 112, True, 1),
    Row(3, 672, 112, True, 1),
    Row(5, 672, 160, True, 2),
    Row(5, 960, 160, False, 1),
    Row(5, 960, 160, True, 1),
    Row(5, 960, 160, False, 1),
    Row(5, 960, 160, True, 1),
)
STEM, LAST, FEATURES = 16, 960, 1280
BATCH_NORM = BatchNormalization(momentum=0.9, epsilon=1e-5)
RELU = ReLU()


def ghostnet(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (224, 224, 3),
    alpha: Alpha = 1.0,
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.2,
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = pad_evenly(graph, x, 3, "stem")
        stem = Conv2D(_scaled(STEM, alpha), 3, strides=2, use_bias=False)
        x = conv_bn(graph, x, stem, "stem", BATCH_NORM, RELU)
    for stage, (_, rows) in enumerate(groupby(ROWS, key=lambda row: row.filters), 1):
        with graph.scope("stage", stage):
            for block, row in enumerate(rows, 1):
                with graph.scope("block", block, kind="GhostBottleneck"):
                    x = _bottleneck(graph, x, row, alpha)
    with graph.scope("head"):
        x = conv_bn(graph, x, Conv2D(_scaled(LAST, alpha), 1, use_bias=False), "last", BATCH_NORM, RELU)
        if not include_top:
            pool(graph, x, pooling)
            return
        x = graph.add(GlobalAveragePooling2D(keepdims=True), x, name="pool")
        x = graph.add(Conv2D(FEATURES, 1), x, name="features_conv")
        x = graph.add(RELU, x, name="features_activation")
        x = graph.add(Flatten(), x, name="flatten")
        if dropout > 0:
            x = graph.add(Dropout(dropout), x, name="dropout")
        graph.add(Dense(classes, activation=classifier_activation), x, name="probabilities")


def _scaled(filters: int, alpha: float) -> int:
    """A multiple of 4, not of 8 as in the MobileNets."""
    return make_divisible(filters * alpha, 4)


def _bottleneck(graph: Graph, x: Node, row: Row, alpha: float) -> Node:
    """Figure 3: a ghost module that expands and one that projects, with a depthwise convolution where it strides."""
    shortcut, filters = x, _scaled(row.filters, alpha)
    expanded = _scaled(row.expanded, alpha)
    x = _ghost(graph, x, expanded, "expand", RELU)
    if row.stride > 1:
        x = _depthwise(graph, x, row)
    if row.squeeze_excite:
        x = squeeze_excite(graph, x, hard_gate(expanded, make_divisible(expanded / 4, 4)))
    x = _ghost(graph, x, filters, "project")
    if row.stride > 1 or shortcut.shape[-1] != filters:
        with graph.scope("shortcut"):
            shortcut = _depthwise(graph, shortcut, row)
            shortcut = conv_bn(graph, shortcut, Conv2D(filters, 1, use_bias=False), "project", BATCH_NORM)
    return graph.add(Add(), x, shortcut, name="add")


def _ghost(graph: Graph, x: Node, filters: int, name: str, activation: Layer | None = None) -> Node:
    """Figure 1: a 1x1 convolution makes half of the features, a 3x3 depthwise one the others from them."""
    with graph.scope(name):
        primary = conv_bn(graph, x, Conv2D(filters // 2, 1, use_bias=False), "primary", BATCH_NORM, activation)
        cheap = DepthwiseConv2D(3, padding="same", use_bias=False)
        ghosts = conv_bn(graph, primary, cheap, "cheap", BATCH_NORM, activation)
        return graph.add(Concatenate(), primary, ghosts, name="concatenate")


def _depthwise(graph: Graph, x: Node, row: Row) -> Node:
    x, padding = evenly(graph, x, row.kernel_size, row.stride, "depthwise")
    depthwise = DepthwiseConv2D(row.kernel_size, strides=row.stride, padding=padding, use_bias=False)
    return conv_bn(graph, x, depthwise, "depthwise", BATCH_NORM)


MODELS = (
    ModelSpec(
        name="ghostnet",
        family="GhostNet",
        year=2019,
        paper=Paper("GhostNet: More Features from Cheap Operations", "1911.11907"),
        introduced="half of the features made by cheap depthwise convolutions",
        build=ghostnet,
        descends_from=("mobilenet_v3",),
        published=(
            Published("huawei-noah, ghostnet_pytorch README", "5.2M", "142M", 73.98, "141 M in the paper's table 7"),
            Published("arXiv 1911.11907, table 7", "2.6M", "42M", 66.2, options={"alpha": 0.5}),
            Published("arXiv 1911.11907, table 7", "7.3M", "226M", 75.7, "the code has more MACs", {"alpha": 1.3}),
        ),
    ),
)
