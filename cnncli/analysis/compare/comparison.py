"""Several networks side by side: totals, and stages that play the same role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cnncli.amounts import is_known
from cnncli.analysis.compare.alignment import Part, align_parts, parts
from cnncli.analysis.metrics import Totals
from cnncli.analysis.structure import structural_hash
from cnncli.graph import Graph, Group
from cnncli.network import Network


@dataclass(frozen=True)
class Entry:
    """A network in a comparison, with its figures."""

    network: Network
    totals: Totals

    @property
    def reference(self) -> str:
        return self.network.reference

    @property
    def graph(self) -> Graph:
        return self.network.graph

    @cached_property
    def structure(self) -> str:
        return structural_hash(self.graph)


def entry(network: Network) -> Entry:
    return Entry(network, Totals(network.graph))


def identical(one: Entry, other: Entry) -> bool:
    """Whether two networks compute the same at inference."""
    macs = one.totals.macs, other.totals.macs  # quicker than the structures, which need be looked at only then
    return not (all(map(is_known, macs)) and macs[0] != macs[1]) and one.structure == other.structure


StageRow = tuple[Group | None, ...]
"""The stages of one role, one for each model in order; None where a model has none."""


def stages(entries: Sequence[Entry]) -> list[StageRow]:
    """The models' stages in rows of one role, in every model's own order. Each model joins the rows so far."""
    rows: list[list[Part | None]] = []
    for number, each in enumerate(entries):
        found = parts(each.graph)
        known = [next(part for part in row if part) for row in rows]
        joined: list[list[Part | None]] = []
        for i, j in align_parts(known, found):
            row: list[Part | None] = [None] * number if i is None else rows[i]
            joined.append([*row, None if j is None else found[j]])
        rows = joined
    return [tuple(part.group if part else None for part in row) for row in rows]
