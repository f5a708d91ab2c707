"""EfficientNet: a searched network and the compound scaling of its depth, width and resolution (Tan and Le 2019)."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Initializer,
    Normalization,
    Rescaling,
)
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, image, make_divisible, strided
from cnncli.models.blocks.gates import Gate, reshaped_gate, squeeze_excite
from cnncli.models.blocks.inverted import CLASSIFIER, CONVOLUTIONS, Row
from cnncli.models.blocks.residual import residual
from cnncli.models.layer_names import HEAD, LayerNames
from cnncli.models.options import (
    Classes,
    ClassifierActivation,
    DropoutRate,
    IncludeTop,
    InputShape,
    Option,
    Pooling,
    positive,
)
from cnncli.models.spec import PIXELS, Deviations, ModelSpec, Paper, Published, article, keras

# Table 1, stages 2 to 8, with the strides of the authors' code: the resolutions in the table are those of the inputs.
STAGES = (
    Row(1, 3, 16, 1, 1),
    Row(6, 3, 24, 2, 2),
    Row(6, 5, 40, 2, 2),
    Row(6, 3, 80, 3, 2),
    Row(6, 5, 112, 3, 1),
    Row(6, 5, 192, 4, 2),
    Row(6, 3, 320, 1, 1),
)
DROP_CONNECT = 0.2
"""Share of examples for which the last block is skipped in training; it grows linearly from 0 at the first."""

DEVIATIONS = {
    "squeeze_width": "a quarter of the expanded channels, not of the block's input",
    "repeats": "repeats cut by int(), not rounded up",
    "rounding": "widths cut by int(), not rounded to multiples of 8",
    "stem": "the stem's 32 filters not scaled by width",
    "head": "the head's 1280 filters not scaled by width",
    "preprocessing": "no rescaling and normalization at the input",
    "squeeze_dense": "squeeze-and-excitation by dense layers, not 1x1 convolutions",
    "drop_connect": "no stochastic depth in training",
    "padding": "strided convolutions padded by `same`, not explicitly",
    "initializers": "Keras's default initial weights, not the authors'",
}
LAYER_NAMES = LayerNames(
    lambda stage, place, number: f"block{stage}{chr(ord('a') + place - 1)}",
    {
        "stem.stem_pad": "stem_conv_pad",
        "stem.stem_conv": "stem_conv",
        "stem.stem_bn": "stem_bn",
        "stem.stem_activation": "stem_activation",
        "expand_conv": "{block}_expand_conv",
        "expand_bn": "{block}_expand_bn",
        "expand_activation": "{block}_expand_activation",
        "depthwise_pad": "{block}_dwconv_pad",
        "depthwise_conv": "{block}_dwconv",
        "depthwise_bn": "{block}_bn",
        "depthwise_activation": "{block}_activation",
        "squeeze_excite.squeeze": "{block}_se_squeeze",
        "squeeze_excite.reshape": "{block}_se_reshape",
        "squeeze_excite.reduce": "{block}_se_reduce",
        "squeeze_excite.expand": "{block}_se_expand",
        "squeeze_excite.excite": "{block}_se_excite",
        "project_conv": "{block}_project_conv",
        "project_bn": "{block}_project_bn",
        "drop_connect": "{block}_drop",
        "add": "{block}_add",
        "head.last_conv": "top_conv",
        "head.last_bn": "top_bn",
        "head.last_activation": "top_activation",
        "head.dropout": "top_dropout",
        **HEAD,
    },
)
SWISH = Activation("silu")
SCALES = ("1.0", "1.1", "1.2")
BATCH_NORM = BatchNormalization()


class Scaling(NamedTuple):
    """How width, depth and the flavor turn the table's numbers into a network's."""

    deviations: Deviations
    width: float
    depth: float

    def filters(self, filters: int, scaled: bool = True) -> int:
        if not scaled:
            return filters
        return int(filters * self.width) if "rounding" in self.deviations else make_divisible(filters * self.width)

    def repeats(self, repeats: int) -> int:
        return int(repeats * self.depth) if "repeats" in self.deviations else math.ceil(self.depth * repeats)

    @property
    def kernel_initializer(self) -> Initializer:
        return "glorot_uniform" if "initializers" in self.deviations else CONVOLUTIONS

    def pointwise(self, filters: int) -> Conv2D:
        return Conv2D(filters, 1, padding="same", use_bias=False, kernel_initializer=self.kernel_initializer)


def efficientnet(
    graph: Graph,
    deviations: Deviations,
    *,
    width: Annotated[
        float, Option(positive(1000), "Width coefficient of compound scaling.", SCALES, ("width_coefficient",))
    ] = 1.0,
    depth: Annotated[
        float, Option(positive(100), "Depth coefficient of compound scaling.", SCALES, ("depth_coefficient",))
    ] = 1.0,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.2,
) -> None:
    scaling = Scaling(deviations, width, depth)
    if depth != 1 and all(scaling.repeats(row.repeats) == row.repeats for row in STAGES):
        graph.remarks["depth"] = _no_block_changes(scaling)
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = _stem(graph, x, scaling)
    x = _stages(graph, x, scaling)
    with graph.scope("head"):
        last = scaling.pointwise(scaling.filters(1280, scaled="head" not in deviations))
        x = conv_bn(graph, x, last, "last", BATCH_NORM, SWISH)
        initializer = "glorot_uniform" if "initializers" in deviations else CLASSIFIER
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation), dropout, initializer)


def _no_block_changes(scaling: Scaling) -> str:
    rounding, change = "int" if "repeats" in scaling.deviations else "ceil", "added" if scaling.depth > 1 else "removed"
    counts = sorted({row.repeats for row in STAGES})
    sums = ", ".join(f"{rounding}({count}*{scaling.depth:g}) = {count}" for count in counts)
    return f"no block was {change}, for {sums}"


def _stem(graph: Graph, x: Node, scaling: Scaling) -> Node:
    if "preprocessing" not in scaling.deviations:
        x = graph.add(Rescaling(1 / 255), x, name="rescaling")
        x = graph.add(Normalization(), x, name="normalization")
    x, padding = strided(graph, x, 3, 2, "stem", explicitly="padding" not in scaling.deviations)
    stem = Conv2D(
        scaling.filters(32, scaled="stem" not in scaling.deviations),
        3,
        strides=2,
        padding=padding,
        use_bias=False,
        kernel_initializer=scaling.kernel_initializer,
    )
    return conv_bn(graph, x, stem, "stem", BATCH_NORM, SWISH)


def _stages(graph: Graph, x: Node, scaling: Scaling) -> Node:
    """The rows of the table, each repeated by depth; the stride is the first repeat's."""
    total = sum(scaling.repeats(row.repeats) for row in STAGES)
    drop = 0.0 if "drop_connect" in scaling.deviations else DROP_CONNECT
    number = 0
    for stage, row in enumerate(STAGES, 1):
        repeats = scaling.repeats(row.repeats)
        if not repeats:
            graph.warn(f"stage{stage} vanishes: int({row.repeats} * depth {scaling.depth:g}) = 0 blocks")
            continue
        with graph.scope("stage", stage):
            for block in range(1, repeats + 1):
                with graph.scope("block", block, kind="MBConv", expansion=row.expansion):
                    stride = row.stride if block == 1 else 1
                    x = _mbconv(graph, x, scaling, row, stride, drop * number / total)
                number += 1
    return x


def _mbconv(graph: Graph, x: Node, scaling: Scaling, row: Row, stride: int, drop: float) -> Node:
    """MobileNetV2's inverted residual with squeeze-and-excitation."""
    shortcut, channels, filters = x, x.shape[-1], scaling.filters(row.filters)
    if row.expansion != 1:
        x = conv_bn(graph, x, scaling.pointwise(channels * row.expansion), "expand", BATCH_NORM, SWISH)
    explicitly = "padding" not in scaling.deviations
    x, padding = strided(graph, x, row.kernel_size, stride, "depthwise", explicitly=explicitly)
    depthwise = DepthwiseConv2D(
        row.kernel_size,
        strides=stride,
        padding=padding,
        use_bias=False,
        depthwise_initializer=scaling.kernel_initializer,
    )
    x = conv_bn(graph, x, depthwise, "depthwise", BATCH_NORM, SWISH)
    x = squeeze_excite(graph, x, _gate(x.shape[-1], channels, scaling))
    x = conv_bn(graph, x, scaling.pointwise(filters), "project", BATCH_NORM)
    if stride != 1 or channels != filters:
        return x
    if drop > 0:
        x = graph.add(Dropout(drop, noise_shape=(None, 1, 1, 1)), x, name="drop_connect")
    return residual(graph, shortcut, x)


def _gate(channels: int, input_channels: int, scaling: Scaling) -> Gate:
    """The authors squeeze to a quarter of the block's input channels (their code's se_ratio)."""
    squeezed = max(1, int((channels if "squeeze_width" in scaling.deviations else input_channels) / 4))
    if "squeeze_dense" in scaling.deviations:
        return (
            ("squeeze", GlobalAveragePooling2D()),
            ("reduce", Dense(squeezed, activation="silu")),
            ("expand", Dense(channels, activation="sigmoid")),
        )
    return reshaped_gate(channels, squeezed, "silu", scaling.kernel_initializer)


PAPER = Paper("EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", "1905.11946")
INTRODUCED = "compound scaling of depth, width and resolution"


def _spec(name: str, aliases: tuple[str, ...], size: int, dropout: float, **more: object) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="EfficientNet",
        year=2019,
        paper=PAPER,
        introduced=INTRODUCED,
        build=efficientnet,
        architecture="efficientnet",
        descends_from=("mobilenet_v2", "mnasnet", "senet"),
        flavors=(
            keras(PIXELS, LAYER_NAMES),
            article(DEVIATIONS, ("width", "depth", "input_shape", "classes", "dropout")),
        ),
        aliases=aliases,
        defaults={"input_shape": (size, size, 3), "dropout": dropout},
        **more,  # type: ignore[arg-type]
    )


def _scaled(number: int, width: float, depth: float, size: int, dropout: float, figures: Published) -> ModelSpec:
    fixed = {"width": width, "depth": depth}
    return _spec(f"efficientnet_b{number}", (f"b{number}",), size, dropout, fixed=fixed, published=(figures,))


SOURCE = "arXiv 1905.11946, table 2"
FEWER = "the authors' code has fewer parameters"
MORE, LESS = "the authors' code has more MACs", "the authors' code has fewer MACs"

# Width, depth, resolution and dropout are those of the authors' published code; the figures table 2's.
MODELS = (
    _spec("efficientnet", (), 224, 0.2),
    _scaled(0, 1.0, 1.0, 224, 0.2, Published(SOURCE, "5.3M", "0.39G", 77.1)),
    _scaled(1, 1.0, 1.1, 240, 0.2, Published(SOURCE, "7.8M", "0.70G", 79.1, LESS)),
    _scaled(2, 1.1, 1.2, 260, 0.3, Published(SOURCE, "9.2M", "1.0G", 80.1, FEWER)),
    _scaled(3, 1.2, 1.4, 300, 0.3, Published(SOURCE, "12M", "1.8G", 81.6)),
    _scaled(4, 1.4, 1.8, 380, 0.4, Published(SOURCE, "19M", "4.2G", 82.9, MORE)),
    _scaled(5, 1.6, 2.2, 456, 0.4, Published(SOURCE, "30M", "9.9G", 83.6, MORE)),
    _scaled(6, 1.8, 2.6, 528, 0.5, Published(SOURCE, "43M", "19G", 84.0)),
    _scaled(7, 2.0, 3.1, 600, 0.5, Published(SOURCE, "66M", "37G", 84.3, MORE)),
)
