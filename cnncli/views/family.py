"""What `list FAMILY` tells: the models of a family, what they introduced, what was published of them, their flavors and
options.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from cnncli.document.document import Document, Paragraphs, Section
from cnncli.document.numbers import setting
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Table, natural_width
from cnncli.views.list import Entry, Listing, in_families, spans
from cnncli.views.published import published_sections
from cnncli.written import read_decimal

if TYPE_CHECKING:
    from cnncli.models.spec import ModelSpec

ROOM = 76
"""Characters from which on a table is better read than sentences, though its cells be wrapped."""


ALL = "all"
"""All models of the family."""


def family_document(listing: Listing) -> Document:
    """Raises UsageError for a column that is not there."""
    entries = [Entry(spec, listing.flavor) for spec in in_families(listing.specs)]
    specs = [entry.spec for entry in entries]
    return Document(
        title=f"{enumerated(list(dict.fromkeys(entry.spec.family for entry in entries)))} models",
        sections=lambda width: [
            listing.table(width, introduced=False),
            *_tables([_papers(entries)], width),
            *published_sections(specs, width),
            *_tables([_flavors(entries), _options(entries)], width),
        ],
        data=listing.data,
        sheet=lambda: listing.sheet,
    )


def _tables(tables: Sequence[Table], width: int) -> list[Section]:
    return [_told(table, width) for table in tables if table.rows]


def _told(table: Table, width: int) -> Section:
    """A table without the columns that say nothing; where it has no room, a sentence a row."""
    spoken = [column for column, cells in zip(table.columns, table.cells, strict=True) if set(cells) - {"", ALL}]
    table = replace(table, columns=spoken)
    if width >= ROOM or natural_width(table) <= width:
        return table
    return Paragraphs([f"{table.title}:", *(_sentence(table, row) for row in table.rows)])


PLAIN = ("Introduced", "Paper", "What it is", "What it sets")
"""Columns whose texts say by themselves what they are."""


def _sentence(table: Table, row: Text) -> str:
    """What stands in the first column, and behind it the others."""
    first, *others = table.columns
    said = [(column.header, column.cell(row)) for column in others]
    told = [text if header in PLAIN else f"{header} {text}" for header, text in said if text]
    return f"- {first.cell(row)}: {'; '.join(told)}" if first.cell(row) else f"  {'; '.join(told)}"


Text = Sequence[str]


def _table(title: str, headers: Sequence[str], rows: Sequence[Text], right: Sequence[str] = ()) -> Table:
    columns = [
        Column(header.lower(), header, _cell(place), header in right) for place, header in enumerate(headers)
    ]  # fmt: skip
    return Table(columns, rows, title)


def _cell(place: int) -> Callable[[Text], str]:
    return lambda row: row[place]


def _papers(entries: Sequence[Entry]) -> Table:
    """What was new in each paper, and where it came from."""
    order = [entry.spec.name for entry in entries]
    rows = []
    for (paper, introduced, year, ancestors), members in groupby(
        [entry.spec for entry in entries],
        key=lambda spec: (spec.paper, spec.introduced, spec.year, spec.descends_from),
    ):
        cited = paper.title if not paper.arxiv else f"{paper.title}, arXiv {paper.arxiv}"
        names = spans([spec.name for spec in members], order)
        rows.append((names, str(year), introduced, cited, ", ".join(ancestors)))
    return _table("Papers", ("Models", "Year", "Introduced", "Paper", "Descends from"), rows, right=("Year",))


def _flavors(entries: Sequence[Entry]) -> Table:
    """Whose definitions there are, and where they differ from the first."""
    order = [entry.spec.name for entry in entries]
    owners: dict[tuple[str, Text], list[str]] = {}
    for entry in entries:
        for flavor in _shown_flavors(entry.spec, entry.flavor):
            owners.setdefault((flavor, _says(entry.spec, flavor)), []).append(entry.spec.name)
    rows: list[Text] = []
    for (flavor, says), names in owners.items():
        rows.append((f"@{flavor}", _of(names, order), says[0]))
        rows += [("", "", f"- {deviation}") for deviation in says[1:]]
    return _table("Flavors", ("Flavor", "Models", "What it is"), rows)


def _shown_flavors(spec: ModelSpec, flavor: str | None) -> tuple[str, ...]:
    return spec.flavor_names if flavor is None else (flavor,)


def _says(spec: ModelSpec, name: str) -> Text:
    """Whose it is, and then each thing that it does otherwise than the first flavor."""
    flavor = spec.flavor(name)
    return flavor.says, *flavor.deviations.values()


def _options(entries: Sequence[Entry]) -> Table:
    """What can be set of which models, with the values that hold else."""
    order = [entry.spec.name for entry in entries]
    owners: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        for name in entry.options:
            owners.setdefault((name, entry.spec.option(name).help), []).append(entry)
    rows = []
    for (name, help), having in owners.items():
        values = list(dict.fromkeys(setting(entry.options[name]) for entry in having))
        rows.append((name, _range(values), _of([entry.spec.name for entry in having], order), help))
    return _table("Options", ("Option", "Default", "Models", "What it sets"), rows)


def _range(values: Sequence[str]) -> str:
    """Values as people sum them up: of more than two numbers the least and the largest."""
    numbers = {number: value for value in values if (number := read_decimal(value)) is not None}
    if len(values) == len(numbers) > 2:
        return f"{numbers[min(numbers)]} to {numbers[max(numbers)]}"
    return enumerated(values, "or")


def _of(names: Sequence[str], order: Sequence[str]) -> str:
    return ALL if len(names) == len(order) else spans(names, order)
