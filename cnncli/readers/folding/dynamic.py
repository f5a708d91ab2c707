"""Quantization whose scales are found while running: a kernel of integers, and what makes real numbers of it again.

Such a file quantizes a kernel's input, multiplies integers, casts the sums and multiplies them with both scales.
"""

from __future__ import annotations

from cnncli.graph.layers import Cast, Elementwise, Quantize, Select
from cnncli.graph.roles import KERNELS
from cnncli.readers.folding.draft import Draft, Step, joined
from cnncli.readers.folding.patterns import operation

SCALE = 1
"""The output of a quantization that is its scale; the first one are the integers, the third the zero point."""


def quantizes_dynamically(step: Step) -> bool:
    """Whether a step gives integers and their scale, which somebody reads."""
    return isinstance(step.layer, Quantize) and any(isinstance(each.layer, Select) for each in step.readers)


def fold_selected(draft: Draft, step: Step) -> bool:
    """Whether the step was the integers of a quantization, or a scale that nobody reads any more, and is gone."""
    layer = step.layer
    if isinstance(layer, Select) and len(step.sources) == 1 and isinstance(step.sources[0].layer, Quantize):
        return draft.bypass(step) if layer.number == 0 else draft.drop(step)
    return _is_scale(step) and draft.drop(step)


def fold_rescaling(draft: Draft, step: Step) -> bool:
    """Whether the step multiplied a kernel of integers with scales, and is that kernel now."""
    if operation(step) != "multiply" or len(step.sources) != 2:
        return False
    for product, scale in (step.sources, step.sources[::-1]):
        inner = [product]
        if isinstance(product.layer, Cast):
            inner.append(product.sources[0])
        kernel = inner[-1]
        if kernel.layer.role in KERNELS and kernel.shape == step.shape and _is_scale(scale):
            weights = joined([*kernel.weights, *scale.weights])
            return draft.become(step, kernel.layer, kernel.sources, inner, name=kernel.name, weights=weights)
    return False


def _is_scale(step: Step) -> bool:
    """Whether a step is such a scale, or one times a constant."""
    if operation(step) == "multiply" and isinstance(step.layer, Elementwise) and len(step.sources) == 1:
        (step,) = step.sources
    layer = step.layer
    if not isinstance(layer, Select) or layer.number != SCALE or len(step.sources) != 1:
        return False
    return isinstance(step.sources[0].layer, Quantize)
