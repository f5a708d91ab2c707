"""Normalization and rescaling. What is not trained of it is said to be so in the file's metadata."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Node
from cnncli.onnx_model.lowering import Laid, Lowered, Lowering, inner

EPSILON = 1e-7
"""keras.backend.epsilon(), below which Keras's Normalization lets no deviation fall."""


def by_channel(values: Any, node: Node, *, first: bool) -> Any:
    """Numbers a channel so that they are broadcast against the node's output as it stands in the file."""
    return values.reshape(-1, *[1] * (len(node.shape) - 1)) if first and len(node.shape) > 1 else values


def _batch_normalization(lowering: Lowering, node: Node) -> Laid:
    """Where Keras has no gamma or no beta, ONNX has constants of 1 or 0."""
    import numpy

    layer: Any = node.layer
    count = node.shape[-1]
    given = [lowering.input(node)]
    for name, otherwise in (("gamma", 1), ("beta", 0)):
        values = lowering.array(node, name)
        if values is None:
            given.append(lowering.constant(f"{node.name}.{name}", numpy.full(count, otherwise)))
        else:
            given.append(lowering.weight(node, name, values))
    for name in ("moving_mean", "moving_variance"):
        given.append(lowering.weight(node, name, lowering.array(node, name), trained=False))
    return Laid(lowering.add("BatchNormalization", given, node.name, epsilon=layer.epsilon), first=True)


def _scaled(lowering: Lowering, node: Node, tensor: Laid, scale: Any, offset: Any) -> Laid:
    """Append x * scale + offset, of one number or one a channel, named as the node."""
    import numpy

    name, first = tensor
    shifts = bool(numpy.asarray(offset).any())
    parts = [("Mul", "scale", scale, inner(node, "scaled") if shifts else node.name)]
    parts += [("Add", "offset", offset, node.name)] if shifts else []
    for operation, part, values, named in parts:
        numbers = numpy.asarray(values, "float32")
        shaped = by_channel(numbers, node, first=first) if numbers.ndim else numbers
        name = lowering.add(operation, [name, lowering.constant(f"{node.name}.{part}", shaped)], named)
    return Laid(name, first)


def _rescaling(lowering: Lowering, node: Node) -> Laid:
    layer: Any = node.layer
    return _scaled(lowering, node, lowering.laid(node.inputs[0]), layer.scale, layer.offset)


def _normalization(lowering: Lowering, node: Node) -> Laid:
    """(x - mean) / deviation, both of them weights that were adapted, or given numbers."""
    import numpy

    layer: Any = node.layer
    name, first = lowering.laid(node.inputs[0])
    adapted = layer.mean is None
    mean = lowering.array(node, "mean") if adapted else numpy.asarray(layer.mean, "float32")
    variance = lowering.array(node, "variance") if adapted else numpy.asarray(layer.variance, "float32")
    deviation = numpy.maximum(numpy.sqrt(variance), numpy.float32(EPSILON))
    for operation, part, values, named in (
        ("Sub", "mean", mean, inner(node, "centred")), ("Div", "deviation", deviation, node.name),
    ):  # fmt: skip
        shaped = by_channel(values, node, first=first)
        full = f"{node.name}.{part}"
        operand = lowering.weight(node, part, shaped, trained=False) if adapted else lowering.constant(full, shaped)
        name = lowering.add(operation, [name, operand], named)
    return Laid(name, first)


NORMALIZATIONS: dict[str, Lowered] = {
    "BatchNormalization": _batch_normalization,
    "Normalization": _normalization,
    "Rescaling": _rescaling,
}
