"""What TensorFlow itself says of a Keras model, and how a model is made to tell something by its outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def profiled_flops(model: Any) -> int:
    """Float operations that TensorFlow's profiler counts in the frozen inference graph, for one example."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    @tf.function
    def infer(*inputs: Any) -> Any:
        return model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)

    specs = [tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs]
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
