"""Where a model's weights stand: within it, or beside it, for what protobuf cannot hold goes to a second file.

https://onnx.ai/onnx/repo-docs/ExternalData.html: a tensor names a file by its place relative to the model's, and where
in it its bytes are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

LARGEST = 2**31 - 1
"""Bytes of a message of protobuf's, and so of an ONNX file."""
STRUCTURE = 2**26
"""Bytes that are kept for what is no weight: names, operations, constants. The largest networks take some percent."""
ALIGNMENT = 2**16
"""Of each tensor's bytes, so that a runtime may map them into memory: 4 KiB suffice but on Windows."""


def beside(path: Path) -> Path:
    """Where the weights of a model stand that are too large for its own file."""
    name = path.name if path.suffix.lower() == ".onnx" else f"{path.name}.onnx"
    return path.with_name(f"{name}.data")


def fits(weight_bytes: int) -> bool:
    """Whether a model with so many bytes of weights is one file."""
    return weight_bytes + STRUCTURE <= LARGEST


def within(model: Any, initializers: Mapping[str, Any]) -> None:
    """Put these values into a model that holds them itself.

    They are put where they stay: numpy_helper.from_array makes a tensor that would be copied into the model.
    """
    for name, values in initializers.items():
        _added(model, name, values).raw_data = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def outside(model: Any, initializers: Mapping[str, Any], path: Path) -> None:
    """Put the values of a model at `path` beside it, one after the other, where they are large.

    What is smaller than its alignment stays within: sizes, which shape inference must see, and vectors.
    """
    import numpy

    with beside(path).open("wb") as file:
        for name, values in initializers.items():
            if values.nbytes < ALIGNMENT:
                within(model, {name: values})
                continue
            offset = -(-file.tell() // ALIGNMENT) * ALIGNMENT
            file.seek(offset)
            file.write(numpy.ascontiguousarray(values).data)
            _point(_added(model, name, values), beside(path).name, offset, values.nbytes)


def _added(model: Any, name: str, values: Any) -> Any:
    """A tensor of a model, but for its bytes."""
    from onnx import helper

    dtype = helper.np_dtype_to_tensor_dtype(values.dtype)
    return model.graph.initializer.add(name=name, data_type=dtype, dims=values.shape)


def _point(tensor: Any, location: str, offset: int, length: int) -> None:
    """Say where a tensor's bytes are."""
    from onnx import TensorProto

    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
