"""What the parent and the child that runs a file say to each other: a Job, pickled, and a Run as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.export.pictures import Range
from cnncli.graph import Shape

WARM_UP_SECONDS = 0.1
"""Caches and threads take a few runs to settle, and clocks some hundredths of a second."""


@dataclass(frozen=True)
class Job:
    """Run a .tflite file: `runs` times, or for so many `seconds` and at least once, after a warm-up.

    `shapes` are the inputs' with the batch, for those sizes that the file leaves open; `seed` is that of the inputs'
    values, which lie in `input_range` where they are real numbers.
    """

    path: Path
    called: str
    """What messages call it."""
    threads: int
    runs: int | None
    seconds: float
    shapes: Sequence[Shape]
    input_range: Range
    seed: int


@dataclass(frozen=True)
class Run:
    """What came of a job: of each timed run its nanoseconds, and what the process held.

    `delegated` says whether the runtime gave operations to its default delegate, XNNPACK; None where it does not tell.
    """

    nanoseconds: tuple[int, ...]
    processor_seconds: float
    """That the process had a processor for, of all its threads, while these runs were timed."""
    load_seconds: float
    """For reading the file, packing its weights and laying out its tensors."""
    base_memory_bytes: int | None
    """Python and the runtime, before the file was opened."""
    peak_memory_bytes: int | None
    inputs: tuple[tuple[int, ...], ...]
    """Shapes with the batch."""
    delegated: bool | None

    def data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Run:
        inputs = tuple(map(tuple, data["inputs"]))
        return cls(**{**data, "nanoseconds": tuple(data["nanoseconds"]), "inputs": inputs})


class TimedOperation(NamedTuple):
    """An operation as the runtime ran it: its own name for it, and seconds in a run."""

    name: str
    seconds: float
