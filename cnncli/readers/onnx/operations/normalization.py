"""Operations of ONNX that normalize."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.graph import Layer
from cnncli.graph.layers import (
    BatchNormalization,
    Elementwise,
    GroupNormalization,
    LayerNormalization,
    Moving,
)
from cnncli.readers.onnx.model import Operation, Value
from cnncli.readers.onnx.operations.translator import Translation, Translator, first_input
from cnncli.readers.onnx.shapes.basics import axis_of
from cnncli.readers.onnx.weights import as_weights


def _batch_norm(translator: Translator, operation: Operation) -> None:
    source, output = translator.laid_out(first_input(operation), True), operation.outputs[0]
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    given = [operation.input(number) for number in range(1, 5)]
    if any(each is None or not each.constant for each in given):
        translator.opaque(operation)
        return
    held = [(name, value) for name, value in zip(names, given, strict=True) if value is not None and value.is_held]
    weights = [
        each for name, value in held for each in as_weights(value, name, trainable=not name.startswith("moving"))
    ]
    scale, center = (name in dict(held) for name in names[:2])
    layer = BatchNormalization(epsilon=operation.attributes.real("epsilon", 1e-5), center=center, scale=scale)
    name = translator.name(operation, given[0])
    translator.assembly.apply(layer, [source], output, name=name, weights=weights, channels_first=source.channels_first)
    for other in operation.outputs[1:]:  # statistics, in training
        if other.name:
            translator.assembly.several(
                Moving("Statistics", translator.assembly.shape(other)), [source], [other], name=other.name, weights=()
            )


def _group_norm(translator: Translator, operation: Operation) -> None:
    source = translator.laid_out(first_input(operation), True)
    groups = operation.attributes.number("num_groups", -1)
    scale, center = (_is_held(operation.input(number)) for number in (1, 2))
    layer = GroupNormalization(groups, operation.attributes.real("epsilon", 1e-5), center=center, scale=scale)
    _affine(translator, operation, layer, source, (operation.input(1), operation.input(2)))


def _is_held(value: Value | None) -> bool:
    return value is not None and value.is_held


def _affine(
    translator: Translator, operation: Operation, layer: Layer, source: Value, given: Sequence[Value | None],
    channels_first: bool | None = None,
) -> None:  # fmt: skip
    """Normalization with a scale and a shift, which are weights where they are constants."""
    named = [
        (name, value)
        for name, value in zip(("gamma", "beta"), given, strict=True)
        if value is not None and value.constant and value.is_held
    ]
    weights = [
        each
        for name, value in named
        for each in as_weights(value, name, axes=translator.assembly.order(value, source) if value.rank > 1 else ())
    ]
    translator.modest(
        layer, [source], operation.outputs[0], name=translator.name(operation), weights=weights,
        channels_first=source.channels_first if channels_first is None else channels_first,
    )  # fmt: skip


def _layer_norm(translator: Translator, operation: Operation) -> None:
    source = first_input(operation)
    start = axis_of(operation.attributes.number("axis", -1), source.rank)
    axes = tuple(sorted(translator.assembly.axis(source, axis) for axis in range(start, source.rank)))
    rank = len(translator.assembly.shape(source))
    axis: Any = -1 if axes == (rank,) else axes
    epsilon = operation.attributes.real("epsilon", 1e-5)
    scale, center = (_is_held(operation.input(number)) for number in (1, 2))
    simplified = operation.kind.startswith(("Simplified", "RMS"))
    layer: Layer = Elementwise("RMSNormalization") if simplified else LayerNormalization(axis, epsilon, center, scale)
    _affine(translator, operation, layer, source, (operation.input(1), operation.input(2)))


def _skip_norm(translator: Translator, operation: Operation) -> None:
    """onnxruntime's sum of two tensors, normalized: input, skip, gamma, (beta,) bias."""
    output, name = operation.outputs[0], translator.name(operation)
    simplified = "Simplified" in operation.kind
    beta, bias = (None, operation.input(3)) if simplified else (operation.input(3), operation.input(4))
    summed = operation.outputs[3] if len(operation.outputs) > 3 else Value(f"{name}.sum", output.shape, output.dtype)
    summed.shape = output.shape
    inputs = [each for each in (operation.input(0), operation.input(1)) if each is not None]
    translator.simple("Add", inputs, summed, name=f"{name}.sum")
    weights = [
        each
        for title, value in (("gamma", operation.input(2)), ("beta", beta), ("bias", bias))
        if value is not None and value.constant
        for each in as_weights(value, title)
    ]
    layer: Layer = Elementwise("RMSNormalization") if simplified else LayerNormalization(
        -1, operation.attributes.real("epsilon", 1e-5), center=beta is not None
    )  # fmt: skip
    translator.modest(layer, [summed], output, name=name, weights=weights)


STANDARD: dict[str, Translation] = {
    "BatchNormalization": _batch_norm,
    **dict.fromkeys(("InstanceNormalization", "GroupNormalization"), _group_norm),
    **dict.fromkeys(("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"), _layer_norm),
}  # fmt: skip
RUNTIME: dict[str, Translation] = {
    **dict.fromkeys(("LayerNormalization", "SimplifiedLayerNormalization"), _layer_norm),
    **dict.fromkeys(("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"), _skip_norm),
}  # fmt: skip
