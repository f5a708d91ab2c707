"""The engine of processes of this machine: each is given a chunk, and another when it has answered.

One that ends before it has answered (the system kills what takes too much memory) is followed by another. They end with
this process, of whatever kind its end is: their standard input ends with it.
"""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from queue import SimpleQueue
from typing import IO, cast

from cnncli.child.parent import command
from cnncli.errors import MachineError
from cnncli.search.engines import Lost
from cnncli.search.engines.worker import READY
from cnncli.search.evaluation import Row
from cnncli.search.searching import Asked

TRIES = 3
"""How often a process may end before it takes its first chunk."""


class Processes:
    """So many processes, and a thread for each that speaks with it."""

    patience = 2

    def __init__(self, count: int, asked: Asked) -> None:
        self.room = 2 * count  # none waits for its next chunk
        self._count, self._asked = count, json.dumps(asked).encode() + b"\n"
        self._given: SimpleQueue[tuple[int, Sequence[str]] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[int, list[Row] | Lost | Exception]] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Processes:
        self._log: IO[bytes] = self._stack.enter_context(tempfile.TemporaryFile())
        for _ in range(self._count):
            thread = threading.Thread(target=self._serve, daemon=True)
            thread.start()
            self._stack.callback(thread.join)
        self._stack.callback(self._close)  # before the threads are waited for
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            for process in self._running:
                process.kill()
        for _ in range(self._count):
            self._given.put(None)

    def give(self, number: int, references: Sequence[str]) -> None:
        self._given.put((number, references))

    def take(self) -> tuple[int, list[Row] | Lost]:
        number, answer = self._done.get()
        if isinstance(answer, Exception):
            raise answer
        return number, answer

    def _serve(self) -> None:
        """A thread: chunk after chunk is given to a process, the first of which is started with the first chunk."""
        process: subprocess.Popen[bytes] | None = None
        while (given := self._given.get()) and not self._closed:
            number, references = given
            try:
                process = process or self._started()
                answer = _asked(process, json.dumps(references).encode() + b"\n")
                if answer is None:
                    self._done.put((number, Lost(self._ended(process))))
                    process = None
                else:
                    self._done.put((number, cast("list[Row]", json.loads(answer))))
            except Exception as error:  # which is the main thread's to raise
                self._done.put((number, error))
        if process:
            self._ended(process)

    def _started(self) -> subprocess.Popen[bytes]:
        """A process that has loaded what it needs. Raises MachineError."""
        how = ""
        for _ in range(TRIES):
            process = self._start()
            if _asked(process, self._asked, READY):
                return process
            how = self._ended(process)
        raise MachineError(f"the processes that work out candidates cannot begin: they end, {how}{self._last_words()}")

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:  # so that none is started behind the back of _close
            if self._closed:
                raise MachineError("the search has ended")
            try:
                process = subprocess.Popen(
                    command("cnncli.search.engines.worker"),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._log,
                    start_new_session=True,  # a terminal's ^C is left to this process
                )
            except OSError as error:
                raise MachineError(f"no further process can be started: {error.strerror or error}") from None
            self._running.add(process)
        return process

    def _ended(self, process: subprocess.Popen[bytes]) -> str:
        """Let a process end, or see that it has ended; how it did."""
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                cast("IO[bytes]", stream).close()
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        kill = getattr(signal, "SIGKILL", None)
        if kill is not None and code == -kill:
            return "killed, as the system does when memory runs out"
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"

    def _last_words(self) -> str:
        """What the processes wrote last, if anything."""
        self._log.seek(0)
        lines = [line.strip() for line in self._log.read().decode(errors="replace").splitlines()]
        return next((f": {line}" for line in reversed(lines) if line), "")


def _asked(process: subprocess.Popen[bytes], line: bytes, until: bytes = b"") -> bytes | None:
    """Write a line to a process and read its answer, a line, or all up to a certain one; None where it ends before."""
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    try:
        stdin.write(line)
        stdin.flush()
        while (answer := stdout.readline()).endswith(b"\n"):
            if not until or answer == until:
                return answer
    except OSError:  # nobody reads
        pass
    return None
