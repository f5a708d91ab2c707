"""What TensorFlow's converter makes of a Keras model.

The converter is given a graph whose weights are constants, by its older door, `compat.v1`. By the newer one it would be
the same file in three times the time: told of a function it imports the function's graph twice more to find what its
variables are, told of the Keras model it saves and loads that before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from cnncli.errors import CheckFailed
from cnncli.export.format import INPUT_NAME
from cnncli.keras_model import import_keras, uncollected

QUANTIZING = ("int8", "int16x8")
"""Kinds of --quantize whose activations are measured and quantized."""

Examples = Callable[[], Iterator[Any]]
"""Yields arrays (batch, height, width, channels) of float32 in the model's input range."""


@uncollected()
def concrete_function(model: Any, batch: int) -> Any:
    """The model's inference as one traced function of a fixed batch; it holds the model's variables weakly.

    Traced with a free batch the converter keeps operations that compute shapes: 80 more for EfficientNet-B0. Files of a
    free batch are made of those of a fixed one.
    """
    import tensorflow

    (image,) = model.inputs
    signature = tensorflow.TensorSpec((batch, *image.shape[1:]), tensorflow.float32, name=INPUT_NAME)
    keras = import_keras()

    def inference(image: Any) -> Any:
        with keras.StatelessScope(
            state_mapping=[(weight, tensorflow.convert_to_tensor(weight.value)) for weight in model.weights]
        ):
            return model(image, training=False)

    return tensorflow.function(inference, autograph=False).get_concrete_function(signature)


@uncollected()
def convert(function: Any, quantize: str, examples: Examples) -> bytes:
    """What the converter makes of a function, of a kind of --quantize but those in INTEGER_ENDS.

    `examples` is asked only by the kinds that quantize activations. Raises CheckFailed where those cannot be made: an
    operation has no such kernel, or the converter fails (it says nothing of it where `deployed.quantized` tells why).
    """
    import tensorflow

    (image, *_), (output,) = function.inputs, function.outputs
    converter = tensorflow.compat.v1.lite.TFLiteConverter(frozen(function), [image], [output])
    _configure(tensorflow, converter, quantize, examples)
    try:
        data: bytes = converter.convert()
    except RuntimeError as error:
        reason = _reason(str(error))
        if quantize not in QUANTIZING:
            raise
        raise CheckFailed(f"{quantize} is not possible: {reason}") from error
    return data


def _reason(said: str) -> str:
    """Why a kind cannot be made, and what to take instead, by what the converter said."""
    refused = sorted(set(re.findall(r"not yet supported for op: '(\w+)'", said)))
    if refused:
        return f"TFLite has no such kernel for {', '.join(refused)}; take int8 or dynamic"
    first, *_ = said.strip().splitlines() or ["it does not say why"]
    return f"TensorFlow's converter fails: {first}; take float16 or dynamic"


def frozen(function: Any) -> Any:
    """The graph of a function that only reads its variables, with their values, and all it refers to, in it."""
    graph = function.graph.as_graph_def()
    captured = {placeholder.op.name: tensor for tensor, placeholder in function.graph.captures}
    variables = {id(variable.handle): variable for variable in function.graph.variables}
    handles = set()
    for place, node in enumerate(graph.node):
        if node.op == "ReadVariableOp":
            _make_constant(node, variables[id(captured[node.input[0]])].numpy())
        elif node.name in captured and id(captured[node.name]) in variables:
            handles.add(place)
        elif node.name in captured:
            _make_constant(node, captured[node.name].numpy())
    for place in sorted(handles, reverse=True):
        del graph.node[place]
    return graph


def _make_constant(node: Any, value: Any) -> None:
    import tensorflow

    node.op = "Const"
    del node.input[:]
    node.attr.clear()
    node.attr["value"].tensor.CopyFrom(tensorflow.make_tensor_proto(value))
    node.attr["dtype"].type = node.attr["value"].tensor.dtype


def _configure(tensorflow: Any, converter: Any, quantize: str, examples: Examples) -> None:
    operations = tensorflow.lite.OpsSet
    if quantize != "none":
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tensorflow.float16]
    if quantize in QUANTIZING:
        converter.representative_dataset = lambda: ([example] for example in examples())
        converter.target_spec.supported_ops = [operations.TFLITE_BUILTINS_INT8]
    if quantize == "int16x8":
        converter.target_spec.supported_ops = [operations.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
