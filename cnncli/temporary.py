"""Folders that vanish with their block, whatever ends it: what ends a command waits while they are made and removed."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from cnncli.errors import MachineError

PREFIX = ".cnncli-"
"""Of all that is temporary, so that a person can tell what is left where a command was killed."""

# The last one is first to be obeyed again. Windows has no hang-up.
ENDINGS = tuple(
    getattr(signal, name) for name in ("SIGHUP", "SIGTERM", "SIGINT") if hasattr(signal, name)
)  # fmt: skip


class Gate:
    """What the signals of ENDINGS meet: closed, it keeps them waiting; open, it lets the first one pass and closes.

    So what a signal has set off, the tidying up, is not interrupted by the next one.
    """

    def __init__(self, handlers: dict[int, Any]) -> None:
        self.waiting: list[int] = []
        self._handlers = handlers
        self._open = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self._open:
            self.waiting.append(number)
            return
        self._open = False
        handler = self._handlers[number]
        if callable(handler):
            handler(number, frame)
            self._open = True  # it did not end anything
        else:  # the system's own way to end a process comes after the tidying up
            self.waiting.append(number)
            raise SystemExit(128 + number)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Let signals through: around what takes long, and may be interrupted anywhere."""
        self._open = True
        try:
            yield
        finally:
            self._open = False


@contextmanager
def endings_held() -> Iterator[Gate]:
    """Let the signals that end a command wait until the block is done, but for where its gate is opened.

    The mask of signals would not do, for it is a thread's, and a signal may be given to any thread that a library has
    started. Outside of the main thread nothing is to be done: Python interrupts that one alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Gate({})
        return
    found = {number: signal.getsignal(number) for number in ENDINGS}
    handlers = {number: known for number, known in found.items() if known not in (None, signal.SIG_IGN)}
    gate = Gate(handlers)
    try:
        for number in handlers:
            signal.signal(number, gate)
        yield gate
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in gate.waiting:
            signal.raise_signal(number)


@contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """Yield a new folder, in `parent` or where the system keeps what is temporary; it vanishes at the end.

    Raises OSError where `parent` takes none, MachineError where the system has no place for it.
    """
    with endings_held() as gate:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent or _place()))
        try:
            with gate.opened():
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _place() -> str:
    try:
        return tempfile.gettempdir()
    except OSError as error:
        reason = error.strerror or error
        raise MachineError(f"there is no place for temporary files; set TMPDIR to a folder: {reason}") from None
