"""A document as Markdown: pipe tables, and fenced blocks that forges colour as a diff."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from cnncli.document import UNLIMITED
from cnncli.document.document import Document, Listing, Paragraphs, Section
from cnncli.document.table import Column, Heading, Table
from cnncli.words import visible

MARKS = {"changed": "!", "added": "+", "removed": "-"}


_INLINE = re.compile(r"[\\`*\[\]|]|(?<![^\W_])_|_(?![^\W_])|~(?=~)")
"""Escapes, code, emphasis, links and pictures, borders of cells."""
_BEGINNING = re.compile(
    r"^(?=\s*(?:[#>]|~~|[-+=](?:[-+=\s]|$)))"  # headings, quotes, lists, rules, fences
    r"|^\s*\d+(?=[.)](?:\s|$))",  # numbered lists, whose point is escaped
    re.MULTILINE,
)
"""What is read only where a line begins with it."""
_ELEMENT = re.compile(r"<(?=[A-Za-z/!?])|&(?=[A-Za-z#])")
_MENTION = re.compile(r"(?<![A-Za-z0-9_`])([@#])(?=\w)|(?<=[A-Za-z])(://)|(?<![A-Za-z0-9])(www)(?=\.)")
"""What a forge makes a link of: people, issues, addresses."""
UNREAD = "<!-- -->"
"""A comment, which ends a word to a forge and shows nothing."""


def escaped(text: str) -> str:
    """`text` as a forge shows it, with nothing in it that is read as Markdown, HTML or a mention; lines stay lines."""
    spelled = _BEGINNING.sub(lambda found: f"{found[0]}\\", inline(text))
    return re.sub(r"^ (?=   )", "&nbsp;", spelled, flags=re.MULTILINE)  # else it would be a block of code


def inline(text: str) -> str:
    """`text` behind the beginning of a line, as in a cell."""
    spelled = _INLINE.sub(lambda found: f"\\{found[0]}", visible(text, "\n"))
    spelled = _ELEMENT.sub(lambda found: "&lt;" if found[0] == "<" else "&amp;", spelled)
    return _MENTION.sub(lambda found: found[0] + UNREAD, spelled)


def write(document: Document) -> str:
    written = [f"### {escaped(f'{document.title}: {document.conclusion}')}\n"] if document.conclusion else []
    written += [_section(section) for section in document.sections(UNLIMITED)]
    return "\n".join(written)


def _section(section: Section) -> str:
    if isinstance(section, Table):
        return _table(section)
    return _listing(section) if isinstance(section, Listing) else _paragraphs(section)


def _paragraphs(paragraphs: Paragraphs) -> str:
    return "".join(f"{escaped(line)}\n" for line in paragraphs.lines)


def _listing(listing: Listing) -> str:
    if not listing.lines:
        return f"{escaped(listing.heading)}\n"
    body = [f"{MARKS.get(line.mark, ' ')} {visible(line.text)}" for line in listing.lines]
    longest = max(map(len, re.findall("`+", "\n".join(body))), default=0)
    fence = "`" * max(3, longest + 1)  # no line of the body closes it
    return "\n".join([_strong(escaped(listing.heading)), "", f"{fence}diff", *body, fence, ""])


def _table(table: Table) -> str:
    """The title as a line above, the footer as the last row."""
    lines = [_strong(escaped(table.title)), ""] if table.title else []
    lines.append(_row([_line(column.header, inline) for column in table.columns]))
    lines.append(_row(["---:" if column.right else "---" for column in table.columns]))
    lines.extend(_row([_cell(column, row) for column in table.columns]) for row in table.rows)
    if table.footer:
        lines.append(_row([_strong(_line(table.footer.get(column.key, ""), inline)) for column in table.columns]))
    if table.notes:
        lines.extend(["", *(f"{_line(note)}  " if note else "" for note in table.notes)])
    return "\n".join(lines) + "\n"


def _cell(column: Column, row: Any) -> str:
    text = inline(column.cell(row))
    return _strong(text) if isinstance(row, Heading) else text


def _line(text: str, spell: Callable[[str], str] = escaped) -> str:
    return spell(" ".join(text.split("\n")))


def _strong(text: str) -> str:
    return f"**{text}**" if text.strip() else ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
