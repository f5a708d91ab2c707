"""What a person would say of a layer and of a block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cnncli.graph import Group, Layer, Shape
from cnncli.graph.layers import (
    Activation,
    Add,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv2D,
    GlobalPooling,
    Multiply,
    SeparableConv2D,
)

CONVOLUTIONS = (Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D)


def layer_label(layer: Layer) -> str:
    """A layer's class with what tells it from others of its class: `DepthwiseConv2D 5x5 s2 relu`."""
    options: Any = layer
    words = [type(layer).__name__]
    kernel = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if kernel:
        words.append(_extent(kernel))
    if max(getattr(layer, "strides", None) or (1,)) > 1:
        words.append(_strides(options.strides))
    if max(getattr(layer, "dilation_rate", (1,))) > 1:
        words.append(f"d{options.dilation_rate[0]}")
    if getattr(layer, "groups", 1) != 1:
        words.append(f"g{options.groups}")
    if isinstance(layer, Activation) or getattr(layer, "activation", "linear") != "linear":
        words.append(options.activation)
    if getattr(layer, "max_value", None) is not None:
        words.append(f"{options.max_value:g}")
    return " ".join(words)


def _extent(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _strides(strides: tuple[int, int]) -> str:
    return f"s{strides[0]}" if strides[0] == strides[1] else f"s{strides[0]}x{strides[1]}"


@dataclass(frozen=True)
class Traits:
    """What tells a block from another. `blocks` counts those in a stage; `strides` is by how much the map shrinks."""

    kind: str
    kernel_size: tuple[int, int]
    strides: tuple[int, int]
    squeeze_excite: bool
    residual: bool
    activation: str
    input_shape: Shape
    output_shape: Shape
    blocks: int

    @property
    def label(self) -> str:
        """`MBConv6 k5x5 s2 SE`."""
        words = [self.kind, f"k{_extent(self.kernel_size)}"]
        if max(self.strides) > 1:
            words.append(_strides(self.strides))
        if self.squeeze_excite:
            words.append("SE")
        if self.activation == "hard_silu":
            words.append("h-swish")  # as MobileNet V3's tables mark it: it varies between the blocks
        return " ".join(words)


def traits(group: Group) -> Traits | None:
    """The traits of a block or a stage of blocks; None for other groups, such as the stem, and single layers."""
    if not group.kinds:
        return None
    layers = [node.layer for node in group.nodes]
    convolutions = [layer for layer in layers if isinstance(layer, CONVOLUTIONS)]
    depthwise = [layer for layer in convolutions if isinstance(layer, DepthwiseConv2D)]
    kernels: list[Any] = [layer.kernel_size for layer in depthwise or convolutions]
    activations = [str(layer.activation) for layer in layers if isinstance(layer, Activation)]
    kinds = set(group.kinds)
    return Traits(
        kind=group.kinds[0] if len(kinds) == 1 else _common(kinds),
        kernel_size=max(kernels, default=(1, 1)),
        strides=_shrinking(group.input_shape, group.shape),
        squeeze_excite=any(isinstance(layer, Multiply) for layer in layers)
        and any(isinstance(layer, GlobalPooling) for layer in layers),
        residual=any(isinstance(layer, Add) for layer in layers),
        activation=activations[0] if activations else "",
        input_shape=group.input_shape,
        output_shape=group.shape,
        blocks=len(group.kinds),
    )


def _common(kinds: set[str]) -> str:
    """`MBConv` of MBConv1 and MBConv6."""
    stems = {kind.rstrip("0123456789.") for kind in kinds}
    return stems.pop() if len(stems) == 1 else "Blocks"


def _shrinking(before: Shape, after: Shape) -> tuple[int, int]:
    if len(before) != 3 or len(after) != 3:
        return 1, 1
    return max(1, round(before[0] / after[0])), max(1, round(before[1] / after[1]))


def group_label(group: Group) -> str:
    """A block by its traits (a stage with the count of its blocks), any other group by the layers that do its work."""
    if len(group.nodes) == 1:
        return layer_label(group.nodes[0].layer)
    found = traits(group)
    if found:
        return found.label + (f" x{found.blocks}" if found.blocks > 1 else "")
    working = [node.layer for node in group.nodes if node.macs or isinstance(node.layer, GlobalPooling)]
    return " + ".join(_counted([layer_label(layer) for layer in working])) or f"{len(group.nodes)} layers"


def _counted(labels: Sequence[str]) -> list[str]:
    runs = [(label, len(list(run))) for label, run in groupby(labels)]
    return [f"{label} x{count}" if count > 1 else label for label, count in runs]
