"""Activation functions and normalizations that are written out cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from math import pi, sqrt
from typing import NamedTuple

from cnncli.graph import Layer
from cnncli.graph.layers import Activation, BatchNormalization, Elementwise, LayerNormalization, Reduce, ReLU
from cnncli.graph.roles import KERNELS, Role
from cnncli.readers.folding.draft import Draft, Step, joined
from cnncli.readers.folding.patterns import Channels, Match, Operation, Scalar, X, matched, of, operands, operation
from cnncli.readers.folding.responses import is_response

_RELU6 = of("relu6", of("add", X, 3.0))
_ERF = [
    of("add", of("erf", inner), 1.0)
    for inner in (of("divide", X, sqrt(2)), of("multiply", X, 1 / sqrt(2)))
]  # fmt: skip
_ERFC = [  # erfc(-x) is 1 + erf(x)
    of("erfc", inner)
    for inner in (
        of("multiply", of("negative", X), 1 / sqrt(2)), of("divide", of("negative", X), sqrt(2)),
        of("negative", of("multiply", X, 1 / sqrt(2))), of("multiply", X, -1 / sqrt(2)),
    )
]  # fmt: skip
_CUBES = (
    of("power", X, 3.0),
    of("multiply", of("multiply", X, X), X),
    of("multiply", X, of("power", X, 2.0)),
    of("multiply", X, of("square", X)),
)
_TANH = [
    of("add", of("tanh", of("multiply", of("add", X, of("multiply", cube, 0.044715)), sqrt(2 / pi))), 1.0)
    for cube in _CUBES
]


def _halved(gate: Operation) -> list[Operation]:
    """x * gate / 2 in all orders; Hendrycks and Gimpel 2016 for what the gates are."""
    return [
        of("multiply", of("multiply", X, gate), 0.5),
        of("multiply", X, of("multiply", gate, 0.5)),
        of("multiply", of("multiply", X, 0.5), gate),
        of("divide", of("multiply", X, gate), 2.0),
    ]


# Of each function the ways in which it is written, by what a runtime or an exporter has instead of it. Where a pattern
# contains another of the table, that one has been replaced before: steps are looked at in the order of computing.
SPELT_OUT: dict[str, list[Operation]] = {
    "relu": [of("maximum", X, Scalar(0.0, sure=True))],
    "relu6": [of("minimum", of("relu", X), Scalar(6.0, sure=True))],
    "silu": [of("multiply", X, of("sigmoid", X))],
    "hard_sigmoid": [of("multiply", _RELU6, 1 / 6), of("divide", _RELU6, 6.0)],
    "hard_silu": [
        of("multiply", X, of("hard_sigmoid", X)),
        of("multiply", of("multiply", X, _RELU6), 1 / 6),
        of("divide", of("multiply", X, _RELU6), 6.0),
        of("multiply", of("multiply", X, 1 / 6), _RELU6),
        of("multiply", of("divide", X, 6.0), _RELU6),
    ],
    "gelu": [pattern for gate in (*_ERF, *_ERFC, *_TANH) for pattern in _halved(gate)],
    "softplus": [of("log", of("add", of("exponential", X), 1.0))],
    "mish": [of("multiply", X, of("tanh", of("softplus", X)))],
    "softsign": [of("divide", X, of("add", of("abs", X), 1.0))],
}


_APPROXIMATE = frozenset(pattern for gate in _TANH for pattern in _halved(gate))
"""What is called a gelu, and is one but for a thousandth."""


class Rule(NamedTuple):
    """What the last step of a pattern becomes; `exact` is whether that computes the same."""

    pattern: Operation
    apply: Callable[[Draft, Step, Match], bool]
    exact: bool = False


def _function(name: str) -> Callable[[Draft, Step, Match], bool]:
    layer: Layer = ReLU(max_value=6.0) if name == "relu6" else Activation(name)

    def apply(draft: Draft, step: Step, match: Match) -> bool:
        assert match.argument
        return draft.become(step, layer, [match.argument], match.inner, weights=() if draft.exact else None)

    return apply


# Layer normalization (Ba, Kiros, Hinton 2016): x less its mean, by the root of its variance.
_MEAN = of("mean", X)
_CENTERED = of("subtract", X, _MEAN)
_VARIANCES = [
    of("mean", spread)
    for spread in (
        of("square", _CENTERED), of("power", _CENTERED, 2.0), of("multiply", _CENTERED, _CENTERED),
        of("squared_difference", X, _MEAN),
    )
]  # fmt: skip
_NORMALIZED = [
    pattern
    for variance in _VARIANCES
    for pattern in (
        of("divide", _CENTERED, of("sqrt", of("add", variance, Scalar()))),
        of("multiply", _CENTERED, of("rsqrt", of("add", variance, Scalar()))),
        of("multiply", _CENTERED, of("reciprocal", of("sqrt", of("add", variance, Scalar())))),
    )
]
_SCALES = [
    of("multiply", of("rsqrt", of("add", variance, Scalar())), Channels())
    for variance in _VARIANCES
]  # fmt: skip
_WITH_AFFINE = [
    pattern
    for scale in _SCALES
    for pattern in (
        of("add", of("multiply", X, scale), of("subtract", Channels(), of("multiply", _MEAN, scale))),
        of("add", of("multiply", X, scale), of("add", of("multiply", of("negative", _MEAN), scale), Channels())),
    )
]
_WITH_SCALE = [  # a shift by zeros is left out by a converter
    of("add", of("multiply", X, scale), of("multiply", of("negative", _MEAN), scale)) for scale in _SCALES
]


def _layer_normalization(scale: bool = False, center: bool = False) -> Callable[[Draft, Step, Match], bool]:
    def apply(draft: Draft, step: Step, match: Match) -> bool:
        axes = {each.layer.axes for each in match.inner if isinstance(each.layer, Reduce)}
        assert match.argument
        rank = len(match.argument.shape)
        if len(axes) != 1 or (scale and axes != {(rank,)}):
            return False
        (axis,) = axes
        epsilon = _epsilon(match)
        layer = LayerNormalization(axis[0] if len(axis) == 1 else axis, epsilon, center=center, scale=scale)
        return draft.become(step, layer, [match.argument], match.inner, name=draft.scope_of(step, match.inner))

    return apply


def _epsilon(match: Match) -> float:
    """The smallest number that is added; Keras's default where it was not looked up."""
    added = [
        each.layer.value
        for each in match.inner
        if isinstance(each.layer, Elementwise) and operation(each) == "add" and each.layer.value is not None
    ]
    return min(added, default=LayerNormalization.epsilon)


def _affine_of_layer(draft: Draft, step: Step, match: Match) -> bool:
    """The scale or the shift behind a layer normalization that has none yet."""
    (source,) = step.sources
    layer = source.layer
    if not isinstance(layer, LayerNormalization) or layer.axis not in (-1, len(source.shape)):
        return False
    scales = operation(step) == "multiply"
    if layer.center or (scales and layer.scale):
        return False
    return draft.become(
        step, replace(layer, **{"scale" if scales else "center": True}), source.sources, [source], name=source.name
    )


_MAPS = KERNELS | {Role.MERGING, Role.POOLING, Role.ACTIVATION}
"""What is normalized by the statistics of batches; what a constant scales elsewhere is something else."""


def _batch_normalization(draft: Draft, step: Step, match: Match) -> bool:
    """x * gamma + beta, perhaps less a mean before, behind something that a batch normalization stands behind."""
    assert match.argument
    source = match.argument
    if draft.named or is_response(source):
        return False
    constants = [each.layer.constant for each in (*match.inner, step) if isinstance(each.layer, Elementwise)]
    if source.layer.role not in _MAPS or any(each is None or each[-1] != step.shape[-1] for each in constants):
        return False
    named = {"multiply": "gamma", "add": "beta", "subtract": "moving_mean"}
    weights = [
        weight._replace(name=named[operation(each)], shape=(weight.size,))
        for each in (*match.inner, step)
        for weight in each.weights
    ]
    return draft.become(step, BatchNormalization(), [source], match.inner, weights=joined(weights))


_SCALED_AND_SHIFTED = [
    of("add", of("multiply", of("subtract", X, Channels()), Channels()), Channels()),
    of("add", of("multiply", X, Channels()), Channels()),
]

RULES: tuple[Rule, ...] = (
    *(
        Rule(pattern, _function(name), exact=pattern not in _APPROXIMATE)
        for name, patterns in SPELT_OUT.items()
        for pattern in patterns
    ),
    *(Rule(pattern, _layer_normalization()) for pattern in _NORMALIZED),
    *(Rule(pattern, _layer_normalization(scale=True, center=True)) for pattern in _WITH_AFFINE),
    *(Rule(pattern, _layer_normalization(scale=True)) for pattern in _WITH_SCALE),
    *(Rule(of(name, X, Channels()), _affine_of_layer) for name in ("multiply", "add")),
    *(Rule(pattern, _batch_normalization, exact=True) for pattern in _SCALED_AND_SHIFTED),
)
_Key = tuple[str, tuple[str, ...], int]
"""Of a pattern's last operation its name, those of the operations that it combines, and how many constants."""


def _key(pattern: Operation) -> _Key:
    names = sorted(each.name for each in pattern.operands if isinstance(each, Operation))
    return pattern.name, tuple(names), sum(isinstance(each, (Scalar, Channels)) for each in pattern.operands)


_RULES_BY_KEY: dict[_Key, list[Rule]] = {}
for _rule in RULES:
    _RULES_BY_KEY.setdefault(_key(_rule.pattern), []).append(_rule)
_LAST = frozenset(name for name, *_ in _RULES_BY_KEY)


def _candidates(step: Step, name: str) -> Iterator[Rule]:
    """The rules whose patterns begin as the step does, those that say most first: the argument may be anything."""
    there = operands(step)
    names = sorted(operation(each) for each in there if isinstance(each, Step))
    constants = len(there) - len(names)
    for count in range(min(len(names), 2), -1, -1):
        for chosen in dict.fromkeys(combinations(names, count)) if len(names) <= 2 else ():
            yield from _RULES_BY_KEY.get((name, chosen, constants), ())


def fold_functions(draft: Draft, step: Step) -> bool:
    """Whether the step was the last of something that is written out, and is that now."""
    name = operation(step)
    if name not in _LAST:
        return False
    for rule in _candidates(step, name):
        if draft.exact and not rule.exact:
            continue
        found = matched(rule.pattern, step, exact=draft.exact)
        if found and rule.apply(draft, step, found):
            return True
    return False
