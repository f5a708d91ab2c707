"""DenseNet: every layer of a block reads all those before it (Huang et al. 2016)."""

from __future__ import annotations

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Activation, AveragePooling2D, BatchNormalization, Concatenate, Conv2D, MaxPooling2D
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import bn_activation, conv_bn, image, pad_evenly, pool_evenly
from cnncli.models.layer_names import HEAD, LayerNames
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import PAPER, STANDARDIZED, Deviations, ModelSpec, Paper, Published, keras

BOTTLENECK = 4
"""Filters of a layer's 1x1 convolution, as a multiple of the growth rate, which its 3x3 convolution has."""
COMPRESSION = 0.5
"""Share of the channels that a transition keeps."""

BATCH_NORM = BatchNormalization(epsilon=1.001e-5)
RELU = Activation("relu")
LAYER_NAMES = LayerNames(
    lambda stage, place, number: f"conv{stage + 1}_block{place}",
    {
        "stem.stem_conv": "conv1_conv",
        "stem.stem_bn": "conv1_bn",
        "stem.stem_activation": "conv1_relu",
        "stem.pool": "pool1",
        "bottleneck_bn": "{block}_0_bn",
        "bottleneck_activation": "{block}_0_relu",
        "bottleneck_conv": "{block}_1_conv",
        "growth_bn": "{block}_1_bn",
        "growth_activation": "{block}_1_relu",
        "growth_conv": "{block}_2_conv",
        "concat": "{block}_concat",
        **{
            f"stage{stage}.transition.{ours}": f"pool{stage + 1}_{theirs}"
            for stage in (1, 2, 3)
            for ours, theirs in (("bn", "bn"), ("activation", "relu"), ("conv", "conv"), ("pool", "pool"))
        },
        "head.last_bn": "bn",
        "head.last_activation": "relu",
        **HEAD,
    },
)


def densenet(
    graph: Graph,
    deviations: Deviations,
    *,
    layers: tuple[int, ...] = (6, 12, 24, 16),
    growth_rate: int = 32,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = pad_evenly(graph, x, 7, "stem")
        x = conv_bn(graph, x, Conv2D(2 * growth_rate, 7, strides=2, use_bias=False), "stem", BATCH_NORM, RELU)
        x = pool_evenly(graph, x, MaxPooling2D(3, strides=2), "pool")
    for stage, repeats in enumerate(layers, 1):
        with graph.scope("stage", stage):
            for block in range(1, repeats + 1):
                with graph.scope("block", block, kind="DenseLayer"):
                    x = _dense_layer(graph, x, growth_rate)
            if stage < len(layers):
                x = _transition(graph, x)
    with graph.scope("head"):
        x = bn_activation(graph, x, "last", BATCH_NORM, RELU)
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _dense_layer(graph: Graph, x: Node, growth_rate: int) -> Node:
    """The layer of DenseNet-B; its output is laid behind its input."""
    y = bn_activation(graph, x, "bottleneck", BATCH_NORM, RELU)
    y = graph.add(Conv2D(BOTTLENECK * growth_rate, 1, use_bias=False), y, name="bottleneck_conv")
    y = bn_activation(graph, y, "growth", BATCH_NORM, RELU)
    y = graph.add(Conv2D(growth_rate, 3, padding="same", use_bias=False), y, name="growth_conv")
    return graph.add(Concatenate(), x, y, name="concat")


def _transition(graph: Graph, x: Node) -> Node:
    """Half of the channels and a quarter of the cells for the next dense block."""
    with graph.scope("transition"):
        x = graph.add(BATCH_NORM, x, name="bn")
        x = graph.add(RELU, x, name="activation")
        x = graph.add(Conv2D(int(x.shape[-1] * COMPRESSION), 1, use_bias=False), x, name="conv")
        return graph.add(AveragePooling2D(2, strides=2), x, name="pool")


KERAS = (keras(STANDARDIZED, LAYER_NAMES),)
AUTHORS = "liuzhuang13/DenseNet README, 1-crop"


def _spec(layers: tuple[int, ...], *published: Published, growth_rate: int = 32, **more: object) -> ModelSpec:
    """A column of table 1, named by its layers: two in each dense layer, and stem, transitions and classifier."""
    return ModelSpec(
        name=f"densenet{2 * sum(layers) + len(layers) + 1}",
        family="DenseNet",
        year=2016,
        paper=Paper("Densely Connected Convolutional Networks", "1608.06993"),
        introduced="layers that read all those before them",
        build=densenet,
        fixed={"layers": layers, "growth_rate": growth_rate},
        published=published,
        descends_from=("resnet",),
        architecture="densenet",
        **more,  # type: ignore[arg-type]
    )


MODELS = (
    _spec(
        (6, 12, 24, 16), Published(AUTHORS, top1=75.0),
        flavors=KERAS,
    ),
    _spec(
        (6, 12, 36, 24), Published(AUTHORS, top1=77.8),
        flavors=(PAPER,), growth_rate=48,
    ),
    _spec(
        (6, 12, 32, 32), Published(AUTHORS, top1=76.4),
        flavors=KERAS,
    ),
    _spec(
        (6, 12, 48, 32), Published(AUTHORS, top1=77.5),
        flavors=KERAS,
    ),
)  # fmt: skip
