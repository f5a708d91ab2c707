"""The search: every candidate of a space is worked out as far as it takes, and those that keep the limits are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import NamedTuple

from cnncli.errors import UsageError
from cnncli.network import model_of
from cnncli.search.evaluation import BROKEN, Row, evaluate, what
from cnncli.search.limits import TOP1, Limit, by_cost

IMPOSSIBLE = "error"
"""The column of a candidate that makes no network: why."""
NEAR = 20
"""Candidates of each broken limit that are remembered, to tell which came nearest."""


class Asked(NamedTuple):
    """What is to be worked out of each candidate: figures by their keys, and the limits that it must keep, at most one
    a figure.
    """

    figures: tuple[str, ...]
    limits: tuple[Limit, ...] = ()


def rows(references: Iterable[str], asked: Asked) -> list[Row]:
    """The rows of some candidates."""
    return [row(reference, asked) for reference in references]


def row(reference: str, asked: Asked) -> Row:
    """As `evaluate`; of a candidate that makes no network, or of which the figures cannot be worked out, why, as
    IMPOSSIBLE: one that fails does not end a search.
    """
    try:
        return evaluate(reference, asked.figures, asked.limits)
    except UsageError as error:
        reason = str(error)
    except MemoryError:  # which is not the candidate's own
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
    try:
        known = what(model_of(reference))
    except UsageError:
        known = {"reference": reference}
    return {**known, IMPOSSIBLE: reason}


class Near(NamedTuple):
    """How far beyond a limit a candidate is, as a share of the limit."""

    excess: float
    reference: str


@dataclass
class Outcome:
    """What came of a search: the rows that keep all limits, in the space's order, and what became of the others.

    `broken` counts by figure the candidates of which this was the limit that they broke, the first in the order in
    which limits are looked at.
    """

    asked: Asked
    found: list[Row] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)
    impossible: list[Row] = field(default_factory=list)
    near: dict[str, list[Near]] = field(default_factory=dict)

    @property
    def candidates(self) -> int:
        return len(self.found) + self.broken.total() + len(self.impossible)

    def leaves(self) -> list[tuple[Limit, int]]:
        """Each limit, in the order in which they are looked at, and how many candidates keep it and those before it."""
        left = self.candidates - len(self.impossible)
        told = []
        for limit in by_cost(self.asked.limits):
            left -= self.broken[limit.key]
            told.append((limit, left))
        return told

    def take(self, row: Row) -> None:
        if IMPOSSIBLE in row:
            self.impossible.append(row)
        elif BROKEN in row:
            self.broken[row[BROKEN]] += 1
            self._remember(row)
        else:
            self.found.append(row)

    def _remember(self, row: Row) -> None:
        key = row[BROKEN]
        limit = next(limit for limit in self.asked.limits if limit.key == key)
        near = self.near.setdefault(key, [])
        near.append(Near(limit.excess(row[key]), row["reference"]))
        if len(near) > 2 * NEAR:
            near[:] = nsmallest(NEAR, near)

    def nearest(self) -> Row | None:
        """Of the candidates that got furthest the one that is least beyond the limit that it breaks most, with all its
        limited figures; None where there is none, or where of none all figures are known.
        """
        reached = [limit.key for limit in by_cost(self.asked.limits) if limit.key in self.near]
        if not reached:
            return None
        every = Asked(tuple(limit.key for limit in self.asked.limits if limit.key != TOP1))
        near = [row(each.reference, every) for each in nsmallest(NEAR, self.near[reached[-1]])]
        excess, place = min((self._excess(each), place) for place, each in enumerate(near))
        return near[place] if excess < float("inf") else None

    def _excess(self, row: Row) -> float:
        return max(limit.excess(row[limit.key]) for limit in self.asked.limits)


def search(asked: Asked, every: Iterable[Sequence[Row]]) -> Outcome:
    """What comes of rows, some at a time, whoever works them out."""
    found = Outcome(asked)
    for some in every:
        for each in some:
            found.take(each)
    return found
