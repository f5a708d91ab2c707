"""What cnncli itself wrote as several operations because ONNX has no operation for it.

The last operation of a layer is called as the layer, those before it `<layer>/<part>`. So the names say which of them
are one layer, and the operations which one that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnncli.graph import Layer, Weight
from cnncli.graph.layers import (
    ACTIVATION_FLOPS,
    Average,
    AveragePooling2D,
    CustomScaleLayer,
    Dense,
    DepthwiseConv2D,
    Elementwise,
    GroupNormalization,
    LayerScale,
    Normalization,
    RadialBasis,
    Rescaling,
    Reshape,
    SeparableConv2D,
    Softmax,
    Subsampling2D,
)
from cnncli.graph.roles import Role
from cnncli.readers.folding.draft import Draft, Step, joined
from cnncli.readers.folding.patterns import operation

Numbers = Mapping[str, tuple[float, ...]]
"""Operands that are no weights, by the operations that take one."""


def _is_layer(step: Step) -> bool:
    return "/" not in step.name


def _part(step: Step, name: str) -> Step | None:
    """The part of this name of the step's own layer that it reads, if it does."""
    wanted = f"{step.name.partition('/')[0]}/{name}"
    return next((source for source in step.sources if source.name == wanted), None)


def _chain(step: Step, *parts: tuple[str, str]) -> list[Step] | None:
    """The parts before a step, one reading the next: of each the name, and the operation that it must be."""
    found, last = list[Step](), step
    for name, wanted in parts:
        part = _part(last, name)
        if part is None or (wanted and operation(part) != wanted):
            return None
        found.append(part)
        last = part
    return found


def _renamed(steps: Sequence[tuple[Step, str]]) -> tuple[Weight, ...]:
    """The weights of steps, one a channel, by the names that they have in a layer."""
    return joined(each._replace(name=name, shape=(each.size,)) for step, name in steps for each in step.weights)


def _one_or_all(numbers: tuple[float, ...]) -> float | tuple[float, ...]:
    return numbers[0] if len(numbers) == 1 else numbers


# Kernels.


def fold_activation(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step was the activation of a layer that has one itself, and is that layer now."""
    before, function = _part(step, "linear"), _function(step)
    if before is None or function not in ACTIVATION_FLOPS or before.layer.function != "linear":
        return False
    options: Any = before.layer
    try:
        activated: Layer = replace(options, activation=function)
    except TypeError:  # a kind of layer that has none
        return False
    return draft.become(step, activated, before.sources, [before])


def _function(step: Step) -> str:
    """The activation that a step is, by Keras's name; nothing where it is none."""
    layer = step.layer
    if isinstance(layer, Softmax):
        return "softmax" if layer.axis in (-1, len(step.shape)) else ""
    return layer.function if layer.role is Role.ACTIVATION else ""


def fold_separable(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step was the second part of a separable convolution, and is both now."""
    depthwise, layer = _part(step, "depthwise"), step.layer
    if depthwise is None or not isinstance(depthwise.layer, DepthwiseConv2D) or layer.role is not Role.CONVOLUTION:
        return False
    first, second = depthwise.layer, _options(step)
    if second.kernel_size != (1, 1) or second.strides != (1, 1) or second.groups != 1:
        return False
    both = SeparableConv2D(
        second.filters, first.kernel_size, first.strides, first.padding, first.dilation_rate, first.depth_multiplier,
        use_bias=second.use_bias,
    )  # fmt: skip
    names = {"kernel": "depthwise_kernel"}, {"kernel": "pointwise_kernel"}
    weights = [
        each._replace(name=named.get(each.name, each.name))
        for part, named in zip((depthwise, step), names, strict=True)
        for each in part.weights
    ]
    return draft.become(step, both, depthwise.sources, [depthwise], weights=joined(weights))


def fold_distances(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step added the codes' norms to what else makes distances to codes, and is that as one layer now."""
    distance = _part(step, "distance")
    if distance is None or step.name not in numbers or operation(step) != "add" or operation(distance) != "add":
        return False
    twice, norm = _part(distance, "twice"), _part(distance, "norm")
    product = None if twice is None else _part(twice, "product")
    if twice is None or norm is None or product is None or not isinstance(product.layer, Dense):
        return False
    if operation(twice) != "multiply" or operation(norm) != "sumsquare" or norm.sources != product.sources:
        return False
    inner = [distance, twice, norm, product]
    return draft.become(step, RadialBasis(product.layer.units), product.sources, inner)


# Normalization and rescaling.


def fold_rescaling(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step was a factor that is no weight, or the offset behind one, and is a rescaling now."""
    if not _is_layer(step) or step.name not in numbers or len(step.sources) != 1:
        return False
    if operation(step) == "multiply":
        return draft.become(step, Rescaling(_one_or_all(numbers[step.name])), step.sources)
    scaled = _chain(step, ("scaled", "multiply"))
    if operation(step) != "add" or scaled is None or scaled[0].name not in numbers:
        return False
    layer = Rescaling(_one_or_all(numbers[scaled[0].name]), _one_or_all(numbers[step.name]))
    return draft.become(step, layer, scaled[0].sources, scaled)


def fold_normalization(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step divided what was centred, and is both as one layer now.

    Keras's layer also has the count of the examples to which it was adapted, a weight that inference never reads and no
    operation can hold.
    """
    found = _chain(step, ("centred", "subtract"))
    if found is None or operation(step) != "divide":
        return False
    (centred,) = found
    if centred.name in numbers and step.name in numbers:
        mean, variance = numbers[centred.name], tuple(each * each for each in numbers[step.name])
        layer = Normalization(_one_or_all(mean), _one_or_all(variance))
        return draft.become(step, layer, centred.sources, found)
    weights = [*_renamed([(centred, "mean"), (step, "deviation")]), Weight("count", (), trainable=False)]
    return draft.become(step, Normalization(), centred.sources, found, weights=weights)


def fold_layer_scale(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step was a factor a channel that is learnt, and is that as a layer now."""
    if not _is_layer(step) or operation(step) != "multiply" or not isinstance(step.layer, Elementwise):
        return False
    constant = step.layer.constant
    if step.name in numbers or constant is None or constant[-1:] != step.shape[-1:] or not step.weights:
        return False
    return draft.become(step, LayerScale(step.shape[-1]), step.sources, weights=_renamed([(step, "variable")]))


def fold_subsampling(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step added a bias to what was pooled and scaled, and is all of it as one layer now."""
    found = _chain(step, ("scaled", "multiply"), ("mean", ""))
    if found is None or operation(step) != "add" or not isinstance(found[-1].layer, AveragePooling2D):
        return False
    scaled, mean = found
    options = _options(mean)
    layer = Subsampling2D(options.pool_size, options.strides, options.padding)
    weights = _renamed([(scaled, "coefficient"), (step, "bias")])
    return draft.become(step, layer, mean.sources, found, weights=weights)


def fold_groups(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step was the last of what normalizes groups of channels, and is that as one layer now."""
    affine: list[tuple[Step, str]] = []
    last = step if _is_layer(step) else None
    for name, wanted, parts in (("beta", "add", ("scaled", "back")), ("gamma", "multiply", ("back",))):
        if last is not None and isinstance(last.layer, Elementwise) and operation(last) == wanted:
            affine.insert(0, (last, name))
            last = next((part for each in parts if (part := _part(last, each))), None)
    found = None if last is None else _chain(last, ("normalized", ""), ("grouped", ""))
    if last is None or found is None or not isinstance(found[0].layer, GroupNormalization):
        return False
    normalized, grouped = found
    held = [name for _, name in affine]
    groups, epsilon = grouped.shape[-1], _options(normalized).epsilon
    layer = GroupNormalization(groups, epsilon, center="beta" in held, scale="gamma" in held)
    inner = [*(each for each, _ in affine), last, *found]
    return draft.become(
        step, layer, grouped.sources, [each for each in inner if each is not step], weights=_renamed(affine)
    )


# Several inputs.


def fold_scaled_sum(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step added what was scaled, and is both as one layer now."""
    scaled = _chain(step, ("scaled", "multiply"))
    if scaled is None or step.layer.combines != "sum" or len(step.sources) != 2 or step.sources[1] not in scaled:
        return False
    scale = numbers.get(scaled[0].name, ())
    if len(scale) != 1:
        return False
    return draft.become(step, CustomScaleLayer(scale=scale[0]), [step.sources[0], *scaled[0].sources], scaled)


def fold_mean(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step divided a sum by how many it is of, and is the mean of those now."""
    total = _chain(step, ("sum", "add"))
    if total is None or operation(step) != "divide" or numbers.get(step.name) != (len(total[0].sources),):
        return False
    return draft.become(step, Average(), total[0].sources, total)


def fold_several(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step merged what had been merged of others, two at a time, or given further axes for it."""
    if not step.layer.combines:
        return False
    parts = [each for each in step.sources if _is_part_of_merging(step, each)]
    sources = [source for each in step.sources for source in (each.sources if each in parts else [each])]
    return bool(parts) and draft.become(step, step.layer, sources, parts)


def _is_part_of_merging(step: Step, source: Step) -> bool:
    whole, _, part = source.name.partition("/")
    if whole != step.name.partition("/")[0]:
        return False
    if part.startswith("input"):
        return isinstance(source.layer, Reshape) and source.shape[-1:] == source.sources[0].shape[-1:]
    return part.startswith("part") and source.layer == step.layer


def _options(step: Step) -> Any:
    return step.layer


OWN: tuple[Callable[..., bool], ...] = (
    fold_activation,
    fold_separable,
    fold_distances,
    fold_rescaling,
    fold_normalization,
    fold_groups,
    fold_layer_scale,
    fold_subsampling,
    fold_scaled_sum,
    fold_mean,
    fold_several,
)
