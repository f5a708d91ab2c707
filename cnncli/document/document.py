"""A report as facts and sections, before it is anything that a person or a program reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from cnncli.document.table import Table, stacked
from cnncli.records import Record, record


class Paragraphs(NamedTuple):
    """Sentences, each on a line of its own."""

    lines: Sequence[str]


class Line(NamedTuple):
    """A line of a listing, and what became of what it tells: equal, changed, added, removed, or nothing."""

    mark: str
    text: str


class Listing(NamedTuple):
    """Lines below a heading, such as a diff's; without lines the heading says all there is."""

    heading: str
    lines: Sequence[Line] = ()


Section = Table | Paragraphs | Listing


Data = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def listed(data: Data) -> Sequence[Mapping[str, Any]]:
    """The reports that data holds, one or several."""
    return [data] if isinstance(data, Mapping) else data


class Check(NamedTuple):
    """What a check of something came to. `place` is the file and the line that ask for it."""

    subject: str
    name: str
    passed: bool
    message: str
    place: tuple[str, int] | None = None


def _no_checks() -> Sequence[Check]:
    return ()


@record
class Document(Record):
    """What a command has to say. Each part is worked out only where a format reads it.

    `sections` are for people, for a width in characters; `data` is what JSON holds (of several reports a sequence,
    written a line each); `sheet` is the one table of plain values; `checks` are what a pipeline reports.
    """

    title: str
    sections: Callable[[int], Sequence[Section]]
    data: Callable[[], Data]
    sheet: Callable[[], Table]
    checks: Callable[[], Sequence[Check]] = _no_checks
    conclusion: str = ""
    """The answer in one line: below everything else at a terminal, above it on a page."""


def together(documents: Sequence[Document]) -> Document:
    """Several reports of one kind as one; one is itself."""
    if len(documents) == 1:
        return documents[0]
    return Document(
        title=", ".join(document.title for document in documents),
        sections=lambda width: [section for document in documents for section in document.sections(width)],
        data=lambda: [one for document in documents for one in listed(document.data())],
        sheet=lambda: stacked([document.sheet() for document in documents]),
    )
