"""What a layer is for: what a person, a colour and an alignment tell layers apart by."""

from __future__ import annotations

from enum import Enum


class Role(str, Enum):
    """Each layer class has one; its value is the word for it."""

    INPUT = "input"
    CONVOLUTION = "convolution"
    DEPTHWISE = "depthwise"
    DENSE = "dense"
    NORMALIZATION = "normalization"
    ACTIVATION = "activation"
    POOLING = "pooling"
    MERGING = "merging"
    SHAPING = "shaping"
    """Moves cells without computing: padding, cropping, reshaping."""
    TRAINING = "training"
    """Acts in training only: at inference the output is the input."""
    OTHER = "other"

    __str__ = str.__str__


CONVOLUTIONS = frozenset({Role.CONVOLUTION, Role.DEPTHWISE})
KERNELS = CONVOLUTIONS | {Role.DENSE}
"""Layers whose kernels do the multiply-accumulates, into which runtimes fold what follows."""
