"""ShuffleNet: 1x1 convolutions in groups, and channels shuffled between the groups (Zhang et al. 2018)."""

from __future__ import annotations

from typing import Annotated

from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    DepthwiseConv2D,
    MaxPooling2D,
    ReLU,
)
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, evenly, image, make_divisible, pad_evenly, pool_evenly
from cnncli.models.blocks.shuffle import channel_shuffle
from cnncli.models.options import Alpha, Classes, ClassifierActivation, IncludeTop, InputShape, Option, Pooling, one_of
from cnncli.models.spec import PIXELS, Deviations, ModelSpec, Paper, Published, paper

# Table 1: output channels of its stage 2, by the number of groups; the two stages after it double them.
FILTERS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
REPEATS = (4, 8, 4)
STEM = 24
BATCH_NORM = BatchNormalization(momentum=0.9, epsilon=1e-5)
RELU = ReLU()

Groups = Annotated[
    int, Option(one_of(*FILTERS), "Groups of the 1x1 convolutions, one of table 1.", tuple(map(str, FILTERS)))
]


def shufflenet_v1(
    graph: Graph,
    deviations: Deviations,
    *,
    groups: Groups = 3,
    input_shape: InputShape = (224, 224, 3),
    alpha: Alpha = 1.0,
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    """Widths are multiples of what the groups divide; those of the paper's 0.25x to 2x with 3 or 8 groups are so."""
    x = image(graph, input_shape)
    with graph.scope("stem"):
        # The authors' code widens the stem by whole multiples alone: 24 filters at 1.5x too.
        stem = make_divisible(STEM * (alpha if alpha < 1 else int(alpha)), groups)
        x = pad_evenly(graph, x, 3, "stem")
        x = conv_bn(graph, x, Conv2D(stem, 3, strides=2, use_bias=False), "stem", BATCH_NORM, RELU)
        x = pool_evenly(graph, x, MaxPooling2D(3, strides=2), "pool")
    for stage, repeats in enumerate(REPEATS, 1):
        filters = make_divisible(FILTERS[groups] * alpha, 4 * groups) * 2 ** (stage - 1)
        with graph.scope("stage", stage):
            for block in range(1, repeats + 1):
                with graph.scope("block", block, kind="ShuffleUnit"):
                    # The first unit's input is too narrow for groups (section 3.2).
                    first = 1 if stage == block == 1 else groups
                    x = _unit(graph, x, filters, groups, first, 2 if block == 1 else 1)
    with graph.scope("head"):
        top = Top(include_top, pooling, classes, classifier_activation)
        classifier(graph, x, top, use_bias=False)  # as in the authors' code


def _unit(graph: Graph, x: Node, filters: int, groups: int, first_groups: int, stride: int) -> Node:
    """Figure 2: (b) adds the input to what it makes; (c), of stride 2, lays the pooled input beside it."""
    shortcut = x
    made = filters if stride == 1 else filters - x.shape[-1]
    reduce = Conv2D(filters // 4, 1, groups=first_groups, use_bias=False)
    x = conv_bn(graph, x, reduce, "reduce", BATCH_NORM, RELU)
    if groups > 1:
        x = channel_shuffle(graph, x, groups)
    x, padding = evenly(graph, x, 3, stride, "depthwise")
    depthwise = DepthwiseConv2D(3, strides=stride, padding=padding, use_bias=False)
    x = conv_bn(graph, x, depthwise, "depthwise", BATCH_NORM)
    x = conv_bn(graph, x, Conv2D(made, 1, groups=groups, use_bias=False), "expand", BATCH_NORM)
    if stride == 1:
        x = graph.add(Add(), shortcut, x, name="add")
        return graph.add(RELU, x, name="activation")
    x = graph.add(RELU, x, name="activation")
    shortcut = pool_evenly(graph, shortcut, AveragePooling2D(3, strides=2), "shortcut")
    return graph.add(Concatenate(), shortcut, x, name="concatenate")


README = "megvii-model/ShuffleNet-Series README"

MODELS = (
    ModelSpec(
        name="shufflenet_v1",
        family="ShuffleNet",
        year=2017,
        paper=Paper("ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices", "1707.01083"),
        introduced="1x1 convolution in groups and channel shuffle",
        build=shufflenet_v1,
        flavors=(paper(PIXELS),),  # the authors' code feeds pixels as they are
        aliases=("shufflenet",),
        descends_from=("resnext", "mobilenet_v1"),
        published=(
            Published("arXiv 1707.01083, tables 1 and 2", macs="137M", top1=67.4),
            Published(README, "1.9M", "138M", 67.8, "MACs' digits rounded up"),
            Published(README, "0.7M", "38M", 57.3, options={"alpha": 0.5}),
            Published(README, "3.4M", "292M", 71.6, options={"alpha": 1.5}),
            Published(README, "5.4M", "524M", 74.1, options={"alpha": 2.0}),
            Published(README, "1.0M", "40M", 58.8, options={"alpha": 0.5, "groups": 8}),
            Published(README, "2.4M", "138M", 68.0, options={"groups": 8}),
            Published(README, "4.3M", "290M", 71.0, options={"alpha": 1.5, "groups": 8}),
            Published(README, "6.5M", "522M", 72.9, options={"alpha": 2.0, "groups": 8}),
        ),
    ),
)
