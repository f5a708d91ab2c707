"""The runs of a chain with their sizes: a region is laid out, and from then on a piece like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnncli.diagram.chain import Item
from cnncli.diagram.columns import Spacing
from cnncli.diagram.lanes.lanes import lanes
from cnncli.diagram.lanes.region import Gaps, Lanes, Region
from cnncli.diagram.runs import Runs


@dataclass(frozen=True, eq=False)
class Piece:
    """An item of the chain, or a region as if it were one; `members` are its items. Lengths in points."""

    item: Item
    members: range
    length: float
    need: float
    lanes: Lanes | None = None


def pieces(runs: Runs, lengths: Sequence[float], needs: Sequence[float], spacing: Spacing) -> list[Piece]:
    """`lengths` and `needs` are those of the items, along the chain and across."""
    found = []
    for number, members in enumerate(runs.members):
        first = runs.items[members.start]
        if not first.region:
            found.append(Piece(first, members, lengths[members.start], needs[members.start]))
            continue
        placed = lanes(_region(runs, number, lengths, needs), Gaps.of(spacing))
        item = Item(first.region, first.unit, first.around, region=first.region)
        found.append(Piece(item, members, placed.length, 0.0, placed))
    return found


def _region(runs: Runs, number: int, lengths: Sequence[float], needs: Sequence[float]) -> Region:
    members, start = runs.members[number], runs.members[number].start
    inside = runs.inside[number]
    skips = [link for link in inside if link in runs.skips]
    return Region(
        lengths=tuple(lengths[start : members.stop]),
        needs=tuple(needs[start : members.stop]),
        edges=tuple((source - start, target - start) for source, target in inside),
        skips=frozenset((source - start, target - start) for source, target in skips),
        head=runs.heads[number] - start if number in runs.heads else None,
        foot=runs.feet[number] - start if number in runs.feet else None,
        entering=tuple((source - start, target - start) for source, target in runs.outside if target in members),
        leaving=tuple(sorted({source - start for source, _ in runs.outside if source in members})),
    )
