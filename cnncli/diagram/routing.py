"""The corners of every link, once the columns have their places."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from typing import Literal, Protocol

from cnncli.diagram.chain import Link
from cnncli.diagram.columns import Spacing
from cnncli.diagram.gutters import PAGE
from cnncli.diagram.lanes.region import Place
from cnncli.diagram.placing import Column, Route
from cnncli.diagram.runs import Runs
from cnncli.diagram.sized import Piece
from cnncli.draw.geometry import Axes, Span

Kind = Literal["forward", "skip", "turn"]
APART = 2.5
"""Level lines of different links that are no farther apart would be taken for one."""
ALIKE = 0.01
"""Places no farther apart, in points, are one."""


class Planned(Protocol):
    """What is between the columns: how wide it is, what leads straight across, how far below all a net leads on."""

    @property
    def gap(self) -> float: ...

    @property
    def direct(self) -> Set[Link]: ...

    @property
    def levels(self) -> Mapping[Hashable, int]: ...


class Routing:
    """Leads links through columns."""

    def __init__(
        self,
        runs: Runs,
        pieces: Sequence[Piece],
        columns: Sequence[Column],
        axes: Axes,
        plan: Planned,
        spacing: Spacing,
    ) -> None:
        self.runs, self.pieces, self.columns, self.axes, self.spacing = runs, pieces, columns, axes, spacing
        self.plan = plan
        self.beside = set(runs.beside)
        self.number = {member: number for number, column in enumerate(columns) for member in column.members}

        self.across = list(self._level())

    def route(self, link: Link) -> Route:
        kind, places = self._way(link)
        return Route(link, kind, [self.axes.point(*place) for place in _corners(places)])

    def _way(self, link: Link) -> tuple[Kind, list[Place]]:
        source, target = self.runs.ends(link)
        here, there = self._column(source), self._column(target)
        if source == target:
            return self._inside(link, source, here)
        if link in self.runs.forward:
            start, end = self._foot(link, here), self._head(link, there)
            if here is there:
                return "forward", [*start, *end]
            return "turn", [*start, *self._turn(here, there), *end]
        if link in self.beside and here is there:
            return "skip", self._beside(link, here)
        return "skip", self._outside(link, here, there)

    def _column(self, piece: int) -> Column:
        return self.columns[self.number[piece]]

    def _inside(self, link: Link, number: int, column: Column) -> tuple[Kind, list[Place]]:
        piece = self.pieces[number]
        assert piece.lanes
        start = piece.members.start
        places = piece.lanes.links[link[0] - start, link[1] - start]
        return "skip" if link in self.runs.skips else "forward", self._moved(places, number, column)

    def _moved(self, places: Sequence[Place], number: int, column: Column) -> list[Place]:
        """From within a region to the page."""
        start = column.spans(number)[0].start
        return [(along + start, across + column.chain) for along, across in places]

    def _foot(self, link: Link, column: Column) -> list[Place]:
        """Out of an item, or of a region, downwards."""
        number = self.runs.of[link[0]]
        lanes = self.pieces[number].lanes
        if lanes:
            return self._moved(lanes.foot, number, column)
        return [(column.spans(number)[0].end, column.chain)]

    def _head(self, link: Link, column: Column) -> list[Place]:
        number = self.runs.of[link[1]]
        lanes = self.pieces[number].lanes
        if lanes:
            return self._moved(lanes.head, number, column)
        return [(column.spans(number)[0].start, column.chain)]

    def _turn(self, here: Column, there: Column) -> list[Place]:
        """Below the column, up the aisle before the next one, and into its head."""
        foot = here.foot + self.spacing.turn
        head = there.room - self.spacing.turn
        aisle = there.start - self.plan.gap / 2
        return [(foot, here.chain), (foot, aisle), (head, aisle), (head, there.chain)]

    def _beside(self, link: Link, column: Column) -> list[Place]:
        """On a track beside the chain; straight out of and into boxes that reach that far."""
        source, target = self.runs.ends(link)
        track = column.tracks[source, target]
        main, cross = column.spans(source)
        leaving = [(main.end, track)]
        if not cross.holds(track, 2):
            place = self._leaving(source, main)
            leaving = [(place, cross.start), (place, track)]
        main, cross = column.spans(target)
        entering = [(main.start, track)]
        if not cross.holds(track, 2):
            place = self._entering(target, main)
            entering = [(place, track), (place, cross.start)]
        return [*leaving, *entering]

    def _leaving(self, number: int, main: Span) -> float:
        """Where along its side a link leaves an item."""
        if self.pieces[number].item.symbol:
            return main.middle
        return main.end - min(main.length / 4, self.spacing.at_side)

    def _entering(self, number: int, main: Span) -> float:
        if self.pieces[number].item.symbol:
            return main.middle
        return main.start + min(main.length / 4, self.spacing.at_side)

    def _level(self) -> Iterator[tuple[int, float]]:
        """The heights at which nets that lead into the next column leave their own, and enter it again."""
        for link in self.plan.direct:
            yield link[0], self._out(link, self._column(self.runs.of[link[0]]))[-1][0]
        sources = {source for source, _ in self.plan.direct}
        for link in self.runs.outside:
            here, there = map(self._column, self.runs.ends(link))
            if link[0] in sources and here is there:
                yield link[0], self._in(link, here)[0][0]

    def _entering_apart(self, number: int, main: Span, taken: Sequence[float]) -> float:
        """Where a link from the column before enters an item, not at the height at which another leaves that column."""
        usual = self._entering(number, main)
        if self.pieces[number].item.symbol:
            return usual
        places = [usual, *(main.start + main.length * share / 16 for share in range(2, 9))]
        return next((place for place in places if all(abs(place - at) >= APART for at in taken)), usual)

    def _outside(self, link: Link, here: Column, there: Column) -> list[Place]:
        """In the gutter of the frame that holds both ends; to another column below all of them."""
        start = self._out(link, here)
        net = (link[0], self.runs.container(link) if here is there else PAGE)
        if here is there:
            track, end = here.gutters[net], self._in(link, there)
            return [*start, (start[-1][0], track), (end[0][0], track), *end]
        if link in self.plan.direct:
            track = here.gutters[net]
            number = self.runs.of[link[1]]
            main, cross = there.spans(number)
            place = self._entering_apart(number, main, [at for source, at in self.across if source != link[0]])
            return [*start, (start[-1][0], track), (place, track), (place, cross.start)]
        foot = max(column.foot for column in self.columns) + self.spacing.turn
        foot += self.plan.levels[link[0]] * self.spacing.lane
        down, up, end = here.gutters[net], there.gutters[net], self._in(link, there)
        return [*start, (start[-1][0], down), (foot, down), (foot, up), (end[0][0], up), *end]

    def _out(self, link: Link, column: Column) -> list[Place]:
        """Out of an item, or of a region, at its far side."""
        number = self.runs.of[link[0]]
        piece = self.pieces[number]
        if piece.lanes:
            return self._moved(piece.lanes.leaving[link[0] - piece.members.start], number, column)
        main, cross = column.spans(number)
        return [(self._leaving(number, main), cross.end)]

    def _in(self, link: Link, column: Column) -> list[Place]:
        number = self.runs.of[link[1]]
        piece = self.pieces[number]
        if piece.lanes:
            start = piece.members.start
            return self._moved(piece.lanes.entering[link[0] - start, link[1] - start], number, column)
        main, cross = column.spans(number)
        return [(self._entering(number, main), cross.end)]


def _corners(places: Sequence[Place]) -> list[Place]:
    """Without those at which a way does not turn."""
    found: list[Place] = []
    for place in places:
        if found and _same(found[-1], place):
            continue
        if len(found) > 1 and _in_line(found[-2], found[-1], place):
            found.pop()
        found.append(place)
    return found


def _same(one: Place, other: Place) -> bool:
    return abs(one[0] - other[0]) < ALIKE and abs(one[1] - other[1]) < ALIKE


def _in_line(one: Place, two: Place, three: Place) -> bool:
    return any(abs(one[axis] - two[axis]) < ALIKE and abs(two[axis] - three[axis]) < ALIKE for axis in (0, 1))
