"""ConvNeXt: a ResNet modernized step by step towards Swin Transformer (Liu et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Activation, LayerScale, Normalization
from cnncli.models.blocks.classifier import Top
from cnncli.models.blocks.convnext import head, inverted, patches, stages
from cnncli.models.blocks.convolution import image
from cnncli.models.layer_names import LayerNames, Numbered
from cnncli.models.options import Classes, ClassifierActivation, IncludePreprocessing, IncludeTop, InputShape, Pooling
from cnncli.models.spec import (
    DEVIATION,
    MEAN,
    PIXELS,
    STANDARDIZED,
    Deviations,
    ModelSpec,
    Paper,
    Published,
    Range,
    keras,
)

# Section 3 of the paper: blocks B a stage; channels C of the first, which double from stage to stage.
TINY, DEEP = (3, 3, 9, 3), (3, 3, 27, 3)

PREPROCESSING = Normalization(tuple(255 * mean for mean in MEAN), tuple((255 * each) ** 2 for each in DEVIATION))


def convnext(
    graph: Graph,
    deviations: Deviations,
    *,
    depths: tuple[int, ...] = TINY,
    width: int = 96,
    input_shape: InputShape = (224, 224, 3),
    include_preprocessing: IncludePreprocessing = True,
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    x = image(graph, input_shape)
    with graph.scope("stem"):
        if include_preprocessing and input_shape[-1] == len(MEAN):  # statistics of other channels nobody has
            x = graph.add(PREPROCESSING, x, name="normalization")
        x = patches(graph, x, width)
    x = stages(graph, x, depths, width, _block)
    head(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _block(graph: Graph, x: Node) -> Node:
    """With a learnt factor a channel. What Keras has in place of stochastic depth, at its rate of 0, does nothing."""
    behind = (("scale", LayerScale(x.shape[-1])), ("identity", Activation("linear")))
    return inverted(graph, x, behind=behind)


def _layer_names(network: str) -> LayerNames:
    """Keras's, which begin with the network's own."""
    return LayerNames(
        lambda stage, place, number: f"{network}_stage_{stage - 1}_block_{place - 1}",
        {
            "stem.normalization": f"{network}_prestem_normalization",
            "stem.stem_conv": f"{network}_stem_conv",
            "stem.stem_norm": f"{network}_stem_layernorm",
            **{
                f"stage{stage}.downsample.{ours}": f"{network}_downsampling_{theirs}_{stage - 2}"
                for stage in (2, 3, 4)
                for ours, theirs in (("norm", "layernorm"), ("conv", "conv"))
            },
            "depthwise_conv": "{block}_depthwise_conv",
            "depthwise_norm": "{block}_layernorm",
            "expand_dense": "{block}_pointwise_conv_1",
            "expand_activation": "{block}_gelu",
            "project_dense": "{block}_pointwise_conv_2",
            "scale": "{block}_layer_scale",
            "identity": "{block}_identity",
            "head.pool": f"{network}_head_gap",
            "head.norm": f"{network}_head_layernorm",
            "head.probabilities": f"{network}_head_dense",
        },
        without_top={
            "head.pool": Numbered(),
            "head.norm": Numbered(),
        },
    )


def _input_range(options: Mapping[str, Any]) -> Range:
    return PIXELS if options["include_preprocessing"] else STANDARDIZED


README = "facebookresearch/ConvNeXt README"
CUT = "params' digits cut, not rounded"


def _spec(name: str, depths: tuple[int, ...], width: int, published: Published) -> ModelSpec:
    name = f"convnext_{name}"
    return ModelSpec(
        name=name,
        family="ConvNeXt",
        year=2022,
        paper=Paper("A ConvNet for the 2020s", "2201.03545"),
        introduced="a ResNet modernized step by step towards Swin Transformer",
        build=convnext,
        flavors=(keras(_input_range, _layer_names(name)),),
        fixed={"depths": depths, "width": width},
        published=(published,),
        descends_from=("resnet", "resnext", "mobilenet_v2"),
        architecture="convnext",
    )


MODELS = (
    _spec("tiny", TINY, 96, Published(README, "28M", "4.5G", 82.1, CUT)),
    _spec("small", DEEP, 96, Published(README, "50M", "8.7G", 83.1)),
    _spec("base", DEEP, 128, Published(README, "89M", "15.4G", 83.8)),
    _spec("large", DEEP, 192, Published(README, "198M", "34.4G", 84.3)),
    _spec("xlarge", DEEP, 256, Published(f"{README}, trained on ImageNet-22K before", "350M", "60.9G", 87.0)),
)
