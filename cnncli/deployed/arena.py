"""Where TensorFlow Lite Micro puts the tensors in its arena: the greedy planner of its sources.

tensorflow/lite/micro of 2026-08: `memory_planner/greedy_memory_planner.cc` takes the largest first, of equal ones the
later, and puts each at the lowest place at which it meets none placed before that lives at the same time;
`micro_allocation_info.cc` says when they live, `micro_allocator.cc` adds what kernels ask for (see `micro`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.deployed.lifetimes import Lifetime, lifetimes
from cnncli.deployed.micro import scratch, why_not
from cnncli.deployed.plan import Plan

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
    if plan.impossible:
        return plan.impossible
    for operation in plan.operations:
        reason = why_not(plan, operation)
        if reason:
            return reason
    if plan.uncounted:
        return "the operations of some layers are not known"
    return "" if all(map(_is_sized, plan.tensors)) else "the sizes of some tensors are not known"


def _is_sized(tensor: Any) -> bool:
    return isinstance(tensor.bytes, int)


def arrangement(plan: Plan) -> list[Placed] | None:
    """Every tensor at its place, the largest first; None where the arena is unknown."""
    if why_no_arena(plan):
        return None
    wanted = list(_wanted(plan))
    steps: list[list[Placed]] = [[] for _ in range(len(plan.operations) + 3)]  # what is placed, by when it lives
    placed = []
    for number in sorted(range(len(wanted)), key=lambda number: (wanted[number].size, number), reverse=True):
        each = wanted[number]
        times = range(each.lives.first + 2, each.lives.last + 3)
        here = each._replace(offset=_lowest(each.size, {id(other): other for time in times for other in steps[time]}))
        for time in times:
            steps[time].append(here)
        placed.append(here)
    return placed


def _lowest(size: int, others: dict[int, Placed]) -> int:
    """The first gap of this size between tensors that live at the same time, or the place behind them."""
    offset = 0
    for other in sorted(others.values(), key=lambda other: other.offset):
        if other.offset - offset >= size:
            break
        offset = max(offset, other.offset + other.size)
    return offset


def _wanted(plan: Plan) -> Iterator[Placed]:
    """What needs a place, in the order in which the planner is told of it: tensors, then what kernels ask for."""
    at = partial(Placed, offset=0)
    for number, (tensor, lives) in enumerate(zip(plan.tensors, _lives(plan), strict=True)):
        if tensor.bytes:
            yield at(number, size=_aligned(tensor.bytes), lives=lives)
    for step, operation in enumerate(plan.operations):
        for size in scratch(plan, operation):
            yield at(None, size=_aligned(size), lives=Lifetime(step, step))


def _lives(plan: Plan) -> list[Lifetime]:
    """As `lifetimes`, but that an input is there before the first operation, and gone at it where none reads it.

    A tensor that is of no use, which a file may hold, has a place of its own time.
    """
    lives = lifetimes(plan)
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


TAIL = 1_100, 2_500
"""Bytes that TFLite Micro keeps for an operation beside the tensors, at least and at most, as measured."""


def tail_bytes(plan: Plan) -> tuple[int, int]:
    """What lies behind the head for as long as the network is loaded, an estimate: at least and at most."""
    low, high = TAIL
    return low * len(plan.operations), high * len(plan.operations)
