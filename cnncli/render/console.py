"""The one place that knows what the standard output can show: its width, its colours, its characters."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

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
        "★": "*", "▸": ">",
        **dict.fromkeys("█▉▊▋▌", "#"), **dict.fromkeys("▍▎▏", ""),
    }
)  # fmt: skip


SIZES = ("COLUMNS", "LINES", "TERMINAL_WIDTH", "JUPYTER_COLUMNS", "JUPYTER_LINES")
"""Variables of the environment that Typer and Rich read as whole numbers, some of them when they are imported."""


def mend_sizes() -> None:
    """Take out of the environment each size that is none, and make one that is too large as large as it may be.

    Typer and Rich would fail at the one, and pad every line of their help to the other.
    """
    for name in SIZES:
        text = os.environ.get(name)
        if text is not None and text != str((size := _size(text)) or None):
            if size:
                os.environ[name] = str(size)
            else:
                del os.environ[name]


def _size(text: str) -> int:
    """How many columns or lines are meant, at most UNLIMITED; 0 for what is no number."""
    digits = text.lstrip("0")
    if not (digits.isascii() and digits.isdecimal()):
        return 0
    return UNLIMITED if len(digits) > len(str(UNLIMITED)) else min(int(digits), UNLIMITED)


def width() -> int:
    """Columns of the standard output: COLUMNS where it is set, a terminal's own, else unlimited: no pipe is cut."""
    if columns := _size(os.environ.get("COLUMNS", "")):
        return columns
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


class Manner:
    """How a command speaks: `quiet` without notes on the standard error, `paged` by a pager what is too long."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """As nothing has been asked for yet."""
        self.quiet, self.paged = False, True


MANNER = Manner()


class Output(io.FileIO):
    """The standard output's file, which ends the command as a signal would where its reader has left, as `head` does.

    Whoever writes: Typer and Rich would make an exit of their own of it, with the code of a failed check.
    """

    _read = True

    def write(self, data: Any, /) -> int:
        """What nobody reads is let go: Python flushes once more at its end."""
        if self._read:
            try:
                return super().write(data) or 0
            except BrokenPipeError:
                self._read = False
                sys.exit(SIGPIPE_EXIT)
        return len(data)


def watch_output() -> None:
    """Have the standard output end the command where its reader leaves. A terminal stays as it is: nobody leaves it."""
    given = sys.stdout
    if given is not sys.__stdout__ or not isinstance(given, io.TextIOWrapper) or given.isatty():
        return
    file = io.BufferedWriter(Output(given.fileno(), "w", closefd=False))
    sys.stdout = io.TextIOWrapper(file, given.encoding, given.errors, newline=None if os.name == "nt" else "")


def emit(text: str) -> None:
    """Write to the standard output."""
    sys.stdout.write(encodable(text, sys.stdout.encoding))
    sys.stdout.flush()


LONGEST = 2000
"""Characters of a line on the standard error: what a person typed may be longer than anybody reads."""


def complain(message: str) -> None:
    """Write one line to the standard error; where nobody can read it, the exit code alone has to tell."""
    line = _shortened(visible(" ".join(message.split())))
    try:
        sys.stderr.write(encodable(f"{line}\n", sys.stderr.encoding))
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)


def note(message: str) -> None:
    """As `complain`, of what is no error: nothing where the command is to be quiet."""
    if not MANNER.quiet:
        complain(message)


def _shortened(line: str) -> str:
    """A line without the middle of what is too long: the beginning says what is wrong, the end what to do."""
    if len(line) <= LONGEST:
        return line
    kept = LONGEST // 2 - 30
    return f"{line[:kept]} [... {len(line) - 2 * kept:,} characters ...] {line[-kept:]}"


def let_go() -> None:
    """Give up what the standard output could not take, a full disk's: Python would try again at its end, and fail."""
    try:
        sys.stdout.flush()
    except OSError:
        _silence(sys.stdout)


def _silence(stream: TextIO) -> None:
    """Let go nowhere what is still to be written: Python flushes once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
