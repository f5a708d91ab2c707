"""A network explained: what it brought and stands on, its kinds of blocks, what they save and what they add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnncli.analysis.explain.additions import Added, additions
from cnncli.analysis.explain.blocks import BlockKind, Part, block_kinds, outside
from cnncli.analysis.explain.ideas import Idea, Saved, Saving, by_idea
from cnncli.analysis.explain.savings import savings
from cnncli.analysis.metrics import Totals
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.graph.normal import normal
from cnncli.network import Network, architectures, of_model
from cnncli.readers.folding import folded

if TYPE_CHECKING:
    from cnncli.models.reference import Model
    from cnncli.models.spec import ModelSpec


@dataclass(frozen=True)
class Ancestor:
    """An architecture whose ideas a network takes up, `direct`ly or by way of others; `name` is as others cite it."""

    name: str
    year: int
    introduced: str
    direct: bool


def ancestors(spec: ModelSpec) -> list[Ancestor]:
    """All of them, the oldest first, of the same year the ancestors of others before those."""
    known: dict[str, ModelSpec] = {}
    for each in architectures():
        for name in (each.architecture, each.name):
            known.setdefault(name, each)
    found: dict[str, ModelSpec] = {}
    waiting = list(spec.descends_from)
    while waiting:
        name = waiting.pop(0)
        if name in known and name not in found:
            found[name] = known[name]
            waiting += known[name].descends_from
    lines = [
        Ancestor(name, each.year, each.introduced, name in spec.descends_from)
        for name, each in reversed(list(found.items()))
    ]
    return sorted(lines, key=lambda line: line.year)


@dataclass(frozen=True)
class Scaled:
    """A place of an idea in the same network with other options, `given` as references spell them."""

    given: Mapping[str, Any]
    saving: Saving


SCALED = (Idea.SEPARABLE, Idea.INVERTED)
"""Ideas of networks that are scaled by multipliers."""
WIDTH, SIZE = "alpha", "input_shape"
"""The options by which they are: of the width of all layers (arXiv 1704.04861, section 3.3), of the picture (3.4)."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Of a network; each part is worked out when it is first asked for."""

    network: Network

    @property
    def graph(self) -> Graph:
        return self.network.graph

    @cached_property
    def normal(self) -> Graph:
        return _in_normal_form(self.graph)

    @cached_property
    def totals(self) -> Totals:
        return Totals(self.graph)

    @cached_property
    def ancestors(self) -> Sequence[Ancestor]:
        return ancestors(self.network.model.spec) if self.network.model else ()

    @cached_property
    def kinds(self) -> Sequence[BlockKind]:
        return block_kinds(self.graph)

    @cached_property
    def outside(self) -> Sequence[Part]:
        return outside(self.graph)

    @cached_property
    def saved(self) -> Sequence[Saved]:
        return by_idea(savings(self.normal))

    @cached_property
    def added(self) -> Sequence[Added]:
        return additions(self.normal, self.kinds)

    def params_without(self, saved: Saved) -> Any:
        """What the network would have without an idea, all else as it is."""
        return self.totals["params"] + (saved.plain.params - saved.here.params)

    def macs_without(self, saved: Saved) -> Any:
        return self.totals["macs"] + (saved.plain.macs - saved.here.macs)

    @cached_property
    def scaled(self) -> Sequence[Scaled]:
        """The example of the idea that has most places, in the network made thinner, then also smaller."""
        found = [saved for saved in self.saved if saved.idea in SCALED]
        model = self.network.model
        if not found or model is None:
            return ()
        example = max(found, key=lambda saved: len(saved.places)).example
        return list(_scaled(model, example))


def _in_normal_form(graph: Graph) -> Graph:
    return normal(folded(graph))


def _scaled(model: Model, example: Saving) -> Sequence[Scaled]:
    """With the smaller values that shells offer of the multipliers: each width, then the largest at each size."""
    if WIDTH not in model.options:
        return []
    widths = _smaller(model, WIDTH)
    given: list[dict[str, Any]] = [{WIDTH: width} for width in widths]
    given += [{WIDTH: width, SIZE: size} for width in widths[:1] for size in _smaller(model, SIZE)]
    found = [(each, _same(replace(model, options={**model.options, **each}), example)) for each in given]
    return [Scaled(each, saving) for each, saving in found if saving]


def _smaller(model: Model, name: str) -> list[Any]:
    """The values of an option that are offered and below the model's own, the largest first."""
    option, now = model.spec.option(name), model.options[name]
    values = {option.read(text) for text in option.values}
    return sorted((value for value in values if value < now), reverse=True)


def _same(model: Model, example: Saving) -> Saving | None:
    """The saving at the same place of another model; None where it has none, or cannot exist."""
    try:
        graph = of_model(model).graph
    except UsageError:
        return None
    alike = (saving for saving in savings(_in_normal_form(graph)) if saving.idea is example.idea)
    return next((saving for saving in alike if saving.name == example.name), None)
