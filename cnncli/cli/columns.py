"""Which columns of a table are shown, and by which one its rows are ordered: options of the commands that have one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

import typer

from cnncli.cli import complete
from cnncli.cli.options import Command, adding, option


class Columns(NamedTuple):
    """As they were typed; None for what was not."""

    shown: str | None
    sort: str | None


def column_options(keys: Callable[[], Sequence[str]]) -> Callable[[Callable[..., None]], Command]:
    """Give a command --columns and --sort, for its parameter `columns`; `keys` are those of its table's columns."""
    return adding("columns", lambda: _options(keys()), _columns)


def _options(keys: Sequence[str]) -> list[inspect.Parameter]:
    columns = typer.Option(
        help=f"Columns, separated by commas, by these keys or by their headers: {', '.join(keys)}.", metavar="KEYS",
        autocompletion=complete.listed(keys), show_default=False,
    )  # fmt: skip
    sort = typer.Option(
        help="Order rows by this column: numbers from the largest, all else from a to z; -COLUMN: from the largest, "
        "or z; +COLUMN: from the least, or a.",
        metavar="COLUMN", autocompletion=complete.one_of(keys), show_default=False,
    )  # fmt: skip
    return [
        option("columns", Annotated[list[str] | None, columns], None),
        option("sort", Annotated[str | None, sort], None),
    ]


def _columns(columns: Sequence[str] | None, sort: str | None) -> Columns:
    return Columns(joined(columns), sort)


def joined(lists: Sequence[str] | None) -> str | None:
    """What was asked for at several times, as if at once; None where nothing was."""
    return ",".join(lists) if lists else None
