"""EfficientNetV2: fused convolutions where maps are large, searched for training speed (Tan and Le 2021)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Activation, BatchNormalization, Normalization, Rescaling, VarianceScaling
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import image
from cnncli.models.blocks.inverted import Row, Style, inverted_residuals
from cnncli.models.layer_names import LayerNames
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


class Variant(NamedTuple):
    """A searched network: the stem's filters and the stages' rows."""

    stem: int
    rows: tuple[Row, ...]


def _fused(expansion: int, filters: int, repeats: int, stride: int) -> Row:
    return Row(expansion, 3, filters, repeats, stride, fused=True)


def _mbconv(expansion: int, filters: int, repeats: int, stride: int) -> Row:
    return Row(expansion, 3, filters, repeats, stride, squeeze=0.25)


# Table 4: expansion, output channels, layers, stride; 3x3 kernels throughout. M, L and B are in the authors' code only.
S = Variant(
    24,
    (
        _fused(1, 24, 2, 1),
        _fused(4, 48, 4, 2),
        _fused(4, 64, 4, 2),
        _mbconv(4, 128, 6, 2),
        _mbconv(6, 160, 9, 1),
        _mbconv(6, 256, 15, 2),
    ),
)
M = Variant(
    24,
    (
        _fused(1, 24, 3, 1),
        _fused(4, 48, 5, 2),
        _fused(4, 80, 5, 2),
        _mbconv(4, 160, 7, 2),
        _mbconv(6, 176, 14, 1),
        _mbconv(6, 304, 18, 2),
        _mbconv(6, 512, 5, 1),
    ),
)
L = Variant(
    32,
    (
        _fused(1, 32, 4, 1),
        _fused(4, 64, 7, 2),
        _fused(4, 96, 7, 2),
        _mbconv(4, 192, 10, 2),
        _mbconv(6, 224, 19, 1),
        _mbconv(6, 384, 25, 2),
        _mbconv(6, 640, 7, 1),
    ),
)
B = Variant(
    32,
    (
        _fused(1, 16, 1, 1),
        _fused(4, 32, 2, 2),
        _fused(4, 48, 2, 2),
        _mbconv(4, 96, 3, 2),
        _mbconv(6, 112, 5, 1),
        _mbconv(6, 192, 8, 2),
    ),
)
HEAD = 1280
DROP_CONNECT = 0.2
"""Share of examples for which the last block is skipped in training; it grows linearly from 0 at the first."""
MEAN, VARIANCE = (0.485, 0.456, 0.406), (0.229**2, 0.224**2, 0.225**2)
"""ImageNet's, of pixels from 0 to 1."""
STYLE = Style(Activation("silu"), BatchNormalization(momentum=0.9), VarianceScaling(2.0, "fan_out"))

LAYER_NAMES = LayerNames(
    lambda stage, place, number: f"block{stage}{chr(ord('a') + place - 1)}",
    {
        "stem.stem_conv": "stem_conv",
        "stem.stem_bn": "stem_bn",
        "stem.stem_activation": "stem_activation",
        "expand_conv": "{block}_expand_conv",
        "expand_bn": "{block}_expand_bn",
        "expand_activation": "{block}_expand_activation",
        "depthwise_conv": "{block}_dwconv2",
        "depthwise_bn": "{block}_bn",
        "depthwise_activation": "{block}_activation",
        "squeeze_excite.squeeze": "{block}_se_squeeze",
        "squeeze_excite.reshape": "{block}_se_reshape",
        "squeeze_excite.reduce": "{block}_se_reduce",
        "squeeze_excite.expand": "{block}_se_expand",
        "squeeze_excite.excite": "{block}_se_excite",
        "project_conv": "{block}_project_conv",
        "project_bn": "{block}_project_bn",
        "project_activation": "{block}_project_activation",
        "drop_connect": "{block}_drop",
        "add": "{block}_add",
        "head.last_conv": "top_conv",
        "head.last_bn": "top_bn",
        "head.last_activation": "top_activation",
        "head.pool": "avg_pool",
        "head.pool:GlobalMaxPooling2D": "max_pool",
        "head.dropout": "top_dropout",
        "head.probabilities": "predictions",
    },
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
        classifier(graph, x, top, dropout, VarianceScaling(1 / 3, "fan_out", "uniform"))


def _filters(filters: int, width: float) -> int:
    """The nearest multiple of 8, be it below 0.9 times the width: EfficientNet's rounding lacks that rule since V2."""
    return max(8, int(filters * width + 4) // 8 * 8)


def _preprocessed(graph: Graph, x: Node, variant: Variant) -> Node:
    if not _is_standardized(variant, x.shape[-1]):
        return graph.add(Rescaling(1 / 128, -1.0), x, name="rescaling")
    x = graph.add(Rescaling(1 / 255), x, name="rescaling")
    return graph.add(Normalization(MEAN, VARIANCE), x, name="normalization")


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
    _spec("b0", B, 224, Published(SOURCE, 7.1e6, 0.72e9, 78.7)),
    _spec("b1", B, 240, Published(SOURCE, 8.1e6, 1.2e9, 79.8), 1.0, 1.1),
    _spec("b2", B, 260, Published(SOURCE, 10.1e6, 1.7e9, 80.5), 1.1, 1.2),
    _spec("b3", B, 300, Published(SOURCE, 14.4e6, 3.0e9, 82.1), 1.2, 1.4),
    _spec("s", S, 384, Published(SOURCE, 21.5e6, 8.4e9, 83.9)),
    _spec("m", M, 480, Published(SOURCE, 54.1e6, 24.7e9, 85.2, "the authors' code has fewer MACs")),
    _spec("l", L, 480, Published(SOURCE, 119.5e6, 56.3e9, 85.7, "the authors' code has fewer of both")),
)
