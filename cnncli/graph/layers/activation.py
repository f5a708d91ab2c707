"""Activations: cell by cell, without kernels."""

from __future__ import annotations

from math import prod

from cnncli.graph.layer import Layer, Shape, Weight, layer_class
from cnncli.graph.roles import Role

# Float operations a cell of each activation function, as TensorFlow's profiler counts its lowered form: sigmoids,
# exponentials and plain rectifiers count 0, so silu = beta * x, times x, is 2; hard_silu = x * relu6(x + 3) / 6 is 3.
ACTIVATION_FLOPS = {
    "linear": 0,
    "relu": 0,
    "relu6": 0,
    "leaky_relu": 0,
    "elu": 0,
    "selu": 0,
    "celu": 5,
    "sigmoid": 0,
    "hard_sigmoid": 2,
    "log_sigmoid": 2,
    "tanh": 0,
    "hard_tanh": 2,
    "silu": 2,
    "hard_silu": 3,
    "gelu": 4,
    "mish": 1,
    "softplus": 0,
    "softsign": 0,
    "softmax": 5,
    "log_softmax": 0,
    "exponential": 0,
}
_SYNONYMS = {None: "linear", "swish": "silu", "hard_swish": "hard_silu"}


def check_activation(layer: Layer, activation: str | None) -> None:
    """Store an activation's name by Keras's first spelling: swish is silu, None is linear."""
    name = _SYNONYMS.get(activation, activation)
    if name not in ACTIVATION_FLOPS:
        layer.fail(f"activation={activation!r} is unknown; known: {', '.join(ACTIVATION_FLOPS)}")
    layer.set(activation=name)


@layer_class
class _Function(Layer):
    """What activations share: a function of each cell, called as its class unless it has a name."""

    role = Role.ACTIVATION
    folds = True

    @property
    def function(self) -> str:
        return self.type


@layer_class
class Activation(_Function):
    """An activation function by name."""

    activation: str | None

    def __post_init__(self) -> None:
        check_activation(self, self.activation)

    @property
    def function(self) -> str:
        return str(self.activation)

    def flops(self, *inputs: Shape) -> int:
        return ACTIVATION_FLOPS[str(self.activation)] * prod(self.one(inputs))


@layer_class
class ReLU(_Function):
    """max(x, 0), with Keras's optional ceiling, slope below and threshold."""

    max_value: float | None = None
    negative_slope: float = 0.0
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.max_value is not None and self.max_value < 0:
            self.fail(f"max_value={self.max_value} must not be negative")
        if self.negative_slope < 0:
            self.fail(f"negative_slope={self.negative_slope} must not be negative")
        if self.threshold < 0:
            self.fail(f"threshold={self.threshold} must not be negative")

    @property
    def function(self) -> str:
        """Keras's name for the plain form and that of ceiling 6; all others have no name of their own."""
        if self.negative_slope or self.threshold:
            return self.type
        plain = self.max_value is None
        return "relu" if plain else "relu6" if self.max_value == 6 else self.type

    def flops(self, *inputs: Shape) -> int:
        """Plain, ceiling 6 and plain leaky are single uncounted operations; the general form is spelt out by Keras."""
        cells = prod(self.one(inputs))
        if self.negative_slope and self.max_value is None and not self.threshold:
            return 0  # one LeakyRelu
        per_cell = 0
        if self.negative_slope:
            per_cell += 4 if self.threshold else 3  # negate (and shift) the lower part, scale it, subtract it
        if self.threshold:
            per_cell += 1  # compare
        if self.max_value is not None and (self.threshold or self.max_value != 6):
            per_cell += 2  # clip from both sides
        return per_cell * cells


@layer_class
class LeakyReLU(_Function):
    """x where positive, negative_slope * x below."""

    negative_slope: float = 0.3


@layer_class
class ELU(_Function):
    """x where positive, alpha * (exp(x) - 1) below."""

    alpha: float = 1.0

    def flops(self, *inputs: Shape) -> int:
        return 0 if self.alpha == 1 else 2 * prod(self.one(inputs))


@layer_class
class PReLU(_Function):
    """A leaky rectifier whose slope is learnt: a weight a cell, or shared along `shared_axes` (1 = height)."""

    shared_axes: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.shared_axes is not None:
            self.set(shared_axes=tuple(self.shared_axes))

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = self.one(inputs)
        if any(not 1 <= axis <= len(shape) for axis in self.shared_axes or ()):
            self.fail(f"shared_axes={self.shared_axes} are not axes of an input of shape {shape}, counted from 1")
        return shape

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shared = self.shared_axes or ()
        shape = self.output_shape(*inputs)
        return (Weight("alpha", tuple(1 if axis in shared else size for axis, size in enumerate(shape, 1))),)

    def flops(self, *inputs: Shape) -> int:
        """relu(x) + (-alpha) * relu(-x): two a cell for the sum, one to negate x, and one a weight to negate alpha."""
        (alpha,) = self.weights(*inputs)
        return 3 * prod(self.one(inputs)) + alpha.size


@layer_class
class Softmax(_Function):
    """Exponentials normalized to sum 1 along an axis."""

    axis: int = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = self.one(inputs)
        if not (-len(shape) <= self.axis < 0 or 1 <= self.axis <= len(shape)):
            self.fail(f"axis={self.axis} is not an axis of an input of shape {shape}")
        return shape

    def flops(self, *inputs: Shape) -> int:
        return 5 * prod(self.one(inputs))
