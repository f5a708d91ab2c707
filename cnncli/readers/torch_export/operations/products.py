"""Products of matrices, and what is made of them: recurrent cells, attention."""

from __future__ import annotations

from math import prod

from cnncli.errors import LayerError
from cnncli.graph import Layer
from cnncli.graph.layers import (
    GRU,
    LSTM,
    Dense,
    Embedding,
    MatMul,
    Opaque,
)
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.operations.arguments import Writer
from cnncli.readers.torch_export.program import Operation, Value


def linear(network: TorchNetwork, operation: Operation) -> None:
    _dense(network, operation, operation.get("input"), operation.get("weight"), operation.get("bias"), is_turned=True)


def added_product(network: TorchNetwork, operation: Operation) -> None:
    bias, one, other = (operation.get(name) for name in ("self", "mat1", "mat2"))
    if not bias.constant:
        raise LayerError("what is added is computed")
    _dense(network, operation, one, other, bias)


def product(network: TorchNetwork, operation: Operation) -> None:
    one, other = operation.get("self"), operation.get("mat2", "other")
    if other.constant and _matrix(other) and not one.constant:
        _dense(network, operation, one, other, None)
        return
    constants = [value for value in (one, other) if value.constant]
    weights = [weight for value in constants for weight in network.held(value)]
    inputs = [value for value in (one, other) if not value.constant]
    network.several(operation, MatMul(network.shape(operation.outputs[0])), inputs, weights)


def _matrix(value: Value) -> tuple[int, ...]:
    """The sizes of a constant that is one matrix, or the same one for all of a batch; nothing for another."""
    last = value.sizes[-2:]
    is_repeated = len(value.origins) == 1 and value.origins[0].size == prod(last)
    return last if value.rank == 2 or (value.rank > 2 and is_repeated) else ()


def _dense(
    network: TorchNetwork, operation: Operation, source: Value, kernel: Value, bias: Value | None,
    is_turned: bool = False,
) -> None:  # fmt: skip
    """A dense layer over the last axis; torch's linear holds its kernel turned, (outputs, inputs)."""
    if not kernel.constant or not _matrix(kernel) or (bias is not None and not bias.constant):
        raise LayerError("no constant matrix")
    inputs, units = _matrix(kernel)[::-1] if is_turned else _matrix(kernel)
    source = network.in_layout(source, False, operation)
    layer = Dense(units, use_bias=bias is not None)
    weights = network.weights("kernel", kernel, (inputs, units))
    weights += network.weights("bias", bias) if bias is not None else []
    network.apply(operation, layer, [source], weights=weights, channels_first=False)


def embedding(network: TorchNetwork, operation: Operation) -> None:
    table = operation.get("weight")
    if not table.constant:
        raise LayerError("a table that is computed")
    rows, width = table.sizes
    layer = Embedding(rows, width)
    network.apply(operation, layer, [operation.get("indices")], weights=network.weights("embeddings", table))


def recurrent(network: TorchNetwork, operation: Operation) -> None:
    """lstm and gru: Keras's layer where one goes in one direction, else all of them as one that nobody knows."""
    source, parameters = operation.get("input"), operation.get("params", default=[])
    if not all(value.constant for value in parameters):
        raise LayerError("weights that are computed")
    source = network.in_layout(source, False, operation)
    single = operation.get("num_layers") == 1 and not operation.get("bidirectional") and operation.get("batch_first")
    is_lstm = operation.name == "lstm"
    if single and len(network.shape(source)) == 2:
        biases = bool(operation.get("has_biases"))
        units = parameters[1].sizes[1]
        layer: Layer = LSTM(units, True, biases) if is_lstm else GRU(units, True, biases)
        names = ("kernel", "recurrent_kernel", "bias", "recurrent_bias")
        weights = [
            weight for name, value in zip(names, parameters, strict=False) for weight in network.weights(name, value)
        ]
        network.apply(operation, layer, [source], weights=weights)
        return
    weights = [weight for value in parameters for weight in network.held(value)]
    network.several(operation, Opaque(operation.name.upper(), network.shape(operation.outputs[0])), [source], weights)


def attention(network: TorchNetwork, operation: Operation) -> None:
    """Products of computed matrices, whose work is not counted."""
    inputs = [value for value in operation.tensors if not value.constant]
    network.several(operation, Opaque("ScaledDotProductAttention", network.shape(operation.outputs[0])), inputs)


WRITERS: dict[str, Writer] = {
    "linear": linear, "addmm": added_product, **dict.fromkeys(("mm", "bmm", "matmul"), product),
    "embedding": embedding, "lstm": recurrent, "gru": recurrent,
    **dict.fromkeys((
        "scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention",
        "_scaled_dot_product_fused_attention_overrideable", "_safe_softmax_attention",
    ), attention),
}  # fmt: skip
