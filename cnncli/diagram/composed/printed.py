"""Several networks in one figure for paper: lines so short, and type so large, as suit the size it is printed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import NamedTuple

from cnncli.diagram.composed.several import Figure, Subject, subjects
from cnncli.diagram.measures import SMALLEST, printed_measures, scaled
from cnncli.diagram.options import Options
from cnncli.diagram.paper.fitting import EXACT, FEWER, LEAST_LINE, STYLES, TRIES
from cnncli.diagram.paper.lettering import CUT
from cnncli.diagram.paper.targets import TARGETS, Target
from cnncli.diagram.sheet import Heading
from cnncli.diagram.wording import Said
from cnncli.draw.shapes import Picture
from cnncli.graph import Graph


class Fit(NamedTuple):
    """A figure that is no wider than its page, and how many times larger than the smallest its type is."""

    figure: Figure
    scale: float
    target: Target

    @property
    def cut(self) -> int:
        """How many texts are cut short."""
        lines = (line for drawn in self.figure.aligned.columns for said in drawn.lines for line in said)
        return sum(run.text.endswith(CUT) for line in lines for run in (*line.left, *line.right))

    def badness(self) -> tuple[float, ...]:
        """No word is to be cut; a whole page is to have large type, a figure to be low for its type."""
        return self.cut, (1 if self.target.height else self.figure.size[1]) / self.scale

    @property
    def picture(self) -> Picture:
        return self.figure.picture(self.target.width, self.target.height or ceil(self.figure.size[1]))


ROOMY = ("figure", "poster")
"""Places that have room for several networks: one as small type as may be, the other as much paper."""


def several_printed(
    networks: Sequence[tuple[Graph, Heading]], options: Options, target: Target
) -> tuple[Picture, Sequence[str]]:
    """The picture, and what its boxes do not say for want of room. Raises UsageError where nothing fits."""
    searches = [_Search(subjects(networks, options), options, page) for page in target.pages]
    least: list[tuple[Fit, Sequence[str]]] = []
    for said, left_out in FEWER:
        found = [fit for search in searches for fit in search.fits(said)]
        good = [fit for fit in found if not fit.cut]
        if good:
            return min(good, key=Fit.badness).picture, left_out
        least += [(fit, left_out) for fit in found]
    if least:
        fit, without = min(least, key=lambda each: each[0].badness())
        return fit.picture, without
    coarser = ["a coarser --detail"] if options.detail != "stage" else []
    roomier = [f"--for {place}" for place in ROOMY if TARGETS[place] != target]
    instead = ", ".join([*coarser, "fewer networks", *roomier])
    raise target.too_small(f"{len(networks)} networks by {options.detail} are", instead)


@dataclass(frozen=True)
class _Search:
    """Ways to bring the networks onto paper, their boxes saying so much."""

    subjects: Sequence[Subject]
    options: Options
    target: Target

    def figure(self, scale: float, said: Said) -> Figure:
        """With type so many times larger than the smallest; `said.limit` is of that."""
        measures = scaled(printed_measures(title=SMALLEST, margin=self.target.margin), scale)
        limit = said.limit and said.limit * scale
        return Figure(self.subjects, self.options, measures, replace(said, limit=limit))

    def fits(self, said: Said) -> Iterator[Fit]:
        """In each style the figure with the largest type with which it is as wide as its page, and no taller."""
        for style in STYLES if self.options.label is None else STYLES[:1]:
            found = self.narrowed(replace(said, style=style))
            if found and (fit := self.enlarged(*found)):
                yield fit

    def narrowed(self, said: Said) -> tuple[Figure, Said] | None:
        """At the smallest type, with lines so short that it fits across the page."""
        least = self.target.least
        figure = self.figure(least, said)
        for _ in range(TRIES):
            excess = (figure.size[0] - self.target.width) / least
            if excess <= EXACT:
                return figure, said
            lines = [line.width for drawn in figure.aligned.columns for each in drawn.lines for line in each]
            limit = min(max(lines) / least, said.limit or max(lines)) - max(excess / len(self.subjects), 0.25)
            if limit < LEAST_LINE:
                return None
            said = replace(said, limit=limit)
            figure = self.figure(least, said)
        return None

    def enlarged(self, figure: Figure, said: Said) -> Fit | None:
        """None where it is too tall for a page at any size of type."""
        margins = 2 * self.target.margin
        least = self.target.least
        scale = least * (self.target.width - margins) / (figure.size[0] - margins)
        scale = max(least, min(scale * (1 - EXACT), self.target.most))
        for share in (1.0, 0.75, 0.5, 0.25, 0.0):
            tried = least + (scale - least) * share
            found = Fit(self.figure(tried, said), tried, self.target)
            if self.holds(found.figure):
                return found
        return found if not self.target.height and found.figure.size[0] <= self.target.width else None

    def holds(self, figure: Figure) -> bool:
        """Whether it is as low as it is to be."""
        across, down = figure.size
        return across <= self.target.width and down <= (self.target.height or self.target.tallest)
