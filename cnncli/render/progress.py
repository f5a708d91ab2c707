"""What a command is busy with or has done, told to a person at a terminal and to nobody else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cnncli.render.console import MANNER, complain
from cnncli.words import visible


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield a function to be told what begins now; a spinner shows it, with the seconds, and vanishes at the end.

    On the standard error, and only if that is a terminal; else nothing is written. The spinner has a descriptor of its
    own, so that it turns on while the standard error is redirected (keras_model.quiet).
    """
    with _shown(None, "SpinnerColumn", "TextColumn", "TimeElapsedColumn") as update:
        yield lambda activity: update(description=visible(activity))


@contextmanager
def progress_bar() -> Iterator[Callable[[float, str], None]]:
    """As `progress`, with a bar: the function is told which share of all is done, and what begins now."""
    with _shown(1.0, "BarColumn", "TimeRemainingColumn", "TextColumn") as update:
        yield lambda share, activity: update(description=visible(activity), completed=share)


@contextmanager
def _shown(total: float | None, *columns: str) -> Iterator[Callable[..., None]]:
    """Yield what updates the one task that is shown, in these columns of Rich's; `total` None: nobody knows how much.

    Rich is loaded only where there is somebody to see it.
    """
    if not _on_terminal():
        yield lambda **_: None
        return
    from rich import progress
    from rich.console import Console

    kinds: list[Any] = [getattr(progress, name) for name in columns]
    made = [kind("{task.description}", markup=False) if kind is progress.TextColumn else kind() for kind in kinds]
    with open(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding) as stream:  # noqa: PTH123
        console = Console(file=stream, markup=False, emoji=False)
        with progress.Progress(
            *made, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
        ) as shown:
            task = shown.add_task("Starting", total=total)
            yield lambda **changed: shown.update(task, **changed)


def remark(message: str) -> None:
    """Say a line on the standard error, only if that is a terminal: a log would hold what nobody asked for."""
    if _on_terminal():
        complain(message)


def _on_terminal() -> bool:
    return not MANNER.quiet and sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
