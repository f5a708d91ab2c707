"""The page: a heading, the chain in columns, a legend; chosen so that it prints on A paper."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from cnncli.diagram.layout import Arrangement, Layout
from cnncli.diagram.measures import Measures
from cnncli.diagram.wording import Run, typeset
from cnncli.draw.geometry import Rect
from cnncli.draw.text import LINE_HEIGHT, width, wrapped
from cnncli.errors import UsageError

A_PAPER = sqrt(2)
"""The longer side of A4, A3, A0 by the shorter one."""
A4_HEIGHT = 842.0
"""In points (ISO 216: 297 mm)."""
BOLDER = 1.12
"""By how much bold type is wider, about."""
FACTS_APART = "   "
"""Between the facts of a heading's line, which is broken there alone."""


class Heading(NamedTuple):
    """What the page says at its top: whose picture it is, then what it adds up to."""

    title: str
    lines: Sequence[str]


UNTITLED = Heading("", ())


class Text(NamedTuple):
    """A run of text, and the rectangle that it fills."""

    run: Run
    place: Rect

    def moved(self, x: float, y: float) -> Text:
        return Text(self.run, self.place.moved(x, y))


class Sample(NamedTuple):
    """An entry of the legend: a piece of the picture as wide and high as it says, and what that means."""

    sign: str
    size: tuple[float, float]
    text: str


class Legend(NamedTuple):
    """Signs with their meaning, and sentences on what the words in the boxes abbreviate."""

    samples: Sequence[Sample]
    notes: Sequence[str]


class Sheet(NamedTuple):
    """All that is on the page, with its place in points from the page's upper left corner."""

    width: float
    height: float
    columns: int
    layout: Layout
    texts: list[Text]
    samples: list[tuple[Sample, Rect]]


class Block(NamedTuple):
    """Texts and samples of a part of the page set from (0, 0), and its height."""

    texts: list[Text]
    samples: list[tuple[Sample, Rect]]
    height: float


def compose(plan: Arrangement, words: PageWords, columns: int | None) -> Sheet:
    """The page with this many columns; without a number as many as leave the least of a sheet of A paper empty.

    A page whose columns are given is no larger than it needs to be, any other has the proportions of A paper.
    """
    if columns is not None:
        chosen = plan.breaks.columns(columns)
        return sheet(plan, words, chosen, *map(round, _needs(plan, words, chosen)))
    candidates = []
    for count in range(1, len(plan.breaks) + 1):
        chosen = plan.breaks.columns(count)
        needs = _needs(plan, words, chosen)
        candidates.append((on_paper(*needs), chosen))
        if _past(plan, needs):
            break
    size, chosen = min(candidates, key=lambda candidate: candidate[0][0] * candidate[0][1])
    return sheet(plan, words, chosen, *map(round, size))


def column_if_small(plan: Arrangement, words: PageWords) -> int | None:
    """One column where it cannot be broken or has room on a sheet of A4: so a piece of a network is best read."""
    width, height = _needs(plan, words, plan.breaks.columns(1))
    return 1 if len(plan.breaks) == 1 or max(width, height) <= A4_HEIGHT else None


def _past(plan: Arrangement, needs: tuple[float, float]) -> bool:
    """Whether more columns could only make the page more oblong."""
    along, across = plan.axes.lengths(*needs)
    return across > 2 * along


def on_paper(width: float, height: float) -> tuple[float, float]:
    """The smallest sheet of A paper's proportions, either way up, that holds a page of this size."""
    if height > width:
        return max(width, height / A_PAPER), max(height, width * A_PAPER)
    return max(width, height * A_PAPER), max(height, width / A_PAPER)


def _needs(plan: Arrangement, words: PageWords, columns: Sequence[range]) -> tuple[float, float]:
    """The width and height of a page with these columns."""
    return words.page(*plan.size(columns))


def sheet(plan: Arrangement, words: PageWords, columns: Sequence[range], width: float, height: float) -> Sheet:
    """The page of this size with these columns."""
    texts, samples, body = words.around(width, height)
    return Sheet(width, height, len(columns), plan.place(columns, body), texts, samples)


class PageWords(NamedTuple):
    """What is written above and below the diagram, for a page of any width."""

    heading: Heading
    legend: Legend
    measures: Measures

    def least_width(self) -> float:
        """Where neither the title nor an entry of the legend needs to be broken."""
        paper, sizes = self.measures.paper, self.measures.sizes
        entries = [self.entry(sample) for sample in self.legend.samples]
        title = width(self.heading.title, sizes.title, bold=True)
        return max(paper.least_width, min(title, paper.longest_title), *entries)

    def entry(self, sample: Sample) -> float:
        """How long an entry of the legend is."""
        return self.before(sample) + width(sample.text, self.measures.sizes.note)

    def before(self, sample: Sample) -> float:
        """From the beginning of an entry to its words."""
        return sample.size[0] + self.measures.paper.to_text if sample.sign else 0

    def head(self, limit: float) -> Block:
        if not self.heading.title:
            return Block([], [], 0)
        texts: list[Text] = []
        sizes, paper = self.measures.sizes, self.measures.paper
        lines = wrapped(self.heading.title, sizes.title, limit / BOLDER)
        y = self.lines(texts, lines, Run("", sizes.title, bold=True), 0) + paper.below_title
        for index, line in enumerate(self.heading.lines):
            between = FACTS_APART if FACTS_APART in line else " "
            broken = wrapped(typeset(line, self.measures.times), sizes.line, limit, between)
            y = self.lines(texts, broken, Run("", sizes.line, faint=index == 0), y)
        return Block(texts, [], y + paper.below_head)

    def foot(self, limit: float) -> Block:
        if not (self.legend.samples or self.legend.notes):
            return Block([], [], 0)
        texts: list[Text] = []
        samples: list[tuple[Sample, Rect]] = []
        paper, size = self.measures.paper, self.measures.sizes.note
        x, y, row = 0.0, paper.above_foot, paper.row
        entries = [*self.legend.samples, *(Sample("", (0, 0), note) for note in self.legend.notes if paper.flowing)]
        for sample in entries:
            across, down = sample.size
            length = self.entry(sample)
            if x and x + length > limit:
                x, y = 0.0, y + row
            if sample.sign:
                samples.append((sample, Rect(x, y + (row - down) / 2, x + across, y + (row + down) / 2)))
            for part in wrapped(sample.text, size, limit - self.before(sample)):
                texts.append(_text(Run(part, size), x + self.before(sample), y + (row - size * LINE_HEIGHT) / 2))
                y += row
            y -= row
            x += length + paper.between_samples
        y += row + paper.below_rows if entries else 0
        if not paper.flowing:
            y = self.lines(texts, wrapped(" ".join(self.legend.notes), size, limit), Run("", size, faint=True), y)
        return Block(texts, samples, y)

    def height(self, limit: float) -> float:
        return self.head(limit).height + self.foot(limit).height

    def page(self, width: float, height: float) -> tuple[float, float]:
        """How large a page is around something of this size."""
        width, margin = max(width, self.least_width()), self.measures.paper.margin
        return width + 2 * margin, height + self.height(width) + 2 * margin

    def around(self, width: float, height: float) -> tuple[list[Text], list[tuple[Sample, Rect]], Rect]:
        """Texts and samples in their places on a page of this size, and what they leave of it."""
        margin = self.measures.paper.margin
        head, foot = self.head(width - 2 * margin), self.foot(width - 2 * margin)
        bottom = height - margin - foot.height
        texts = [text.moved(margin, margin) for text in head.texts]
        texts += [text.moved(margin, bottom) for text in foot.texts]
        samples = [(sample, place.moved(margin, bottom)) for sample, place in foot.samples]
        return texts, samples, Rect(margin, margin + head.height, width - margin, bottom)

    def lines(self, texts: list[Text], lines: Sequence[str], like: Run, y: float) -> float:
        """Append lines of text that look alike from the height y on; returns where they end."""
        for line in lines:
            texts.append(_text(like._replace(text=line), 0, y))
            y = texts[-1].place.bottom + self.measures.paper.between_lines
        return y


def _text(run: Run, x: float, y: float) -> Text:
    return Text(run, Rect(x, y, x + run.width, y + run.size * LINE_HEIGHT))


def check_columns(columns: int | None) -> None:
    if columns is not None and columns < 1:
        raise UsageError(f"--columns {columns}: expected auto or a whole number of at least 1")
