"""The lock file: what models cost and how they are built, committed, so that a change of either is seen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnncli.amounts import UNKNOWN, AtLeast, is_known
from cnncli.analysis.check.blocks import block_lines
from cnncli.analysis.check.budgets import SETTLED
from cnncli.analysis.check.places import JsonLines, KeyTwice, Position, once
from cnncli.analysis.compare.comparison import Entry
from cnncli.analysis.metric import Place
from cnncli.analysis.metrics import figures
from cnncli.document.numbers import shape
from cnncli.errors import UsageError, suggestion
from cnncli.network import Network, canonical, relative

SCHEMA_VERSION = 3
STRUCTURE = "structure"
MODELS = "models"
AT_LEAST = "at_least"
SETTINGS = "settings"
"""What was settled of files whose figures depend on it, as budget files say it."""
BLOCKS = "blocks"
"""What a lock file holds beside the models: what each block consists of, or only a digest, as blocks.py tells it."""


def costs() -> tuple[str, ...]:
    """The figures that a lock file holds, by their keys."""
    return tuple(each.key for each in figures(Place.LOCK))


ADDED = ("tflite_bytes", "tflite_bytes_int8", "arena_bytes_int8_io")
"""Figures that a lock file may lack, and of which nothing is compared then: those of schema version 1 do, and no model
has an arena that TensorFlow Lite Micro does not run.
"""


@dataclass(frozen=True)
class Lock:
    """A lock file: by model reference the costs and the structural hash, and of each block what it consists of.

    References are the shortest ones, as everywhere; `spelt` has them as the file does, which people may have edited.
    """

    path: str
    models: Mapping[str, Mapping[str, Any]]
    lines: JsonLines
    spelt: Mapping[str, str]
    blocks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def place(self, reference: str, key: str) -> Position:
        """Where a model's figure stands in the file."""
        return Position(self.path, self.lines.line(MODELS, self.spelt[reference], key))

    def place_of_block(self, reference: str, *key: str) -> Position:
        """Where a model's block stands, or all of them."""
        return Position(self.path, self.lines.line(BLOCKS, self.spelt[reference], *key))


def lock_text(entries: Iterable[Entry], before: Lock | None = None, folder: Path = Path()) -> str:
    """Models and keys in alphabetical order, a figure a line: the same models give the same bytes.

    What a lock file held `before` of other models stays in it. Files are named as seen from `folder`, in which it lies.
    """
    entries = list(entries)
    models = dict(before.models if before else {}) | {entry.network.key: _to_hold(entry) for entry in entries}
    blocks = dict(before.blocks if before else {})
    blocks |= {entry.network.key: block_lines(entry.network.graph) for entry in entries}
    written = {name: {key: written_figure(locked[key]) for key in sorted(locked)} for name, locked in models.items()}
    data = {
        "schema_version": SCHEMA_VERSION,
        MODELS: _from(folder, written),
        BLOCKS: _from(folder, blocks),
    }
    settings = {name: asked for name, asked in (before.settings if before else {}).items() if name in models}
    settings |= {entry.network.key: settled(entry.network) for entry in entries}
    if any(settings.values()):
        data[SETTINGS] = _from(folder, {name: asked for name, asked in settings.items() if asked})
    return json.dumps(data, indent=2) + "\n"


def _from(folder: Path, held: Mapping[str, Any]) -> dict[str, Any]:
    named = {relative(reference, folder): value for reference, value in held.items()}
    return dict(sorted(named.items()))


def written_figure(value: Any) -> Any:
    """A figure as JSON has it: of what is known in part {"at_least": that}, null of what is not known."""
    return value if is_known(value) else {AT_LEAST: value.known} if isinstance(value, AtLeast) else None


def _read(value: Any) -> Any:
    """The figure that `written_figure` wrote."""
    return UNKNOWN if value is None else AtLeast(value[AT_LEAST]) if isinstance(value, dict) else value


def locked_figures(entry: Entry) -> dict[str, Any]:
    """What a lock file holds of a model as it is now."""
    return {**{cost: entry.totals[cost] for cost in costs()}, STRUCTURE: f"sha256:{entry.structure}"}


def _to_hold(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in locked_figures(entry).items() if not (key in ADDED and value is UNKNOWN)}


def settled(network: Network) -> dict[str, str]:
    """What was asked of a file beside its name, as budget files say it; whole shapes, however they were given."""
    reading = network.origin.reading
    if reading is None:
        return {}
    asked = reading.settings
    shapes = [f"{name}={shape(sizes)}" if name else shape(sizes) for name, sizes in sorted(asked.input_shapes.items())]
    texts = (" ".join(shapes), str(asked.batch or ""), asked.signature or "", asked.subgraph or "")
    return {key: text for key, text in zip(SETTLED, texts, strict=True) if text}


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
    folder = Path(path).parent
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
        reference = _reference(written, at, folder)
        if reference in spelt:
            raise UsageError(f"{at}: {written} is held already, as {spelt[reference]}")
        _check(written, locked, at)
        spelt[reference] = written
    held = {name: {key: _read(value) for key, value in models[written].items()} for name, written in spelt.items()}
    return Lock(path, held, lines, spelt, _beside(BLOCKS, data, path, lines), _settings(data, path, lines))


def _settings(data: Mapping[str, Any], path: str, lines: JsonLines) -> dict[str, dict[str, str]]:
    """What was settled of files, by model reference."""
    found = _beside(SETTINGS, data, path, lines)
    for name, asked in found.items():
        for key in asked:
            if key not in SETTLED:
                raise UsageError(f"{path}: {SETTINGS} of {name}: {key!r} is none; there are {', '.join(SETTLED)}")
    return found


def _beside(what: str, data: Mapping[str, Any], path: str, lines: JsonLines) -> dict[str, dict[str, str]]:
    """What is held beside the figures, by model reference; none in a file that was written before there was any."""
    written, place = data.get(what, {}), Position(path, lines.line(what))
    dicts = isinstance(written, dict) and all(isinstance(held, dict) for held in written.values())
    if not dicts or not all(isinstance(text, str) for held in written.values() for text in held.values()):
        raise UsageError(f"{place}: {what} are not of their kind; delete them, then --write-baseline --force")
    return {
        _reference(name, Position(path, lines.line(what, name)), Path(path).parent): written[name] for name in written
    }


def _reference(written: str, place: Position, folder: Path) -> str:
    """The shortest reference of a model, however the file names it."""
    try:
        return canonical(written, folder)
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None


def _check(reference: str, locked: Any, place: Position) -> None:
    known = (*costs(), STRUCTURE)
    for key in known:
        value = locked.get(key) if isinstance(locked, dict) else None
        there = isinstance(locked, dict) and key in locked
        if not there and key in ADDED and isinstance(locked, dict):
            continue
        if not there or not (isinstance(value, str) if key == STRUCTURE else _is_figure(value)):
            raise UsageError(f"{place}: {reference} has no {key}, or not of its kind; delete it, then --write-baseline")
    for key in locked:
        if key not in known:
            near = suggestion(key, known)
            raise UsageError(f"{place}: {reference} has an unknown key {key!r}{near}; there are {', '.join(known)}")


def _is_figure(value: Any) -> bool:
    if isinstance(value, dict):
        return [*value] == [AT_LEAST] and _is_figure(value[AT_LEAST]) and value[AT_LEAST] is not None
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)
