"""Two networks of which one stands in a file: what tells them apart, and what only their kinds of files do.

Both are compared in normal form, unit by unit, blind to names and to where a converter wrote what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.compare.alignment import NEVER, Pair, align
from cnncli.analysis.compare.changes import TOLD_AS_SHAPES, WIDTHS, Aspect, Changed
from cnncli.analysis.compare.comparison import Entry, normal_forms, same_in_normal_form
from cnncli.analysis.compare.difference import Change, difference
from cnncli.analysis.labels import layer_label
from cnncli.analysis.structure import arguments, source
from cnncli.graph import Graph, Node, Role, Shape
from cnncli.graph.normal import scales_input
from cnncli.graph.roles import KERNELS


@dataclass(frozen=True)
class InputSize:
    """The networks are of one kind for inputs of two shapes."""

    before: Shape
    after: Shape


class Part(str, Enum):
    """What two networks may be identical but for."""

    HEAD = "head"
    """What stands behind the last map."""
    LAST_ACTIVATION = "last_activation"
    PADDING = "padding"
    """How kernels pad their maps."""


@dataclass(frozen=True)
class Differs:
    """A part in which they differ: of the head what it puts out, of functions their names; empty where it is missing.

    `count` is in how many layers.
    """

    part: Part
    before: Any = None
    after: Any = None
    count: int = 1


@dataclass(frozen=True)
class Single:
    """A layer by itself that differs, by its names (empty where a network lacks it), and how."""

    before: str
    after: str
    facts: tuple[Changed, ...] = ()


class Left(str, Enum):
    """What a converter did to one of two networks that are alike."""

    FOLDED = "folded"
    """Its batch normalization is a part of the kernels."""
    TRAINING = "training"
    """It lacks what acts in training only."""
    SCALING = "scaling"
    """It does not scale its input, unless by the first kernel."""
    QUANTIZED = "quantized"


@dataclass(frozen=True)
class Conversion:
    """`reference` is the network to which it was done; `detail` how its weights are quantized.

    `params` are those of the other one that folding leaves out, where that is known.
    """

    what: Left
    reference: str
    detail: str = ""
    params: int | None = None


Difference = InputSize | Differs | Single


@dataclass(frozen=True)
class Across:
    """`alike` is how many units of the first network have an equal one in the second, `units` how many it has.

    `differences` is empty where `same` says that there is no structural difference, and where units are wired
    differently.
    """

    same: bool
    alike: int
    units: int
    differences: tuple[Difference, ...]
    conversions: tuple[Conversion, ...]

    @property
    def akin(self) -> bool:
        """Whether most of them is alike, so that single differences are worth naming."""
        return self.same or 2 * self.alike >= self.units


def across(one: Entry, other: Entry) -> Across:
    """What tells two networks apart that may stand in different kinds of files."""
    before, after = normal_forms(one, other)
    if same_in_normal_form(one, other):
        return Across(True, len(before.nodes), len(before.nodes), (), _conversions(one, other))
    found = units_aligned(before, after)
    told = _told(before, after, found)
    matched = [(i, j) for i, j in found if i is not None and j is not None]
    alike = sum(_key(before.nodes[i]) == _key(after.nodes[j]) for i, j in matched)
    found_all = Across(False, alike, max(len(before.nodes), len(after.nodes)), tuple(told), ())
    heads = not any(isinstance(each, Differs) and each.part is Part.HEAD for each in told)
    return replace(found_all, conversions=_conversions(one, other, heads=heads)) if found_all.akin else found_all


# Alignment.


def units_aligned(before: Graph, after: Graph) -> list[Pair]:
    """Which unit of one normal form plays the role of which unit of another."""
    first, second = list(map(_key, before.nodes)), list(map(_key, after.nodes))

    def cost(i: int, j: int) -> int:
        if first[i] == second[j]:
            return 0
        one, other = before.nodes[i], after.nodes[j]
        if one.type == other.type:
            return 1 + len([1 for told, instead in zip(first[i][1], second[j][1], strict=False) if told != instead])
        return 6 if one.role is other.role and one.role is not Role.OTHER else NEVER

    return align(len(first), len(second), cost, (first, second))


_Key = tuple[str, tuple[Any, ...]]


def _key(node: Node) -> _Key:
    """What a unit is by itself, whatever the size of its map."""
    told = arguments(node.layer)
    return node.type, tuple(value for name, value in told.items() if name not in ("shape", "target_shape"))


# What is told of it.


class _Difference(NamedTuple):
    """Units that differ, or one that has no counterpart."""

    before: Node | None
    after: Node | None


def _told(before: Graph, after: Graph, pairs: Sequence[Pair]) -> list[Difference]:
    found = [
        _Difference(None if i is None else before.nodes[i], None if j is None else after.nodes[j]) for i, j in pairs
    ]
    sizes = [
        InputSize(one.shape, other.shape)
        for one, other in found
        if one and other and one.role is other.role is Role.INPUT and one.shape != other.shape
    ]
    differing = [each for each in found if not (each.before and each.after and _key(each.before) == _key(each.after))]
    trunks = _trunk(before), _trunk(after)
    last = before.nodes[-1], after.nodes[-1]
    head = [each for each in differing if _behind(each.before, trunks[0]) and _behind(each.after, trunks[1])]
    behind = set(head)
    rest = [each for each in differing if each not in behind]
    return [*sizes, *_parts(rest), *_head(head, last)]


def _trunk(graph: Graph) -> int:
    """The last node that puts a map out, but for a convolution that tells classes apart, as in SqueezeNet."""
    nodes = graph.nodes
    trunk = max((node.index for node in nodes if len(node.shape) == 3 and node.inputs), default=len(nodes))
    kernels = [node.index for node in nodes if node.role in KERNELS]
    classifies = nodes[-1].layer.function in ("softmax", "sigmoid")
    return min(trunk, kernels[-1] - 1) if kernels and classifies else trunk


def _behind(node: Node | None, trunk: int) -> bool:
    return node is None or node.index > trunk


def _head(differing: Sequence[_Difference], last: tuple[Node, Node]) -> list[Difference]:
    """The last activation where only that differs, else the head by what it puts out."""
    if not differing:
        return []
    one, other = last
    functions = one.layer.function, other.layer.function
    if len(differing) == 1 and _only(differing[0], "activation") and differing[0] == _Difference(*last):
        return [Differs(Part.LAST_ACTIVATION, *functions)]
    lone = differing[0].before or differing[0].after
    if len(differing) == 1 and lone in last and lone is not None and lone.role is Role.ACTIVATION:
        return [Differs(Part.LAST_ACTIVATION, _function(differing[0].before), _function(differing[0].after))]
    return [Differs(Part.HEAD, one.shape, other.shape, len(differing))]


def _function(node: Node | None) -> str:
    return node.layer.function if node else ""


def _parts(differing: Sequence[_Difference]) -> list[Difference]:
    padding = [each for each in differing if _only(each, "padding") or _pads(each)]
    found: list[Difference] = []
    kernels = sum(each.before is not None and each.after is not None for each in padding)
    if padding:
        found.append(Differs(Part.PADDING, count=max(kernels, len(padding) - kernels)))
    told = set(padding)
    return found + [_single(each) for each in differing if each not in told]


def _pads(difference: _Difference) -> bool:
    """Whether a layer that pads is there in one of them, or pads otherwise."""
    return all(node is None or node.layer.pads for node in difference)


def _only(difference: _Difference, name: str) -> bool:
    """Whether two layers are one but for this argument."""
    one, other = difference
    if one is None or other is None or type(one.layer) is not type(other.layer):
        return False
    values = arguments(other.layer)
    return all(value == values[each] for each, value in arguments(one.layer).items() if each != name)


def _single(difference: _Difference) -> Single:
    one, other = difference
    if one is None or other is None:
        return Single(one.name if one else "", other.name if other else "")
    if type(one.layer) is not type(other.layer):  # a kind that Keras lacks may have a name that Keras has
        return Single(one.name, other.name, (Changed(Aspect.LAYER, layer_label(one.layer), layer_label(other.layer)),))
    values = arguments(other.layer)
    facts = [
        Changed(name, value, values[name])
        for name, value in arguments(one.layer).items()
        if value != values[name] and (name in WIDTHS or name not in TOLD_AS_SHAPES)
    ]
    return Single(one.name, other.name, tuple(facts))


# What the kinds of files do.


def _conversions(one: Entry, other: Entry, *, heads: bool = True) -> tuple[Conversion, ...]:
    """What was done to one of two networks; without their `heads` where these are not the same."""
    training = _training if heads else _training_in_trunk
    found = []
    for what, counted in ((Left.FOLDED, _normalizations), (Left.TRAINING, training), (Left.SCALING, scales_input)):
        has, lacks = (one, other) if counted(one.graph) else (other, one)
        if counted(has.graph) and not counted(lacks.graph):
            params = folded_params(has.graph) if what is Left.FOLDED else None
            found.append(Conversion(what, lacks.reference, params=params))
    kinds = one.quantization, other.quantization
    if kinds[0] != kinds[1]:
        pairs = zip((one, other), kinds, strict=True)
        found += [Conversion(Left.QUANTIZED, each.reference, kind) for each, kind in pairs if kind]
    return tuple(found)


def _normalizations(graph: Graph) -> int:
    return sum(node.layer.normalizes_batches for node in graph.nodes)


def folded_params(graph: Graph) -> int | None:
    """How many parameters folding batch normalization into the kernels before it leaves out; None where unknown.

    Of each channel's four values a bias stays, unless the kernel has one already.
    """
    found = 0
    for node in graph.nodes:
        kernel = source(node.inputs[0]) if node.layer.normalizes_batches else node
        if kernel is not node and kernel.role in KERNELS:
            biased = any(weight.name == "bias" for weight in kernel.weights)
            found += node.params - (0 if biased else node.shape[-1])
    return found if is_known(found) else None


def _training(graph: Graph) -> int:
    return sum(node.role is Role.TRAINING for node in graph.nodes)


def _training_in_trunk(graph: Graph) -> int:
    trunk = _trunk(graph)
    return sum(node.role is Role.TRAINING for node in graph.nodes if node.index < trunk)


# Blocks.


def changes_across(one: Entry, other: Entry) -> list[Change]:
    """What changes from block to block; costs are those of the normal form, where each kernel has a bias."""
    return difference(*scoped(one, other))


def scoped(one: Entry, other: Entry) -> tuple[Graph, Graph]:
    """Both in normal form, in blocks of their own or of one another.

    Blocks are those of the network whose blocks were written by hand, or of the one that has any, where the two are
    mostly alike; else each has its own.
    """
    before, after = one.graph_in_normal_form(), other.graph_in_normal_form()
    pairs = units_aligned(before, after)
    by_hand = other.network.model is not None and one.network.model is None
    if by_hand or not before.kinds:
        _scope(after, before, [(j, i) for i, j in pairs])
    else:
        _scope(before, after, pairs)
    return before, after


def _scope(leader: Graph, follower: Graph, pairs: Sequence[Pair]) -> None:
    """Give the units of the follower the scopes of those that they are aligned with, and the others the last one's.

    What stands behind all that are aligned stays in the follower's own head, where it has one.
    """
    partner = {j: i for i, j in pairs if i is not None and j is not None}
    if not leader.kinds or 5 * len(partner) < 4 * max(len(leader.nodes), len(follower.nodes)):
        return
    scope, last = leader.nodes[0].scope, max(partner)
    for node in follower.nodes:
        if node.index in partner:
            scope = leader.nodes[partner[node.index]].scope
        elif node.index > last and node.scope not in follower.kinds and len(node.scope) == 1:
            scope = node.scope
        node.scope = scope
    follower.kinds, follower.numbers = dict(leader.kinds), dict(leader.numbers)
