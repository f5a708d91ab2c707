"""torchvision's weights, as their metadata tells of them in torchvision 0.28 (torchvision/models/*.py, `_ops` and
`num_params`): what torchvision's own training came to, which need not be what the paper's did.

`_ops` are multiply-accumulates in billions at the weights' own crop, which is the network's usual input but for
EfficientNet-B2.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from cnncli.models.spec import Published

FIRST, SECOND = "torchvision's weights IMAGENET1K_V1", "torchvision's weights IMAGENET1K_V2"


class Weights(NamedTuple):
    """Of a network; `second` is the accuracy of the weights of a later and longer training, where there are any."""

    name: str
    params: str
    macs: str
    first: float
    second: float | None = None
    options: Mapping[str, Any] = MappingProxyType({})
    erratum: str = ""

    @property
    def published(self) -> tuple[Published, ...]:
        known = {FIRST: self.first, SECOND: self.second}
        return tuple(
            Published(source, self.params, self.macs, top1, self.erratum, self.options)
            for source, top1 in known.items()
            if top1 is not None
        )


WEIGHTS = (
    Weights("alexnet_owt", "61,100,840", "0.714G", 56.522),
    Weights("vgg11", "132,863,336", "7.609G", 69.02),
    Weights("vgg13", "133,047,848", "11.308G", 69.928),
    Weights("vgg16", "138,357,544", "15.47G", 71.592),
    Weights("vgg19", "143,667,240", "19.632G", 72.376),
    Weights("googlenet", "6,624,904", "1.498G", 69.778),
    Weights("inception_v3", "27,161,264", "5.713G", 77.294, erratum="params with the auxiliary classifier"),
    Weights("resnet18", "11,689,512", "1.814G", 69.758),
    Weights("resnet34", "21,797,672", "3.664G", 73.314),
    Weights("resnet50", "25,557,032", "4.089G", 76.13, 80.858),
    Weights("resnet101", "44,549,160", "7.801G", 77.374, 81.886),
    Weights("resnet152", "60,192,808", "11.514G", 78.312, 82.284),
    Weights("wide_resnet50_2", "68,883,240", "11.398G", 78.468, 81.602),
    Weights("densenet121", "7,978,856", "2.834G", 74.434),
    Weights("densenet169", "14,149,480", "3.36G", 75.6),
    Weights("densenet201", "20,013,928", "4.291G", 76.896),
    Weights("densenet161", "28,681,000", "7.728G", 77.138),
    Weights("resnext50_32x4d", "25,028,904", "4.23G", 77.618, 81.198),
    Weights("squeezenet_1_0", "1,248,424", "0.819G", 58.092),
    Weights("squeezenet_1_1", "1,235,496", "0.349G", 58.178),
    Weights("mobilenet_v2", "3,504,872", "0.301G", 71.878, 72.154),
    Weights("shufflenet_v2", "1,366,792", "0.04G", 60.552, options={"alpha": 0.5}),
    Weights("shufflenet_v2", "2,278,604", "0.145G", 69.362),
    Weights("shufflenet_v2", "3,503,624", "0.296G", 72.996, options={"alpha": 1.5}),
    Weights("shufflenet_v2", "7,393,996", "0.583G", 76.23, options={"alpha": 2.0}),
    Weights("mnasnet_b1", "4,383,312", "0.314G", 73.456),
    Weights("mobilenet_v3_small", "2,542,856", "0.057G", 67.668),
    Weights("mobilenet_v3_large", "5,483,032", "0.217G", 74.042, 75.274),
    Weights("efficientnet_b0", "5,288,548", "0.386G", 77.692),
    Weights("efficientnet_b1", "7,794,184", "0.687G", 78.642, 79.838),
    Weights("efficientnet_b2", "9,109,994", "1.088G", 80.608, options={"input_shape": (288, 288, 3)}),
    Weights("efficientnet_b3", "12,233,232", "1.827G", 82.008),
    Weights("efficientnet_b4", "19,341,616", "4.394G", 83.384),
    Weights("efficientnet_b5", "30,389,784", "10.266G", 83.444),
    Weights("efficientnet_b6", "43,040,704", "19.068G", 84.008),
    Weights("efficientnet_b7", "66,347,960", "37.746G", 84.122),
    Weights("regnet_x_400mf", "5,495,976", "0.414G", 72.834, 74.864),
    Weights("regnet_x_800mf", "7,259,656", "0.8G", 75.212, 77.522),
    Weights("regnet_x_1_6gf", "9,190,136", "1.603G", 77.04, 79.668),
    Weights("regnet_x_3_2gf", "15,296,552", "3.177G", 78.364, 81.196),
    Weights("regnet_x_8gf", "39,572,648", "7.995G", 79.344, 81.682),
    Weights("regnet_x_16gf", "54,278,536", "15.941G", 80.058, 82.716),
    Weights("regnet_x_32gf", "107,811,560", "31.736G", 80.622, 83.014),
    Weights("regnet_y_400mf", "4,344,144", "0.402G", 74.046, 75.804),
    Weights("regnet_y_800mf", "6,432,512", "0.834G", 76.42, 78.828),
    Weights("regnet_y_1_6gf", "11,202,430", "1.612G", 77.95, 80.876),
    Weights("regnet_y_3_2gf", "19,436,338", "3.176G", 78.948, 81.982),
    Weights("regnet_y_8gf", "39,381,472", "8.473G", 80.032, 82.828),
    Weights("regnet_y_16gf", "83,590,140", "15.912G", 80.424, 82.886),
    Weights("regnet_y_32gf", "145,046,770", "32.28G", 80.878, 83.368),
    Weights("efficientnet_v2_s", "21,458,488", "8.366G", 84.228),
    Weights("efficientnet_v2_m", "54,139,356", "24.582G", 85.112),
    Weights("efficientnet_v2_l", "118,515,272", "56.08G", 85.808),
    Weights("convnext_tiny", "28,589,128", "4.456G", 82.52),
    Weights("convnext_small", "50,223,688", "8.684G", 83.616),
    Weights("convnext_base", "88,591,464", "15.355G", 84.062),
    Weights("convnext_large", "197,767,336", "34.361G", 84.414),
    Weights("resnext101_32x8d", "88,791,336", "16.414G", 79.312),
    Weights("resnext101_64x4d", "83,455,272", "15.46G", 83.246),
    Weights("wide_resnet101_2", "126,886,696", "22.753G", 78.848),
    Weights("mnasnet_b1", "2,218,512", "0.104G", 67.734, options={"alpha": 0.5}),
    Weights("mnasnet_b1", "3,170,208", "0.215G", 71.18, options={"alpha": 0.75}),
    Weights("mnasnet_b1", "6,282,256", "0.526G", 76.506, options={"alpha": 1.3}),
)
TABLES: Mapping[str, tuple[Published, ...]] = {
    name: tuple(figures for each in WEIGHTS if each.name == name for figures in each.published)
    for name in {each.name for each in WEIGHTS}
}
