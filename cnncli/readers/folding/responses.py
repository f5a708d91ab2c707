"""Global response normalization (Woo et al. 2023), written out: x + gamma * x * n + beta, n a norm's share."""

from __future__ import annotations

from cnncli.graph.layers import Elementwise, GlobalResponseNormalization, Reduce
from cnncli.readers.folding.draft import Draft, Step, joined
from cnncli.readers.folding.patterns import Channels, Match, Scalar, X, matched, of, operation

_NORMS = (
    of("l2", X), of("euclideannorm", X), of("sqrt", of("sum", of("square", X))),
    of("sqrt", of("sum", of("multiply", X, X))),
)  # fmt: skip
"""Of each channel over the map."""
_SHARED = [of("multiply", X, of("divide", norm, of("add", of("mean", norm), Scalar()))) for norm in _NORMS]
_WHOLE = [of("add", X, of("add", of("multiply", shared, Channels()), Channels())) for shared in _SHARED]
_NAMES = {"multiply": "gamma", "add": "beta"}
_EPSILON = 1e-6


def is_response(step: Step) -> bool:
    """Whether a step is a map times its channels' shares, of which gamma and beta are no batch normalization's."""
    return step.layer.combines == "product" and any(matched(each, step) is not None for each in _SHARED)


def fold_response(draft: Draft, step: Step) -> bool:
    """Whether the step was the last of such a normalization, and is that now."""
    if step.layer.combines != "sum" or len(step.shape) != 3:
        return False
    found = next((found for each in _WHOLE if (found := matched(each, step))), None)
    if found is None or found.argument is None or not _are_norms(found):
        return False
    affine = [each for each in found.inner if isinstance(each.layer, Elementwise) and each.shape == step.shape]
    weights = [
        weight._replace(name=_NAMES[operation(each)], shape=(weight.size,))
        for each in sorted(affine, key=operation, reverse=True)
        for weight in each.weights
    ]
    weights += [weight for each in found.inner if each not in affine for weight in each.weights]
    layer = GlobalResponseNormalization(_epsilon(found))
    name = draft.scope_of(step, found.inner)
    return draft.become(step, layer, [found.argument], found.inner, name=name, weights=joined(weights))


def _are_norms(found: Match) -> bool:
    """Whether norms are taken along height and width, and their mean along the channels."""
    axes = {tuple(sorted(each.layer.axes)) for each in found.inner if isinstance(each.layer, Reduce)}
    return axes == {(1, 2), (3,)}


def _epsilon(found: Match) -> float:
    """What is added to the mean; the paper's where it was not looked up."""
    values = [each.layer.value for each in found.inner if isinstance(each.layer, Elementwise)]
    return next((value for value in values if value is not None), _EPSILON)
