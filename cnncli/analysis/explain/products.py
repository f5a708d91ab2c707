"""Kernels as products, from which weights and multiply-accumulates are reckoned, also of kernels that are not there.

Biases and normalization are left out, as papers leave them out where they compare one kind of convolution to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.compare.work import groups, kernel_size
from cnncli.graph import Node, Role

Factors = tuple[Any, ...]
"""Whole numbers, or amounts.UNKNOWN where a file leaves a size open."""


@dataclass(frozen=True)
class Kernel:
    """`extent` is that along each axis, `channels` how many each filter reads, `places` where each weight is used."""

    extent: tuple[int, ...]
    channels: Any
    filters: Any
    places: Factors

    @property
    def factors(self) -> Factors:
        """Whose product the weights are; a kernel of one cell, and a single channel a filter, are not worth a word."""
        extent = self.extent if prod(self.extent) != 1 else ()
        return (*extent, *([self.channels] if self.channels != 1 else []), self.filters)

    @property
    def uses(self) -> Factors:
        """Whose product the multiply-accumulates are."""
        return (*self.factors, *([] if prod(self.places) == 1 else self.places))

    @property
    def params(self) -> Any:
        return prod(self.factors)

    @property
    def macs(self) -> Any:
        return prod(self.uses)


def kernel_of(node: Node) -> Kernel:
    """The kernel of a layer that convolves, in groups or each channel by itself, or of a dense layer."""
    read = node.input_shapes[0][-1]
    channels = 1 if node.role is Role.DEPTHWISE else read // groups(node)
    return Kernel(kernel_size(node), channels, node.shape[-1], node.shape[:-1])


def full(kernel: Kernel, channels: Any) -> Kernel:
    """The same where each filter reads all channels."""
    return replace(kernel, channels=channels)


@dataclass(frozen=True)
class Side:
    """Kernels that together do a thing."""

    kernels: tuple[Kernel, ...]

    @property
    def params(self) -> Any:
        return sum(kernel.params for kernel in self.kernels)

    @property
    def macs(self) -> Any:
        return sum(kernel.macs for kernel in self.kernels)


Fractions = tuple[tuple[int, Factors], ...]
"""What a ratio is the sum of: each part a number over a product."""


def ratio(here: Any, plain: Any) -> float | None:
    """None where either is not known, or there is nothing."""
    return here / plain if is_known(here) and is_known(plain) and plain else None


def holds(parts: Sequence[tuple[int, Factors]], here: Side, plain: Side) -> bool:
    """Whether a formula gives just the ratio of two sides' multiply-accumulates."""
    sizes = (here.macs, plain.macs, *(size for _, factors in parts for size in factors))
    if not all(map(is_known, sizes)) or not plain.macs:
        return False
    return sum(Fraction(number, prod(factors)) for number, factors in parts) == Fraction(here.macs, plain.macs)
