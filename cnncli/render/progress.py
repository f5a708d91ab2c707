"""What a command is busy with or has done, told to a person at a terminal and to nobody else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cnncli.render.console import complain
from cnncli.words import visible


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield a function to be told what begins now; a spinner shows it, with the seconds, and vanishes at the end.

    On the standard error, and only if that is a terminal; else nothing is written. The spinner has a descriptor of its
    own, so that it turns on while the standard error is redirected (keras_model.quiet).
    """
    if not _on_terminal():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with open(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding) as stream:  # noqa: PTH123
        console = Console(file=stream, markup=False, emoji=False)
        with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as shown:
            task = shown.add_task("Starting", total=None)
            yield lambda activity: shown.update(task, description=visible(activity))


def remark(message: str) -> None:
    """Say a line on the standard error, only if that is a terminal: a log would hold what nobody asked for."""
    if _on_terminal():
        complain(message)


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
