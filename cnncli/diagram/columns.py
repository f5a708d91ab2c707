"""How long a chain is, and where it is best broken into columns."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from cnncli.diagram.chain import Frame, Item
from cnncli.draw.geometry import Span


@dataclass(frozen=True)
class Spacing:
    """Lengths in points. `headed` says whether a frame's heading takes room along the main axis, so in TB."""

    gap: float
    """Between items, so the length of an arrow."""
    symbol_gap: float
    """Between a symbol and its box."""
    pitch: float
    """Between links that run beside the chain."""
    pads: dict[str, float]
    headings: dict[str, float]
    headed: bool = True
    turn: float = 14.0
    """From a column's foot, or head, to the way to the next one."""
    lane: float = 6.0
    """Between links that lead side by side from column to column."""
    outset: float = 4.0
    """By how much the ground of a branch is wider than its boxes."""
    at_side: float = 12.0
    """Where a link leaves or enters the side of a box: so far from the box's corner at most."""

    def before(self, frame: Frame) -> float:
        return self.pads[frame.level] + (self.headings[frame.level] if self.headed else 0)

    def after(self, frame: Frame) -> float:
        return self.pads[frame.level]

    def between(self, before: Item, after: Item) -> float:
        return self.symbol_gap if before.symbol == "fork" or after.symbol == "sum" else self.gap


class Framed(NamedTuple):
    """A frame around the items from `first` to `last`, and where it stands along the main axis."""

    frame: Frame
    first: int
    last: int
    main: Span


class Walk(NamedTuple):
    """Where the items of one column stand along the main axis, and the frames around them, outer ones first."""

    items: list[Span]
    frames: list[Framed]
    length: float


def walk(items: Sequence[Item], lengths: Sequence[float], spacing: Spacing, extra: float = 0) -> Walk:
    """Items one behind the other; `extra` is added where a unit ends."""
    spans: list[Span] = []
    frames: list[Framed] = []
    opened: list[tuple[Frame, int, float, int]] = []
    place = 0.0

    def close(depth: int) -> None:
        nonlocal place
        while len(opened) > depth:
            frame, first, start, slot = opened.pop()
            place += spacing.after(frame)
            frames[slot] = Framed(frame, first, len(spans) - 1, Span(start, place))

    for position, (item, length) in enumerate(zip(items, lengths, strict=True)):
        shared = _shared([frame for frame, *_ in opened], item.frames)
        close(shared)
        if position:
            before = items[position - 1]
            place += spacing.between(before, item) + (extra if before.unit != item.unit else 0)
        for frame in item.frames[shared:]:
            opened.append((frame, position, place, len(frames)))
            frames.append(Framed(frame, position, position, Span(place, place)))
            place += spacing.before(frame)
        spans.append(Span(place, place + length))
        place += length
    close(0)
    return Walk(spans, frames, place)


def _shared(opened: Sequence[Frame], frames: Sequence[Frame]) -> int:
    count = 0
    while count < min(len(opened), len(frames)) and opened[count] == frames[count]:
        count += 1
    return count


class Breaks:
    """Divides a chain into columns at the ends of its units, all about equally long."""

    def __init__(self, items: Sequence[Item], lengths: Sequence[float], spacing: Spacing) -> None:
        whole = walk(items, lengths, spacing)
        members = [list(run) for _, run in groupby(range(len(items)), key=lambda index: items[index].unit)]
        self.first = [run[0] for run in members]
        self.last = [run[-1] for run in members]
        # A column that begins or ends within a frame shows it as far as it goes.
        self.starts = [whole.items[index].start - sum(map(spacing.before, items[index].frames)) for index in self.first]
        self.ends = [whole.items[index].end + sum(map(spacing.after, items[index].frames)) for index in self.last]
        stage = [items[index].frames[:1] for index in self.first]
        self.stage_begins = [True, *(before != after or not after for before, after in pairwise(stage))]

    def __len__(self) -> int:
        return len(self.first)

    def length(self, start: int, end: int) -> float:
        """Of a column of the units from `start` to before `end`."""
        return self.ends[end - 1] - self.starts[start]

    def column_length(self, column: range) -> float:
        """Of a column of these items, which begins and ends with a unit."""
        return self.length(self.first.index(column[0]), self.last.index(column[-1]) + 1)

    def columns(self, count: int) -> list[range]:
        """The items of each of `count` columns, or one a unit, about equally long, with few stages torn apart."""
        count = min(count, len(self))
        mean = self.length(0, len(self)) / count
        breaks = [0]
        for number in range(1, count):  # at least one unit in each column before and behind
            breaks.append(min(max(self._nearest(mean * number), breaks[-1] + 1), len(self) - count + number))
        breaks.append(len(self))
        moved = True
        while moved:
            moved = False
            for number in range(1, len(breaks) - 1):
                before, here, after = breaks[number - 1 : number + 2]
                best = min(range(before + 1, after), key=lambda unit: self._badness(before, unit, after, mean))
                if self._badness(before, best, after, mean) < self._badness(before, here, after, mean):
                    breaks[number], moved = best, True
        return [range(self.first[start], self.last[end - 1] + 1) for start, end in pairwise(breaks)]

    def _nearest(self, place: float) -> int:
        """The unit, not the first, that begins nearest to a place along the whole chain."""
        behind = bisect_left(self.starts, place + self.starts[0], 1, len(self) - 1)
        return min((max(behind - 1, 1), behind), key=lambda unit: abs(self.starts[unit] - self.starts[0] - place))

    def _badness(self, before: int, unit: int, after: int, mean: float) -> float:
        """Of two columns that meet at a unit: how far the longer one exceeds the mean, and whether a stage is torn."""
        lengths = self.length(before, unit), self.length(unit, after)
        return sum((length / mean) ** 4 for length in lengths) + (0 if self.stage_begins[unit] else 0.35)
