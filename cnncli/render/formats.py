"""The formats of a report: a new one is a module of this package with `write(document) -> str`, and a line here."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncli.document.prose import enumerated
from cnncli.errors import UsageError

if TYPE_CHECKING:
    from cnncli.document.document import Document


class Format(NamedTuple):
    """`module` is loaded when it writes; a file with one of the `suffixes` has the format without being told.

    `checks` marks formats of checks alone; `about` says in `--help` what the name does not.
    """

    module: str
    suffixes: tuple[str, ...] = ()
    checks: bool = False
    about: str = ""


FORMATS = {
    "table": Format("text"),
    "json": Format("json", (".json",)),
    "csv": Format("csv", (".csv",)),
    "tsv": Format("tsv", (".tsv",)),
    "markdown": Format("markdown", (".md",)),
    "latex": Format("latex", (".tex",)),
    "html": Format("html", (".html", ".htm")),
    "junit": Format("junit", (".xml",), checks=True, about="XML"),
    "github": Format("github", checks=True, about="annotations of a workflow"),
    "gitlab": Format("gitlab", checks=True, about="its Code Quality report"),
}


def offered(*, checks: bool) -> list[str]:
    """The names of the formats that a report can have, of checks or of anything else."""
    return [name for name, format in FORMATS.items() if checks or not format.checks]


PLAIN = ("", ".txt")
"""Suffixes that say nothing of a format, so that a table is written."""


def of_file(path: Path, names: Sequence[str], drawn: Sequence[str] = ()) -> str:
    """The format among `names` that a file's suffix says; a table where the suffix says nothing.

    `drawn` are suffixes of pictures, which the command makes too.

    Raises UsageError for any other suffix: no file is to hold what its name does not say.
    """
    suffix = path.suffix.lower()
    if suffix in PLAIN:
        return "table"
    known = {suffix: name for name in names for suffix in FORMATS[name].suffixes}
    if suffix not in known:
        raise UsageError(f"{path}: nothing is written as {suffix}; use {enumerated([*drawn, *known, '.txt'], 'or')}")
    return known[suffix]


def write(document: Document, format: str) -> str:
    """The document in the format of that name."""
    text: str = import_module(f"{__package__}.{FORMATS[format].module}").write(document)
    return text
