"""Darknet-53: the residual network below YOLOv3 (Redmon and Farhadi 2018)."""

from __future__ import annotations

from cnncli.graph import Graph, Node
from cnncli.graph.layers import BatchNormalization, Conv2D, LeakyReLU
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, evenly, image
from cnncli.models.blocks.residual import residual
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import UNIT, WITHOUT_BATCH_NORM, Deviations, ModelSpec, Paper, Published, paper

# Table 1: filters and residual blocks of each stage.
STAGES = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))

# The constants of the Darknet framework, on a GPU.
BATCH_NORM = BatchNormalization(momentum=0.99, epsilon=1e-5)
LEAKY = LeakyReLU(0.1)
DARKNET = paper(UNIT)


def darknet53(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (256, 256, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = convolution(graph, x, 32, 3, "stem")
    for stage, (filters, repeats) in enumerate(STAGES, 1):
        with graph.scope("stage", stage):
            with graph.scope("down"):
                x = convolution(graph, x, filters, 3, "down", stride=2)
            for number in range(1, repeats + 1):
                with graph.scope("block", number, kind="Residual"):
                    x = block(graph, x, filters // 2, filters)
    with graph.scope("head"):
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def convolution(
    graph: Graph, x: Node, filters: int, kernel_size: int, name: str, stride: int = 1, groups: int = 1
) -> Node:
    """Darknet's [convolutional]: padded evenly, normalized, activated."""
    x, padding = evenly(graph, x, kernel_size, stride, name)
    layer = Conv2D(filters, kernel_size, strides=stride, padding=padding, groups=groups, use_bias=False)
    return conv_bn(graph, x, layer, name, BATCH_NORM, LEAKY)


def block(graph: Graph, x: Node, inner: int, filters: int) -> Node:
    """Nothing is activated behind the sum."""
    inside = convolution(graph, x, inner, 1, "reduce")
    return residual(graph, x, convolution(graph, inside, filters, 3, "spatial"))


README = "WongKinYiu/CrossStagePartialNetworks README"

MODELS = (
    ModelSpec(
        name="darknet53",
        family="Darknet",
        year=2018,
        paper=Paper("YOLOv3: An Incremental Improvement", "1804.02767"),
        introduced="a residual network of 1x1 and 3x3 convolutions for detection",
        build=darknet53,
        flavors=(DARKNET,),
        published=(Published(README, "41.57M", "18.57G/2", 77.2, counted=WITHOUT_BATCH_NORM),),
        descends_from=("resnet",),
        architecture="darknet",
    ),
)
