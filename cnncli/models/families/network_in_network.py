"""Network in network: 1x1 convolutions behind each convolution, and no dense layer (Lin, Chen and Yan 2013)."""

from __future__ import annotations

from typing import NamedTuple

from cnncli.graph import Graph
from cnncli.graph.layers import Conv2D, Dropout, MaxPooling2D
from cnncli.models.blocks.classifier import pool, pooled_classes
from cnncli.models.blocks.convolution import image, pool_up
from cnncli.models.options import Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
from cnncli.models.spec import CENTERED, Deviations, ModelSpec, Paper, Published, paper


class Row(NamedTuple):
    """A convolution and the 1x1 convolutions behind it, a small perceptron at each cell: the paper's mlpconv."""

    filters: int
    kernel_size: int
    pointwise: tuple[int, ...]
    strides: int = 1


# The authors' definitions; the last 1x1 convolution of each, to the classes, is the head's. The paper has CIFAR, SVHN
# and MNIST only: the network for ImageNet is of Caffe's model zoo.
CIFAR10 = (Row(192, 5, (160, 96)), Row(192, 5, (192, 192)), Row(192, 3, (192,)))
IMAGENET = (
    Row(96, 11, (96, 96), strides=4), Row(256, 5, (256, 256)), Row(384, 3, (384, 384)), Row(1024, 3, (1024,)),
)  # fmt: skip


def network_in_network(
    graph: Graph,
    deviations: Deviations,
    *,
    rows: tuple[Row, ...] = IMAGENET,
    dropped: tuple[int, ...] = (3,),
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.5,
) -> None:
    """`dropped` are the stages with dropout behind their pooling.

    All pooling is by the maximum, as the paper says; the authors' definition for CIFAR averages in the second stage.
    """
    x = image(graph, input_shape)
    for stage, row in enumerate(rows, 1):
        with graph.scope("stage", stage):
            padding = "same" if row.strides == 1 else "valid"
            convolution = Conv2D(row.filters, row.kernel_size, strides=row.strides, padding=padding, activation="relu")
            x = graph.add(convolution, x, name="conv")
            for number, filters in enumerate(row.pointwise, 1):
                x = graph.add(Conv2D(filters, 1, activation="relu"), x, name=f"pointwise{number}")
            if stage < len(rows):
                x = pool_up(graph, x, MaxPooling2D(3, strides=2), "pool")
            if stage in dropped and dropout > 0:
                x = graph.add(Dropout(dropout), x, name="dropout")
    with graph.scope("head"):
        if include_top:
            pooled_classes(graph, x, classes, classifier_activation)
        else:
            pool(graph, x, pooling)


def _spec(name: str, **more: object) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="NiN",
        year=2013,
        paper=Paper("Network In Network", "1312.4400"),
        introduced="1x1 convolution, global average pooling",
        build=network_in_network,
        flavors=(paper(CENTERED),),
        descends_from=("alexnet",),
        architecture="network_in_network",
        **more,  # type: ignore[arg-type]
    )


MODELS = (
    _spec(
        "nin_cifar10",
        fixed={"rows": CIFAR10, "dropped": (1, 2)},
        defaults={"input_shape": (32, 32, 3), "classes": 10},
    ),
    _spec(
        "nin_imagenet",
        fixed={"rows": IMAGENET, "dropped": (3,)},
        published=(Published("BVLC's Caffe model zoo", "7.6M"),),
    ),
)
