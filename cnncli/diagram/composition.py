"""A diagram that is composed, and what whatever writes it keeps to, so that its pictures are one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cnncli.diagram.chain import Chain, Frame, Item, change, size
from cnncli.diagram.layout import Ground
from cnncli.diagram.measures import Lines, Measures, Sizes
from cnncli.diagram.parts import Detail
from cnncli.diagram.placing import Route
from cnncli.diagram.sheet import Heading, Sheet
from cnncli.diagram.wording import Line, Run
from cnncli.draw.geometry import Direction, Rect
from cnncli.draw.text import LINE_HEIGHT
from cnncli.draw.theme import Swatch, Theme


@dataclass(frozen=True)
class Diagram:
    """All that is on the page, by the measures that whatever writes it keeps to.

    `lines` are the items'; `swatches` go by name of the part, and by kind for the legend. `name` is the network's
    reference.
    """

    name: str
    heading: Heading
    sheet: Sheet
    chain: Chain
    lines: Sequence[Sequence[Line]]
    swatches: Mapping[str, Swatch]
    theme: Theme
    detail: Detail
    direction: Direction
    measures: Measures
    left_out: Sequence[str] = ()
    """What boxes do not say for want of room, in words."""

    @property
    def width(self) -> float:
        """Of the page, in points."""
        return self.sheet.width

    @property
    def height(self) -> float:
        return self.sheet.height

    @property
    def sizes(self) -> Sizes:
        return self.measures.sizes

    @property
    def padding(self) -> float:
        """At the sides of a box."""
        return self.measures.words.padding[0]

    def grounds(self) -> Iterator[tuple[str, Ground]]:
        """The frames by names of their own; what goes on in the next column says so."""
        seen: Counter[str] = Counter()
        for ground in self.sheet.layout.grounds:
            key = ground.frame.key
            seen[key] += 1
            if seen[key] == 1:
                yield key, ground
            else:
                yield f"{key} {seen[key]}", ground._replace(frame=self._continued(ground))

    def _continued(self, ground: Ground) -> Frame:
        """In the next column; the resolution may have changed before."""
        frame, items = ground.frame, self.chain.items[ground.first : ground.last + 1]
        before = next((size(item.part.row.input_shape) for item in items if item.part), "")
        right = change(before, frame.left_behind) if frame.left_behind else frame.right
        return frame._replace(left=self.measures.continued(frame.left, right), right=right)


def bar(rect: Rect, measures: Measures) -> Rect:
    """What a block's heading stands on."""
    bottom = rect.top + measures.sizes.label * LINE_HEIGHT + measures.frames.bar_padding
    return rect._replace(bottom=bottom)


def bar_line(frame: Frame, measures: Measures) -> Line:
    size = measures.sizes.block
    return Line((Run(frame.left, size, bold=True),), (Run(frame.right, size),), measures.words.leading)


def stage_line(frame: Frame, measures: Measures) -> Line:
    """A stage's name at the left, its resolution at the right."""
    size = measures.sizes.stage
    return Line((Run(frame.left, size, bold=True),), (Run(frame.right, size),), measures.words.leading)


def stage_place(ground: Ground, measures: Measures) -> Rect:
    """Within a frame's upper edge."""
    across, down = measures.frames.stage_inset
    rect, top = ground.rect, ground.rect.top + down
    return Rect(rect.left + across, top, rect.right - across, top + measures.sizes.stage * LINE_HEIGHT)


def cards(rect: Rect, by: float) -> list[Rect]:
    """The cards below a box that stands for several, the lowest first; each is moved so far."""
    return [rect.moved(by * card, by * card) for card in (2, 1)]


def stacked(rect: Rect, by: float) -> Rect:
    """The uppermost box of a stack that fills a rectangle."""
    return Rect(rect.left, rect.top, rect.right - 2 * by, rect.bottom - 2 * by)


class LinkLook(NamedTuple):
    """A link's colour, thickness, and the length of its arrowhead; 0 without one."""

    colour: str
    width: float
    head: float


def link_look(route: Route, items: Sequence[Item], theme: Theme, lines: Lines) -> LinkLook:
    if route.kind == "turn":
        return LinkLook(theme.turn, *lines.turning)
    colour, (width, head) = (theme.skip, lines.skipping) if route.kind == "skip" else (theme.line, lines.forward)
    return LinkLook(colour, width, 0 if items[route.link[1]].symbol == "fork" else head)
