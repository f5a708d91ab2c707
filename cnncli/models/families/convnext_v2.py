"""ConvNeXt V2: global response normalization, found by training with masked autoencoders (Woo et al. 2023)."""

from __future__ import annotations

from cnncli.graph import Graph, Node
from cnncli.graph.layers import GlobalResponseNormalization
from cnncli.models.blocks.classifier import Top
from cnncli.models.blocks.convnext import head, inverted, patches, stages
from cnncli.models.blocks.convolution import image
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import Deviations, ModelSpec, Paper, Published

# The paper's appendix: blocks B a stage; channels C of the first, which double from stage to stage.
SHALLOW, NANO, TINY, DEEP = (2, 2, 6, 2), (2, 2, 8, 2), (3, 3, 9, 3), (3, 3, 27, 3)


def convnext_v2(
    graph: Graph,
    deviations: Deviations,
    *,
    depths: tuple[int, ...] = TINY,
    width: int = 96,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = patches(graph, x, width)
    x = stages(graph, x, depths, width, _block)
    head(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _block(graph: Graph, x: Node) -> Node:
    """V1's, but for its factor a channel at the end: channels compete where the block is wide (figure 5)."""
    return inverted(graph, x, within=(("response_norm", GlobalResponseNormalization()),))


README = "facebookresearch/ConvNeXt-V2 README"
MORE = "its MACs are 0.3% above the kernels'"


def _spec(name: str, depths: tuple[int, ...], width: int, published: Published) -> ModelSpec:
    return ModelSpec(
        name=f"convnext_v2_{name}",
        family="ConvNeXt",
        year=2023,
        paper=Paper("ConvNeXt V2: Co-designing and Scaling ConvNets with Masked Autoencoders", "2301.00808"),
        introduced="global response normalization",
        build=convnext_v2,
        fixed={"depths": depths, "width": width},
        published=(published,),
        descends_from=("convnext",),
        architecture="convnext_v2",
    )


MODELS = (
    _spec("atto", SHALLOW, 40, Published(README, "3.7M", "0.55G", 76.7)),
    _spec("femto", SHALLOW, 48, Published(README, "5.2M", "0.78G", 78.5)),
    _spec("pico", SHALLOW, 64, Published(README, "9.1M", "1.37G", 80.3)),
    _spec("nano", NANO, 80, Published(README, "15.6M", "2.45G", 81.9)),
    _spec("tiny", TINY, 96, Published(README, "28.6M", "4.47G", 83.0, MORE)),
    _spec("base", DEEP, 128, Published(README, "89M", "15.4G", 84.9)),
    _spec("large", DEEP, 192, Published(README, "198M", "34.4G", 85.8)),
    _spec("huge", DEEP, 352, Published(README, "660M", "115G", 86.3)),
)
