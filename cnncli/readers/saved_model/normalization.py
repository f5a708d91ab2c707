"""Batch normalization in TensorFlow's graphs: fused, or spelt out as a product and a sum."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.graph import Weight
from cnncli.graph.layers import BatchNormalization
from cnncli.readers.saved_model.frame import Call, Value
from cnncli.readers.saved_model.layouts import feature_map
from cnncli.readers.saved_model.walk import Handler, Walk, only, opaque


def _batch_normalization(walk: Walk, call: Call) -> list[Value]:
    """FusedBatchNorm, V2, V3: the map, scale, offset, mean and variance."""
    source, scale, offset, mean, variance = call.inputs[:5]
    if not all(each.constant for each in (scale, offset, mean, variance)):
        return opaque(walk, call)
    source = feature_map(walk, call, source)
    weights = _statistics([scale, offset], mean.leaves, variance.leaves)
    epsilon = call.node.real("epsilon", 1e-4)
    layer = BatchNormalization(epsilon=epsilon, scale=bool(scale.leaves), center=bool(offset.leaves))
    found = walk.append(call, layer, [source], weights=weights)
    return found + [walk.output(call, number, constant=True) for number in range(1, call.outputs)]


def _statistics(affine: Sequence[Value], mean: Sequence[Weight], variance: Sequence[Weight]) -> list[Weight]:
    named = [(name, value.leaves) for name, value in zip(("gamma", "beta"), affine, strict=True)]
    named += [("moving_mean", tuple(mean)), ("moving_variance", tuple(variance))]
    return [
        leaf._replace(name=name, trainable=leaf.trainable and not name.startswith("moving"))
        for name, leaves in named
        for leaf in leaves
    ]


def normalized(walk: Walk, call: Call, scaled: tuple[Value, Value], shift: Value) -> list[Value] | None:
    """x * (gamma * rsqrt(variance + epsilon)) + (beta - mean * ...): batch normalization, spelt out.

    So does tf.nn.batch_normalization. The root is of the variance; the mean is in the product that is subtracted.
    """
    source, factor = scaled
    root = root_of(factor)
    own = {weight.identity for weight in factor.leaves}
    if root is None or not own <= {weight.identity for weight in shift.leaves}:
        return None
    product = next((part for part in shift.parts if own <= {weight.identity for weight in part.leaves}), None)
    if product is None:
        return None
    gamma = [weight for weight in factor.leaves if weight.identity != root.leaves[0].identity]
    mean = [weight for weight in product.leaves if weight.identity not in own]
    inner = own | {weight.identity for weight in mean}
    beta = [weight for weight in shift.leaves if weight.identity not in inner]
    if len(mean) != 1 or len(root.leaves) != 1 or max(len(gamma), len(beta)) > 1:
        return None
    named = (("gamma", gamma), ("beta", beta), ("moving_mean", mean), ("moving_variance", root.leaves))
    weights = [
        weight._replace(name=name, shape=(weight.size,), trainable=weight.trainable and not name.startswith("moving"))
        for name, weights in named
        for weight in weights
    ]
    epsilon = next((only(part) for part in root.parts if only(part) is not None), 0.0)
    layer = BatchNormalization(epsilon=epsilon or 0.0, scale=bool(gamma), center=bool(beta))
    whole = call._replace(name=call.name.rpartition("/")[0] or call.name)
    return walk.append(whole, layer, [source], weights=weights)


def root_of(constant: Value) -> Value | None:
    """What the reciprocal root is taken of in a constant, as far as it is a factor of it."""
    for _ in range(8):
        if constant.operation == "Rsqrt":
            return constant.parts[0]
        found = [part for part in constant.parts if part.leaves and constant.operation in ("Mul", "Reshape")]
        inner = next((part for part in found if part.operation in ("Rsqrt", "Mul", "Reshape")), None)
        if inner is None:
            return None
        constant = inner
    return None


NORMALIZATIONS: dict[str, Handler] = {
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _batch_normalization),
}
