"""What nobody here knows: an operation of a file, with the shape that the file says it has."""

from __future__ import annotations

from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph.layer import Layer, Shape, Weight, Window, layer_class
from cnncli.graph.roles import Role


@layer_class
class Said(Layer):
    """What a file says of an operation: its name, and the shape of what it puts out."""

    operation: str
    shape: Shape

    @property
    def type(self) -> str:
        return self.operation

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape


@layer_class
class Opaque(Said):
    """An operation by its own name. Its weights are those that a file gives; its work is unknown."""

    role = Role.OTHER

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("unknown", (UNKNOWN,)),)

    def macs(self, *inputs: Shape) -> Any:
        return UNKNOWN

    def flops(self, *inputs: Shape) -> Any:
        return UNKNOWN

    def window(self, *inputs: Shape) -> Window:
        return Window((UNKNOWN, UNKNOWN), (1, 1))


@layer_class
class Select(Layer):
    """One of the outputs of an operation that has several; it costs nothing."""

    number: int
    shape: Shape

    role = Role.SHAPING
    free = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape
