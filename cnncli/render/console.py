"""The one place that knows what the standard output can show: its width, its colours, its characters."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, TextIO

from cnncli.document import UNLIMITED
from cnncli.words import visible

if TYPE_CHECKING:
    from rich.console import Console

SIGPIPE_EXIT = 128 + 13

_ASCII = str.maketrans(
    {
        **dict.fromkeys("─━═╌", "-"),
        **dict.fromkeys("│┃║", "|"),
        **dict.fromkeys("┼╋╇┌┐└┘├┤┬┴╭╮╰╯┏┓┗┛╺╸╶╴", "+"),
        "×": "x", "→": "->", "·": "-", "…": "...", "–": "-", "≤": "<=", "≥": ">=",
        "✓": "+", "✗": "x", "Δ": "d", "−": "-",
        "★": "*", "▸": ">", "█": "#",
    }
)  # fmt: skip


def width() -> int:
    """Columns of the standard output: COLUMNS where it is set, a terminal's own, else unlimited: no pipe is cut."""
    text = os.environ.get("COLUMNS", "")
    if text.isdecimal() and int(text) > 0:
        return int(text)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or UNLIMITED
    except (OSError, ValueError):
        return UNLIMITED


def coloured() -> bool:
    """NO_COLOR and FORCE_COLOR (https://no-color.org, https://force-color.org), else whether it is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


@contextmanager
def capture(least: int = 0) -> Iterator[CapturingConsole]:
    """A Rich console as wide and as colourful as the standard output, whose output is captured as text.

    It is at least `least` wide: a terminal that is narrower wraps what Rich would cut.
    """
    from rich.console import Console

    buffer = io.StringIO()
    colours = coloured()
    console = Console(
        file=buffer,
        width=max(width(), least),
        force_terminal=colours,
        color_system="standard" if colours else None,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
        legacy_windows=False,
    )
    yield CapturingConsole(console, buffer)


class CapturingConsole:
    def __init__(self, console: Console, buffer: io.StringIO) -> None:
        self.print = console.print
        self._buffer = buffer

    def captured(self) -> str:
        """What was printed, without blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self._buffer.getvalue().split("\n"))


def encodable(text: str, encoding: str | None) -> str:
    """`text`, in ASCII characters where the encoding lacks some of those it has."""
    try:
        text.encode(encoding or "ascii")
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
    return text


def emit(text: str) -> None:
    """Write to the standard output; end silently, as a signal would, where its reader has left, as `head` does."""
    try:
        sys.stdout.write(encodable(text, sys.stdout.encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        end_unread()


def end_unread() -> NoReturn:
    """End as a signal would a command whose reader has left."""
    _silence(sys.stdout)
    sys.exit(SIGPIPE_EXIT)


def complain(message: str) -> None:
    """Write one line to the standard error; where nobody can read it, the exit code alone has to tell."""
    line = visible(" ".join(message.split()))
    try:
        sys.stderr.write(encodable(f"{line}\n", sys.stderr.encoding))
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)


def let_go() -> None:
    """Give up what the standard output could not take, a full disk's: Python would try again at its end, and fail."""
    try:
        sys.stdout.flush()
    except OSError:
        _silence(sys.stdout)


def _silence(stream: TextIO) -> None:
    """Let go nowhere what is still to be written: Python flushes once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
