"""What `find` says of rows that went to a file."""

from __future__ import annotations

from pathlib import Path

from cnncli.document.numbers import grouped
from cnncli.search.limits import by_cost
from cnncli.search.partial import Tally
from cnncli.search.searching import Asked


def conclusion(tally: Tally, target: Path, asked: Asked) -> str:
    """How many rows of how many candidates, and what became of the others."""
    rows = f"{target}: {_counted(tally.written, 'row')} of {_counted(tally.done, 'candidate')}"
    broken = [
        f"{grouped(tally.broken[limit.key])} break {limit.text or limit.key}"
        for limit in by_cost(asked.limits)
        if tally.broken[limit.key]
    ]
    failed = [f"{grouped(tally.impossible)} cannot be built"] if tally.impossible else []
    return f"{'; '.join([rows, *broken, *failed])}."


def interruption(partial: Path) -> str:
    return f"What is done stands in {partial}; the same command goes on from there."


def _counted(number: int, noun: str) -> str:
    return f"{grouped(number)} {noun}{'' if number == 1 else 's'}"
