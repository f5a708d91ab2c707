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


def within(initializers: Mapping[str, Any]) -> list[Any]:
    """The tensors of a model that holds these values itself."""
    from onnx import numpy_helper

    return [numpy_helper.from_array(values, name) for name, values in initializers.items()]


def outside(initializers: Mapping[str, Any], path: Path) -> list[Any]:
    """The tensors of a model at `path` whose large values are written beside it, one after the other.

    What is smaller than its alignment stays within: sizes, which shape inference must see, and vectors.
    """
    import numpy

    tensors = []
    with beside(path).open("wb") as file:
        for name, values in initializers.items():
            if values.nbytes < ALIGNMENT:
                tensors += within({name: values})
                continue
            offset = -(-file.tell() // ALIGNMENT) * ALIGNMENT
            file.seek(offset)
            file.write(numpy.ascontiguousarray(values).data)
            tensors.append(_pointing(name, values, beside(path).name, offset))
    return tensors


def _pointing(name: str, values: Any, location: str, offset: int) -> Any:
    """A tensor that says where its bytes are."""
    from onnx import TensorProto, helper

    tensor = TensorProto(
        name=name,
        data_type=helper.np_dtype_to_tensor_dtype(values.dtype),
        dims=values.shape,
        data_location=TensorProto.EXTERNAL,
    )
    for key, value in (("location", location), ("offset", offset), ("length", values.nbytes)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor
