"""Parallel branches that are trained, and the one convolution that they become (Ding et al. 2021, RepVGG).

A sum of convolutions over the same cells is one convolution: a 1x1 kernel is a larger one with zeros around it, the
input itself is a 1x1 kernel by the unit matrix, and batch normalization is a factor and a bias of the kernel before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from cnncli.graph import Graph, Node
from cnncli.graph.layer import pair
from cnncli.graph.layers import Add, BatchNormalization, Conv2D, DepthwiseConv2D, VarianceScaling
from cnncli.models.blocks.convolution import conv_bn, evenly
from cnncli.models.options import BOOLEANS, Option, boolean

Deploy = Annotated[
    bool,
    Option(
        boolean,
        "As deployed, each block's branches fused into one convolution; false: as trained.",
        BOOLEANS,
        ("inference_mode",),
    ),
]
BATCH_NORM = BatchNormalization(momentum=0.9, epsilon=1e-5)


def reparameterized(
    graph: Graph, x: Node, convolution: Conv2D | DepthwiseConv2D, name: str, *, deploy: bool, branches: int = 1
) -> Node:
    """A convolution with a bias; as trained, a sum of `branches` of it, of a 1x1 one and of the normalized input.

    There is a 1x1 one beside larger kernels only, and the input only where its shape is the output's. Strided windows
    are padded evenly: then the 1x1 kernel reads the middle of each, without which they would not fuse.
    """
    extent, stride = pair(convolution.kernel_size)[0], pair(convolution.strides)[0]
    window, padding = evenly(graph, x, extent, stride, name)
    convolution = replace(convolution, padding=padding)
    if deploy:
        return graph.add(_kept_alive(convolution), window, name=f"{name}_conv")
    convolution = replace(convolution, use_bias=False)
    names = [name, *(f"{name}{number}" for number in range(2, branches + 1))]
    summands = [conv_bn(graph, window, convolution, each, BATCH_NORM) for each in names]
    if extent > 1:
        scale = replace(convolution, kernel_size=1, padding="valid")
        summands.append(conv_bn(graph, x, scale, f"{name}_scale", BATCH_NORM))
    if stride == 1 and summands[0].shape == x.shape:
        summands.append(graph.add(BATCH_NORM, x, name=f"{name}_identity_bn"))
    return graph.add(Add(), *summands, name=f"{name}_add") if len(summands) > 1 else summands[0]


def _kept_alive(convolution: Conv2D | DepthwiseConv2D) -> Conv2D | DepthwiseConv2D:
    """With He et al.'s initial weights: behind many layers without normalization nothing is left by Keras's own."""
    if isinstance(convolution, DepthwiseConv2D):
        return replace(convolution, depthwise_initializer=VarianceScaling(2.0, "fan_out"))
    return replace(convolution, kernel_initializer=VarianceScaling(2.0, "fan_in"))
