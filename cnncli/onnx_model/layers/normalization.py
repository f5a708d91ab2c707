"""Normalization and rescaling. What is not trained of it is said to be so in the file's metadata."""

from __future__ import annotations

from typing import Any

from cnncli.graph import UNKNOWN, Layer, Shape
from cnncli.graph.layers import (
    BatchNormalization,
    GlobalResponseNormalization,
    GroupNormalization,
    LayerNormalization,
    LayerScale,
    LocalResponseNormalization,
    Normalization,
    Rescaling,
)
from cnncli.onnx_model.dtypes import is_real
from cnncli.onnx_model.lowering import Laid, Order, ordered, spread
from cnncli.onnx_model.place import Lowered, Place, position

EPSILON = 1e-7
"""keras.backend.epsilon(), below which Keras's Normalization lets no deviation fall."""


def _along(place: Place, name: str, axes: list[int], order: Order) -> Any:
    """The values of a weight along some axes, to be broadcast; None where the layer has none.

    Keras lays out those of unordered axes, (-1, 1), as if they were ordered (ops.nn._layer_normalization).
    """
    values = place.array(name)
    return None if values is None else spread(values.reshape(ordered(place.node.shape, tuple(axes))), axes, order)


def _or_filled(place: Place, name: str, shape: Shape, otherwise: float, values: Any = None) -> str:
    """A weight, or where the layer has none the numbers that change nothing, which ONNX demands."""
    import numpy

    if place.array(name) is None:
        return place.constant(name, numpy.full(shape, otherwise))
    return place.weight(name, values)


def _batch_normalization(place: Place) -> Laid:
    channels = place.node.shape[-1:]
    given = [place.input(), _or_filled(place, "gamma", channels, 1), _or_filled(place, "beta", channels, 0)]
    given += [place.weight(name, trained=False) for name in ("moving_mean", "moving_variance")]
    return Laid(place.add("BatchNormalization", given, epsilon=place.layer.epsilon), place.first)


def _layer_normalization(place: Place) -> Laid:
    """ONNX's is along the last axes of a tensor; along others it is put together."""
    given, rank = place.layer.axis, len(place.node.shape)
    axes = sorted(axis + rank + 1 if axis < 0 else axis for axis in (given if isinstance(given, tuple) else (given,)))
    if axes[0] != rank - len(axes) + 1:
        return _put_together(place, axes)
    gamma, beta = (_along(place, name, axes, place.last) for name in ("gamma", "beta"))
    tensors = [place.channels_last(), _or_filled(place, "gamma", ordered(place.node.shape, tuple(axes)), 1, gamma)]
    tensors += [] if beta is None else [place.weight("beta", beta)]
    name = place.add("LayerNormalization", tensors, axis=-len(axes), epsilon=place.layer.epsilon)
    return Laid(name, place.last)


def _put_together(place: Place, axes: list[int]) -> Laid:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta along any axes, in whatever order they stand."""
    name, order = place.source()
    places = place.whole("axes", sorted(position(order, axis) for axis in axes))
    mean = place.add("ReduceMean", [name, places], "mean", keepdims=1)
    centred = place.add("Sub", [name, mean], "centred")
    square = place.add("Mul", [centred, centred], "square")
    variance = place.add("ReduceMean", [square, places], "variance", keepdims=1)
    raised = place.add("Add", [variance, place.constant("epsilon", place.layer.epsilon)], "raised")
    steps = [("Div", place.add("Sqrt", [raised], "deviation"), "normalized")]
    affine = [(weight, _along(place, weight, axes, order)) for weight in ("gamma", "beta")]
    steps += _affine_steps(place, affine)
    return Laid(place.chain(centred, *steps), order)


def _affine_steps(place: Place, weights: list[tuple[str, Any]]) -> list[tuple[str, str, str]]:
    """Times gamma, plus beta, of those that there are."""
    operations = {"gamma": "Mul", "beta": "Add"}
    return [(operations[name], place.weight(name, values), "scaled") for name, values in weights if values is not None]


def _group_normalization(place: Place) -> Laid:
    """Each group is a channel of InstanceNormalization.

    ONNX's GroupNormalization of opset 18 takes one gamma a group, for which it was withdrawn in opset 21.
    """
    import numpy

    source = Laid(place.input(), place.first)
    groups = place.node.shape[-1] if place.layer.groups == -1 else place.layer.groups
    grouped = place.reshape(source.name, (groups, UNKNOWN), "grouped")
    same = [place.constant(part, numpy.full(groups, value)) for part, value in (("ones", 1), ("zeros", 0))]
    normalized = place.add("InstanceNormalization", [grouped, *same], "normalized", epsilon=place.layer.epsilon)
    axes = [len(place.node.shape)]
    affine = [(weight, _along(place, weight, axes, place.first)) for weight in ("gamma", "beta")]
    steps = _affine_steps(place, affine)
    back = place.reshape_back(normalized, source, "back" if steps else "")
    return Laid(place.chain(back, *steps), place.first)


def _real(place: Place) -> Laid:
    """What a layer reads, as real numbers: these take pictures of whole ones too."""
    from onnx import TensorProto

    name, order = place.source()
    if is_real(place.node.inputs[0].dtype):
        return Laid(name, order)
    return Laid(place.add("Cast", [name], "real", to=TensorProto.FLOAT), order)


def _rescaling(place: Place) -> Laid:
    """x * scale + offset, of one number or one a channel."""
    import numpy

    name, order = _real(place)
    scale, offset = (numpy.asarray(each, "float32") for each in (place.layer.scale, place.layer.offset))
    steps = [("Mul", place.constant("scale", place.by_channel(scale, order)), "scaled")]
    if offset.any():
        steps.append(("Add", place.constant("offset", place.by_channel(offset, order)), ""))
    return Laid(place.chain(name, *steps), order)


def _normalization(place: Place) -> Laid:
    """(x - mean) / deviation, both of them weights that were adapted, or given numbers."""
    import numpy

    name, order = _real(place)
    layer, adapted = place.layer, place.layer.mean is None
    mean = place.array("mean") if adapted else numpy.asarray(layer.mean, "float32")
    variance = place.array("variance") if adapted else numpy.asarray(layer.variance, "float32")
    deviation = numpy.maximum(numpy.sqrt(variance), numpy.float32(EPSILON))

    def operand(part: str, values: Any) -> str:
        shaped = place.by_channel(values, order)
        return place.weight(part, shaped, trained=False) if adapted else place.constant(part, shaped)

    steps = ("Sub", operand("mean", mean), "centred"), ("Div", operand("deviation", deviation), "")
    return Laid(place.chain(name, *steps), order)


def _layer_scale(place: Place) -> Laid:
    name, order = place.source()
    return Laid(place.add("Mul", [name, place.along_channels("variable", order)]), order)


def _global_response(place: Place) -> Laid:
    """x + gamma * x * n + beta, where n is a channel's norm over the map by the mean of the channels' norms."""
    name, order = place.source()
    channels = position(order, -1)
    space = place.whole("space", sorted({1, 2, 3} - {channels}))
    norm = place.add("ReduceL2", [name, space], "norm", keepdims=1)
    mean = place.add("ReduceMean", [norm, place.whole("channels", [channels])], "mean", keepdims=1)
    raised = place.add("Add", [mean, place.constant("epsilon", place.layer.epsilon)], "raised")
    share = place.add("Div", [norm, raised], "share")
    scale, offset = (place.along_channels(weight, order) for weight in ("gamma", "beta"))
    steps = ("Mul", share, "shared"), ("Mul", scale, "scaled"), ("Add", offset, "shifted"), ("Add", name, "")
    return Laid(place.chain(name, *steps), order)


def _local_response(place: Place) -> Laid:
    """ONNX divides alpha by the number of neighbours, TensorFlow does not."""
    layer = place.layer
    size = 2 * layer.depth_radius + 1
    settings = {"size": size, "alpha": layer.alpha * size, "beta": layer.beta, "bias": layer.bias}
    return Laid(place.add("LRN", [place.input()], **settings), place.first)


NORMALIZATIONS: dict[type[Layer], Lowered] = {
    BatchNormalization: _batch_normalization,
    GlobalResponseNormalization: _global_response,
    GroupNormalization: _group_normalization,
    LayerNormalization: _layer_normalization,
    LayerScale: _layer_scale,
    LocalResponseNormalization: _local_response,
    Normalization: _normalization,
    Rescaling: _rescaling,
}
