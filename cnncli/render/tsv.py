"""A document's sheet as tab-separated values: one line a row, whatever stands in its cells."""

from __future__ import annotations

from cnncli.document.document import Document
from cnncli.render.csv import cells
from cnncli.words import visible


def write(document: Document) -> str:
    rows = ("\t".join("" if cell is None else visible(str(cell)) for cell in row) for row in cells(document.sheet()))
    return "".join(f"{row}\n" for row in rows)
