"""The inverted residual and what came of it: a narrow map is widened, convolved channel by channel, narrowed again.

MobileNetV2's InvertedResidual; MnasNet's and EfficientNet's MBConv, which may gate the wide map; EfficientNetV2's
FusedMBConv, where one convolution both widens and sees its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    Initializer,
    ReLU,
    VarianceScaling,
)
from cnncli.models.blocks.convolution import conv_bn, evenly
from cnncli.models.blocks.gates import reshaped_gate, squeeze_excite

# What the authors of MnasNet and EfficientNet initialize convolutions and classifiers with.
CONVOLUTIONS = VarianceScaling(2.0, "fan_out")
CLASSIFIER = VarianceScaling(1 / 3, "fan_out", "uniform")


class Row(NamedTuple):
    """A stage, as tables have it: by how much its blocks widen, their kernel, output channels, number, first stride.

    `squeeze` is the share of a block's input channels that its gates are computed from, 0 for blocks without gates.
    """

    expansion: int
    kernel_size: int
    filters: int
    repeats: int
    stride: int
    squeeze: float = 0.0
    fused: bool = False


class Style(NamedTuple):
    """What all blocks of a network have in common.

    Strided convolutions are padded by "same", as TensorFlow's networks are, or `evenly`, as PyTorch's.
    """

    activation: Activation | ReLU | None
    batch_norm: BatchNormalization
    kernel_initializer: Initializer = CONVOLUTIONS
    evenly: bool = False

    @property
    def function(self) -> str | None:
        return self.activation.function if self.activation else None

    def convolve(self, graph: Graph, x: Node, name: str, filters: int, kernel_size: int = 1, stride: int = 1) -> Node:
        """A convolution with its padding, normalization and activation."""
        x, padding = self._padded(graph, x, name, kernel_size, stride)
        layer = Conv2D(
            filters,
            kernel_size,
            strides=stride,
            padding=padding,
            use_bias=False,
            kernel_initializer=self.kernel_initializer,
        )
        return conv_bn(graph, x, layer, name, self.batch_norm, self.activation)

    def convolve_channels(self, graph: Graph, x: Node, name: str, kernel_size: int, stride: int) -> Node:
        """The same of a depthwise convolution."""
        x, padding = self._padded(graph, x, name, kernel_size, stride)
        layer = DepthwiseConv2D(
            kernel_size,
            strides=stride,
            padding=padding,
            use_bias=False,
            depthwise_initializer=self.kernel_initializer,
        )
        return conv_bn(graph, x, layer, name, self.batch_norm, self.activation)

    def _padded(self, graph: Graph, x: Node, name: str, kernel_size: int, stride: int) -> tuple[Node, str]:
        return evenly(graph, x, kernel_size, stride, name) if self.evenly else (x, "same")


def inverted_residuals(
    graph: Graph, x: Node, rows: Sequence[Row], style: Style, kind: str, drop: float = 0.0, blocks: int = 0
) -> Node:
    """The stages of a table. In training `drop` of the examples skip the last block, linearly from none at the first.

    `blocks` is the number of blocks that the rates are spread over, unless all.
    """
    spread = blocks or sum(row.repeats for row in rows)
    number = 0
    for stage, row in enumerate(rows, 1):
        with graph.scope("stage", stage):
            for block in range(1, row.repeats + 1):
                name = f"Fused{kind}" if row.fused else kind
                with graph.scope("block", block, kind=name, expansion=row.expansion):
                    x = inverted_residual(
                        graph, x, row if block == 1 else row._replace(stride=1), style, drop * number / spread
                    )
                number += 1
    return x


def inverted_residual(graph: Graph, x: Node, row: Row, style: Style, drop: float = 0.0) -> Node:
    """One block; what it reads is added where it changes neither size nor channels."""
    shortcut, channels = x, x.shape[-1]
    if row.fused and row.expansion == 1:
        x = style.convolve(graph, x, "project", row.filters, row.kernel_size, row.stride)
    else:
        x = _wide(graph, x, row, style)
        if row.squeeze:
            squeezed = max(1, int(channels * row.squeeze))
            x = squeeze_excite(graph, x, reshaped_gate(x.shape[-1], squeezed, style.function, style.kernel_initializer))
        x = style._replace(activation=None).convolve(graph, x, "project", row.filters)
    if row.stride != 1 or channels != row.filters:
        return x
    if drop > 0:
        x = graph.add(Dropout(drop, noise_shape=(None, 1, 1, 1)), x, name="drop_connect")
    return graph.add(Add(), x, shortcut, name="add")


def _wide(graph: Graph, x: Node, row: Row, style: Style) -> Node:
    width = x.shape[-1] * row.expansion
    if row.fused:
        return style.convolve(graph, x, "expand", width, row.kernel_size, row.stride)
    if row.expansion != 1:
        x = style.convolve(graph, x, "expand", width)
    return style.convolve_channels(graph, x, "depthwise", row.kernel_size, row.stride)
