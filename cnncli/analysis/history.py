"""The registry as a history: networks by year, those of one paper together, and which paper took up another's ideas."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.metrics import Totals
from cnncli.network import Network, architectures, of_model, variants

if TYPE_CHECKING:
    from cnncli.models.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class Step:
    """An architecture with its defaults, in its first flavor; it is built when it is asked for its figures."""

    spec: ModelSpec

    @cached_property
    def network(self) -> Network:
        return of_model(variants(self.spec)[0])

    @cached_property
    def totals(self) -> Totals:
        return Totals(self.network.graph)

    @property
    def options(self) -> Mapping[str, Any]:
        return self.spec.options(self.spec.flavors[0].name)

    @property
    def paper(self) -> str:
        """What the networks of its paper are called together."""
        return self.spec.architecture or self.spec.name

    @property
    def top1(self) -> float | None:
        return self.spec.top1.top1 if self.spec.top1 else None


@dataclass(frozen=True, eq=False)
class Generation:
    """The networks of one paper; what is asked of it as of one network is told of the most accurate."""

    name: str
    steps: Sequence[Step]

    @cached_property
    def best(self) -> Step:
        """By published top-1, the first where several are alike or none has any."""
        return max(self.steps, key=lambda step: step.top1 or 0)

    @property
    def spec(self) -> ModelSpec:
        return self.best.spec

    @property
    def network(self) -> Network:
        return self.best.network

    @property
    def totals(self) -> Totals:
        return self.best.totals

    @property
    def options(self) -> Mapping[str, Any]:
        return self.best.options


class Descent(NamedTuple):
    """That one paper takes up another's ideas, by their names."""

    earlier: str
    later: str


def steps(specs: Iterable[ModelSpec], since: int | None = None, until: int | None = None) -> list[Step]:
    """By year, each year's as they are given; of some years only, where these are told."""
    within = [spec for spec in specs if (since is None or spec.year >= since) and (until is None or spec.year <= until)]
    return [Step(spec) for spec in sorted(within, key=lambda spec: spec.year)]


def generations(found: Sequence[Step]) -> list[Generation]:
    """Paper by paper, in the order of the first network of each."""
    papers: dict[str, list[Step]] = {}
    for step in found:
        papers.setdefault(step.paper, []).append(step)
    return [Generation(name, members) for name, members in papers.items()]


def descents(names: Iterable[str]) -> list[Descent]:
    """What connects these papers: from each those whose ideas it takes up, and where one of these is not among them
    those before it, unless another way leads there.
    """
    parents = _parents()
    there = dict.fromkeys(names)
    found = []
    for later in there:
        direct = [name for name in parents[later] if name in there]
        nearest = _nearest(later, there, parents)
        passed = {old for name in nearest for old in _ancestors(name, parents)}
        found += [Descent(name, later) for name in nearest if name in direct or name not in passed]
    return found


def _ancestors(name: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    open_ = [*parents.get(name, ())]
    while open_:
        earlier = open_.pop()
        if earlier not in found:
            found.add(earlier)
            open_ += parents.get(earlier, ())
    return found


def _parents() -> Mapping[str, Sequence[str]]:
    """Of each paper those whose ideas it takes up. An architecture may name a paper, or a network of one."""
    papers = {spec.name: spec.architecture or spec.name for spec in architectures()}
    found: dict[str, dict[str, None]] = {}
    for spec in architectures():
        own = papers[spec.name]
        earlier = (papers.get(name, name) for name in spec.descends_from)
        found.setdefault(own, {}).update(dict.fromkeys(name for name in earlier if name != own))
    return {name: list(parents) for name, parents in found.items()}


def _nearest(name: str, there: Container[str], parents: Mapping[str, Sequence[str]]) -> list[str]:
    """The ancestors among some papers to which a way leads past none of them."""
    found: dict[str, None] = {}
    open_ = [*parents.get(name, ())]
    seen = {name}
    while open_:
        earlier = open_.pop(0)
        if earlier in seen:
            continue
        seen.add(earlier)
        if earlier in there:
            found[earlier] = None
        else:
            open_ += parents.get(earlier, ())
    return list(found)


def charted(found: Sequence[Step]) -> list[Step]:
    """The networks of which an accuracy on ImageNet was published, and costs are known."""
    return [step for step in found if step.top1 is not None and is_known(step.totals.macs)]
