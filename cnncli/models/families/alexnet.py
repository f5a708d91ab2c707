"""AlexNet: two towers on two graphics cards (Krizhevsky et al. 2012), and its successor of one."""

from __future__ import annotations

from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Conv2D, LocalResponseNormalization, MaxPooling2D, ZeroPadding2D
from cnncli.models.blocks.classifier import Top, dense_classifier
from cnncli.models.blocks.convolution import image, pool_up
from cnncli.models.options import Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
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
    """A convolution with its rectifier.

    With two groups each half of the kernels reads the half of the maps that is on its own card. Strided ones have
    `pad` cells around the map, the others as many as keep its size.
    """

    filters: int
    kernel_size: int
    strides: int = 1
    groups: int = 1
    pad: int = 0


# Figure 2 and section 3.5, cut where the maps are pooled. The figure says 224x224, but its 55x55 maps need 227.
TWO_TOWERS = (
    (Row(96, 11, strides=4),),
    (Row(256, 5, groups=2),),
    (Row(384, 3), Row(384, 3, groups=2), Row(256, 3, groups=2)),
)
# The later paper's footnote 1 has 384 kernels in the fourth row; its author's code has 256, and torchvision after it.
ONE_TOWER = (
    (Row(64, 11, strides=4, pad=2),),
    (Row(192, 5),),
    (Row(384, 3), Row(256, 3), Row(256, 3)),
)
ONE_TOWER_384 = (*ONE_TOWER[:2], (Row(384, 3), Row(384, 3), Row(256, 3)))
FOURTH = "384 kernels in the fourth convolution, as in footnote 1; the author's code has 256"

# Section 3.3: k, n = 5, alpha and beta. Where the towers meet, two maps on either side see each other, as in Caffe.
RESPONSE_NORMALIZATION = LocalResponseNormalization(depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
NORMALIZED = (1, 2)
OVERLAPPING = MaxPooling2D(3, strides=2)  # section 3.4


def alexnet(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (227, 227, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.5,
) -> None:
    x = image(graph, input_shape)
    for stage, rows in enumerate(TWO_TOWERS, 1):
        with graph.scope("stage", stage):
            x = convolutions(graph, x, rows)
            if stage in NORMALIZED:
                x = graph.add(RESPONSE_NORMALIZATION, x, name="norm")
            x = pool_up(graph, x, OVERLAPPING, "pool")
    with graph.scope("head"):
        top = Top(include_top, pooling, classes, classifier_activation)
        dense_classifier(graph, x, top, dropout)


def alexnet_owt(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.5,
) -> None:
    """No response normalization. Maps that end in another size than 6x6 torchvision averages to that; here they stay.

    Dropout stands before the dense layers, as in torchvision.
    """
    x = image(graph, input_shape)
    for stage, rows in enumerate(ONE_TOWER_384 if "fourth" in deviations else ONE_TOWER, 1):
        with graph.scope("stage", stage):
            x = graph.add(OVERLAPPING, convolutions(graph, x, rows), name="pool")
    with graph.scope("head"):
        top = Top(include_top, pooling, classes, classifier_activation)
        dense_classifier(graph, x, top, dropout, dropout_first=True)


def convolutions(graph: Graph, x: Node, rows: tuple[Row, ...]) -> Node:
    for number, row in enumerate(rows, 1):
        if row.pad:
            x = graph.add(ZeroPadding2D(row.pad), x, name=f"conv{number}_pad")
        convolution = Conv2D(
            row.filters,
            row.kernel_size,
            strides=row.strides,
            padding="same" if row.strides == 1 else "valid",
            groups=row.groups,
            activation="relu",
        )
        x = graph.add(convolution, x, name=f"conv{number}")
    return x


MODELS = (
    ModelSpec(
        name="alexnet",
        family="AlexNet",
        year=2012,
        paper=Paper("ImageNet Classification with Deep Convolutional Neural Networks"),
        introduced="rectifiers, dropout, two towers on two graphics cards",
        build=alexnet,
        flavors=(paper(CENTERED),),
        published=(
            Published("NIPS 2012, abstract", "60M"),
            Published("albanie/convnet-burden", macs="727M", erratum="with biases, rectifiers, pooling"),
            Published("BVLC's Caffe model zoo, its weights", top1=57.1),
        ),
        descends_from=("lenet",),
    ),
    ModelSpec(
        name="alexnet_owt",
        family="AlexNet",
        year=2014,
        paper=Paper("One weird trick for parallelizing convolutional neural networks", "1404.5997"),
        introduced="one tower instead of two",
        build=alexnet_owt,
        flavors=(
            torchvision({}),
            paper(deviations={"fourth": FOURTH}),
        ),
        descends_from=("alexnet",),
    ),
)
