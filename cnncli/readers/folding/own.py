"""What cnncli itself wrote as several operations because ONNX has no operation for it.

The last operation of a layer is called as the layer, those before it `<layer>/<part>`. So the names say which of them
are one layer, and the operations which one that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cnncli.graph import Layer, Weight
from cnncli.graph.layers import (
    ACTIVATION_FLOPS,
    CustomScaleLayer,
    Elementwise,
    LayerScale,
    Normalization,
    Rescaling,
    Reshape,
    Softmax,
)
from cnncli.graph.roles import Role
from cnncli.readers.folding.draft import Draft, Step, joined
from cnncli.readers.folding.patterns import operands, operation

Numbers = Mapping[str, tuple[float, ...]]
"""Operands that are no weights, by the operations that take one."""
Fold = Callable[[Draft, Step, Numbers], bool]


def _part(step: Step, name: str) -> Step | None:
    """The part of this name that a step reads, as its last input."""
    found = step.sources[-1] if step.sources else None
    return found if found is not None and found.name == f"{step.name}/{name}" else None


def _is_layer(step: Step) -> bool:
    return "/" not in step.name


def _one_or_all(numbers: tuple[float, ...]) -> float | tuple[float, ...]:
    return numbers[0] if len(numbers) == 1 else numbers


def fold_activation(draft: Draft, step: Step, _: Numbers) -> bool:
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


def fold_rescaling(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step was a factor that is no weight, or the offset behind one, and is a rescaling now."""
    if not _is_layer(step) or step.name not in numbers or len(step.sources) != 1:
        return False
    if operation(step) == "multiply":
        return draft.become(step, Rescaling(_one_or_all(numbers[step.name])), step.sources, weights=())
    scaled = _part(step, "scaled")
    if operation(step) != "add" or scaled is None or operation(scaled) != "multiply" or scaled.name not in numbers:
        return False
    layer = Rescaling(_one_or_all(numbers[scaled.name]), _one_or_all(numbers[step.name]))
    return draft.become(step, layer, scaled.sources, [scaled])


def fold_normalization(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step divided what was centred, and is both as one layer now.

    That Keras's layer has adapted itself to so many examples is a weight too, which inference never reads and no
    operation can hold.
    """
    centred = _part(step, "centred")
    if centred is None or (operation(step), operation(centred)) != ("divide", "subtract"):
        return False
    if centred.name in numbers and step.name in numbers:
        mean, variance = numbers[centred.name], tuple(each * each for each in numbers[step.name])
        layer = Normalization(_one_or_all(mean), _one_or_all(variance))
        return draft.become(step, layer, centred.sources, [centred])
    named = [
        weight._replace(name=name, shape=weight.shape[-1:])
        for each, name in ((centred, "mean"), (step, "deviation"))
        for weight in each.weights
    ]
    weights = [*joined(named), Weight("count", (), trainable=False)]
    return draft.become(step, Normalization(), centred.sources, [centred], weights=weights)


def fold_layer_scale(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step was a factor a channel that is learnt, and is that as a layer now."""
    if not _is_layer(step) or operation(step) != "multiply" or not isinstance(step.layer, Elementwise):
        return False
    constant = step.layer.constant
    if step.name in numbers or constant is None or constant[-1:] != step.shape[-1:] or not step.weights:
        return False
    weights = [weight._replace(name="variable", shape=weight.shape[-1:]) for weight in step.weights]
    return draft.become(step, LayerScale(step.shape[-1]), step.sources, weights=weights)


def fold_scaled_sum(draft: Draft, step: Step, numbers: Numbers) -> bool:
    """Whether the step added what was scaled, and is both as one layer now."""
    scaled = _part(step, "scaled")
    if scaled is None or step.layer.combines != "sum" or len(step.sources) != 2 or len(operands(scaled)) != 2:
        return False
    (scale,) = numbers.get(scaled.name, (None,))[:1]
    if scale is None or operation(scaled) != "multiply":
        return False
    return draft.become(step, CustomScaleLayer(scale=scale), [step.sources[0], *scaled.sources], [scaled])


def fold_led(draft: Draft, step: Step, _: Numbers) -> bool:
    """Whether the step merged a vector with maps, which had been given their axes, and merges it as it is now."""
    if not step.layer.combines:
        return False
    led = [
        each
        for each in step.sources
        if isinstance(each.layer, Reshape) and each.name.startswith(f"{step.name}/input") and each.shape[-1:] == (
            each.sources[0].shape[-1:]
        )
    ]  # fmt: skip
    sources = [each.sources[0] if each in led else each for each in step.sources]
    return bool(led) and draft.become(step, step.layer, sources, led)


OWN: tuple[Fold, ...] = (
    fold_activation,
    fold_rescaling,
    fold_normalization,
    fold_layer_scale,
    fold_scaled_sum,
    fold_led,
)
