"""Pooling: windows, and the whole map."""

from __future__ import annotations

from math import prod

from cnncli.graph.layer import (
    Layer,
    Shape,
    Size,
    Weight,
    Window,
    as_pair,
    check_padding,
    layer_class,
    pair,
    sliding,
)
from cnncli.graph.layers.activation import ACTIVATION_FLOPS, check_activation
from cnncli.graph.roles import Role


@layer_class
class _Pooling(Layer):
    pool_size: Size = (2, 2)
    strides: Size | None = None
    padding: str = "valid"

    role = Role.POOLING

    def __post_init__(self) -> None:
        as_pair(self, pool_size=self.pool_size)
        as_pair(self, strides=self.pool_size if self.strides is None else self.strides)
        self.require_positive("pool_size", "strides")
        check_padding(self, self.padding)

    def window(self, *inputs: Shape) -> Window:
        return Window(pair(self.pool_size), pair(self.strides or self.pool_size))

    def output_shape(self, *inputs: Shape) -> Shape:
        height, width, channels = self.feature_map(inputs)
        extent, stride = pair(self.pool_size), pair(self.strides or self.pool_size)
        return (*sliding(self, (height, width), extent, stride, self.padding), channels)

    def flops(self, *inputs: Shape) -> int:
        """One for each cell of the window."""
        return prod(pair(self.pool_size)) * prod(self.output_shape(*inputs))


@layer_class
class MaxPooling2D(_Pooling):
    """The largest cell of each window."""


@layer_class
class AveragePooling2D(_Pooling):
    """The mean of each window."""


@layer_class
class Subsampling2D(_Pooling):
    """LeNet's: the mean of each window by a trained coefficient a map, and a trained bias (LeCun et al. 1998).

    The products are counted as those of normalization are: they are no MACs.
    """

    activation: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_activation(self, self.activation)

    @property
    def function(self) -> str:
        return self.activation or "linear"

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = self.feature_map(inputs)[-1:]
        return Weight("coefficient", channels), Weight("bias", channels)

    def flops(self, *inputs: Shape) -> int:
        """The mean's; a product (a kernel's multiply and add), the bias and the activation a cell."""
        return super().flops(*inputs) + (3 + ACTIVATION_FLOPS[self.function]) * prod(self.output_shape(*inputs))


@layer_class
class GlobalPooling(Layer):
    """One value a channel: (channels,), or (1, 1, channels) with `keepdims`."""

    keepdims: bool = False

    role = Role.POOLING

    def output_shape(self, *inputs: Shape) -> Shape:
        *_, channels = self.feature_map(inputs)
        return (1, 1, channels) if self.keepdims else (channels,)

    def window(self, *inputs: Shape) -> None:
        return None


@layer_class
class GlobalAveragePooling2D(GlobalPooling):
    """The mean of the map."""

    def flops(self, *inputs: Shape) -> int:
        return prod(self.feature_map(inputs))


@layer_class
class GlobalMaxPooling2D(GlobalPooling):
    """The largest cell of the map, which the profiler counts as 0."""
