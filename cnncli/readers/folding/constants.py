"""Constants: what is computed of them alone, operands of operations, and biases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnncli.graph import Layer
from cnncli.graph.layers import Cast, Constant, Elementwise, Permute, Reshape, TimeDistributed
from cnncli.graph.roles import KERNELS
from cnncli.readers.folding.draft import Draft, Step, joined
from cnncli.readers.folding.patterns import COMMUTATIVE, is_of_channels, operands, operation

_OF_CONSTANTS = (Elementwise, Cast, Permute, Reshape)
"""Beside the merging layers, what computes a constant of constants without work that is counted."""


def fold_constants(draft: Draft, step: Step) -> bool:
    """Whether the step was computed of constants alone and is one now, or has one as its own operand now."""
    sources = step.sources
    constants = [source for source in sources if isinstance(source.layer, Constant)]
    if not constants or any(not _can_be_taken(each) for each in constants):
        return False
    if len(constants) == len(sources):
        if draft.exact:  # its values would be those of no tensor
            return False
        computed = isinstance(step.layer, _OF_CONSTANTS) or step.layer.combines
        return bool(computed) and _becomes(draft, step, Constant(step.shape), constants)
    if len(sources) != 2 or len(operands(step)) != 2:
        return False
    name = operation(step)
    if not (name in COMMUTATIVE or (name in ("subtract", "divide", "power") and constants == [sources[1]])):
        return False
    return _becomes(draft, step, Elementwise(name.capitalize(), constants[0].shape), constants)


def _becomes(draft: Draft, step: Step, layer: Layer, constants: list[Step]) -> bool:
    """A constant that others read too stays for them; its weights are told by their identities."""
    private = [each for each in constants if each.serves_only((step,))]
    rest = [source for source in step.sources if source not in constants]
    weights = joined(weight for each in (*constants, step) for weight in each.weights)
    return draft.become(step, layer, rest, private, weights=weights)


def _can_be_taken(constant: Step) -> bool:
    if constant.output or constant.fixed:
        return False
    return len(constant.readers) == 1 or all(weight.identity for weight in constant.weights)


def fold_bias(draft: Draft, step: Step) -> bool:
    """Whether the step added a constant to what a kernel put out, and is that kernel with a bias now."""
    layer = step.layer
    if not (isinstance(layer, Elementwise) and layer.constant is not None and operation(step) == "add"):
        return False
    if len(step.sources) != 1 or not is_of_channels(layer.constant) or layer.constant[-1] != step.shape[-1]:
        return False
    (kernel,) = step.sources
    biased = _biased(kernel.layer)
    if biased is None:
        return False
    bias = [weight._replace(name="bias", shape=layer.constant[-1:]) for weight in step.weights]
    weights = joined([*kernel.weights, *bias])
    return draft.become(step, biased, kernel.sources, [kernel], name=kernel.name, weights=weights)


def _biased(layer: Layer) -> Layer | None:
    """The same kernel with a bias; None for what is no kernel, has one already, or computes something behind it."""
    if isinstance(layer, TimeDistributed):
        inner = _biased(layer.layer)
        return inner and TimeDistributed(inner)
    options: Any = layer
    if layer.role not in KERNELS or getattr(layer, "use_bias", True) or layer.function != "linear":
        return None
    try:
        biased: Layer = replace(options, use_bias=True)
    except TypeError:  # a kind of its own, which is not made by its fields
        return None
    return biased
