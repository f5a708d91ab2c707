"""A picture for paper: which detail, direction and number of columns let it be read at the size it is printed in.

All is tried at the smallest type that the paper allows, and what fits is then enlarged as far as there is room. Lines
of a box are broken where that lets one column more stand beside the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import ceil
from typing import NamedTuple

from cnncli.diagram.measures import scaled
from cnncli.diagram.options import Options
from cnncli.diagram.paper.lettering import CUT
from cnncli.diagram.paper.targets import Target
from cnncli.diagram.planning import Plan, Scene, plan, scene, without_lanes
from cnncli.diagram.sheet import Heading, Sheet, sheet
from cnncli.diagram.wording import ALL, Said, Style
from cnncli.draw.geometry import Direction
from cnncli.graph import Graph

STYLES: tuple[Style, ...] = ("wide", "medium", "narrow")
LEAST_LINE, SHORT_LINE = 24.0, 64.0
"""Points that a line has at least, at the smallest type, and where there is another way."""
BROKEN, COLUMN = 0.1, 0.02
"""How much worse a picture is for a line more in each box, and for each column or row: so much of its size."""
TRIES = 8
"""How often lines are made shorter, each time by as much as the page was exceeded."""
EXACT = 1e-6

FEWER: tuple[tuple[Said, tuple[str, ...]], ...] = (
    (ALL, ()),
    (Said(costs=False), ("costs",)),
    (Said(costs=False, names=False), ("costs", "names")),
    (Said(costs=False, names=False, shapes=False), ("costs", "names", "shapes")),
)
"""What boxes say where there is too little room, and what they leave out."""


class Fit(NamedTuple):
    """A plan at the smallest type that fits its page: in so many columns, and so many times larger."""

    plan: Plan
    said: Said
    columns: int
    scale: float
    width: float
    height: float
    broken: float
    """How many lines more a box has than it would, in the mean."""

    @property
    def cut(self) -> int:
        """How many texts are cut short."""
        runs = (run.text for lines in self.plan.lines for line in lines for run in (*line.left, *line.right))
        frames = {frame for item in self.plan.chain.items for frame in item.frames}
        return sum(text.endswith(CUT) for text in (*runs, *(text for each in frames for text in each[2:4])))


def printed(graph: Graph, heading: Heading, options: Options, target: Target) -> tuple[Plan, Sheet, Sequence[str]]:
    """The plan and its page, and what boxes do not say for want of room.

    Raises UsageError where nothing fits.
    """
    fit, left_out = _chosen(graph, heading, options, target)
    measures = scaled(fit.plan.measures, fit.scale)
    limit = fit.said.limit and fit.said.limit * fit.scale
    final = plan(fit.plan.scene, heading, options, fit.plan.direction, measures, replace(fit.said, limit=limit))
    columns = final.arrangement.breaks.columns(fit.columns)
    return final, sheet(final.arrangement, final.words, columns, fit.width, fit.height), left_out


def _chosen(graph: Graph, heading: Heading, options: Options, target: Target) -> tuple[Fit, Sequence[str]]:
    """Of the finest detail that fits well; else of the coarsest, at worst without lanes and with fewer words."""
    for detail in options.details or (options.detail,):
        search = _Search(scene(graph, detail, options), heading, options, target)
        found = list(search.fits(ALL))
        good = [fit for fit in found if not fit.cut and (target.height or fit.height <= target.tallest)]
        if good:
            return min(good, key=search.badness), ()
    if found and not target.height and not all(fit.cut for fit in found):
        return min(found, key=search.badness), ()
    cut: list[tuple[list[Fit], Sequence[str]]] = [(found, ())] if found else []
    for said, left_out in FEWER:
        for shown in (search.scene, without_lanes(search.scene)):
            trial = list(replace(search, scene=shown).fits(said))
            if whole := [fit for fit in trial if not fit.cut]:
                return min(whole, key=search.badness), left_out
            cut += [(trial, left_out)] if trial else []
    if not cut:
        raise target.too_small(f"{graph.name} by {search.scene.detail} is", "a coarser --detail, a --scope")
    least, without = cut[0]
    return min(least, key=search.badness), without


@dataclass(frozen=True)
class _Search:
    """All ways to bring a scene onto paper."""

    scene: Scene
    heading: Heading
    options: Options
    target: Target

    def badness(self, fit: Fit) -> tuple[float, ...]:
        """A whole page is to have large type, a figure to be low for its type; on either no word is to be cut."""
        short = fit.said.limit is not None and fit.said.limit < SHORT_LINE
        worse = 1 + BROKEN * fit.broken + COLUMN * fit.columns
        return fit.cut, short, worse / fit.scale * (1 if self.target.height else fit.height)

    def fits(self, said: Said) -> Iterator[Fit]:
        directions, styles = self.options.directions or (self.options.direction,), STYLES
        if self.scene.detail == "layer":  # of so many boxes each trial takes its time
            directions, styles = directions[:1], STYLES[:2]
        if self.options.label is not None:
            styles = STYLES[:1]
        for direction, style in product(directions, styles):
            worded = replace(said, style=style)
            natural = self.plan(direction, worded)
            for page in self.target.pages:
                if page.height and self.area(natural) > page.width * page.height:
                    continue
                yield from _Trial(self, natural, worded, page.width, page.height).fits()

    def area(self, natural: Plan) -> float:
        """What the words alone cover, at the smallest type: on less there is no use in trying."""
        lines = (line for lines in natural.lines for line in lines)
        return self.target.least**2 * sum(line.width * line.height for line in lines)

    def plan(self, direction: Direction, said: Said) -> Plan:
        return plan(self.scene, self.heading, self.options, direction, self.target.measures, said)


@dataclass(frozen=True)
class _Trial:
    """One plan on one page, in any number of columns."""

    search: _Search
    natural: Plan
    said: Said
    width: float
    height: float | None

    @cached_property
    def room(self) -> float:
        """Across the page, at the smallest type."""
        return (self.width - 2 * self.search.target.margin) / self.search.target.least

    def fits(self) -> Iterator[Fit]:
        """As long as more columns fit beside each other; of rows the fewest that are short enough, and a few more."""
        arrangement = self.natural.arrangement
        most = len(arrangement.breaks)
        if self.search.options.columns is not None:
            counts: Iterable[int] = (self.search.options.columns,)
        elif arrangement.axes.vertical:
            counts = range(1, most + 1)
        else:
            fewest = _first(most, lambda count: self.wide(self.natural, count) <= self.room)
            counts = range(max(1, fewest - 2), min(fewest + 3, most + 1))
        for count in counts:
            fitting = self.fitting(count)
            if fitting is None and arrangement.axes.vertical:
                return
            if fitting and (fit := self.enlarged(*fitting, count)):
                yield fit

    def wide(self, plan: Plan, count: int) -> float:
        return plan.arrangement.size(plan.arrangement.breaks.columns(count))[0]

    def fitting(self, count: int) -> tuple[Plan, Said] | None:
        """The plan with lines so short that it fits across the page."""
        plan, said = self.natural, self.said
        for _ in range(TRIES):
            wide = self.wide(plan, count)
            excess = wide - self.room
            if excess <= EXACT:
                return plan, said
            longest = max(line.width for lines in plan.lines for line in lines)
            limit = min(longest, said.limit or longest) - max(excess / _beside(plan, wide, longest), 0.25)
            if limit < LEAST_LINE:
                return None
            said = replace(said, limit=limit)
            plan = self.search.plan(self.natural.direction, said)
        return None

    def enlarged(self, plan: Plan, said: Said, count: int) -> Fit | None:
        """With type as large as the page lets it be; None where it is too tall for a page at any."""
        wide, high = plan.arrangement.size(plan.arrangement.breaks.columns(count))
        least, margin = self.search.target.least, self.search.target.margin
        across = self.width - 2 * margin

        def tall(scale: float) -> float:
            return scale * (high + plan.words.height(across / scale)) + 2 * margin

        limit = self.height or self.search.target.tallest
        scale = max(least, min(self.search.target.most, across / wide))
        if tall(scale) > limit:
            low, high_scale = least, scale
            for _ in range(12):
                middle = (low + high_scale) / 2
                low, high_scale = (middle, high_scale) if tall(middle) <= limit else (low, middle)
            scale = low
        if self.height and tall(scale) > self.height:
            return None
        boxes = len(plan.scene.boxes)
        more = sum(map(len, plan.lines)) - sum(map(len, self.natural.lines))
        return Fit(plan, said, count, scale, self.width, self.height or ceil(tall(scale)), more / boxes)


def _beside(plan: Plan, wide: float, longest: float) -> int:
    """About how many boxes stand beside each other across a page: in columns, in lanes, in a row."""
    words = plan.measures.words
    return max(1, int(wide / (longest + 2 * words.padding[0] + words.slack)))


def _first(most: int, holds: Callable[[int], bool]) -> int:
    """The first number from 1 for which something holds that then goes on to hold; `most` if none."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
