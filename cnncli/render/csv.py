"""A document's sheet as comma-separated values: a header and rows, no units, no separators of thousands."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from cnncli.document.document import Document
from cnncli.document.table import Table
from cnncli.words import visible


def write(document: Document) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(cells(document.sheet()))
    return visible(buffer.getvalue(), "\n")


def cells(sheet: Table) -> Iterator[list[Any]]:
    """The keys of the columns, then the values of each row; shapes and other lists as 112x112x64.

    Text that a spreadsheet would take for a formula has an apostrophe before it, which says that it is text.
    """
    yield [joined(column.key) for column in sheet.columns]
    for row in sheet.rows:
        yield [joined(column.value(row)) for column in sheet.columns]


_FORMULA = re.compile(r"\s*(?:[=@].|[+-].*(?:[|!=&\"]|\w\())", re.DOTALL)
"""Text that a spreadsheet would compute. Behind a sign that is what calls something, no number and no words."""


def joined(value: Any) -> Any:
    """A value as a cell has it."""
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
