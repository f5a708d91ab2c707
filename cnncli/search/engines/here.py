"""The engine that is this process: for what takes no longer than to start others."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from cnncli.search.engines import Lost
from cnncli.search.evaluation import Row
from cnncli.search.searching import Asked, rows


class Here:
    patience = 1
    room = 1

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._given: deque[tuple[int, Sequence[str]]] = deque()

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        self._given.clear()

    def give(self, number: int, references: Sequence[str]) -> None:
        self._given.append((number, references))

    def take(self) -> tuple[int, list[Row] | Lost]:
        number, references = self._given.popleft()
        return number, rows(references, self._asked)
