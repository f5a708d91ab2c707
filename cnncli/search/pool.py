"""A space worked out by the processes of this machine: parts of it, in its order, as they are done."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnncli.search.evaluation import Row
from cnncli.search.searching import Asked, rows
from cnncli.search.space import Space

if TYPE_CHECKING:
    from concurrent.futures import Future

PART = 40
"""Candidates that are worked out at once."""
FEW = 400
"""Fewer than these are done before further processes have begun."""


def processors() -> int:
    """How many processes this one may keep busy."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parts(space: Space, asked: Asked) -> Iterator[list[Row]]:
    """The rows of all candidates, a part at a time."""
    starts = range(0, len(space), PART)
    if len(space) < FEW or processors() == 1:
        yield from (rows(space, start, start + PART, asked) for start in starts)
    else:
        yield from _by_processes(space, asked, starts)


def _by_processes(space: Space, asked: Asked, starts: range) -> Iterator[list[Row]]:
    """No more parts wait to be read than keep all processes busy."""
    from concurrent.futures import ProcessPoolExecutor

    count = processors()
    with ProcessPoolExecutor(count, initializer=_left_to_the_parent) as pool:
        waiting: deque[Future[list[Row]]] = deque()
        try:
            for start in starts:
                waiting.append(pool.submit(rows, space, start, start + PART, asked))
                if len(waiting) > 3 * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


def _left_to_the_parent() -> None:
    """An interrupt ends the parent, which ends the others when the part that they work on is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
