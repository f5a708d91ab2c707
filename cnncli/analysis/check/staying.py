"""Whether models are still what a lock file holds: their costs within a tolerance, and their structure."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from cnncli.amounts import is_known, known_part
from cnncli.analysis.check.baseline import STRUCTURE, Lock, costs, locked_figures, settled, written_figure
from cnncli.analysis.check.blocks import are_digests, are_others, changes, differing
from cnncli.analysis.check.budgets import SETTLED
from cnncli.analysis.check.verdicts import LockedCost, LockedStructure, Verdict
from cnncli.analysis.compare.comparison import Entry
from cnncli.errors import UsageError
from cnncli.graph.notation import Unreadable


def stay(
    entry: Entry, lock: Lock, tolerance: Fraction, *, strict: bool = False, uncounted: bool = False
) -> list[Verdict]:
    """Whether a model's costs are within the tolerance of the locked ones, both ways, and its structure is the same.

    Where costs have moved within the tolerance, a new structure is told and passes, unless `strict`; at equal costs it
    fails. Costs that are not known have stayed only where that is `uncounted`, and was so when they were locked.
    Raises UsageError where the lock does not hold the model.
    """
    key = entry.network.key
    if key not in lock.models:
        raise UsageError(f"{lock.path} does not hold {entry.reference}; add it with --write-baseline --force")
    _check_settled(entry, lock)
    locked, now = lock.models[key], locked_figures(entry)
    held = [cost for cost in costs() if cost in locked]
    places = {each: lock.place(key, each) for each in (*held, STRUCTURE)}
    verdicts = [
        Verdict(
            entry.reference, LockedCost(cost, tolerance), locked[cost], now[cost],
            _stays(locked[cost], now[cost], tolerance, uncounted), places[cost],
        )
        for cost in held
    ]  # fmt: skip
    same = locked[STRUCTURE] == now[STRUCTURE]
    moved = any(written_figure(locked[cost]) != written_figure(now[cost]) for cost in held)
    hashes, place = (locked[STRUCTURE], now[STRUCTURE]), places[STRUCTURE]
    structure = _structure(entry, lock, same=same, moved=moved)
    return [*verdicts, Verdict(entry.reference, structure, *hashes, same or (moved and not strict), place)]


def _structure(entry: Entry, lock: Lock, *, same: bool, moved: bool) -> LockedStructure:
    """What has changed, as far as the lock tells. Raises UsageError for blocks that are none, or another network's."""
    key, graph = entry.network.key, entry.graph
    blocks = lock.blocks.get(key, {})
    if are_digests(blocks):
        return LockedStructure(moved, () if same or not blocks else differing(blocks, graph))
    try:
        if not same:
            return LockedStructure(moved, changes=changes(blocks, graph))
        if not are_others(blocks, graph):
            return LockedStructure(moved)
    except Unreadable as error:
        place = lock.place_of_block(key, error.key)
        raise UsageError(f"{place}: block {error.key} of {entry.reference} cannot be read: {error.why}") from None
    raise UsageError(
        f"{lock.place_of_block(key)}: the blocks of {entry.reference} are not those of its hash; "
        "lock it anew with --write-baseline --force"
    )


def _check_settled(entry: Entry, lock: Lock) -> None:
    """Raise UsageError where figures would be held to those of other sizes, or of another part of the file."""
    locked, now = lock.settings.get(entry.network.key, {}), settled(entry.network)
    for key in SETTLED:
        if locked.get(key) != now.get(key):
            before, after = (f"{key} {asked[key]}" if key in asked else f"no {key}" for asked in (locked, now))
            raise UsageError(
                f"{lock.path} holds {entry.reference} with {before}, and here it is read with {after}; ask for the "
                "same, or lock it anew with --write-baseline --force"
            )


def _stays(locked: Any, now: Any, tolerance: Fraction, uncounted: bool) -> bool:
    """Whether a cost has stayed: what is not known all of it has only where it was as little known before."""
    both = is_known(locked), is_known(now)
    if not all(both) and (any(both) or not uncounted):
        return False
    before, after = known_part(locked), known_part(now)
    return bool(abs(after - before) <= tolerance * before)
