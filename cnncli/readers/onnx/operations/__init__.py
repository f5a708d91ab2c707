"""Operations of ONNX as layers. Which operation becomes what is in the tables of the file of its kind."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.errors import LayerError
from cnncli.readers.onnx.model import ROUNDING, Open, Operation, Value
from cnncli.readers.onnx.operations import axes, cells, kernels, moving, normalization, products
from cnncli.readers.onnx.operations.cells import SETTINGS
from cnncli.readers.onnx.operations.exact import EXACT
from cnncli.readers.onnx.operations.moving import PLAIN_MOVES
from cnncli.readers.onnx.operations.translator import Translation, Translator
from cnncli.readers.onnx.shapes.axes import REDUCING
from cnncli.readers.onnx.shapes.cells import BINARY, COMPARING, UNARY

_HARMLESS = frozenset({
    *UNARY, *BINARY, *COMPARING, *REDUCING, *PLAIN_MOVES, *SETTINGS, "ArgMax", "ArgMin", "Resize", "Upsample",
    "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Concat", "Slice", "Gather", "Pad", "Softmax",
    "LogSoftmax", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool",
    "DepthToSpace", "SpaceToDepth", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
})  # fmt: skip
"""Operations without kernels: where no layer fits, they still multiply nothing."""


TRANSLATIONS: dict[tuple[str, str], Translation] = {
    **{
        ("", name): each
        for kind in (cells, axes, moving, kernels, products, normalization)
        for name, each in kind.STANDARD.items()
    },
    **{
        ("com.microsoft", name): each
        for kind in (cells, axes, kernels, products, normalization)
        for name, each in kind.RUNTIME.items()
    },
    **dict.fromkeys(ROUNDING, cells.rounded),
}


def translate(translator: Translator, operation: Operation, captured: Sequence[Value] = ()) -> None:
    """Whatever does not fit is an opaque layer: its shapes and weights are told all the same."""
    found = TRANSLATIONS.get((operation.domain, operation.kind))
    if translator.exact and not operation.domain:
        found = EXACT.get(operation.kind, found)
    if found is None:
        translator.opaque(operation, captured)
        return
    try:
        found(translator, operation)
        translator.select_others(operation)
    except (LayerError, Open, TypeError, IndexError, ValueError, ZeroDivisionError, OverflowError):
        if translator.assembly.has(operation.outputs[0]):
            raise
        translator.moving(operation) if operation.kind in _HARMLESS else translator.opaque(operation, captured)
