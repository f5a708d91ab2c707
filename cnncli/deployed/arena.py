"""Where TensorFlow Lite Micro puts the tensors in its arena: the greedy planner of its sources.

tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc: the largest tensor first, of equal ones the earlier; each
at the lowest place at which it meets no tensor placed before that lives at the same time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, is_known
from cnncli.deployed.lifetimes import lifetimes
from cnncli.deployed.plan import Plan

ALIGNMENT = 16
"""Bytes to which each tensor's size is rounded up (MicroArenaBufferAlignment)."""


class Placed(NamedTuple):
    """A tensor in the arena: where it begins, and the bytes it takes, both multiples of ALIGNMENT."""

    tensor: int
    offset: int
    size: int


def arrangement(plan: Plan) -> list[Placed] | None:
    """Every tensor at its place, the largest first; None where a size is unknown."""
    if not all(is_known(tensor.bytes) for tensor in plan.tensors):
        return None
    lives = lifetimes(plan)
    sizes = [-(-tensor.bytes // ALIGNMENT) * ALIGNMENT for tensor in plan.tensors]
    placed: list[Placed] = []  # in the order of their offsets
    for tensor in sorted(range(len(sizes)), key=lambda tensor: -sizes[tensor]):
        first, last = lives[tensor]
        offset = 0
        for other in placed:
            if lives[other.tensor].first > last or lives[other.tensor].last < first:
                continue
            if other.offset - offset >= sizes[tensor]:
                break
            offset = max(offset, other.offset + other.size)
        placed.append(Placed(tensor, offset, sizes[tensor]))
        placed.sort(key=lambda each: each.offset)
    return placed


def arena_bytes(plan: Plan) -> Any:
    """The head of the arena; UNKNOWN where a size or an operation is."""
    placed = arrangement(plan)
    if placed is None or plan.uncounted:
        return UNKNOWN
    return max((each.offset + each.size for each in placed), default=0)


TAIL = 1_100, 2_500
"""Bytes that TFLite Micro keeps for an operation beside the tensors, at least and at most, as measured."""


def tail_bytes(plan: Plan) -> tuple[int, int]:
    """What lies behind the head for as long as the network is loaded, an estimate: at least and at most."""
    low, high = TAIL
    return low * len(plan.operations), high * len(plan.operations)
