"""Wide ResNet: width instead of depth (Zagoruyko and Komodakis 2016)."""

from __future__ import annotations

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Activation, Conv2D
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import bn_activation, conv_bn, evenly, image
from cnncli.models.blocks.residual import residual
from cnncli.models.families.resnet import LAYERS_50, LAYERS_101, TORCH, bottleneck, resnet
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import Builder, Deviations, ModelSpec, Paper, Published

# Table 1: groups of blocks, each with two 3x3 convolutions, for pictures of 32x32.
FILTERS = (16, 32, 64)
BATCH_NORM, RELU = TORCH.batch_norm, Activation("relu")


def wide_resnet(
    graph: Graph,
    deviations: Deviations,
    *,
    depth: int = 28,
    widening: int = 10,
    input_shape: InputShape = (32, 32, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 10,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    """Of `depth` convolutions four are the first one and the shortcuts': each block has two, in three groups."""
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = graph.add(Conv2D(FILTERS[0], 3, padding="same", use_bias=False), x, name="stem_conv")
    for stage, filters in enumerate(FILTERS, 1):
        with graph.scope("stage", stage):
            for number in range(1, (depth - 4) // 6 + 1):
                stride = 2 if stage > 1 and number == 1 else 1
                with graph.scope("block", number, kind="BasicBlock"):
                    x = _block(graph, x, filters * widening, stride)
    with graph.scope("head"):
        x = bn_activation(graph, x, "last", BATCH_NORM, RELU)
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _block(graph: Graph, x: Node, filters: int, stride: int) -> Node:
    """A block that widens also normalizes and activates what its shortcut reads, as in the authors' code."""
    shortcut, widens = x, x.shape[-1] != filters
    x = bn_activation(graph, x, "before", BATCH_NORM, RELU)
    if widens:
        shortcut = graph.add(Conv2D(filters, 1, strides=stride, use_bias=False), x, name="shortcut_conv")
    x, padding = evenly(graph, x, 3, stride, "first")
    first = Conv2D(filters, 3, strides=stride, padding=padding, use_bias=False)
    x = conv_bn(graph, x, first, "first", BATCH_NORM, RELU)
    x = graph.add(Conv2D(filters, 3, padding="same", use_bias=False), x, name="second_conv")
    return residual(graph, shortcut, x)


SOURCE = "szagoruyko/wide-residual-networks README"


def _spec(name: str, alias: str, build: Builder, *published: Published, after: str, **fixed: object) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="Wide ResNet",
        year=2016,
        paper=Paper("Wide Residual Networks", "1605.07146"),
        introduced="width instead of depth",
        build=build,
        aliases=(alias,),
        fixed=fixed,
        published=published,
        descends_from=(after,),
        architecture="wide_resnet",
    )


def _bottlenecks(name: str, alias: str, repeats: tuple[int, ...], *published: Published) -> ModelSpec:
    """ResNet with twice the filters within its bottlenecks."""
    block = bottleneck(inner=2)
    return _spec(name, alias, resnet, *published, after="resnet", block=block, repeats=repeats, conventions=TORCH)


MODELS = (
    _bottlenecks(
        "wide_resnet50_2",
        "wrn_50_2",
        LAYERS_50,
        Published(SOURCE, "68.9M", top1=78.1),
    ),
    _bottlenecks("wide_resnet101_2", "wrn_101_2", LAYERS_101),
    _spec("wrn_28_10", "wide_resnet28_10", wide_resnet, after="resnet_v2", depth=28, widening=10),
)
