"""A document as Markdown: pipe tables, and fenced blocks that forges colour as a diff."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cnncli.document import READABLE, UNLIMITED
from cnncli.document.document import Document, Listing, Paragraphs, Section
from cnncli.document.table import Column, Heading, Table, pages
from cnncli.words import visible

MARKS = {"changed": "!", "added": "+", "removed": "-"}


_READ = re.compile(
    r"[\\`*\[\]|]|(?<!\w)_|_(?!\w)|~(?=~)"  # escapes, code, emphasis, links and pictures, cells
    r"|^(?=\s*(?:[#>]|~~|[-+=](?:[-+=\s]|$)))"  # headings, quotes, lists, rules, fences
    r"|^\s*\d+(?=[.)](?:\s|$))",  # numbered lists, whose point is escaped
    re.MULTILINE,
)
_ELEMENT = re.compile(r"<(?=[A-Za-z/!?])|&(?=[A-Za-z#])")
_MENTION = re.compile(r"(?<![A-Za-z0-9_`])([@#])(?=\w)|(?<=[A-Za-z])(://)|(?<![A-Za-z0-9])(www)(?=\.)")
"""What a forge makes a link of: people, issues, addresses."""
UNREAD = "<!-- -->"
"""A comment, which ends a word to a forge and shows nothing."""


def escaped(text: str) -> str:
    """`text` as a forge shows it, with nothing in it that is read as Markdown, HTML or a mention; lines stay lines."""
    spelled = _READ.sub(_escape, visible(text, "\n"))
    spelled = _ELEMENT.sub(lambda found: "&lt;" if found[0] == "<" else "&amp;", spelled)
    spelled = re.sub(r"^ (?=   )", "&nbsp;", spelled, flags=re.MULTILINE)  # else it would be a block of code
    return _MENTION.sub(lambda found: found[0] + UNREAD, spelled)


def _escape(found: re.Match[str]) -> str:
    return f"{found[0]}\\" if found[0][-1:].isdigit() else f"\\{found[0]}"


def write(document: Document) -> str:
    written = [f"### {escaped(f'{document.title}: {document.conclusion}')}\n"] if document.conclusion else []
    written += [text for section in document.sections(UNLIMITED) for text in _section(section)]
    return "\n".join(written)


def _section(section: Section) -> list[str]:
    if isinstance(section, Table):
        return [_table(page) for page in pages(section, READABLE)]
    return [_listing(section) if isinstance(section, Listing) else _paragraphs(section)]


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
    lines.append(_row([_line(column.header) for column in table.columns]))
    lines.append(_row(["---:" if column.right else "---" for column in table.columns]))
    lines.extend(_row([_cell(column, row) for column in table.columns]) for row in table.rows)
    if table.footer:
        lines.append(_row([_strong(_line(table.footer.get(column.key, ""))) for column in table.columns]))
    if table.notes:
        lines.extend(["", *(f"{_line(note)}  " if note else "" for note in table.notes)])
    return "\n".join(lines) + "\n"


def _cell(column: Column, row: Any) -> str:
    said = column.cell(row)
    text = said if said == "=" else escaped(said)  # which underlines a heading only on a line of its own
    return _strong(text) if isinstance(row, Heading) else text


def _line(text: str) -> str:
    return escaped(" ".join(text.split("\n")))


def _strong(text: str) -> str:
    return f"**{text}**" if text.strip() else ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
