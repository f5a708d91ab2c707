"""ResNeXt: ResNet's bottleneck with its 3x3 convolution in many groups (Xie et al. 2016)."""

from __future__ import annotations

from cnncli.models.families.resnet import FILTERS, LAYERS_50, LAYERS_101, TORCH, bottleneck, resnet
from cnncli.models.spec import ModelSpec, Paper, Published

SOURCE = "facebookresearch/ResNeXt README"
ABOUT = "about, as of the ResNet of that depth"


def _spec(
    groups: int, channels: int, repeats: tuple[int, ...], *published: Published, aliases: tuple[str, ...] = ()
) -> ModelSpec:
    """The 3x3 convolutions of the first stage have `groups` of `channels`, where ResNet's have 64 channels in all."""
    layers = 3 * sum(repeats) + 2
    block = bottleneck(inner=groups * channels // FILTERS, groups=groups)
    return ModelSpec(
        name=f"resnext{layers}_{groups}x{channels}d",
        family="ResNeXt",
        year=2016,
        paper=Paper("Aggregated Residual Transformations for Deep Neural Networks", "1611.05431"),
        introduced="cardinality, in how many groups a bottleneck's 3x3 convolution is",
        build=resnet,
        aliases=aliases,
        fixed={"block": block, "repeats": repeats, "conventions": TORCH},
        published=published,
        descends_from=("resnet",),
        architecture="resnext",
    )


MODELS = (
    _spec(
        32, 4, LAYERS_50,
        Published(SOURCE, macs="4.1G", top1=77.8, erratum=ABOUT),
        aliases=("resnext50",),
    ),
    _spec(32, 4, LAYERS_101, Published(SOURCE, macs="7.8G", top1=78.8, erratum=ABOUT)),
    _spec(32, 8, LAYERS_101),
    _spec(
        64, 4, LAYERS_101,
        Published(SOURCE, macs="15.6G", top1=79.6, erratum=ABOUT),
    ),
)  # fmt: skip
