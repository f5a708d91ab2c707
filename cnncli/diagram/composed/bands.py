"""Diagrams of one column brought to the same heights: boxes of one stride stand in one band across all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate, groupby, pairwise
from typing import NamedTuple

from cnncli.diagram.composed.strides import Stride, merged, rows
from cnncli.diagram.composition import Diagram
from cnncli.diagram.layout import Layout
from cnncli.diagram.parts import Part
from cnncli.draw.geometry import Point, Rect, Span


class Level(NamedTuple):
    """Boxes of one stride below each other, and from where to where they stand in their column."""

    stride: Stride
    span: Span
    parts: Sequence[Part]


class Band(NamedTuple):
    """A row of the figure: its span, without what is blank above and below, and the boxes of all networks in it."""

    stride: Stride
    span: Span
    parts: Sequence[Part]


def aligned(columns: Sequence[Diagram], strides: Sequence[Sequence[Stride]], apart: float) -> Aligned:
    """Each diagram drawn out until its levels stand in the bands; `strides` are those of its network's nodes.

    Between the boxes of two bands there is `apart`.
    """
    levels = [_levels(drawn, of_nodes) for drawn, of_nodes in zip(columns, strides, strict=True)]
    order = merged([[level.stride for level in column] for column in levels])
    places = [rows([level.stride for level in column], order) for column in levels]
    members: list[list[Level]] = [[] for _ in order]
    for column, taken in zip(levels, places, strict=True):
        for level, row in zip(column, taken, strict=True):
            members[row].append(level)
    heights = [max(level.span.length for level in held) for held in members]
    tops = list(accumulate((height + apart for height in heights), initial=0.0))
    bands = [
        Band(stride, Span(top, top + height), [part for level in held for part in level.parts])
        for stride, top, height, held in zip(order, tops, heights, members, strict=False)
    ]
    drawn_out = [
        _drawn_out(drawn, column, [tops[row] for row in taken])
        for drawn, column, taken in zip(columns, levels, places, strict=True)
    ]
    return Aligned(drawn_out, bands)


class Aligned(NamedTuple):
    columns: list[Diagram]
    bands: list[Band]


def _levels(drawn: Diagram, strides: Sequence[Stride]) -> list[Level]:
    """The boxes and symbols from top to bottom; what stands side by side is one level, with the largest stride."""
    of_unit = {item.unit: strides[item.part.row.place] for item in drawn.chain.items if item.part}
    placed = sorted(zip(drawn.sheet.layout.items, drawn.chain.items, strict=True), key=lambda each: each[0].top)
    found: list[Level] = []
    for rect, item in placed:
        parts = [item.part] if item.part else []
        here = Level(of_unit[item.unit], Span(rect.top, rect.bottom), parts)
        if found and rect.top < found[-1].span.end:
            found[-1] = _joined([found[-1], here])
        else:
            found.append(here)
    return [_joined(list(run)) for _, run in groupby(found, key=lambda level: level.stride)]


def _joined(levels: Sequence[Level]) -> Level:
    return Level(
        max(level.stride for level in levels),
        Span(min(level.span.start for level in levels), max(level.span.end for level in levels)),
        [part for level in levels for part in level.parts],
    )


def _drawn_out(drawn: Diagram, levels: Sequence[Level], tops: Sequence[float]) -> Diagram:
    """The diagram with each of its levels at a height of its own; lines between them become longer."""
    ends = [(before.span.end + after.span.start) / 2 for before, after in pairwise(levels)]
    shifts = [top - level.span.start for top, level in zip(tops, levels, strict=True)]

    def moved(y: float) -> float:
        return y + shifts[sum(y > end for end in ends)]

    layout = drawn.sheet.layout
    stretched = Layout(
        [rect.moved(0, moved(rect.center.y) - rect.center.y) for rect in layout.items],
        [ground._replace(rect=_stretched(ground.rect, moved)) for ground in layout.grounds],
        [route._replace(path=[Point(x, moved(y)) for x, y in route.path]) for route in layout.routes],
    )
    return replace(drawn, sheet=drawn.sheet._replace(layout=stretched))


def _stretched(rect: Rect, moved: Callable[[float], float]) -> Rect:
    return rect._replace(top=moved(rect.top), bottom=moved(rect.bottom))
