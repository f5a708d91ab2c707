"""What an ONNX file that cnncli itself wrote says of itself, which its operations cannot say.

Another program's metadata are not looked at, and of these only what is well-formed is believed: that an initializer is
no weight only where it is one number, or one a channel, so that no kernel is left uncounted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from cnncli.graph import Graph, Kind, Scope
from cnncli.readers.onnx.model import MOST_VALUES, GraphProto, ModelProto, Value
from cnncli.words import visible

PRODUCER = "cnncli"
QUANTIZED = re.compile("(_quantized)?(_scale|_zero_point)?$")
"""What onnxruntime puts behind the name of an initializer that it quantizes, and calls the numbers that go with it."""
MOST_SCOPES = 4096
LONGEST_KIND = 40
NUMBERED = re.compile("(?:stage|block|branch|module)([1-9][0-9]{0,8})")
"""Scopes that are one of several of their like, by their last word."""


@dataclass(frozen=True)
class Own:
    """`constants` are initializers that are no weights, `not_trained` weights that training leaves as they are.

    `channels_first` is whether maps come in so, where no operation tells it. `scopes` are those in which the layers
    stood, with what their blocks are called; a layer's name begins with its scope's.
    """

    constants: frozenset[str] = frozenset()
    not_trained: frozenset[str] = frozenset()
    input_range: tuple[float, float] | None = None
    channels_first: bool | None = None
    scopes: Mapping[Scope, Kind | None] = field(default_factory=dict)

    def settle(self, initializers: Sequence[Value]) -> None:
        """Make the initializers what the file says that they are."""
        for each in initializers:
            (root,), name = each.roots, QUANTIZED.sub("", each.name)
            counts = root.counts and not (name in self.constants and _is_of_channels(each))
            each.roots = (root._replace(counts=counts, trained=name not in self.not_trained),)

    def place(self, graph: Graph) -> None:
        """Put the layers into the scopes with which their names begin, if each scope is found in one place."""
        scopes = [_longest(node.name, self.scopes) for node in graph.nodes]
        if not _are_contiguous(scopes):
            return
        for node, scope in zip(graph.nodes, scopes, strict=True):
            node.scope = scope
        for each in dict.fromkeys(scope[:depth] for scope in scopes for depth in range(1, len(scope) + 1)):
            kind, number = self.scopes.get(each), NUMBERED.fullmatch(each[-1])
            if kind:
                graph.kinds[each] = kind
            if number:
                graph.numbers[each] = int(number[1])


def _longest(name: str, scopes: Container[Scope]) -> Scope:
    parts = tuple(name.split("."))
    return next((parts[:depth] for depth in range(len(parts) - 1, 0, -1) if parts[:depth] in scopes), ())


def _are_contiguous(scopes: Sequence[Scope]) -> bool:
    """Whether no scope is entered again that was left."""
    open_: Scope = ()
    entered: set[Scope] = set()
    for scope in scopes:
        for depth in range(1, len(scope) + 1):
            if scope[:depth] != open_[:depth]:
                if scope[:depth] in entered:
                    return False
                entered.add(scope[:depth])
        open_ = scope
    return True


def own(model: ModelProto) -> Own | None:
    """None of a file of another program's."""
    if model.producer_name != PRODUCER:
        return None
    told = model.properties()
    return Own(
        constants=_names(told.get("constants", "")),
        not_trained=_names(told.get("not_trained", "")),
        input_range=_range(told.get("input_range", "")),
        channels_first={"nchw": True, "nhwc": False}.get(told.get("layout", "")),
        scopes=dict(_scopes(told.get("scopes", ""))),
    )


def neutral(graph: GraphProto) -> frozenset[str]:
    """The scales of 1 and shifts of 0 of batch norms, which compute the same without them."""
    constants = {each.name: each for each in graph.constants}
    given = [
        (name, number)
        for node in graph.nodes
        if node.kind == "BatchNormalization"
        for name, number in zip(node.inputs[1:3], (1, 0), strict=False)
        if name in constants
    ]
    return frozenset(name for name, number in given if set(constants[name].known() or ()) == {number})


def _is_of_channels(value: Value) -> bool:
    shape = value.shape or ()
    return sum(size != 1 for size in shape) <= 1 and max(shape, default=1) <= MOST_VALUES


def _parsed(text: str) -> Any:
    """None for what is no JSON, or lies within itself too deeply."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _names(text: str) -> frozenset[str]:
    found = _parsed(text)
    return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else frozenset()


def _range(text: str) -> tuple[float, float] | None:
    """`0 to 255`."""
    try:
        low, high = map(float, text.split(" to "))
    except ValueError:
        return None
    return (low, high) if isfinite(low) and isfinite(high) and low < high else None


def _scopes(text: str) -> list[tuple[Scope, Kind | None]]:
    """`{"stage1": [], "stage1.block1": ["MBConv", 6]}`: of each scope what a person calls it, if it is a block."""
    found = _parsed(text)
    if not isinstance(found, dict) or len(found) > MOST_SCOPES:
        return []
    return [(tuple(name.split(".")), _kind(told)) for name, told in found.items() if re.fullmatch(r"\w+(\.\w+)*", name)]


def _kind(told: Any) -> Kind | None:
    if not isinstance(told, list) or not 1 <= len(told) <= 2 or not isinstance(told[0], str):
        return None
    expansion = told[1] if len(told) > 1 else None
    if not (expansion is None or (isinstance(expansion, (int, float)) and 0 < expansion < MOST_VALUES)):
        return None
    return Kind(visible(told[0])[:LONGEST_KIND], None if expansion is None else float(expansion))
