"""TFLite files: a concrete function of the Keras model through TensorFlow's converter, then a signature."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from cnncli.errors import CheckFailed
from cnncli.export.flatbuffer import add_signature
from cnncli.export.kinds import INPUT_NAME

Examples = Callable[[], Iterator[Any]]
"""Yields arrays (1, height, width, channels) of float32 in the model's input range."""


def concrete_function(model: Any, batch: int) -> Any:
    """The model's inference as one traced function of a fixed batch.

    Traced with a free batch the converter keeps operations that compute shapes: 80 more for EfficientNet-B0.
    """
    import tensorflow

    (image,) = model.inputs
    signature = tensorflow.TensorSpec((batch, *image.shape[1:]), tensorflow.float32, name=INPUT_NAME)
    return tensorflow.function(lambda image: model(image, training=False)).get_concrete_function(signature)


def convert(function: Any, quantize: str, examples: Examples, output_name: str) -> bytes:
    """The file's bytes, of a kind of --quantize, but for int8-io, which is made of an int8 file.

    `examples` is asked only by the kinds that quantize activations.

    The converter is given the function alone: told of the Keras model it takes four times as long for the same file,
    told of any other owner of the variables it loses their values. Raises CheckFailed where an operation cannot be
    quantized.
    """
    import tensorflow

    converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([function])
    _configure(tensorflow, converter, quantize, examples)
    try:
        data = converter.convert()
    except RuntimeError as error:
        refused = sorted(set(re.findall(r"not yet supported for op: '(\w+)'", str(error))))
        if not refused:
            raise
        raise CheckFailed(
            f"{quantize} is not possible: TFLite has no such kernel for {', '.join(refused)}; take int8 or dynamic"
        ) from error
    return add_signature(data, INPUT_NAME, output_name)


def _configure(tensorflow: Any, converter: Any, quantize: str, examples: Examples) -> None:
    operations = tensorflow.lite.OpsSet
    if quantize != "none":
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tensorflow.float16]
    if quantize in ("int8", "int16x8"):
        converter.representative_dataset = lambda: ([example] for example in examples())
        converter.target_spec.supported_ops = [operations.TFLITE_BUILTINS_INT8]
    if quantize == "int16x8":
        converter.target_spec.supported_ops = [operations.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
