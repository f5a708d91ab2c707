"""All lengths and sizes of type of a diagram, in points: whatever composes or writes one keeps to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from cnncli.diagram.columns import Spacing
from cnncli.diagram.parts import Detail
from cnncli.draw.geometry import Direction
from cnncli.draw.shapes import OUTLINE
from cnncli.draw.text import LINE_HEIGHT


@dataclass(frozen=True)
class Sizes:
    """Of the type: what a box is, how large its tensors are, what it costs and is called.

    Then the headings of stages and blocks, and the page's title, facts and legend.
    """

    label: float
    shape: float
    small: float
    stage: float = 9.0
    block: float = 7.5
    title: float = 17.0
    line: float = 9.0
    note: float = 8.0


@dataclass(frozen=True)
class Words:
    """Within a box."""

    padding: tuple[float, float] = (9.0, 6.0)
    """At its sides, and above and below its lines."""
    slack: float = 4.0
    """By how much a box is wider than its words and padding, as fonts differ a little."""
    between: float = 16.0
    """At least between what a line says at its left and at its right."""
    leading: float = 1.0
    """Below a line."""
    label_leading: float = 3.0
    """Below a box's label."""


@dataclass(frozen=True)
class Frames:
    """Around boxes; by level where levels differ."""

    pads: Mapping[str, float]
    heading: float = 12.0
    """The room of a stage's heading."""
    stage_inset: tuple[float, float] = (10.0, 7.0)
    """From a stage's upper corners to its heading, across and down."""
    bar_inset: float = 8.0
    """From the sides of a block's bar to its heading."""
    bar_padding: float = 5.0
    """By how much a block's bar is higher than a line of the boxes' labels."""
    entrance: float = 44.0
    """In the middle of a stage's heading, for the arrow that enters."""
    apart: float = 60.0
    """Between a block's name and what it is, with the insets."""
    outset: float = 4.0
    """By how much the ground of a branch is wider than its boxes."""
    round: float = 3.0
    """The radius of rounded corners."""


@dataclass(frozen=True)
class Lines:
    """Links and symbols. A gap is the length of an arrow, in columns and in rows."""

    gap: Mapping[Direction, float]
    symbol_gap: float
    pitch: float
    fork: float = 3.0
    sum: float = 12.0
    corner: float = 6.0
    """By how much the corners of links are rounded."""
    card: float = 2.5
    """By how much each card of a stack is moved."""
    turn: float = 14.0
    lane: float = 6.0
    at_side: float = 12.0
    forward: tuple[float, float] = (1, 5)
    """How thick a link is, and how long its arrowhead."""
    skipping: tuple[float, float] = (1.2, 5)
    turning: tuple[float, float] = (2, 7)
    outline: float = OUTLINE


SMALLEST = 6.0
"""The type of a figure in print, in points, which people still read at arm's length."""
MARGIN = 28.0
"""Around all that is on a page."""


@dataclass(frozen=True)
class Paper:
    """The page around the diagram."""

    margin: float = MARGIN
    least_width: float = 260.0
    longest_title: float = 520.0
    """A title asks for so much width at most; a longer one is broken."""
    below_title: float = 3.0
    below_head: float = 18.0
    above_foot: float = 20.0
    between_lines: float = 2.0
    row: float = 15.0
    """The height of the legend's rows."""
    below_rows: float = 4.0
    flowing: bool = False
    """Whether what the legend says in words stands behind the samples, in their rows."""
    to_text: float = 6.0
    """From a sample to what it means."""
    between_samples: float = 18.0
    swatch: tuple[float, float] = (18.0, 10.0)
    scale: tuple[float, float] = (126.0, 10.0)
    chip: tuple[float, float] = (20.0, 11.0)
    plus: tuple[float, float] = (15.0, 11.0)
    stack: tuple[float, float] = (20.0, 12.0)
    sum: tuple[float, float] = (12.0, 12.0)
    skip: tuple[float, float] = (18.0, 1.2)


@dataclass(frozen=True)
class Measures:
    sizes: Sizes
    words: Words
    frames: Frames
    lines: Lines
    paper: Paper = Paper()
    times: str = "x"
    """Between the sizes of a shape, and before a number of repeats."""
    brief: bool = False
    """Whether headings and the legend say no more than they need to."""

    def continued(self, left: str, right: str) -> str:
        """The heading of a frame that goes on in the next column; in brief a size alone needs no sign of it."""
        if self.brief:
            return f"… {left}" if right else left
        return f"{left} (continued)"

    @property
    def bar(self) -> float:
        """The height of a block's bar."""
        return self.sizes.label * LINE_HEIGHT + self.frames.bar_padding

    def spacing(self, direction: Direction) -> Spacing:
        lines, frames = self.lines, self.frames
        headings = {"stage": frames.heading, "block": self.bar, "branch": 0.0}
        return Spacing(
            lines.gap[direction], lines.symbol_gap, lines.pitch, dict(frames.pads), headings, headed=direction == "TB",
            turn=lines.turn, lane=lines.lane, outset=frames.outset, at_side=lines.at_side,
        )  # fmt: skip


def screen(detail: Detail) -> Measures:
    """For a screen, and for A paper."""
    if detail == "layer":
        sizes = Sizes(label=8.5, shape=7.5, small=7)
        frames = Frames({"stage": 9.0, "block": 8.0, "branch": 3.0})
        return Measures(sizes, Words(padding=(7, 3)), frames, Lines({"TB": 9, "LR": 14}, symbol_gap=9, pitch=12))
    lines = Lines({"TB": 16, "LR": 22}, symbol_gap=12, pitch=16)
    return Measures(Sizes(label=11, shape=9, small=8), Words(), Frames({"stage": 12.0}), lines)


def printed_measures(title: float, margin: float) -> Measures:
    """For paper, with no type below 6 points. `title` is the size of the page's title, `margin` that of the page."""
    small = SMALLEST
    sizes = Sizes(label=6.5, shape=small, small=small, stage=small, block=small, title=title, line=6.5, note=small)
    words = Words(padding=(3.5, 2.5), slack=1, between=6, leading=0.6, label_leading=1)
    frames = Frames(
        {"stage": 4.0, "block": 3.5, "branch": 1.5}, heading=6.5, stage_inset=(4, 2.5), bar_inset=3.5,
        bar_padding=2, entrance=12, apart=12, outset=1.5, round=1.5,
    )  # fmt: skip
    lines = Lines(
        {"TB": 7, "LR": 9}, symbol_gap=4.5, pitch=6, fork=2, sum=6, corner=2.5, card=1.2, turn=5, lane=2.5, at_side=5,
        forward=(0.6, 3), skipping=(0.7, 3), turning=(1, 3.5), outline=0.5,
    )  # fmt: skip
    paper = Paper(
        margin, least_width=0, below_title=1.5, below_head=5, above_foot=4, between_lines=1, row=8.5, below_rows=0,
        flowing=True, to_text=2.5, between_samples=7, swatch=(9, 5.5), scale=(50, 5.5), chip=(14.5, 7.5),
        plus=(9, 7.5), stack=(11, 7), sum=(6.5, 6.5), skip=(10, 0.7),
    )  # fmt: skip
    return Measures(sizes, words, frames, lines, paper, times="×", brief=True)


def scaled(measures: Measures, by: float) -> Measures:
    """All of them so many times larger, but for the page's margin."""
    if by == 1:
        return measures
    larger: Measures = _scaled(measures, by)
    return replace(larger, paper=replace(larger.paper, margin=measures.paper.margin))


def _scaled(value: Any, by: float) -> Any:
    if isinstance(value, (bool, str)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(*(_scaled(getattr(value, field.name), by) for field in fields(value)))
    if isinstance(value, tuple):
        return tuple(_scaled(each, by) for each in value)
    if isinstance(value, Mapping):
        return {key: _scaled(each, by) for key, each in value.items()}
    return value * by
