"""A diagram that is composed, and the measures that whatever writes it keeps to, so that its pictures are one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cnncli.diagram.chain import Chain, Frame, Item, change, size
from cnncli.diagram.layout import Ground
from cnncli.diagram.parts import Detail
from cnncli.diagram.placing import Route
from cnncli.diagram.sheet import Heading, Sheet
from cnncli.diagram.wording import SIZES, Line, Run, Sizes
from cnncli.draw.geometry import Direction, Rect
from cnncli.draw.text import LINE_HEIGHT
from cnncli.draw.theme import Swatch, Theme

CORNER = 6.0
"""By how much the corners of links are rounded."""
STAGE_HEADING = 9.0
"""Size of type."""
STAGE_INSET = 10.0, 7.0
"""From a stage's upper corners to its heading, across and down."""
BAR_INSET = 8.0
"""From the sides of a block's bar to its heading."""
CARD = 2.5
"""By how much each card of a stack is moved."""
PADDING: dict[Detail, tuple[float, float]] = {"stage": (9, 6), "block": (9, 6), "layer": (7, 3)}
"""Within a box, at its sides and above and below its lines, in points."""


@dataclass(frozen=True)
class Diagram:
    """All that is on the page. `lines` are the items'; `swatches` go by name of the part, and by kind for the legend.

    `name` is the network's reference.
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

    @property
    def width(self) -> float:
        """Of the page, in points."""
        return self.sheet.width

    @property
    def height(self) -> float:
        return self.sheet.height

    @property
    def sizes(self) -> Sizes:
        return SIZES[self.detail]

    @property
    def padding(self) -> float:
        """At the sides of a box."""
        return PADDING[self.detail][0]

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
        return frame._replace(left=f"{frame.left} (continued)", right=right)


def bar(rect: Rect, sizes: Sizes) -> Rect:
    """What a block's heading stands on."""
    return rect._replace(bottom=rect.top + sizes.label * LINE_HEIGHT + 5)


def bar_line(frame: Frame, sizes: Sizes) -> Line:
    return Line((Run(frame.left, sizes.small + 0.5, bold=True),), (Run(frame.right, sizes.small + 0.5),))


def stage_line(frame: Frame) -> Line:
    """A stage's name at the left, its resolution at the right."""
    return Line((Run(frame.left, STAGE_HEADING, bold=True),), (Run(frame.right, STAGE_HEADING),))


def stage_place(ground: Ground) -> Rect:
    """Within a frame's upper edge."""
    across, down = STAGE_INSET
    rect, top = ground.rect, ground.rect.top + down
    return Rect(rect.left + across, top, rect.right - across, top + STAGE_HEADING * LINE_HEIGHT)


def cards(rect: Rect) -> list[Rect]:
    """The cards below a box that stands for several, the lowest first."""
    return [rect.moved(CARD * card, CARD * card) for card in (2, 1)]


class LinkLook(NamedTuple):
    """A link's colour, thickness, and the length of its arrowhead; 0 without one."""

    colour: str
    width: float
    head: float


def link_look(route: Route, items: Sequence[Item], theme: Theme) -> LinkLook:
    if route.kind == "turn":
        return LinkLook(theme.turn, 2, 7)
    head = 0 if items[route.link[1]].symbol == "fork" else 5
    return LinkLook(theme.skip, 1.2, head) if route.kind == "skip" else LinkLook(theme.line, 1, head)
