"""RegNet: not a network but a design space, whose block widths follow a straight line (Radosavovic et al. 2020)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import groupby
from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import BatchNormalization, Conv2D, ReLU
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, evenly, image, make_divisible, pad_evenly
from cnncli.models.blocks.gates import gate, squeeze_excite
from cnncli.models.blocks.residual import residual
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import PAPER, Deviations, Flavor, ModelSpec, Paper, Published, torchvision


class Space(NamedTuple):
    """A network by the paper's parameters: depth d, initial width w_0, slope w_a, width multiplier w_m, group width g.

    (Section 3.3; the values of each network are in the authors' code, pycls, as REGNET.DEPTH, W0, WA, WM and GROUP_W.)
    """

    depth: int
    initial: int
    slope: float
    multiplier: float
    group: int

    def widths(self) -> list[int]:
        """Of each block: its place on the line (equation 2), as the nearest power of the multiplier (equations 3, 4).

        The authors' code makes them multiples of 8.
        """
        line = [self.initial + self.slope * block for block in range(self.depth)]
        powers = [round(math.log(width / self.initial, self.multiplier)) for width in line]
        return [8 * round(self.initial * self.multiplier**power / 8) for power in powers]


class Stage(NamedTuple):
    """Blocks of one width; with groups as wide as `group`."""

    blocks: int
    width: int
    group: int


STEM = 32
SQUEEZE = 4
"""By how much squeeze-and-excitation narrows the block's input channels."""
BATCH_NORM = BatchNormalization(momentum=0.9, epsilon=1e-5)

ROUNDING = "widths made multiples of the group's never by less than 0.9 times, which widens the narrow stages"


def regnet(
    graph: Graph,
    deviations: Deviations,
    *,
    space: Space,
    squeezes: bool,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    """The simplest of networks (figure 3): a stem, four stages of one block each repeated, a classifier."""
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = pad_evenly(graph, x, 3, "stem")
        x = conv_bn(graph, x, Conv2D(STEM, 3, strides=2, use_bias=False), "stem", BATCH_NORM, ReLU())
    for number, stage in enumerate(_stages(space, deviations), 1):
        with graph.scope("stage", number):
            for block in range(1, stage.blocks + 1):
                with graph.scope("block", block, kind="Bottleneck"):
                    x = _block(graph, x, stage, 2 if block == 1 else 1, squeezes)
    with graph.scope("head"):
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _stages(space: Space, deviations: Deviations) -> list[Stage]:
    """Blocks of the same width are a stage, whose width is then made a multiple of its group's."""
    found = []
    for width, blocks in groupby(space.widths()):
        group = min(space.group, width)
        whole = make_divisible(width, group) if "rounding" in deviations else group * round(width / group)
        found.append(Stage(len(list(blocks)), whole, group))
    return found


def _block(graph: Graph, x: Node, stage: Stage, stride: int, squeezes: bool) -> Node:
    """ResNeXt's bottleneck that does not narrow, for the best networks of the space do not (section 4)."""
    shortcut, channels, width = x, x.shape[-1], stage.width
    if stride > 1 or channels != width:
        shortcut = conv_bn(graph, x, _pointwise(width, stride), "shortcut", BATCH_NORM)
    x = conv_bn(graph, x, _pointwise(width), "reduce", BATCH_NORM, ReLU())
    x, padding = evenly(graph, x, 3, stride, "grouped")
    grouped = Conv2D(width, 3, stride, padding, groups=width // stage.group, use_bias=False)
    x = conv_bn(graph, x, grouped, "grouped", BATCH_NORM, ReLU())
    if squeezes:
        x = squeeze_excite(graph, x, gate(width, round(channels / SQUEEZE)))
    x = conv_bn(graph, x, _pointwise(width), "expand", BATCH_NORM)
    return graph.add(ReLU(), residual(graph, shortcut, x), name="activation")


def _pointwise(width: int, stride: int = 1) -> Conv2D:
    return Conv2D(width, 1, stride, use_bias=False)


ZOO = "facebookresearch/pycls MODEL_ZOO.md"
AS_TORCHVISION = (PAPER, torchvision({"rounding": ROUNDING}))


class Entry(NamedTuple):
    """A network of the model zoo: its name, its space, its parameters, MACs and top-1."""

    name: str
    space: Space
    params: str
    macs: str
    top1: float
    flavors: tuple[Flavor, ...] = (PAPER,)


X = (
    Entry("200mf", Space(13, 24, 36.44, 2.49, 8), "2.7M", "0.2G", 68.9),
    Entry("400mf", Space(22, 24, 24.48, 2.54, 16), "5.2M", "0.4G", 72.7, AS_TORCHVISION),
    Entry("600mf", Space(16, 48, 36.97, 2.24, 24), "6.2M", "0.6G", 74.1),
    Entry("800mf", Space(16, 56, 35.73, 2.28, 16), "7.3M", "0.8G", 75.2),
    Entry("1_6gf", Space(18, 80, 34.01, 2.25, 24), "9.2M", "1.6G", 77.0),
    Entry("3_2gf", Space(25, 88, 26.31, 2.25, 48), "15.3M", "3.2G", 78.3),
    Entry("4_0gf", Space(23, 96, 38.65, 2.43, 40), "22.1M", "4.0G", 78.6),
    Entry("6_4gf", Space(17, 184, 60.83, 2.07, 56), "26.2M", "6.5G", 79.2),
    Entry("8gf", Space(23, 80, 49.56, 2.88, 120), "39.6M", "8.0G", 79.3),
    Entry("12gf", Space(19, 168, 73.36, 2.37, 112), "46.1M", "12.1G", 79.7),
    Entry("16gf", Space(22, 216, 55.59, 2.1, 128), "54.3M", "15.9G", 80.0),
    Entry("32gf", Space(23, 320, 69.86, 2.0, 168), "107.8M", "31.7G", 80.5),
)
Y = (
    Entry("200mf", Space(13, 24, 36.44, 2.49, 8), "3.2M", "0.2G", 70.4),
    Entry("400mf", Space(16, 48, 27.89, 2.09, 8), "4.3M", "0.4G", 74.1),
    Entry("600mf", Space(15, 48, 32.54, 2.32, 16), "6.1M", "0.6G", 75.5),
    Entry("800mf", Space(14, 56, 38.84, 2.4, 16), "6.3M", "0.8G", 76.3, AS_TORCHVISION),
    Entry("1_6gf", Space(27, 48, 20.71, 2.65, 24), "11.2M", "1.6G", 78.0),
    Entry("3_2gf", Space(21, 80, 42.63, 2.66, 24), "19.4M", "3.2G", 79.0),
    Entry("4_0gf", Space(22, 96, 31.41, 2.24, 64), "20.6M", "4.0G", 79.4),
    Entry("6_4gf", Space(25, 112, 33.22, 2.27, 72), "30.6M", "6.4G", 79.9),
    Entry("8gf", Space(17, 192, 76.82, 2.19, 56), "39.2M", "8.0G", 79.9, AS_TORCHVISION),
    Entry("12gf", Space(19, 168, 73.36, 2.37, 112), "51.8M", "12.1G", 80.3),
    Entry("16gf", Space(18, 200, 106.23, 2.48, 112), "83.6M", "15.9G", 80.4),
    Entry("32gf", Space(20, 232, 115.89, 2.53, 232), "145.0M", "32.3G", 81.0),
)
INTRODUCED: Mapping[str, str] = {
    "x": "a design space instead of a network: block widths on a quantized straight line",
    "y": "RegNetX's design space with squeeze-and-excitation",
}


def _spec(letter: str, entry: Entry) -> ModelSpec:
    return ModelSpec(
        name=f"regnet_{letter}_{entry.name}",
        family="RegNet",
        year=2020,
        paper=Paper("Designing Network Design Spaces", "2003.13678"),
        introduced=INTRODUCED[letter],
        build=regnet,
        flavors=entry.flavors,
        fixed={"space": entry.space, "squeezes": letter == "y"},
        published=(Published(ZOO, entry.params, entry.macs, entry.top1),),
        descends_from=("resnext",) if letter == "x" else ("resnext", "senet"),
        architecture="regnet",
    )


MODELS = tuple(_spec(letter, entry) for letter, entries in (("x", X), ("y", Y)) for entry in entries)
