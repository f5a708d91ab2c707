"""Where TensorFlow Lite Micro puts the tensors in its arena: the greedy planner of its sources.

tensorflow/lite/micro of 2026-08: `memory_planner/greedy_memory_planner.cc` takes the largest first, of equal ones the
later, and puts each at the lowest place at which it meets none placed before that lives at the same time;
`micro_allocation_info.cc` says when they live, `micro_allocator.cc` adds what kernels ask for (see `micro`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, is_known
from cnncli.deployed.lifetimes import is_crowded
from cnncli.deployed.micro import scratch, why_not
from cnncli.deployed.plan import Lifetime, Plan

ALIGNMENT = 16
"""Bytes to which each tensor's size is rounded up (MicroArenaBufferAlignment)."""


class Placed(NamedTuple):
    """A tensor in the arena: where it begins, and the bytes it takes, both multiples of ALIGNMENT; when it lives.

    Where `tensor` is None it is what the kernel of an operation computes with, and lives for that operation alone.
    """

    tensor: int | None
    offset: int
    size: int
    lives: Lifetime


def why_no_arena(plan: Plan) -> str:
    """Why nobody can say how large the arena must be; nothing where it can be said."""
    reason = plan.impossible or why_not(plan)
    if reason:
        return reason
    if plan.uncounted:
        return "the operations of some layers are not known"
    if not all(map(is_known, plan.sizes)):
        return "the sizes of some tensors are not known"
    return "too many tensors live at the same time to lay them out" if is_crowded(plan) else ""


def arrangement(plan: Plan) -> list[Placed] | None:
    """Every tensor at its place, the largest first; None where the arena is unknown."""
    if why_no_arena(plan):
        return None
    wanted = list(_wanted(plan))
    taken: list[set[tuple[int, int]]] = [set() for _ in range(len(plan.operations) + 3)]  # at a time: offsets, sizes
    placed = []
    for size, number in sorted(((size, number) for number, (_, size, _) in enumerate(wanted)), reverse=True):
        tensor, _, lives = wanted[number]
        times = taken[lives.first + 2 : lives.last + 3]
        offset = _lowest(size, sorted(set().union(*times)))
        for each in times:
            each.add((offset, size))
        placed.append(Placed(tensor, offset, size, lives))
    return placed


def _lowest(size: int, taken: list[tuple[int, int]]) -> int:
    """The first gap of this size between what is taken at the same time, or the place behind it."""
    lowest = 0
    for offset, other in taken:
        if offset - lowest >= size:
            break
        lowest = max(lowest, offset + other)
    return lowest


def _wanted(plan: Plan) -> Iterator[tuple[int | None, int, Lifetime]]:
    """What needs a place, in the order in which the planner is told of it: tensors, then what kernels ask for."""
    for number, (size, lives) in enumerate(zip(plan.sizes, _lives(plan), strict=True)):
        if size:
            yield number, _aligned(size), lives
    for step, operation in enumerate(plan.operations):
        for size in scratch(plan, operation):
            yield None, _aligned(size), Lifetime(step, step)


def _lives(plan: Plan) -> list[Lifetime]:
    """As Plan.lifetimes, but that an input is there before the first operation, and gone at it where none reads it.

    A tensor that is of no use, which a file may hold, has a place of its own time.
    """
    lives = [*plan.lifetimes]
    read = {tensor for operation in plan.operations for tensor in operation.reads} | {*plan.outputs}
    written = {tensor for operation in plan.operations for tensor in operation.writes}
    for tensor in {*range(len(lives))} - read - written:
        lives[tensor] = Lifetime(-2, -2)
    for tensor in plan.inputs:
        lives[tensor] = Lifetime(-1, lives[tensor].last if tensor in read else -1)
    return lives


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def arena_bytes(plan: Plan) -> Any:
    """The head of the arena, in which all that is computed stands; UNKNOWN where a size or an operation is."""
    placed = arrangement(plan)
    if placed is None:
        return UNKNOWN
    return max((each.offset + each.size for each in placed), default=0)
