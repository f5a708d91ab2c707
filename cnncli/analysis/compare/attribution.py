"""Why one network costs more than another of its family: the growth, shared out among the options that differ.

Options act together: a wider network pays more for each layer that depth adds. So the networks between the two are
built, with some of the options changed and some not, and an option's part is its effect averaged over all orders in
which the options may be changed (Shapley 1953). The parts add up to the difference, and those of the logarithm
multiply to the ratio, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from functools import cache
from itertools import accumulate, pairwise
from math import exp, log
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from cnncli.amounts import is_known
from cnncli.analysis.metrics import metric
from cnncli.errors import LayerError
from cnncli.graph import Graph, Layer, Node, Shape
from cnncli.network import Network

if TYPE_CHECKING:
    from cnncli.models.reference import Model

EXPLAINED = ("params", "macs")
"""The metrics whose growth is shared out."""

Number = TypeVar("Number", Fraction, float)


@dataclass(frozen=True)
class Factor:
    """Something in which two models differ, with its two values: an option, a deviation, or the whole flavor.

    `arguments` and `deviations` are what changes in the builder's call.
    """

    kind: Literal["option", "deviation", "flavor"]
    name: str
    before: Any
    after: Any
    arguments: Mapping[str, Any] = field(default_factory=dict)
    deviations: frozenset[str] = frozenset()
    remark: str = ""
    """What there is to know about it, such as what a deviation is."""


@dataclass(frozen=True)
class Growth:
    """Of a metric: the difference, and the ratio (None where a network costs nothing)."""

    difference: int
    ratio: float | None


NOTHING = Growth(0, 1.0)


@dataclass(frozen=True)
class Share:
    """A factor's part in the growth of each metric."""

    factor: Factor
    growth: Mapping[str, Growth]

    @property
    def idle(self) -> bool:
        return all(part == NOTHING for part in self.growth.values())


class Obstacle(Enum):
    """Why nothing can be attributed."""

    FOREIGN = "one of them is no architecture that has options"
    ARCHITECTURES = "they are different architectures"
    NOTHING_DIFFERS = "no option differs"
    NO_WAY = "no way from one to the other can be built"


@dataclass(frozen=True)
class Attribution:
    """`shares` is empty where there is an `obstacle`; `failure` is what the builder said where there is no way."""

    growth: Mapping[str, Growth]
    shares: tuple[Share, ...] = ()
    obstacle: Obstacle | None = None
    failure: str = ""


def attribute(before: Network, after: Network) -> Attribution:
    """Share the growth of parameters and MACs from one network to another out among what differs between them."""
    growth = {key: _growth(metric(key).total(before.graph), metric(key).total(after.graph)) for key in EXPLAINED}
    if before.model is None or after.model is None:
        return Attribution(growth, obstacle=Obstacle.FOREIGN)
    if before.model.spec.build is not after.model.spec.build:
        return Attribution(growth, obstacle=Obstacle.ARCHITECTURES)
    factors = _factors(before.model, after.model, after.graph)
    if not factors:
        return Attribution(growth, obstacle=Obstacle.NOTHING_DIFFERS)
    lattice = _Lattice(before.model, factors)
    parts = {key: _parts(lattice, place) for place, key in enumerate(EXPLAINED)}
    if lattice.bits and not all(parts.values()):
        return Attribution(growth, obstacle=Obstacle.NO_WAY, failure=lattice.failure)
    shares = (
        Share(factor, {key: parts[key].get(1 << position, NOTHING) for key in EXPLAINED})
        for position, factor in enumerate(factors)
    )
    return Attribution(growth, tuple(shares))


def _growth(before: Any, after: Any) -> Growth:
    known = is_known(before) and is_known(after)
    return Growth(after - before, after / before if known and before and after else None)


def _factors(before: Model, after: Model, graph: Graph) -> list[Factor]:
    """Options that differ, and the flavor: as a whole beside options, by its deviations where nothing else differs."""
    one, other = before.arguments, after.arguments
    options = [
        Factor("option", name, one[name], other[name], {name: other[name]}, remark=graph.remarks.get(name, ""))
        for name in one
        if one[name] != other[name]
    ]
    deviations = before.spec.deviating(before.flavor) ^ after.spec.deviating(after.flavor)
    if not deviations:
        return options
    if options:
        return [*options, Factor("flavor", "flavor", before.flavor, after.flavor, deviations=deviations)]
    return [
        Factor("deviation", name, before.flavor, after.flavor, deviations=frozenset({name}), remark=text)
        for name, text in {**before.definition.deviations, **after.definition.deviations}.items()
        if name in deviations
    ]


class _Lattice:
    """The networks between two models, by the set of factors that are changed, as bits; built when asked for."""

    def __init__(self, start: Model, factors: Sequence[Factor]) -> None:
        self._start = start
        self._factors = factors
        self._layers: dict[tuple[Layer, tuple[Shape, ...]], tuple[int, ...]] = {}
        self.failure = ""
        self.costs = cache(self._costs)
        whole = (1 << len(factors)) - 1
        every = [1 << position for position in range(len(factors))]
        acting = [
            bit for bit in every if self.costs(bit) != self.costs(0) or self.costs(whole ^ bit) != self.costs(whole)
        ]
        # Most deviations cost nothing: leaving them out saves half of the networks each.
        self.bits = acting if self.costs(sum(acting)) == self.costs(whole) else every

    def _costs(self, chosen: int) -> tuple[int, ...] | None:
        """The metrics of a network between; None where it cannot be built."""
        deviations, arguments = self._start.spec.deviating(self._start.flavor), self._start.arguments
        for position, factor in enumerate(self._factors):
            if chosen >> position & 1:
                deviations, arguments = deviations ^ factor.deviations, {**arguments, **factor.arguments}
        graph = Graph("between")
        try:
            self._start.spec.build(graph, deviations, **arguments)
        except LayerError as error:
            self.failure = str(error)
            return None
        return tuple(map(sum, zip(*map(self._layer_costs, graph.nodes), strict=True)))

    def _layer_costs(self, node: Node) -> tuple[int, ...]:
        """The metrics of one layer: networks between two share most of theirs."""
        key = node.layer, node.input_shapes
        costs = self._layers.get(key)
        if costs is None:
            costs = self._layers[key] = tuple(getattr(node, key) for key in EXPLAINED)
        return costs

    def subsets(self) -> list[tuple[int, ...] | None]:
        """The costs of each set of the factors that act, by their bits: the empty one first, all of them last."""
        chosen = [0]
        for bit in self.bits:
            chosen += [one | bit for one in chosen]
        return [self.costs(one) for one in chosen]


def _parts(lattice: _Lattice, metric: int) -> dict[int, Growth]:
    """What each factor that acts adds to a metric, and multiplies it by; nothing where no order can be built."""
    values = [None if costs is None else costs[metric] for costs in lattice.subsets()]
    sums = average_over_orders([None if value is None else Fraction(value) for value in values])
    if not sums:
        return {}
    # Rounding the running sums instead of the parts keeps the sum.
    running = [0, *(round(total) for total in accumulate(sums))]
    ratios: list[float | None] = [None] * len(sums)
    if all(value != 0 for value in values):
        ratios = [
            exp(part) for part in average_over_orders([None if value is None else log(value) for value in values])
        ]
    differences = [later - earlier for earlier, later in pairwise(running)]
    return dict(zip(lattice.bits, map(Growth, differences, ratios), strict=True))


def average_over_orders(values: Sequence[Number | None]) -> list[Number]:
    """Each factor's marginal effect, averaged over the orders whose every step has a value; [] where none has.

    `values[s]` is that of the set s of factors, as bits. How often a step from s to s with i is taken is the number of
    ways from the empty set to s times that from there to the whole.
    """
    factors = (len(values) - 1).bit_length()
    whole = len(values) - 1
    bits = [1 << position for position in range(factors)]
    ways_to, ways_from = [0] * len(values), [0] * len(values)
    ways_to[0] = ways_from[whole] = 1
    for chosen in range(1, whole + 1):
        if values[chosen] is not None:
            ways_to[chosen] = sum(ways_to[chosen ^ bit] for bit in bits if chosen & bit)
    for chosen in range(whole - 1, -1, -1):
        if values[chosen] is not None:
            ways_from[chosen] = sum(ways_from[chosen | bit] for bit in bits if not chosen & bit)
    if not ways_to[whole]:
        return []
    parts = []
    for bit in bits:
        steps = [
            (after - before) * (ways_to[chosen] * ways_from[chosen | bit])
            for chosen in range(len(values))
            if not chosen & bit
            and (before := values[chosen]) is not None
            and (after := values[chosen | bit]) is not None
        ]
        parts.append(sum(steps[1:], steps[0]) / ways_to[whole])
    return parts
