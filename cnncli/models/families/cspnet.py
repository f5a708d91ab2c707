"""CSPNet: stages in which half of the channels pass the blocks by (Wang et al. 2019)."""

from __future__ import annotations

from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Concatenate, Conv2D, MaxPooling2D
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, image
from cnncli.models.blocks.residual import residual
from cnncli.models.families.darknet import BATCH_NORM, DARKNET, LEAKY, README, block, convolution
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import WITHOUT_BATCH_NORM, Deviations, ModelSpec, Paper, Published


class Stage(NamedTuple):
    """A cross-stage partial stage: how many blocks it has, and filters.

    `down` are those of the 3x3 convolution that strides before it (0: none does), `part` those of the path through the
    blocks and of the path around them, `inner` those within a block, and `filters` of what the stage gives.
    """

    repeats: int
    down: int
    part: int
    inner: int
    filters: int


# The authors' Darknet files csdarknet53, csresnet50 and csresnext50. The latter two divide their first stage unevenly
# and add the narrower part to some channels of the wider; here, as in timm, that stage is divided as the others are.
DARKNET53 = (
    Stage(1, 64, 64, 32, 64),
    Stage(2, 128, 64, 64, 128),
    Stage(8, 256, 128, 128, 256),
    Stage(8, 512, 256, 256, 512),
    Stage(4, 1024, 512, 512, 1024),
)
RESNET50 = (
    Stage(3, 0, 128, 64, 128),
    Stage(3, 128, 256, 128, 256),
    Stage(5, 256, 512, 256, 512),
    Stage(2, 512, 1024, 512, 1024),
)
RESNEXT50 = (
    Stage(3, 0, 128, 128, 256),
    Stage(3, 256, 256, 256, 512),
    Stage(5, 512, 512, 512, 1024),
    Stage(2, 1024, 1024, 1024, 2048),
)


def cspnet(
    graph: Graph,
    deviations: Deviations,
    *,
    stages: tuple[Stage, ...] = DARKNET53,
    kind: str = "Residual",
    groups: int = 1,
    input_shape: InputShape = (256, 256, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = _stem(graph, x, kind)
    for number, stage in enumerate(stages, 1):
        with graph.scope("stage", number):
            x = _stage(graph, x, stage, kind, groups)
    with graph.scope("head"):
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _stem(graph: Graph, x: Node, kind: str) -> Node:
    if kind == "Residual":
        return convolution(graph, x, 32, 3, "stem")
    x = convolution(graph, x, 64, 7, "stem", stride=2)
    return graph.add(MaxPooling2D(), x, name="pool")


def _stage(graph: Graph, x: Node, stage: Stage, kind: str, groups: int) -> Node:
    """The 1x1 convolutions that divide a stage of bottlenecks are linear."""
    activation = LEAKY if kind == "Residual" else None
    with graph.scope("divide"):
        if stage.down:
            x = convolution(graph, x, stage.down, 3, "down", stride=2, groups=groups)
        half = Conv2D(stage.part, 1, use_bias=False)
        around = conv_bn(graph, x, half, "around", BATCH_NORM, activation)
        x = conv_bn(graph, x, half, "through", BATCH_NORM, activation)
    for number in range(1, stage.repeats + 1):
        with graph.scope("block", number, kind=kind):
            x = block(graph, x, stage.inner, stage.part) if kind == "Residual" else _bottleneck(graph, x, stage, groups)
    with graph.scope("merge"):
        x = convolution(graph, x, stage.part, 1, "through")
        x = graph.add(Concatenate(), x, around, name="concatenate")
        return convolution(graph, x, stage.filters, 1, "transition")


def _bottleneck(graph: Graph, x: Node, stage: Stage, groups: int) -> Node:
    shortcut = x
    x = convolution(graph, x, stage.inner, 1, "reduce")
    x = convolution(graph, x, stage.inner, 3, "spatial", groups=groups)
    x = conv_bn(graph, x, Conv2D(stage.part, 1, use_bias=False), "expand", BATCH_NORM)
    return graph.add(LEAKY, residual(graph, shortcut, x), name="activation")


def _spec(name: str, figures: Published, descends_from: str, **fixed: object) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="CSPNet",
        year=2019,
        paper=Paper("CSPNet: A New Backbone that can Enhance Learning Capability of CNN", "1911.11929"),
        introduced="cross-stage partial connections",
        build=cspnet,
        flavors=(DARKNET,),
        fixed={"stages": DARKNET53, "kind": "Residual", "groups": 1, **fixed},
        published=(figures,),
        descends_from=(descends_from, "densenet"),
        architecture="cspnet",
    )


# The README's BFLOPs are multiplications and additions.
FIRST_STAGE = "the authors' first stage is smaller"
MODELS = (
    _spec("cspdarknet53", Published(README, "27.61M", "13.07G/2", 77.2, counted=WITHOUT_BATCH_NORM), "darknet53"),
    _spec(
        "cspresnet50",
        Published(README, "21.57M", "8.97G/2", 76.6, FIRST_STAGE, counted=WITHOUT_BATCH_NORM),
        "resnet50",
        stages=RESNET50,
        kind="Bottleneck",
    ),
    _spec(
        "cspresnext50",
        Published(README, "20.5M", "7.93G/2", 77.9, FIRST_STAGE, counted=WITHOUT_BATCH_NORM),
        "resnext50_32x4d",
        stages=RESNEXT50,
        kind="Bottleneck",
        groups=32,
    ),
)
