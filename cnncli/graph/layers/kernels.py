"""Kernels for which there is no layer of Keras's: of three axes, in groups, with strides and gaps at once, ..."""

from __future__ import annotations

from math import prod

from cnncli.graph.layer import Shape, Weight, Window, layer_class
from cnncli.graph.layers.opaque import Said
from cnncli.graph.roles import Role


@layer_class
class _AnyKernel(Said):
    """An operation by its name whose output's shape is said by the file: the kernel is used `positions` times."""

    kernel: Shape
    positions: int
    use_bias: bool = False

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        bias = (Weight("bias", self.shape[-1:]),) if self.use_bias else ()
        return (Weight("kernel", self.kernel), *bias)

    def kernel_positions(self, *inputs: Shape) -> int:
        return self.positions

    def flops(self, *inputs: Shape) -> int:
        """Two a MAC, and one a cell for the bias."""
        return 2 * self.macs(*inputs) + (prod(self.shape) if self.use_bias else 0)

    def window(self, *inputs: Shape) -> Window | None:
        return None


@layer_class
class AnyConvolution(_AnyKernel):
    """A convolution, whose kernel is (..., channels, filters)."""

    role = Role.CONVOLUTION

    @property
    def kernel_size(self) -> Shape:
        return self.kernel[:-2]


@layer_class
class AnyDense(_AnyKernel):
    """A product with a constant matrix that is no Dense: of the left side, or with a matrix for each of several."""

    role = Role.DENSE
