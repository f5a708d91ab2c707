"""Initial weights of Keras's distributions, drawn by one generator of numpy's.

Keras draws each weight by operations of TensorFlow, five times slower, which took two fifths of the time in which
EfficientNet-B7 is built. Layers keep their own initializers: what is saved of them is Keras's, and loads anywhere.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

from cnncli.graph import Shape

Draw = Callable[..., Any]
"""`draw(shape, dtype=None)` gives the values of a weight: what Keras calls an initializer."""

BEYOND_TWO = 0.87962566103423978
"""The deviation of a normal distribution of deviation 1 that is cut at 2, by which Keras divides."""
BLOCK = 1 << 15
"""Numbers that are worked on at once: they stay in the processor's cache from step to step."""
INVERSE = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 2.1858087e-04, -1.25372503e-03,
           -4.17768164e-03, 0.246640727, 1.50140941)  # fmt: skip
"""Of the inverse error function, in single precision, where it is below 2.2 (Giles 2010, Approximating the erfinv
function): x times this polynomial of -ln(1 - x^2) - 2.5, the highest power first."""


@contextmanager
def initial_weights(keras: Any, *, drawn: bool) -> Iterator[None]:
    """Within, layers that are built have random weights of ours; none are drawn where they will be loaded.

    `keras.utils.set_random_seed` makes them the same again.
    """
    generator = _generator()
    layer_class = keras.layers.Layer
    add_weight = layer_class.add_weight

    def add_ours(layer: Any, *arguments: Any, initializer: Any = None, **options: Any) -> Any:
        ours = None if initializer is None else _ours(keras, keras.initializers.get(initializer), generator, drawn)
        return add_weight(layer, *arguments, initializer=ours or initializer, **options)

    layer_class.add_weight = add_ours
    try:
        yield
    finally:
        layer_class.add_weight = add_weight


def _generator() -> Any:
    """Of a seed that Python's own generator gives, as Keras takes it for each of its initializers."""
    import numpy

    return numpy.random.default_rng(random.getrandbits(64))


def _ours(keras: Any, initializer: Any, generator: Any, drawn: bool) -> Draw | None:
    """What initializes a weight in place of Keras's own; None where that does it itself."""
    if not hasattr(initializer, "seed"):  # it is not a random one
        return None
    if not drawn:
        zeros: Draw = keras.initializers.Zeros()
        return zeros
    draw = _DRAWN.get(getattr(initializer, "distribution", ""))
    if draw is None or _has_axes(initializer):
        return None
    return lambda shape, dtype=None: draw(generator, shape, _variance(initializer, shape)).astype(
        dtype or "float32", copy=False
    )


def _has_axes(initializer: Any) -> bool:
    """Whether a VarianceScaling is told which axes are inputs and outputs, which are the last two otherwise."""
    return any(getattr(initializer, name, None) is not None for name in ("input_axes", "output_axes"))


def _variance(initializer: Any, shape: Shape) -> float:
    """Of a weight's values: VarianceScaling's `scale` over the cells that an output, or an input, is connected to."""
    cells = prod(shape[:-2])
    fan_in, fan_out = (shape[-2] * cells, shape[-1] * cells) if len(shape) > 1 else (prod(shape), prod(shape))
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    return float(initializer.scale / max(1.0, fans[initializer.mode]))


def _uniform(generator: Any, shape: Shape, variance: float) -> Any:
    import numpy

    values = generator.random(shape, dtype="float32")
    values -= numpy.float32(0.5)
    values *= numpy.float32(math.sqrt(12 * variance))
    return values


def _truncated_normal(generator: Any, shape: Shape, variance: float) -> Any:
    """Normal values, none beyond two deviations: the inverse of their distribution, of uniform ones."""
    import numpy

    factor = math.sqrt(2 * variance) / BEYOND_TWO
    values = generator.random(prod(shape), dtype="float32")
    values -= numpy.float32(0.5)
    values *= numpy.float32(2 * math.erf(math.sqrt(2)))
    for start in range(0, values.size, BLOCK):
        become_normal(values[start : start + BLOCK], factor)
    return values.reshape(shape)


def become_normal(values: Any, factor: float) -> None:
    """Put in place of values of the error function `factor` times those where it has them."""
    import numpy

    height = -numpy.log1p(-values * values) - numpy.float32(2.5)
    polynomial = numpy.full_like(height, INVERSE[0] * factor)
    for coefficient in INVERSE[1:]:
        polynomial *= height
        polynomial += numpy.float32(coefficient * factor)
    values *= polynomial


_DRAWN = {"truncated_normal": _truncated_normal, "uniform": _uniform}
