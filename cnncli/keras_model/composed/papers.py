"""Layers of papers: some that Keras leaves out, and some of its applications' own."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Node
from cnncli.keras_model.composed.making import Choose, always, options


def _local_response_normalization(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The mean over channels is a pooling along the last axis, for which rows pass as the channels.

    It equals tf.nn.local_response_normalization, which Keras has no layer for.
    """
    (x,), layer, layers = inputs, options(node), keras.layers
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
    (x,), layer, layers, ops = inputs, options(node), keras.layers, keras.ops
    squares = layers.Multiply(name=f"{node.name}.square")([x, x])
    norm = ops.sqrt(ops.sum(squares, axis=(1, 2), keepdims=True))
    share = norm / (ops.mean(norm, axis=-1, keepdims=True) + layer.epsilon)
    scaled = layers.Multiply(name=f"{node.name}.share")([x, share])
    affine = layers.DepthwiseConv2D(1, depthwise_initializer="zeros", name=f"{node.name}.affine")
    return layers.Add(name=node.name)([x, affine(scaled)])


def _subsampling(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The coefficient and the bias are the kernel and the bias of a depthwise 1x1 convolution; they begin as a mean."""
    (x,), layer, layers = inputs, options(node), keras.layers
    means = layers.AveragePooling2D(layer.pool_size, layer.strides, layer.padding, name=f"{node.name}.mean")
    scale = layers.DepthwiseConv2D(1, depthwise_initializer="ones", activation=layer.activation, name=node.name)
    return scale(means(x))


def _radial_basis(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The codes, the kernel of a dense layer that is not trained, begin as random signs, which the paper allows."""
    from numpy.random import default_rng

    (x,), layer, layers, ops = inputs, options(node), keras.layers, keras.ops
    codes = layers.Dense(layer.units, use_bias=False, trainable=False, name=f"{node.name}.codes")
    products = codes(x)
    codes.kernel.assign(default_rng(0).choice([-1.0, 1.0], codes.kernel.shape))
    norm = ops.sum(ops.square(x), axis=-1, keepdims=True)
    of_codes = layers.Rescaling(-2.0, float(node.input_shapes[0][-1]), name=f"{node.name}.distance")(products)
    return layers.Add(name=node.name)([of_codes, norm])


def _layer_scale(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The class that comes with Keras's ConvNeXt and is registered there, so that it loads without more ado."""
    from keras.src.applications.convnext import LayerScale

    return LayerScale(name=node.name, **node.layer.config())(inputs[0])


def _custom_scale_layer(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The class that comes with Keras's InceptionResNetV2."""
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    return CustomScaleLayer(name=node.name, **node.layer.config())(inputs)


COMPOSED: dict[str, Choose] = {
    "CustomScaleLayer": always(_custom_scale_layer),
    "GlobalResponseNormalization": always(_global_response_normalization),
    "LayerScale": always(_layer_scale),
    "LocalResponseNormalization": always(_local_response_normalization),
    "RadialBasis": always(_radial_basis),
    "Subsampling2D": always(_subsampling),
}
