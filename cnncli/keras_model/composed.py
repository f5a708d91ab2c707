"""What Keras has no layer of its own for, made of those that it has, so that a saved model loads anywhere.

A node becomes several layers: the last is named as the node, the others `<node>.square` and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.graph import Node
from cnncli.keras_model.held import holder

Composed = Callable[[Any, Node, list[Any]], Any]
"""`composed(keras, node, inputs)` applies the layers to the inputs' tensors and returns the output's."""


def _local_response_normalization(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The mean over channels is a pooling along the last axis, for which rows pass as the channels.

    It equals tf.nn.local_response_normalization, which Keras has no layer for.
    """
    (x,), layer, layers = inputs, _options(node), keras.layers
    count = 2 * layer.depth_radius + 1
    rows_first = {"data_format": "channels_first"}
    squares = layers.Multiply(name=f"{node.name}.square")([x, x])
    beyond = ((0, 0), (layer.depth_radius, layer.depth_radius))
    squares = layers.ZeroPadding2D(beyond, name=f"{node.name}.pad", **rows_first)(squares)
    pooling = layers.AveragePooling2D((1, count), strides=1, name=f"{node.name}.neighbours", **rows_first)
    sums = layers.Rescaling(layer.alpha * count, layer.bias, name=f"{node.name}.scale")(pooling(squares))
    return layers.Multiply(name=node.name)([x, keras.ops.power(sums, -layer.beta)])


def _global_response_normalization(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """Gamma and beta are the kernel and the bias of a depthwise 1x1 convolution; both begin at 0, as the authors'."""
    (x,), layer, layers, ops = inputs, _options(node), keras.layers, keras.ops
    squares = layers.Multiply(name=f"{node.name}.square")([x, x])
    norm = ops.sqrt(ops.sum(squares, axis=(1, 2), keepdims=True))
    share = norm / (ops.mean(norm, axis=-1, keepdims=True) + layer.epsilon)
    scaled = layers.Multiply(name=f"{node.name}.share")([x, share])
    affine = layers.DepthwiseConv2D(1, depthwise_initializer="zeros", name=f"{node.name}.affine")
    return layers.Add(name=node.name)([x, affine(scaled)])


def _subsampling(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The coefficient and the bias are the kernel and the bias of a depthwise 1x1 convolution; they begin as a mean."""
    (x,), layer, layers = inputs, _options(node), keras.layers
    means = layers.AveragePooling2D(layer.pool_size, layer.strides, layer.padding, name=f"{node.name}.mean")
    scale = layers.DepthwiseConv2D(1, depthwise_initializer="ones", activation=layer.activation, name=node.name)
    return scale(means(x))


def _radial_basis(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The codes, the kernel of a dense layer that is not trained, begin as random signs, which the paper allows."""
    from numpy.random import default_rng

    (x,), layer, layers, ops = inputs, _options(node), keras.layers, keras.ops
    codes = layers.Dense(layer.units, use_bias=False, trainable=False, name=f"{node.name}.codes")
    products = codes(x)
    codes.kernel.assign(default_rng(0).choice([-1.0, 1.0], codes.kernel.shape))
    norm = ops.sum(ops.square(x), axis=-1, keepdims=True)
    of_codes = layers.Rescaling(-2.0, float(node.input_shapes[0][-1]), name=f"{node.name}.distance")(products)
    return layers.Add(name=node.name)([of_codes, norm])


def _slice(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """Some of the channels: the last axis is cropped as the width of a map whose rows pass as the channels."""
    (x,), layer, channels = inputs, _options(node), node.input_shapes[0][-1]
    first = layer.begin[-1]
    cropping = ((0, 0), (first, channels - first - node.shape[-1]))
    return keras.layers.Cropping2D(cropping, data_format="channels_first", name=node.name)(x)


def _layer_scale(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The class that comes with Keras's ConvNeXt and is registered there, so that it loads without more ado."""
    from keras.src.applications.convnext import LayerScale

    return LayerScale(name=node.name, **node.layer.config())(inputs[0])


def _custom_scale_layer(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The class that comes with Keras's InceptionResNetV2."""
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    return CustomScaleLayer(name=node.name, **node.layer.config())(inputs)


COMPOSED: dict[str, Composed] = {
    "CustomScaleLayer": _custom_scale_layer,
    "GlobalResponseNormalization": _global_response_normalization,
    "LayerScale": _layer_scale,
    "LocalResponseNormalization": _local_response_normalization,
    "RadialBasis": _radial_basis,
    "Slice": _slice,
    "Subsampling2D": _subsampling,
}
"""By the class of the node's layer. A Slice is of channels: what else a file slices is no Keras layer."""
_BRANCH_SCALES = ("GlobalResponseNormalization", "LayerScale")
"""Layers whose weights say how much of a branch is added."""


def composed(node: Node) -> Composed | None:
    """What makes Keras layers of a node that is not one of them itself."""
    kind = type(node.layer).__name__  # a file's own operation may bear any type's name
    if kind == "Slice" and not _slices_channels(node):
        return None
    return COMPOSED.get(kind)


def applied(model: Any, node: Node, inputs: list[Any]) -> Any:
    """What the layers of a node in `model` make of tensors, as they would in training."""
    if not composed(node):
        return model.get_layer(node.name)(inputs if len(inputs) > 1 else inputs[0], training=True)
    import keras

    sources = [model.get_layer(source.name).output for source in node.inputs]
    return keras.Function(sources, model.get_layer(node.name).output)(inputs)


def branch_scale(model: Any, node: Node) -> list[Any]:
    """The weight by which a node lets a branch through, which is next to nothing at first; of other nodes none."""
    if node.type not in _BRANCH_SCALES:
        return []
    return list(model.get_layer(node.name + holder(node).suffix).weights[:1])


def _slices_channels(node: Node) -> bool:
    layer = _options(node)
    whole = len(node.inputs) == 1 and len(node.shape) == 3 and node.shape[:2] == node.input_shapes[0][:2]
    return whole and all(stride == 1 for stride in layer.strides) and not any(layer.begin[:-1])


def _options(node: Node) -> Any:
    return node.layer
