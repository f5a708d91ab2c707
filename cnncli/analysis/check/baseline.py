"""The lock file: what models cost and how they are built, committed, so that a change of either is seen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from cnncli.analysis.check.places import JsonLines, KeyTwice, Position, once
from cnncli.analysis.check.verdicts import LockedCost, LockedStructure, Verdict
from cnncli.analysis.compare.comparison import Entry
from cnncli.analysis.metrics import Place, metrics
from cnncli.analysis.structure import block_digests
from cnncli.errors import UsageError, suggestion
from cnncli.network import canonical

SCHEMA_VERSION = 1
STRUCTURE = "structure"
MODELS = "models"
BLOCKS = "blocks"
"""What a lock file holds beside the models: digests, so that a change of structure is told by the blocks it is in."""


def costs() -> tuple[str, ...]:
    """The figures that a lock file holds, by their keys."""
    return tuple(each.key for each in metrics(Place.LOCK))


@dataclass(frozen=True)
class Lock:
    """A lock file: by model reference the costs and the structural hash, and of each block a digest where it has them.

    References are the shortest ones, as everywhere; `spelt` has them as the file does, which people may have edited.
    """

    path: str
    models: Mapping[str, Mapping[str, Any]]
    lines: JsonLines
    spelt: Mapping[str, str]
    blocks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def place(self, reference: str, key: str) -> Position:
        """Where a model's figure stands in the file."""
        return Position(self.path, self.lines.line(MODELS, self.spelt[reference], key))


def lock_text(entries: Iterable[Entry], before: Lock | None = None) -> str:
    """Models and keys in alphabetical order, a figure a line: the same models give the same bytes.

    What a lock file held `before` of other models stays in it.
    """
    entries = list(entries)
    kept = {reference: dict(sorted(locked.items())) for reference, locked in (before.models if before else {}).items()}
    models = kept | {entry.reference: dict(sorted(_locked(entry).items())) for entry in entries}
    blocks = dict(before.blocks if before else {})
    blocks |= {entry.reference: block_digests(entry.network.graph) for entry in entries}
    data = {
        "schema_version": SCHEMA_VERSION,
        MODELS: dict(sorted(models.items())),
        BLOCKS: dict(sorted(blocks.items())),
    }
    return json.dumps(data, indent=2) + "\n"


def _locked(entry: Entry) -> dict[str, Any]:
    return {**{cost: entry.totals[cost] for cost in costs()}, STRUCTURE: f"sha256:{entry.structure}"}


def read_lock(text: str, path: str) -> Lock:
    """Read a lock file. Raises UsageError with the line for what is not one, or is of a newer schema."""
    try:
        data = json.loads(text, object_pairs_hook=once)
    except KeyTwice as found:
        place = Position(path, JsonLines(text).again.get(found.key, 1))
        raise UsageError(f"{place}: {found.key!r} is written twice; delete one of the two") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"{Position(path, error.lineno)}: not a lock file: {error.msg}") from None
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, brackets a thousand deep
        raise UsageError(f"{path}: not a lock file: {error}") from None
    version = data.get("schema_version") if isinstance(data, dict) else None
    lines = JsonLines(text)
    place = Position(path, lines.line("schema_version"))
    if isinstance(version, bool) or not isinstance(version, int):
        raise UsageError(f"{place}: not a lock file: it has no schema_version")
    if version > SCHEMA_VERSION:
        raise UsageError(f"{place}: schema version {version} is newer than {SCHEMA_VERSION}; a newer cnncli reads it")
    models = data.get(MODELS)
    if version < 1 or not isinstance(models, dict):
        raise UsageError(f"{place}: not a lock file: it has no models")
    spelt: dict[str, str] = {}
    for written, locked in models.items():
        at = Position(path, lines.line(MODELS, written))
        reference = _reference(written, at)
        if reference in spelt:
            raise UsageError(f"{at}: {written} is held already, as {spelt[reference]}")
        _check(written, locked, at)
        spelt[reference] = written
    held = {reference: models[written] for reference, written in spelt.items()}
    return Lock(path, held, lines, spelt, _blocks(data, path))


def _blocks(data: Mapping[str, Any], path: str) -> dict[str, dict[str, str]]:
    """The digests by model reference; none in a file that was written before there were any."""
    written = data.get(BLOCKS, {})
    if not isinstance(written, dict) or not all(isinstance(held, dict) for held in written.values()):
        raise UsageError(f"{path}: {BLOCKS} are not of their kind; delete them, then --write-baseline --force")
    return {_reference(name, Position(path, 1)): held for name, held in written.items()}


def _reference(written: str, place: Position) -> str:
    """The shortest reference of a model, however the file names it."""
    try:
        return canonical(written)
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None


def _check(reference: str, locked: Any, place: Position) -> None:
    known = (*costs(), STRUCTURE)
    for key in known:
        value = locked.get(key) if isinstance(locked, dict) else None
        right = isinstance(value, str) if key == STRUCTURE else isinstance(value, int) and value >= 0
        if isinstance(value, bool) or not right:
            raise UsageError(f"{place}: {reference} has no {key}, or not of its kind; delete it, then --write-baseline")
    for key in locked:
        if key not in known:
            near = suggestion(key, known)
            raise UsageError(f"{place}: {reference} has an unknown key {key!r}{near}; there are {', '.join(known)}")


def stay(entry: Entry, lock: Lock, tolerance: Fraction, *, strict: bool = False) -> list[Verdict]:
    """Whether a model's costs are within the tolerance of the locked ones, both ways, and its structure is the same.

    Where costs have moved within the tolerance, a new structure is told and passes, unless `strict`; at equal costs it
    fails.
    Raises UsageError where the lock does not hold the model.
    """
    if entry.reference not in lock.models:
        raise UsageError(f"{lock.path} does not hold {entry.reference}; add it with --write-baseline --force")
    locked, now = lock.models[entry.reference], _locked(entry)
    places = {key: lock.place(entry.reference, key) for key in (*costs(), STRUCTURE)}
    verdicts = [_cost(entry.reference, cost, locked[cost], now[cost], tolerance, places[cost]) for cost in costs()]
    same = locked[STRUCTURE] == now[STRUCTURE]
    moved = any(locked[cost] != now[cost] for cost in costs())
    hashes, place = (locked[STRUCTURE], now[STRUCTURE]), places[STRUCTURE]
    blocks = () if same else _changed(lock.blocks.get(entry.reference), entry)
    return [
        *verdicts,
        Verdict(entry.reference, LockedStructure(moved, blocks), *hashes, same or (moved and not strict), place),
    ]


def _changed(locked: Mapping[str, str] | None, entry: Entry) -> tuple[str, ...]:
    """The blocks that are not the locked ones, those that are gone too; none where the lock tells of none."""
    if locked is None:
        return ()
    now = block_digests(entry.network.graph)
    return tuple(name for name in dict.fromkeys([*now, *locked]) if now.get(name) != locked.get(name))


def _cost(model: str, cost: str, locked: int, now: int, tolerance: Fraction, place: Position) -> Verdict:
    passed = abs(now - locked) <= tolerance * locked
    return Verdict(model, LockedCost(cost, tolerance), locked, now, passed, place)
