"""ResNeXt: ResNet's bottleneck with its 3x3 convolution in many groups (Xie et al. 2016)."""

from __future__ import annotations

from cnncli.models.families.resnet import LAYERS_50, LAYERS_101, TORCH, TORCHVISION, bottleneck, resnet
from cnncli.models.spec import ModelSpec, Paper, Published

# Table 1: 32 groups of 4 channels in the first stage, 128 where ResNet has 64.
BLOCK = bottleneck(inner=2, groups=32)

SOURCE = "facebookresearch/ResNeXt README"
ABOUT = "about, as of the ResNet of that depth"


def _spec(name: str, repeats: tuple[int, ...], *published: Published, aliases: tuple[str, ...] = ()) -> ModelSpec:
    return ModelSpec(
        name=name,
        family="ResNeXt",
        year=2016,
        paper=Paper("Aggregated Residual Transformations for Deep Neural Networks", "1611.05431"),
        introduced="cardinality: a bottleneck's 3x3 convolution in groups",
        build=resnet,
        aliases=aliases,
        fixed={"block": BLOCK, "repeats": repeats, "conventions": TORCH},
        published=published,
        descends_from=("resnet",),
        architecture="resnext",
    )


MODELS = (
    _spec(
        "resnext50_32x4d",
        LAYERS_50,
        Published(SOURCE, macs=4.1e9, top1=77.8, erratum=ABOUT),
        Published(TORCHVISION, 25028904, 4.23e9, 77.618),
        aliases=("resnext50",),
    ),
    _spec("resnext101_32x4d", LAYERS_101, Published(SOURCE, macs=7.8e9, top1=78.8, erratum=ABOUT)),
)
