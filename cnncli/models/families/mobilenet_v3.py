"""MobileNet V3: searched architecture, squeeze-and-excitation, h-swish (Howard et al. 2019)."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, NamedTuple

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    ReLU,
    Rescaling,
    Reshape,
)
from cnncli.models.blocks.classifier import pool
from cnncli.models.blocks.convolution import conv_bn, image, make_divisible, strided
from cnncli.models.blocks.gates import Gate, hard_gate, squeeze_excite
from cnncli.models.blocks.residual import residual
from cnncli.models.layer_names import LayerNames, Numbered
from cnncli.models.options import (
    BOOLEANS,
    Alpha,
    Classes,
    ClassifierActivation,
    DropoutRate,
    IncludePreprocessing,
    IncludeTop,
    InputShape,
    Option,
    Pooling,
    boolean,
)
from cnncli.models.spec import PIXELS, SYMMETRIC, Deviations, ModelSpec, Paper, Published, article, keras


class Row(NamedTuple):
    """A bottleneck of the paper's tables 1 and 2: expansion size, kernel, output channels, SE, h-swish, stride."""

    expanded: int
    kernel_size: int
    filters: int
    squeeze_excite: bool
    hard_swish: bool
    stride: int


# Table 1.
LARGE = (
    Row(16, 3, 16, False, False, 1),
    Row(64, 3, 24, False, False, 2),
    Row(72, 3, 24, False, False, 1),
    Row(72, 5, 40, True, False, 2),
    Row(120, 5, 40, True, False, 1),
    Row(120, 5, 40, True, False, 1),
    Row(240, 3, 80, False, True, 2),
    Row(200, 3, 80, False, True, 1),
    Row(184, 3, 80, False, True, 1),
    Row(184, 3, 80, False, True, 1),
    Row(480, 3, 112, True, True, 1),
    Row(672, 3, 112, True, True, 1),
    Row(672, 5, 160, True, True, 2),
    Row(960, 5, 160, True, True, 1),
    Row(960, 5, 160, True, True, 1),
)
# Table 2.
SMALL = (
    Row(16, 3, 16, True, False, 2),
    Row(72, 3, 24, False, False, 2),
    Row(88, 3, 24, False, False, 1),
    Row(96, 5, 40, True, True, 2),
    Row(240, 5, 40, True, True, 1),
    Row(240, 5, 40, True, True, 1),
    Row(120, 5, 48, True, True, 1),
    Row(144, 5, 48, True, True, 1),
    Row(288, 5, 96, True, True, 2),
    Row(576, 5, 96, True, True, 1),
    Row(576, 5, 96, True, True, 1),
)

DEVIATIONS = {
    "first_expansion": "a 1x1 expansion in the first block too, where it does not widen",
    "rounding": "widths cut by int(), not rounded to multiples of 8",
    "squeeze_width": "a quarter of the expanded channels cut by int(), not rounded to a multiple of 8",
    "squeeze_dense": "squeeze-and-excitation by dense layers, not 1x1 convolutions",
    "head": "the last two 1x1 convolutions scaled by alpha as all others, softmax in the classifier, no dropout",
    "preprocessing": "no rescaling layer at the input",
    "padding": "strided convolutions padded by `same`, not explicitly",
    "momentum": "batch normalization's momentum 0.99, not 0.999",
}
LAYER_NAMES = LayerNames(
    lambda stage, place, number: f"expanded_conv_{number}" if number else "expanded_conv",
    {
        "stem.stem_conv": "conv",
        "stem.stem_bn": "conv_bn",
        "expand_conv": "{block}_expand",
        "expand_bn": "{block}_expand_bn",
        "depthwise_pad": "{block}_depthwise_pad",
        "depthwise_conv": "{block}_depthwise",
        "depthwise_bn": "{block}_depthwise_bn",
        "squeeze_excite.squeeze": "{block}_squeeze_excite_avg_pool",
        "squeeze_excite.reduce": "{block}_squeeze_excite_conv",
        "squeeze_excite.reduce_activation": "{block}_squeeze_excite_relu",
        "squeeze_excite.expand": "{block}_squeeze_excite_conv_1",
        "squeeze_excite.expand_activation": Numbered("ReLU"),  # of the three operations that it is there
        "squeeze_excite.excite": "{block}_squeeze_excite_mul",
        "project_conv": "{block}_project",
        "project_bn": "{block}_project_bn",
        "add": "{block}_add",
        "head.last_conv": "conv_1",
        "head.last_bn": "conv_1_bn",
        "head.features_conv": "conv_2",
        "head.logits": "logits",
        "head.probabilities": "predictions",
    },
    without_top={"head.pool": "avg_pool", "head.pool:GlobalMaxPooling2D": "max_pool"},
)

Minimalistic = Annotated[bool, Option(boolean, "Without squeeze-and-excitation, hard-swish and 5x5 kernels.", BOOLEANS)]


def mobilenet_v3(
    graph: Graph,
    deviations: Deviations,
    *,
    blocks: tuple[Row, ...],
    last_width: int,
    input_shape: InputShape = (224, 224, 3),
    alpha: Alpha = 1.0,
    minimalistic: Minimalistic = False,
    include_preprocessing: IncludePreprocessing = True,
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.2,
) -> None:
    """`minimalistic` (keras.applications' variant): no squeeze-and-excitation, no h-swish, no 5x5 kernels."""
    batch_norm = BatchNormalization(momentum=0.99 if "momentum" in deviations else 0.999)
    activation: Layer = ReLU() if minimalistic else Activation("hard_silu")
    if minimalistic:
        blocks = tuple(row._replace(kernel_size=3, squeeze_excite=False, hard_swish=False) for row in blocks)
    x = image(graph, input_shape)
    with graph.scope("stem"):
        if include_preprocessing and "preprocessing" not in deviations:
            x = graph.add(Rescaling(1 / 127.5, -1.0), x, name="rescaling")
        stem = Conv2D(16, 3, strides=2, padding="same", use_bias=False)
        x = conv_bn(graph, x, stem, "stem", batch_norm, activation)
    x = _stages(graph, x, deviations, blocks, alpha, batch_norm)
    with graph.scope("head"):
        rounded = int if "rounding" in deviations else make_divisible
        last_conv = int(blocks[-1].expanded * alpha) if "head" in deviations else rounded(x.shape[-1] * 6)
        x = conv_bn(graph, x, Conv2D(last_conv, 1, padding="same", use_bias=False), "last", batch_norm, activation)
        if "head" in deviations:
            _article_head(graph, x, int(last_width * alpha), classes if include_top else None)
        elif include_top:
            width = rounded(last_width * alpha) if alpha > 1 else last_width
            x = graph.add(GlobalAveragePooling2D(keepdims=True), x, name="pool")
            x = graph.add(Conv2D(width, 1, padding="same"), x, name="features_conv")
            x = graph.add(activation, x, name="features_activation")
            if dropout > 0:
                x = graph.add(Dropout(dropout), x, name="dropout")
            x = graph.add(Conv2D(classes, 1, padding="same"), x, name="logits")
            x = graph.add(Flatten(), x, name="flatten")
            graph.add(Activation(classifier_activation), x, name="probabilities")
        else:
            pool(graph, x, pooling)


def _stages(
    graph: Graph,
    x: Node,
    deviations: Deviations,
    table: tuple[Row, ...],
    alpha: float,
    batch_norm: BatchNormalization,
) -> Node:
    """The table's rows, those of equal width together as a stage."""
    unscaled = 16  # the stem's filters, which alpha leaves alone
    for stage, (_, rows) in enumerate(groupby(table, key=lambda row: row.filters), 1):
        with graph.scope("stage", stage):
            for block, row in enumerate(rows, 1):
                ratio = row.expanded / unscaled
                with graph.scope("block", block, kind="Bottleneck", expansion=ratio):
                    x = _bottleneck(graph, x, deviations, row, ratio, alpha, batch_norm, stage == block == 1)
                unscaled = row.filters
    return x


def _bottleneck(
    graph: Graph,
    x: Node,
    deviations: Deviations,
    row: Row,
    ratio: float,
    alpha: float,
    batch_norm: BatchNormalization,
    first: bool,
) -> Node:
    """Figure 4. keras.applications expands by ratio to the block's real input, the article by the table's width."""
    cut = "rounding" in deviations
    shortcut, channels = x, x.shape[-1]
    filters = int(row.filters * alpha) if cut else make_divisible(row.filters * alpha)
    expanded = int(row.expanded * alpha) if cut else make_divisible(channels * ratio)
    activation: Layer = Activation("hard_silu") if row.hard_swish else ReLU()
    if not first or "first_expansion" in deviations:
        x = conv_bn(graph, x, Conv2D(expanded, 1, padding="same", use_bias=False), "expand", batch_norm, activation)
    explicitly = "padding" not in deviations
    x, padding = strided(graph, x, row.kernel_size, row.stride, "depthwise", explicitly=explicitly)
    depthwise = DepthwiseConv2D(row.kernel_size, strides=row.stride, padding=padding, use_bias=False)
    x = conv_bn(graph, x, depthwise, "depthwise", batch_norm, activation)
    if row.squeeze_excite:
        x = squeeze_excite(graph, x, _gate(expanded, deviations))
    x = conv_bn(graph, x, Conv2D(filters, 1, padding="same", use_bias=False), "project", batch_norm)
    return residual(graph, shortcut, x) if row.stride == 1 and channels == filters else x


def _gate(channels: int, deviations: Deviations) -> Gate:
    """A bottleneck a quarter as wide, gates by hard sigmoid (section 5.3)."""
    squeezed = max(1, int(channels / 4)) if "squeeze_width" in deviations else make_divisible(channels / 4)
    if "squeeze_dense" in deviations:
        return (
            ("squeeze", GlobalAveragePooling2D()),
            ("reduce", Dense(squeezed, activation="relu")),
            ("expand", Dense(channels, activation="hard_sigmoid")),
            ("reshape", Reshape((1, 1, channels))),
        )
    return hard_gate(channels, squeezed)


def _article_head(graph: Graph, x: Node, width: int, classes: int | None) -> None:
    """The article keeps the pooling and the wide convolution where there is no classifier."""
    x = graph.add(GlobalAveragePooling2D(), x, name="pool")
    x = graph.add(Reshape((1, 1, x.shape[-1])), x, name="reshape")
    x = graph.add(Conv2D(width, 1, padding="same"), x, name="features_conv")
    x = graph.add(Activation("hard_silu"), x, name="features_activation")
    if classes is not None:
        x = graph.add(Conv2D(classes, 1, padding="same", activation="softmax"), x, name="logits")
        graph.add(Reshape((classes,)), x, name="probabilities")


def _spec(size: str, blocks: tuple[Row, ...], last_width: int, figures: Published) -> ModelSpec:
    return ModelSpec(
        name=f"mobilenet_v3_{size}",
        family="MobileNet",
        year=2019,
        paper=Paper("Searching for MobileNetV3", "1905.02244"),
        introduced="h-swish, squeeze-and-excitation, architecture found by NAS",
        build=mobilenet_v3,
        architecture="mobilenet_v3",
        flavors=(
            keras(lambda options: PIXELS if options["include_preprocessing"] else SYMMETRIC, LAYER_NAMES),
            article(DEVIATIONS, ("input_shape", "alpha", "include_top", "classes")),
        ),
        descends_from=("mobilenet_v2", "mnasnet", "senet"),
        aliases=(f"v3_{size}",),
        fixed={"blocks": blocks, "last_width": last_width},
        published=(figures,),
    )


SOURCE = "arXiv 1905.02244, table 3"

MODELS = (
    _spec("small", SMALL, 1024, Published(SOURCE, "2.5M", "56M", 67.4, "MACs' digits cut, not rounded")),
    _spec("large", LARGE, 1280, Published(SOURCE, "5.4M", "219M", 75.2, "the code has fewer MACs")),
)
