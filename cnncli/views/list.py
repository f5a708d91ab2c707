"""The table of `list`: all architectures, or some, family by family."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby, pairwise
from typing import Any

from cnncli.analysis.metrics import Totals
from cnncli.document.document import Document, Section
from cnncli.document.numbers import resolution
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Heading, Table, choose, natural_width, ordered
from cnncli.errors import UsageError, plain, suggestion
from cnncli.models.catalogue import find_spec, models
from cnncli.models.reference import Model
from cnncli.models.spec import FLAVORS, ModelSpec
from cnncli.network import Network, of_model
from cnncli.records import Distinct, Record, record
from cnncli.views.data import listed_data, versioned
from cnncli.views.figures import figure_columns
from cnncli.views.fitting import giving_way
from cnncli.written import read_choice


@record
class Entry(Distinct):
    """An architecture with its defaults, in one flavor, its first where none is named. It is built when it is asked
    for more than the registry says.
    """

    spec: ModelSpec
    flavor: str | None = None

    @property
    def _flavor(self) -> str:
        return self.flavor or self.spec.flavors[0].name

    @cached_property
    def network(self) -> Network:
        return of_model(Model(self.spec, self._flavor, self.options))

    @cached_property
    def totals(self) -> Totals:
        return Totals(self.network.graph)

    @property
    def options(self) -> dict[str, Any]:
        return self.spec.options(self._flavor)


def _top1(entry: Entry) -> float | None:
    return entry.spec.top1 and entry.spec.top1.top1


BEFORE = (
    Column("name", "Model", lambda entry: entry.spec.name),
    Column("family", "Family", lambda entry: entry.spec.family),
    Column("year", "Year", lambda entry: entry.spec.year, True, str),
    Column("input_shape", "Input", lambda entry: resolution(entry.options["input_shape"])),
)
BEHIND = (
    Column("top1", "Top-1 %", _top1, True, lambda percent: "" if percent is None else f"{percent:.1f}"),
    Column("top1_source", "Source of top-1", lambda entry: entry.spec.top1.source if entry.spec.top1 else None),
    Column("aliases", "Aliases", lambda entry: " ".join(entry.spec.aliases)),
    Column("options", "Options", lambda entry: " ".join(entry.options)),
    Column("introduced", "Introduced", lambda entry: entry.spec.introduced),
    Column("descends_from", "Descends from", lambda entry: " ".join(entry.spec.descends_from)),
    Column("paper", "Paper", lambda entry: entry.spec.paper.title),
    Column("arxiv", "arXiv", lambda entry: entry.spec.paper.arxiv),
)


def columns_of(kind: str | None = None) -> list[Column]:
    """All columns: the figures stand between what a model is and what is said of it. Those that differ by what it is
    deployed as are of the kind, or else each of its own.
    """
    return [*BEFORE, *figure_columns(kind), *BEHIND]


SHOWN = ("name", "year", "input_shape", "params", "macs", "top1", "aliases")
WHERE_THERE_IS_ROOM = "introduced"
SCARCE = ("aliases", "year", "top1", "input_shape")
"""Columns that give way, in this order, where a terminal is narrow."""
OF_SHEETS = (
    "name", "family", "year", "input_shape", "params", "macs", "top1", "top1_source", "aliases", "options",
    "introduced", "descends_from", "paper", "arxiv",
)  # fmt: skip
TOP1 = "Top-1: accuracy on ImageNet in percent, as the paper has it, or else who published the weights."
MORE = "`cnncli list FAMILY` tells what a family introduced, its papers, figures with their sources, and options."


def column_keys() -> list[str]:
    """What --columns takes."""
    return [column.key for column in columns_of()]


@record
class Listing(Record):
    """Some architectures in one flavor (None: each in its first), the columns that were asked for, and their order.

    `kind` is what figures are of that differ by what a network is deployed as; None: each of its own.
    """

    specs: Sequence[ModelSpec]
    flavor: str | None = None
    columns: str | None = None
    sort: str | None = None
    kind: str | None = None

    @staticmethod
    def of(
        families: Sequence[str], flavor: str | None, columns: str | None, sort: str | None, kind: str | None = None
    ) -> Listing:
        """All architectures, or those of some families; of a flavor those that have it.

        Raises UsageError for a family or flavor that is not there.
        """
        known = flavor and _known_flavor(flavor)
        kept = [spec for spec in specs_of(families) if not known or known in spec.flavor_names]
        if not kept:
            raise UsageError(f"{enumerated(families)}: no model has flavor {known}")
        return Listing(kept, known, columns, sort, kind)

    @cached_property
    def entries(self) -> list[Entry]:
        """Family by family, or in the order that was asked for. Raises UsageError for a column that is not there."""
        return ordered([Entry(spec, self.flavor) for spec in in_families(self.specs)], columns_of(self.kind), self.sort)

    @property
    def chosen(self) -> list[Column]:
        """Raises UsageError for a column that is not there."""
        return choose(columns_of(self.kind), self.columns, SHOWN)

    @property
    def sheet(self) -> Table:
        return Table(choose(columns_of(self.kind), self.columns, OF_SHEETS), self.entries)

    def data(self) -> dict[str, Any]:
        return versioned({"models": [listed_data(entry.network, entry.spec, entry.totals) for entry in self.entries]})

    def table(self, width: int, *, introduced: bool) -> Table:
        """For people: below the families' names, unless the rows are in an order of their own.

        `introduced` is whether it tells what was new in each, where there is room.
        """
        several = len({spec.family for spec in self.specs}) > 1
        rows = _by_family(self.entries) if several and self.sort is None else self.entries
        if self.columns is not None:
            table = Table(self.chosen, rows)
        else:
            columns = [column for column in self.chosen if any(column.value(entry) for entry in self.entries)]
            table = Table([*columns, _told_once(self.entries)], rows)
            if not introduced or natural_width(table) > width:
                table = fitting(Table(columns, rows), width)
        told = any(column.key == "top1" for column in table.columns)
        return replace(table, notes=[*table.notes, *([TOP1] if told else [])])


def listing_document(listing: Listing) -> Document:
    """Raises UsageError for a column that is not there."""
    families = dict.fromkeys(entry.spec.family for entry in listing.entries)
    more = [] if listing.columns else [MORE]

    def section(width: int) -> Section:
        table = listing.table(width, introduced=True)
        return replace(table, notes=[*table.notes, *more])

    return Document(
        title=f"{next(iter(families)) if len(families) == 1 else 'All'} models",
        sections=lambda width: [section(width)],
        data=listing.data,
        sheet=lambda: listing.sheet,
    )


def specs_of(families: Sequence[str]) -> list[ModelSpec]:
    """All architectures, or those of some families, each once. Raises UsageError for a family that is not there."""
    specs = [spec for name in families for spec in _known_family(name)] if families else models()
    return list({spec.name: spec for spec in specs}.values())


def is_family(word: str) -> bool:
    """Whether a family is called so, however it is spelt. All families are loaded where no model is called so."""
    try:
        return plain(find_spec(word).family) == plain(word)
    except UsageError:
        return bool(_family(word))


def _family(name: str) -> list[ModelSpec]:
    """The models of a family, else those of a paper; none where nothing is called so."""
    key = plain(name)
    found = [spec for spec in models() if plain(spec.family) == key]
    return found or [spec for spec in models() if plain(spec.architecture) == key]


def _known_family(name: str) -> list[ModelSpec]:
    """Raises UsageError for an unknown family."""
    found = _family(name)
    if not found:
        known = list(dict.fromkeys(spec.family for spec in in_families(models())))
        raise UsageError(f"unknown family {name!r}{suggestion(name, known) or f'; there are {enumerated(known)}'}")
    return found


def _known_flavor(name: str) -> str:
    """A flavor as it is spelt. Raises UsageError for an unknown one."""
    spelt = read_choice(name, FLAVORS)
    if spelt is None:
        raise UsageError(
            f"unknown flavor {name!r}{suggestion(name, [*FLAVORS]) or f'; there are {enumerated([*FLAVORS])}'}"
        )
    return spelt


def in_families(specs: Iterable[ModelSpec]) -> list[ModelSpec]:
    """Families by the year in which they began, the models of each by their own."""
    by_year = sorted(specs, key=lambda spec: spec.year)
    began = {family: place for place, family in reversed(list(enumerate(spec.family for spec in by_year)))}
    return sorted(by_year, key=lambda spec: began[spec.family])


def _by_family(entries: Sequence[Entry]) -> list[Entry | Heading]:
    rows: list[Entry | Heading] = []
    for family, members in groupby(entries, key=lambda entry: entry.spec.family):
        rows.extend([Heading({"name": family}), *members])
    return rows


def _told_once(entries: Sequence[Entry]) -> Column:
    """What a model introduced, not again where the one above did the same."""
    again = {
        entry for above, entry in pairwise(entries)
        if entry.spec.introduced == above.spec.introduced
    }  # fmt: skip
    (column,) = [column for column in BEHIND if column.key == WHERE_THERE_IS_ROOM]
    return column._replace(value=lambda entry: "" if entry in again else entry.spec.introduced)


def fitting(table: Table, width: int) -> Table:
    """The table without the columns for which there is no room, and says so."""
    table, missing = giving_way(table, width, SCARCE)
    return replace(table, notes=missing)


def spans(names: Sequence[str], order: Sequence[str]) -> str:
    """Names, three and more that follow each other in the order as `first to last`."""
    places = sorted(map(order.index, names))
    told: list[str] = []
    for _, numbered in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        run = [order[place] for _, place in numbered]
        told += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else run
    return enumerated(told)
