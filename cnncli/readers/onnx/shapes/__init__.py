"""Shapes and dtypes of what an ONNX operation puts out, as onnx/docs/Operators.md defines them, of any opset.

A function of the tables of each kind takes an operation and gives shape and dtype of each output; a size is UNKNOWN
where it depends on what the file leaves open, a shape None where not even the rank is known.
"""

from __future__ import annotations

from cnncli.amounts import UNKNOWN
from cnncli.readers.onnx.model import ROUNDING, Open, Operation
from cnncli.readers.onnx.shapes import attention, axes, cells, learning, matrices, numbers, signals, windows
from cnncli.readers.onnx.shapes.basics import (
    MOST_AXES,
    Inference,
    Output,
    Sizes,
    dtype_of,
)


def inferred(operation: Operation) -> list[Output]:
    """Shape and dtype of each output; no shape for operations of other domains and where it is not known."""
    found = INFERENCES.get((operation.domain, operation.kind))
    count = len(operation.outputs)
    dtype = dtype_of(operation)
    outputs: list[Output] = []
    if found is not None:
        try:
            outputs = found(operation)
        except (Open, TypeError, IndexError, ValueError, ZeroDivisionError, OverflowError):
            outputs = []
    outputs = [(_sane(shape), kind) for shape, kind in outputs[:count]]
    return outputs + [(None, dtype)] * (count - len(outputs))


def _sane(shape: Sizes | None) -> Sizes | None:
    """Sizes that no tensor has are none: below zero, or more than 64 bits hold; so are shapes of very many axes."""
    if shape is None or len(shape) > MOST_AXES:
        return None
    return tuple(UNKNOWN if size is UNKNOWN or not 0 <= size < 2**63 else size for size in shape)


_KINDS = (windows, matrices, cells, axes, numbers, attention, signals, learning)
_FUSED = (windows, matrices, cells, axes, attention)
INFERENCES: dict[tuple[str, str], Inference] = {
    **{("", kind): infer for table in _KINDS for kind, infer in table.STANDARD.items()},
    **{("com.microsoft", kind): infer for table in _FUSED for kind, infer in table.RUNTIME.items()},
    **{("ai.onnx.ml", kind): infer for kind, infer in learning.CLASSICAL.items()},
    **{("ai.onnx.preview.training", kind): infer for kind, infer in learning.TRAINING.items()},
    **dict.fromkeys(ROUNDING, cells.STANDARD["Identity"]),
    **{("ai.onnx.preview", kind): infer for kind, infer in attention.PREVIEW.items()},
}
"""By domain and type. onnxruntime's own operations: github.com/microsoft/onnxruntime, docs/ContribOperators.md."""
