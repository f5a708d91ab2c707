"""Constants of an ONNX file as weights of layers."""

from __future__ import annotations

from math import prod

from cnncli.graph import Shape, Weight
from cnncli.readers.assembly import Tensor
from cnncli.readers.onnx.model import Value


def as_weights(value: Value, name: str, shape: Shape | None = None, trainable: bool = True) -> tuple[Weight, ...]:
    """A constant as a layer's weight of that name, in Keras's shape, and what else it is computed of.

    It is counted as the constant of the file that is as large; one that is put together of several as itself.
    """
    own = tuple(value.shape or ()) if shape is None else shape
    size, roots = prod(own), [root for root in value.roots if root.counts]
    main = next((root for root in roots if prod(root.shape) == size), None)
    if main is None:
        return (Weight(name, own, trainable, value.dtype, value.name),)
    others = [root for root in roots if root != main and prod(root.shape) > 1]
    further = tuple(Weight("factor", root.shape, trainable, root.dtype, root.name) for root in others)
    return (Weight(name, own, trainable and main.trained, main.dtype, main.name), *further)


def held_by(tensor: Tensor) -> tuple[Weight, ...]:
    """The parameters that a constant is made of."""
    roots = tensor.roots if isinstance(tensor, Value) else ()
    return tuple(Weight("constant", root.shape, root.trained, root.dtype, root.name) for root in roots if root.counts)
