"""Tables: a column is data, a table is columns over rows, and each format is one function of a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cnncli.errors import UsageError
from cnncli.render.console import capture


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


@dataclass(frozen=True)
class Table:
    """Rows under columns, with a title above, a footer by column key, and notes below."""

    columns: Sequence[Column]
    rows: Sequence[Any]
    title: str = ""
    footer: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    styles: Callable[[Any], str] = lambda _: ""
    """A Rich style for a row, such as "bold"."""


def choose(columns: Sequence[Column], keys: str | None, default: Sequence[str]) -> list[Column]:
    """The columns that a comma-separated list of keys names, or the default ones. Raises UsageError for others."""
    by_key = {column.key: column for column in columns}
    chosen = [key.strip() for key in keys.split(",")] if keys is not None else list(default)
    for key in chosen:
        if key not in by_key:
            raise UsageError(f"unknown column {key!r}; there are {', '.join(by_key)}")
    return [by_key[key] for key in chosen]


def to_text(table: Table) -> str:
    """For a terminal or a pipe: boxes and, on a terminal, colours. Nothing is ever cut: too wide a cell is wrapped."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    rich = RichTable(box=box.SIMPLE_HEAD, show_footer=bool(table.footer), pad_edge=False, header_style="bold")
    cells = [[column.cell(row) for row in table.rows] for column in table.columns]
    for column, texts in zip(table.columns, cells, strict=True):
        footer = table.footer.get(column.key, "")
        width = max(map(len, (*column.header.split("\n"), footer, *texts)))
        rich.add_column(
            column.header,
            Text(footer, style="bold"),
            justify="right" if column.right else "left",
            overflow="fold",
            # Numbers stay whole; text gives way, and is wrapped, where the terminal is narrow.
            min_width=width if column.right else min(width, 12),
            max_width=width,
        )
    for row, line in zip(table.rows, zip(*cells, strict=True), strict=True):
        rich.add_row(*map(Text, line), style=table.styles(row))
    with capture() as console:
        if table.title:
            console.print(Text(table.title, style="bold"))
        console.print(rich)
        for note in table.notes:
            console.print(Text(note))
    return console.captured()


def to_csv(table: Table) -> str:
    """Header and rows, the values themselves: no units, no separators."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([column.key for column in table.columns])
    writer.writerows([[_csv_value(column.value(row)) for column in table.columns] for row in table.rows])
    return buffer.getvalue()


def _csv_value(value: Any) -> Any:
    return "x".join(map(str, value)) if isinstance(value, tuple) else value


def to_markdown(table: Table) -> str:
    """One pipe table with the title above it as a heading line and the footer as its last row."""
    lines = [f"**{table.title}**", ""] if table.title else []
    lines.append(_markdown_row([column.header.replace("\n", " ") for column in table.columns]))
    lines.append(_markdown_row(["---:" if column.right else "---" for column in table.columns]))
    lines.extend(_markdown_row([column.cell(row) for column in table.columns]) for row in table.rows)
    if table.footer:
        lines.append(_markdown_row([_strong(table.footer.get(column.key, "")) for column in table.columns]))
    if table.notes:
        lines.extend(["", *(f"{note}  " for note in table.notes)])
    return "\n".join(lines) + "\n"


def _strong(text: str) -> str:
    return f"**{text}**" if text else ""


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
