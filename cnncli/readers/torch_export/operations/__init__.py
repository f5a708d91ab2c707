"""ATen's operations as layers: which layer each is, and with what fields, in the tables of the file of its kind.

The arguments' names and defaults are those of ATen's schemas (aten/src/ATen/native/native_functions.yaml). Operations
stand here as programs hold them before and after torch's decompositions.
"""

from __future__ import annotations

from cnncli.errors import LayerError
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.operations import (
    activations,
    cells,
    convolutions,
    moving,
    normalization,
    pooling,
    products,
)
from cnncli.readers.torch_export.operations.arguments import Writer
from cnncli.readers.torch_export.program import Operation

PARTS = frozenset({
    "slice", "narrow", "select", "split", "split_with_sizes", "chunk", "unbind", "tensor_split",
})  # fmt: skip
"""Operations that take a part of a tensor: of a parameter, that part is what is used."""


RECODING = frozenset({"dequantize_per_tensor", "dequantize_per_channel", "quantize_per_tensor", "quantize_per_channel"})


WRITERS: dict[str, Writer] = {
    name: writer
    for kind in (convolutions, products, normalization, activations, pooling, cells, moving)
    for name, writer in kind.WRITERS.items()
}


def append(network: TorchNetwork, operation: Operation) -> None:
    """Append what an operation is: a layer or several, nothing, or an opaque one where it is none that is known."""
    tensors = operation.tensors
    is_noise = operation.name.startswith(("rand", "bernoulli", "normal"))
    if all(value.constant for value in tensors) and not is_noise:
        network.fold(operation, operation.name in PARTS)
        if operation.name in RECODING:
            _recode_constant(operation)
        return
    writer = WRITERS.get(operation.name) if operation.domain in ("aten", "quantized_decomposed") else None
    try:
        if writer is not None:
            writer(network, operation)
            network.select_others(operation)
            return
    except (LayerError, KeyError, TypeError, IndexError, ValueError, AttributeError):
        pass  # called with other arguments than are known here
    network.opaque(operation)


def _recode_constant(operation: Operation) -> None:
    """Integers that stand for real numbers are weights as the real numbers are; their scales are none of them."""
    stored = operation.tensors[0]
    for output in operation.outputs:
        output.origins = stored.origins
