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
    params: float,
    macs: float,
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
    _spec("a0", A, 0.75, 2.5, 1, 8.3e6, 1.4e9, 72.41, erratum=""),
    _spec("a1", A, 1, 2.5, 1, 12.78e6, 2.4e9, 74.46),
    _spec("a2", A, 1.5, 2.75, 1, 25.49e6, 5.1e9, 76.48),
    _spec("b0", B, 1, 2.5, 1, 14.33e6, 3.1e9, 75.14),
    _spec("b1", B, 2, 4, 1, 51.82e6, 11.8e9, 78.37),
    _spec("b1g4", B, 2, 4, 4, 36.12e6, 7.3e9, 77.58),
    _spec("b2", B, 2.5, 5, 1, 80.31e6, 18.4e9, 78.78),
    _spec("b2g4", B, 2.5, 5, 4, 55.77e6, 11.3e9, 79.38),
    _spec("b3", B, 3, 5, 1, 110.96e6, 26.2e9, 80.52, erratum=""),
    _spec("b3g4", B, 3, 5, 4, 75.62e6, 16.1e9, 80.21),
)
