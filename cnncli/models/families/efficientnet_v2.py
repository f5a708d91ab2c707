"""EfficientNetV2: fused convolutions where maps are large, searched for training speed (Tan and Le 2021)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Activation, BatchNormalization, Normalization, Rescaling
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import image
from cnncli.models.blocks.inverted import CLASSIFIER, Row, Style, inverted_residuals
from cnncli.models.families.efficientnet import DROP_CONNECT
from cnncli.models.families.efficientnet import LAYER_NAMES as V1_NAMES
from cnncli.models.options import (
    Classes,
    ClassifierActivation,
    DropoutRate,
    IncludePreprocessing,
    IncludeTop,
    InputShape,
    Pooling,
)
from cnncli.models.spec import (
    DEVIATION,
    MEAN,
    PIXELS,
    STANDARDIZED,
    SYMMETRIC,
    Deviations,
    ModelSpec,
    Paper,
    Published,
    Range,
    keras,
)


class Stage(NamedTuple):
    """What the networks have in common of a stage; blocks that are not fused have gates."""

    expansion: int
    stride: int
    fused: bool = False


# Table 4, with 3x3 kernels throughout.
STAGES = (Stage(1, 1, True), Stage(4, 2, True), Stage(4, 2, True), Stage(4, 2), Stage(6, 1), Stage(6, 2), Stage(6, 1))
SQUEEZE = 0.25
"""The share of a block's input channels that its gates are computed from."""


class Variant(NamedTuple):
    """A searched network: the stem's filters, and of each stage output channels and layers."""

    stem: int
    filters: tuple[int, ...]
    repeats: tuple[int, ...]

    @property
    def rows(self) -> list[Row]:
        return [
            Row(stage.expansion, 3, filters, repeats, stage.stride, 0.0 if stage.fused else SQUEEZE, stage.fused)
            for stage, filters, repeats in zip(STAGES, self.filters, self.repeats, strict=False)
        ]


# Table 4; M, L and B are in the authors' code only. S and B lack the last stage.
S = Variant(24, (24, 48, 64, 128, 160, 256), (2, 4, 4, 6, 9, 15))
M = Variant(24, (24, 48, 80, 160, 176, 304, 512), (3, 5, 5, 7, 14, 18, 5))
L = Variant(32, (32, 64, 96, 192, 224, 384, 640), (4, 7, 7, 10, 19, 25, 7))
B = Variant(32, (16, 32, 48, 96, 112, 192), (1, 2, 2, 3, 5, 8))
HEAD = 1280
STYLE = Style(Activation("silu"), BatchNormalization(momentum=0.9))

LAYER_NAMES = V1_NAMES._replace(
    names={
        **V1_NAMES.names,
        "depthwise_conv": "{block}_dwconv2",
        "project_activation": "{block}_project_activation",
    }
)


def efficientnet_v2(
    graph: Graph,
    deviations: Deviations,
    *,
    variant: Variant = B,
    width: float = 1.0,
    depth: float = 1.0,
    input_shape: InputShape = (224, 224, 3),
    include_preprocessing: IncludePreprocessing = True,
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.2,
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        if include_preprocessing:
            x = _preprocessed(graph, x, variant)
        x = STYLE.convolve(graph, x, "stem", _filters(variant.stem, width), 3, 2)
    rows = [
        row._replace(filters=_filters(row.filters, width), repeats=math.ceil(row.repeats * depth))
        for row in variant.rows
    ]
    # Keras spreads the rates over the blocks of the network that is not scaled, so that deeper ones go beyond 0.2.
    blocks = sum(row.repeats for row in variant.rows)
    x = inverted_residuals(graph, x, rows, STYLE, "MBConv", DROP_CONNECT, blocks)
    with graph.scope("head"):
        x = STYLE.convolve(graph, x, "last", _filters(HEAD, width))
        top = Top(include_top, pooling, classes, classifier_activation)
        classifier(graph, x, top, dropout, CLASSIFIER)


def _filters(filters: int, width: float) -> int:
    """The nearest multiple of 8, be it below 0.9 times the width: EfficientNet's rounding lacks that rule since V2."""
    return max(8, int(filters * width + 4) // 8 * 8)


def _preprocessed(graph: Graph, x: Node, variant: Variant) -> Node:
    if not _is_standardized(variant, x.shape[-1]):
        return graph.add(Rescaling(1 / 128, -1.0), x, name="rescaling")
    x = graph.add(Rescaling(1 / 255), x, name="rescaling")
    return graph.add(Normalization(MEAN, tuple(each**2 for each in DEVIATION)), x, name="normalization")


def _is_standardized(variant: Variant, channels: int) -> bool:
    """B0 to B3 take ImageNet's statistics, as EfficientNet V1, where the picture has its channels."""
    return variant == B and channels == len(MEAN)


def _range(variant: Variant, options: Mapping[str, Any]) -> Range:
    if options["include_preprocessing"]:
        return PIXELS
    return STANDARDIZED if _is_standardized(variant, options["input_shape"][-1]) else SYMMETRIC


SOURCE = "google/automl, efficientnetv2/README.md"


def _spec(
    name: str, variant: Variant, size: int, figures: Published, width: float = 1.0, depth: float = 1.0
) -> ModelSpec:
    return ModelSpec(
        name=f"efficientnet_v2_{name}",
        family="EfficientNet",
        year=2021,
        paper=Paper("EfficientNetV2: Smaller Models and Faster Training", "2104.00298"),
        introduced="fused MBConv, search for speed of training",
        build=efficientnet_v2,
        flavors=(keras(lambda options: _range(variant, options), LAYER_NAMES),),
        fixed={"variant": variant, "width": width, "depth": depth},
        defaults={"input_shape": (size, size, 3)},
        published=(figures,),
        descends_from=("efficientnet",),
        architecture="efficientnet_v2",
    )


MODELS = (
    _spec("b0", B, 224, Published(SOURCE, "7.1M", "0.72G", 78.7)),
    _spec("b1", B, 240, Published(SOURCE, "8.1M", "1.2G", 79.8), 1.0, 1.1),
    _spec("b2", B, 260, Published(SOURCE, "10.1M", "1.7G", 80.5), 1.1, 1.2),
    _spec("b3", B, 300, Published(SOURCE, "14.4M", "3.0G", 82.1), 1.2, 1.4),
    _spec("s", S, 384, Published(SOURCE, "21.5M", "8.4G", 83.9)),
    _spec("m", M, 480, Published(SOURCE, "54.1M", "24.7G", 85.2, "the authors' code has fewer MACs")),
    _spec("l", L, 480, Published(SOURCE, "119.5M", "56.3G", 85.7, "the authors' code has fewer of both")),
)
