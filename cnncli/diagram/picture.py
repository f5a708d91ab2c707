"""A diagram as shapes: the grounds, the links upon them, and on top whatever is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncli.diagram.chain import Item
from cnncli.diagram.composition import Diagram, bar, bar_line, cards, link_look, stacked, stage_line, stage_place
from cnncli.diagram.layout import Ground
from cnncli.diagram.markup import CHIP_HEIGHT
from cnncli.diagram.placing import Route
from cnncli.diagram.sheet import Sample
from cnncli.diagram.wording import Line, Run, told
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Box, Circle, Group, Path, Picture, Shape, Text
from cnncli.draw.text import ASCENT, CAPITALS, LINE_HEIGHT, width
from cnncli.draw.theme import Swatch, faint, ink

PLUS = 0.32
"""The arms of a sum's plus, of its circle's size."""


def as_picture(diagram: Diagram) -> Picture:
    return Picture(
        width=diagram.width,
        height=diagram.height,
        title=diagram.name,
        description=". ".join(diagram.heading.lines),
        ground=diagram.theme.page,
        shapes=list(_Painting(diagram).shapes()),
    )


class _Painting:
    """Makes the shapes of one diagram."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram, self.sheet, self.theme, self.measures = diagram, diagram.sheet, diagram.theme, diagram.measures
        self.round, self.card = self.measures.frames.round, self.measures.lines.card
        self.outline = self.measures.lines.outline

    def shapes(self) -> Iterator[Shape]:
        found, items = self.diagram, self.diagram.chain.items
        grounds = list(found.grounds())
        for name, ground in grounds:
            yield self.frame(name, ground)
        for route in self.sheet.layout.routes:
            yield self.link(route)
        for name, ground in grounds:
            yield from self.heading(name, ground)
        for item, rect, said in zip(items, self.sheet.layout.items, found.lines, strict=True):
            yield from self.box(item, rect, said) if item.part else self.symbol(item.symbol, rect)
        for run, place in self.sheet.texts:
            yield from self.line(Line((run,)), place, self.theme.text, self.theme.page)
        for sample, place in self.sheet.samples:
            yield from self.sample(sample, place)

    def frame(self, name: str, ground: Ground) -> Shape:
        theme, rect = self.theme, ground.rect
        level = ground.frame.level
        if level == "branch":
            return Group(level, name, [self.outlined(rect, theme.branch, radius=self.round)])
        if level == "stage":
            return Group(level, name, [self.outlined(rect, theme.band, theme.band_border, self.round)])
        return Group(level, name, [self.outlined(rect, theme.frame, theme.frame_border)])

    def heading(self, name: str, ground: Ground) -> Iterator[Shape]:
        """A stage's words upon the links that enter it; a block's on a bar, under which they pass."""
        theme, frame, rect = self.theme, ground.frame, ground.rect
        if frame.level == "stage":
            place, line = stage_place(ground, self.measures), stage_line(frame, self.measures)
            yield from self.line(line._replace(right=()), place, theme.text, theme.band)
            yield from self.line(line._replace(left=()), place, theme.faint, theme.band)
        elif frame.level == "block":
            top, line = bar(rect, self.measures), bar_line(frame, self.measures)
            inner = _between(top, self.measures.frames.bar_inset)
            said = self.line(line, inner, ink(theme, theme.frame_bar), theme.frame_bar)
            yield Group("heading", name, [self.outlined(top, theme.frame_bar, theme.frame_border), *said])

    def link(self, route: Route) -> Shape:
        lines = self.measures.lines
        colour, width, head = link_look(route, self.diagram.chain.items, self.theme, lines)
        return Path(route.path, colour, width, lines.corner, head)

    def box(self, item: Item, rect: Rect, lines: Sequence[Line]) -> Iterator[Shape]:
        """A part's box; blocks alike are a stack of cards."""
        assert item.part
        swatch = self.diagram.swatches[item.name]
        shapes: list[Shape] = []
        if item.part.blocks > 1:
            shapes += [self.outlined(card, swatch.fill, swatch.border) for card in cards(rect, self.card)]
        shapes.append(self.filled(rect, swatch))
        inner = _between(rect, self.diagram.padding)
        y = rect.center.y - (sum(line.height for line in lines) - lines[-1].leading) / 2
        for line in lines:
            place = inner._replace(top=y, bottom=y + line.height - line.leading)
            shapes += self.line(line, place, swatch.ink, swatch.fill)
            y += line.height
        yield Group("box", item.name, shapes, "\n".join(told(item.part)))

    def symbol(self, kind: str, rect: Rect) -> Iterator[Shape]:
        x, y = rect.center
        if kind == "fork":
            yield Circle(rect.center, rect.width / 2, self.theme.line, self.theme.line, self.outline)
            return
        yield Circle(rect.center, rect.width / 2, self.theme.page, self.theme.skip, self.outline)
        arm = rect.width * PLUS
        for ends in ((Point(x - arm, y), Point(x + arm, y)), (Point(x, y - arm), Point(x, y + arm))):
            yield Path(ends, self.theme.skip, rect.width / 10)

    def line(self, line: Line, place: Rect, ground_ink: str, ground: str) -> Iterator[Shape]:
        """A line's runs on one baseline: those at its left one after the other, those at its right from the end."""
        size = max(run.size for run in (*line.left, *line.right))
        baseline = place.center.y - size * LINE_HEIGHT / 2 + size * ASCENT
        x = place.left
        for run in line.left:
            colour = faint(ground_ink, ground) if run.faint else ground_ink
            yield from self.run(run, x, baseline, size, colour)
            x += run.width
        x = place.right
        for run in reversed(line.right):
            colour = faint(ground_ink, ground) if run.faint else ground_ink
            if run.text.strip():
                yield Text(Point(x, baseline), run.text, run.size, colour, run.bold, "end")
            x -= run.width

    def run(self, run: Run, x: float, baseline: float, size: float, colour: str) -> Iterator[Shape]:
        """A run that begins at `x`; a chip stands at the height of the capitals of the line's largest run."""
        if not run.chip:
            if text := run.text.strip():  # blanks at an end would not be drawn
                before = width(run.text[: len(run.text) - len(run.text.lstrip())], run.size, run.bold)
                yield Text(Point(x + before, baseline), text, run.size, colour, run.bold)
            return
        middle, half = baseline - size * CAPITALS / 2, run.size * CHIP_HEIGHT / 2
        place = Rect(x, middle - half, x + run.width, middle + half)
        yield from self.chip(run, place)

    def chip(self, run: Run, place: Rect) -> Iterator[Shape]:
        yield Box(place, self.theme.text, radius=self.round)
        at = Point(place.center.x, place.center.y + run.size * CAPITALS / 2)
        yield Text(at, run.text, run.size, self.theme.page, run.bold, "middle")

    def sample(self, sample: Sample, rect: Rect) -> Iterator[Shape]:
        theme, sign = self.theme, sample.sign
        if sign == "sum":
            yield from self.symbol(sign, rect)
        elif sign in ("SE", "+"):
            yield from self.chip(Run(sign, self.diagram.sizes.small, bold=True), rect)
        elif sign == "stack":
            top = stacked(rect, self.card)
            yield from (self.outlined(card, theme.page, theme.faint) for card in (*cards(top, self.card), top))
        elif sign in ("skip", "branch"):
            yield Box(rect, theme.skip if sign == "skip" else theme.branch)
        elif sign == "heat":
            yield self.outlined(rect, theme.heat, theme.faint)
        else:
            yield self.filled(rect, self.diagram.swatches[sign])

    def filled(self, rect: Rect, swatch: Swatch) -> Box:
        radius = self.round if "rounded" in swatch.style else 0
        return self.outlined(rect, swatch.fill, swatch.border, radius, dashed="dashed" in swatch.style)

    def outlined(
        self, rect: Rect, fill: str | tuple[str, ...], border: str = "", radius: float = 0, *, dashed: bool = False
    ) -> Box:
        return Box(rect, fill, border, radius, dashed, self.outline)


def _between(rect: Rect, inset: float) -> Rect:
    return rect._replace(left=rect.left + inset, right=rect.right - inset)
