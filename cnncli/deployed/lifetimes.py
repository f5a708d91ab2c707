"""When the tensors of a plan live, and how much memory they take together."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, is_known, known_part, total
from cnncli.deployed.plan import Plan

MOST_MEETINGS = 10_000_000
"""Of tensors that live at the same time, over all operations, which are laid out in a sixth of a second. NASNet-Large
has 66,000, the most of the registry; a file that was made to do harm may have any number."""


class Peak(NamedTuple):
    """The largest sum of live tensors in bytes, UNKNOWN or AtLeast where some size is, and the operation at which."""

    bytes: Any
    operation: int | None


def held_at(plan: Plan, operation: int) -> list[int]:
    """The tensors that are held at an operation: what it reads and writes, and what a later one reads. By places."""
    return [tensor for tensor, (first, last) in enumerate(plan.lifetimes) if first <= operation <= last]


def is_crowded(plan: Plan) -> bool:
    """Whether more tensors live at the same time than anything may look at that compares each with each."""
    steps = len(plan.operations)
    changes = [0] * (steps + 1)
    for first, last in plan.lifetimes:
        changes[first] += 1
        changes[min(last + 1, steps)] -= 1
    return sum(live * live for live in accumulate(changes)) > MOST_MEETINGS


def live_bytes(plan: Plan) -> list[Any]:
    """At each operation the sum of the live tensors, UNKNOWN or AtLeast where some size is."""
    steps = len(plan.operations)
    changes = [0] * (steps + 1)
    unknown = [0] * (steps + 1)  # how many tensors of unknown size begin to live, less those that end
    for size, (first, last) in zip(plan.sizes, plan.lifetimes, strict=True):
        held, amount = (changes, size) if is_known(size) else (unknown, 1)
        held[first] += amount
        held[min(last + 1, steps)] -= amount
    if not any(unknown):
        return list(accumulate(changes[:steps]))
    known, open_sizes = accumulate(changes[:steps]), accumulate(unknown[:steps])
    return [total([live, UNKNOWN]) if count else live for live, count in zip(known, open_sizes, strict=True)]


def peak(plan: Plan) -> Peak:
    """Where the live tensors are largest: the first such operation."""
    sums = live_bytes(plan)
    if plan.impossible:
        return Peak(UNKNOWN, None)
    if not sums:
        return Peak(total([*plan.sizes, *(UNKNOWN for _ in plan.uncounted[:1])]), None)
    known = list(map(known_part, sums))
    largest = max(known)
    at = known.index(largest)
    complete = all(map(is_known, sums)) and not plan.uncounted
    return Peak(largest if complete else total([largest, UNKNOWN]), at)
