"""Weights in half precision: stored as float16, made float32 again by a Cast each before anything computes.

Runtimes fold such a Cast into the constant when they load a file, so that it computes as the float32 file does.
"""

from __future__ import annotations

from typing import Any

from cnncli.errors import CheckFailed
from cnncli.onnx_model.lowering import Lowering


def halve(lowering: Lowering) -> None:
    """Store what is more than a vector in float16. Vectors, such as batch norm's variances, are left as they are:

    they are a hundredth of a network, and may be beyond what float16 holds, 6e-8 to 65504.
    Raises CheckFailed where a kernel is.
    """
    import numpy
    from onnx import TensorProto, helper

    casts, renamed = [], {}
    for name, values in lowering.initializers.items():
        if values.dtype != numpy.float32 or values.size == max(values.shape, default=1):
            continue
        lowering.initializers[name] = _halved(name, values)
        renamed[name] = lowering.unique(f"{name}/float32")
        casts.append(helper.make_node("Cast", [name], [renamed[name]], name=renamed[name], to=TensorProto.FLOAT))
    for operation in lowering.operations:
        for place, name in enumerate(operation.input):
            operation.input[place] = renamed.get(name, name)
    lowering.operations[:0] = casts


def _halved(name: str, values: Any) -> Any:
    import numpy

    with numpy.errstate(over="ignore"):
        halved = values.astype("float16")
    if not numpy.isfinite(halved).all() and numpy.isfinite(values).all():
        largest = float(numpy.abs(values).max())
        raise CheckFailed(f"float16 is not possible: {name} reaches {largest:.3g}, and float16 65504; take none")
    return halved
