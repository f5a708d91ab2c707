"""A document for a terminal or a pipe: rules and, on a terminal, colours."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from rich import box
from rich.cells import set_cell_size
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.style import Style
from rich.table import Table as RichTable
from rich.text import Text

from cnncli.document.document import Document, Listing, Paragraphs, Section
from cnncli.document.table import GAP, NARROWEST, Column, Heading, Table, natural_width, widest
from cnncli.render.console import capture, width
from cnncli.words import visible

MARKS = {"equal": (" ", "dim"), "changed": ("~", "yellow"), "added": ("+", "green"), "removed": ("-", "red")}
BARS = "cyan"
UNMARKED = (" ", "dim")


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
    return "".join(
        textwrap.fill(visible(line), width(), subsequent_indent=" " * _indent(line)) + "\n" for line in paragraphs.lines
    )


def _indent(line: str) -> int:
    """Of what a list's item goes on in, below its own text."""
    found = re.match(r" *- ", line)
    return len(found[0]) if found else 0


def _lines(lines: Sequence[str]) -> str:
    with capture() as console:
        for line in lines:
            console.print(Text(visible(line)))
    return console.captured()


def _listing(listing: Listing) -> str:
    """As a diff is shown; a line that is too long goes on indented."""
    with capture() as console:
        lines = [(listing.heading, "bold")]
        for line in listing.lines:
            sign, style = MARKS.get(line.mark, UNMARKED)
            lines.append((f"{sign} {line.text}", style))
        for text, style in lines:
            for piece in textwrap.wrap(visible(text), width(), subsequent_indent="    "):
                console.print(Text(piece, style))
    return console.captured()


def _table(table: Table) -> str:
    fits = natural_width(table) <= width()
    longest = list(map(len, widest(table)))
    styles = [_style(table, row) for row in table.rows]
    if fits:
        rich, least = _prepared(table, longest, styles), 0
    else:
        rich, least = _wrapped(table, longest, styles)
    with capture(least) as console:
        if table.title:
            console.print(Text(visible(table.title, "\n"), style="bold"), end="\n\n")
        console.print(rich, crop=False)  # it is no wider than the console
        if table.notes:
            console.print(Text("\n".join(["", *map(visible, table.notes)])))
    return console.captured()


def _of(column: Column, styles: Sequence[str]) -> Sequence[str]:
    """The rows' styles in a column: that of bars where a row has none."""
    return [style or BARS for style in styles] if column.bar else styles


def _empty(table: Table, **settings: Any) -> RichTable:
    """A table of Rich's without columns and rows."""
    return RichTable(
        box=box.SIMPLE,
        show_header=any(column.header for column in table.columns),
        show_footer=bool(table.footer),
        show_edge=False,
        header_style="bold",
        footer_style="bold",
        **settings,
    )


def _prepared(table: Table, longest: Sequence[int], styles: Sequence[str]) -> RichTable:
    """The table where nothing has to give way: all rows as one, of cells that are as wide as their column.

    So Rich measures, pads and wraps nothing, which takes it most of its time, and sets them side by side.
    """
    rich = _empty(table, padding=0)
    gaps = [GAP - 1] * (len(longest) - 1) + [0]  # the box itself has a blank between two columns
    for column, room, gap in zip(table.columns, longest, gaps, strict=True):
        rich.add_column(
            Padding(visible(column.header, "\n"), (0, gap, 0, 0)),
            Padding(visible(table.footer.get(column.key, "")), (0, gap, 0, 0)),
            justify="right" if column.right else "left",
            no_wrap=True,
            width=room + gap,
        )
    rich.add_row(
        *(
            Segments(_lines_of(column, texts, _of(column, styles), room, " " * gap))
            for column, texts, room, gap in zip(table.columns, table.cells, longest, gaps, strict=True)
        )
    )
    return rich


def _lines_of(column: Column, texts: Sequence[str], styles: Sequence[str], room: int, gap: str) -> list[Segment]:
    """The cells of a column below each other, each in its style, which the blanks around it have not."""
    cells = [_filled(text, room, column.right) + gap for text in texts]
    if not any(styles):
        return [Segment("\n".join(cells))]
    segments = []
    for text, cell, style in zip(texts, cells, styles, strict=True):
        start, end = (room - len(text.rstrip()), room) if column.right else (0, len(text))
        segments += [Segment(cell[:start]), Segment(cell[start:end], Style.parse(style)), Segment(f"{cell[end:]}\n")]
    return segments


def _filled(text: str, room: int, right: bool) -> str:
    """To as many cells of the terminal; what stands on the right are numbers, a cell a character."""
    return text.rstrip().rjust(room) if right else set_cell_size(text, room)


def _wrapped(table: Table, longest: Sequence[int], styles: Sequence[str]) -> tuple[RichTable, int]:
    """The table, with cells that Rich wraps, and the width that it has at least.

    Where a terminal is narrow, numbers stay whole, and text gives way.
    """
    whole = _by_words(table, width(), str.split) or _by_words(table, width(), _pieces)
    rooms = whole or [
        size if column.right else min(size, NARROWEST) for column, size in zip(table.columns, longest, strict=True)
    ]
    rich = _empty(table, pad_edge=False, collapse_padding=True)
    for column, most, room in zip(table.columns, longest, rooms, strict=True):
        rich.add_column(
            visible(column.header, "\n"),
            visible(table.footer.get(column.key, "")),
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=column.right,
            min_width=room,
            max_width=room if whole else most,
        )
    for style, *texts in zip(styles, *table.cells, strict=True):
        broken = [_broken(text, room) for text, room in zip(texts, rooms, strict=True)] if whole else texts
        rich.add_row(*(Text(text, *_of(column, [style])) for column, text in zip(table.columns, broken, strict=True)))
    return rich, sum(rooms) + GAP * (len(rooms) - 1)


OPTION = re.compile(r"(?<=[,:])(?=[a-z_]+=)")
"""Where a reference may go on in a further line: before an option."""


def _pieces(text: str) -> list[str]:
    """Words, and references at their options, each with the blanks that a text begins with."""
    indent = " " * (len(text) - len(text.lstrip()))
    return [indent + piece for word in text.split() for piece in OPTION.split(word)]


def _broken(text: str, room: int) -> str:
    """A text with lines broken before options where a word is wider than its column: so it can be read, and typed."""
    indent = " " * (len(text) - len(text.lstrip()))
    if max(map(len, text.split()), default=0) <= room - len(indent):
        return text
    lines = [""]
    for piece in OPTION.split(text.lstrip()):
        if lines[-1] and len(indent + lines[-1] + piece) > room:
            lines.append("")
        lines[-1] += piece
    return "\n".join(indent + line for line in lines)


def _by_words(table: Table, wide: int, words_of: Callable[[str], list[str]]) -> list[int] | None:
    """Widths of columns at which text is wrapped between such words only, where there is room for that.

    What is left over goes to each column by what it lacks.
    """
    longest = list(map(len, widest(table)))
    least = []
    for column, cells, size in zip(table.columns, table.cells, longest, strict=True):
        texts = (column.header, table.footer.get(column.key, ""), *cells)
        words = (word for text in texts for word in words_of(text))
        least.append(size if column.right else max(map(len, words), default=0))
    over = wide - sum(least) - GAP * (len(least) - 1)
    lacking = sum(longest) - sum(least)
    if over < 0 or lacking <= 0:
        return None
    return [size + over * (most - size) // lacking for size, most in zip(least, longest, strict=True)]


def _style(table: Table, row: Any) -> str:
    if isinstance(row, Heading):
        return "bold"
    return "bold red" if table.alarming(row) else ""
