"""The page: live tensors upon each other over the operations, and below them where the arena holds each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from cnncli.amounts import known_part
from cnncli.analysis.timeline import Timeline
from cnncli.deployed.arena import Placed, arrangement
from cnncli.diagram.legend import KINDS
from cnncli.diagram.measures import MARGIN
from cnncli.diagram.memory.axes import Axes, byte_ticks, step_ticks
from cnncli.diagram.memory.bands import Band, bands
from cnncli.diagram.memory.labels import label
from cnncli.diagram.memory.stack import Run, stacked
from cnncli.diagram.memory.tensors import Makers
from cnncli.diagram.sheet import Heading
from cnncli.document.numbers import grouped, in_words, scaled, shape, share
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Area, Box, Circle, Group, Path, Picture, Shape, Text
from cnncli.draw.text import CAPITALS, fitting, width
from cnncli.draw.theme import Swatch, Theme, ink, mix, palette
from cnncli.graph.fold import BLOCK, STAGE

WIDTH, HEIGHT = 842.0, 595.0
"""A4 on its side, in points."""
TITLE, LINE, HEADING, SMALL = 15.0, 9.0, 9.5, 7.0
"""Sizes of type."""
LEADING = 1.25
"""From a line to the next, of their size."""
SCALE = 42.0
"""Left of the panels, for the amounts at the ticks."""
HEADROOM = 1.16
"""How much higher than the highest a panel reaches: there stands what the highest is."""
STRIP = 11.0
"""The height of a row of names of stages or blocks."""
UPPER = 0.55
"""The upper panel's share of the height."""
HAIR, THIN, ROOMY = 0.25, 0.6, 4.0
"""Outlines where an operation is narrower than ROOMY points, and where it is not."""
SWATCH = 16.0, 8.0
"""In the legend."""
SCRATCH = "scratch"
"""The kind of what only a kernel needs while it computes."""
WORDS = {**KINDS, "other": "padding, reshape, quantizing", SCRATCH: "scratch of a kernel"}


Anchor = Literal["start", "middle", "end"]


class _Held(NamedTuple):
    """What takes memory: its kind, its name, what a pointer over it is told, its bytes, and where it stands."""

    kind: str
    name: str
    says: str
    bytes: int
    runs: Sequence[Run]


class _Panel(NamedTuple):
    """What is drawn in a panel, how high it goes, and what is written at that height."""

    heading: str
    held: Sequence[_Held]
    highest: int
    says: str
    at: int | None = None
    """The operation at which it is the highest, if it is at one."""


class Sheet:
    """One page."""

    def __init__(self, found: Timeline, heading: Heading, theme: Theme) -> None:
        self.found, self.plan, self.heading, self.theme = found, found.plan, heading, theme
        self.makers = Makers(found)
        self.kinds = [self.makers.kind(tensor) for tensor in range(len(self.plan.tensors))]
        self.swatches = {**palette(theme, self.kinds), **_grounds(theme)}
        self.stages, self.blocks = bands(found, STAGE), bands(found, BLOCK)
        self.steps = max(len(found.plan.operations), 1)
        self.rows = self._rows()

    def _rows(self) -> list[list[Band]]:
        """Stages, and blocks where most of them have room for their names."""
        axes = Axes(Rect(0, 0, WIDTH - 2 * MARGIN - SCALE, 1), self.steps, 1)
        roomy = sum(_has_room(band, axes) for band in self.blocks)
        return [row for row in (self.stages, self.blocks if 2 * roomy > len(self.blocks) else []) if row]

    def picture(self) -> Picture:
        panels = [self._timeline(), *self._arena()]
        return Picture(
            WIDTH, HEIGHT, self.heading.title, ". ".join([*self.heading.lines, *(panel.says for panel in panels)]),
            self.theme.page, list(self._shapes(panels)),
        )  # fmt: skip

    def _timeline(self) -> _Panel:
        found = self.found.peak
        where = ""
        if found.operation is not None:
            where = f" at {self.found.name(found.operation)}, operation {found.operation:,}"
        says = f"peak {in_words(found.bytes, _amount)}{where}"
        held = [self._tensor(tensor, runs) for tensor, runs in stacked(self.plan).items()]
        return _Panel("Live tensors at each operation", held, known_part(found.bytes), says, found.operation)

    def _arena(self) -> list[_Panel]:
        placed = arrangement(self.plan)
        if placed is None:
            return []
        highest = max((each.offset + each.size for each in placed), default=0)
        live = known_part(self.found.peak.bytes)
        above = f", {share(highest - live, live)} above the peak" if highest > live else ""
        held = [self._placed(each) for each in placed if each.lives.last >= 0]
        return [_Panel("Arena of TensorFlow Lite Micro", held, highest, f"head {_amount(highest)}{above}")]

    def _tensor(self, tensor: int, runs: Sequence[Run]) -> _Held:
        told, name = self.plan.tensors[tensor], self.makers.name(tensor)
        lives = f"operations {runs[0].start:,} to {runs[-1].end - 1:,}"
        says = f"{name}: {shape(told.shape)} {told.dtype}, {grouped(told.bytes)} bytes, {lives}"
        return _Held(self.kinds[tensor], name, says, told.bytes, runs)

    def _placed(self, each: Placed) -> _Held:
        """What lives before the first operation begins there."""
        run = Run(max(each.lives.first, 0), each.lives.last + 1, each.offset, each.offset + each.size)
        if each.tensor is None:
            says = f"what the kernel of operation {run.start:,} computes with: {grouped(each.size)} bytes"
            return _Held(SCRATCH, SCRATCH, says, each.size, [run])
        return self._tensor(each.tensor, [run])

    # What stands where.

    def _shapes(self, panels: Sequence[_Panel]) -> Iterator[Shape]:
        heading = list(self._heading())
        kinds = {held.kind for panel in panels for held in panel.held}
        legend = list(self._legend([each for each in (*self.theme.fills, SCRATCH) if each in kinds]))
        top = MARGIN + LEADING * (TITLE + LINE * len(self.heading.lines))
        bottom = min((place.top for place, *_ in legend), default=HEIGHT - MARGIN) - 3 * SMALL * LEADING
        yield from heading
        places = self._frames(top, bottom, len(panels))
        for number, (panel, frame) in enumerate(zip(panels, places, strict=True)):
            axes = Axes(frame, self.steps, max(panel.highest, 1) * HEADROOM)
            yield Group("panel", panel.heading, [*self._ground(axes, named=not number), *self._panel(panel, axes)])
        yield from self._operations(axes)
        for place, fill, border, words in legend:
            yield Box(place, fill, border)
            yield self._text(place.right + 4, place.center.y, words, SMALL, self.theme.text)

    def _frames(self, top: float, bottom: float, count: int) -> list[Rect]:
        """Of one panel or two, the first below a row for its heading and one for each row of names."""
        left, right = MARGIN + SCALE, WIDTH - MARGIN
        title = HEADING * LEADING + 7
        first = top + title + STRIP * len(self.rows)
        if count == 1:
            return [Rect(left, first, right, bottom)]
        high = bottom - first - title
        middle = first + high * UPPER
        return [Rect(left, first, right, middle), Rect(left, middle + title, right, bottom)]

    # The page's own texts.

    def _heading(self) -> Iterator[Shape]:
        wide = WIDTH - 2 * MARGIN
        title = fitting(self.heading.title, TITLE, wide, bold=True)
        yield self._text(MARGIN, MARGIN + TITLE * LEADING / 2, title, TITLE, self.theme.text, bold=True)
        for number, line in enumerate(self.heading.lines):
            y = MARGIN + TITLE * LEADING + LINE * LEADING * (number + 0.5)
            yield self._text(MARGIN, y, fitting(line, LINE, wide), LINE, self.theme.faint)

    def _legend(self, kinds: Sequence[str]) -> Iterator[tuple[Rect, str, str, str]]:
        """Kinds in rows upon the lower margin: a swatch's place and colours, and words."""
        rows: list[list[tuple[str, float]]] = [[]]
        for each in kinds:
            wide = SWATCH[0] + 4 + width(WORDS.get(each, each), SMALL) + 9
            if rows[-1] and sum(taken for _, taken in rows[-1]) + wide > WIDTH - 2 * MARGIN - SCALE:
                rows.append([])
            rows[-1].append((each, wide))
        for number, row in enumerate(rows):
            x, y = MARGIN + SCALE, HEIGHT - MARGIN - (len(rows) - number) * 1.6 * SMALL
            for each, wide in row:
                swatch = self.swatches[each]
                yield Rect(x, y, x + SWATCH[0], y + SWATCH[1]), swatch.fill, swatch.border, WORDS.get(each, each)
                x += wide

    def _text(
        self,
        x: float,
        middle: float,
        text: str,
        size: float,
        colour: str,
        *,
        anchor: Anchor = "start",
        bold: bool = False,
    ) -> Text:
        """Writing whose capitals have their middle at a height."""
        return Text(Point(x, middle + size * CAPITALS / 2), text, size, colour, bold, anchor)

    # Panels.

    def _ground(self, axes: Axes, *, named: bool) -> Iterator[Shape]:
        """Stages as bands, blocks parted by lines, the names of both above the first panel, and lines at the ticks."""
        frame, theme = axes.frame, self.theme
        for band in self.stages[::2]:
            yield Box(axes.rect(band.start, band.end, 0, axes.bytes), theme.band)
        if self.blocks in self.rows:
            for band in self.blocks:
                yield Path(
                    [Point(axes.x(band.start), frame.top), Point(axes.x(band.start), frame.bottom)],
                    theme.band_border,
                    THIN,
                )
        for number, row in enumerate(self.rows if named else ()):
            y = frame.top - (len(self.rows) - number - 0.5) * STRIP
            for band in row:
                if _has_room(band, axes):
                    middle = axes.x((band.start + band.end) / 2)
                    yield self._text(middle, y, band.name, SMALL, theme.faint, anchor="middle")
        for amount, words in byte_ticks(axes.bytes / HEADROOM):
            y = axes.y(amount)
            yield Path([Point(frame.left, y), Point(frame.right, y)], theme.band_border, THIN)
            yield self._text(frame.left - 4, y, words, SMALL, theme.text, anchor="end")

    def _panel(self, panel: _Panel, axes: Axes) -> Iterator[Shape]:
        frame, theme = axes.frame, self.theme
        above = STRIP * len(self.rows) if panel.at is not None else 0
        y = frame.top - above - HEADING * LEADING / 2
        yield self._text(frame.left, y, panel.heading, HEADING, theme.text, bold=True)
        for held in panel.held:
            yield self._area(held, axes)
        for ends in (
            ((frame.left, frame.top), (frame.left, frame.bottom)),
            ((frame.left, frame.bottom), (frame.right, frame.bottom)),
        ):
            yield Path([Point(*end) for end in ends], theme.line, THIN)
        yield from self._highest(panel, axes)

    def _area(self, held: _Held, axes: Axes) -> Group:
        """Its area, on which its name and its bytes are written where they have room."""
        swatch = self.swatches[held.kind]
        outline = THIN if axes.x(1) - axes.x(0) >= ROOMY else HAIR
        area = Area(list(_around(held.runs, axes)), swatch.fill, swatch.border, outline)
        written = label(axes, held.runs, held.name, scaled(held.bytes, "B"), swatch.ink)
        return Group("tensor", held.name, [area, *written], held.says)

    def _highest(self, panel: _Panel, axes: Axes) -> Iterator[Shape]:
        """A line at the height that is never passed, what it means upon it, and where it is reached."""
        frame, theme = axes.frame, self.theme
        y, size = axes.y(panel.highest), SMALL + 1
        yield Path([Point(frame.left, y), Point(frame.right, y)], theme.text, THIN)
        says = fitting(panel.says, size, frame.width - 8, bold=True)
        half = width(says, size, bold=True) / 2 + 4
        x = frame.left + half
        if panel.at is not None:
            spot = Point(axes.x(panel.at + 0.5), y)
            x = min(max(spot.x, x), frame.right - half)
            yield Circle(spot, 2.4, theme.text, theme.page)
        yield self._text(x, y - size, says, size, theme.text, anchor="middle", bold=True)

    def _operations(self, axes: Axes) -> Iterator[Shape]:
        """The numbers of the operations, below the last panel, and what they number."""
        frame, theme = axes.frame, self.theme
        y = frame.bottom + SMALL
        for number, words in step_ticks(self.steps):
            yield self._text(axes.x(number + 0.5), y, words, SMALL, theme.text, anchor="middle")
        yield self._text(frame.center.x, y + SMALL * LEADING, "operation", SMALL, theme.faint, anchor="middle")


def _grounds(theme: Theme) -> dict[str, Swatch]:
    """Of kinds whose boxes are as light as the page, where nothing stands: in grey apart from all others."""
    shades = {
        "input": (theme.text, theme.text),
        "other": (mix(theme.frame_border, theme.page, 0.18), theme.faint),
        SCRATCH: (mix(theme.branch, theme.skip, 0.04), theme.skip),
    }
    return {kind: Swatch(fill, border, ink(theme, fill)) for kind, (fill, border) in shades.items()}


def _around(runs: Sequence[Run], axes: Axes) -> Iterator[Point]:
    """The corners of a shape: along its top to the right, and back along its ground."""
    for run in runs:
        yield Point(axes.x(run.start), axes.y(run.top))
        yield Point(axes.x(run.end), axes.y(run.top))
    for run in reversed(runs):
        yield Point(axes.x(run.end), axes.y(run.bottom))
        yield Point(axes.x(run.start), axes.y(run.bottom))


def _has_room(band: Band, axes: Axes) -> bool:
    return width(band.name, SMALL) + 3 <= axes.x(band.end) - axes.x(band.start)


def _amount(amount: int) -> str:
    """`14.45 MB (14,450,688 bytes)`."""
    return f"{scaled(amount, 'B')} ({grouped(amount)} bytes)" if amount >= 1000 else f"{amount} bytes"
