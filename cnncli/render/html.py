"""A document as one page of HTML: complete by itself, light or dark as the reader has it, nothing in it that runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from cnncli.document import UNLIMITED
from cnncli.document.document import Document, Listing, Paragraphs, Section
from cnncli.document.table import Column, Heading, Table
from cnncli.words import visible

STYLE = """\
:root { color-scheme: light dark; --removed: #b00020; --added: #1b6e20; --changed: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --removed: #ff8a80; --added: #9ccc65; --changed: #ffd54f; } }
body { margin: 2rem; font: 0.95rem/1.45 system-ui, sans-serif; background: Canvas; color: CanvasText; }
section { margin: 0 0 2rem; overflow-x: auto; }
h1 { font-size: 1.3rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: 0.6rem; white-space: pre-line; }
th, td { text-align: left; vertical-align: bottom; padding: 0.15rem 1rem 0.15rem 0; }
th.right, td.right { text-align: right; }
thead th { border-bottom: 1px solid; }
tfoot td { border-top: 1px solid; font-weight: 600; }
tr.heading td { font-weight: 600; padding-top: 0.5rem; }
tr.alarming td, li.removed { color: var(--removed); }
li.added { color: var(--added); }
li.changed { color: var(--changed); }
ul { list-style: none; padding: 0; font-family: ui-monospace, monospace; }
pre { white-space: pre-wrap; }"""
MARKS = {"changed": "~", "added": "+", "removed": "−"}


def write(document: Document) -> str:
    """Everything that is in no table stands as it does at a terminal, below the title."""
    title = _text(document.title)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        f"<style>\n{STYLE}\n</style>",
        "</head>",
        "<body>",
        f"<h1>{title}</h1>",
    ]
    if document.conclusion:
        lines.append(f"<p>{_text(document.conclusion)}</p>")
    for section in document.sections(UNLIMITED):
        lines += ["<section>", *_section(section), "</section>"]
    return "\n".join([*lines, "</body>", "</html>", ""])


def _section(section: Section) -> Iterator[str]:
    if isinstance(section, Paragraphs):
        yield from (f"<p>{_text(line)}</p>" for line in section.lines)
    elif isinstance(section, Listing):
        yield f"<p><strong>{_text(section.heading)}</strong></p>"
        items = [
            f'<li class="{line.mark or "plain"}">{MARKS.get(line.mark, "&nbsp;")} {_text(line.text)}</li>'
            for line in section.lines
        ]
        yield from ["<ul>", *items, "</ul>"] if items else []
    else:
        yield from _table(section)


def _table(table: Table) -> Iterator[str]:
    yield "<table>"
    if table.title:
        yield f"<caption>{_text(table.title)}</caption>"
    yield f"<thead>{_row(table.columns, [column.header for column in table.columns], 'th')}</thead>"
    yield "<tbody>"
    for row in table.rows:
        kind = "heading" if isinstance(row, Heading) else "alarming" if table.alarming(row) else ""
        yield _row(table.columns, [column.cell(row) for column in table.columns], "td", kind)
    yield "</tbody>"
    if table.footer:
        texts = [table.footer.get(column.key, "") for column in table.columns]
        yield f"<tfoot>{_row(table.columns, texts, 'td')}</tfoot>"
    yield "</table>"
    if table.notes:
        yield "<pre>" + "\n".join(map(_text, table.notes)) + "</pre>"


def _row(columns: Sequence[Column], texts: Sequence[str], cell: str, kind: str = "") -> str:
    opened = [f'<{cell} class="right">' if column.right else f"<{cell}>" for column in columns]
    cells = "".join(f"{tag}{_text(text)}</{cell}>" for tag, text in zip(opened, texts, strict=True))
    return f'<tr class="{kind}">{cells}</tr>' if kind else f"<tr>{cells}</tr>"


def _text(text: str) -> str:
    return escape(visible(text, "\n")).replace("\n", "<br>")
