"""Normalization, and dropout."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Weight
from cnncli.graph.layers import (
    BatchNormalization,
    Dropout,
    GroupNormalization,
    LayerNormalization,
)
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.operations.arguments import Writer
from cnncli.readers.torch_export.program import Operation, Value


def _affine(network: TorchNetwork, gamma: Value | None, beta: Value | None) -> list[Weight]:
    found = network.weights("gamma", gamma) if gamma is not None else []
    return found + (network.weights("beta", beta) if beta is not None else [])


def batch_norm(network: TorchNetwork, operation: Operation) -> None:
    source = network.in_layout(operation.get("input"), True, operation)
    gamma, beta = operation.get("weight"), operation.get("bias")
    shared = {"epsilon": operation.get("eps", default=1e-5), "center": beta is not None, "scale": gamma is not None}
    weights = _affine(network, gamma, beta)
    mean, variance = operation.get("running_mean"), operation.get("running_var")
    if mean is None or variance is None:
        network.apply(operation, GroupNormalization(-1, **shared), [source], weights=weights)
        return
    weights += network.weights("moving_mean", mean) + network.weights("moving_variance", variance)
    momentum = 1 - float(operation.get("momentum", default=0.1))
    network.apply(operation, BatchNormalization(round(momentum, 12), **shared), [source], weights=weights)


def group_norm(network: TorchNetwork, operation: Operation) -> None:
    source = network.in_layout(operation.get("input"), True, operation)
    gamma, beta = operation.get("weight"), operation.get("bias")
    groups = operation.get("num_groups", "group", default=-1)
    layer = GroupNormalization(groups, operation.get("eps", default=1e-5), beta is not None, gamma is not None)
    network.apply(operation, layer, [source], weights=_affine(network, gamma, beta))


def layer_norm(network: TorchNetwork, operation: Operation) -> None:
    source, gamma, beta = operation.get("input"), operation.get("weight"), operation.get("bias")
    count = len(operation.get("normalized_shape"))
    if count < source.rank - 1:
        source = network.in_layout(source, False, operation)
    axes = tuple(network.axis(source, -number) for number in range(count, 0, -1))
    last = len(network.shape(source))
    axis: Any = -1 if axes == (last,) else axes[0] if count == 1 else axes
    layer = LayerNormalization(axis, operation.get("eps", default=1e-5), beta is not None, gamma is not None)
    network.apply(operation, layer, [source], weights=_affine(network, gamma, beta))


def dropout(network: TorchNetwork, operation: Operation) -> None:
    network.apply(operation, Dropout(float(operation.get("p", default=0.5))), [operation.tensors[0]])


WRITERS: dict[str, Writer] = {
    **dict.fromkeys((
        "batch_norm", "_native_batch_norm_legit_no_training", "native_batch_norm", "_native_batch_norm_legit",
        "_native_batch_norm_legit_functional", "cudnn_batch_norm", "_batch_norm_no_update",
        "_batch_norm_with_update", "_batch_norm_with_update_functional",
    ), batch_norm),
    **dict.fromkeys(("group_norm", "native_group_norm", "instance_norm"), group_norm),
    **dict.fromkeys(("layer_norm", "native_layer_norm"), layer_norm),
    **dict.fromkeys(("dropout", "feature_dropout", "native_dropout", "alpha_dropout"), dropout),
}  # fmt: skip
