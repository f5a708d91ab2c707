"""Constants of an ONNX file as weights of layers."""

from __future__ import annotations

from math import prod

from cnncli.graph import Shape, Weight
from cnncli.readers.assembly import FACTOR, Tensor
from cnncli.readers.onnx.model import Value

Axes = tuple[int, ...]
"""Of a constant, in the order of Keras's shape; () for as they are."""


def as_weights(
    value: Value, name: str, shape: Shape | None = None, trainable: bool = True, axes: Axes = ()
) -> tuple[Weight, ...]:
    """A constant as a layer's weight of that name, in Keras's shape, and what else it is computed of.

    It is counted as the constant of the file that is as large; one that is put together of several as itself. Its
    values are those of the constant as the operation reads it, whatever that is computed of.
    """
    own = tuple(value.shape or ()) if shape is None else shape
    size, roots = prod(own), [root for root in value.roots if root.counts]
    main = next((root for root in roots if prod(root.shape) == size), None)
    if main is None:
        return (Weight(name, own, trainable, value.dtype, value.name, value.name, axes),)
    others = [root for root in roots if root != main and prod(root.shape) > 1]
    further = tuple(Weight(FACTOR, root.shape, trainable, root.dtype, root.name) for root in others)
    trains = trainable and main.trained
    return (Weight(name, own, trains, main.dtype, main.name, value.name, axes), *further)


def held_by(tensor: Tensor, axes: Axes = ()) -> tuple[Weight, ...]:
    """The parameters that a constant is made of."""
    roots = tensor.roots if isinstance(tensor, Value) else ()
    return tuple(
        Weight("constant", root.shape, root.trained, root.dtype, root.name, tensor.name, axes)
        for root in roots
        if root.counts
    )
