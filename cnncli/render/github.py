"""A document's checks as GitHub's workflow commands: an error for each that fails, else one notice."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.document.document import Check, Document
from cnncli.render.places import in_repository
from cnncli.words import visible


def write(document: Document) -> str:
    return "".join(f"{visible(line)}\n" for line in _annotations(document))


def _annotations(document: Document) -> Iterator[str]:
    failed = [check for check in document.checks() if not check.passed]
    for check in failed:
        yield f"::error title={_property(f'{check.subject} {check.name}')}{_place(check)}::{_escaped(check.message)}"
    if not failed:
        yield f"::notice title={_property(document.title)}::{_escaped(document.conclusion)}"


def _place(check: Check) -> str:
    """The line that asks for a check, where it stands in a file; annotations take paths from the repository's root."""
    if not check.place:
        return ""
    path, line = check.place
    return f",file={_property(in_repository(path, 'GITHUB_WORKSPACE'))},line={line}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
