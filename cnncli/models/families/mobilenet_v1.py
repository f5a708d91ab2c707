"""MobileNet V1: depthwise separable convolutions (Howard et al. 2017)."""

from __future__ import annotations

from typing import Annotated

from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    ReLU,
    Reshape,
    ZeroPadding2D,
)
from cnncli.models.blocks.classifier import pool
from cnncli.models.blocks.convolution import conv_bn, image
from cnncli.models.layer_names import LayerNames
from cnncli.models.options import (
    Alpha,
    Classes,
    ClassifierActivation,
    DropoutRate,
    IncludeTop,
    InputShape,
    Option,
    Pooling,
    whole,
)
from cnncli.models.spec import SYMMETRIC, Deviations, ModelSpec, Paper, Published, article, keras

# Table 1: filters and the strides of each block, grouped into stages of equal width.
STAGES = ((64, (1,)), (128, (2, 1)), (256, (2, 1)), (512, (2, 1, 1, 1, 1, 1)), (1024, (2, 1)))

DEVIATIONS = {
    "padding": "strided convolutions padded evenly by `same`, not at the bottom and right",
    "pooling": "global pooling to a vector that is reshaped to a map, not pooling that keeps the map",
}
LAYER_NAMES = LayerNames(
    lambda stage, place, number: str(number + 1),
    {
        "stem.stem_conv": "conv1",
        "stem.stem_bn": "conv1_bn",
        "stem.stem_activation": "conv1_relu",
        "depthwise_pad": "conv_pad_{block}",
        "depthwise_conv": "conv_dw_{block}",
        "depthwise_bn": "conv_dw_{block}_bn",
        "depthwise_activation": "conv_dw_{block}_relu",
        "pointwise_conv": "conv_pw_{block}",
        "pointwise_bn": "conv_pw_{block}_bn",
        "pointwise_activation": "conv_pw_{block}_relu",
        "head.logits": "conv_preds",
        "head.flatten": "reshape_2",
        "head.probabilities": "predictions",
    },
)
RELU6 = ReLU(6.0)
BATCH_NORM = BatchNormalization()


def mobilenet_v1(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (224, 224, 3),
    alpha: Alpha = 1.0,
    depth_multiplier: Annotated[int, Option(whole(1000), "Depthwise kernels a channel.", ("1", "2"))] = 1,
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 1e-3,
) -> None:
    """Both flavors scale by plain int(): filters = int(filters * alpha)."""
    x = image(graph, input_shape)
    with graph.scope("stem"):
        stem = Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False)
        x = conv_bn(graph, x, stem, "stem", BATCH_NORM, RELU6)
    for stage, (filters, strides) in enumerate(STAGES, 1):
        with graph.scope("stage", stage):
            for block, stride in enumerate(strides, 1):
                with graph.scope("block", block, kind="DepthwiseSeparable"):
                    x = _block(graph, x, deviations, int(filters * alpha), depth_multiplier, stride)
    with graph.scope("head"):
        if not include_top:
            pool(graph, x, pooling)
            return
        x = graph.add(GlobalAveragePooling2D(keepdims="pooling" not in deviations), x, name="pool")
        if "pooling" in deviations:
            x = graph.add(Reshape((1, 1, int(1024 * alpha))), x, name="reshape")
        x = graph.add(Dropout(dropout), x, name="dropout")
        x = graph.add(Conv2D(classes, 1, padding="same"), x, name="logits")
        x = graph.add(Reshape((classes,)), x, name="flatten")
        graph.add(Activation(classifier_activation), x, name="probabilities")


def _block(graph: Graph, x: Node, deviations: Deviations, filters: int, depth_multiplier: int, stride: int) -> Node:
    pad = stride > 1 and "padding" not in deviations
    if pad:
        x = graph.add(ZeroPadding2D(((0, 1), (0, 1))), x, name="depthwise_pad")
    depthwise = DepthwiseConv2D(
        3, strides=stride, padding="valid" if pad else "same", depth_multiplier=depth_multiplier, use_bias=False
    )
    x = conv_bn(graph, x, depthwise, "depthwise", BATCH_NORM, RELU6)
    return conv_bn(graph, x, Conv2D(filters, 1, padding="same", use_bias=False), "pointwise", BATCH_NORM, RELU6)


THINNER, SMALLER = "arXiv 1704.04861, table 6", "arXiv 1704.04861, table 7"

MODELS = (
    ModelSpec(
        name="mobilenet_v1",
        family="MobileNet",
        year=2017,
        paper=Paper("MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", "1704.04861"),
        introduced="depthwise separable convolution, width and resolution multipliers",
        build=mobilenet_v1,
        flavors=(
            keras(SYMMETRIC, LAYER_NAMES),
            article(DEVIATIONS, ("input_shape", "alpha", "depth_multiplier", "classes", "dropout")),
        ),
        aliases=("mobilenet", "v1"),
        published=(
            Published("arXiv 1704.04861, tables 6 and 8", params="4.2M", macs="569M", top1=70.6),
            Published(THINNER, "2.6M", "325M", 68.4, options={"alpha": 0.75}),
            Published(THINNER, "1.3M", "149M", 63.7, options={"alpha": 0.5}),
            Published(THINNER, "0.5M", "41M", 50.6, options={"alpha": 0.25}),
            Published(SMALLER, "4.2M", "418M", 69.1, options={"input_shape": (192, 192, 3)}),
            Published(SMALLER, "4.2M", "290M", 67.2, options={"input_shape": (160, 160, 3)}),
            Published(SMALLER, "4.2M", "186M", 64.4, options={"input_shape": (128, 128, 3)}),
        ),
    ),
)
