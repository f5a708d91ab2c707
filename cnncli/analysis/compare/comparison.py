"""Several networks side by side: totals, and stages that play the same role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cnncli.analysis.compare.alignment import Part, align_parts, parts
from cnncli.analysis.costs import Totals, totals
from cnncli.analysis.depth import convolution_depth
from cnncli.analysis.structure import structural_hash
from cnncli.graph import Graph, Group
from cnncli.models.reference import Model
from cnncli.models.spec import Published


@dataclass(frozen=True)
class Entry:
    """A model in a comparison. `depth` counts convolutions behind each other (analysis.depth)."""

    model: Model
    graph: Graph
    totals: Totals
    depth: int

    @property
    def reference(self) -> str:
        return self.model.reference

    @property
    def published(self) -> Published | None:
        """The published accuracy: a model's with its own options only, for nobody measured the others."""
        return self.model.spec.top1 if self.reference == self.model.spec.name else None

    @cached_property
    def structure(self) -> str:
        return structural_hash(self.graph)


def entry(model: Model) -> Entry:
    graph = model.graph()
    return Entry(model, graph, totals(graph), convolution_depth(graph))


def identical(one: Entry, other: Entry) -> bool:
    """Whether two networks compute the same at inference."""
    return one.totals.macs == other.totals.macs and one.structure == other.structure


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
