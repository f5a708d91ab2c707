"""Two commands timed against each other, alternating, so that a machine that drifts slows both."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Run(NamedTuple):
    """A finished process: wall time and the processor's in seconds, the most memory it held in MiB.

    The processor's, of all its threads and children, hardly grows where others work on the machine.
    """

    seconds: float
    processor_seconds: float
    mebibytes: float


class Pair(NamedTuple):
    """Ours against a rival: medians over the runs; ratios are medians of the ratios run by run."""

    name: str
    ours: Run
    rival: Run
    time_ratio: float
    processor_ratio: float
    memory_ratio: float


def run(command: Sequence[str]) -> Run:
    """Run a command to its end. Raises RuntimeError where it fails: a failure is not a time."""
    with Path(os.devnull).open("wb") as nowhere:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"exit {process.returncode}: {' '.join(command)}")
    scale = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale / 2**20)


def compare(name: str, ours: Sequence[str], rival: Sequence[str], runs: int = 5, *, warm: bool = True) -> Pair:
    """Alternate the two, after one uncounted run of each unless that would take too long."""
    if warm:
        run(ours), run(rival)
    pairs = [(run(ours), run(rival)) for _ in range(runs)]
    return Pair(
        name,
        _median([ours for ours, _ in pairs]),
        _median([rival for _, rival in pairs]),
        statistics.median(ours.seconds / rival.seconds for ours, rival in pairs),
        statistics.median(ours.processor_seconds / rival.processor_seconds for ours, rival in pairs),
        statistics.median(ours.mebibytes / rival.mebibytes for ours, rival in pairs),
    )


def _median(runs: Sequence[Run]) -> Run:
    return Run(*(statistics.median(figures) for figures in zip(*runs, strict=True)))


def cnncli(*arguments: str) -> list[str]:
    """Our command, as this Python has it installed."""
    return [sys.executable, "-m", "cnncli", *arguments]


def python(script: str) -> list[str]:
    """A rival: a script for this Python."""
    return [sys.executable, "-c", script]
