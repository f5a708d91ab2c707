"""Budgets of models: how they are written in TOML, and whether a network keeps them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from cnncli.amounts import is_known, known_part
from cnncli.analysis.check.amounts import read_bytes, read_count, read_percentage
from cnncli.analysis.check.places import Position, TomlLines, toml_error_line
from cnncli.analysis.check.verdicts import Budgeted, Verdict
from cnncli.analysis.deployment import deployment, kind_as_it_is, kinds_of, peak_at, read_kind
from cnncli.analysis.metric import About, Metric, Place, Unit
from cnncli.analysis.metrics import Totals, metrics, stored
from cnncli.document.prose import enumerated
from cnncli.errors import UsageError, suggestion
from cnncli.graph import Graph
from cnncli.network import Source, canonical, expanded, source_of
from cnncli.readers.formats import is_pattern


def limited() -> dict[str, Metric]:
    """What can be limited, by the limit's name, such as max-params."""
    return {each.limit.name: each for each in metrics(Place.BUDGET)}


def differing() -> list[str]:
    """The limits on figures that differ by what a network is deployed as."""
    return [name for name, each in limited().items() if each.by_kind]


READERS: dict[Unit, Callable[[str], int]] = {
    Unit.COUNT: read_count,
    Unit.BYTES: read_bytes,
    Unit.PIXELS: read_count,
}
"""How a limit on a figure of a unit is read."""


@dataclass(frozen=True)
class Budget:
    """A limit that a model must not go over; `text` is as it was written, `place` where, if in a file.

    `kind` is what the network is deployed as, where the figure differs by that and not the usual one is meant.
    """

    name: str
    limit: int
    text: str
    place: Position | None = None
    kind: str | None = None


SETTLED = ("input-shape", "batch", "signature", "subgraph")
"""What a budget file may say beside the limits, of files that leave it open."""
DTYPE = "dtype"
"""What a budget file calls the kind that a network is deployed as."""
Budgets = Mapping[str, Budget]
"""By name: at most one of each kind."""


def read_budget(name: str, value: Any, place: Position | None = None, kind: str | None = None) -> Budget:
    """A budget from text or, in TOML, a whole number, of a kind where figures differ by it. Raises UsageError."""
    option = f"{place}: {name} =" if place else f"--{name}"
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise UsageError(f'{option} {value}: expected a whole number, or text such as "5M"')
    found = _metric(name)
    try:
        limit = READERS[found.unit](str(value))
        return Budget(name, limit, str(value), place, kind if found.by_kind else None)
    except ValueError as error:
        raise UsageError(f"{option} {value}: {error}") from None


def _metric(name: str) -> Metric:
    known = limited()
    if name not in known:
        near = suggestion(name, tuple(known))
        raise UsageError(f"there is no limit {name}{near}; there are {', '.join(known)}")
    return known[name]


def read_tolerance(text: str, place: Position | None = None) -> Fraction:
    """A tolerance as a share: 1/100 of `1%`. Raises UsageError."""
    option = f"{place}: tolerance =" if place else "--tolerance"
    try:
        return read_percentage(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from None


def hold(model: str, totals: Totals, budgets: Budgets, *, uncounted: bool = False) -> list[Verdict]:
    """Whether a model keeps each of its budgets: at the limit it does; `uncounted` is whether what is not known may be
    left out.
    """
    return [_verdict(model, totals, budgets[name], uncounted) for name in limited() if name in budgets]


def _verdict(model: str, totals: Totals, budget: Budget, uncounted: bool) -> Verdict:
    """What is unknown, if only in part, keeps no limit: it is not less than anything."""
    told, graph = limited()[budget.name], totals.graph
    kind = (budget.kind or told.kind_of(graph)) if told.by_kind else ""
    value = told.by_kind(graph, kind) if told.by_kind else stored(told).figure(totals[stored(told).key])
    passed = bool(value <= budget.limit)
    if uncounted and not is_known(value):
        passed = not known_part(value) > budget.limit
    at = peak_at(graph, kind) if kind and told.about is About.MEMORY and is_known(value) else None
    why = _why(graph, told, kind) if kind and not is_known(value) else ""
    check = Budgeted(budget.name, budget.text, kind, at, why)
    return Verdict(model, check, budget.limit, value, passed, budget.place)


def _why(graph: Graph, told: Metric, kind: str) -> str:
    """Why a figure of a kind is not known, as far as that can be said."""
    if kind not in kinds_of(graph):
        return f"the file is {kind_as_it_is(graph)}"
    found = deployment(graph, kind)
    return found.why_no_arena if told.key == "arena_bytes" else found.plan.impossible


@dataclass(frozen=True)
class Config:
    """What a budget file says: budgets by model reference, the lock file and how far a model may be from it.

    Files are named as seen from here.
    """

    budgets: Mapping[str, Budgets] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What is settled of files, by the same references: `input_shape`, `batch`, `signature`, `subgraph`."""
    baseline: str | None = None
    tolerance: Fraction | None = None
    path: str | None = None
    """The budget file itself."""


def read_config(text: str, path: str, section: tuple[str, ...] = ()) -> Config | None:
    """Read TOML, or the table in it that `section` names; None where there is no such table.

    Raises UsageError with the line for what is not TOML, unknown keys, models and units.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        data: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{Position(path, toml_error_line(str(error), text))}: not TOML: {error}") from None
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, brackets a thousand deep
        raise UsageError(f"{path}: not TOML that can be read: {error}") from None
    for name in section:
        data = data.get(name)
        if not isinstance(data, dict):
            return None
    return _Reader(text, path, section).config(data)


class _Reader:
    """Reads parsed TOML, knowing where in its text a key is."""

    def __init__(self, text: str, path: str, section: tuple[str, ...]) -> None:
        self._lines = TomlLines(text)
        self._path = path
        self._section = section

    def _place(self, *keys: str) -> Position:
        return Position(self._path, self._lines.line(*self._section, *keys))

    def config(self, data: Mapping[str, Any]) -> Config:
        self._only(data, ("baseline", "budgets", "tolerance"), ())
        for key, kind, word in (("baseline", str, "text"), ("tolerance", str, "text"), ("budgets", dict, "a table")):
            if not isinstance(data.get(key, kind()), kind):
                raise UsageError(f"{self._place(key)}: {key}: expected {word}")
        tolerance = read_tolerance(data["tolerance"], self._place("tolerance")) if "tolerance" in data else None
        budgets, options = self._models(data.get("budgets", {}))
        return Config(budgets, options, data.get("baseline"), tolerance, self._path)

    def _models(self, data: Mapping[str, Any]) -> tuple[dict[str, Budgets], dict[str, Mapping[str, Any]]]:
        """Budgets, and what is settled of files, by reference; of a file before that of a pattern that it is like."""
        models: dict[str, Budgets] = {}
        options: dict[str, Mapping[str, Any]] = {}
        spelt: dict[str, str] = {}
        for written, limits in sorted(data.items(), key=lambda item: not is_pattern(item[0])):
            place = self._place("budgets", written)
            if not isinstance(limits, dict):
                raise UsageError(f'{place}: {written}: expected a table of budgets, such as {{ max-params = "5M" }}')
            self._only(limits, (*limited(), DTYPE, *SETTLED), ("budgets", written))
            kind = self._kind(written, limits)
            budgets = {
                name: read_budget(name, value, self._place("budgets", written, name), kind)
                for name, value in limits.items() if name in limited()
            }  # fmt: skip
            settled = {name.replace("-", "_"): value for name, value in limits.items() if name in SETTLED}
            for reference in self._references(written, place):
                self._check_settled(written, reference, settled)
                if spelt.get(reference):
                    raise UsageError(f"{place}: {written} has budgets already, as {reference}")
                spelt[reference] = "" if is_pattern(written) else written
                models[reference] = {**models.get(reference, {}), **budgets}
                options[reference] = {**options.get(reference, {}), **settled}
        return models, options

    def _kind(self, written: str, limits: Mapping[str, Any]) -> str | None:
        """What a model is deployed as. Raises UsageError for another word, and where nothing is limited that differs
        by it.
        """
        if DTYPE not in limits:
            return None
        place = self._place("budgets", written, DTYPE)
        if not limits.keys() & differing():
            raise UsageError(f"{place}: {DTYPE} is for {enumerated(differing())}: add one")
        try:
            return read_kind(str(limits[DTYPE]))
        except UsageError as error:
            raise UsageError(f"{place}: {error}") from None

    def _check_settled(self, written: str, reference: str, settled: Mapping[str, Any]) -> None:
        """Raise UsageError for what only files leave open, said of another model."""
        for name in settled if source_of(reference) is not Source.FILE else ():
            advice = f"; write {reference}:{name}={settled[name]}" if name == "input_shape" else ""
            advice = advice if source_of(reference) is Source.REGISTRY and ":" not in reference else ""
            said = name.replace("_", "-")
            raise UsageError(f"{self._place('budgets', written, said)}: {said} is for model files{advice}")

    def _references(self, written: str, place: Position) -> list[str]:
        """The models that a section is for, as seen from here. Raises UsageError for none."""
        folder = Path(self._path).parent
        try:
            return [canonical(each, folder) for each in expanded(written, folder)]
        except UsageError as error:
            raise UsageError(f"{place}: {error}") from None

    def _only(self, data: Mapping[str, Any], known: tuple[str, ...], within: tuple[str, ...]) -> None:
        for key in data:
            if key not in known:
                near = suggestion(key, known)
                raise UsageError(
                    f"{self._place(*within, key)}: unknown key {key!r}{near}; there are {', '.join(known)}"
                )
