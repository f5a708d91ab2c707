"""Tables that leave out columns where a terminal is narrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from cnncli.document.numbers import grouped, scaled
from cnncli.document.prose import enumerated
from cnncli.document.table import Table, natural_width, widest

WRAPPED = 36
"""Characters of a column that can still be read where it is wrapped."""


def fitting(table: Table, width: int, *dropped: Sequence[str], wraps: str = "") -> Table:
    """The table with exact figures, else in short, else without as many columns as it takes, those named first first.

    The column `wraps` may be wrapped before that. Where nothing more can be left out, all texts are.
    """
    if natural_width(table) <= width:
        return table
    columns = [column._replace(text=scaled) if column.text is grouped else column for column in table.columns]
    for keys in ((), *dropped):
        columns = [column for column in columns if column.key not in keys]
        table = replace(table, columns=columns)
        if _least(table, wraps) <= width:
            break
    return table


def _least(table: Table, wraps: str) -> int:
    longest = (size for column, size in zip(table.columns, map(len, widest(table)), strict=True) if column.key == wraps)
    return natural_width(table) - sum(max(0, size - WRAPPED) for size in longest)


def giving_way(
    table: Table, width: int, scarce: Iterable[str], least: Callable[[Table], int] = natural_width
) -> tuple[Table, list[str]]:
    """The table without the columns for which there is no room, those named first first, and a note that says so.

    `least` is how wide a table must be.
    """
    left_out: list[str] = []
    for key in scarce:
        if least(table) > width:
            left_out += [column.header for column in table.columns if column.key == key]
            table = replace(table, columns=[column for column in table.columns if column.key != key])
    return table, [f"Left out for want of room: {enumerated(left_out)}."] if left_out else []
