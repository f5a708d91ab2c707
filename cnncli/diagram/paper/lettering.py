"""Words set within a width: broken at blanks, or behind the dots of a name, and cut short where nothing else helps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from cnncli.diagram.wording import Line, Run

CUT = "…"

_BLANKS = re.compile(r"(?<=[^\s+])(?= )")
"""Where a text may be broken: before a blank, but for the one behind a plus."""
_DIVISIONS = (re.compile(r"(?<=[._/:])(?=[^\W\d])"), re.compile(r"(?<=[a-z])(?=[A-Z])"))
"""And where a word that is longer than a line: behind what divides a name; then `GlobalAverage` from `Pooling2D`."""
ORPHAN = 3.0
"""A word of less than so many times its size does not stand in a line alone."""


def within(lines: Iterable[Line], limit: float) -> list[Line]:
    """The lines, and of each that is wider than the limit as many as it takes."""
    return [part for line in lines for part in ([line] if line.width <= limit else _broken(line, limit))]


def _broken(line: Line, limit: float) -> Iterator[Line]:
    """What stands at the right stays there if the last line leaves it room, else it gets lines of its own."""
    rows = _wrapped(line.left, limit)
    both = line._replace(left=rows[-1] if rows else ())
    beside = both.width <= limit
    for row in rows[:-1] if beside else rows:
        yield line._replace(left=row, right=())
    if beside:
        yield both
    elif line.right:
        for row in _wrapped(line.right, limit):
            yield line._replace(left=row, right=())


def _wrapped(runs: Sequence[Run], limit: float) -> list[tuple[Run, ...]]:
    rows: list[list[Run]] = [[]]
    for run in runs:
        for piece in _pieces(run, limit):
            here = run._replace(text=piece)
            if rows[-1] and piece.strip() and _width(rows[-1]) + here.width > limit:
                rows.append([])
            if not rows[-1]:
                here = run._replace(text=piece.lstrip())
            rows[-1].append(here)
    rows = [kept for row in rows if (kept := _without_end(row))]
    _with_company(rows, limit)
    return [_joined([_cut(run, limit) for run in row]) for row in rows]


def _without_end(row: Sequence[Run]) -> list[Run]:
    """A row without the blanks at its end."""
    kept = [run for run in row if run.text]
    while kept and not kept[-1].text.strip():
        kept.pop()
    return [*kept[:-1], kept[-1]._replace(text=kept[-1].text.rstrip())] if kept else []


def _with_company(rows: list[list[Run]], limit: float) -> None:
    """Bring a short word that stands alone in the last row the one before it, if both have room there."""
    if len(rows) < 2 or _width(rows[-1]) >= ORPHAN * rows[-1][0].size:
        return
    before = _without_blanks(rows[-2])
    if len(before) < 2:
        return
    blank = rows[-1][0]._replace(text=" ", chip=False)
    last = [before[-1]._replace(text=before[-1].text.lstrip()), blank, *rows[-1]]
    if _width(last) <= limit:
        rows[-2:] = [_without_blanks(before[:-1]), last]


def _without_blanks(row: Sequence[Run]) -> list[Run]:
    """A row without the runs of blanks at its end."""
    kept = list(row)
    while len(kept) > 1 and not kept[-1].text.strip():
        kept.pop()
    return kept


def _pieces(run: Run, limit: float) -> Iterator[str]:
    """What is divided no further."""
    if run.chip:
        yield run.text
        return
    pieces = _BLANKS.split(run.text)
    for division in _DIVISIONS:
        pieces = [
            part
            for piece in pieces
            for part in ([piece] if run._replace(text=piece.strip()).width <= limit else division.split(piece))
        ]
    yield from pieces


def _width(runs: Iterable[Run]) -> float:
    return sum(run.width for run in runs)


def _joined(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Neighbours that look alike as one run."""
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1]._replace(text="") == run._replace(text="") and not run.chip:
            joined[-1] = run._replace(text=joined[-1].text + run.text)
        else:
            joined.append(run)
    return tuple(joined)


def _cut(run: Run, limit: float) -> Run:
    return run._replace(text=shortened(run.text, limit, lambda text: run._replace(text=text).width))


def shortened(text: str, limit: float, width: Callable[[str], float]) -> str:
    """As much of a text as is no wider than the limit, with an ellipsis for the rest."""
    if width(text) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(text[:middle] + CUT) <= limit else (low, middle - 1)
    return text[:low].rstrip() + CUT
