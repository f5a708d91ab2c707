"""What moves cells or values to and fro: quantization, reshapes, means axis by axis, maps cut up for dilation."""

from __future__ import annotations

from dataclasses import replace
from math import isqrt, prod
from typing import Any

from cnncli.amounts import is_known
from cnncli.errors import LayerError
from cnncli.graph import Layer, Shape
from cnncli.graph.layers import (
    AveragePooling2D,
    Cast,
    Dense,
    DepthToSpace,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalPooling,
    MaxPooling2D,
    Moving,
    Permute,
    Reduce,
    Reshape,
    TimeDistributed,
)
from cnncli.graph.roles import CONVOLUTIONS
from cnncli.readers.assembly import SPREAD
from cnncli.readers.folding.draft import Draft, Step
from cnncli.readers.folding.dynamic import quantizes_dynamically


def fold_idle(draft: Draft, step: Step) -> bool:
    """Whether the step did nothing, such as quantizing or dropout at inference, and is gone. Casts stay."""
    if not step.layer.idle or isinstance(step.layer, Cast) or len(step.sources) != 1 or quantizes_dynamically(step):
        return False
    return draft.bypass(step)


def fold_reshapes(draft: Draft, step: Step) -> bool:
    """Whether the step reshaped what was just reshaped, or what was pooled, and the two are one now, or none."""
    if not isinstance(step.layer, (Reshape, Flatten)) or len(step.sources) != 1:
        return False
    (source,) = step.sources
    if source.shape == step.shape:
        return draft.bypass(step)
    if isinstance(source.layer, (Reshape, Flatten)):
        return draft.become(step, Reshape(step.shape), source.sources, [source])
    if not isinstance(source.layer, GlobalPooling):
        return False
    flat = replace(source.layer, keepdims=not source.layer.keepdims)
    return draft.become(step, flat, source.sources, [source], name=source.name)


def fold_flat_products(draft: Draft, step: Step) -> bool:
    """Whether the step gave rows back their places, which were laid flat for a product, and is that product now."""
    if not isinstance(step.layer, Reshape) or len(step.sources) != 1 or not isinstance(step.sources[0].layer, Dense):
        return False
    (product,) = step.sources
    (flat,) = product.sources
    if not isinstance(flat.layer, Reshape):
        return False
    (source,) = flat.sources
    if source.shape[:-1] != step.shape[:-1] or source.shape[-1:] != flat.shape[-1:]:
        return False
    weights = product.given
    return draft.become(step, product.layer, [source], [flat, product], name=product.name, weights=weights)


def fold_pixels(draft: Draft, step: Step) -> bool:
    """Whether the step joined pixels that were cut out of a map's channels, and is that as one layer now."""
    if not isinstance(step.layer, Reshape) or len(step.shape) != 3:
        return False
    (turned,) = step.sources
    if not isinstance(turned.layer, Permute) or turned.layer.dims not in _CUT_PIXELS or len(turned.sources) != 1:
        return False
    (cut,) = turned.sources
    if not isinstance(cut.layer, Reshape) or len(cut.shape) != 5:
        return False
    block = cut.shape[_CUT_PIXELS[turned.layer.dims]]
    if not isinstance(block, int):
        return False
    return draft.become(
        step, DepthToSpace(block, _ORDERS[turned.layer.dims]), cut.sources, [cut, turned], name=cut.name
    )


def fold_shuffle(draft: Draft, step: Step) -> bool:
    """Whether the step was the last of a channel shuffle (Zhang et al. 2018) of a map whose channels came first.

    (groups, channels, height, width) are then cut of the channels alone, which stand last here.
    """
    if not isinstance(step.layer, Reshape) or len(step.shape) != 3 or len(step.sources) != 1:
        return False
    (turned,) = step.sources
    if not isinstance(turned.layer, Permute) or turned.layer.dims != (2, 1, 3, 4) or len(turned.sources) != 1:
        return False
    (cut,) = turned.sources
    if not isinstance(cut.layer, Reshape) or cut.sources[0].shape != step.shape or cut.shape[2:] != step.shape[:2]:
        return False
    groups, channels, height, width = cut.shape
    if not all(map(is_known, cut.shape)):
        return False
    layers = [Reshape((height, width, groups, channels)), Permute((1, 2, 4, 3)), Reshape(step.shape)]
    return draft.rewrite([cut, turned, step], layers)


_CUT_PIXELS = {**SPREAD, (1, 3, 2, 4, 5): 2}
"""The same with the channels last."""
_ORDERS = {dims: "CRD" if place == 1 else "DCR" for dims, place in _CUT_PIXELS.items()}
"""Which order of channels each of them is, in ONNX's words: that of DepthToSpace."""


_POOLED = {"Mean": GlobalAveragePooling2D, "Max": GlobalMaxPooling2D}


def fold_means(draft: Draft, step: Step) -> bool:
    """Whether the step summarized a map along height and width, at once or one after the other, and pools it now."""
    layer = step.layer
    if not isinstance(layer, Reduce) or layer.operation not in _POOLED:
        return False
    (source,) = step.sources
    pooled = _POOLED[layer.operation]
    if len(source.shape) == 3 and sorted(layer.axes) == [1, 2]:
        return draft.become(step, pooled(layer.keepdims), [source])
    before = source.layer
    if not isinstance(before, Reduce) or before.operation != layer.operation:
        return False
    (whole,) = source.sources
    if len(whole.shape) != 3 or len(before.axes) != 1 or not _leave_the_last(step, source):
        return False
    return draft.become(step, pooled(len(step.shape) == 3), [whole], [source])


_OF_ALL = {AveragePooling2D: GlobalAveragePooling2D, MaxPooling2D: GlobalMaxPooling2D}


def fold_whole_windows(draft: Draft, step: Step) -> bool:
    """Whether the step's window is the whole map, as runtimes write global pooling, and it pools globally now."""
    layer: Any = step.layer
    (source,) = step.sources
    if len(source.shape) != 3 or source.shape[:2] != layer.pool_size or step.shape[:2] != (1, 1):
        return False
    return draft.become(step, _OF_ALL[type(layer)](keepdims=True), [source])


def _leave_the_last(*steps: Step) -> bool:
    """Whether none of these summarizes along the channels, and together they leave one value of each."""
    spared = all(
        isinstance(each.layer, Reduce) and max(each.layer.axes, default=0) < len(each.sources[0].shape)
        for each in steps
    )
    return spared and prod(steps[0].shape) == steps[0].shape[-1]


def fold_dilation(draft: Draft, step: Step) -> bool:
    """Whether the step put a map together again that was cut up for a kernel with gaps, and is that kernel now.

    Where the pieces were filled up to equal sizes the file computes more than the kernel would: then it stays, unless
    only the numbers are asked for.
    """
    if not _moves(step, "BatchToSpace") or len(step.sources) != 1:
        return False
    (kernel,) = step.sources
    if len(kernel.sources) != 1 or not _moves(kernel.sources[0], "SpaceToBatch"):
        return False
    (cut,) = kernel.sources
    inner: Any = kernel.layer.layer if isinstance(kernel.layer, TimeDistributed) else kernel.layer
    if inner.role not in CONVOLUTIONS or not cut.shape or len(cut.sources) != 1:
        return False
    return any(
        draft.become(
            step, layer, cut.sources, [cut, kernel], name=kernel.name, weights=kernel.weights, counts=not draft.exact
        )
        for layer in _dilated(inner, cut.shape[0], cut.sources[0].shape, step.shape)
    )


def _moves(step: Step, operation: str) -> bool:
    return isinstance(step.layer, Moving) and step.layer.operation.startswith(operation)


LARGEST_RATE = 64
"""A kernel with larger gaps is a file's whim; looking for it would take as long as the file says."""


def _dilated(layer: Any, pieces: int, before: Shape, after: Shape) -> list[Layer]:
    """The kernel with gaps in all ways in which it makes the one shape of the other; as wide as high ones first."""
    found: list[Layer] = []
    if not isinstance(pieces, int) or pieces > LARGEST_RATE**2:
        return found
    rates = [(height, pieces // height) for height in range(1, pieces + 1) if pieces % height == 0]
    for rate in sorted(rates, key=lambda rate: abs(rate[0] - isqrt(pieces))):
        for padding in ("valid", "same"):
            try:
                each: Layer = replace(layer, dilation_rate=rate, padding=padding)
                if each.output_shape(before) == after:
                    found.append(each)
            except LayerError:
                continue
    return found
