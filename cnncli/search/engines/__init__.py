"""Engines: who works out a search's candidates. All give the same rows.

`order` gives an engine chunks of a space and puts what comes back into the space's order. An engine is a file here:
this process (`here`), processes of this machine (`processes`, of which each runs `worker`), a cluster's (`cluster`).
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Protocol

from cnncli.search.evaluation import Row


class Lost(NamedTuple):
    """A chunk whose process ended before it was done, and how that ended."""

    how: str


class Engine(Protocol):
    """A place that works out chunks, several at once, in any order. Within its `with` alone."""

    patience: int
    """How often a chunk may be lost before its candidates are given one by one."""

    def __enter__(self) -> Engine: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    @property
    def room(self) -> int:
        """How many chunks keep it busy."""

    def give(self, number: int, references: Sequence[str]) -> None:
        """Have a chunk worked out, which is called by this number."""

    def take(self) -> tuple[int, list[Row] | Lost]:
        """Wait for a chunk that was given: its number, and its rows. Raises MachineError where nothing can come."""
