"""The options with which an architecture is the network at hand: read off its ends, solved for by its widths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING, Any

from cnncli.amounts import is_known
from cnncli.analysis.identify.registry import MULTIPLIER, WIDTHS, allows, body_graph
from cnncli.analysis.identify.skeleton import Bone, Skeleton
from cnncli.errors import UsageError
from cnncli.graph import Node, Role
from cnncli.graph.normal import scales_input
from cnncli.graph.roles import KERNELS
from cnncli.network import Network, variants

if TYPE_CHECKING:
    from cnncli.models.reference import Model

USUAL = (0.25, 0.35, 0.5, 0.75, 1.0, 1.25, 1.3, 1.4, 1.5, 2.0)
"""Widths that papers and published weights have, besides those that the registry knows of."""
LEAST, MOST = 1 / 64, 16.0
"""Between which widths are looked for."""
PRECISION = 1e-4
"""How near a value is looked for, as a part of it."""
ROUND = (1, 0.5, 0.25, 0.1, 0.05, 0.01, 0.005, 0.001, 0.0001)
"""Steps between round numbers, the roundest first."""
ODD = 0.7654
"""A number that an option of a few values is not."""


@dataclass(frozen=True)
class Solved:
    """An architecture with options; `fits` is whether its body is as wide as the one at hand.

    `interval` are about the least and the largest value of the option `scale` that give the same widths.
    """

    model: Model
    fits: bool
    scale: str = ""
    interval: tuple[float, float] | None = None


class Solver:
    """Of one network: its skeleton, and where in it the body ends that an architecture has too.

    One that is `quick` tries only the usual values of what scales widths.
    """

    def __init__(self, network: Network, skeleton: Skeleton, end: Bone, *, quick: bool = False) -> None:
        self.network, self.skeleton, self.end, self.quick = network, skeleton, end, quick
        self.width = skeleton.width(end)
        self.widths = sorted(node.shape[-1] for node in skeleton.kernels(end) if is_known(node.shape[-1]))

    def solved(self, model: Model, width: int = 0) -> Solved:
        """The architecture with the options of the network at hand; `width` is its body's with what `model` says."""
        fitted = replace(model, options={**model.options, **self._ends(model), **self._multiplier(model)})
        scale = next((name for name in WIDTHS if name in model.options), "")
        if not scale:
            return Solved(fitted, width in (0, self.width))
        found, fits = self._scaled(fitted, scale, width or sum(_widths(fitted)))
        free = fits and not self.quick and allows(found, scale, ODD)
        interval = _interval(_same(found, scale), found.options[scale]) if free else None
        return Solved(found, fits, scale, interval)

    def _scaled(self, model: Model, scale: str, width: int) -> tuple[Model, bool]:
        """The model as wide as the network at hand, or nearly, and which of the two."""
        guess = model.options[scale] * max(self.width, 1) / max(width, 1)
        usual = self._usual(model, scale, guess)
        for value in dict.fromkeys([*usual[:3], round(guess, 1), round(guess, 2)]):
            if allows(model, scale, value) and not self._excess(_with(model, scale, value)):
                return _with(model, scale, value), True
        if self.quick or not allows(model, scale, ODD):
            return _with(model, scale, usual[0]), False
        near = _bisected(lambda value: self._excess(_with(model, scale, value)), guess)
        found = _with(model, scale, near)
        fits = not self._excess(found)
        return _with(model, scale, _simplest(_same(found, scale), near)), fits

    def _excess(self, model: Model) -> int:
        """How many channels more the kernels of a body have than those at hand; 0 where each has the same."""
        widths = sorted(_widths(model))
        return sum(widths) - self.width or (0 if widths == self.widths else 1 if widths > self.widths else -1)

    def _usual(self, model: Model, scale: str, guess: float) -> list[float]:
        """The usual values, those near to a guess first."""
        known = [each.options[scale] for each in variants(model.spec) if scale in each.options]
        told = [float(text) for text in model.spec.option(scale).values]
        every = [value for value in {model.options[scale], *known, *told, *USUAL} if allows(model, scale, value)]
        return sorted(every, key=lambda value: (abs(log(value / guess)), value))

    def _multiplier(self, model: Model) -> dict[str, Any]:
        if MULTIPLIER not in model.options:
            return {}
        found = {getattr(node.layer, MULTIPLIER, 1) for node in self._body(Role.DEPTHWISE)}
        return {MULTIPLIER: found.pop()} if len(found) == 1 else {}

    def _body(self, role: Role) -> list[Node]:
        return [node for node in self.skeleton.kernels(self.end) if node.role is role]

    # What comes in, and what stands behind the body.

    def _ends(self, model: Model) -> dict[str, Any]:
        (image, *_), output = self.skeleton.graph.inputs, self.skeleton.end
        shape = image.shape if len(image.shape) == 3 else model.options["input_shape"]
        usual = model.options["input_shape"]
        sizes = tuple(size if is_known(size) else other for size, other in zip(shape, usual, strict=True))
        found = {"input_shape": sizes, **self._head(output), "include_preprocessing": self._preprocessing(model)}
        return {name: value for name, value in found.items() if name in model.options and allows(model, name, value)}

    def _head(self, output: Bone) -> dict[str, Any]:
        if output.at == self.end.at:
            return {"include_top": False, "pooling": None}
        node = output.node
        pooled = self.skeleton.bones[output.at].node
        if pooled.layer.pools_globally and self.skeleton.bones[pooled.inputs[0].index].at == self.end.at:
            return {"include_top": False, "pooling": "max" if "Max" in pooled.type else "avg"}
        function = node.layer.function
        return {
            "include_top": True,
            "classes": node.shape[-1] if node.shape else 1,
            "classifier_activation": None if function == "linear" else function,
        }

    def _preprocessing(self, model: Model) -> bool:
        """A network as it was trained shows it; a converter may have left it out or folded it, which is not told."""
        normalized = any(node.layer.normalizes_batches for node in self.network.graph.nodes)
        default: bool = model.options.get("include_preprocessing", False)
        return scales_input(self.network.graph) or (default and not normalized)


def _with(model: Model, name: str, value: float) -> Model:
    return replace(model, options={**model.options, name: value})


def _widths(model: Model) -> list[int]:
    """The channels of each kernel of the body; none where there is no such network."""
    try:
        nodes = body_graph(model).nodes
    except UsageError:
        return []
    if "include_top" not in model.options:
        nodes = nodes[: max((node.index for node in nodes if node.layer.pools_globally), default=len(nodes))]
    return [node.shape[-1] for node in nodes if node.role in KERNELS]


def _same(model: Model, scale: str) -> Callable[[float], bool]:
    """Whether another value of what scales widths gives the same."""
    widths = _widths(model)
    return lambda value: _widths(_with(model, scale, value)) == widths


def _bisected(excess: Callable[[float], float], guess: float) -> float:
    """The value at which a body becomes as wide as it should be; it grows with the value, in steps."""
    low, high = max(LEAST, guess / 4), min(MOST, guess * 4)
    middle = guess
    while high - low > PRECISION * guess:
        over = excess(middle)
        if over == 0:
            return middle
        low, high = (low, middle) if over > 0 else (middle, high)
        middle = (low + high) / 2
    return middle


def _interval(fits: Callable[[float], bool], found: float) -> tuple[float, float]:
    """About the least and the largest value that fit, to a thousandth of what was found."""
    return _edge(fits, found, found / 2), _edge(fits, found, found * 2)


def _edge(fits: Callable[[float], bool], inside: float, outside: float) -> float:
    precision = inside * PRECISION
    while abs(inside - outside) > precision:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if fits(middle) else (inside, middle)
    return inside


def _simplest(fits: Callable[[float], bool], found: float) -> float:
    """The roundest number that fits as well as the one that was found; that itself where no round one is near."""
    for step in ROUND:
        nearest = round(found / step)
        for each in (nearest, nearest - 1, nearest + 1):
            value = round(each * step, 4)
            if value > 0 and fits(value):
                return value
    return found
