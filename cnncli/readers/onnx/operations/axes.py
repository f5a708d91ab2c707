"""Operations of ONNX that go along axes: reductions, Softmax, and what joins, cuts and turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from cnncli.amounts import UNKNOWN
from cnncli.graph import Layer
from cnncli.graph.layers import (
    Activation,
    Concatenate,
    Elementwise,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Identity,
    Moving,
    Reduce,
    Reshape,
    Slice,
    Softmax,
)
from cnncli.readers.assembly import joins_pixels
from cnncli.readers.onnx.model import Operation, Value
from cnncli.readers.onnx.operations.translator import Translation, Translator, first_input
from cnncli.readers.onnx.shapes.axes import REDUCING, concatenated, order_of, reduced_axes
from cnncli.readers.onnx.shapes.basics import axis_of
from cnncli.readers.onnx.values import slices
from cnncli.readers.onnx.weights import as_weights

_GLOBAL: dict[tuple[str, int], Callable[..., Layer]] = {
    ("Mean", 2): GlobalAveragePooling2D, ("Max", 2): GlobalMaxPooling2D, ("Mean", 1): GlobalAveragePooling1D,
    ("Max", 1): GlobalMaxPooling1D,
}  # fmt: skip


_POOLED = {"GlobalAveragePool": "Mean", "GlobalMaxPool": "Max", "QLinearGlobalAveragePool": "Mean"}


def _global(translator: Translator, operation: Operation) -> None:
    source = first_input(operation)
    if operation.attributes.number("channels_last"):
        translator.moving(operation)
        return
    source = translator.laid_out(source, True)
    _reduced(translator, operation, source, _POOLED.get(operation.kind, "LpNorm"), list(range(2, source.rank)), True)


def _reduce(translator: Translator, operation: Operation) -> None:
    source = first_input(operation)
    if operation.kind.startswith("Arg"):
        axes = [axis_of(operation.attributes.number("axis"), source.rank)]
    else:
        axes = reduced_axes(operation, source.rank)
    keep = bool(operation.attributes.number("keepdims", 1))
    _reduced(translator, operation, source, operation.kind.removeprefix("Reduce"), axes, keep)


def _reduced(
    translator: Translator, operation: Operation, source: Value, kind: str, axes: Sequence[int], keep: bool
) -> None:
    output, assembly = operation.outputs[0], translator.assembly
    if not axes:
        translator.modest(Identity(), [source], output, name=translator.name(operation),
                          channels_first=source.channels_first)  # fmt: skip
        return
    if not assembly.is_batched(source) or 0 in axes:
        translator.moving(operation)
        return
    places = tuple(sorted(assembly.axis(source, axis) for axis in axes))
    rank = source.rank - 1
    pools = _GLOBAL.get((kind, rank - 1)) if places == tuple(range(1, rank)) else None
    layer = pools(keepdims=keep) if pools else Reduce(kind, places, keep)
    first = source.channels_first and (keep or (1 not in axes and output.rank >= 3))
    translator.modest(layer, [source], output, name=translator.name(operation), channels_first=first)


def _softmax(translator: Translator, operation: Operation) -> None:
    """Until opset 12 over all axes from `axis` (1) on, since then along `axis` (-1) alone."""
    source = first_input(operation)
    old = operation.version < 13
    shape = source.shape or ()
    axis = axis_of(operation.attributes.number("axis", 1 if old else -1), len(shape))
    if old and prod(shape[axis + 1 :]) != 1:
        several = [each for each, size in enumerate(shape) if each >= axis and size != 1]
        axis = several[0] if len(several) == 1 else -1
    place = translator.assembly.axis(source, axis) if axis >= 0 else 0
    last = place == len(translator.assembly.shape(source))
    logarithmic = operation.kind == "LogSoftmax"
    if place < 1 or (logarithmic and not last):
        layer: Layer = Elementwise(operation.kind)
    else:
        layer = Activation("log_softmax") if logarithmic else Softmax(-1 if last else place)
    translator.modest(
        layer, [source], operation.outputs[0], name=translator.name(operation), channels_first=source.channels_first
    )


def _concat(translator: Translator, operation: Operation) -> None:
    output, assembly = operation.outputs[0], translator.assembly
    inputs = [each for number in concatenated(operation) if (each := operation.input(number)) is not None]
    first = translator.layout(inputs, output)
    output.channels_first = first
    arranged = [_arranged(translator, each, output) for each in inputs]
    axis = axis_of(operation.attributes.number("axis", 1), output.rank)
    place = assembly.axis(output, axis)
    if len(arranged) == 1:
        layer: Layer = Identity()
    else:
        layer = Concatenate(-1 if place == len(assembly.shape(output)) else place)
    translator.modest(layer, arranged, output, name=translator.name(operation), channels_first=first)


def _arranged(translator: Translator, value: Value, output: Value) -> Value:
    """An input in the output's layout; a constant becomes a node without the batch axis."""
    assembly = translator.assembly
    if not value.constant or output.rank < 2 or not value.shape:
        return translator.laid_out(value, output.channels_first)
    shape = (assembly.batch, *value.shape[1:])
    held = Value(value.name, shape, value.dtype, roots=value.roots, channels_first=output.channels_first)
    assembly.hold(held, assembly.operand(value, output))
    return held


def _slice(translator: Translator, operation: Operation) -> None:
    source, output, assembly = first_input(operation), operation.outputs[0], translator.assembly
    rank = source.rank
    begin, strides = [0] * rank, [1] * rank
    for axis, start, _, step in slices(operation, rank):
        place = assembly.axis(source, axis) if assembly.is_batched(source) else axis
        size = (source.shape or ())[axis]
        begin[place] = start if start >= 0 or size is UNKNOWN else max(start + size, 0)
        strides[place] = step
    skip = 1 if assembly.is_batched(source) else 0
    output.channels_first = source.channels_first
    layer = Slice(shape=assembly.shape(output), begin=tuple(begin[skip:]), strides=tuple(strides[skip:]))
    translator.modest(layer, [source], output, name=translator.name(operation), channels_first=source.channels_first)


def _gather(translator: Translator, operation: Operation) -> None:
    """Rows of a constant matrix are an embedding."""
    table, indices = first_input(operation), operation.input(1)
    if indices is None or not table.constant or indices.constant:
        output = operation.outputs[0]
        kept = output.rank == table.rank and table.channels_first
        translator.moving(operation, channels_first=kept)
        return
    shape = table.shape or ()
    layer: Layer = Moving("Gather", translator.assembly.shape(operation.outputs[0]))
    if len(shape) == 2 and not operation.attributes.number("axis"):
        layer = Embedding(*shape)
    weights = as_weights(table, "embeddings")
    translator.modest(layer, [indices], operation.outputs[0], name=translator.name(operation, table), weights=weights)


def _transpose(translator: Translator, operation: Operation) -> None:
    source = first_input(operation)
    order = order_of(operation, source.rank)
    translator.assembly.transpose(source, operation.outputs[0], order, name=translator.name(operation))


def reshape(translator: Translator, operation: Operation) -> None:
    """Reshape, Flatten, Squeeze, Unsqueeze: one that only says that channels come first is no layer."""
    source, output, assembly = first_input(operation), operation.outputs[0], translator.assembly
    output.channels_first = translator.new_layout(output, source)
    if assembly.is_batched(output) and assembly.has(source):
        output.channels_first |= joins_pixels(assembly.node(source), (output.shape or ())[1:])
    shape = assembly.shape(output)
    if not translator.raw and source.channels_first != output.channels_first and shape == assembly.shape(source):
        assembly.alias(output, source, layout=output.channels_first)
        return
    flat = len(shape) == 1 and len(assembly.shape(source)) > 1 and operation.kind in ("Flatten", "Reshape")
    layer: Layer = Flatten() if flat else Reshape(shape)
    translator.modest(layer, [source], output, name=translator.name(operation), channels_first=output.channels_first)


STANDARD: dict[str, Translation] = {
    **dict.fromkeys((*REDUCING, "ArgMax", "ArgMin"), _reduce),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), _global),
    **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax),
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), reshape), "Transpose": _transpose,
    "Concat": _concat, "Slice": _slice, "Gather": _gather,
}  # fmt: skip
RUNTIME: dict[str, Translation] = {"QLinearConcat": _concat, "QLinearGlobalAveragePool": _global}
