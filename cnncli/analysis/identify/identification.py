"""Which known network one is: the candidates by its skeleton, proved by comparing what they are built to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from cnncli.analysis.compare.across import Across, across
from cnncli.analysis.compare.comparison import Entry, entry, same_in_normal_form
from cnncli.analysis.identify.bodies import BODIES
from cnncli.analysis.identify.registry import all_networks, kernels
from cnncli.analysis.identify.skeleton import Place, skeleton
from cnncli.analysis.identify.solving import Target, references
from cnncli.errors import UsageError
from cnncli.network import Network, network


class Likeness(str, Enum):
    """How sure it is that a network is a known one."""

    IDENTICAL = "identical"
    """There is no structural difference."""
    BODY = "body"
    """All kernels before the classifier are the same, in their order; something else differs."""
    NONE = "none"
    """It is none that is known."""


@dataclass(frozen=True)
class Identification:
    """The network that is known, or the nearest one; None where there is nothing to go by.

    `across` is what tells the two apart, the known one first.
    """

    likeness: Likeness
    known: Entry | None = None
    other: Entry | None = None
    across: Across | None = None

    @property
    def share(self) -> float:
        """How many of the layers, in normal form, have an equal one in the other network, of 1."""
        return self.across.alike / self.across.units if self.across and self.across.units else 0.0


NOTHING = Identification(Likeness.NONE)


def identify(found: Network) -> Identification:
    """By structure alone. Of tables of weights, which tell of none, nothing is known."""
    one = entry(found)
    if one.only_weights or not one.normal.nodes:
        return NOTHING
    return known(one) or nearest(one)


def known(one: Entry) -> Identification | None:
    """The network that one is, or whose body it has; None where it is none."""
    places = skeleton(one.normal.nodes)
    bodies: list[Identification] = []
    for head, at in _bodies(one, places):
        exact = places[at].exact
        for candidate in _candidates(head, Target(one.normal, one.normal.nodes[at])):
            if same_in_normal_form(candidate, one):
                return Identification(Likeness.IDENTICAL, candidate, one, across(candidate, one))
            if any(place.exact == exact for place in skeleton(candidate.normal.nodes)):
                bodies.append(Identification(Likeness.BODY, candidate, one, across(candidate, one)))
    return max(bodies, key=lambda each: each.share, default=None)


def _bodies(one: Entry, places: Sequence[Place]) -> Iterator[tuple[str, int]]:
    """The architectures with a body of some skeleton that is a part of this network's, and where it ends."""
    ends: dict[str, int] = {}
    for node, place in zip(one.normal.nodes, places, strict=True):
        if place.like in BODIES and place.depth:
            ends[place.like] = node.index  # the last: a sum behind the body's last kernel is a part of it
    for digest in sorted(ends, key=lambda each: -places[ends[each]].depth):
        for head in BODIES[digest]:
            yield head, ends[digest]


def _candidates(head: str, target: Target) -> Iterator[Entry]:
    for reference in references(head, target):
        try:
            yield entry(network(reference))
        except UsageError:  # as where the input is too small for the flavor
            continue


CONTENDERS = 3
"""How many networks that have most kernels in common are compared in full."""


def nearest(one: Entry) -> Identification:
    """The known network that is most alike, by how many of their layers are."""
    mine = Counter(kernels(one.normal))

    def common(other: Network) -> float:
        theirs = Counter(kernels(other.graph))
        return (mine & theirs).total() / max((mine | theirs).total(), 1)

    found = sorted(all_networks(), key=common, reverse=True)[:CONTENDERS]
    told = [Identification(Likeness.NONE, each, one, across(each, one)) for each in map(entry, found)]
    return max(told, key=lambda each: each.share)
