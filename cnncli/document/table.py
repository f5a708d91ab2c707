"""Tables: a column is data, a table is columns over rows; what a table looks like is each format's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, AtLeast, is_known
from cnncli.document.numbers import bar
from cnncli.errors import UsageError, plain, suggestion
from cnncli.records import Record, record
from cnncli.words import visible


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not is_known(value):
        return f"{value:,}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


class Column(NamedTuple):
    """One column: its key as in --columns and CSV, its header, and the value that it shows of a row.

    `text` writes the value for people; sheets hold the value itself. Where `bar` is not 0 the value is a percentage or
    None, and a bar of that many characters at most stands before the text.
    """

    key: str
    header: str
    value: Callable[[Any], Any]
    right: bool = False
    text: Callable[[Any], str] = _text
    bar: int = 0

    def cell(self, row: Any) -> str:
        """What a person reads in a row, a heading's too, fit to be shown."""
        if isinstance(row, Heading):
            return visible(row.cells.get(self.key, ""))
        value = self.value(row)
        text = visible(self.text(value))
        return f"{bar(value, self.bar)} {text}".rstrip() if self.bar else text


class Heading(NamedTuple):
    """A row that heads those below it: texts by column key."""

    cells: Mapping[str, str]


@record
class Table(Record):
    """Rows under columns (each row an object that the columns read, or a Heading), a title above, notes below."""

    columns: Sequence[Column]
    rows: Sequence[Any]
    title: str = ""
    footer: Mapping[str, str] = field(default_factory=dict)
    """Texts of the last row, by column key."""
    notes: Sequence[str] = ()
    alarming: Callable[[Any], bool] = lambda _: False
    """Whether a row (never a Heading) is one that must not be overlooked."""

    @cached_property
    def cells(self) -> list[list[str]]:
        """Of each column what a person reads in the rows."""
        return [[column.cell(row) for row in self.rows] for column in self.columns]


def choose(columns: Sequence[Column], keys: str | None, default: Sequence[str]) -> list[Column]:
    """The columns that a list names, separated by commas, or the default ones. Raises UsageError for others.

    And for one that is named twice.
    """
    found: dict[str, Column] = {}
    for name in keys.split(",") if keys is not None else default:
        column = find(columns, name)
        if column.key in found:
            raise UsageError(f"column {column.key!r} is named twice")
        found[column.key] = column
    return list(found.values())


def find(columns: Sequence[Column], name: str) -> Column:
    """The column of a key or, where no key is that, of a header, in any case. Raises UsageError for another name."""
    known: dict[str, Column] = {plain(column.header): column for column in reversed(columns)}
    known |= {plain(column.key): column for column in columns}
    if plain(name) not in known:
        near = suggestion(name, {spelt: column.key for spelt, column in known.items()})
        there = ", ".join(column.key for column in columns)
        raise UsageError(f"unknown column {name.strip()!r}{near}; there are {there}")
    return known[plain(name)]


def ordered(rows: Sequence[Any], columns: Sequence[Column], sort: str | None) -> list[Any]:
    """Rows by the column that `sort` names: numbers from the largest, all else from the least, as text from a to z.

    `-` before the name puts the largest first, `+` the least. What has no value stands last. Raises UsageError for an
    unknown column, or several.
    """
    if sort is None:
        return list(rows)
    written = sort.strip()
    if "," in written:
        raise UsageError(f"--sort {sort}: expected one column")
    column = find(columns, written[1:] if written[:1] in ("+", "-") else written)
    there = [row for row in rows if column.value(row) is not None]
    values = [column.value(row) for row in there]
    numbers = all(isinstance(value, (int, float)) or not is_known(value) for value in values)
    falling = written[:1] == "-" or (numbers and written[:1] != "+")
    by_value = sorted(
        there, key=lambda row: _size(column.value(row)) if numbers else column.value(row), reverse=falling
    )
    return [*by_value, *(row for row in rows if column.value(row) is None)]


def _size(value: Any) -> float:
    """Of a number for sorting: what nobody knows may be the largest."""
    return float("inf") if value is UNKNOWN else value.known if isinstance(value, AtLeast) else value


GAP = 2
"""Blanks between two columns of a table for people."""


def natural_width(table: Table) -> int:
    """How many characters the table is wide with no cell wrapped."""
    return sum(map(len, widest(table))) + GAP * (len(table.columns) - 1)


NARROWEST = 12
"""Characters below which no text is wrapped to make room."""


def least_width(table: Table) -> int:
    """How many characters the table is wide where its texts are wrapped; numbers are not."""
    sizes = zip(table.columns, map(len, widest(table)), strict=True)
    taken = [size if column.right else min(size, NARROWEST) for column, size in sizes]
    return sum(taken) + GAP * (len(taken) - 1)


def widest(table: Table) -> list[str]:
    """The longest line of each column."""
    return [
        max(
            (*column.header.split("\n"), table.footer.get(column.key, ""), *cells),
            key=len,
        )
        for column, cells in zip(table.columns, table.cells, strict=True)
    ]


def stacked(tables: Sequence[Table]) -> Table:
    """Tables of the same columns as one of all their rows."""
    columns = [column._replace(value=_of_own_table(place)) for place, column in enumerate(tables[0].columns)]
    return Table(columns, [(table, row) for table in tables for row in table.rows])


def _of_own_table(place: int) -> Callable[[tuple[Table, Any]], Any]:
    return lambda owned: owned[0].columns[place].value(owned[1])
