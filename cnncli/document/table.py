"""Tables: a column is data, a table is columns over rows; what a table looks like is each format's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.errors import UsageError, suggestion
from cnncli.words import visible


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not is_known(value):
        return f"{value:,}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


class Column(NamedTuple):
    """One column: its key as in --columns and CSV, its header, and the value that it shows of a row.

    `text` writes the value for people; sheets hold the value itself.
    """

    key: str
    header: str
    value: Callable[[Any], Any]
    right: bool = False
    text: Callable[[Any], str] = _text

    def cell(self, row: Any) -> str:
        """What a person reads in a row, a heading's too, fit to be shown."""
        return visible(row.cells.get(self.key, "") if isinstance(row, Heading) else self.text(self.value(row)))


class Heading(NamedTuple):
    """A row that heads those below it: texts by column key."""

    cells: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """Rows under columns (each row an object that the columns read, or a Heading), a title above, notes below."""

    columns: Sequence[Column]
    rows: Sequence[Any]
    title: str = ""
    footer: Mapping[str, str] = field(default_factory=dict)
    """Texts of the last row, by column key."""
    notes: Sequence[str] = ()
    alarming: Callable[[Any], bool] = lambda _: False
    """Whether a row (never a Heading) is one that must not be overlooked."""
    together: Sequence[int] = ()
    """Of a table that may be cut into several, how many columns stay side by side, group by group from the left; the
    first group is told again in each. Empty for a table that stays whole."""


def choose(columns: Sequence[Column], keys: str | None, default: Sequence[str]) -> list[Column]:
    """The columns that a comma-separated list of keys names, or the default ones. Raises UsageError for others."""
    by_key = {column.key: column for column in columns}
    chosen = [key.strip() for key in keys.split(",")] if keys is not None else list(default)
    for key in chosen:
        if key not in by_key:
            near = suggestion(key, {known: known for known in by_key})
            raise UsageError(f"unknown column {key!r}{near}; there are {', '.join(by_key)}")
    if len(set(chosen)) < len(chosen):
        twice = next(key for place, key in enumerate(chosen) if key in chosen[:place])
        raise UsageError(f"column {twice!r} is named twice")
    return [by_key[key] for key in chosen]


GAP = 2
"""Blanks between two columns of a table for people."""


def natural_width(table: Table) -> int:
    """How many characters the table is wide with no cell wrapped."""
    return sum(map(len, widest(table))) + GAP * (len(table.columns) - 1)


def widest(table: Table) -> list[str]:
    """The longest line of each column."""
    return [
        max(
            (*column.header.split("\n"), table.footer.get(column.key, ""), *(column.cell(row) for row in table.rows)),
            key=len,
        )
        for column in table.columns
    ]


def pages(table: Table, width: int) -> list[Table]:
    """A table that may be cut, as tables that each fit a width, as far as their groups do; else the table alone."""
    if not table.together:
        return [table]
    found = [replace(table, columns=columns, title="", notes=(), together=()) for columns in _cut(table, width)]
    found[0] = replace(found[0], title=table.title)
    found[-1] = replace(found[-1], notes=table.notes)
    return found


def _cut(table: Table, width: int) -> Iterator[list[Column]]:
    borders = list(accumulate(table.together, initial=0))
    first, *others = (list(table.columns[start:end]) for start, end in pairwise(borders))
    page = first
    for group in others:
        if len(page) > len(first) and natural_width(replace(table, columns=page + group)) > width:
            yield page
            page = first
        page = page + group
    yield page


def stacked(tables: Sequence[Table]) -> Table:
    """Tables of the same columns as one of all their rows."""
    columns = [column._replace(value=_of_own_table(place)) for place, column in enumerate(tables[0].columns)]
    return Table(columns, [(table, row) for table in tables for row in table.rows])


def _of_own_table(place: int) -> Callable[[tuple[Table, Any]], Any]:
    return lambda owned: owned[0].columns[place].value(owned[1])
