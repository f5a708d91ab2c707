"""TensorFlow's operations that summarize: pooling, and means and their like along axes."""

from __future__ import annotations

from collections.abc import Callable

from cnncli.amounts import UNKNOWN
from cnncli.graph import Layer
from cnncli.graph.layers import (
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling2D,
    Reduce,
)
from cnncli.readers.saved_model.frame import Call, Value
from cnncli.readers.saved_model.layouts import channels_first, feature_map, spatial
from cnncli.readers.saved_model.shaping import any_move
from cnncli.readers.saved_model.walk import Handler, Walk, opaque


def _pooling(kind: type[AveragePooling2D] | type[MaxPooling2D]) -> Handler:
    def pool(walk: Walk, call: Call) -> list[Value]:
        source = feature_map(walk, call, call.inputs[0])
        if len(call.inputs) == 3:  # MaxPoolV2: the sizes are tensors
            first = 2 if channels_first(call) else 1
            size, strides = ((value.values or ())[first : first + 2] for value in call.inputs[1:])
        else:
            size, strides = spatial(call, "ksize"), spatial(call, "strides")
        if len(size) != 2 or len(strides) != 2 or call.node.text("padding") == "EXPLICIT":
            return opaque(walk, call)
        layer = kind((size[0], size[1]), (strides[0], strides[1]), call.node.text("padding", "VALID").lower())
        return walk.append(call, layer, [source])

    return pool


_POOLS: dict[tuple[str, int], Callable[[bool], Layer]] = {
    ("Mean", 3): GlobalAveragePooling2D, ("Max", 3): GlobalMaxPooling2D,
    ("Mean", 2): GlobalAveragePooling1D, ("Max", 2): GlobalMaxPooling1D,
}  # fmt: skip


def _summary(walk: Walk, call: Call) -> list[Value]:
    source, places = walk.tensor(call.inputs[0]), call.inputs[1].values
    if places is None or source.shape is None or UNKNOWN in places:
        return opaque(walk, call)
    kept = bool(call.node.whole("keep_dims"))
    given = {place % source.rank for place in places} if source.rank else set()
    shape = tuple(1 if axis in given else size for axis, size in enumerate(source.shape) if kept or axis not in given)
    axes = tuple(sorted(walk.assembly.axis(source, place) for place in given))
    rank = len(walk.assembly.shape(source))
    pool = _POOLS.get((call.operation, rank))
    layer: Layer = Reduce(call.operation, axes, kept)
    if pool is not None and axes == tuple(range(1, rank)):
        layer = pool(kept)
    return walk.append(call, layer, [source], shape=shape, channels_first=source.channels_first and kept)


def _largest(walk: Walk, call: Call) -> list[Value]:
    """ArgMax and ArgMin: where along an axis."""
    source, axis = walk.tensor(call.inputs[0]), call.inputs[1].values
    if not axis or axis[0] is UNKNOWN or not source.shape:
        return any_move(walk, call)
    place = axis[0] % source.rank
    shape = (*source.shape[:place], *source.shape[place + 1 :])
    layer = Reduce(call.operation, (walk.assembly.axis(source, place),))
    return walk.append(call, layer, [source], shape=shape, channels_first=False)


SUMMARIES: dict[str, Handler] = {
    **dict.fromkeys(("MaxPool", "MaxPoolV2"), _pooling(MaxPooling2D)),
    "AvgPool": _pooling(AveragePooling2D),
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Prod", "Any", "All", "EuclideanNorm"), _summary),
    **dict.fromkeys(("ArgMax", "ArgMin"), _largest),
}
