"""Of which type a tensor is in a file."""

from __future__ import annotations

from typing import Any

_REAL = ("float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16")


def is_real(dtype: str) -> bool:
    """Whether it stands for real numbers, which a file computes in float32 whatever the network says."""
    return dtype in _REAL


def onnx_dtype(dtype: str) -> Any:
    """The onnx.TensorProto type of a tensor of the graph's dtype. Raises KeyError for one that ONNX lacks."""
    import numpy
    from onnx import TensorProto, helper

    return TensorProto.FLOAT if is_real(dtype) else helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))
