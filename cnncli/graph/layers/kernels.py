"""Kernels for which there is no layer of Keras's: of three axes, in groups, with strides and gaps at once, ..."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from cnncli.graph.layer import Layer, Shape, Weight, Window
from cnncli.graph.roles import Role


@dataclass(frozen=True, eq=False, repr=False)
class _AnyKernel(Layer):
    """An operation by its name whose output's shape is said by the file: the kernel is used `positions` times."""

    operation: str
    shape: Shape
    kernel: Shape
    positions: int
    use_bias: bool = False

    @property
    def type(self) -> str:
        return self.operation

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        bias = (Weight("bias", self.shape[-1:]),) if self.use_bias else ()
        return (Weight("kernel", self.kernel), *bias)

    def kernel_positions(self, *inputs: Shape) -> int:
        return self.positions

    def flops(self, *inputs: Shape) -> int:
        """Two a MAC, and one a cell for the bias."""
        return 2 * self.macs(*inputs) + (prod(self.shape) if self.use_bias else 0)

    def window(self) -> Window | None:
        return None


@dataclass(frozen=True, eq=False, repr=False)
class AnyConvolution(_AnyKernel):
    """A convolution, whose kernel is (..., channels, filters)."""

    role = Role.CONVOLUTION

    @property
    def kernel_size(self) -> Shape:
        return self.kernel[:-2]


@dataclass(frozen=True, eq=False, repr=False)
class AnyDense(_AnyKernel):
    """A product with a constant matrix that is no Dense: of the left side, or with a matrix for each of several."""

    role = Role.DENSE
