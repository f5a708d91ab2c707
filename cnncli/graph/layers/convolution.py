"""Layers with kernels: convolutions and dense layers."""

from __future__ import annotations

from math import prod
from typing import Any

from cnncli.graph.layer import (
    Layer,
    Shape,
    Size,
    Weight,
    Window,
    as_pair,
    check_padding,
    dilated,
    initial,
    kept,
    layer_class,
    pair,
    sliding,
)
from cnncli.graph.layers.activation import ACTIVATION_FLOPS, check_activation
from cnncli.graph.roles import Role
from cnncli.records import Record, record


@record
class VarianceScaling(Record):
    """Keras's initializer of that name; `mode` and `distribution` as there."""

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"


Initializer = str | VarianceScaling


@layer_class
class Kernel(Layer):
    """What layers with a kernel share: FLOPs are two a MAC, one a cell for the bias, and the activation's."""

    def flops(self, *inputs: Shape) -> int:
        return 2 * self.macs(*inputs) + self._after_kernel(prod(self.output_shape(*inputs)))

    @property
    def function(self) -> str:
        options: Any = self
        return str(options.activation)

    def _after_kernel(self, cells: int) -> int:
        options: Any = self
        per_cell = ACTIVATION_FLOPS[options.activation] + (1 if options.use_bias else 0)
        return per_cell * cells

    def _bias(self, filters: int) -> tuple[Weight, ...]:
        options: Any = self
        return (Weight("bias", (filters,)),) if options.use_bias else ()


@layer_class
class _Convolution(Kernel):
    """What convolutions share: the window that slides over height and width."""

    role = Role.CONVOLUTION

    def __post_init__(self) -> None:
        options: Any = self
        as_pair(self, kernel_size=options.kernel_size, strides=options.strides, dilation_rate=options.dilation_rate)
        self.require_positive("kernel_size", "strides", "dilation_rate")
        check_padding(self, options.padding)
        check_activation(self, options.activation)
        if max(options.strides) > 1 and max(options.dilation_rate) > 1:
            self.fail(f"strides={options.strides} and dilation_rate={options.dilation_rate} cannot both exceed 1")

    def _positions(self, inputs: tuple[Shape, ...]) -> tuple[int, int]:
        options: Any = self
        height, width, _ = self.feature_map(inputs)
        extent = dilated(options.kernel_size, options.dilation_rate)
        return sliding(self, (height, width), extent, options.strides, options.padding)

    def window(self, *inputs: Shape) -> Window:
        options: Any = self
        return Window(dilated(options.kernel_size, options.dilation_rate), options.strides)


def _filled_up_flops(layer: Conv2D | DepthwiseConv2D | SeparableConv2D, inputs: tuple[Shape, ...]) -> int:
    """Float operations at positions that a dilated kernel has for TensorFlow only.

    It cuts the padded map into d x d maps of every d-th cell, filled up to equal sizes, and convolves each of them.
    """
    if max(pair(layer.dilation_rate)) == 1:
        return 0
    computed = 1
    for axis, size in enumerate(layer.feature_map(inputs)[:2]):
        kernel, dilation = pair(layer.kernel_size)[axis], pair(layer.dilation_rate)[axis]
        padded = size + (dilation * (kernel - 1) if layer.padding == "same" else 0)
        computed *= dilation * (-(-padded // dilation) - kernel + 1)
    return 2 * layer.weights(*inputs)[0].size * (computed - prod(layer._positions(inputs)))


@layer_class
class Conv2D(_Convolution):
    """(height, width, channels) to (positions, filters); `groups` splits channels and filters alike."""

    filters: int
    kernel_size: Size
    strides: Size = (1, 1)
    padding: str = "valid"
    dilation_rate: Size = (1, 1)
    groups: int = 1
    activation: str | None = None
    use_bias: bool = True
    kernel_initializer: Initializer = initial("glorot_uniform")

    def __post_init__(self) -> None:
        self.require_positive("filters", "groups")
        if self.filters % self.groups:
            self.fail(f"groups={self.groups} does not divide filters={self.filters}")
        super().__post_init__()

    @kept
    def output_shape(self, *inputs: Shape) -> Shape:
        channels = inputs[0][-1] if inputs else 0
        if channels % self.groups:
            self.fail(f"groups={self.groups} does not divide {channels} input channels")
        return (*self._positions(inputs), self.filters)

    @kept
    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        *_, channels = self.feature_map(inputs)
        kernel = Weight("kernel", (*pair(self.kernel_size), channels // self.groups, self.filters))
        return (kernel, *self._bias(self.filters))

    def flops(self, *inputs: Shape) -> int:
        return super().flops(*inputs) + _filled_up_flops(self, inputs)


@layer_class
class DepthwiseConv2D(_Convolution):
    """Each channel by itself, with `depth_multiplier` kernels a channel."""

    kernel_size: Size
    strides: Size = (1, 1)
    padding: str = "valid"
    depth_multiplier: int = 1
    dilation_rate: Size = (1, 1)
    activation: str | None = None
    use_bias: bool = True
    depthwise_initializer: Initializer = initial("glorot_uniform")

    role = Role.DEPTHWISE

    def __post_init__(self) -> None:
        self.require_positive("depth_multiplier")
        super().__post_init__()
        height, width = pair(self.strides)
        if height != width:  # TensorFlow's kernel refuses it, whatever Keras's shape inference says
            self.fail(f"strides={self.strides} must be equal along height and width")

    @kept
    def output_shape(self, *inputs: Shape) -> Shape:
        return (*self._positions(inputs), self.feature_map(inputs)[2] * self.depth_multiplier)

    @kept
    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        *_, channels = self.feature_map(inputs)
        kernel = Weight("kernel", (*pair(self.kernel_size), channels, self.depth_multiplier))
        return (kernel, *self._bias(channels * self.depth_multiplier))

    def kernel_positions(self, *inputs: Shape) -> int:
        return prod(self._positions(inputs))

    def flops(self, *inputs: Shape) -> int:
        return super().flops(*inputs) + _filled_up_flops(self, inputs)


@layer_class
class SeparableConv2D(_Convolution):
    """A depthwise convolution and a 1x1 convolution in one layer."""

    filters: int
    kernel_size: Size
    strides: Size = (1, 1)
    padding: str = "valid"
    dilation_rate: Size = (1, 1)
    depth_multiplier: int = 1
    activation: str | None = None
    use_bias: bool = True

    def __post_init__(self) -> None:
        self.require_positive("filters", "depth_multiplier")
        super().__post_init__()
        height, width = pair(self.strides)
        if height != width:
            self.fail(f"strides={self.strides} must be equal along height and width")

    @kept
    def output_shape(self, *inputs: Shape) -> Shape:
        return (*self._positions(inputs), self.filters)

    @kept
    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        *_, channels = self.feature_map(inputs)
        depthwise = Weight("depthwise_kernel", (*pair(self.kernel_size), channels, self.depth_multiplier))
        pointwise = Weight("pointwise_kernel", (1, 1, channels * self.depth_multiplier, self.filters))
        return (depthwise, pointwise, *self._bias(self.filters))

    def between(self, *inputs: Shape) -> Shape:
        *_, channels = self.feature_map(inputs)
        return (*self._positions(inputs), channels * self.depth_multiplier)

    def flops(self, *inputs: Shape) -> int:
        return super().flops(*inputs) + _filled_up_flops(self, inputs)


@layer_class
class Conv2DTranspose(_Convolution):
    """The gradient of a convolution: each input cell spreads over a window of the output.

    The output is n s (with "same"), or (n - 1) s + k where that is larger (with "valid"), an axis; a given
    `output_padding` p makes it (n - 1) s + k + p - 2 (k // 2) for "same" and (n - 1) s + k + p for "valid".
    """

    filters: int
    kernel_size: Size
    strides: Size = (1, 1)
    padding: str = "valid"
    output_padding: Size | None = None
    dilation_rate: Size = (1, 1)
    activation: str | None = None
    use_bias: bool = True
    kernel_initializer: Initializer = initial("glorot_uniform")

    def __post_init__(self) -> None:
        self.require_positive("filters")
        super().__post_init__()
        if self.output_padding is not None:
            as_pair(self, output_padding=self.output_padding)
            paddings, strides = pair(self.output_padding), pair(self.strides)
            if paddings[0] >= strides[0] or paddings[1] >= strides[1] or min(paddings) < 0:
                self.fail(f"output_padding={paddings} must be at least 0 and less than strides={strides}")

    @kept
    def output_shape(self, *inputs: Shape) -> Shape:
        height, width, _ = self.feature_map(inputs)
        return (self._extent(height, 0), self._extent(width, 1), self.filters)

    def _extent(self, size: int, axis: int) -> int:
        stride = pair(self.strides)[axis]
        extent = dilated(self.kernel_size, self.dilation_rate)[axis]
        if self.output_padding is None:
            return size * stride if self.padding == "same" else size * stride + max(extent - stride, 0)
        cut = 2 * (extent // 2) if self.padding == "same" else 0
        return (size - 1) * stride + extent - cut + pair(self.output_padding)[axis]

    @kept
    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        *_, channels = self.feature_map(inputs)
        return (Weight("kernel", (*pair(self.kernel_size), self.filters, channels)), *self._bias(self.filters))

    def kernel_positions(self, *inputs: Shape) -> int:
        """Each kernel weight meets each input cell once."""
        height, width, _ = self.feature_map(inputs)
        return height * width

    def flops(self, *inputs: Shape) -> int:
        """The profiler takes output cells over strides for the positions, which "valid" makes a few more."""
        *positions, filters = self.output_shape(*inputs)
        kernel = self.weights(*inputs)[0].size
        return 2 * kernel * prod(positions) // prod(pair(self.strides)) + self._after_kernel(prod(positions) * filters)

    def window(self, *inputs: Shape) -> Window:
        extent, strides = dilated(self.kernel_size, self.dilation_rate), pair(self.strides)
        seen = -(-extent[0] // strides[0]), -(-extent[1] // strides[1])
        return Window(seen, (1 / strides[0], 1 / strides[1]))


@layer_class
class Dense(Kernel):
    """A matrix over the last axis."""

    units: int
    activation: str | None = None
    use_bias: bool = True
    kernel_initializer: Initializer = initial("glorot_uniform")

    role = Role.DENSE

    def __post_init__(self) -> None:
        self.require_positive("units")
        check_activation(self, self.activation)

    @kept
    def output_shape(self, *inputs: Shape) -> Shape:
        return (*self.one(inputs)[:-1], self.units)

    @kept
    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("kernel", (self.one(inputs)[-1], self.units)), *self._bias(self.units))


@layer_class
class RadialBasis(Kernel):
    """How far the input is from each of `units` codes of -1 and 1: the sum of the squared differences to it.

    The codes are given, not trained (LeCun et al. 1998: LeNet's output, where they are drawings of the characters).
    """

    units: int

    role = Role.DENSE

    def __post_init__(self) -> None:
        self.require_positive("units")

    @property
    def function(self) -> str:
        return "linear"

    @kept
    def output_shape(self, *inputs: Shape) -> Shape:
        return (*self.one(inputs)[:-1], self.units)

    @kept
    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("kernel", (self.one(inputs)[-1], self.units), False),)

    def flops(self, *inputs: Shape) -> int:
        """As |x - c|^2 = |x|^2 - 2 c x + |c|^2: the products with all codes, squares and their sum, what joins them."""
        norm = 2 * prod(self.one(inputs)) - self.kernel_positions(*inputs)
        return 2 * self.macs(*inputs) + norm + 3 * prod(self.output_shape(*inputs))
