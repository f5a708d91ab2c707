"""What networks of different architectures are made of: where their costs sit, and what each has that another lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnncli.amounts import UNKNOWN, is_known, total
from cnncli.analysis.compare.comparison import Entry, incomparable
from cnncli.analysis.compare.design import Feature, Trait, design
from cnncli.analysis.compare.work import Wires, Work, shared_out
from cnncli.graph import Role


@dataclass(frozen=True)
class Makeup:
    """Of each metric the amounts by what does the work, and how often the network has each trait.

    `unknown` is how many layers nobody knows the work of, which may hide more. `converted` says that a converter may
    have folded normalization away.
    """

    amounts: Mapping[str, Mapping[Work, Any]]
    traits: Mapping[Trait, int]
    unknown: int = 0
    converted: bool = False

    def whole(self, metric: str) -> Any:
        """The network's own amount."""
        return total(self.amounts[metric].values())

    def largest(self, metric: str) -> Work | None:
        """What has most of it; None where nothing has any, or nobody knows."""
        parts = self.amounts[metric]
        return max(parts, key=lambda work: parts[work]) if is_known(self.whole(metric)) and parts else None

    def count(self, trait: Trait) -> Any:
        """How often it has a trait; UNKNOWN where it may have been converted away."""
        return self.traits.get(trait, UNKNOWN if self.may_have(trait) else 0)

    def may_have(self, trait: Trait) -> bool:
        """Whether it has a trait, or may have had it before it was converted."""
        return trait in self.traits or (self.converted and trait.feature is Feature.NORMALIZATION)


def makeup(found: Entry) -> Makeup:
    graph = found.graph
    unknown = sum(node.role is Role.OTHER and not is_known(node.macs) for node in graph.nodes)
    converted = found.network.origin.kind == "file"
    return Makeup(shared_out(graph, Wires(graph)), design(graph, found.normal), unknown, converted)


@dataclass(frozen=True)
class Contrast:
    """What two networks are made of."""

    before: Makeup
    after: Makeup

    @cached_property
    def only_before(self) -> Sequence[Trait]:
        """What the first has and the second lacks."""
        return [trait for trait in self.before.traits if not self.after.may_have(trait)]

    @cached_property
    def only_after(self) -> Sequence[Trait]:
        return [trait for trait in self.after.traits if not self.before.may_have(trait)]

    @property
    def traits(self) -> Sequence[Trait]:
        """What either has, in the order of Feature."""
        order = list(Feature)
        return sorted(
            {**self.before.traits, **self.after.traits}, key=lambda trait: (order.index(trait.feature), trait.which)
        )

    def works(self, metric: str) -> Sequence[Work]:
        """What does work in either."""
        return [work for work in Work if work in self.before.amounts[metric] or work in self.after.amounts[metric]]


def contrast(one: Entry, other: Entry) -> Contrast | None:
    """None of networks of which somebody knows how to get from one to the other, and of tables of weights."""
    if are_of_one_architecture(one, other) or incomparable(one, other):
        return None
    return Contrast(makeup(one), makeup(other))


def are_of_one_architecture(one: Entry, other: Entry) -> bool:
    """Whether both are one builder's, so that their options tell them apart."""
    models = one.network.model, other.network.model
    return None not in models and models[0].spec.build is models[1].spec.build  # type: ignore[union-attr]
