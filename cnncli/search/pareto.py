"""The candidates that no other beats: better in nothing without being worse in something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from cnncli.analysis.metrics import metric
from cnncli.errors import UsageError
from cnncli.search.limits import TOP1

Thing = TypeVar("Thing")
Points = Callable[[Thing], Sequence[float | None]]
"""What is compared of a thing, less being better; None is not known."""


def front(things: Sequence[Thing], points: Points[Thing]) -> list[Thing]:
    """Those than which none is better in one figure and as good in all others, by the first figure, the best first.

    Things alike in all are all there; what has an unknown figure cannot be compared, and is not.
    """
    found: list[tuple[tuple[float, ...], Thing]] = []
    compared = [(_known(points(thing)), thing) for thing in things]
    for point, thing in sorted((each for each in compared if each[0]), key=lambda each: each[0]):
        if not any(_beats(other, point) for other, _ in found):  # what beats it stands before it
            found.append((point, thing))
    return [thing for _, thing in found]


def _known(point: Sequence[float | None]) -> tuple[float, ...]:
    """The figures; none where one is not known."""
    known = tuple(figure for figure in point if figure is not None)
    return known if len(known) == len(point) else ()


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(mine <= yours for mine, yours in zip(one, other, strict=True))


def better(key: str) -> int:
    """-1 where less of a figure is better, 1 where more is. Raises UsageError where nobody can say."""
    found = 1 if key == TOP1 else metric(key).better
    if not found:
        raise UsageError(f"--pareto {key}: neither more nor less of it is better; name top1, params, macs or memory")
    return found
