"""Pooling, and reductions along axes."""

from __future__ import annotations

from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer
from cnncli.graph.layers import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
    Reduce,
)
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.operations.arguments import Writer, keras_sides, lengths, padded
from cnncli.readers.torch_export.operations.cells import binary
from cnncli.readers.torch_export.program import Operation


def pooling(network: TorchNetwork, operation: Operation) -> None:
    source = operation.get("self")
    axes = 1 if operation.name.endswith("1d") else 2
    is_mean = "avg" in operation.name
    title = f"{'Average' if is_mean else 'Max'}Pooling"
    if "3d" in operation.name or source.rank != axes + 2:
        network.move(operation, None, [source], title=f"{title}{3 if '3d' in operation.name else axes}D")
        return
    source = network.in_layout(source, True, operation)
    size = lengths(operation.get("kernel_size"), axes)
    strides = lengths(operation.get("stride") or size, axes)
    if set(lengths(operation.get("dilation", default=1), axes)) != {1}:
        network.move(operation, None, [source], title=f"{title}{axes}D", channels_first=True)
        return
    cells = lengths(operation.get("padding", default=0), axes)
    outputs = operation.outputs[0].sizes[2:]
    ceil = bool(operation.get("ceil_mode", default=False))
    padding, sides = keras_sides(source.sizes[2:], outputs, size, strides, cells, ceil)
    if is_mean and padding == "same" and operation.get("count_include_pad", default=True) and any(cells):
        padding, sides = "valid", tuple((each, each) for each in cells)  # Keras's `same` leaves the zeros out
    kinds: Any = (AveragePooling1D, AveragePooling2D) if is_mean else (MaxPooling1D, MaxPooling2D)
    source = padded(network, operation, source, sides)
    network.apply(operation, kinds[axes - 1](size, strides, padding), [source])


def adaptive_pooling(network: TorchNetwork, operation: Operation) -> None:
    source, output = network.in_layout(operation.get("self"), True, operation), operation.outputs[0]
    axes = 1 if operation.name.endswith("1d") else 2
    if source.rank != axes + 2 or "3d" in operation.name:
        raise LayerError("not a map")
    is_mean = "avg" in operation.name
    sizes, wanted = source.sizes[2:], output.sizes[2:]
    if set(wanted) == {1}:
        kinds: Any = (
            (GlobalAveragePooling1D, GlobalAveragePooling2D) if is_mean else (GlobalMaxPooling1D, GlobalMaxPooling2D)
        )
        network.apply(operation, kinds[axes - 1](keepdims=True), [source])
    elif sizes == wanted:
        network.alias(operation, source)
    elif UNKNOWN not in (*sizes, *wanted) and not any(size % cells for size, cells in zip(sizes, wanted, strict=True)):
        window = tuple(size // cells for size, cells in zip(sizes, wanted, strict=True))
        kinds = (AveragePooling1D, AveragePooling2D) if is_mean else (MaxPooling1D, MaxPooling2D)
        network.apply(operation, kinds[axes - 1](window), [source])
    else:
        title = "AdaptiveAveragePooling" if is_mean else "AdaptiveMaxPooling"
        network.move(operation, None, [source], title=title)


_REDUCTIONS = {
    "mean": "Mean", "sum": "Sum", "amax": "Max", "amin": "Min", "max": "Max", "min": "Min", "prod": "Prod",
    "argmax": "ArgMax", "argmin": "ArgMin", "var": "Variance", "std": "StandardDeviation", "any": "Any", "all": "All",
    "logsumexp": "LogSumExp", "linalg_vector_norm": "Norm", "norm": "Norm",
}  # fmt: skip


def reduction(network: TorchNetwork, operation: Operation) -> None:
    if operation.name in ("max", "min") and operation.get("other") is not None:
        binary(network, operation)
        return
    source, output = operation.tensors[0], operation.outputs[0]
    dims = operation.get("dim")
    listed = [dims] if isinstance(dims, int) else list(dims or range(source.rank))
    places = {dim % source.rank for dim in listed}
    if 0 in places and network.is_batched(source):
        network.move(operation, None, [source], title=_REDUCTIONS[operation.name])
        return
    keepdims = bool(operation.get("keepdim", default=False))
    axes = tuple(sorted(network.axis(source, place) for place in places))
    first = source.channels_first and output.rank >= 3 and (keepdims or 1 not in places)
    over_map = len(network.shape(source)) - 1
    if operation.name == "mean" and over_map in (1, 2) and axes == tuple(range(1, over_map + 1)):
        layer: Layer = (GlobalAveragePooling1D, GlobalAveragePooling2D)[over_map - 1](keepdims)
    else:
        layer = Reduce(_REDUCTIONS[operation.name], axes, keepdims)
    network.apply(operation, layer, [source], channels_first=first)


WRITERS: dict[str, Writer] = {
    **dict.fromkeys((
        "max_pool1d", "max_pool2d", "max_pool2d_with_indices", "avg_pool1d", "avg_pool2d", "max_pool3d",
        "max_pool3d_with_indices", "avg_pool3d",
    ), pooling),
    **dict.fromkeys((
        "adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool1d",
        "adaptive_max_pool2d",
    ), adaptive_pooling),
    **dict.fromkeys(_REDUCTIONS, reduction),
}  # fmt: skip
