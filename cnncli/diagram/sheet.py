"""The page: a heading, the chain in columns, a legend; chosen so that it prints on A paper."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from cnncli.diagram.layout import Arrangement, Layout
from cnncli.diagram.wording import Run
from cnncli.draw.geometry import Rect
from cnncli.draw.text import LINE_HEIGHT, width, wrapped
from cnncli.errors import UsageError

MARGIN = 28.0
A_PAPER = sqrt(2)
"""The longer side of A4, A3, A0 by the shorter one."""


class Heading(NamedTuple):
    """What the page says at its top: whose picture it is, then what it adds up to."""

    title: str
    lines: Sequence[str]


class Text(NamedTuple):
    """A run of text, and the rectangle that it fills."""

    run: Run
    place: Rect


class Sample(NamedTuple):
    """An entry of the legend: a piece of the picture as wide and high as it says, and what that means."""

    sign: str
    size: tuple[float, float]
    text: str


class Legend(NamedTuple):
    """Signs with their meaning, and a line on what the words in the boxes abbreviate."""

    samples: Sequence[Sample]
    note: str


class Sheet(NamedTuple):
    """All that is on the page, with its place in points from the page's upper left corner."""

    width: float
    height: float
    columns: int
    layout: Layout
    texts: list[Text]
    samples: list[tuple[Sample, Rect]]


Block = tuple[list[Text], list[tuple[Sample, Rect]], float]
"""Texts and samples of a part of the page set from (0, 0), and its height."""


def compose(plan: Arrangement, heading: Heading, legend: Legend, columns: int | None) -> Sheet:
    """The page with this many columns; without a number as many as leave the least of a sheet of A paper empty."""
    if columns is not None:
        chosen = plan.breaks.columns(columns)
        return _sheet(plan, heading, legend, chosen, *_needs(plan, heading, legend, chosen))
    candidates = []
    for count in range(1, len(plan.breaks) + 1):
        chosen = plan.breaks.columns(count)
        needs = _needs(plan, heading, legend, chosen)
        candidates.append((_on_paper(*needs), chosen))
        if _past(plan, needs):
            break
    size, chosen = min(candidates, key=lambda candidate: candidate[0][0] * candidate[0][1])
    return _sheet(plan, heading, legend, chosen, *size)


def _past(plan: Arrangement, needs: tuple[float, float]) -> bool:
    """Whether more columns could only make the page more oblong."""
    along, across = plan.axes.lengths(*needs)
    return across > 2 * along


def _needs(plan: Arrangement, heading: Heading, legend: Legend, columns: Sequence[range]) -> tuple[float, float]:
    width, height = plan.size(columns)
    width = max(width, _least_width(heading, legend))
    return width + 2 * MARGIN, height + _head(heading, width)[2] + _foot(legend, width)[2] + 2 * MARGIN


def _on_paper(width: float, height: float) -> tuple[float, float]:
    """The smallest sheet of A paper's proportions, either way up, that holds a page of this size."""
    if height > width:
        return max(width, height / A_PAPER), max(height, width * A_PAPER)
    return max(width, height * A_PAPER), max(height, width / A_PAPER)


def _sheet(
    plan: Arrangement, heading: Heading, legend: Legend, columns: Sequence[range], width: float, height: float
) -> Sheet:
    width, height = round(width), round(height)
    inner = width - 2 * MARGIN
    head, foot = _head(heading, inner), _foot(legend, inner)
    bottom = height - MARGIN - foot[2]
    body = Rect(MARGIN, MARGIN + head[2], width - MARGIN, bottom)
    texts = [_moved(text, MARGIN, MARGIN) for text in head[0]] + [_moved(text, MARGIN, bottom) for text in foot[0]]
    samples = [(sample, place.moved(MARGIN, bottom)) for sample, place in foot[1]]
    return Sheet(width, height, len(columns), plan.place(columns, body), texts, samples)


def _moved(text: Text, x: float, y: float) -> Text:
    return Text(text.run, text.place.moved(x, y))


FACTS_APART = "   "
"""Between the facts of a heading's line, which is broken there alone."""
TITLE, LINE, NOTE = 17.0, 9.0, 8.0
"""Sizes of the page's own type, in points."""
LEAST_WIDTH = 260.0


def _least_width(heading: Heading, legend: Legend) -> float:
    """Where neither the title nor an entry of the legend needs to be broken."""
    entries = [sample.size[0] + 6 + width(sample.text, NOTE) for sample in legend.samples]
    return max(LEAST_WIDTH, min(width(heading.title, TITLE, bold=True), 520), *entries)


def _head(heading: Heading, limit: float) -> Block:
    texts: list[Text] = []
    y = _lines(texts, wrapped(heading.title, TITLE, limit / 1.12), Run("", TITLE, bold=True), 0)
    y += 3
    for index, line in enumerate(heading.lines):
        between = FACTS_APART if FACTS_APART in line else " "
        y = _lines(texts, wrapped(line, LINE, limit, between), Run("", LINE, faint=index == 0), y)
    return texts, [], y + 18


def _foot(legend: Legend, limit: float) -> Block:
    texts: list[Text] = []
    samples: list[tuple[Sample, Rect]] = []
    x, y, row = 0.0, 20.0, 15.0
    for sample in legend.samples:
        across, down = sample.size
        length = across + 6 + width(sample.text, NOTE)
        if x and x + length > limit:
            x, y = 0.0, y + row
        samples.append((sample, Rect(x, y + (row - down) / 2, x + across, y + (row + down) / 2)))
        texts.append(_text(Run(sample.text, NOTE), x + across + 6, y + (row - NOTE * LINE_HEIGHT) / 2))
        x += length + 18
    y += row + 4 if legend.samples else 0
    y = _lines(texts, wrapped(legend.note, NOTE, limit), Run("", NOTE, faint=True), y)
    return texts, samples, y


def _lines(texts: list[Text], lines: Sequence[str], like: Run, y: float) -> float:
    """Append lines of text that look alike from the height y on; returns where they end."""
    for line in lines:
        texts.append(_text(like._replace(text=line), 0, y))
        y = texts[-1].place.bottom + 2
    return y


def _text(run: Run, x: float, y: float) -> Text:
    return Text(run, Rect(x, y, x + run.width, y + run.size * LINE_HEIGHT))


def check_columns(columns: int | None) -> None:
    if columns is not None and columns < 1:
        raise UsageError(f"--columns {columns}: expected auto or a whole number of at least 1")
