"""MobileNet V2: inverted residuals and linear bottlenecks (Sandler et al. 2018)."""

from __future__ import annotations

from cnncli.graph import Graph, Node
from cnncli.graph.layers import BatchNormalization, Conv2D, DepthwiseConv2D, ReLU
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, image, make_divisible, strided
from cnncli.models.blocks.residual import residual
from cnncli.models.layer_names import LayerNames
from cnncli.models.options import Alpha, Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import SYMMETRIC, WITHOUT_BATCH_NORM, Deviations, ModelSpec, Paper, Published, article, keras

# Table 2: expansion t, output channels c, repeats n, stride s.
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))

DEVIATIONS = {
    "first_expansion": "a 1x1 expansion in the first block too, where the ratio is 1",
    "rounding": "widths cut by int(), not rounded to multiples of 8",
    "head": "the last 1x1 convolution narrowed by alpha below 1, which the paper keeps at 1280",
    "padding": "strided convolutions padded by `same`, not explicitly",
    "momentum": "batch normalization's momentum 0.99, not 0.999",
}
LAYER_NAMES = LayerNames(
    lambda stage, place, number: f"block_{number}" if number else "expanded_conv",
    {
        "stem.stem_conv": "Conv1",
        "stem.stem_bn": "bn_Conv1",
        "stem.stem_activation": "Conv1_relu",
        "expand_conv": "{block}_expand",
        "expand_bn": "{block}_expand_BN",
        "expand_activation": "{block}_expand_relu",
        "depthwise_pad": "{block}_pad",
        "depthwise_conv": "{block}_depthwise",
        "depthwise_bn": "{block}_depthwise_BN",
        "depthwise_activation": "{block}_depthwise_relu",
        "project_conv": "{block}_project",
        "project_bn": "{block}_project_BN",
        "add": "{block}_add",
        "head.last_conv": "Conv_1",
        "head.last_bn": "Conv_1_bn",
        "head.last_activation": "out_relu",
        "head.probabilities": "predictions",
    },
)
RELU6 = ReLU(6.0)


def mobilenet_v2(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (224, 224, 3),
    alpha: Alpha = 1.0,
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    rounded = int if "rounding" in deviations else make_divisible
    batch_norm = BatchNormalization(momentum=0.99 if "momentum" in deviations else 0.999)
    x = image(graph, input_shape)
    with graph.scope("stem"):
        stem = Conv2D(rounded(32 * alpha), 3, strides=2, padding="same", use_bias=False)
        x = conv_bn(graph, x, stem, "stem", batch_norm, RELU6)
    for stage, (expansion, filters, repeats, stride) in enumerate(STAGES, 1):
        width = rounded(int(filters * alpha))
        with graph.scope("stage", stage):
            for block in range(1, repeats + 1):
                with graph.scope("block", block, kind="InvertedResidual", expansion=expansion):
                    x = _block(graph, x, deviations, expansion, width, stride if block == 1 else 1, batch_norm)
    with graph.scope("head"):
        last = rounded(1280 * alpha) if alpha > 1 or "head" in deviations else 1280
        x = conv_bn(graph, x, Conv2D(last, 1, use_bias=False), "last", batch_norm, RELU6)
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _block(
    graph: Graph,
    x: Node,
    deviations: Deviations,
    expansion: int,
    filters: int,
    stride: int,
    batch_norm: BatchNormalization,
) -> Node:
    shortcut, channels = x, x.shape[-1]
    if expansion != 1 or "first_expansion" in deviations:
        expand = Conv2D(expansion * channels, 1, padding="same", use_bias=False)
        x = conv_bn(graph, x, expand, "expand", batch_norm, RELU6)
    x, padding = strided(graph, x, 3, stride, "depthwise", explicitly="padding" not in deviations)
    depthwise = DepthwiseConv2D(3, strides=stride, padding=padding, use_bias=False)
    x = conv_bn(graph, x, depthwise, "depthwise", batch_norm, RELU6)
    x = conv_bn(graph, x, Conv2D(filters, 1, padding="same", use_bias=False), "project", batch_norm)
    return residual(graph, shortcut, x) if stride == 1 and channels == filters else x


TABLE_4 = "arXiv 1801.04381, table 4"
OF_SLIM = "the authors' README has 6.06 M and 582 M"

MODELS = (
    ModelSpec(
        name="mobilenet_v2",
        family="MobileNet",
        year=2018,
        paper=Paper("MobileNetV2: Inverted Residuals and Linear Bottlenecks", "1801.04381"),
        introduced="inverted residual and linear bottleneck",
        build=mobilenet_v2,
        flavors=(
            keras(SYMMETRIC, LAYER_NAMES),
            article(DEVIATIONS, ("input_shape", "alpha", "include_top", "classes")),
        ),
        aliases=("v2",),
        descends_from=("mobilenet_v1", "resnet"),
        published=(
            Published(TABLE_4, "3.4M", "300M", 72.0, "digits cut", counted=WITHOUT_BATCH_NORM),
            Published(TABLE_4, "6.9M", "585M", 74.7, OF_SLIM, {"alpha": 1.4}, WITHOUT_BATCH_NORM),
        ),
    ),
)
