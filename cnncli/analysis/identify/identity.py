"""Which known network one is, how sure that is, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.amounts import is_known
from cnncli.analysis.compare.across import Across, across
from cnncli.analysis.compare.comparison import Entry, entry, same_in_normal_form
from cnncli.analysis.identify.registry import UNSEEN, skeleton_of
from cnncli.analysis.identify.retold import Retold, retold
from cnncli.analysis.identify.skeleton import Bone, Skeleton, Token, likeness
from cnncli.analysis.identify.solving import Solved, Solver
from cnncli.analysis.identify.table import BODIES
from cnncli.errors import UsageError
from cnncli.graph.roles import KERNELS
from cnncli.network import Network, architectures, model_of, network

if TYPE_CHECKING:
    from cnncli.models.reference import Model

AKIN = 0.9
"""From which likeness on a network that is not quite the same is a changed one, not another."""


class Kinship(str, Enum):
    """How near a network is to the known one."""

    IDENTICAL = "identical"
    """Nothing tells the two apart but what converters do."""
    BODY = "body"
    """The body is the same, kernel by kernel and width by width; behind it, or in its padding, they differ."""
    CHANGED = "changed"
    """Most kernels are the same, widths included, in the same order."""
    NONE = "none"
    """No known network; the one that is told, with its defaults, is the nearest."""


@dataclass(frozen=True, eq=False)
class Identity:
    """`network` is the known one, with its options; None where nothing is like it at all.

    `likeness` is the share of kernels, poolings and joins that both have in the same order, by type, window and stride;
    of one that is known also by width. `also` are other references of the very same structure. `untold` are options
    that leave no trace in it, `interval` between which values of `scale` the structure is the same.
    """

    kinship: Kinship
    subject: Network
    network: Network | None = None
    likeness: float = 0.0
    also: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    scale: str = ""
    interval: tuple[float, float] | None = None
    retold: Retold | None = None
    """Where the body is the same, what else is not."""

    @property
    def called(self) -> str:
        """The subject's reference; of a file without the folders in which it lies."""
        return Path(self.subject.reference).name if self.subject.origin.file else self.subject.reference

    @property
    def reference(self) -> str:
        return self.network.reference if self.network else ""

    @property
    def known(self) -> bool:
        return self.kinship is not Kinship.NONE

    @cached_property
    def across(self) -> Across | None:
        """What tells the known network from the one at hand."""
        named = replace(self.subject, reference=self.called)
        return None if self.network is None else across(entry(self.network), entry(named))


def recognized(subject: Network) -> Identity | None:
    """The identity as far as the table of bodies tells it, in milliseconds; None where it tells nothing."""
    whole = entry(subject)
    return _by_table(whole, quick=True) if _is_network(whole) else None


def identified(subject: Network) -> Identity:
    """The identity, or else the nearest network: every architecture is looked at where the table does not tell."""
    whole = entry(subject)
    if not _is_network(whole):
        return Identity(Kinship.NONE, subject)
    return _by_table(whole, quick=False) or _nearest(whole)


MOST_LAYERS = 10_000
"""No known network has so many."""


def _is_network(whole: Entry) -> bool:
    """Whether there is a structure to look at."""
    graph = whole.graph
    return bool(graph.inputs and graph.outputs) and not whole.only_weights and len(graph.nodes) <= MOST_LAYERS


def _by_table(whole: Entry, *, quick: bool) -> Identity | None:
    """The network with the body that is found in this one."""
    skeleton = Skeleton(whole.normal)
    end = _body(skeleton)
    if end is None:
        return None
    solver = Solver(whole.network, skeleton, end, quick=quick)
    found = []
    for reference, width in BODIES[end.digest]:
        solved = solver.solved(model_of(reference), width)
        found += [_told(whole, solver, solved)] if solved.fits else []
        if quick and found and found[-1] and found[-1].kinship is Kinship.IDENTICAL:
            return found[-1]
    best = _likeliest(found)
    return best if best and best.known else None


def _body(skeleton: Skeleton) -> Bone | None:
    """The largest body of the registry that is in a network, and is a good part of it."""
    known = [bone for bone in skeleton.bones if bone.token is not None and bone.digest in BODIES]
    largest = max(known, key=skeleton.count, default=None)
    return largest if largest and _is_mostly(skeleton, largest) else None


def _is_mostly(skeleton: Skeleton, end: Bone) -> bool:
    """Whether at least a third of the kernels lead to a node, and there are any."""
    kernels = sum(node.role in KERNELS for node in skeleton.graph.nodes)
    return kernels > 0 and 3 * skeleton.count(end) >= kernels


def _told(whole: Entry, solver: Solver, solved: Solved) -> Identity | None:
    """How near a network is to an architecture with these options; None where there is none with them."""
    try:
        known = network(solved.model.reference)
    except UsageError:
        return None
    other = entry(known)
    untold = tuple(sorted(UNSEEN & solved.model.options.keys()))
    found = Identity(Kinship.IDENTICAL, whole.network, known, 1.0, (), untold, solved.scale, solved.interval)
    return found if same_in_normal_form(other, whole) else _less(found, solver, Skeleton(other.normal))


def _less(found: Identity, solver: Solver, its: Skeleton) -> Identity:
    """The identity with a network that is not the very same, so far as is known, by its skeleton."""
    skeleton, end = solver.skeleton, solver.end
    if _is_open(skeleton) and its.same(skeleton):
        return found
    alike = likeness(its.wide, skeleton.wide)
    if _is_mostly(skeleton, end) and any(bone.exact == end.exact for bone in its.bones):
        return replace(found, kinship=Kinship.BODY, likeness=alike, retold=retold(its, skeleton, end))
    if alike >= AKIN:
        return replace(found, kinship=Kinship.CHANGED, likeness=alike)
    return replace(found, kinship=Kinship.NONE, likeness=likeness(its.tokens, skeleton.tokens))


def _is_open(skeleton: Skeleton) -> bool:
    """Whether sizes of the input are unknown: all that can be compared then are kernels and how they are wired."""
    return not all(is_known(size) for node in skeleton.graph.inputs for size in node.shape)


ORDER = tuple(Kinship)


def _likeliest(found: Sequence[Identity | None]) -> Identity | None:
    """The nearest of some, the first of equals; with those of the very same structure beside it."""
    there = [each for each in found if each is not None]
    best = min(there, key=_rank, default=None)
    if best is None:
        return None
    if best.kinship is not Kinship.IDENTICAL:
        equals = [each for each in there if _rank(each) == _rank(best)]
        return best if len(equals) == 1 else min(equals, key=_difference_in_number)
    also = [each.reference for each in there if each is not best and each.kinship is Kinship.IDENTICAL]
    return replace(best, also=tuple(also))


def _rank(found: Identity) -> tuple[int, float]:
    return ORDER.index(found.kinship), -found.likeness


def _difference_in_number(found: Identity) -> int:
    """By how many layers one has more: of equal kernels what stands between them tells, such as a normalization."""
    assert found.network is not None
    one, other = entry(found.network), entry(found.subject)
    return abs(len(one.normal.nodes) - len(other.normal.nodes))


# Of all architectures the nearest.

MOST_TRIED = 6
"""Of how many architectures that are about as near the options are solved for."""
ABOUT = 0.02
"""By how much less likeness an architecture is about as near."""


def _nearest(whole: Entry) -> Identity:
    skeleton = Skeleton(whole.normal)
    ranked = sorted(_likenesses(skeleton), key=lambda pair: -pair[0])
    nothing = Identity(Kinship.NONE, whole.network)
    if not ranked or not ranked[0][0]:
        return nothing
    near = [model for alike, model in ranked[:MOST_TRIED] if alike >= ranked[0][0] - ABOUT]
    solver = Solver(whole.network, skeleton, skeleton.trunk)
    best = _likeliest([_told(whole, solver, solver.solved(model)) for model in near])
    if best and best.known:
        return best
    alike, model = ranked[0]
    return Identity(Kinship.NONE, whole.network, network(model.reference), alike)


def _likenesses(skeleton: Skeleton) -> Iterator[tuple[float, Model]]:
    """How like each architecture is, with its defaults."""
    for model, tokens in _architectures():
        yield likeness(tokens, skeleton.tokens), model


@cache
def _architectures() -> list[tuple[Model, list[Token]]]:
    """Every architecture in every flavor, with what its skeleton is made of."""
    models = [model_of(f"{spec.name}@{name}") for spec in architectures() for name in spec.flavor_names]
    return [(model, skeleton_of(model.graph()).tokens) for model in models]
