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
    """Ours against a rival: medians over the runs; ratios are medians of the ratios run by run.

    `lowest` and `highest` are the ratios of time between which all runs lay.
    """

    ours: Run
    rival: Run
    time_ratio: float
    lowest: float
    highest: float
    processor_ratio: float
    memory_ratio: float
    runs: int


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


def compare(ours: Sequence[str], rival: Sequence[str], runs: int, seconds: float, least: int = 0) -> Pair:
    """Alternate the two, at most so many times and about so many seconds, after one run of each that is not counted.

    Where that one alone takes longer, it is what counts, unless at `least` so many are asked for.
    """
    started = time.perf_counter()
    first = run(ours), run(rival)
    took = time.perf_counter() - started
    times = min(runs, max(least, int(seconds / took)))
    return summed([(run(ours), run(rival)) for _ in range(times)] or [first])


def summed(pairs: Sequence[tuple[Run, Run]]) -> Pair:
    """What pairs of runs come to."""
    ratios = [Run(*(mine / other for mine, other in zip(*pair, strict=True))) for pair in pairs]
    times = [ratio.seconds for ratio in ratios]
    middle = _median(ratios)
    return Pair(
        _median([ours for ours, _ in pairs]),
        _median([rival for _, rival in pairs]),
        middle.seconds,
        min(times),
        max(times),
        middle.processor_seconds,
        middle.mebibytes,
        len(pairs),
    )


def _median(runs: Sequence[Run]) -> Run:
    return Run(*(statistics.median(figures) for figures in zip(*runs, strict=True)))
