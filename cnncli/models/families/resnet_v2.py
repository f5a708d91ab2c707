"""ResNet V2: normalization and activation before each convolution, so that shortcuts stay clear (He et al. 2016)."""

from __future__ import annotations

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Activation, BatchNormalization, Conv2D, MaxPooling2D
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import bn_activation, conv_bn, image, pad_evenly, pool_evenly
from cnncli.models.blocks.residual import residual
from cnncli.models.families.resnet import FILTERS, LAYERS_50, LAYERS_101, LAYERS_152
from cnncli.models.families.resnet import LAYER_NAMES as V1_NAMES
from cnncli.models.layer_names import Numbered
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import SYMMETRIC, Deviations, ModelSpec, Paper, keras

LAYER_NAMES = V1_NAMES._replace(
    names={
        **V1_NAMES.names,
        "before_bn": "{block}_preact_bn",
        "before_activation": "{block}_preact_relu",
        "shortcut_pool": Numbered(),
        "spatial_pad": "{block}_2_pad",
        "add": "{block}_out",
        "head.last_bn": "post_bn",
        "head.last_activation": "post_relu",
    }
)
BATCH_NORM = BatchNormalization(epsilon=1.001e-5)
RELU = Activation("relu")


def resnet_v2(
    graph: Graph,
    deviations: Deviations,
    *,
    repeats: tuple[int, ...] = LAYERS_50,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = graph.add(Conv2D(FILTERS, 7, strides=2), pad_evenly(graph, x, 7, "stem"), name="stem_conv")
        x = pool_evenly(graph, x, MaxPooling2D(3, strides=2), "pool")
    for stage, count in enumerate(repeats, 1):
        with graph.scope("stage", stage):
            for number in range(1, count + 1):
                # The last block of a stage strides, as in TF-slim, where the paper's first does.
                stride = 2 if number == count and stage < len(repeats) else 1
                with graph.scope("block", number, kind="Bottleneck"):
                    x = _block(graph, x, FILTERS * 2 ** (stage - 1), stride)
    with graph.scope("head"):
        x = bn_activation(graph, x, "last", BATCH_NORM, RELU)
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _block(graph: Graph, x: Node, width: int, stride: int) -> Node:
    """Figure 4 (e). Where a block widens, its shortcut too reads what is normalized and activated."""
    shortcut, widens = x, x.shape[-1] != 4 * width
    x = bn_activation(graph, x, "before", BATCH_NORM, RELU)
    if widens:
        shortcut = graph.add(Conv2D(4 * width, 1, strides=stride), x, name="shortcut_conv")
    elif stride > 1:
        shortcut = graph.add(MaxPooling2D(1, strides=stride), shortcut, name="shortcut_pool")
    x = conv_bn(graph, x, Conv2D(width, 1, use_bias=False), "reduce", BATCH_NORM, RELU)
    x = pad_evenly(graph, x, 3, "spatial")
    x = conv_bn(graph, x, Conv2D(width, 3, strides=stride, use_bias=False), "spatial", BATCH_NORM, RELU)
    x = graph.add(Conv2D(4 * width, 1), x, name="expand_conv")
    return residual(graph, shortcut, x)


def _spec(name: str, repeats: tuple[int, ...]) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="ResNet",
        year=2016,
        paper=Paper("Identity Mappings in Deep Residual Networks", "1603.05027"),
        introduced="pre-activation",
        build=resnet_v2,
        flavors=(keras(SYMMETRIC, LAYER_NAMES),),
        fixed={"repeats": repeats},
        descends_from=("resnet",),
        architecture="resnet_v2",
    )


# The paper's own accuracies are of training and testing of another kind.
MODELS = (
    _spec("resnet50_v2", LAYERS_50),
    _spec("resnet101_v2", LAYERS_101),
    _spec("resnet152_v2", LAYERS_152),
)
