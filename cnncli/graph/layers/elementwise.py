"""Arithmetic cell by cell, between tensors or with a constant that a file holds."""

from __future__ import annotations

from math import prod

from cnncli.graph.layer import Layer, Shape, Weight, layer_class
from cnncli.graph.layers.merging import broadcast
from cnncli.graph.roles import Role

# Float operations a cell that TensorFlow's profiler counts (tensorflow/python/profiler/internal/flops_registry.py);
# those that it does not know count 0 there: exponentials, roots, roundings.
COUNTED = {
    "Reciprocal": 1, "Square": 1, "Rsqrt": 2, "Log": 1, "Negative": 1, "Add": 1, "Subtract": 1, "Multiply": 1,
    "Divide": 1, "Maximum": 1, "Minimum": 1, "Power": 1, "SquaredDifference": 1, "Equal": 1, "NotEqual": 1,
    "Greater": 1, "GreaterEqual": 1, "Less": 1, "LessEqual": 1,
}  # fmt: skip


@layer_class
class Elementwise(Layer):
    """An operation by its name, such as `Sqrt` of one tensor, `Divide` of two.

    `constant` is the shape of an operand that is a constant of the file; it is broadcast as the others are. `value` is
    that of its only cell, where it has one and the reader has looked it up.
    """

    operation: str
    constant: Shape | None = None
    value: float | None = None

    role = Role.OTHER

    @property
    def type(self) -> str:
        return self.operation

    def output_shape(self, *inputs: Shape) -> Shape:
        shapes = inputs if self.constant is None else (*inputs, self.constant)
        return broadcast(self, shapes)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return () if self.constant is None else (Weight("constant", self.constant),)

    def flops(self, *inputs: Shape) -> int:
        return COUNTED.get(self.operation, 0) * prod(self.output_shape(*inputs))
