"""Layers that go through a sequence step by step, and those that apply another layer to each step.

What a cell computes is not counted: it is no kernel that is used once a position. Its weights are.
"""

from __future__ import annotations

from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph.layer import Layer, Shape, Weight, Window, layer_class
from cnncli.graph.roles import Role


@layer_class
class _Recurrent(Layer):
    """(steps, features) to (units,), or to (steps, units) with `return_sequences`."""

    units: int
    return_sequences: bool = False
    use_bias: bool = True

    role = Role.OTHER
    gates = 1

    def _features(self, inputs: tuple[Shape, ...]) -> tuple[int, int]:
        shape = self.one(inputs[:1])
        if len(shape) != 2:
            self.fail(f"needs an input of (steps, features), was given shape {shape}")
        return shape[0], shape[1]

    def output_shape(self, *inputs: Shape) -> Shape:
        steps, _ = self._features(inputs)
        return (steps, self.units) if self.return_sequences else (self.units,)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        _, features = self._features(inputs)
        columns = self.gates * self.units
        kernels = Weight("kernel", (features, columns)), Weight("recurrent_kernel", (self.units, columns))
        return (*kernels, Weight("bias", self._bias(columns))) if self.use_bias else kernels

    def _bias(self, columns: int) -> Shape:
        return (columns,)

    def macs(self, *inputs: Shape) -> Any:
        return UNKNOWN

    def flops(self, *inputs: Shape) -> Any:
        return UNKNOWN

    def window(self, *inputs: Shape) -> Window | None:
        return None


@layer_class
class SimpleRNN(_Recurrent):
    """A dense layer over the step and its own last output."""


@layer_class
class LSTM(_Recurrent):
    """Long short-term memory: input, forget and output gate, and the cell."""

    gates = 4


@layer_class
class GRU(_Recurrent):
    """Gated recurrent unit; `reset_after` has a bias of its own for the recurrent kernel, as cuDNN's."""

    reset_after: bool = True

    gates = 3

    def _bias(self, columns: int) -> Shape:
        return (2, columns) if self.reset_after else (columns,)


@layer_class
class TimeDistributed(Layer):
    """`layer` applied to each part of the input along its first axis, with the same weights."""

    layer: Layer

    role = Role.OTHER

    def _parts(self, inputs: tuple[Shape, ...]) -> tuple[int, tuple[Shape, ...]]:
        if any(len(shape) < 2 for shape in inputs) or not inputs:
            self.fail("needs an input with an axis to go along, and one more for what stands there")
        return inputs[0][0], tuple(shape[1:] for shape in inputs)

    def output_shape(self, *inputs: Shape) -> Shape:
        count, parts = self._parts(inputs)
        return (count, *self.layer.output_shape(*parts))

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return self.layer.weights(*self._parts(inputs)[1])

    def kernel_positions(self, *inputs: Shape) -> int:
        count, parts = self._parts(inputs)
        return count * self.layer.kernel_positions(*parts)

    def macs(self, *inputs: Shape) -> int:
        count, parts = self._parts(inputs)
        return count * self.layer.macs(*parts)

    def flops(self, *inputs: Shape) -> int:
        count, parts = self._parts(inputs)
        return count * self.layer.flops(*parts)

    def window(self, *inputs: Shape) -> Window | None:
        return self.layer.window()

    @property
    def function(self) -> str:
        return self.layer.function
