"""EfficientNet-Lite: EfficientNet without what phones' accelerators and integers do badly (Liu 2020)."""

from __future__ import annotations

import math

from cnncli.graph import Graph
from cnncli.graph.layers import BatchNormalization, ReLU
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import image, make_divisible
from cnncli.models.blocks.inverted import CLASSIFIER, Row, Style, inverted_residuals
from cnncli.models.families.efficientnet import DROP_CONNECT, STAGES
from cnncli.models.options import Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
from cnncli.models.spec import Deviations, ModelSpec, Paper, Published, paper

STEM, HEAD = 32, 1280
# ReLU6 instead of swish keeps values in a range that integers of 8 bits divide finely enough.
STYLE = Style(ReLU(6.0), BatchNormalization())
RANGE = (-127 / 128, 1.0)
"""Of the authors' (pixel - 127) / 128."""


def efficientnet_lite(
    graph: Graph,
    deviations: Deviations,
    *,
    width: float = 1.0,
    depth: float = 1.0,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.2,
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = STYLE.convolve(graph, x, "stem", STEM, 3, 2)
    x = inverted_residuals(graph, x, _scaled(width, depth), STYLE, "MBConv", DROP_CONNECT)
    with graph.scope("head"):
        x = STYLE.convolve(graph, x, "last", HEAD)
        top = Top(include_top, pooling, classes, classifier_activation)
        classifier(graph, x, top, dropout, CLASSIFIER)


def _scaled(width: float, depth: float) -> list[Row]:
    """EfficientNet's table, without its gates.

    The first and the last stage keep their depth, as stem and head their width: larger networks grow less so.
    """
    ends = (0, len(STAGES) - 1)
    return [
        row._replace(
            filters=make_divisible(row.filters * width),
            repeats=row.repeats if place in ends else math.ceil(row.repeats * depth),
        )
        for place, row in enumerate(STAGES)
    ]


SOURCE = "tensorflow/tpu, efficientnet/lite/README.md"
MORE = "the README's MACs are more than its code's"


def _spec(number: int, width: float, depth: float, size: int, dropout: float, figures: Published) -> ModelSpec:
    return ModelSpec(
        name=f"efficientnet_lite{number}",
        family="EfficientNet",
        year=2020,
        paper=Paper("Higher accuracy on vision models with EfficientNet-Lite"),
        introduced="EfficientNet with ReLU6, without squeeze-and-excitation",
        build=efficientnet_lite,
        aliases=(f"lite{number}",),
        flavors=(paper(RANGE),),
        fixed={"width": width, "depth": depth},
        defaults={"input_shape": (size, size, 3), "dropout": dropout},
        published=(figures,),
        descends_from=("efficientnet",),
        architecture="efficientnet_lite",
    )


# Width, depth, resolution and dropout are those of the authors' published code, the figures their README's.
MODELS = (
    _spec(0, 1.0, 1.0, 224, 0.2, Published(SOURCE, "4.7M", "407M", 75.1, MORE)),
    _spec(1, 1.0, 1.1, 240, 0.2, Published(SOURCE, "5.4M", "631M", 76.7, MORE)),
    _spec(2, 1.1, 1.2, 260, 0.3, Published(SOURCE, "6.1M", "899M", 77.6, MORE)),
    _spec(3, 1.2, 1.4, 280, 0.3, Published(SOURCE, "8.2M", "1.44G", 79.8, MORE)),
    _spec(4, 1.4, 1.8, 300, 0.3, Published(SOURCE, "13M", "2.64G", 81.5, MORE)),
)
