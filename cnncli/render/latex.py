r"""A document as LaTeX: a fragment to \input, with booktabs' rules and nothing else that LaTeX lacks by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from cnncli.document.document import Document, Listing, Paragraphs, Section
from cnncli.document.table import Column, Heading, Table, natural_width, widest
from cnncli.words import visible

PAPER = 110
"""Characters that a page is wide, in the small type of the tables."""
MARKS = {"changed": r"$\sim$", "added": "$+$", "removed": "$-$"}

_SPELLED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "[": "{[}", "]": "{]}", "*": "{*}",
    "×": r"$\times$", "→": r"$\rightarrow$", "±": r"$\pm$", "≤": r"$\leq$", "≥": r"$\geq$", "−": "$-$", "·": r"$\cdot$",
    "Δ": r"$\Delta$", "★": r"$\star$", "✓": r"$\surd$", "✗": r"$\times$", "–": "--", "—": "---", "…": r"\ldots{}",
}  # fmt: skip
# Brackets and stars would be read as arguments of the \\ before them; of these, two become one.
_DOUBLED = "-'`,"
_KNOWN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")
"""The letters that every LaTeX since 2018 reads and every font of its has."""


def escaped(text: str) -> str:
    """`text` as LaTeX prints it; a character that only some LaTeX knows is written out, as `\\u4e2d`."""
    spelled, before = [], ""
    for character in visible(text):
        if character in _DOUBLED and character == before:
            spelled.append("{}")
        spelled.append(_spelled(character))
        before = character
    return "".join(spelled)


def _spelled(character: str) -> str:
    if character in _SPELLED:
        return _SPELLED[character]
    return character if character.isascii() or character in _KNOWN else rf"\textbackslash{{}}u{ord(character):04x}"


def write(document: Document) -> str:
    """Section below section, as a page has room."""
    written = [r"% needs \usepackage{booktabs}" + "\n"]
    if document.conclusion:
        written.append(f"{escaped(document.title)}: {escaped(document.conclusion)}\n")
    written += [_section(section) for section in document.sections(PAPER)]
    return "\n".join(written)


def _section(section: Section) -> str:
    if isinstance(section, Table):
        return "\n".join(_table(section)) + "\n"
    return _listing(section) if isinstance(section, Listing) else _paragraphs(section)


def _paragraphs(paragraphs: Paragraphs) -> str:
    return "\n\n".join(map(escaped, paragraphs.lines)) + "\n"


def _listing(listing: Listing) -> str:
    heading = rf"\noindent\textbf{{{escaped(listing.heading)}}}"
    if not listing.lines:
        return heading + "\n"
    items = [rf"\item[{MARKS.get(line.mark, '')}] {escaped(line.text)}" for line in listing.lines]
    return "\n".join([heading, r"\begin{itemize}", *items, r"\end{itemize}", ""])


def _table(table: Table) -> Iterator[str]:
    """The title as the caption, the notes below."""
    yield from (r"\begin{table}[htbp]", r"\centering", r"\small")
    if table.title:
        yield rf"\caption{{{'. '.join(escaped(' '.join(line.split())) for line in table.title.splitlines())}}}"
    yield rf"\begin{{tabular}}{{{''.join(_kinds(table))}}}"
    yield r"\toprule"
    if any(column.header for column in table.columns):
        yield from map(_row, _headers(table.columns))
        yield r"\midrule"
    for row in table.rows:
        cells = [_cell(column, row) for column in table.columns]
        strong = isinstance(row, Heading) or table.alarming(row)
        yield _row(map(_strong, cells) if strong else cells)
    if table.footer:
        yield r"\midrule"
        yield _row(_strong(escaped(table.footer.get(column.key, ""))) for column in table.columns)
    yield from (r"\bottomrule", r"\end{tabular}")
    if table.notes:
        yield from ("", r"\medskip", r"\begin{flushleft}", r"\footnotesize")
        yield " \\\\\n".join(escaped(" ".join(note.split())) for note in table.notes if note)
        yield r"\end{flushleft}"
    yield r"\end{table}"


def _kinds(table: Table) -> list[str]:
    """How LaTeX sets each column. Where the page has no room for all of them, the widest text takes what is left."""
    longest = list(map(len, widest(table)))
    texts = [place for place, column in enumerate(table.columns) if not column.right]
    kinds = ["r" if column.right else "l" for column in table.columns]
    if texts and natural_width(table) > PAPER:
        widest_text = max(texts, key=longest.__getitem__)
        others = sum(longest) - longest[widest_text]
        if others <= PAPER / 2:
            gaps = rf"{2 * len(kinds)}\tabcolsep"
            kinds[widest_text] = rf"p{{\dimexpr\linewidth-{others * EMS:.1f}em-{gaps}\relax}}"
    return kinds


EMS = 0.55
"""How wide a character is, a little more than of Computer Modern's on an average."""
CENTIMETRES = 3.0
"""Of a whole bar."""


def _cell(column: Column, row: Any) -> str:
    """The text; a bar, of which fonts lack the characters, as a rule before it."""
    if not column.bar or isinstance(row, Heading):
        return escaped(column.cell(row))
    percent = column.value(row) or 0
    return rf"\rule{{{percent / 100 * CENTIMETRES:.2f}cm}}{{1.2ex}} {escaped(column.text(percent))}".rstrip()


def _headers(columns: Sequence[Column]) -> list[list[str]]:
    """A row for each line of the headers; those of fewer lines stand at the bottom."""
    lines = [[escaped(line) for line in reversed(column.header.split("\n"))] for column in columns]
    return [list(row) for row in reversed(list(zip_longest(*lines, fillvalue="")))]


def _row(cells: Sequence[str] | Iterator[str]) -> str:
    return " & ".join(cells) + r" \\"


def _strong(text: str) -> str:
    return rf"\textbf{{{text}}}" if text else ""
