"""A report that is longer than the terminal, shown page by page."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cnncli.render.console import MANNER, emit

if TYPE_CHECKING:
    from subprocess import Popen

LEAST_LINES = 2
"""Of the terminal's: what its prompt takes."""


def show(text: str) -> None:
    """Write to the standard output; on a terminal that it is too long for, by PAGER, or `less` where that is not set.

    PAGER=cat, or empty, pages nothing, and what cannot be run does not either.
    """
    command = _pager(text)
    if command:
        import subprocess  # which takes milliseconds to load, only here

        try:
            # -F ends at once where it fits, -R shows colours, -X leaves the text on the screen: as git has it.
            pager = subprocess.Popen(command, stdin=subprocess.PIPE, env={"LESS": "FRX", **os.environ})
        except OSError:
            pass
        else:
            _hand_over(pager, text)
            return
    emit(text)


def _hand_over(pager: Popen[bytes], text: str) -> None:
    """Let it read all, and wait until its user is done; ^C meanwhile is meant for it."""
    import signal

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pager.communicate(text.encode(errors="replace"))
    finally:
        signal.signal(signal.SIGINT, before)


def _pager(text: str) -> list[str]:
    """The command of the pager; nothing where none is wanted."""
    try:
        if not MANNER.paged or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
            return []
        lines = os.get_terminal_size(sys.stdout.fileno()).lines
    except (OSError, ValueError):
        return []
    if lines <= 0 or text.count("\n") <= lines - LEAST_LINES:
        return []
    import shlex
    import shutil

    try:
        words = shlex.split(os.environ.get("PAGER", "less"))
    except ValueError:  # a quote without its end
        return []
    return words if words and words != ["cat"] and shutil.which(words[0]) else []
