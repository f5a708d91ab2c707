"""MobileNetV4: the universal inverted bottleneck, with two optional depthwise convolutions (Qin et al. 2024)."""

from __future__ import annotations

from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    ReLU,
)
from cnncli.models.blocks.classifier import pool
from cnncli.models.blocks.convolution import conv_bn, image, make_divisible
from cnncli.models.blocks.residual import residual
from cnncli.models.options import Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
from cnncli.models.spec import Deviations, ModelSpec, Paper, Published


class Row(NamedTuple):
    """A universal inverted bottleneck of the appendix's tables: output channels, expansion, stride, repeats.

    `start` and `middle` are the kernels of the depthwise convolutions before the expansion and behind it; 0 is none.
    """

    start: int
    middle: int
    expansion: float
    filters: int
    stride: int = 1
    repeats: int = 1

    @property
    def kind(self) -> str:
        """Figure 4's four instances of the block."""
        if self.start:
            return "ExtraDW" if self.middle else "ConvNeXt"
        return "InvertedBottleneck" if self.middle else "FFN"


class Conv(NamedTuple):
    """A convolution with its normalization and activation."""

    kernel_size: int
    filters: int
    stride: int = 1


class Fused(NamedTuple):
    """A fused inverted bottleneck: the first two convolutions are one of 3x3."""

    expansion: float
    filters: int
    stride: int


Stages = tuple[tuple[Row | Conv | Fused, ...], ...]

# The appendix's tables of MNv4-Conv-S, M and L, where the strides are those of the authors' code.
SMALL: Stages = (
    (Conv(3, 32, 2), Conv(1, 32)),
    (Conv(3, 96, 2), Conv(1, 64)),
    (Row(5, 5, 3, 96, 2), Row(0, 3, 2, 96, repeats=4), Row(3, 0, 4, 96)),
    (
        Row(3, 3, 6, 128, 2),
        Row(5, 5, 4, 128),
        Row(0, 5, 4, 128),
        Row(0, 5, 3, 128),
        Row(0, 3, 4, 128, repeats=2),
    ),
)
MEDIUM: Stages = (
    (Fused(4, 48, 2),),
    (Row(3, 5, 4, 80, 2), Row(3, 3, 2, 80)),
    (
        Row(3, 5, 6, 160, 2),
        Row(3, 3, 4, 160, repeats=2),
        Row(3, 5, 4, 160),
        Row(3, 3, 4, 160),
        Row(3, 0, 4, 160),
        Row(0, 0, 2, 160),
        Row(3, 0, 4, 160),
    ),
    (
        Row(5, 5, 6, 256, 2),
        Row(5, 5, 4, 256),
        Row(3, 5, 4, 256, repeats=2),
        Row(0, 0, 4, 256),
        Row(3, 0, 4, 256),
        Row(3, 5, 2, 256),
        Row(5, 5, 4, 256),
        Row(0, 0, 4, 256, repeats=2),
        Row(5, 0, 2, 256),
    ),
)
LARGE: Stages = (
    (Fused(4, 48, 2),),
    (Row(3, 5, 4, 96, 2), Row(3, 3, 4, 96)),
    (
        Row(3, 5, 4, 192, 2),
        Row(3, 3, 4, 192, repeats=3),
        Row(3, 5, 4, 192),
        Row(5, 3, 4, 192, repeats=5),
        Row(3, 0, 4, 192),
    ),
    (
        Row(5, 5, 4, 512, 2),
        Row(5, 5, 4, 512, repeats=3),
        Row(5, 0, 4, 512),
        Row(5, 3, 4, 512),
        Row(5, 0, 4, 512, repeats=2),
        Row(5, 3, 4, 512),
        Row(5, 5, 4, 512),
        Row(5, 0, 4, 512, repeats=3),
    ),
)
LAST, FEATURES = 960, 1280
BATCH_NORM = BatchNormalization()
RELU = ReLU()


def mobilenet_v4(
    graph: Graph,
    deviations: Deviations,
    *,
    stem: int,
    stages: Stages,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.2,
) -> None:
    """The authors' code is TensorFlow's: all is padded by `same`."""
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = _convolution(graph, x, 3, stem, 2, "stem")
    for stage, rows in enumerate(stages, 1):
        with graph.scope("stage", stage):
            x = _stage(graph, x, rows)
    with graph.scope("head"):
        x = _convolution(graph, x, 1, LAST, 1, "last")
        if not include_top:
            pool(graph, x, pooling)
            return
        x = graph.add(GlobalAveragePooling2D(keepdims=True), x, name="pool")
        x = _convolution(graph, x, 1, FEATURES, 1, "features")
        x = graph.add(Flatten(), x, name="flatten")
        if dropout > 0:
            x = graph.add(Dropout(dropout), x, name="dropout")
        graph.add(Dense(classes, activation=classifier_activation), x, name="probabilities")


def _stage(graph: Graph, x: Node, rows: tuple[Row | Conv | Fused, ...]) -> Node:
    block = 0
    for row in rows:
        for repeat in range(row.repeats if isinstance(row, Row) else 1):
            block += 1
            stride = row.stride if repeat == 0 else 1
            if isinstance(row, Conv):
                with graph.scope("block", block, kind="Convolutions"):
                    name = "spatial" if row.kernel_size > 1 else "pointwise"
                    x = _convolution(graph, x, row.kernel_size, row.filters, stride, name)
            elif isinstance(row, Fused):
                with graph.scope("block", block, kind="FusedMBConv", expansion=row.expansion):
                    x = _fused(graph, x, row)
            else:
                with graph.scope("block", block, kind=row.kind, expansion=row.expansion):
                    x = _universal(graph, x, row, stride)
    return x


def _universal(graph: Graph, x: Node, row: Row, stride: int) -> Node:
    """Figure 4. The depthwise convolution in the middle strides, where there is one."""
    shortcut, channels = x, x.shape[-1]
    if row.start:
        first = DepthwiseConv2D(row.start, strides=1 if row.middle else stride, padding="same", use_bias=False)
        x = conv_bn(graph, x, first, "start", BATCH_NORM)
    expand = Conv2D(make_divisible(channels * row.expansion), 1, use_bias=False)
    x = conv_bn(graph, x, expand, "expand", BATCH_NORM, RELU)
    if row.middle:
        middle = DepthwiseConv2D(row.middle, strides=stride, padding="same", use_bias=False)
        x = conv_bn(graph, x, middle, "middle", BATCH_NORM, RELU)
    x = conv_bn(graph, x, Conv2D(row.filters, 1, use_bias=False), "project", BATCH_NORM)
    return residual(graph, shortcut, x) if stride == 1 and channels == row.filters else x


def _fused(graph: Graph, x: Node, row: Fused) -> Node:
    x = _convolution(graph, x, 3, make_divisible(x.shape[-1] * row.expansion), row.stride, "expand")
    return conv_bn(graph, x, Conv2D(row.filters, 1, use_bias=False), "project", BATCH_NORM)


def _convolution(graph: Graph, x: Node, kernel_size: int, filters: int, stride: int, name: str) -> Node:
    convolution = Conv2D(filters, kernel_size, strides=stride, padding="same", use_bias=False)
    return conv_bn(graph, x, convolution, name, BATCH_NORM, RELU)


SOURCE = "arXiv 2404.10518, table of ImageNet-1K"
MORE = "the authors' code has more of both"


def _spec(size: str, stem: int, stages: Stages, resolution: int, figures: Published) -> ModelSpec:
    return ModelSpec(
        name=f"mobilenet_v4_conv_{size}",
        family="MobileNet",
        year=2024,
        paper=Paper("MobileNetV4: Universal Models for the Mobile Ecosystem", "2404.10518"),
        introduced="universal inverted bottleneck",
        build=mobilenet_v4,
        aliases=(f"v4_{size}",),
        fixed={"stem": stem, "stages": stages},
        defaults={"input_shape": (resolution, resolution, 3)},
        architecture="mobilenet_v4",
        descends_from=("mobilenet_v3", "convnext"),
        published=(figures,),
    )


MODELS = (
    _spec("small", 32, SMALL, 224, Published(SOURCE, "3.8M", "0.2G", 73.8)),
    _spec("medium", 32, MEDIUM, 256, Published(SOURCE, "9.2M", "1.0G", 79.9, MORE)),
    _spec("large", 24, LARGE, 384, Published(SOURCE, "31M", "5.9G", 82.9, MORE)),
)
