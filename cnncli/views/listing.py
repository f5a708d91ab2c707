"""The table of `list`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cnncli.analysis.costs import Totals, totals
from cnncli.document.numbers import scaled
from cnncli.document.table import Column, Heading, Table
from cnncli.errors import UsageError, suggestion
from cnncli.models.catalogue import MODELS, flavors
from cnncli.models.options import show
from cnncli.models.reference import Model, parse
from cnncli.views.data import model_data, render, totals_data


@dataclass(frozen=True)
class Entry:
    model: Model
    totals: Totals


COLUMNS = (
    Column("name", "Model", lambda entry: entry.model.spec.name),
    Column("family", "Family", lambda entry: entry.model.spec.family),
    Column("year", "Year", lambda entry: entry.model.spec.year, True, str),
    Column("input_shape", "Input", lambda entry: show(entry.model.options["input_shape"])),
    Column("params", "Params", lambda entry: entry.totals.params, True, scaled),
    Column("macs", "MACs", lambda entry: entry.totals.macs, True, scaled),
    Column("top1", "Top-1 %", lambda entry: entry.model.spec.top1 and entry.model.spec.top1.top1, True),
    Column("aliases", "Aliases", lambda entry: " ".join(entry.model.spec.aliases)),
    Column("options", "Options", lambda entry: " ".join(entry.model.options)),
    Column("introduced", "Introduced", lambda entry: entry.model.spec.introduced),
)
SHOWN = ("name", "year", "input_shape", "params", "macs", "top1", "aliases")


def listing_text(family: str | None, flavor: str, how: str) -> str:
    """All models, or those of a family. Raises UsageError for an unknown family."""
    specs = [spec for spec in MODELS if family is None or spec.family.lower() == family.lower()]
    if not specs:
        known = list(dict.fromkeys(spec.family for spec in MODELS))
        near = suggestion(str(family).lower(), {name.lower(): name for name in known})
        raise UsageError(f"unknown family {family!r}{near}; there are {' and '.join(known)}")
    specs = [spec for spec in specs if flavor in spec.flavor_names or flavor not in flavors()]
    models = [parse(spec.name, flavor=flavor) for spec in sorted(specs, key=lambda spec: spec.year)]
    entries = [Entry(model, totals(model.graph())) for model in models]
    if how == "csv":
        return render(how, Table(COLUMNS, entries), dict)
    columns = [column for column in COLUMNS if column.key in SHOWN]
    table = Table(columns, _by_family(entries), notes=_notes(models))
    return render(how, table, lambda: {"models": [_data(entry) for entry in entries]})


def _by_family(entries: Sequence[Entry]) -> list[Entry | Heading]:
    rows: list[Entry | Heading] = []
    for family, members in groupby(entries, key=lambda entry: entry.model.spec.family):
        rows.extend([Heading({"name": family}), *members])
    return rows


def _notes(models: Sequence[Model]) -> list[str]:
    """What each model introduced, and its options: models that share them together."""
    shared: dict[tuple[str, ...], list[str]] = {}
    introduced: dict[str, list[str]] = {}
    for model in models:
        shared.setdefault(tuple(model.options), []).append(model.spec.name)
        introduced.setdefault(model.spec.introduced, []).append(model.spec.name)
    return [
        *(f"{_span(names)}: {text}" for text, names in introduced.items()),
        "",
        *(f"{_span(names)} options: {', '.join(options)}" for options, names in shared.items()),
        "",
        "Top-1: accuracy on ImageNet in percent, as each paper published it.",
    ]


def _span(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}" if len(names) > 2 else " and ".join(names)


def _data(entry: Entry) -> dict[str, Any]:
    spec = entry.model.spec
    return {
        **model_data(entry.model),
        "family": spec.family,
        "year": spec.year,
        "paper": spec.paper._asdict(),
        "introduced": spec.introduced,
        "aliases": spec.aliases,
        "totals": totals_data(entry.totals),
        "published": [figures._asdict() for figures in spec.published],
    }
