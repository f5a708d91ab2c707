"""Inception V3: large convolutions factorized into small and asymmetric ones (Szegedy et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.graph import Graph
from cnncli.graph.layers import AveragePooling2D, BatchNormalization, ZeroPadding2D
from cnncli.models.blocks.branches import Path, branches, path
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import image
from cnncli.models.blocks.inception import AVERAGE, MAXIMUM, STEM, Module, conv
from cnncli.models.layer_names import HEAD, LayerNames, Numbered
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import (
    SYMMETRIC,
    Deviations,
    ModelSpec,
    Paper,
    Published,
    keras,
    torchvision,
)


def small(pooled: int, average: Path) -> Module:
    """Figure 5; the authors' code has 5x5 where the figure has its single 3x3."""
    return (
        (conv(64),),
        (conv(48), conv(64, 5)),
        (conv(64), conv(96, 3), conv(96, 3)),
        (*average, conv(pooled)),
    )


def asymmetric(filters: int, average: Path) -> Module:
    """Figure 6: 7x7 as 1x7 and 7x1."""
    return (
        (conv(192),),
        (conv(filters), conv(filters, (1, 7)), conv(192, (7, 1))),
        (conv(filters), conv(filters, (7, 1)), conv(filters, (1, 7)), conv(filters, (7, 1)), conv(192, (1, 7))),
        (*average, conv(192)),
    )


def expanded(average: Path) -> Module:
    """Figure 7: 3x3 as 1x3 beside 3x1, for the coarsest maps."""
    fork = (conv(384, (1, 3)), conv(384, (3, 1)))
    return (
        (conv(320),),
        (conv(384), fork),
        (conv(448), conv(384, 3), fork),
        (*average, conv(192)),
    )


# Figure 10: the map made smaller by convolutions and by pooling, side by side.
REDUCTION_TO_17: Module = (
    (conv(384, 3, strides=2),),
    (conv(64), conv(96, 3), conv(96, 3, strides=2)),
    (MAXIMUM,),
)
REDUCTION_TO_8: Module = (
    (conv(192), conv(320, 3, strides=2)),
    (conv(192), conv(192, (1, 7)), conv(192, (7, 1)), conv(192, 3, strides=2)),
    (MAXIMUM,),
)


def stages(average: Path) -> Sequence[Sequence[Module]]:
    """Table 1, from 35x35 to 8x8, with the widths of the authors' code; `average` begins the paths that pool."""
    return (
        (small(32, average), small(64, average), small(64, average)),
        (
            REDUCTION_TO_17,
            asymmetric(128, average),
            asymmetric(160, average),
            asymmetric(160, average),
            asymmetric(192, average),
        ),
        (REDUCTION_TO_8, expanded(average), expanded(average)),
    )


DEVIATIONS = {
    "gamma": "batch normalization with gamma, and with momentum 0.9",
    "average": "the zeros around a map count in the averages of 3x3 pooling",
    "dropout": "half of the features dropped before the classifier, in training",
}
LAYER_NAMES = LayerNames(
    lambda stage, place, number: f"mixed{number}",
    {
        "mixed": "{block}",
        "stage3.block2.branch2.mixed": "mixed9_0",
        "stage3.block3.branch2.mixed": "mixed9_1",
        **HEAD,
    },
    without_top={"head.pool": Numbered()},
)
COUNTING_ZEROS: Path = (ZeroPadding2D(1), AveragePooling2D(3, strides=1))


def inception_v3(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (299, 299, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    batch_norm = BatchNormalization(momentum=0.9) if "gamma" in deviations else BatchNormalization(scale=False)
    average = COUNTING_ZEROS if "average" in deviations else (AVERAGE,)
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = path(graph, x, STEM, batch_norm)
    for stage, modules in enumerate(stages(average), 1):
        with graph.scope("stage", stage):
            for block, module in enumerate(modules, 1):
                with graph.scope("block", block, kind="Inception"):
                    x = branches(graph, x, module, batch_norm)
    with graph.scope("head"):
        dropout = 0.5 if "dropout" in deviations else 0.0
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation), dropout)


MODELS = (
    ModelSpec(
        name="inception_v3",
        family="Inception",
        year=2015,
        paper=Paper("Rethinking the Inception Architecture for Computer Vision", "1512.00567"),
        introduced="factorized convolutions: 7x7 as 1x7 and 7x1",
        build=inception_v3,
        flavors=(keras(SYMMETRIC, LAYER_NAMES, minimum_size=75), torchvision(DEVIATIONS)),
        descends_from=("googlenet",),
        published=(
            Published("arXiv 1512.00567, abstract", "25M", "5G", 78.8, "less than 25 M params; 5.7 G MACs in its code"),
        ),
    ),
)
