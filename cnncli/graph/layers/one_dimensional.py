"""Layers along one axis: (steps, channels). Each is its two-dimensional twin on a map that is one cell wide."""

from __future__ import annotations

from typing import Any

from cnncli.graph.layer import Layer, Shape, Weight, Window, layer_class
from cnncli.graph.layers.convolution import Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D
from cnncli.graph.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalPooling,
    MaxPooling2D,
)
from cnncli.graph.layers.reshaping import Cropping2D, UpSampling2D, ZeroPadding2D
from cnncli.graph.roles import Role

Length = int | tuple[int]
"""An extent along the one axis as Keras takes it: a number, or a tuple of one."""


def length(layer: Layer, name: str, value: Any) -> int:
    """The number that a field holds, alone or in a tuple. Raises LayerError."""
    found = value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value
    if not isinstance(found, int) or isinstance(found, bool):
        layer.fail(f"{name}={value!r} must be one whole number")
    return found


@layer_class
class _Steps(Layer):
    """What they share: shapes, weights and work of the twin, without the axis that is one cell wide."""

    def _twin(self) -> Layer:
        raise NotImplementedError

    def _widened(self, inputs: tuple[Shape, ...]) -> Shape:
        shape = self.one(inputs)
        if len(shape) != 2:
            self.fail(f"needs an input of (steps, channels), was given shape {shape}")
        return (shape[0], 1, shape[1])

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = self._twin().output_shape(self._widened(inputs))
        return (shape[0], shape[2]) if len(shape) == 3 else shape

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        found = self._twin().weights(self._widened(inputs))
        return tuple(
            weight._replace(shape=(weight.shape[0], *weight.shape[2:])) if len(weight.shape) == 4 else weight
            for weight in found
        )

    def kernel_positions(self, *inputs: Shape) -> int:
        return self._twin().kernel_positions(self._widened(inputs))

    def macs(self, *inputs: Shape) -> int:
        return self._twin().macs(self._widened(inputs))

    def flops(self, *inputs: Shape) -> int:
        return self._twin().flops(self._widened(inputs))

    def window(self, *inputs: Shape) -> Window | None:
        return self._twin().window()

    def between(self, *inputs: Shape) -> Shape | None:
        found = self._twin().between(self._widened(inputs))
        return found and (found[0], found[2])

    @property
    def function(self) -> str:
        return self._twin().function

    def _lengths(self, *names: str) -> None:
        """Store these fields as numbers."""
        self.set(**{name: length(self, name, getattr(self, name)) for name in names})


@layer_class
class _Convolution1D(_Steps):
    """What convolutions along steps share: their fields in one form, the activation by the twin's spelling."""

    def __post_init__(self) -> None:
        self._lengths("kernel_size", "strides", "dilation_rate")
        self.set(activation=self._twin().function)


def _wide(padding: str) -> str:
    """A causal convolution pads before the first step what `same` pads at both ends."""
    return "same" if padding == "causal" else padding


@layer_class
class Conv1D(_Convolution1D):
    """(steps, channels) to (positions, filters); `causal` padding stands before the first step alone."""

    filters: int
    kernel_size: Length
    strides: Length = 1
    padding: str = "valid"
    dilation_rate: Length = 1
    groups: int = 1
    activation: str | None = None
    use_bias: bool = True

    role = Role.CONVOLUTION

    def _twin(self) -> Conv2D:
        size: Any = self
        return Conv2D(
            self.filters, (size.kernel_size, 1), (size.strides, 1), _wide(self.padding), (size.dilation_rate, 1),
            self.groups, self.activation, self.use_bias,
        )  # fmt: skip


@layer_class
class DepthwiseConv1D(_Convolution1D):
    """Each channel by itself, with `depth_multiplier` kernels a channel."""

    kernel_size: Length
    strides: Length = 1
    padding: str = "valid"
    depth_multiplier: int = 1
    dilation_rate: Length = 1
    activation: str | None = None
    use_bias: bool = True

    role = Role.DEPTHWISE

    def _twin(self) -> Layer:
        size: Any = self
        return _Depthwise(
            (size.kernel_size, 1), (size.strides, 1), _wide(self.padding), depth_multiplier=self.depth_multiplier,
            dilation_rate=(size.dilation_rate, 1), activation=self.activation, use_bias=self.use_bias,
        )  # fmt: skip


class _Depthwise(DepthwiseConv2D):
    """As DepthwiseConv2D, but with a stride along one axis: of a map one cell wide the other moves nothing."""

    def __post_init__(self) -> None:
        strides: Any = self.strides
        self.set(strides=(strides[0], strides[0]))
        super().__post_init__()


@layer_class
class SeparableConv1D(_Convolution1D):
    """A depthwise convolution and one of a single step in one layer."""

    filters: int
    kernel_size: Length
    strides: Length = 1
    padding: str = "valid"
    dilation_rate: Length = 1
    depth_multiplier: int = 1
    activation: str | None = None
    use_bias: bool = True

    role = Role.CONVOLUTION

    def _twin(self) -> SeparableConv2D:
        size: Any = self
        return SeparableConv2D(
            self.filters, (size.kernel_size, 1), (size.strides, size.strides), _wide(self.padding),
            (size.dilation_rate, 1), self.depth_multiplier, self.activation, self.use_bias,
        )  # fmt: skip


@layer_class
class Conv1DTranspose(_Convolution1D):
    """The gradient of a convolution: each step spreads over a window of the output."""

    filters: int
    kernel_size: Length
    strides: Length = 1
    padding: str = "valid"
    output_padding: Length | None = None
    dilation_rate: Length = 1
    activation: str | None = None
    use_bias: bool = True

    role = Role.CONVOLUTION

    def __post_init__(self) -> None:
        if self.output_padding is not None:
            self._lengths("output_padding")
        super().__post_init__()

    def _twin(self) -> Conv2DTranspose:
        size: Any = self
        more = None if size.output_padding is None else (size.output_padding, 0)
        return Conv2DTranspose(
            self.filters, (size.kernel_size, 1), (size.strides, 1), self.padding, more, (size.dilation_rate, 1),
            self.activation, self.use_bias,
        )  # fmt: skip


@layer_class
class _Pooling1D(_Steps):
    pool_size: Length = 2
    strides: Length | None = None
    padding: str = "valid"

    role = Role.POOLING

    def __post_init__(self) -> None:
        self._lengths("pool_size")
        self.set(strides=self.pool_size if self.strides is None else length(self, "strides", self.strides))
        self._twin()


@layer_class
class MaxPooling1D(_Pooling1D):
    """The largest of each window."""

    def _twin(self) -> MaxPooling2D:
        size: Any = self
        return MaxPooling2D((size.pool_size, 1), (size.strides, 1), self.padding)


@layer_class
class AveragePooling1D(_Pooling1D):
    """The mean of each window."""

    def _twin(self) -> AveragePooling2D:
        size: Any = self
        return AveragePooling2D((size.pool_size, 1), (size.strides, 1), self.padding)


@layer_class
class _GlobalPooling1D(_Steps):
    keepdims: bool = False

    role = Role.POOLING

    def output_shape(self, *inputs: Shape) -> Shape:
        *_, channels = self._widened(inputs)
        return (1, channels) if self.keepdims else (channels,)


@layer_class
class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean of all steps."""

    def _twin(self) -> GlobalPooling:
        return GlobalAveragePooling2D(self.keepdims)


@layer_class
class GlobalMaxPooling1D(_GlobalPooling1D):
    """The largest of all steps."""

    def _twin(self) -> GlobalPooling:
        return GlobalMaxPooling2D(self.keepdims)


def _ends(layer: Layer, name: str, value: Any) -> None:
    """Store cells before the first step and behind the last."""
    ends = (value, value) if isinstance(value, int) else tuple(value)
    if len(ends) == 1:
        ends *= 2
    layer.set(**{name: ends})


@layer_class
class ZeroPadding1D(_Steps):
    """Zeros before and behind."""

    padding: int | tuple[int, int] = 1

    role = Role.SHAPING
    pads = True

    def __post_init__(self) -> None:
        _ends(self, "padding", self.padding)
        self._twin()

    def _twin(self) -> ZeroPadding2D:
        sides: Any = self.padding
        return ZeroPadding2D((sides, (0, 0)))


@layer_class
class Cropping1D(_Steps):
    """The steps without the first and last ones."""

    cropping: int | tuple[int, int] = (1, 1)

    role = Role.SHAPING

    def __post_init__(self) -> None:
        _ends(self, "cropping", self.cropping)
        self._twin()

    def _twin(self) -> Cropping2D:
        sides: Any = self.cropping
        return Cropping2D((sides, (0, 0)))


@layer_class
class UpSampling1D(_Steps):
    """Each step `size` times."""

    size: int = 2

    role = Role.SHAPING

    def __post_init__(self) -> None:
        self._lengths("size")

    def _twin(self) -> UpSampling2D:
        return UpSampling2D((self.size, 1))
