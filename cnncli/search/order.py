"""A space in chunks, given to an engine and put back into order: no candidate lost, none twice, memory bounded."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

from cnncli.errors import MachineError
from cnncli.search.engines import Engine, Lost
from cnncli.search.evaluation import Row
from cnncli.search.space import Space

LARGEST_CHUNK = 64
"""Candidates: a second or less of work, which a lost process has to do again."""
AHEAD = 4096
"""Candidates that may be done before one that is not: their rows are held in memory."""
DEATHS = 3
"""Processes that one candidate may take with it."""


class Chunk(NamedTuple):
    """Candidates from the number `start` to below `stop`."""

    start: int
    stop: int


def chunk_size(candidates: int, processes: int) -> int:
    """So many that all processes have their share of a small space, too."""
    return max(1, min(LARGEST_CHUNK, candidates // (16 * processes)))


def in_order(space: Space, engine: Engine, start: int, size: int) -> Iterator[tuple[int, list[Row]]]:
    """The rows from a number on, in chunks, each with the number of the first candidate behind it.

    What is lost with its process is given again; and where that has happened often, candidate by candidate. Raises
    MachineError that names the candidate whose processes end again and again, and what the engine raises.
    """
    work = _Work(space, engine, start, size)
    done: dict[int, tuple[int, list[Row]]] = {}
    while start < len(space):
        work.give(start)
        chunk, rows = work.take()
        if rows is not None:
            done[chunk.start] = chunk.stop, rows
        while start in done:
            start, rows = done.pop(start)
            yield start, rows


class _Work:
    """What of a space an engine has been given."""

    def __init__(self, space: Space, engine: Engine, start: int, size: int) -> None:
        self._space, self._engine, self._size = space, engine, size
        self._next = start
        self._again: deque[Chunk] = deque()
        self._given: dict[int, Chunk] = {}
        self._deaths: Counter[Chunk] = Counter()

    def give(self, first: int) -> None:
        """As much as keeps the engine busy, but nothing far ahead of the first candidate that is not done."""
        room = self._engine.room
        while len(self._given) < room and (chunk := self._following(first + max(AHEAD, room * self._size))):
            self._given[chunk.start] = chunk
            self._engine.give(chunk.start, [*self._space.part(*chunk)])

    def _following(self, end: int) -> Chunk | None:
        if self._again:
            return self._again.popleft()
        stop = min(self._next + self._size, len(self._space))
        if self._next >= min(end, len(self._space)):
            return None
        chunk, self._next = Chunk(self._next, stop), stop
        return chunk

    def take(self) -> tuple[Chunk, list[Row] | None]:
        """What the engine has done next; None of a chunk that is to be done again."""
        number, rows = self._engine.take()
        chunk = self._given.pop(number)
        if isinstance(rows, Lost):
            self._mourn(chunk, rows)
            return chunk, None
        del self._deaths[chunk]
        return chunk, rows

    def _mourn(self, chunk: Chunk, lost: Lost) -> None:
        self._deaths[chunk] += 1
        alone = chunk.stop - chunk.start == 1
        if alone and self._deaths[chunk] >= DEATHS:
            reference = self._space[chunk.start]
            raise MachineError(f"{reference}: the process that works it out ends each time, {lost.how}")
        if alone or self._deaths[chunk] < self._engine.patience:
            self._again.append(chunk)
        else:
            self._again.extend(Chunk(each, each + 1) for each in range(*chunk))
