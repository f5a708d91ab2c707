"""A document as Markdown: pipe tables, and fenced blocks that forges colour as a diff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.document import UNLIMITED
from cnncli.document.document import Document, Listing, Paragraphs, Section
from cnncli.document.table import Column, Heading, Table
from cnncli.words import visible

MARKS = {"changed": "!", "added": "+", "removed": "-"}


def write(document: Document) -> str:
    written = [f"### {document.title}: {document.conclusion}\n"] if document.conclusion else []
    written += [_section(section) for section in document.sections(UNLIMITED)]
    return visible("\n".join(written), "\n")


def _section(section: Section) -> str:
    if isinstance(section, Table):
        return _table(section)
    return _listing(section) if isinstance(section, Listing) else _paragraphs(section)


def _paragraphs(paragraphs: Paragraphs) -> str:
    return "".join(f"{line}\n" for line in paragraphs.lines)


def _listing(listing: Listing) -> str:
    if not listing.lines:
        return f"{visible(listing.heading)}\n"
    body = [f"{MARKS.get(line.mark, ' ')} {visible(line.text)}" for line in listing.lines]
    return "\n".join([f"**{visible(listing.heading)}**", "", "```diff", *body, "```", ""])


def _table(table: Table) -> str:
    """The title as a line above, the footer as the last row."""
    lines = [f"**{table.title}**", ""] if table.title else []
    lines.append(_row([column.header.replace("\n", " ") for column in table.columns]))
    lines.append(_row(["---:" if column.right else "---" for column in table.columns]))
    lines.extend(_row([_cell(column, row) for column in table.columns]) for row in table.rows)
    if table.footer:
        lines.append(_row([_strong(table.footer.get(column.key, "")) for column in table.columns]))
    if table.notes:
        lines.extend(["", *(f"{visible(note)}  " if note else "" for note in table.notes)])
    return "\n".join(lines) + "\n"


def _cell(column: Column, row: Any) -> str:
    return _strong(column.cell(row)) if isinstance(row, Heading) else column.cell(row)


def _strong(text: str) -> str:
    return f"**{text}**" if text else ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(visible(cell).replace("|", "\\|") for cell in cells) + " |"
