"""RepVGG: trained with a 1x1 and an identity branch beside each 3x3 convolution, deployed as 3x3 convolutions alone.

Ding et al. 2021.
"""

from __future__ import annotations

from cnncli.graph import Graph
from cnncli.graph.layers import Conv2D, ReLU
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import image
from cnncli.models.blocks.reparameterized import Deploy, reparameterized
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import Deviations, ModelSpec, Paper, Published

# Table 2: layers of each stage, of which the first strides, and their width, which the multipliers a and b scale.
A, B = (1, 2, 4, 14, 1), (1, 4, 6, 16, 1)
WIDTHS = (64, 64, 128, 256, 512)
RELU = ReLU()


def repvgg(
    graph: Graph,
    deviations: Deviations,
    *,
    layers: tuple[int, ...],
    a: float,
    b: float,
    groups: int = 1,
    deploy: Deploy = True,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    """`deploy` is the default: what is published of these networks, and what they cost, is the deployed network's."""
    x = image(graph, input_shape)
    number = 0
    for stage, (width, count, scale) in enumerate(zip(WIDTHS, layers, (min(a, 1), a, a, a, b), strict=True), 1):
        with graph.scope("stage", stage):
            for block in range(1, count + 1):
                number += 1
                # Every other layer is in groups, the third first (section 3.4).
                grouped = groups if number > 1 and number % 2 else 1
                convolution = Conv2D(int(width * scale), 3, strides=2 if block == 1 else 1, groups=grouped)
                with graph.scope("block", block, kind="Convolutions" if deploy else "RepVGGBlock"):
                    x = reparameterized(graph, x, convolution, "main", deploy=deploy)
                    x = graph.add(RELU, x, name="activation")
    with graph.scope("head"):
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


CUT = "params' digits cut, not rounded"


def _spec(
    name: str,
    layers: tuple[int, ...],
    a: float,
    b: float,
    groups: int,
    params: str,
    macs: str,
    top1: float,
    erratum: str = CUT,
) -> ModelSpec:
    return ModelSpec(
        name=f"repvgg_{name}",
        family="RepVGG",
        year=2021,
        paper=Paper("RepVGG: Making VGG-style ConvNets Great Again", "2101.03697"),
        introduced="branches that are trained and become one convolution",
        build=repvgg,
        fixed={"layers": layers, "a": a, "b": b, "groups": groups},
        architecture="repvgg",
        descends_from=("vgg", "resnet"),
        published=(Published("arXiv 2101.03697, table 4", params, macs, top1, erratum),),
    )


# Table 3, with table 4's figures.
MODELS = (
    _spec("a0", A, 0.75, 2.5, 1, "8.3M", "1.4G", 72.41, erratum=""),
    _spec("a1", A, 1, 2.5, 1, "12.78M", "2.4G", 74.46),
    _spec("a2", A, 1.5, 2.75, 1, "25.49M", "5.1G", 76.48),
    _spec("b0", B, 1, 2.5, 1, "14.33M", "3.1G", 75.14),
    _spec("b1", B, 2, 4, 1, "51.82M", "11.8G", 78.37),
    _spec("b1g4", B, 2, 4, 4, "36.12M", "7.3G", 77.58),
    _spec("b2", B, 2.5, 5, 1, "80.31M", "18.4G", 78.78),
    _spec("b2g4", B, 2.5, 5, 4, "55.77M", "11.3G", 79.38),
    _spec("b3", B, 3, 5, 1, "110.96M", "26.2G", 80.52, erratum=""),
    _spec("b3g4", B, 3, 5, 4, "75.62M", "16.1G", 80.21),
)
