"""The table of `list`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from cnncli.analysis.metrics import Totals
from cnncli.document.document import Document
from cnncli.document.numbers import resolution, scaled
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Heading, Table, natural_width
from cnncli.errors import UsageError, suggestion
from cnncli.models.catalogue import models
from cnncli.models.spec import FLAVORS, ModelSpec
from cnncli.network import Network, network
from cnncli.views.data import listed_data, versioned
from cnncli.written import read_choice


@dataclass(frozen=True)
class Entry:
    """An architecture with its defaults, in one flavor."""

    spec: ModelSpec
    network: Network
    totals: Totals

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(self.network.about.options) if self.network.about else ()


COLUMNS = (
    Column("name", "Model", lambda entry: entry.spec.name),
    Column("family", "Family", lambda entry: entry.spec.family),
    Column("year", "Year", lambda entry: entry.spec.year, True, str),
    Column("input_shape", "Input", lambda entry: resolution(entry.network.graph.inputs[0].shape)),
    Column("params", "Params", lambda entry: entry.totals.params, True, scaled),
    Column("macs", "MACs", lambda entry: entry.totals.macs, True, scaled),
    Column("top1", "Top-1 %", lambda entry: entry.spec.top1 and entry.spec.top1.top1, True),
    Column("aliases", "Aliases", lambda entry: " ".join(entry.spec.aliases)),
    Column("options", "Options", lambda entry: " ".join(entry.options)),
    Column("introduced", "Introduced", lambda entry: entry.spec.introduced),
)
SCARCE = ("aliases", "year", "top1", "input_shape")
"""Columns that give way, in this order, where a terminal is narrow."""
SHOWN = ("name", "year", "input_shape", "params", "macs", "top1", "aliases")


def listing_document(family: str | None, flavor: str | None) -> Document:
    """All models, or those of a family, family by family. Raises UsageError for an unknown family."""
    specs = [spec for spec in models() if family is None or spec.family.lower() == family.lower()]
    if not specs:
        known = list(dict.fromkeys(spec.family for spec in models()))
        near = suggestion(str(family), known)
        raise UsageError(f"unknown family {family!r}{near}; there are {' and '.join(known)}")
    known_flavor = read_choice(flavor, FLAVORS) if flavor is not None else None
    if known_flavor is not None:
        specs = [spec for spec in specs if known_flavor in spec.flavor_names]
    entries = [_entry(spec, flavor) for spec in in_families(specs)]
    table = Table([column for column in COLUMNS if column.key in SHOWN], _by_family(entries), notes=notes(entries))
    return Document(
        title=f"{family or 'All'} models",
        sections=lambda width: [fitting(table, width)],
        data=lambda: versioned({"models": [listed_data(entry.network, entry.spec, entry.totals) for entry in entries]}),
        sheet=lambda: Table(COLUMNS, entries),
    )


def _entry(spec: ModelSpec, flavor: str | None) -> Entry:
    found = network(spec.name, flavor=flavor)
    return Entry(spec, found, Totals(found.graph))


def in_families(specs: Sequence[ModelSpec]) -> list[ModelSpec]:
    """Families by the year in which they began, the models of each by their own."""
    by_year = sorted(specs, key=lambda spec: spec.year)
    began = {family: place for place, family in reversed(list(enumerate(spec.family for spec in by_year)))}
    return sorted(by_year, key=lambda spec: began[spec.family])


def _by_family(entries: Sequence[Entry]) -> list[Entry | Heading]:
    rows: list[Entry | Heading] = []
    for family, members in groupby(entries, key=lambda entry: entry.spec.family):
        rows.extend([Heading({"name": family}), *members])
    return rows


def fitting(table: Table, width: int) -> Table:
    """The table without the columns for which there is no room, and says so."""
    left_out: list[str] = []
    for key in SCARCE:
        if natural_width(table) > width:
            left_out += [column.header for column in table.columns if column.key == key]
            table = replace(table, columns=[column for column in table.columns if column.key != key])
    missing = [f"Left out for want of room: {enumerated(left_out)}."] if left_out else []
    return replace(table, notes=[*table.notes, *missing])


def notes(entries: Sequence[Entry]) -> list[str]:
    """What each model introduced; each option, with the models that have it."""
    introduced: dict[str, list[str]] = {}
    owners: dict[str, list[str]] = {}
    for entry in entries:
        introduced.setdefault(entry.spec.introduced, []).append(entry.spec.name)
        for option in entry.options:
            owners.setdefault(option, []).append(entry.spec.name)
    order = [entry.spec.name for entry in entries]
    shared: dict[tuple[str, ...], list[str]] = {}
    for option, names in owners.items():
        shared.setdefault(tuple(names), []).append(option)
    return [
        *(f"{spans(names, order)}: {text}" for text, names in introduced.items()),
        "",
        *(f"{_owners(names, order)}: {', '.join(options)}" for names, options in shared.items()),
        "",
        "Top-1: accuracy on ImageNet in percent, as each paper published it.",
    ]


def _owners(names: Sequence[str], order: Sequence[str]) -> str:
    return "Options of all" if len(names) == len(order) > 1 else f"Options of {spans(names, order)}"


def spans(names: Sequence[str], order: Sequence[str]) -> str:
    """Names, three and more that follow each other in the order as `first to last`."""
    places = sorted(map(order.index, names))
    told: list[str] = []
    for _, numbered in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        run = [order[place] for _, place in numbered]
        told += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else run
    return enumerated(told)
