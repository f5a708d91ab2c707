"""What TensorFlow itself says of a Keras model, and how a model is made to tell something by its outputs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import numpy
import pytest

from cnncli.keras_model import import_keras
from cnncli.keras_model.initial import initial_weights

WAYS = (1, pytest.param(2, marks=pytest.mark.exhaustive))
"""Whether weights are taken over from Keras's network alone or, which shows the same again, from ours too."""


def profiled_flops(model: Any) -> int:
    """Float operations that TensorFlow's profiler counts in the frozen inference graph, for one example."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    @tf.function
    def infer(*inputs: Any) -> Any:
        return model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)

    specs = [tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs]
    # On a CPU, Keras calls a grouped convolution in a function for XLA, into which the profiler does not look.
    with patch.object(tf, "function", lambda **_: lambda body: body):
        frozen = convert_variables_to_constants_v2(infer.get_concrete_function(*specs))
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(frozen.graph.as_graph_def(), name="")
        root = tf.compat.v1.profiler.profile(graph, cmd="scope", options=options)
        # It also counts the integer arithmetic on shapes, of Softmax along another axis than the last for example.
        whole = {op.name for op in graph.get_operations() if op.outputs and op.outputs[0].dtype.is_integer}
    return sum(node.float_ops for node in _walk(root) if node.name not in whole)


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in node.children:
        yield from _walk(child)


def undrawn() -> AbstractContextManager[None]:
    """Within, models are built without initial weights being drawn, which takes a quarter of the time."""
    return initial_weights(import_keras(), drawn=False)


def randomize(model: Any, generator: numpy.random.Generator) -> None:
    """Random kernels, biases, gammas and betas, drawn in the order of the weights, such that signals neither die nor
    explode; statistics of Normalization too."""
    for weight in model.weights:
        if weight.name.endswith("kernel"):  # a separable convolution has two
            weight.assign(generator.normal(0, math.sqrt(2 / math.prod(weight.shape[:-1])), weight.shape))
        elif weight.name in ("beta", "bias", "gamma"):
            weight.assign(generator.normal(1 if weight.name == "gamma" else 0, 0.3, weight.shape))
        elif weight.name.startswith("variable"):  # LayerScale's, which begin so near 0 that blocks do nothing
            weight.assign(generator.normal(0, 0.5, weight.shape))
        elif weight.name in ("mean", "variance"):
            weight.assign(generator.uniform(0.2, 0.5, weight.shape))
    finalize(model)


def calibrate(model: Any, pictures: Any) -> None:
    """Take the statistics of batch normalization from one pass in training mode: without, outputs tell nothing.

    With fresh statistics a deep network's outputs hardly depend on its input, and any two networks agree.
    """
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            layer.momentum = 0.0
    model(pictures, training=True)


def finalize(model: Any) -> None:
    """Let Normalization layers compute with the weights that they hold, which set_weights alone does not."""
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def transfer(source: Any, target: Any) -> None:
    target.set_weights(source.get_weights())
    finalize(target)


def distance(ours: Any, theirs: Any) -> float:
    """The largest difference of two outputs, as a share of the largest output."""
    return float(numpy.abs(ours - theirs).max() / numpy.abs(theirs).max())
