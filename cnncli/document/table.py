"""Tables: a column is data, a table is columns over rows, and each format is one function of a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli.errors import UsageError, suggestion
from cnncli.render.console import capture, width
from cnncli.words import visible

if TYPE_CHECKING:
    from rich.text import Text


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


class Column(NamedTuple):
    """One column: its key as in --columns and CSV, its header, and the value that it shows of a row.

    `text` writes the value for people; CSV holds the value itself.
    """

    key: str
    header: str
    value: Callable[[Any], Any]
    right: bool = False
    text: Callable[[Any], str] = _text

    def cell(self, row: Any) -> str:
        return self.text(self.value(row))


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
    styles: Callable[[Any], str] = lambda _: ""
    """A Rich style for a row, such as "bold"."""


def choose(columns: Sequence[Column], keys: str | None, default: Sequence[str]) -> list[Column]:
    """The columns that a comma-separated list of keys names, or the default ones. Raises UsageError for others."""
    by_key = {column.key: column for column in columns}
    chosen = [key.strip() for key in keys.split(",")] if keys is not None else list(default)
    for key in chosen:
        if key not in by_key:
            near = suggestion(key, {known: known for known in by_key})
            raise UsageError(f"unknown column {key!r}{near}; there are {', '.join(by_key)}")
    return [by_key[key] for key in chosen]


GAP = 2
"""Blanks between two columns of a table for people."""


def natural_width(table: Table) -> int:
    """How many characters the table is wide with no cell wrapped."""
    return sum(map(len, _widest(table))) + GAP * (len(table.columns) - 1)


def _widest(table: Table) -> list[str]:
    """The longest line of each column."""
    return [
        max(
            (*column.header.split("\n"), table.footer.get(column.key, ""), *(_cell(column, row) for row in table.rows)),
            key=len,
        )
        for column in table.columns
    ]


def _cell(column: Column, row: Any) -> str:
    return visible(row.cells.get(column.key, "") if isinstance(row, Heading) else column.cell(row))


def _styled(table: Table, column: Column, rows: Sequence[Any]) -> list[Text]:
    from rich.text import Text

    styles = ("bold" if isinstance(row, Heading) else table.styles(row) for row in rows)
    return [Text(_cell(column, row), style) for row, style in zip(rows, styles, strict=True)]


def to_text(table: Table) -> str:
    """For a terminal or a pipe: rules and, on a terminal, colours. Nothing is ever cut: too wide a cell is wrapped."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    fits = natural_width(table) <= width()
    rich = RichTable(
        box=box.SIMPLE,
        show_header=any(column.header for column in table.columns),
        show_footer=bool(table.footer),
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        header_style="bold",
        footer_style="bold",
    )
    least = 0
    for column, widest in zip(table.columns, map(len, _widest(table)), strict=True):
        # Numbers stay whole; text gives way, and is wrapped, where the terminal is narrow.
        narrowest = widest if fits or column.right else min(widest, 12)
        least += narrowest + GAP
        rich.add_column(
            visible(column.header, "\n"),
            table.footer.get(column.key, ""),
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=fits or column.right,
            min_width=narrowest,
            max_width=widest,
        )
    # Rows that need no wrapping go in as one row of cells of many lines: five times as fast as a row each.
    for rows in [table.rows] if fits else [[row] for row in table.rows]:
        rich.add_row(*(Text("\n").join(_styled(table, column, rows)) for column in table.columns))
    with capture(least - GAP) as console:
        if table.title:
            console.print(Text(visible(table.title, "\n"), style="bold"), end="\n\n")
        console.print(rich)
        if table.notes:
            console.print()
        for note in table.notes:
            console.print(Text(visible(note)))
    return console.captured()


def to_csv(table: Table) -> str:
    """Header and rows, the values themselves: no units, no separators."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([column.key for column in table.columns])
    rows = [row for row in table.rows if not isinstance(row, Heading)]
    writer.writerows([[_csv_value(column.value(row)) for column in table.columns] for row in rows])
    return visible(buffer.getvalue(), "\n")


def _csv_value(value: Any) -> Any:
    return "x".join(map(str, value)) if isinstance(value, tuple) else value


def to_markdown(table: Table) -> str:
    """One pipe table with the title above it as a heading line and the footer as its last row."""
    lines = [f"**{table.title}**", ""] if table.title else []
    lines.append(_markdown_row([column.header.replace("\n", " ") for column in table.columns]))
    lines.append(_markdown_row(["---:" if column.right else "---" for column in table.columns]))
    lines.extend(_markdown_row([_markdown_cell(column, row) for column in table.columns]) for row in table.rows)
    if table.footer:
        lines.append(_markdown_row([_strong(table.footer.get(column.key, "")) for column in table.columns]))
    if table.notes:
        lines.extend(["", *(f"{note}  " if note else "" for note in table.notes)])
    return visible("\n".join(lines) + "\n", "\n")


def _markdown_cell(column: Column, row: Any) -> str:
    return _strong(_cell(column, row)) if isinstance(row, Heading) else _cell(column, row)


def _strong(text: str) -> str:
    return f"**{text}**" if text else ""


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
