"""What a person calls a block, told from the layers in it.

`MBConv6` for a 1x1 convolution to six times the channels, a depthwise convolution and a 1x1 convolution back; with
rectifiers up to 6 it is MobileNet V2's InvertedResidual, with plain ones, gates or hard-swish MobileNet V3's
Bottleneck.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cnncli.graph import Kind
from cnncli.graph.roles import CONVOLUTIONS
from cnncli.grouping.sequences import expands, projects, widens
from cnncli.grouping.traits import Traits
from cnncli.grouping.units import Item
from cnncli.grouping.wiring import Wiring

UNIVERSAL = {"dpdp": "ExtraDW", "pdp": "InvertedBottleneck", "dpp": "ConvNeXt", "pp": "FFN"}
"""The instances of MobileNet V4's universal inverted bottleneck, in networks that have the first."""
EXPANDING = {"pdp": 0, "cp": 0, "pp": 0, "dpdp": 1, "dpp": 1}
"""Which kernel of a block widens."""
MULTIPLE = 8
"""Of what published networks make their widths."""


class Naming:
    """Names blocks; what of it is the network's habit, such as its activation, is told from all blocks together."""

    def __init__(self, wiring: Wiring, blocks: Sequence[Item]) -> None:
        self.traits = {id(item): Traits(wiring, item.nodes) for item in blocks}
        mobile = [each for each in self.traits.values() if "dp" in each.letters]
        self.inverted = _family(mobile)
        self.expands = any(each.letters == "pdp" for each in mobile)
        self.fused = any(map(_is_fused, self.traits.values()))
        self.universal = any(map(_is_extra_depthwise, self.traits.values()))

    def kind(self, item: Item) -> Kind:
        traits = self.traits[id(item)]
        if self.universal and traits.letters in UNIVERSAL:
            return Kind(UNIVERSAL[traits.letters], _expansion(traits))
        for name, fits in RULES:
            if fits(traits):
                return Kind(name)
        if traits.letters == "pdp" or (self.expands and traits.letters == "dp" and traits.is_linear):
            return Kind(self.inverted, _expansion(traits))
        if _is_fused(traits) or (self.fused and traits.letters == "c"):
            return Kind("FusedMBConv", _expansion(traits))
        if re.fullmatch("(dp|s)+", traits.letters):
            return Kind("DepthwiseSeparable")
        return Kind(_other(traits))


def _family(blocks: Sequence[Traits]) -> str:
    """MBConv (EfficientNet, MnasNet), Bottleneck (MobileNet V3) or InvertedResidual (V2), by what layers they have."""
    functions = set[str]().union(*(each.functions for each in blocks))
    gates = any(each.gates for each in blocks)
    if functions - {"linear", "sigmoid"} in ({"relu"}, {"relu6"}) and any(map(_sees_far, blocks)):
        return "MBConv"
    if functions & {"silu", "sigmoid"} and "hard_silu" not in functions and "relu" not in functions:
        return "MBConv"
    if "hard_silu" in functions or gates or ("relu" in functions and "relu6" not in functions):
        return "Bottleneck"
    return "InvertedResidual"


def _sees_far(traits: Traits) -> bool:
    """With a kernel above 3x3, as MnasNet's and EfficientNet-Lite's search found and MobileNet V2's tables lack."""
    return any(node.window is not None and max(node.window.extent) > 3 for node in traits.kernels)


def _is_fused(traits: Traits) -> bool:
    """EfficientNetV2's: a convolution of several cells that expands, and a 1x1 convolution that projects."""
    return traits.letters == "cp" and expands(traits.kernels[0]) and projects(traits.kernels[1:]) and traits.is_linear


def _expansion(traits: Traits) -> float | None:
    """By how much the first convolution widens; where the width was rounded to a multiple, the whole number before."""
    before = traits.input_channels
    after = traits.kernels[EXPANDING[traits.letters]].shape[-1] if traits.letters in EXPANDING else before
    if not isinstance(before, int) or not isinstance(after, int) or not before:
        return None
    whole = round(after / before)
    rounded = int(before * whole + MULTIPLE / 2) // MULTIPLE * MULTIPLE
    return float(whole) if rounded == after else after / before


def _is_extra_depthwise(traits: Traits) -> bool:
    """MobileNet V4's: an inverted bottleneck with a depthwise convolution before it too."""
    if traits.letters != "dpdp":
        return False
    _, expand, _, project = traits.kernels
    return widens(expand) and projects([project]) and traits.is_linear


def _is_ghost(traits: Traits) -> bool:
    """GhostNet's: two modules that lay cheap features beside those that they are made of."""
    joins = sum(not node.layer.combines for node in traits.merging)
    return joins == 2 and re.fullmatch("(dp)?pdd?pd(dp)?", traits.letters) is not None


def _is_cell(traits: Traits) -> bool:
    """A cell of NASNet and its like: sums of pairs, laid behind each other."""
    return traits.ends_in_concatenation and sum(node.layer.combines == "sum" for node in traits.merging) > 1


def _is_reduction_cell(traits: Traits) -> bool:
    """A cell that makes its map smaller; one that reads a larger map beside its own skips cells, which is no window."""
    windows = [node.window for node in traits.nodes]
    return _is_cell(traits) and any(each and max(each.stride) > 1 and max(each.extent) > 1 for each in windows)


def _is_residual_inception(traits: Traits) -> bool:
    """Parallel branches whose concatenation is added to what they read."""
    return traits.ends_in_sum and any(not node.layer.combines for node in traits.merging)


def _is_convnext(traits: Traits) -> bool:
    return traits.ends_in_sum and traits.letters in ("dpp", "dff")


def _is_fire(traits: Traits) -> bool:
    return traits.ends_in_concatenation and traits.letters in ("ppc", "pcp")


def _is_shuffle(traits: Traits) -> bool:
    return (traits.ends_in_concatenation and "d" in traits.letters) or traits.letters == "gdg"


def _is_dense(traits: Traits) -> bool:
    """A dense layer: its input laid beside what it makes of it."""
    inside = {node.index for node in traits.nodes}
    joins = traits.ends_in_concatenation and len(traits.kernels) <= 2
    return joins and any(source.index not in inside for source in traits.merging[-1].inputs)


def _is_bottleneck(traits: Traits) -> bool:
    return traits.ends_in_sum and traits.letters in ("pcp", "pgp", "pcpp", "pgpp", "ppcp", "ppgp")


def _is_basic(traits: Traits) -> bool:
    return traits.ends_in_sum and traits.letters in ("cc", "ccp", "cpc", "pcc")


def _is_repvgg(traits: Traits) -> bool:
    """RepVGG's as trained: a convolution and a 1x1 one of the same, perhaps in groups, and perhaps that itself."""
    return traits.ends_in_sum and sorted(traits.letters) in (["c", "p"], ["g", "g"]) and traits.in_parallel


def _is_mobileone(traits: Traits) -> bool:
    """MobileOne's as trained: depthwise branches, then 1x1 ones."""
    return bool(traits.merging) and re.fullmatch("dd+p+", traits.letters) is not None


def _is_separable_residual(traits: Traits) -> bool:
    """Xception's: of separable convolutions, or of what a runtime makes of two or more."""
    return traits.ends_in_sum and ("s" in traits.letters or traits.letters.count("dp") > 1)


RULES: tuple[tuple[str, Callable[[Traits], bool]], ...] = (
    ("ReductionCell", _is_reduction_cell),
    ("GhostBottleneck", _is_ghost),
    ("Cell", _is_cell),
    ("InceptionResidual", _is_residual_inception),
    ("ConvNeXt", _is_convnext),
    ("Fire", _is_fire),
    ("ShuffleUnit", _is_shuffle),
    ("DenseLayer", _is_dense),
    ("Inception", lambda traits: traits.ends_in_concatenation),
    ("RepVGGBlock", _is_repvgg),
    ("MobileOneBlock", _is_mobileone),
    ("Bottleneck", _is_bottleneck),
    ("BasicBlock", _is_basic),
    ("SeparableResidual", _is_separable_residual),
)
"""Names of blocks and what tells them, the first that fits."""


def _other(traits: Traits) -> str:
    if traits.ends_in_sum:
        return "Residual"
    convolutions = sum(node.role in CONVOLUTIONS for node in traits.kernels)
    return "Convolutions" if convolutions else "Block"
