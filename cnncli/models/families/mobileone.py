"""MobileOne: MobileNet V1's blocks with branches in training, none on the phone (Vasu et al. 2023)."""

from __future__ import annotations

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Conv2D, DepthwiseConv2D, ReLU
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import image
from cnncli.models.blocks.gates import gate, squeeze_excite
from cnncli.models.blocks.reparameterized import Deploy, reparameterized
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import Deviations, ModelSpec, Paper, Published

# Table 2: channels and blocks of the stages behind the stem; the first block of each strides.
STAGES = ((64, 2), (128, 8), (256, 10), (512, 1))
STEM = 64
REDUCTION = 16
"""By how much squeeze-and-excitation narrows."""
RELU = ReLU()


def mobileone(
    graph: Graph,
    deviations: Deviations,
    *,
    widths: tuple[float, ...],
    branches: int = 1,
    gated: tuple[int, ...] = (0, 0, 0, 0),
    deploy: Deploy = True,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    """`widths` scale the stages, `branches` are those of each convolution in training, `gated` the last blocks with SE.

    `deploy` is the default: what is published of these networks, and what they cost, is the deployed network's.
    """
    x = image(graph, input_shape)
    with graph.scope("stem"):
        stem = Conv2D(int(STEM * min(widths[0], 1)), 3, strides=2)
        x = reparameterized(graph, x, stem, "stem", deploy=deploy)  # of one branch in the authors' code, in S0 too
        x = graph.add(RELU, x, name="stem_activation")
    for stage, ((channels, blocks), width, gates) in enumerate(zip(STAGES, widths, gated, strict=True), 1):
        with graph.scope("stage", stage):
            for block in range(1, blocks + 1):
                depthwise = DepthwiseConv2D(3, strides=2 if block == 1 else 1)
                pointwise = Conv2D(int(channels * width), 1)
                gated_block = block > blocks - gates
                with graph.scope("block", block, kind="DepthwiseSeparable" if deploy else "MobileOneBlock"):
                    for name, convolution in (("depthwise", depthwise), ("pointwise", pointwise)):
                        x = reparameterized(graph, x, convolution, name, deploy=deploy, branches=branches)
                        x = _activated(graph, x, name, gated_block)
    with graph.scope("head"):
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _activated(graph: Graph, x: Node, name: str, gated: bool) -> Node:
    if gated:
        with graph.scope(name):
            x = squeeze_excite(graph, x, gate(x.shape[-1], x.shape[-1] // REDUCTION))
    return graph.add(RELU, x, name=f"{name}_activation")


def _spec(name: str, widths: tuple[float, ...], params: str, top1: float, **more: object) -> ModelSpec:
    return ModelSpec(
        name=f"mobileone_{name}",
        family="MobileOne",
        year=2022,
        paper=Paper("MobileOne: An Improved One millisecond Mobile Backbone", "2206.04040"),
        introduced="depthwise and 1x1 convolutions trained in branches, for latency",
        build=mobileone,
        fixed={"widths": widths, "branches": 1, "gated": (0, 0, 0, 0), **more},
        architecture="mobileone",
        descends_from=("mobilenet_v1", "repvgg"),
        published=(Published("arXiv 2206.04040", params), Published("apple/ml-mobileone README", top1=top1)),
    )


# Table 3.
MODELS = (
    _spec("s0", (0.75, 1.0, 1.0, 2.0), "2.1M", 71.4, branches=4),
    _spec("s1", (1.5, 1.5, 2.0, 2.5), "4.8M", 75.9),
    _spec("s2", (1.5, 2.0, 2.5, 4.0), "7.8M", 77.4),
    _spec("s3", (2.0, 2.5, 3.0, 4.0), "10.1M", 78.1),
    _spec("s4", (3.0, 3.5, 3.5, 4.0), "14.8M", 79.4, gated=(0, 0, 5, 1)),
)
