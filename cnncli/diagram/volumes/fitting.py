"""Feature maps for print: in how many rows, with how large type and solids they fit a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from cnncli.diagram.measures import scaled
from cnncli.diagram.paper.targets import Target
from cnncli.diagram.sheet import Heading
from cnncli.diagram.volumes.picture import Look, Volumes
from cnncli.diagram.volumes.tensors import Tensors

MOST_ROWS = 6
LEAST, FLAT = 0.3, 0.5
"""Of their usual size beside their words solids have at least so much; where the page is no taller than it must be,
so much is enough to be seen."""
WORSE, NARROW = 0.6, 0.72
"""Solids so much smaller are as good, if that saves a row; lines of words are so much shorter where that helps."""
TRIES = 7


class Fit(NamedTuple):
    """An arrangement that a page of this size holds."""

    found: Volumes
    width: float
    height: float | None


def fitted(tensors: Tensors, heading: Heading, look: Look, target: Target) -> Fit:
    """With the largest solids that the page has room for; a row less is worth smaller ones.

    Raises UsageError where even the smallest are too much.
    """
    fits = list(_fits(tensors, heading, look, target))
    if not fits:
        raise target.too_small(f"{tensors.graph.name} by {tensors.detail} is", "a coarser --detail, a --scope")
    return max(fits, key=_goodness)


def _goodness(fit: Fit) -> float:
    """Shorter lines are worth it only where they save a row, or make solids much larger."""
    found = fit.found
    return found.scale.cell * WORSE**found.placed.rows * found.look.lines


def _fits(tensors: Tensors, heading: Heading, look: Look, target: Target) -> Iterator[Fit]:
    most = min(MOST_ROWS, len(tensors.parts))
    counts = range(1, most + 1) if look.rows is None else (look.rows,)
    for rows, lines, page in product(counts, (1.0, NARROW), target.pages):
        made = _Maker(tensors, heading, replace(look, rows=rows, lines=lines), page)
        if found := made.largest():
            yield Fit(found, page.width, page.height)


class _Maker(NamedTuple):
    """Makes arrangements of a number of rows for a page."""

    tensors: Tensors
    heading: Heading
    look: Look
    target: Target

    def largest(self) -> Volumes | None:
        """With larger type as far as solids have their usual size; with smaller solids where type is the smallest."""
        least, most = self.target.least, self.target.most
        if self.fits(self.made(least, 1)):
            return self._largest(lambda by: self.made(by, 1), least, most)
        if self.fits(self.made(least, LEAST)):
            return self._largest(lambda times: self.made(least, times), LEAST, 1)
        flat = self.made(least, FLAT)
        return flat if self.target.height is None and self.is_narrow(flat) else None

    def _largest(self, made: Callable[[float], Volumes], low: float, high: float) -> Volumes:
        """Of those between, of which the least fits."""
        if self.fits(most := made(high)):
            return most
        for _ in range(TRIES):
            middle = (low + high) / 2
            low, high = (middle, high) if self.fits(made(middle)) else (low, middle)
        return made(low)

    def made(self, by: float, times: float) -> Volumes:
        """With the smallest type so many times larger, and solids so large beside it."""
        measures = scaled(self.target.measures, by)
        return Volumes(self.tensors, self.heading, replace(self.look, times=times), measures)

    def fits(self, found: Volumes) -> bool:
        inner = self.target.width - 2 * self.target.margin
        tall = found.words.height(inner) + found.placed.height + 2 * self.target.margin
        return self.is_narrow(found) and tall <= (self.target.height or self.target.tallest)

    def is_narrow(self, found: Volumes) -> bool:
        return found.width <= self.target.width - 2 * self.target.margin
