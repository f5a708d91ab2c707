"""A picture as DOT that has no nodes: Graphviz paints its background and so is a pen for any shapes.

The background is a text of drawing operations, https://graphviz.org/docs/outputs/canon/#xdot. Their y grows upwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from cnncli.draw.geometry import PARABOLA, Point, Rect, curved, curved_rect, number
from cnncli.draw.shapes import Area, Box, Circle, Group, Path, Picture, Shape, Text, arrow
from cnncli.draw.text import FAMILY, SCALE
from cnncli.draw.theme import mix
from cnncli.words import visible

NOTHING = "transparent"
"""The colour of an outline that is not drawn."""
LIFT = 0.05
"""Of its size, how far Graphviz since 8.1 draws a text above where it is told."""
RUN = 4000
"""Characters, of at most four bytes each, that may follow each other."""
SHADES = 64
"""Steps in which one colour passes into the next ones."""

_NO_CHARACTERS = re.compile(
    f"[\ufdd0-\ufdef{''.join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))}]"
)
"""What Unicode has set aside: cairo would stop drawing there, and say nothing."""
_BACKSLASHES = re.compile(r"\\+")
_RUN = re.compile(rf'[^\\"]{{{RUN}}}(?=[^\\"])')


def as_xdot(picture: Picture, lift: float = LIFT) -> str:
    """The DOT text. Its page is as large as the picture."""
    width, height = number(picture.width / 72, 5), number(picture.height / 72, 5)
    page = f"0,0,{_scaled(picture.width)},{_scaled(picture.height)}"
    drawn = " \\\n".join(map(_in_quotes, _Pen(picture, lift).operations()))
    return (
        f'digraph {{\nlayout=nop2 pad=0 margin=0 bb="{page}" size="{width},{height}" bgcolor="{picture.ground}"\n'
        f'_background="{drawn}"\n}}\n'
    )


class _Pen:
    """Writes operations; those that choose colours, lines and fonts only where they change."""

    def __init__(self, picture: Picture, lift: float) -> None:
        self.picture, self.lift = picture, lift
        self.chosen: dict[str, tuple[str, str]] = {}

    def operations(self) -> Iterator[str]:
        page = Rect(0, 0, self.picture.width, self.picture.height)
        yield from self.draw([Box(page, self.picture.ground), *self.picture.shapes])

    def draw(self, shapes: Iterable[Shape]) -> Iterator[str]:
        for shape in shapes:
            match shape:
                case Box():
                    yield from self.box(shape)
                case Circle():
                    yield from self.choose(shape.fill, shape.border, shape.outline)
                    radius = _scaled(shape.radius)
                    yield f"E {self.place(shape.center)} {radius} {radius}"
                case Text():
                    yield from self.text(shape)
                case Path():
                    yield from self.path(shape)
                case Area():
                    yield from self.choose(shape.fill, shape.border, shape.width)
                    yield self.points("P", shape.corners)
                case Group():
                    yield from self.draw(shape.shapes)

    def choose(self, fill: str, border: str, width: float, *, dashed: bool = False) -> Iterator[str]:
        yield from self.set("C", fill)
        yield from self.set("c", border or NOTHING)
        if border:
            yield from self.set("S", f"setlinewidth({_scaled(width)})", "width")
            yield from self.set("S", "dashed" if dashed else "solid", "line")

    def set(self, operation: str, value: str, what: str = "") -> Iterator[str]:
        if self.chosen.get(what or operation) != (operation, value):
            self.chosen[what or operation] = operation, value
            yield f"{operation} {_counted(value)}"

    def box(self, box: Box) -> Iterator[str]:
        fill, rect = box.fill, box.rect
        if not isinstance(fill, str):
            yield from self.scale(rect, fill)
            fill = NOTHING
        yield from self.choose(fill, box.border, box.outline, dashed=box.dashed)
        if box.radius:
            yield self.points("b", curved_rect(rect, box.radius))
        else:
            yield self.points("P", _corners(rect))

    def scale(self, rect: Rect, colours: Sequence[str]) -> Iterator[str]:
        """Each shade reaches to the right end, under the next ones, so that no seams show between them."""
        passes = len(colours) - 1
        for step in range(SHADES):
            place = (step + 0.5) / SHADES * passes
            shade = mix(colours[int(place)], colours[int(place) + 1], place % 1)
            yield from self.choose(shade, "", 0)
            yield self.points("P", _corners(rect._replace(left=rect.left + rect.width * step / SHADES)))

    def text(self, text: Text) -> Iterator[str]:
        written = _NO_CHARACTERS.sub("\ufffd", visible(text.text))
        if not written.strip():
            return
        yield from self.set(f"F {_scaled(text.size)}", f"{FAMILY} Bold" if text.bold else FAMILY, "font")
        yield from self.set("c", text.colour)
        side = {"start": -1, "middle": 0, "end": 1}[text.anchor]
        place = Point(text.place.x, text.place.y + self.lift * text.size)
        yield f"T {self.place(place)} {side} 0 {_counted(written)}"

    def path(self, path: Path) -> Iterator[str]:
        line, head = arrow(path)
        yield from self.choose(path.colour, path.colour, path.width)
        if path.radius and len(line) > 2:
            yield self.points("B", curved(line, path.radius, PARABOLA))
        else:
            yield self.points("L", line)
        if head:
            yield from self.choose(path.colour, "", 0)
            yield self.points("P", head)

    def points(self, operation: str, points: Sequence[Point]) -> str:
        return f"{operation} {len(points)} {' '.join(map(self.place, points))}"

    def place(self, point: Point) -> str:
        return f"{_scaled(point.x)} {_scaled(self.picture.height - point.y)}"


def _corners(rect: Rect) -> list[Point]:
    left, top, right, bottom = rect
    return [Point(left, top), Point(left, bottom), Point(right, bottom), Point(right, top)]


def _scaled(length: float) -> str:
    """A length in points as the DOT has it."""
    return number(length * SCALE, 1)


def _counted(text: str) -> str:
    r"""Behind the number of its bytes.

    Graphviz since 10 does not count the first of backslashes in a row, and reads on behind the text: there stand
    blanks, which an older one skips. No Graphviz knows how to read \ before ".
    """
    if "\\" not in text:
        return f"{len(text.encode())} -{text}"
    data = text.replace('\\"', '\\\u200b"')
    return f"{len(data.encode())} -{data}{' ' * len(_BACKSLASHES.findall(data))}"


def _in_quotes(text: str) -> str:
    r"""As within a quoted string. Graphviz takes no run of 16 kB without \, which before a newline is nothing."""
    quoted = text.replace('"', '\\"')
    return quoted if len(quoted) <= RUN else _RUN.sub(r"\g<0>\\\n", quoted)
