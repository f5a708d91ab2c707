"""Convolutions with what stands around them: padding, normalization, activation; and pooling."""

from __future__ import annotations

from cnncli.graph import Graph, Layer, Node, Shape
from cnncli.graph.layer import Size, pair
from cnncli.graph.layers import BatchNormalization, InputLayer, ZeroPadding2D


def make_divisible(value: float, divisor: int = 8) -> int:
    """The multiple of 8 nearest to `value`, at least 8, and not below 0.9 times it (MobileNetV2's published code)."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def image(graph: Graph, input_shape: Shape) -> Node:
    return graph.add(InputLayer(input_shape), name="image")


def conv_bn(
    graph: Graph,
    x: Node,
    convolution: Layer,
    name: str,
    batch_norm: BatchNormalization,
    activation: Layer | None = None,
) -> Node:
    """A convolution, its batch normalization and, where there is one, its activation."""
    x = graph.add(convolution, x, name=f"{name}_conv")
    x = graph.add(batch_norm, x, name=f"{name}_bn")
    return graph.add(activation, x, name=f"{name}_activation") if activation else x


def bn_activation(graph: Graph, x: Node, name: str, batch_norm: BatchNormalization, activation: Layer) -> Node:
    """Pre-activation: normalization and activation before the convolution that reads them (He et al. 2016)."""
    x = graph.add(batch_norm, x, name=f"{name}_bn")
    return graph.add(activation, x, name=f"{name}_activation")


def pad_for_stride(graph: Graph, x: Node, kernel_size: int, name: str) -> Node:
    """The padding that puts a strided "valid" window where it is in the authors' pretrained weights.

    One cell less at the top and left where a side is even (keras.applications.imagenet_utils.correct_pad).
    """
    half = kernel_size // 2
    height, width, _ = x.shape
    sides = ((half - 1 + height % 2, half), (half - 1 + width % 2, half))
    return graph.add(ZeroPadding2D(sides), x, name=f"{name}_pad")


def strided(
    graph: Graph, x: Node, kernel_size: int, stride: int, name: str, *, explicitly: bool = True
) -> tuple[Node, str]:
    """What a window reads, and the `padding` of its layer: where it strides it is padded `explicitly`, or by "same"."""
    return (pad_for_stride(graph, x, kernel_size, name), "valid") if explicitly and stride > 1 else (x, "same")


def pad_evenly(graph: Graph, x: Node, kernel_size: int, name: str) -> Node:
    """Half a kernel on every side, for the "valid" window that reads it: Caffe's and PyTorch's padding of k // 2.

    At stride 1 it is `padding="same"`; at stride 2 that puts the odd cell at the bottom and right instead.
    """
    return graph.add(ZeroPadding2D(kernel_size // 2), x, name=f"{name}_pad")


def evenly(graph: Graph, x: Node, kernel_size: int, stride: int, name: str) -> tuple[Node, str]:
    """What a window padded evenly reads, and the `padding` of its layer: "same" where that comes to the same."""
    if kernel_size == 1:
        return x, "valid"
    return (x, "same") if stride == 1 else (pad_evenly(graph, x, kernel_size, name), "valid")


def pool_evenly(graph: Graph, x: Node, pooling: Layer, name: str) -> Node:
    """Pooling by a "valid" window padded evenly: PyTorch's."""
    extent, _ = pair(pooling.pool_size)  # type: ignore[attr-defined]
    return graph.add(pooling, pad_evenly(graph, x, extent, name), name=name)


def pool_up(graph: Graph, x: Node, pooling: Layer, name: str) -> Node:
    """Pooling by a "valid" window whose last steps may hang over the edge: Caffe's, and PyTorch's with ceil_mode.

    Zeros are put there, which a maximum of rectified values does not see.
    """
    over = tuple((0, _overhang(size, pooling, axis)) for axis, size in enumerate(x.shape[:2]))
    if any(cells for _, cells in over):
        x = graph.add(ZeroPadding2D(over), x, name=f"{name}_pad")  # type: ignore[arg-type]
    return graph.add(pooling, x, name=name)


def _overhang(size: int, pooling: Layer, axis: int) -> int:
    """Cells that the last step lacks along an axis, the number of steps rounded up."""
    window: Size = pooling.pool_size  # type: ignore[attr-defined]
    strides: Size = pooling.strides or window  # type: ignore[attr-defined]
    extent, stride = pair(window)[axis], pair(strides)[axis]
    return max(-(-(size - extent) // stride), 0) * stride + extent - size if size > extent else 0
