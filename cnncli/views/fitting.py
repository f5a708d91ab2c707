"""Tables that leave out columns where a terminal is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnncli.document.numbers import grouped, scaled
from cnncli.document.table import Table, natural_width


def fitting(table: Table, width: int, *dropped: Sequence[str]) -> Table:
    """The table with exact figures, else in short, else without as many columns as it takes, those named first first.

    Where that is not enough its texts are wrapped, as are those of a table from which nothing more can be left out.
    """
    if natural_width(table) <= width:
        return table
    columns = [column._replace(text=scaled) if column.text is grouped else column for column in table.columns]
    for keys in ((), *dropped):
        columns = [column for column in columns if column.key not in keys]
        table = replace(table, columns=columns)
        if natural_width(table) <= width:
            break
    return table
