"""Layers that act in training only: at inference the output is the input."""

from __future__ import annotations

from cnncli.graph.layer import Layer, Shape, layer_class
from cnncli.graph.roles import Role


@layer_class
class _Rate(Layer):
    rate: float

    role = Role.TRAINING
    free = True
    idle = True

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            self.fail(f"rate={self.rate} must be between 0 and 1")


@layer_class
class Dropout(_Rate):
    """Zeroes a share `rate` of the cells; axes of size 1 in `noise_shape` (batch first) go together."""

    noise_shape: tuple[int | None, ...] | None = None


@layer_class
class SpatialDropout1D(_Rate):
    """Zeroes whole channels of (steps, channels)."""

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = self.one(inputs)
        if len(shape) != 2:
            self.fail(f"needs an input of (steps, channels), was given shape {shape}")
        return shape


@layer_class
class SpatialDropout2D(_Rate):
    """Zeroes whole channels."""

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.feature_map(inputs)


@layer_class
class AlphaDropout(_Rate):
    """Dropout that keeps mean and variance."""


@layer_class
class GaussianDropout(_Rate):
    """Multiplies with noise around 1."""


@layer_class
class GaussianNoise(Layer):
    """Adds noise around 0."""

    stddev: float

    role = Role.TRAINING
    free = True
    idle = True

    def __post_init__(self) -> None:
        if self.stddev < 0:
            self.fail(f"stddev={self.stddev} must not be negative")


@layer_class
class ActivityRegularization(Layer):
    """Adds a penalty on the activations to the loss."""

    l1: float = 0.0
    l2: float = 0.0

    role = Role.TRAINING
    free = True
    idle = True


@layer_class
class Idle(Layer):
    """A layer by its own name that changes what it is given in training only, as random augmentation does."""

    operation: str

    role = Role.TRAINING
    free = True
    idle = True

    @property
    def type(self) -> str:
        return self.operation

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]
