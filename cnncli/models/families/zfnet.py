"""ZFNet: AlexNet with a finer first layer, found by looking at what its features see (Zeiler and Fergus 2013)."""

from __future__ import annotations

from dataclasses import replace

from cnncli.graph import Graph
from cnncli.graph.layers import Conv2D, LocalResponseNormalization, MaxPooling2D, ZeroPadding2D
from cnncli.models.blocks.classifier import Top, dense_classifier
from cnncli.models.blocks.convolution import image, pool_up
from cnncli.models.options import Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
from cnncli.models.spec import CENTERED, PAPER, Deviations, ModelSpec, Paper

# Figure 3: filters, kernel size and stride of each convolution, cut where the maps are pooled.
STAGES = (((96, 7, 2),), ((256, 5, 2),), ((384, 3, 1), (384, 3, 1), (256, 3, 1)))
# "Contrast normalized across feature maps", by which figures it does not say: AlexNet's.
RESPONSE_NORMALIZATION = LocalResponseNormalization(depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
NORMALIZED = (1, 2)


def zfnet(
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
    """The figure's maps are 110, 55, 26, 13 and 6 cells wide: one cell of padding at first, pooling rounded up."""
    x = image(graph, input_shape)
    for stage, rows in enumerate(STAGES, 1):
        with graph.scope("stage", stage):
            if stage == 1:
                x = graph.add(ZeroPadding2D(1), x, name="conv1_pad")
            for number, (filters, kernel_size, strides) in enumerate(rows, 1):
                padding = "same" if strides == 1 else "valid"
                convolution = Conv2D(filters, kernel_size, strides=strides, padding=padding, activation="relu")
                x = graph.add(convolution, x, name=f"conv{number}")
            x = pool_up(graph, x, MaxPooling2D(3, strides=2), "pool")
            if stage in NORMALIZED:
                x = graph.add(RESPONSE_NORMALIZATION, x, name="norm")
    with graph.scope("head"):
        top = Top(include_top, pooling, classes, classifier_activation)
        dense_classifier(graph, x, top, dropout)


MODELS = (
    ModelSpec(
        name="zfnet",
        family="ZFNet",
        year=2013,
        paper=Paper("Visualizing and Understanding Convolutional Networks", "1311.2901"),
        introduced="a smaller first kernel and stride, found by looking at features",
        build=zfnet,
        flavors=(replace(PAPER, input_range=CENTERED),),
        descends_from=("alexnet",),
    ),
)
