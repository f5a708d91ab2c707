"""A document for a terminal or a pipe: rules and, on a terminal, colours."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from cnncli.document.document import Document, Listing, Paragraphs, Section
from cnncli.document.table import GAP, Heading, Table, widest
from cnncli.render.console import capture, cells, styled, width
from cnncli.words import visible

if TYPE_CHECKING:
    from rich.table import Table as RichTable

MARKS = {"equal": (" ", "dim"), "changed": ("~", "yellow"), "added": ("+", "green"), "removed": ("-", "red")}
UNMARKED = (" ", "dim")
NARROWEST = 12
"""Characters below which no text is wrapped to make room."""


def write(document: Document) -> str:
    """Section below section, a blank line between, and the conclusion. Nothing is cut: too wide a cell is wrapped."""
    written = [_section(section) for section in document.sections(width())]
    if document.conclusion:
        written.append(_lines([document.conclusion]))
    return "\n".join(written)


def _section(section: Section) -> str:
    if isinstance(section, Table):
        return _table(section)
    return _listing(section) if isinstance(section, Listing) else _paragraphs(section)


def _paragraphs(paragraphs: Paragraphs) -> str:
    return "".join(textwrap.fill(visible(line), width()) + "\n" for line in paragraphs.lines)


def _lines(lines: Sequence[str]) -> str:
    return "".join(_told(visible(line)) for line in lines)


def _listing(listing: Listing) -> str:
    """As a diff is shown; a line that is too long goes on indented."""
    lines = [(listing.heading, "bold")]
    for line in listing.lines:
        sign, style = MARKS.get(line.mark, UNMARKED)
        lines.append((f"{sign} {line.text}", style))
    return "".join(
        _told(piece, style)
        for text, style in lines
        for piece in textwrap.wrap(visible(text), width(), subsequent_indent="    ")
    )


def _told(text: str, style: str = "", least: int = 0) -> str:
    """Text in a style; a line that is too long for the output, which is at least `least` wide, is wrapped."""
    lines = text.split("\n")
    if max(map(cells, lines)) <= max(width(), least):
        return "".join(f"{styled(line.rstrip(), style)}\n" for line in lines)
    from rich.text import Text

    with capture(least) as console:
        console.print(Text(text, style))
    return console.captured()


def _table(table: Table) -> str:
    headers = [visible(column.header, "\n").split("\n") for column in table.columns]
    footers = [visible(table.footer.get(column.key, "")) for column in table.columns]
    widths = [
        max(map(cells, (*header, footer, *texts)))
        for header, footer, texts in zip(headers, footers, table.cells, strict=True)
    ]
    least = sum(widths) + GAP * (len(widths) - 1)
    if least <= width():
        body = _laid_out(table, headers, footers, widths)
    else:
        least, body = _wrapped(table)
    title = _told(visible(table.title, "\n"), "bold", least) + "\n" if table.title else ""
    notes = [_told(visible(note), least=least) for note in table.notes]
    return "".join((title, body, *(["\n"] if notes else []), *notes))


def _laid_out(table: Table, headers: list[list[str]], footers: list[str], widths: list[int]) -> str:
    """A table that fits: thirty times as fast as Rich, which need not even be loaded, and the same text."""
    rights = [column.right for column in table.columns]

    def line(texts: Sequence[str], style: str) -> str:
        placed = zip(texts, widths, rights, strict=True)
        return styled((" " * GAP).join(_placed(*each) for each in placed).rstrip(), style)

    rule = "─" * (sum(widths) + GAP * (len(widths) - 1))
    headed = any(map(any, headers))
    above = [*zip_longest(*map(reversed, headers), fillvalue="")][::-1]
    lines = [*(line(texts, "bold") for texts in above), rule] if headed else []
    lines += [line(texts, _style(table, row)) for row, *texts in zip(table.rows, *table.cells, strict=True)]
    lines += [rule, line(footers, "bold")] if table.footer else []
    return "".join(f"{each}\n" for each in lines)


def _placed(text: str, room: int, right: bool) -> str:
    found = text.rstrip() if right else text
    blank = " " * (room - cells(found))
    return blank + found if right else found + blank


def _wrapped(table: Table) -> tuple[int, str]:
    """A table that is too wide, its texts folded, and how wide it is then."""
    from rich.text import Text

    rich, least = _columns(table)
    for row, *texts in zip(table.rows, *table.cells, strict=True):
        rich.add_row(*(Text(text, _style(table, row)) for text in texts))
    with capture(least) as console:
        console.print(rich)
    return least, console.captured()


def _columns(table: Table) -> tuple[RichTable, int]:
    """A table of Rich's without rows, and the width that it has at least."""
    from rich import box
    from rich.table import Table as RichTable

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
    least = -GAP
    for column, longest in zip(table.columns, map(len, widest(table)), strict=True):
        # Numbers stay whole; text gives way, and is wrapped, where the terminal is narrow.
        narrowest = longest if column.right else min(longest, NARROWEST)
        least += narrowest + GAP
        rich.add_column(
            visible(column.header, "\n"),
            visible(table.footer.get(column.key, "")),
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=column.right,
            min_width=narrowest,
            max_width=longest,
        )
    return rich, least


def _style(table: Table, row: Any) -> str:
    if isinstance(row, Heading):
        return "bold"
    return "bold red" if table.alarming(row) else ""
