"""Options of an architecture, solved for: what must be set so that its network has such widths, head and input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.identify.registry import body, without_top
from cnncli.analysis.identify.skeleton import above, width
from cnncli.document.numbers import setting, shape
from cnncli.errors import UsageError
from cnncli.graph import Graph, Node, Role
from cnncli.graph.roles import KERNELS
from cnncli.network import network

SCALES = ("alpha", "width")
"""Options that scale the widths."""
USUAL = (1.0, 0.75, 0.5, 0.25, 0.35, 1.25, 1.3, 1.4, 1.5, 2.0)
LARGEST_SCALE = 64.0
FINEST = 4
"""Digits behind the point that a scale is looked for with."""


@dataclass(frozen=True)
class Target:
    """What a network's normal form tells of its options; `body` is the node at which a known skeleton ends."""

    graph: Graph
    body: Node

    @property
    def input_shape(self) -> str | None:
        """None where a size is open."""
        (first, *_) = self.graph.nodes
        known = len(first.shape) == 3 and all(map(is_known, first.shape))
        return shape(first.shape) if known else None

    @property
    def width(self) -> int:
        return width(above(self.body))

    @property
    def depth_multiplier(self) -> int:
        depthwise = [node for node in above(self.body) if node.role is Role.DEPTHWISE]
        return depthwise[0].shape[-1] // depthwise[0].inputs[0].shape[-1] if depthwise else 1

    @property
    def last(self) -> Node:
        return self.graph.outputs[0]

    @property
    def classifies(self) -> bool:
        """Whether some kernel stands behind the body."""
        body = {node.index for node in above(self.body)}
        return any(node.role in KERNELS and node.index not in body for node in above(self.last))


def references(head: str, target: Target) -> Iterator[str]:
    """The references that an architecture may be: the likeliest first."""
    model = network(head).model
    assert model is not None
    given = {"input_shape": target.input_shape} if target.input_shape else {}
    if "depth_multiplier" in model.options and target.depth_multiplier > 1:
        given["depth_multiplier"] = str(target.depth_multiplier)
    scale = next((name for name in SCALES if name in model.options), None)
    if scale:
        likely = [each.get(scale, model.options[scale]) for each in model.spec.variants]
        found = _scale(with_options(head, given), scale, target.width, likely)
        if found is None:
            return
        given[scale] = setting(found)
    tops = _with_top(model.options, target) if target.classifies else _without(model.options)
    for top in tops:
        yield with_options(head, {**given, **top})


def _with_top(options: Any, target: Target) -> Iterator[dict[str, str]]:
    told: dict[str, str] = {}
    if "classes" in options and target.last.shape and is_known(target.last.shape[-1]):
        told["classes"] = str(target.last.shape[-1])
    if "classifier_activation" in options:
        told["classifier_activation"] = setting(_activation(target.last))
    yield told


def _activation(last: Node) -> str | None:
    found = last.layer.function
    return None if found in ("", "linear") else found


def _without(options: Any) -> Iterator[dict[str, str]]:
    if "include_top" not in options:
        return
    for pooling in ("none", "avg", "max"):
        yield {"include_top": "false", "pooling": pooling}


def with_options(reference: str, options: dict[str, str]) -> str:
    told = ",".join(f"{name}={text}" for name, text in options.items())
    return f"{reference}{',' if ':' in reference else ':'}{told}" if told else reference


# Scales.


def _scale(reference: str, name: str, wanted: int, likely: Sequence[float]) -> float | None:
    """The simplest scale with which all kernels together put out as many channels as are wanted; None where none does.

    Widths only grow with their scale.
    """

    @cache
    def found(scale: float) -> int:
        return _width(with_options(reference, {name: f"{scale:.{FINEST}f}".rstrip("0").rstrip(".")}))

    for scale in dict.fromkeys([*likely, *USUAL]):
        if found(scale) == wanted:
            return scale
    step: float = 10.0**-FINEST
    least = _first(lambda number: found(number * step) >= wanted)
    if found(least * step) != wanted:
        return None
    beyond = _first(lambda number: found(number * step) > wanted)
    for digits in range(1, FINEST):
        rounded: float = ceil(round(least * step * 10**digits, FINEST)) / 10**digits
        if rounded < beyond * step:
            return rounded
    return least * step


def _first(holds: Callable[[int], bool]) -> int:
    """The first number for which something holds that holds for all behind it too."""
    below, holding = 0, int(LARGEST_SCALE / 10.0**-FINEST)
    while holding - below > 1:
        middle = (below + holding) // 2
        below, holding = (below, middle) if holds(middle) else (middle, holding)
    return holding


def _width(reference: str) -> int:
    """0 where the scale is too small for the network to be built."""
    try:
        found = network(reference)
        assert found.model is not None
        if "include_top" in found.model.options:  # where the normal form has the same kernels
            return width(network(without_top(reference)).graph.nodes)
        return width(above(body(reference, found.model.options)))
    except UsageError:
        return 0
