"""A search whose rows go to a file as they come, and which another run takes up where it was interrupted."""

from __future__ import annotations

import filecmp
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from cnncli.errors import UsageError
from cnncli.files import check_target, replacing, workshop
from cnncli.search.engines import Engine
from cnncli.search.order import chunk_size, in_order
from cnncli.search.partial import Partial, Tally, beside, header_of, partial
from cnncli.search.searching import Asked
from cnncli.search.space import Space
from cnncli.search.tables import WRITERS, columns_of

Tell = Callable[[int], None]
"""Hears how many candidates are done."""


def is_streamed(target: Path) -> bool:
    """Whether a file of this name takes rows as they come."""
    return target.suffix.lower() in WRITERS


def check(target: Path, *, force: bool) -> None:
    """Raise before any work is done where the rows could not be written in the end: as files.check_target, and
    ImportError for what lacks. One that is there may be a search's whose partial file is yet to be removed.
    """
    if target.suffix.lower() == ".parquet":
        import_module("pyarrow.parquet")
    check_target(target, force=force or beside(target).exists())


def stream(space: Space, asked: Asked, engine: Engine, target: Path, *, force: bool, tell: Tell) -> Tally:
    """Work a space out and write its rows to a file, in the space's order.

    Without limits every candidate has a row, one that makes no network too, which says why; with limits those have one
    that keep all. Raises as `check`, UsageError where the partial file is another search's, and what the engine raises;
    what is done by then stands in the partial file.
    """
    check(target, force=force)
    with partial(target) as begun:
        begun.take_up(header_of(space, asked), force=force)
        tally = begun.tally
        if target.exists() and not force and tally.done < len(space):
            raise UsageError(f"{target} exists; add --force to replace it")
        tell(tally.done)
        try:
            _work_out(space, asked, engine, begun, tell)
        finally:
            if not tally.done:
                begun.remove()
        _finish(begun, space, asked, target, force=force)
        return tally


def _work_out(space: Space, asked: Asked, engine: Engine, begun: Partial, tell: Tell) -> None:
    """All that is not done; where nothing is missing the engine is not even started."""
    if begun.tally.done == len(space):
        return
    with engine as working:
        for stop, rows in in_order(space, working, begun.tally.done, chunk_size(len(space), working.room)):
            begun.append(rows, stop, keep_impossible=not asked.limits)
            tell(stop)


def _finish(begun: Partial, space: Space, asked: Asked, target: Path, *, force: bool) -> None:
    """Put the file in its place. A run that was killed just then has left both: the same file once more is no other."""
    write, columns = WRITERS[target.suffix.lower()], columns_of(space, asked)
    if target.exists() and not force:
        with workshop(target) as folder:
            write(begun.rows(), columns, folder / target.name)
            if not filecmp.cmp(folder / target.name, target, shallow=False):
                raise UsageError(f"{target} exists; add --force to replace it")
    else:
        with replacing(target, force=force) as draft:
            write(begun.rows(), columns, draft)
    begun.remove()
