"""What a benchmark is: a command of ours, and a rival's that answers the same question."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from rivals import RIVALS, Rival


class Target(NamedTuple):
    """The most that ours may take of the rival's time, and of its memory where that is asked."""

    time: float
    memory: float | None = None


class Benchmark(NamedTuple):
    """Two commands that do one job. `made` names the model files that they read, which are written before."""

    arguments: tuple[str, ...]
    rival: str
    against: tuple[str, ...]
    made: tuple[Path, ...] = ()
    target: Target | None = None
    title: str = ""
    command: tuple[str, ...] = ()

    @property
    def ours(self) -> tuple[str, ...]:
        """Our command, as this Python has it installed, unless the benchmark has one of its own."""
        return self.command or (sys.executable, "-m", "cnncli", *self.arguments)

    @property
    def of(self) -> Rival:
        return RIVALS[self.rival]

    @property
    def job(self) -> str:
        """Our command as one types it beside the files, behind `cnncli`."""
        typed = " ".join(Path(part).name if Path(part).is_absolute() else part for part in self.arguments)
        return self.title or f"`{typed}`"


def python(script: str, *arguments: str) -> tuple[str, ...]:
    """A script for this Python."""
    return (sys.executable, "-c", script, *arguments)
