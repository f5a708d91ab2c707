"""Normalization and rescaling."""

from __future__ import annotations

from math import prod

from cnncli.graph.layer import Layer, Shape, Weight, initial, kept, layer_class, training
from cnncli.graph.roles import Role


def _affine(layer: LayerNormalization | GroupNormalization | BatchNormalization, shape: Shape) -> tuple[Weight, ...]:
    gamma = (Weight("gamma", shape),) if layer.scale else ()
    beta = (Weight("beta", shape),) if layer.center else ()
    return gamma + beta


@layer_class
class BatchNormalization(Layer):
    """By the statistics of the training batches, which are weights that are not trained. Along the last axis."""

    momentum: float = training(0.99)
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True

    role = Role.NORMALIZATION
    folds = True

    @kept
    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shape = self.one(inputs)[-1:]
        return (*_affine(self, shape), Weight("moving_mean", shape, False), Weight("moving_variance", shape, False))

    def flops(self, *inputs: Shape) -> int:
        """A multiply and an add a cell; per channel rsqrt (2), 3 to fold the statistics, 1 for gamma: 2n + 6c."""
        shape = self.one(inputs)
        return 2 * prod(shape) + (6 if self.scale else 5) * shape[-1]


@layer_class
class LayerNormalization(Layer):
    """By each example's own statistics along `axis` (the last, unless given; Keras counts the batch as axis 0)."""

    axis: int | tuple[int, ...] = -1
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True

    role = Role.NORMALIZATION

    def __post_init__(self) -> None:
        if isinstance(self.axis, list):
            self.set(axis=tuple(self.axis))

    def _normalized(self, inputs: tuple[Shape, ...]) -> Shape:
        shape = self.one(inputs)
        axes = sorted(self.axis) if isinstance(self.axis, tuple) else [self.axis]  # as Keras sorts them
        ranks = [axis + len(shape) if axis < 0 else axis - 1 for axis in axes]
        if any(not 0 <= rank < len(shape) for rank in ranks):
            self.fail(f"axis={self.axis} is not an axis of an input of shape {shape}")
        return tuple(shape[rank] for rank in ranks)

    def output_shape(self, *inputs: Shape) -> Shape:
        self._normalized(inputs)
        return self.one(inputs)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return _affine(self, self._normalized(inputs))

    def flops(self, *inputs: Shape) -> int:
        """Mean, squared difference with its mean, and x * a + b, where a and b are as large as gamma."""
        cells = prod(self.one(inputs))
        means = cells // max(prod(self._normalized(inputs)), 1)
        return 6 * cells + 4 * means + (2 * cells if self.scale else means) + (cells if self.center else 0)


@layer_class
class GroupNormalization(Layer):
    """By each example's own statistics in groups of channels; `groups=-1` is one group a channel."""

    groups: int = 32
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True

    role = Role.NORMALIZATION

    def _groups(self, inputs: tuple[Shape, ...]) -> int:
        channels = self.one(inputs)[-1]
        groups = channels if self.groups == -1 else self.groups
        if groups < 1 or channels % groups:
            self.fail(f"groups={self.groups} does not divide {channels} input channels")
        return groups

    def output_shape(self, *inputs: Shape) -> Shape:
        self._groups(inputs)
        return self.one(inputs)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return _affine(self, self.one(inputs)[-1:])

    def flops(self, *inputs: Shape) -> int:
        """As layer normalization, but with a and b of one value a channel (or, without gamma, a group)."""
        shape, groups = self.one(inputs), self._groups(inputs)
        affine = (2 * shape[-1] if self.scale else groups) + (shape[-1] if self.center else 0)
        return 6 * prod(shape) + 4 * groups + affine


def _extent(statistic: float | tuple[float, ...] | None) -> tuple[int, ...] | None:
    """The shape of a given statistic; None of one that is not given."""
    if statistic is None:
        return None
    return (len(statistic),) if isinstance(statistic, tuple) else ()


@layer_class
class Normalization(Layer):
    """By a mean and a variance a channel: given ones, or weights that are adapted beforehand to a count of examples."""

    mean: float | tuple[float, ...] | None = None
    variance: float | tuple[float, ...] | None = None

    role = Role.NORMALIZATION

    def __post_init__(self) -> None:
        mean, variance = _extent(self.mean), _extent(self.variance)
        if mean != variance:
            self.fail(f"mean={self.mean} and variance={self.variance} are not alike")

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = self.one(inputs)
        if isinstance(self.mean, tuple) and len(self.mean) not in (1, shape[-1]):
            self.fail(f"mean and variance are of {len(self.mean)} channels, the input has {shape[-1]}")
        return shape

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        if self.mean is not None:
            return ()
        shape = self.one(inputs)[-1:]
        return Weight("mean", shape, False), Weight("variance", shape, False), Weight("count", (), False)

    def flops(self, *inputs: Shape) -> int:
        """Subtract and divide a cell; the variance's root is kept from 0 by a maximum a channel."""
        shape = self.one(inputs)
        return 2 * prod(shape) + shape[-1]


@layer_class
class Rescaling(Layer):
    """x * scale + offset."""

    scale: float | tuple[float, ...]
    offset: float | tuple[float, ...] = 0.0

    role = Role.NORMALIZATION

    def flops(self, *inputs: Shape) -> int:
        return 2 * prod(self.one(inputs))


@layer_class
class LayerScale(Layer):
    """A learnt factor a channel, that of a residual branch (Touvron et al. 2021, CaiT): keras.applications' ConvNeXt's.

    Keras leaves the weight without a name of its own.
    """

    projection_dim: int
    init_values: float = initial(1e-6)

    role = Role.NORMALIZATION

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = self.one(inputs)
        if shape[-1:] != (self.projection_dim,):
            self.fail(f"projection_dim={self.projection_dim} does not fit an input of shape {shape}")
        return shape

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("variable", (self.projection_dim,)),)

    def flops(self, *inputs: Shape) -> int:
        return prod(self.one(inputs))


@layer_class
class GlobalResponseNormalization(Layer):
    """Each channel by its norm over the map as a share of the mean of all channels' (Woo et al. 2023, ConvNeXt V2).

    x + gamma * x * n + beta, where n = |x| / (mean of |x| + epsilon).
    """

    epsilon: float = 1e-6

    role = Role.NORMALIZATION

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.feature_map(inputs)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = self.feature_map(inputs)[-1:]
        return Weight("gamma", channels), Weight("beta", channels)

    def flops(self, *inputs: Shape) -> int:
        """Square, sum, the share, gamma (a kernel's multiply and add), beta, the sum with x; the mean of the norms."""
        shape = self.feature_map(inputs)
        return 7 * prod(shape) + shape[-1] + 1


@layer_class
class LocalResponseNormalization(Layer):
    """AlexNet's: each cell by the squares of its neighbours along the channels (TensorFlow's field names).

    x / (bias + alpha * s) ** beta, s the sum of squares of `depth_radius` channels on either side and of its own.
    """

    depth_radius: int = 5
    bias: float = 1.0
    alpha: float = 1.0
    beta: float = 0.5

    role = Role.NORMALIZATION

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.feature_map(inputs)

    def flops(self, *inputs: Shape) -> int:
        """Square, scale, bias, power and product, and the sum over the neighbours, once a cell each."""
        return (5 + 2 * self.depth_radius + 1) * prod(self.one(inputs))
