"""What stands of a search that goes on: a file beside the one that is to be, from which a later run takes it up.

Lines of JSON: first a header that says which search it is of, then rows as they come, in the space's order, and behind
each chunk how far it goes. What follows the last such line was cut off in the writing, and is written again.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from cnncli import __version__
from cnncli.errors import MachineError, UsageError
from cnncli.search.evaluation import BROKEN, Row
from cnncli.search.searching import IMPOSSIBLE, Asked
from cnncli.search.space import Space

SUFFIX = ".partial"
_DONE = '{"done":'
_PARTS = {"cnncli": "another version of cnncli", "space": "another space", "figures": "other figures",
          "limits": "other limits"}  # fmt: skip


def header_of(space: Space, asked: Asked) -> dict[str, Any]:
    """What a search is, so that one with the same header gives the same rows."""
    return {
        "cnncli": __version__,
        "space": sha256(repr(space).encode()).hexdigest(),
        "candidates": len(space),
        "figures": [*asked.figures],
        "limits": [[limit.key, limit.least, limit.most] for limit in asked.limits],
    }


@dataclass
class Tally:
    """How many candidates are done, and what became of them: `broken` counts by the figure of the limit."""

    done: int = 0
    written: int = 0
    impossible: int = 0
    broken: Counter[str] = field(default_factory=Counter)

    def take(self, rows: Sequence[Row], stop: int, keep_impossible: bool) -> list[Row]:
        """Count a chunk that ends before `stop`; the rows of it that are written."""
        kept = [row for row in rows if BROKEN not in row and (keep_impossible or IMPOSSIBLE not in row)]
        self.broken.update(row[BROKEN] for row in rows if BROKEN in row)
        self.impossible += sum(IMPOSSIBLE in row for row in rows)
        self.written += len(kept)
        self.done = stop
        return kept

    def line(self) -> str:
        return json.dumps(
            {"done": self.done, "written": self.written, "impossible": self.impossible, "broken": self.broken}
        )

    @classmethod
    def of(cls, line: bytes) -> Tally:
        found = json.loads(line)
        return cls(found["done"], found["written"], found["impossible"], Counter(found["broken"]))


class Partial:
    """The file, open and locked: one run writes at a time."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self.path = path
        self._stream = stream
        self.tally = Tally()

    def take_up(self, header: Mapping[str, Any], *, force: bool) -> None:
        """Go on where another run has stopped, or begin. Raises UsageError where it is another search's, unless
        `force` says that it may be lost.
        """
        first = self._stream.readline()
        found = _read(first)
        if found == header:
            end = self._stream.tell()
            for line in self._stream:
                if line.startswith(_DONE.encode()) and line.endswith(b"}\n"):
                    self.tally, end = Tally.of(line), self._stream.tell()
            self._cut(end)
            return
        begun = json.dumps(header) + "\n"
        if not begun.encode().startswith(first) and not force:
            raise UsageError(f"{self.path} is of {_other(found, header)}; add --force to begin anew")
        self._cut(0)
        self._write(begun)

    def _cut(self, end: int) -> None:
        self._stream.seek(end)
        self._stream.truncate()

    def append(self, rows: Sequence[Row], stop: int, *, keep_impossible: bool) -> None:
        """Put a chunk behind the others, all of it at once."""
        lines = [json.dumps(row) for row in self.tally.take(rows, stop, keep_impossible)]
        self._write("\n".join([*lines, self.tally.line()]) + "\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text.encode())
            self._stream.flush()
        except OSError as error:
            raise MachineError(f"{self.path} cannot be written: {error.strerror or error}") from None

    def rows(self) -> Iterator[Row]:
        """All rows, one at a time."""
        self._stream.seek(0)
        self._stream.readline()
        for line in self._stream:
            if not line.startswith(_DONE.encode()):
                yield json.loads(line)

    def remove(self) -> None:
        self.path.unlink()


def beside(target: Path) -> Path:
    """Where what stands of a file is kept."""
    return target.with_name(target.name + SUFFIX)


@contextmanager
def partial(target: Path) -> Iterator[Partial]:
    """The partial file of a target. Raises MachineError where it cannot be written, or another run writes it."""
    path = beside(target)
    try:
        stream = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror or error}") from None
    with stream:
        _lock(path, stream)
        yield Partial(path, stream)


def _lock(path: Path, stream: IO[bytes]) -> None:
    with suppress(ImportError):  # Windows
        from fcntl import LOCK_EX, LOCK_NB, flock

        try:
            flock(stream, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise MachineError(f"{path}: another run writes it; wait for its end, or name another file") from None
        except OSError:  # a file system without locks
            return


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _other(found: Any, header: Mapping[str, Any]) -> str:
    """What a file is of that is not of a search."""
    if not isinstance(found, dict) or found.keys() != header.keys():
        return "something else"
    return next((words for key, words in _PARTS.items() if found[key] != header[key]), "another search")
