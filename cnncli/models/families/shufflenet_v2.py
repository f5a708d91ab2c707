"""ShuffleNet V2: channels split in halves, by guidelines from measured speed (Ma et al. 2018)."""

from __future__ import annotations

from typing import Annotated

from cnncli.graph import Graph, Node
from cnncli.graph.layers import BatchNormalization, Concatenate, Conv2D, DepthwiseConv2D, MaxPooling2D, ReLU
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, image, pad_evenly, pool_evenly
from cnncli.models.blocks.shuffle import channel_shuffle, some_channels
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Option, Pooling, one_of
from cnncli.models.spec import PIXELS, Deviations, ModelSpec, Paper, Published, paper, torchvision

# Table 5: output channels of its stages 2 to 4 and of the last convolution.
FILTERS = {
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}
REPEATS = (4, 8, 4)
STEM = 24
BATCH_NORM = BatchNormalization(momentum=0.9, epsilon=1e-5)
RELU = ReLU()

DEVIATIONS = {
    "halves": "half of the output from either branch in the first unit too, where the authors keep the stem's 24",
    "bias": "a bias in the classifier",
}
Columns = Annotated[
    float,
    Option(
        one_of(*FILTERS),
        "Width multiplier: a column of table 5.",
        tuple(map(str, FILTERS)),
        ("width_mult", "width_multiplier"),
    ),
]


def shufflenet_v2(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (224, 224, 3),
    alpha: Columns = 1.0,
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = pad_evenly(graph, x, 3, "stem")
        x = conv_bn(graph, x, Conv2D(STEM, 3, strides=2, use_bias=False), "stem", BATCH_NORM, RELU)
        x = pool_evenly(graph, x, MaxPooling2D(3, strides=2), "pool")
    *widths, last = FILTERS[alpha]
    for stage, (filters, repeats) in enumerate(zip(widths, REPEATS, strict=True), 1):
        with graph.scope("stage", stage):
            for block in range(1, repeats + 1):
                with graph.scope("block", block, kind="ShuffleUnit"):
                    x = _unit(graph, x) if block > 1 else _halving_unit(graph, x, filters, deviations)
    with graph.scope("head"):
        x = conv_bn(graph, x, Conv2D(last, 1, use_bias=False), "last", BATCH_NORM, RELU)
        top = Top(include_top, pooling, classes, classifier_activation)
        classifier(graph, x, top, use_bias="bias" in deviations)


def _unit(graph: Graph, x: Node) -> Node:
    """Figure 3 (c): half of the channels go by, unread."""
    half = x.shape[-1] // 2
    passed = some_channels(graph, x, 0, half, "passed")
    x = some_channels(graph, x, half, half, "read")
    x = conv_bn(graph, x, Conv2D(half, 1, use_bias=False), "first", BATCH_NORM, RELU)
    x = conv_bn(graph, x, DepthwiseConv2D(3, padding="same", use_bias=False), "depthwise", BATCH_NORM)
    x = conv_bn(graph, x, Conv2D(half, 1, use_bias=False), "second", BATCH_NORM, RELU)
    return _joined(graph, passed, x)


def _halving_unit(graph: Graph, x: Node, filters: int, deviations: Deviations) -> Node:
    """Figure 3 (d): two branches read all channels, so that there are more of them behind it.

    The paper leaves open how many are either branch's: in the authors' code one keeps its input's, which is a half in
    stages that double them, and the other makes the rest.
    """
    shortcut, half = x, filters // 2
    kept = half if "halves" in deviations else x.shape[-1]
    with graph.scope("shortcut"):
        shortcut = _strided(graph, shortcut)
        shortcut = conv_bn(graph, shortcut, Conv2D(kept, 1, use_bias=False), "second", BATCH_NORM, RELU)
    x = conv_bn(graph, x, Conv2D(half, 1, use_bias=False), "first", BATCH_NORM, RELU)
    x = _strided(graph, x)
    x = conv_bn(graph, x, Conv2D(filters - kept, 1, use_bias=False), "second", BATCH_NORM, RELU)
    return _joined(graph, shortcut, x)


def _strided(graph: Graph, x: Node) -> Node:
    x = pad_evenly(graph, x, 3, "depthwise")
    return conv_bn(graph, x, DepthwiseConv2D(3, strides=2, use_bias=False), "depthwise", BATCH_NORM)


def _joined(graph: Graph, shortcut: Node, x: Node) -> Node:
    x = graph.add(Concatenate(), shortcut, x, name="concatenate")
    return channel_shuffle(graph, x, 2)


README = "megvii-model/ShuffleNet-Series README"

MODELS = (
    ModelSpec(
        name="shufflenet_v2",
        family="ShuffleNet",
        year=2018,
        paper=Paper("ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design", "1807.11164"),
        introduced="channel split, by guidelines from measured speed",
        build=shufflenet_v2,
        # The authors' code feeds pixels as they are.
        flavors=(paper(PIXELS), torchvision(DEVIATIONS)),
        descends_from=("shufflenet_v1",),
        published=(
            Published(README, "2.3M", "146M", 69.4),
            Published(README, "1.4M", "41M", 61.1, "MACs' digits rounded up", {"alpha": 0.5}),
            Published(README, "3.5M", "299M", 72.6, options={"alpha": 1.5}),
            Published(README, "7.4M", "591M", 75.0, options={"alpha": 2.0}),
        ),
    ),
)
