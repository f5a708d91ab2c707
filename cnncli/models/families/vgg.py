"""VGG: depth by stacks of 3x3 convolutions (Simonyan and Zisserman 2014)."""

from __future__ import annotations

from cnncli.graph import Graph
from cnncli.graph.layers import Conv2D, MaxPooling2D
from cnncli.models.blocks.classifier import Top, dense_classifier
from cnncli.models.blocks.convolution import image
from cnncli.models.layer_names import LayerNames
from cnncli.models.options import Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
from cnncli.models.spec import CENTERED, PAPER, Deviations, ModelSpec, Paper, Published, keras

FILTERS = (64, 128, 256, 512, 512)
# Table 1: 3x3 convolutions a stage, by the column's letter.
A, B, D, E = (1, 1, 2, 2, 2), (2, 2, 2, 2, 2), (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)

LAYER_NAMES = LayerNames(
    lambda stage, place, number: "",
    {
        "image": "input_layer",
        **{
            f"stage{stage}.conv{number}": f"block{stage}_conv{number}"
            for stage in range(1, 6)
            for number in range(1, 5)
        },
        **{f"stage{stage}.pool": f"block{stage}_pool" for stage in range(1, 6)},
        "head.flatten": "flatten",
        "head.dense1": "fc1",
        "head.dense2": "fc2",
        "head.probabilities": "predictions",
    },
)


def vgg(
    graph: Graph,
    deviations: Deviations,
    *,
    column: tuple[int, ...] = D,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.0,
) -> None:
    x = image(graph, input_shape)
    for stage, (filters, convolutions) in enumerate(zip(FILTERS, column, strict=True), 1):
        with graph.scope("stage", stage):
            for number in range(1, convolutions + 1):
                x = graph.add(Conv2D(filters, 3, padding="same", activation="relu"), x, name=f"conv{number}")
            x = graph.add(MaxPooling2D(), x, name="pool")
    with graph.scope("head"):
        dense_classifier(graph, x, Top(include_top, pooling, classes, classifier_activation), dropout)


# Keras has D and E, without the paper's dropout.
KERAS = (keras(CENTERED, LAYER_NAMES),)
SOURCE = "arXiv 1409.1556, table 2"
MULTIPLY_ADDS = "arXiv 1512.03385, section 4.1"


def _spec(name: str, column: tuple[int, ...], *published: Published, **more: object) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="VGG",
        year=2014,
        paper=Paper("Very Deep Convolutional Networks for Large-Scale Image Recognition", "1409.1556"),
        introduced="depth by stacks of 3x3 convolutions",
        build=vgg,
        fixed={"column": column},
        published=published,
        descends_from=("alexnet",),
        architecture="vgg",
        **more,  # type: ignore[arg-type]
    )


MODELS = (
    _spec("vgg11", A, Published(SOURCE, "133M"), flavors=(PAPER,), defaults={"dropout": 0.5}),
    _spec("vgg13", B, Published(SOURCE, "133M"), flavors=(PAPER,), defaults={"dropout": 0.5}),
    _spec(
        "vgg16", D, Published(SOURCE, "138M"),
        Published(MULTIPLY_ADDS, macs="15.3G", erratum="without the dense layers"),
        flavors=KERAS,
    ),
    _spec(
        "vgg19", E, Published(SOURCE, "144M"), Published(MULTIPLY_ADDS, macs="19.6G"),
        flavors=KERAS,
    ),
)  # fmt: skip
