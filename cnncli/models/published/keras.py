"""keras.applications' weights: keras.io's table of them (keras-team/keras-io, templates/api/applications/index.md),
which counts all parameters, and of the MobileNets the widths and inputs that there are weights of
(keras/src/applications/mobilenet*.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.models.published import slim
from cnncli.models.published.grid import figures, options
from cnncli.models.spec import ALL, Published

SOURCE = "keras.io, weights of keras.applications"

TABLE: Mapping[str, tuple[str, float | None]] = {
    "xception": ("22,910,480", 79.0),
    "vgg16": ("138,357,544", 71.3),
    "vgg19": ("143,667,240", 71.3),
    "resnet50": ("25,636,712", 74.9),
    "resnet101": ("44,707,176", 76.4),
    "resnet152": ("60,419,944", 76.6),
    "resnet50_v2": ("25,613,800", 76.0),
    "resnet101_v2": ("44,675,560", 77.2),
    "resnet152_v2": ("60,380,648", 78.0),
    "inception_v3": ("23,851,784", 77.9),
    "inception_resnet_v2": ("55,873,736", 80.3),
    "mobilenet_v1": ("4,253,864", 70.4),
    "mobilenet_v2": ("3,538,984", 71.3),
    "densenet121": ("8,062,504", 75.0),
    "densenet169": ("14,307,880", 76.2),
    "densenet201": ("20,242,984", 77.3),
    "nasnet_mobile": ("5,326,716", 74.4),
    "nasnet_large": ("88,949,818", 82.5),
    "efficientnet_b0": ("5,330,571", None),
    "efficientnet_b1": ("7,856,239", None),
    "efficientnet_b2": ("9,177,569", None),
    "efficientnet_b3": ("12,320,535", None),
    "efficientnet_b4": ("19,466,823", None),
    "efficientnet_b5": ("30,562,527", None),
    "efficientnet_b6": ("43,265,143", None),
    "efficientnet_b7": ("66,658,687", None),
}
V3_SOURCE = "keras.applications, the docstring of MobileNetV3"
# It has slim's table, but for the accuracies of the first rows.
V3_LARGE = (slim.V3_LARGE[0]._replace(sizes={224: ("217M", 75.6)}), *slim.V3_LARGE[1:])
V3_SMALL = (slim.V3_SMALL[0]._replace(sizes={224: ("66M", 68.1)}), *slim.V3_SMALL[1:])
V1_FILES = tuple(options(alpha, side) for alpha in (1.0, 0.75, 0.5, 0.25) for side in (224, 192, 160, 128))
V2_FILES = (
    *(options(alpha, 224) for alpha in (1.4, 1.3)),
    *(options(alpha, side) for alpha in (1.0, 0.75, 0.5, 0.35) for side in (224, 192, 160, 128, 96)),
)
V3_FILES: tuple[Mapping[str, Any], ...] = ({}, {"alpha": 0.75}, {"minimalistic": True})
FILES = {
    "mobilenet_v1": V1_FILES,
    "mobilenet_v2": V2_FILES,
    "mobilenet_v3_large": V3_FILES,
    "mobilenet_v3_small": V3_FILES,
}
"""The options of the networks that there are weights of, where those are several."""


def _published(name: str) -> tuple[Published, ...]:
    """What the table says of the network with its defaults, and the others that there are weights of."""
    params, top1 = TABLE.get(name, (None, None))
    files = FILES.get(name, ({},))
    return tuple(
        Published(SOURCE, options=options)
        if options or params is None
        else Published(SOURCE, params, top1=top1, counted=ALL)
        for options in files
    )


TABLES: Mapping[str, tuple[Published, ...]] = {
    **{name: _published(name) for name in (*TABLE, *FILES)},
    "mobilenet_v3_large": (*_published("mobilenet_v3_large"), *figures(V3_SOURCE, V3_LARGE)),
    "mobilenet_v3_small": (*_published("mobilenet_v3_small"), *figures(V3_SOURCE, V3_SMALL)),
}
