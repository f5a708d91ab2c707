"""A search's candidates, worked out by whoever is chosen: in chunks, in the space's order."""

from __future__ import annotations

import os
from collections.abc import Iterator

from cnncli.search.engines import Engine
from cnncli.search.engines.here import Here
from cnncli.search.evaluation import Row
from cnncli.search.order import chunk_size, in_order
from cnncli.search.searching import Asked
from cnncli.search.space import Space

FEW = 400
"""Fewer than these are done before further processes have begun."""


def processors() -> int:
    """How many processes this one may keep busy."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parts(space: Space, asked: Asked, engine: Engine | None = None) -> Iterator[list[Row]]:
    """The rows of all candidates, a part at a time; by the processes of this machine, unless told."""
    count = len(space)
    with engine or engine_of(asked, count) as working:
        for _, rows in in_order(space, working, 0, chunk_size(count, working.room)):
            yield rows


def engine_of(asked: Asked, candidates: int, workers: int | None = None, scheduler: str | None = None) -> Engine:
    """The cluster of a scheduler at an address, or so many processes of this machine; unless told as many as it runs at
    once, and of few candidates none but this.
    """
    if scheduler is not None:
        from cnncli.search.engines.cluster import Cluster

        return Cluster(scheduler, asked)
    count = workers or (1 if candidates < FEW else processors())
    if count == 1:
        return Here(asked)
    from cnncli.search.engines.processes import Processes

    return Processes(min(count, candidates), asked)
