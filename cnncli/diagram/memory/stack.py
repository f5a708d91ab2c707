"""Live tensors upon each other: where each stands at each operation, in bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from cnncli.amounts import known_part
from cnncli.deployed.plan import Plan


class Run(NamedTuple):
    """From where to where a tensor stands still: from one operation to before another, and at how many bytes."""

    start: int
    end: int
    bottom: int
    top: int


def stacked(plan: Plan) -> dict[int, list[Run]]:
    """Of each tensor of known size its runs, one behind the other.

    The oldest is the lowest, of those of one age the one that lives longest: what begins moves nothing, and what is
    held over many operations, as the input of a residual block, is the ground on which the others stand.
    """
    lives = plan.lifetimes
    steps: dict[int, list[Run]] = {}
    live: list[int] = []
    begin: dict[int, list[int]] = {}
    for tensor, life in enumerate(lives):
        begin.setdefault(life.first, []).append(tensor)
    for step in range(max(len(plan.operations), 1)):
        live = [tensor for tensor in live if lives[tensor].last >= step]
        live += sorted(begin.get(step, []), key=lambda tensor: -lives[tensor].last)
        bottom = 0
        for tensor in live:
            top = bottom + known_part(plan.sizes[tensor])
            if top > bottom:
                steps.setdefault(tensor, []).append(Run(step, step + 1, bottom, top))
            bottom = top
    return {tensor: list(_joined(runs)) for tensor, runs in steps.items()}


def _joined(runs: Sequence[Run]) -> Iterator[Run]:
    """Runs at one height as one."""
    for (bottom, top), alike in groupby(runs, key=lambda run: run[2:]):
        first, *others = alike
        yield Run(first.start, (others or [first])[-1].end, bottom, top)
