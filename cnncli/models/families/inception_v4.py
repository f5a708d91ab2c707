"""Inception V4 and Inception-ResNet V2: modules made uniform, and such whose output is added (Szegedy et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import BatchNormalization, Conv2D, CustomScaleLayer
from cnncli.models.blocks.branches import RELU, Path, branches, path
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, image
from cnncli.models.blocks.inception import AVERAGE, MAXIMUM, STEM, Module, conv
from cnncli.models.layer_names import HEAD, LayerNames, Numbered
from cnncli.models.options import Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
from cnncli.models.spec import SYMMETRIC, Deviations, ModelSpec, Paper, keras, paper

# Inception V4, its asymmetric convolutions in the order of the authors' code. Figure 3: the stem, whose modules make
# the map smaller by pooling beside convolutions.
STEM_V4: Path = (conv(32, 3, strides=2), conv(32, 3, padding="valid"), conv(64, 3))
STEM_MODULES: tuple[Module, ...] = (
    ((MAXIMUM,), (conv(96, 3, strides=2),)),
    (
        (conv(64), conv(96, 3, padding="valid")),
        (conv(64), conv(64, (1, 7)), conv(64, (7, 1)), conv(96, 3, padding="valid")),
    ),
    ((conv(192, 3, strides=2),), (MAXIMUM,)),
)
# Figure 4.
INCEPTION_A: Module = (
    (conv(96),),
    (conv(64), conv(96, 3)),
    (conv(64), conv(96, 3), conv(96, 3)),
    (AVERAGE, conv(96)),
)
# Figure 5.
INCEPTION_B: Module = (
    (conv(384),),
    (conv(192), conv(224, (1, 7)), conv(256, (7, 1))),
    (conv(192), conv(192, (7, 1)), conv(224, (1, 7)), conv(224, (7, 1)), conv(256, (1, 7))),
    (AVERAGE, conv(128)),
)
# Figure 6.
FORK = (conv(256, (1, 3)), conv(256, (3, 1)))
INCEPTION_C: Module = (
    (conv(256),),
    (conv(384), FORK),
    (conv(384), conv(448, (3, 1)), conv(512, (1, 3)), FORK),
    (AVERAGE, conv(256)),
)
# Figure 8.
REDUCTION_B: Module = (
    (conv(192), conv(192, 3, strides=2)),
    (conv(256), conv(256, (1, 7)), conv(320, (7, 1)), conv(320, 3, strides=2)),
    (MAXIMUM,),
)


def reduction_a(k: int, el: int, m: int, n: int) -> Module:
    """Figure 7, by the widths that table 1 gives."""
    return (
        (conv(n, 3, strides=2),),
        (conv(k), conv(el, 3), conv(m, 3, strides=2)),
        (MAXIMUM,),
    )


# Figure 9.
STAGES_V4: tuple[tuple[Module, ...], ...] = (
    (INCEPTION_A,) * 4,
    (reduction_a(192, 224, 256, 384), *(INCEPTION_B,) * 7),
    (REDUCTION_B, *(INCEPTION_C,) * 3),
)


def inception_v4(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (299, 299, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.2,
) -> None:
    batch_norm = BatchNormalization()
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = path(graph, x, STEM_V4, batch_norm)
        for number, module in enumerate(STEM_MODULES, 1):
            with graph.scope("module", number):
                x = branches(graph, x, module, batch_norm)
    for stage, modules in enumerate(STAGES_V4, 1):
        with graph.scope("stage", stage):
            x = _modules(graph, x, modules, batch_norm)
    with graph.scope("head"):
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation), dropout)


def _modules(graph: Graph, x: Node, modules: Sequence[Module], batch_norm: BatchNormalization) -> Node:
    for block, module in enumerate(modules, 1):
        with graph.scope("block", block, kind="Inception"):
            x = branches(graph, x, module, batch_norm)
    return x


class Residual(NamedTuple):
    """Modules whose output is widened to their input's channels, scaled and added (figures 16, 17 and 19)."""

    module: Module
    repeats: int
    scale: float


# Inception-ResNet V2 as its authors' code has it: where figure 3's stem is meant to be its stem too, that is Inception
# V3's, and so is the module behind it but for some of its widths.
FIRST: Module = (
    (conv(96),),
    (conv(48), conv(64, 5)),
    (conv(64), conv(96, 3), conv(96, 3)),
    (AVERAGE, conv(64)),
)
# Figure 18.
REDUCTION_B_RESNET: Module = (
    (conv(256), conv(384, 3, strides=2)),
    (conv(256), conv(288, 3, strides=2)),
    (conv(256), conv(288, 3), conv(320, 3, strides=2)),
    (MAXIMUM,),
)
RESIDUAL_A = Residual(
    (
        (conv(32),),
        (conv(32), conv(32, 3)),
        (conv(32), conv(48, 3), conv(64, 3)),
    ),
    10,
    0.17,
)
RESIDUAL_B = Residual(((conv(192),), (conv(128), conv(160, (1, 7)), conv(192, (7, 1)))), 20, 0.1)
RESIDUAL_C = Residual(((conv(192),), (conv(192), conv(224, (1, 3)), conv(256, (3, 1)))), 10, 0.2)
# Figure 15: the module that each stage begins with, and those that follow.
STAGES_RESNET = (
    (FIRST, RESIDUAL_A),
    (reduction_a(256, 256, 384, 384), RESIDUAL_B),
    (REDUCTION_B_RESNET, RESIDUAL_C),
)
LAST_FILTERS = 1536

KERAS_MODULES = ("mixed_5b", "mixed_6a", "mixed_7a")
KERAS_BLOCKS = ("block35", "block17", "block8")
LAYER_NAMES = LayerNames(
    lambda stage, place, number: KERAS_MODULES[stage - 1] if place == 1 else f"{KERAS_BLOCKS[stage - 1]}_{place - 1}",
    {
        "mixed": "{block}",
        "residual_mixed": "{block}_mixed",
        "residual_conv": "{block}_conv",
        "activation": "{block}_ac",
        "head.last_conv": "conv_7b",
        "head.last_bn": "conv_7b_bn",
        "head.last_activation": "conv_7b_ac",
        **HEAD,
    },
    without_top={"head.pool": Numbered()},
)


def inception_resnet_v2(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (299, 299, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    batch_norm = BatchNormalization(scale=False)
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = path(graph, x, STEM, batch_norm)
    for stage, (first, residual) in enumerate(STAGES_RESNET, 1):
        with graph.scope("stage", stage):
            x = _modules(graph, x, (first,), batch_norm)
            x = _residuals(graph, x, residual, batch_norm, ends=stage == len(STAGES_RESNET))
    with graph.scope("head"):
        x = conv_bn(graph, x, conv(LAST_FILTERS), "last", batch_norm, RELU)
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _residuals(graph: Graph, x: Node, residual: Residual, batch_norm: BatchNormalization, ends: bool) -> Node:
    """The last block of the network (`ends`) is neither scaled nor rectified: a convolution follows it."""
    for number in range(1, residual.repeats + 1):
        with graph.scope("block", number + 1, kind="InceptionResidual"):
            last = ends and number == residual.repeats
            shortcut = x
            x = branches(graph, x, residual.module, batch_norm, "residual_mixed")
            x = graph.add(Conv2D(shortcut.shape[-1], 1, padding="same"), x, name="residual_conv")
            x = graph.add(CustomScaleLayer(1.0 if last else residual.scale), shortcut, x, name="add")
            if not last:
                x = graph.add(RELU, x, name="activation")
    return x


REFERENCE = Paper("Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", "1602.07261")

MODELS = (
    ModelSpec(
        name="inception_v4",
        family="Inception",
        year=2016,
        paper=REFERENCE,
        introduced="uniform Inception modules, one kind a stage",
        build=inception_v4,
        flavors=(paper(SYMMETRIC),),
        descends_from=("inception_v3",),
    ),
    ModelSpec(
        name="inception_resnet_v2",
        family="Inception",
        year=2016,
        paper=REFERENCE,
        introduced="residual Inception modules, scaled before they are added",
        build=inception_resnet_v2,
        flavors=(keras(SYMMETRIC, LAYER_NAMES, minimum_size=75),),
        descends_from=("inception_v3", "inception_v4", "resnet"),
    ),
)
