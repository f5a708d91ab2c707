"""What ConvNeXt and ConvNeXt V2 share: patches at the stem, stages that begin by halving the map, and the head."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layers import Activation, Conv2D, Dense, LayerNormalization
from cnncli.models.blocks.classifier import Top, pool
from cnncli.models.blocks.residual import residual

LAYER_NORM = LayerNormalization(epsilon=1e-6)
EXPANSION = 4


def patches(graph: Graph, x: Node, width: int) -> Node:
    """The stem: 4x4 patches that do not overlap, as Swin Transformer's."""
    x = graph.add(Conv2D(width, 4, strides=4), x, name="stem_conv")
    return graph.add(LAYER_NORM, x, name="stem_norm")


def stages(graph: Graph, x: Node, depths: Sequence[int], width: int, block: Callable[[Graph, Node], Node]) -> Node:
    """Blocks of `width` channels, twice as many from stage to stage, each time that four cells become one."""
    for stage, blocks in enumerate(depths, 1):
        with graph.scope("stage", stage):
            if stage > 1:
                with graph.scope("downsample"):
                    x = graph.add(LAYER_NORM, x, name="norm")
                    x = graph.add(Conv2D(width * 2 ** (stage - 1), 2, strides=2), x, name="conv")
            for number in range(1, blocks + 1):
                with graph.scope("block", number, kind="ConvNeXt"):
                    x = block(graph, x)
    return x


def inverted(
    graph: Graph, x: Node, *, within: Sequence[tuple[str, Layer]] = (), behind: Sequence[tuple[str, Layer]] = ()
) -> Node:
    """The block: a 7x7 convolution of each channel, then an inverted bottleneck with one normalization, one activation.

    1x1 convolutions are dense layers on the channels, as the authors' code has them. `within` are further layers where
    the bottleneck is wide, `behind` those behind it.
    """
    shortcut, width = x, x.shape[-1]
    layers: tuple[tuple[str, Layer], ...] = (
        ("depthwise_conv", Conv2D(width, 7, padding="same", groups=width)),
        ("depthwise_norm", LAYER_NORM),
        ("expand_dense", Dense(EXPANSION * width)),
        ("expand_activation", Activation("gelu")),
        *within,
        ("project_dense", Dense(width)),
        *behind,
    )
    for name, layer in layers:
        x = graph.add(layer, x, name=name)
    return residual(graph, shortcut, x)


def head(graph: Graph, x: Node, top: Top) -> None:
    """Pooling, normalization and the classifier. Features are normalized too, pooled or not."""
    with graph.scope("head"):
        x = pool(graph, x, "avg" if top.include_top else top.pooling)
        x = graph.add(LAYER_NORM, x, name="norm")
        if top.include_top:
            graph.add(Dense(top.classes, activation=top.activation), x, name="probabilities")
