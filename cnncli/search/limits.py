"""What a search asks of a figure: not below, not above."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cnncli.analysis.metrics import metric

TOP1 = "top1"
"""The accuracy that somebody published: no figure of a graph."""


class Limit(NamedTuple):
    """The limits of a figure, by its key: both are kept by what meets them. `text` is how they were asked for."""

    key: str
    least: float | None = None
    most: float | None = None
    text: str = ""

    def keeps(self, value: Any) -> bool:
        """Whether a figure, as a row holds it, is within. What is not known is not; of two sizes both must be."""
        if value is None:
            return False
        sides = value if isinstance(value, (list, tuple)) else (value,)
        return (self.least is None or min(sides) >= self.least) and (self.most is None or max(sides) <= self.most)

    def excess(self, value: Any) -> float:
        """How far a figure is beyond, as a share of the limit; 0 within; of what is not known infinitely far."""
        if value is None:
            return float("inf")
        sides = value if isinstance(value, (list, tuple)) else (value,)
        below = 0.0 if self.least is None else (self.least - min(sides)) / (self.least or 1)
        above = 0.0 if self.most is None else (max(sides) - self.most) / (self.most or 1)
        return max(below, above, 0.0)


def by_cost(limits: Iterable[Limit]) -> list[Limit]:
    """Those first that are told soonest: of what is published, of sums, of the whole graph, of the deployed network."""
    return sorted(limits, key=lambda limit: _cost(limit.key))


def _cost(key: str) -> int:
    if key == TOP1:
        return 0
    found = metric(key)
    return 3 if found.by_kind else 1 if found.additive else 2
