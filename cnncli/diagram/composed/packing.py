"""Rectangles set on a page in the order in which they are read, as columns or as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

Size = tuple[float, float]


class Packing(NamedTuple):
    """Where the upper left corner of each rectangle is, and how large they are together."""

    places: list[Size]
    width: float
    height: float


def packings(sizes: Sequence[Size], apart: float) -> Iterator[Packing]:
    """In each number of columns and of rows the shortest ones that hold all in order."""
    yield from _in_columns(sizes, apart)
    turned = [(height, width) for width, height in sizes]
    for places, height, width in _in_columns(turned, apart):
        yield Packing([(x, y) for y, x in places], width, height)


def _in_columns(sizes: Sequence[Size], apart: float) -> Iterator[Packing]:
    heights = [height for _, height in sizes]
    limits = sorted(
        {
            together
            for start in range(len(sizes))
            for together in accumulate(heights[start:], lambda used, height: used + apart + height)
        }
    )
    fewest = len(sizes) + 1
    for limit in limits:
        columns = _filled(sizes, limit, apart)
        if columns and len(columns) < fewest:
            fewest = len(columns)
            yield _packing(sizes, columns, apart)


def _filled(sizes: Sequence[Size], limit: float, apart: float) -> list[list[int]]:
    """The rectangles of each column no higher than a limit, by their places; none where one alone is higher."""
    columns: list[list[int]] = []
    used = 0.0
    for place, (_, height) in enumerate(sizes):
        if height > limit:
            return []
        if columns and used + apart + height <= limit:
            columns[-1].append(place)
            used = used + apart + height
        else:
            columns.append([place])
            used = height
    return columns


def _packing(sizes: Sequence[Size], columns: Sequence[Sequence[int]], apart: float) -> Packing:
    places: list[Size] = []
    x = highest = 0.0
    for column in columns:
        y = 0.0
        for place in column:
            places.append((x, y))
            y += sizes[place][1] + apart
        highest = max(highest, y - apart)
        x += max(sizes[place][0] for place in column) + apart
    return Packing(places, x - apart, highest)
