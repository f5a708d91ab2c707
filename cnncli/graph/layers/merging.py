"""Layers that make one tensor of several."""

from __future__ import annotations

from math import prod

from cnncli.amounts import UNKNOWN
from cnncli.graph.layer import Layer, Shape, layer_class
from cnncli.graph.roles import Role


def broadcast(layer: Layer, inputs: tuple[Shape, ...]) -> Shape:
    """The shape of what is computed cell by cell: an axis of size 1 is repeated, a shorter shape led by ones."""
    first = inputs[0]
    if all(shape == first for shape in inputs):
        return first
    rank = max(map(len, inputs))
    padded = [(1,) * (rank - len(shape)) + shape for shape in inputs]
    different = [set(sizes) - {1} for sizes in zip(*padded, strict=True)]
    if any(len(sizes - {UNKNOWN}) > 1 for sizes in different):
        layer.fail(f"inputs of shapes {', '.join(map(str, inputs))} do not broadcast")
    return tuple(next(iter(sizes - {UNKNOWN} or sizes), 1) for sizes in different)


@layer_class
class Merge(Layer):
    """Cell by cell; an axis of size 1 is broadcast, and a shorter shape is led by ones, as Keras's merge layers do."""

    role = Role.MERGING
    commutative = True

    def output_shape(self, *inputs: Shape) -> Shape:
        if len(inputs) < 2:
            self.fail(f"takes at least two inputs, was given {len(inputs)}")
        return broadcast(self, inputs)

    def flops(self, *inputs: Shape) -> int:
        """One a cell of each result on the way from the first input to the last."""
        result, operations = inputs[0], 0
        for shape in inputs[1:]:
            result = Merge.output_shape(self, result, shape)
            operations += prod(result)
        return operations


@layer_class
class Add(Merge):
    """The sum."""

    combines = "sum"


@layer_class
class Multiply(Merge):
    """The product."""

    combines = "product"


@layer_class
class Maximum(Merge):
    """The larger."""

    combines = "maximum"


@layer_class
class Minimum(Merge):
    """The smaller."""

    combines = "minimum"


@layer_class
class Subtract(Merge):
    """The first less the second."""

    combines = "difference"
    commutative = False

    def output_shape(self, *inputs: Shape) -> Shape:
        if len(inputs) != 2:
            self.fail(f"takes two inputs, was given {len(inputs)}")
        return super().output_shape(*inputs)


@layer_class
class Average(Merge):
    """The mean."""

    combines = "mean"

    def flops(self, *inputs: Shape) -> int:
        """The sum, and a division a cell."""
        return super().flops(*inputs) + prod(self.output_shape(*inputs))


@layer_class
class CustomScaleLayer(Merge):
    """The first, and the second times `scale`: so keras.applications' InceptionResNetV2 adds its branches."""

    scale: float = 1.0

    combines = "sum"
    commutative = False

    def output_shape(self, *inputs: Shape) -> Shape:
        if len(inputs) != 2:
            self.fail(f"takes two inputs, was given {len(inputs)}")
        return super().output_shape(*inputs)

    def flops(self, *inputs: Shape) -> int:
        """The sum, and a product a cell of the second."""
        return super().flops(*inputs) + prod(inputs[1])


@layer_class
class Concatenate(Layer):
    """One behind the other along `axis` (the last, unless given; Keras counts the batch as axis 0)."""

    axis: int = -1

    role = Role.MERGING

    def output_shape(self, *inputs: Shape) -> Shape:
        if len(inputs) < 2:
            self.fail(f"takes at least two inputs, was given {len(inputs)}")
        first = inputs[0]
        rank = self.axis + len(first) if self.axis < 0 else self.axis - 1
        if not 0 <= rank < len(first):
            self.fail(f"axis={self.axis} is not an axis of an input of shape {first}")
        if any(len(shape) != len(first) for shape in inputs) or any(
            len(set(sizes) - {UNKNOWN}) > 1 for axis, sizes in enumerate(zip(*inputs, strict=False)) if axis != rank
        ):
            self.fail(f"inputs of shapes {', '.join(map(str, inputs))} differ along other axes than {self.axis}")
        return (*first[:rank], sum(shape[rank] for shape in inputs), *first[rank + 1 :])
