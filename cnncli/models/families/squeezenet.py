"""SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters (Iandola et al. 2016)."""

from __future__ import annotations

from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Conv2D, Dropout, MaxPooling2D, ZeroPadding2D
from cnncli.models.blocks.branches import branches
from cnncli.models.blocks.classifier import pool, pooled_classes
from cnncli.models.blocks.convolution import image, pool_up
from cnncli.models.options import Classes, ClassifierActivation, DropoutRate, IncludeTop, InputShape, Pooling
from cnncli.models.spec import (
    CENTERED,
    Deviations,
    ModelSpec,
    Paper,
    Published,
    paper,
    torchvision,
)


class Version(NamedTuple):
    """The stem's filters and kernel size, and of each fire module the filters that squeeze and half those that expand.

    The fire modules are cut where the maps are pooled. `pad` are the cells around the last convolution's map, whose
    kernel of 1x1 has no use for them.
    """

    filters: int
    kernel_size: int
    stages: tuple[tuple[tuple[int, int], ...], ...]
    pad: int = 0


# Table 1: fire2 to fire4, fire5 to fire8, fire9; the padding is in the authors' definition alone.
V1_0 = Version(
    96, 7, (((16, 64), (16, 64), (32, 128)), ((32, 128), (48, 192), (48, 192), (64, 256)), ((64, 256),)), pad=1
)
# The authors' repository: the same modules pooled earlier, a smaller stem.
V1_1 = Version(
    64, 3, (((16, 64), (16, 64)), ((32, 128), (32, 128)), ((48, 192), (48, 192), (64, 256), (64, 256)))
)  # fmt: skip


def squeezenet(
    graph: Graph,
    deviations: Deviations,
    *,
    version: Version = V1_0,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
    dropout: DropoutRate = 0.5,
) -> None:
    overlapping = MaxPooling2D(3, strides=2)
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = graph.add(Conv2D(version.filters, version.kernel_size, strides=2, activation="relu"), x, name="conv")
        x = pool_up(graph, x, overlapping, "pool")
    for stage, modules in enumerate(version.stages, 1):
        with graph.scope("stage", stage):
            for block, (squeezed, expanded) in enumerate(modules, 1):
                with graph.scope("block", block, kind="Fire"):
                    x = _fire(graph, x, squeezed, expanded)
            if stage < len(version.stages):
                x = pool_up(graph, x, overlapping, "pool")
    with graph.scope("head"):
        if not include_top:
            pool(graph, x, pooling)
            return
        if dropout > 0:
            x = graph.add(Dropout(dropout), x, name="dropout")
        if version.pad and "padding" not in deviations:
            x = graph.add(ZeroPadding2D(version.pad), x, name="classes_pad")
        pooled_classes(graph, x, classes, classifier_activation)


def _fire(graph: Graph, x: Node, squeezed: int, expanded: int) -> Node:
    """Figure 1: 1x1 kernels squeeze the channels, 1x1 and 3x3 kernels side by side expand them."""
    x = graph.add(Conv2D(squeezed, 1, activation="relu"), x, name="squeeze")
    pointwise = Conv2D(expanded, 1, activation="relu")
    spatial = Conv2D(expanded, 3, padding="same", activation="relu")
    return branches(graph, x, ((pointwise,), (spatial,)), name="expand")


CAFFE = paper(CENTERED)
TORCHVISION = torchvision({"padding": "no padding around the last convolution"})
BURDEN = "albanie/convnet-burden"
BURDENS = "counts more than kernels, such as biases and pooling"


def _spec(name: str, version: Version, *published: Published, **more: object) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="SqueezeNet",
        year=2016,
        paper=Paper("SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size", "1602.07360"),
        introduced="fire module: squeeze, then expand",
        build=squeezenet,
        fixed={"version": version},
        published=published,
        descends_from=("alexnet", "network_in_network", "googlenet"),
        architecture="squeezenet",
        **more,  # type: ignore[arg-type]
    )


MODELS = (
    _spec(
        "squeezenet_1_0",
        V1_0,
        Published("arXiv 1602.07360, tables 1 and 2", "1,248,424", top1=57.5),
        Published(BURDEN, macs="837M", erratum=BURDENS, flavor="torchvision"),
        flavors=(CAFFE, TORCHVISION),
        aliases=("squeezenet",),
    ),
    _spec(
        "squeezenet_1_1",
        V1_1,
        Published(BURDEN, macs="360M", erratum=BURDENS),
        flavors=(CAFFE,),
    ),
)
