"""A page of help: for a terminal of any width, or as a manual's page of roff, which `man` shows."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from cnncli import __version__
from cnncli.document import UNLIMITED
from cnncli.document.manual import Chapter, Manual
from cnncli.render.console import coloured, width

NARROW = 70
"""Characters below which what a name means stands below it."""
WIDEST = 100
"""Characters that are still read as a line."""
PIPED = 80
"""Characters of a line that nobody has said the width of: help is read, not counted."""
LONGEST = 26
"""Characters of a name that what it means stands beside."""
LEAST, INDENT, GAP = 16, 6, 2
BOLD, NAME, PLAIN = "\x1b[1m", "\x1b[36m", "\x1b[0m"


def text(manual: Manual) -> str:
    """For the standard output: as wide as that, with its colours."""
    wide = PIPED if width() >= UNLIMITED else max(LEAST, min(width(), WIDEST))
    return "\n".join(_lines(manual, wide, colours=coloured())) + "\n"


def _lines(manual: Manual, wide: int, *, colours: bool) -> Iterator[str]:
    if manual.synopsis:
        usage = _wrapped(f"Usage: {manual.name} {manual.synopsis}", wide, 0, INDENT)
        yield from usage
        yield ""
    names = [entry.name for chapter in manual.chapters if not chapter.below for entry in chapter.entries]
    beside = max((len(name) for name in names if len(name) <= LONGEST), default=0)
    for place, paragraph in enumerate(manual.paragraphs):
        yield from ([""] if place else [])
        yield from _wrapped(paragraph, wide, 0)
    for chapter in manual.chapters:
        yield ""
        for line in _wrapped(f"{chapter.title}:", wide, 0):
            yield f"{BOLD}{line}{PLAIN}" if colours else line
        for place, paragraph in enumerate(chapter.paragraphs):
            yield from ([""] if place else [])
            yield from _wrapped(paragraph, wide, GAP)
        yield from ([""] if chapter.paragraphs and chapter.entries else [])
        stacked = chapter.below or wide < NARROW
        yield from _entries(chapter, wide, INDENT if stacked else beside + 2 * GAP, stacked, colours)


def _entries(chapter: Chapter, wide: int, start: int, stacked: bool, colours: bool) -> Iterator[str]:
    """Names, and what they mean from the column `start` on: beside the name where there is room for both."""
    for name, meaning in chapter.entries:
        named = _wrapped(name, wide, GAP, INDENT)
        told = _wrapped(meaning, wide, start)
        shown = [f"{' ' * GAP}{NAME}{line.strip()}{PLAIN}" if colours else line for line in named]
        if not stacked and len(named) == 1 and len(named[0]) + GAP <= start and told:
            yield shown[0] + told[0][len(named[0]) :]
            yield from told[1:]
        else:
            yield from (*shown, *told)


def _wrapped(words: str, wide: int, indent: int, further: int | None = None) -> list[str]:
    """Lines of a text, the first and the `further` ones indented; a word that is too long goes on in the next line."""
    blanks, later = " " * indent, " " * (indent if further is None else further)
    return textwrap.wrap(
        " ".join(words.split()), wide, initial_indent=blanks, subsequent_indent=later, break_on_hyphens=False
    )


def roff(manual: Manual, section: int, about: str) -> str:
    """For `man`: a page of that section of the manual, with its name and `about` as it is found by (man-pages(7))."""
    dashed = manual.name.replace(" ", "-")
    lines = [f'.TH "{dashed.upper()}" "{section}" "" "cnncli {__version__}"', ".nh", ".ad l"]
    lines += [".SH NAME", f"{_escaped(dashed)} \\- {_escaped(about)}"]
    if manual.synopsis:
        lines += [".SH SYNOPSIS", f".B {_escaped(manual.name)}", _escaped(manual.synopsis)]
    lines += [".SH DESCRIPTION", *_paragraphs(manual.paragraphs)]
    for chapter in manual.chapters:
        lines += [f'.SH "{_escaped(_headed(chapter.title))}"', *_paragraphs(chapter.paragraphs)]
        for name, meaning in chapter.entries:
            lines += [".TP", f"\\fB{_escaped(name)}\\fR", *([_escaped(meaning)] if meaning else [])]
    return "\n".join(lines) + "\n"


def _headed(title: str) -> str:
    """In capitals, as man-pages(7) has it, but for what is typed as it is."""
    return title if "`" in title else title.upper()


def _paragraphs(paragraphs: Sequence[str]) -> list[str]:
    return [line for paragraph in paragraphs for line in (".PP", _escaped(paragraph))]


def _escaped(words: str) -> str:
    """A text as it is to be read: no backslash, and no sign at its beginning, is an order; what is typed is bold."""
    plain = " ".join(words.split()).replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    typed = re.sub("`([^`]+)`", r"\\fB\1\\fR", plain)
    return f"\\&{typed}" if typed[:1] in (".", "'") else typed
