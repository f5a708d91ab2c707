"""ZFNet: AlexNet with a finer first layer, found by looking at what its features see (Zeiler and Fergus 2013)."""

from __future__ import annotations

from cnncli.graph import Graph
from cnncli.models.blocks.classifier import Top, dense_classifier
from cnncli.models.blocks.convolution import image, pool_up
from cnncli.models.families.alexnet import NORMALIZED, OVERLAPPING, RESPONSE_NORMALIZATION, Row, convolutions
from cnncli.models.options import Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
from cnncli.models.spec import CENTERED, Deviations, ModelSpec, Paper, paper

# Figure 3, cut where the maps are pooled.
STAGES = (
    (Row(96, 7, strides=2, pad=1),),
    (Row(256, 5, strides=2),),
    (Row(384, 3), Row(384, 3), Row(256, 3)),
)


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
    """The figure's maps are 110, 55, 26, 13 and 6 cells wide: one cell of padding at first, pooling rounded up.

    They are "contrast normalized across feature maps", by which figures it does not say: by AlexNet's.
    """
    x = image(graph, input_shape)
    for stage, rows in enumerate(STAGES, 1):
        with graph.scope("stage", stage):
            x = convolutions(graph, x, rows)
            x = pool_up(graph, x, OVERLAPPING, "pool")
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
        flavors=(paper(CENTERED),),
        descends_from=("alexnet",),
    ),
)
