"""MnasNet: a search that measures latency on a phone, block by block of its own kind (Tan et al. 2018)."""

from __future__ import annotations

from typing import NamedTuple

from cnncli.graph import Graph
from cnncli.graph.layers import BatchNormalization, ReLU
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import image, make_divisible
from cnncli.models.blocks.inverted import CLASSIFIER, Row, Style, inverted_residuals
from cnncli.models.options import Alpha, Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
from cnncli.models.spec import PAPER, Deviations, Flavor, ModelSpec, Paper, Published, torchvision


class Variant(NamedTuple):
    """A searched network: the stem's filters and the stages' rows."""

    stem: int
    rows: tuple[Row, ...]


SE = 0.25
"""The share of a block's input channels that its gates are computed from."""
# Figure 7 (A1); B1 and Small are in the authors' code: expansion, kernel, output channels, layers, stride.
A1 = Variant(
    32,
    (
        Row(1, 3, 16, 1, 1),
        Row(6, 3, 24, 2, 2),
        Row(3, 5, 40, 3, 2, SE),
        Row(6, 3, 80, 4, 2),
        Row(6, 3, 112, 2, 1, SE),
        Row(6, 5, 160, 3, 2, SE),
        Row(6, 3, 320, 1, 1),
    ),
)
B1 = Variant(
    32,
    (
        Row(1, 3, 16, 1, 1),
        Row(3, 3, 24, 3, 2),
        Row(3, 5, 40, 3, 2),
        Row(6, 5, 80, 3, 2),
        Row(6, 3, 96, 2, 1),
        Row(6, 5, 192, 4, 2),
        Row(6, 3, 320, 1, 1),
    ),
)
SMALL = Variant(
    8,
    (
        Row(1, 3, 8, 1, 1),
        Row(3, 3, 16, 1, 2),
        Row(6, 3, 16, 2, 2),
        Row(6, 5, 32, 4, 2, SE),
        Row(6, 3, 32, 3, 1, SE),
        Row(6, 5, 88, 3, 2, SE),
        Row(6, 3, 144, 1, 1),
    ),
)
HEAD = 1280
STYLE = Style(ReLU(), BatchNormalization())
TORCHVISION = Style(ReLU(), BatchNormalization(momentum=0.9997, epsilon=1e-5), evenly=True)


def mnasnet(
    graph: Graph,
    deviations: Deviations,
    *,
    variant: Variant = A1,
    input_shape: InputShape = (224, 224, 3),
    alpha: Alpha = 1.0,
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.2,
) -> None:
    style = TORCHVISION if deviations else STYLE
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = style.convolve(graph, x, "stem", make_divisible(variant.stem * alpha), 3, 2)
    rows = [row._replace(filters=make_divisible(row.filters * alpha)) for row in variant.rows]
    x = inverted_residuals(graph, x, rows, style, "MBConv")
    with graph.scope("head"):
        x = style.convolve(graph, x, "last", HEAD)
        top = Top(include_top, pooling, classes, classifier_activation)
        classifier(graph, x, top, dropout, CLASSIFIER)


DEVIATIONS = {
    "padding": "strided convolutions padded evenly, not by `same`",
    "batch_norm": "batch normalization's momentum 0.9997, not 0.99, and epsilon 1e-5, not 1e-3",
}
SOURCE = "tensorflow/tpu, mnasnet/README.md"


def _spec(
    name: str,
    variant: Variant,
    dropout: float,
    aliases: tuple[str, ...] = (),
    *,
    published: tuple[Published, ...] = (),
    flavors: tuple[Flavor, ...] = (PAPER,),
) -> ModelSpec:
    return ModelSpec(
        name=f"mnasnet_{name}",
        family="MnasNet",
        year=2018,
        paper=Paper("MnasNet: Platform-Aware Neural Architecture Search for Mobile", "1807.11626"),
        introduced="search with latency measured on a phone",
        build=mnasnet,
        aliases=aliases,
        flavors=flavors,
        fixed={"variant": variant},
        defaults={"dropout": dropout},
        published=published,
        descends_from=("mobilenet_v2", "nasnet"),
        architecture="mnasnet",
    )


# torchvision and timm call B1 alone mnasnet, timm A1 semnasnet.
MODELS = (
    _spec("a1", A1, 0.2, ("semnasnet",), published=(Published(SOURCE, "3.9M", "312M", 75.2),)),
    _spec("b1", B1, 0.2, ("mnasnet",), flavors=(PAPER, torchvision(DEVIATIONS))),
    _spec("small", SMALL, 0.0, published=(Published(SOURCE, "2.0M", "68M", 66.0),)),
)
