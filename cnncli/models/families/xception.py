"""Xception: Inception's modules taken to depthwise separable convolutions, with residuals (Chollet 2016)."""

from __future__ import annotations

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Activation, Add, BatchNormalization, Conv2D, MaxPooling2D, SeparableConv2D
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, image
from cnncli.models.layer_names import HEAD, LayerNames, Numbered
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import SYMMETRIC, Deviations, ModelSpec, Paper, Published, keras

Block = tuple[int, ...]
"""The filters of a block's separable convolutions."""

# Figure 5, by the size of the maps: entry flow, middle flow (the blocks of three) and exit flow.
STAGES: tuple[tuple[Block, ...], ...] = (
    ((128, 128),),
    ((256, 256),),
    ((728, 728), *((728, 728, 728),) * 8),
    ((728, 1024),),
)
# The exit flow ends without residuals.
LAST = (1536, 2048)

BATCH_NORM = BatchNormalization()
RELU = Activation("relu")
PARTS = (("conv", ""), ("bn", "_bn"), ("activation", "_act"))
"""Our names of layers, and what Keras's end with."""
LAYER_NAMES = LayerNames(
    lambda stage, place, number: f"block{number + 2}",
    {
        **{f"stem.stem{n}_{ours}": f"block1_conv{n}{theirs}" for n in (1, 2) for ours, theirs in PARTS},
        **{f"separable{n}_{ours}": f"{{block}}_sepconv{n}{theirs}" for n in (1, 2, 3) for ours, theirs in PARTS},
        **{
            f"stage{len(STAGES) + n}.block1.separable_{ours}": f"block14_sepconv{n}{theirs}"
            for n in (1, 2)
            for ours, theirs in PARTS
        },
        "pool": "{block}_pool",
        **HEAD,
    },
    without_top={"head.pool": Numbered()},
)


def xception(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (299, 299, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = conv_bn(graph, x, Conv2D(32, 3, strides=2, use_bias=False), "stem1", BATCH_NORM, RELU)
        x = conv_bn(graph, x, Conv2D(64, 3, use_bias=False), "stem2", BATCH_NORM, RELU)
    for stage, blocks in enumerate(STAGES, 1):
        with graph.scope("stage", stage):
            for number, block in enumerate(blocks, 1):
                with graph.scope("block", number, kind="SeparableResidual"):
                    x = _residual(graph, x, block, rectified=stage == 1)
    for stage, filters in enumerate(LAST, len(STAGES) + 1):
        with graph.scope("stage", stage), graph.scope("block", 1, kind="DepthwiseSeparable"):
            x = conv_bn(graph, x, _separable(filters), "separable", BATCH_NORM, RELU)
    with graph.scope("head"):
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _separable(filters: int) -> SeparableConv2D:
    """Nothing stands between its depthwise and its 1x1 convolution, which section 4.7 found to be best."""
    return SeparableConv2D(filters, 3, padding="same", use_bias=False)


def _residual(graph: Graph, x: Node, block: Block, rectified: bool) -> Node:
    """Activations stand before the convolutions; the first is left out where the input is `rectified` already.

    Where the width changes the map is halved, by pooling and in the shortcut.
    """
    shortcut, halves = x, block[-1] != x.shape[-1]
    if halves:
        strided = Conv2D(block[-1], 1, strides=2, padding="same", use_bias=False)
        shortcut = conv_bn(graph, x, strided, "shortcut", BATCH_NORM)
    for number, filters in enumerate(block, 1):
        if number > 1 or not rectified:
            x = graph.add(RELU, x, name=f"separable{number}_activation")
        x = conv_bn(graph, x, _separable(filters), f"separable{number}", BATCH_NORM)
    if halves:
        x = graph.add(MaxPooling2D(3, strides=2, padding="same"), x, name="pool")
    return graph.add(Add(), x, shortcut, name="add")


MODELS = (
    ModelSpec(
        name="xception",
        family="Xception",
        year=2016,
        paper=Paper("Xception: Deep Learning with Depthwise Separable Convolutions", "1610.02357"),
        introduced="depthwise separable convolutions throughout",
        build=xception,
        flavors=(keras(SYMMETRIC, LAYER_NAMES, minimum_size=71),),
        descends_from=("inception_v3", "resnet"),
        published=(Published("arXiv 1610.02357, tables 1 and 3", "22,855,952", top1=79.0),),
    ),
)
