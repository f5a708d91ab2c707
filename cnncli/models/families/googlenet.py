"""GoogLeNet: kernels of several sizes side by side (Szegedy et al. 2014, the first Inception)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LocalResponseNormalization,
    MaxPooling2D,
)
from cnncli.models.blocks.branches import RELU, branches
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, image, pad_evenly, pool_up
from cnncli.models.options import (
    BOOLEANS,
    Classes,
    ClassifierActivation,
    IncludeTop,
    InputShape,
    Option,
    Pooling,
    boolean,
)
from cnncli.models.spec import (
    CENTERED,
    Deviations,
    ModelSpec,
    Paper,
    Published,
    paper,
    torchvision,
)


class Row(NamedTuple):
    """Of an inception module: 1x1, the reduction before 3x3, 3x3, that before 5x5, 5x5, 1x1 behind the pooling."""

    pointwise: int
    reduce3: int
    filters3: int
    reduce5: int
    filters5: int
    pooled: int


# Table 1: inception 3a and 3b, 4a to 4e, 5a and 5b.
STAGES = {
    3: (Row(64, 96, 128, 16, 32, 32), Row(128, 128, 192, 32, 96, 64)),
    4: (
        Row(192, 96, 208, 16, 48, 64),
        Row(160, 112, 224, 24, 64, 64),
        Row(128, 128, 256, 24, 64, 64),
        Row(112, 144, 288, 32, 64, 64),
        Row(256, 160, 320, 32, 128, 128),
    ),
    5: (Row(256, 160, 320, 32, 128, 128), Row(384, 192, 384, 48, 128, 128)),
}
AUXILIARY = ((4, 1), (4, 4))
"""The modules whose maps the auxiliary classifiers read: 4a and 4d."""

# The paper does not say by which figures; these are BVLC's definition for Caffe, which divides alpha by the 5 maps.
RESPONSE_NORMALIZATION = LocalResponseNormalization(depth_radius=2, bias=1.0, alpha=2e-5, beta=0.75)
OVERLAPPING = MaxPooling2D(3, strides=2)
BATCH_NORM = BatchNormalization(momentum=0.9, epsilon=1e-3)

DEVIATIONS = {
    "kernels": "3x3 kernels in place of 5x5, a mistake that its weights were trained with",
    "batch_norm": "batch normalization behind each convolution, in place of its bias",
    "response_norm": "no local response normalization",
    "pooling": "2x2 pooling before the last stage, not 3x3",
    "dropout": "20% of dropout before the classifier, not 40%",
}


def googlenet(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    auxiliary: Annotated[
        bool, Option(boolean, "With the auxiliary classifiers, as further outputs.", BOOLEANS, ("aux_logits",))
    ] = False,
) -> None:
    top = Top(include_top, pooling, classes, classifier_activation)
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = _stem(graph, x, deviations)
    outputs: list[Node] = []
    for stage, rows in STAGES.items():
        maps = []
        with graph.scope("stage", stage):
            for block, row in enumerate(rows, 1):
                with graph.scope("block", block, kind="Inception"):
                    x = _inception(graph, x, deviations, row)
                maps.append(x)
            if stage < 5:
                small = stage == 4 and "pooling" in deviations
                x = pool_up(graph, x, MaxPooling2D(2, strides=2) if small else OVERLAPPING, "pool")
        read = [maps[block - 1] for at, block in AUXILIARY if at == stage and auxiliary and include_top]
        for number, source in enumerate(read, 1):
            with graph.scope("auxiliary", number):
                outputs.append(_auxiliary(graph, source, deviations, top))
    with graph.scope("head"):
        classifier(graph, x, top, 0.2 if "dropout" in deviations else 0.4)
    if outputs:
        graph.give(graph.nodes[-1], *outputs)


def _stem(graph: Graph, x: Node, deviations: Deviations) -> Node:
    x = pad_evenly(graph, x, 7, "conv1")
    x = _convolve(graph, x, deviations, 64, 7, "conv1", strides=2)
    x = pool_up(graph, x, OVERLAPPING, "pool1")
    x = _normalized(graph, x, deviations, "norm1")
    x = _convolve(graph, x, deviations, 64, 1, "reduce2")
    x = _convolve(graph, x, deviations, 192, 3, "conv2")
    x = _normalized(graph, x, deviations, "norm2")
    return pool_up(graph, x, OVERLAPPING, "pool2")


def _inception(graph: Graph, x: Node, deviations: Deviations, row: Row) -> Node:
    """Figure 2b."""

    def convolution(filters: int, kernel_size: int = 1) -> Conv2D:
        return _convolution(deviations, filters, kernel_size)

    large = 3 if "kernels" in deviations else 5
    paths = (
        (convolution(row.pointwise),),
        (convolution(row.reduce3), convolution(row.filters3, 3)),
        (convolution(row.reduce5), convolution(row.filters5, large)),
        (MaxPooling2D(3, strides=1, padding="same"), convolution(row.pooled)),
    )
    return branches(graph, x, paths, BATCH_NORM if "batch_norm" in deviations else None)


def _auxiliary(graph: Graph, x: Node, deviations: Deviations, top: Top) -> Node:
    """Section 5. torchvision's pooling, to 4x4 whatever the map, has windows a cell smaller on its 14x14."""
    x = graph.add(AveragePooling2D(5, strides=3), x, name="pool")
    x = _convolve(graph, x, deviations, 128, 1, "conv")
    x = graph.add(Flatten(), x, name="flatten")
    x = graph.add(Dense(1024, activation="relu"), x, name="dense")
    x = graph.add(Dropout(0.7), x, name="dropout")
    return graph.add(Dense(top.classes, activation=top.activation), x, name="probabilities")


def _convolve(
    graph: Graph, x: Node, deviations: Deviations, filters: int, kernel_size: int, name: str, strides: int = 1
) -> Node:
    convolution = _convolution(deviations, filters, kernel_size, strides)
    if "batch_norm" in deviations:
        return conv_bn(graph, x, convolution, name, BATCH_NORM, RELU)
    return graph.add(convolution, x, name=name)


def _convolution(deviations: Deviations, filters: int, kernel_size: int, strides: int = 1) -> Conv2D:
    """Rectified, unless batch normalization is to follow; strided ones read a map that is padded already."""
    padding = "same" if strides == 1 else "valid"
    if "batch_norm" in deviations:
        return Conv2D(filters, kernel_size, strides=strides, padding=padding, use_bias=False)
    return Conv2D(filters, kernel_size, strides=strides, padding=padding, activation="relu")


def _normalized(graph: Graph, x: Node, deviations: Deviations, name: str) -> Node:
    return x if "response_norm" in deviations else graph.add(RESPONSE_NORMALIZATION, x, name=name)


MODELS = (
    ModelSpec(
        name="googlenet",
        family="Inception",
        year=2014,
        paper=Paper("Going Deeper with Convolutions", "1409.4842"),
        introduced="inception module: several kernels side by side behind 1x1 reductions",
        build=googlenet,
        flavors=(paper(CENTERED), torchvision(DEVIATIONS)),
        aliases=("inception_v1",),
        published=(
            Published("arXiv 1409.4842, section 1", macs="1.5G", erratum="table 1's layers have 1.58 G"),
            Published("BVLC's Caffe model zoo, its weights", top1=68.7),
            Published("tensorflow/models, research/slim/README.md", top1=69.8, flavor="torchvision"),
        ),
        descends_from=("network_in_network",),
    ),
)
