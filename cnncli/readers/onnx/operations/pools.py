"""Pooling of ONNX whose windows reach over the map's edge, as layers that compute just what the file does.

Cells around the map are no part of a maximum; of a mean they are where `count_include_pad` says so, but never those
behind the pads, which a window reaches with `ceil_mode` (Operators.md, MaxPool and AveragePool).
"""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.graph import Layer
from cnncli.graph.layer import pair
from cnncli.graph.layers import AveragePooling2D, Elementwise, MaxPooling2D, Pad, ZeroPadding2D
from cnncli.readers.onnx.model import Operation, Value
from cnncli.readers.onnx.operations import kernels
from cnncli.readers.onnx.operations.translator import Translation, Translator, first_input
from cnncli.readers.onnx.shapes.windows import Sliding, sliding

LOWEST = -3.4028234663852886e38
"""The least number of float32."""
Sides = Sequence[tuple[int, int]]


class _Steps:
    """Appends layers of one input each, one after the other, to maps whose channels are first."""

    def __init__(self, translator: Translator, name: str) -> None:
        self._translator, self._name = translator, name

    def apply(self, layer: Layer, source: Value, what: str, sizes: Sequence[int] | None = None) -> Value:
        shape = source.shape or ()
        made = Value(f"{self._name}.{what}", (*shape[:2], *(sizes or shape[2:])), source.dtype)
        self._translator.modest(layer, [source], made, name=made.name, channels_first=True, weights=())
        return made

    def pad(self, source: Value, sides: Sides, what: str, value: float = 0.0) -> Value:
        """The map itself where nothing is put around it."""
        if not any(map(any, sides)):
            return source
        sizes = [size + sum(around) for size, around in zip((source.shape or ())[2:], sides, strict=True)]
        if not value:
            return self.apply(ZeroPadding2D(tuple(sides)), source, what, sizes)  # type: ignore[arg-type]
        layer = Pad(shape=(*sizes, (source.shape or ())[1]), paddings=(*sides, (0, 0)), value=value)
        return self.apply(layer, source, what, sizes)


def _window(translator: Translator, operation: Operation) -> tuple[Value, Sliding, str | None] | None:
    """The map, the window, and Keras's word for its pads; None where it is no plain window over a map."""
    source = translator.laid_out(first_input(operation), True)
    sizes = (source.shape or ())[2:]
    window = sliding(operation, sizes, operation.attributes.numbers("kernel_shape") or [])
    if len(sizes) != 2 or max(window.dilations) > 1 or not translator.assembly.is_batched(source):
        return None
    return source, window, kernels.padding_of(window, sizes)


def _max_pool(translator: Translator, operation: Operation) -> None:
    """What is put around the map is lower than all of its cells."""
    found = _window(translator, operation)
    if found is None or found[2] or kernels.is_positive(translator, found[0]):
        kernels.pooling(translator, operation)
        return
    source, window, _ = found
    name, output = translator.name(operation), operation.outputs[0]
    wider = _Steps(translator, name).pad(source, window.pads, "pad", LOWEST)
    pool = MaxPooling2D(pair(window.kernel), pair(window.strides))  # type: ignore[arg-type]
    translator.modest(pool, [wider], output, name=name, channels_first=True)


def _average(translator: Translator, operation: Operation) -> None:
    """The mean with zeros around the map, by the share of each window's cells that count."""
    found = _window(translator, operation)
    counts = bool(operation.attributes.number("count_include_pad"))
    if found is None or not _has_windows_of_fewer(operation, found[1], found[2], counts):
        kernels.pooling(translator, operation)
        return
    source, window, _ = found
    name, steps = translator.name(operation), _Steps(translator, translator.name(operation))
    pool = AveragePooling2D(pair(window.kernel), pair(window.strides))  # type: ignore[arg-type]
    mean = steps.apply(pool, steps.pad(source, window.pads, "pad"), "mean", window.size)
    zeros = steps.apply(Elementwise("ZerosLike"), source, "zeros")
    ones = steps.apply(Elementwise("Add", (), 1.0), zeros, "ones")
    given = _given(operation) if counts else ((0, 0), (0, 0))
    beyond = [(all_[0] - own[0], all_[1] - own[1]) for all_, own in zip(window.pads, given, strict=True)]
    counted = steps.pad(steps.pad(ones, given, "counted", 1.0), beyond, "beyond")
    share = steps.apply(pool, counted, "share", window.size)
    translator.modest(
        Elementwise("Divide"), [mean, share], operation.outputs[0], name=name, channels_first=True, weights=()
    )


def _given(operation: Operation) -> Sides:
    before_and_behind = operation.attributes.numbers("pads") or [0] * 4
    return (before_and_behind[0], before_and_behind[2]), (before_and_behind[1], before_and_behind[3])


def _has_windows_of_fewer(operation: Operation, window: Sliding, padding: str | None, counts: bool) -> bool:
    """Whether some mean is of fewer cells than the window has, other than by Keras's padding."""
    if operation.attributes.text("auto_pad", "NOTSET") not in ("", "NOTSET"):
        return padding is None and not counts
    beyond = any(around[1] > own[1] for around, own in zip(window.pads, _given(operation), strict=True))
    return beyond if counts else padding is None


EXACT: dict[str, Translation] = {"MaxPool": _max_pool, "AveragePool": _average}
