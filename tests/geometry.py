"""What is wrong with a picture, by its shapes alone: nothing may lie on what it does not belong to.

The pictures of networks are made of groups ("stage", "block", "branch", "box", "heading"), of lines between boxes, of
circles where lines part or meet, and of texts. Whoever arranges them is not asked: where a line begins and ends is
read off what it touches.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import Generic, NamedTuple, TypeVar

from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Area, Box, Circle, Group, Path, Picture, Shape, Text
from cnncli.draw.text import CAPITALS, width
from cnncli.words import visible

FRAMES = ("stage", "block", "branch")
SLACK = 1.0
"""Points by which things may touch, or a line lie within a box's border."""
CELL = 48.0
"""The side of a cell of the grid in which neighbours are looked up, in points."""


class Body(NamedTuple):
    """A box or a symbol. `cover` is all that it hides, the cards of a stack too."""

    name: str
    rect: Rect
    cover: Rect


class Line(NamedTuple):
    """A path between two bodies by their numbers, None for what it does not touch; `order` is when it is painted."""

    path: Path
    begin: int | None
    end: int | None
    order: int

    @property
    def pieces(self) -> list[Rect]:
        return [_around(ends) for ends in pairwise(self.path.corners)]


class Named(NamedTuple):
    """A frame, the bar of a heading or a text, and when it is painted."""

    kind: str
    name: str
    rect: Rect
    order: int


T = TypeVar("T")


class Grid(Generic[T]):
    """Things by the cells of the page that they reach into, so that only neighbours are held against each other."""

    def __init__(self, things: Sequence[T], place: Callable[[T], Rect]) -> None:
        self.things, self.place = things, place
        self.cells: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for number, thing in enumerate(things):
            for cell in _cells(place(thing)):
                self.cells[cell].append(number)

    def near(self, rect: Rect) -> Iterator[tuple[int, T]]:
        """What may touch a rectangle, in order."""
        for number in sorted({number for cell in _cells(rect) for number in self.cells.get(cell, ())}):
            yield number, self.things[number]


def _cells(rect: Rect) -> Iterator[tuple[int, int]]:
    for across in range(int(rect.left // CELL), int(rect.right // CELL) + 1):
        for down in range(int(rect.top // CELL), int(rect.bottom // CELL) + 1):
            yield across, down


class Scene:
    """The things of a picture by what they are."""

    def __init__(self, picture: Picture) -> None:
        self.page = Rect(0, 0, picture.width, picture.height)
        self.bodies: list[Body] = []
        self.frames: list[Named] = []
        self.bars: list[Named] = []
        self.texts: list[Named] = []
        """Those outside of boxes and bars."""
        self.outside: list[str] = []
        """Texts that leave their box or bar."""
        self.grounds: list[Named] = []
        """Boxes that belong to nothing: the signs of a legend."""
        self.all: list[Shape] = list(picture.shapes)
        paths: list[tuple[int, Path]] = []
        for order, shape in enumerate(picture.shapes):
            match shape:
                case Group():
                    self._group(order, shape)
                case Circle():
                    self.bodies.append(Body(f"symbol at {_at(shape.center)}", around(shape), around(shape)))
                case Text():
                    self.texts.append(Named("text", shape.text, around(shape), order))
                case Box():
                    self.grounds.append(Named("sign", f"sign at {_at(shape.rect.center)}", shape.rect, order))
                case Path():
                    paths.append((order, shape))
        self.by_place = Grid(self.bodies, lambda body: body.cover)
        self.lines = [self._line(order, path) for order, path in paths if not self._within_symbol(path)]

    def _group(self, order: int, group: Group) -> None:
        if group.kind in ("volume", "bracket"):  # a solid, whose words stand around it
            faces = [around(shape) for shape in group.shapes if isinstance(shape, Area)]
            if faces:
                self.bodies.append(Body(group.name, union(faces), union(faces)))
            words = [shape for shape in group.shapes if isinstance(shape, Text)]
            self.texts += [Named("text", word.text, around(word), order) for word in words]
            return
        boxes = [shape.rect for shape in group.shapes if isinstance(shape, Box)]
        if not boxes:
            return
        rect = max(reversed(boxes), key=lambda box: round(box.width * box.height))  # chips are smaller, cards below it
        if group.kind in FRAMES:
            self.frames.append(Named(group.kind, re.sub(r" \d+$", "", group.name), rect, order))
        elif group.kind == "heading":
            self.bars.append(Named("heading", group.name, rect, order))
        elif group.kind == "box":
            self.bodies.append(Body(group.name, rect, union(boxes)))
        for text in group.shapes:
            if isinstance(text, Text) and not holds(rect, around(text), 0.5):
                self.outside.append(f"{text.text!r} of {group.kind} {group.name}")

    def _within_symbol(self, path: Path) -> bool:
        """The arms of a sum's plus."""
        rect = _around(path.corners)
        return any(body.name.startswith("symbol") and holds(body.rect, rect) for _, body in self.by_place.near(rect))

    def _line(self, order: int, path: Path) -> Line:
        return Line(path, self._touched(path.corners[0]), self._touched(path.corners[-1]), order)

    def _touched(self, point: Point) -> int | None:
        """The body on whose border a point lies."""
        spot = Rect(point.x, point.y, point.x, point.y)
        for number, body in self.by_place.near(grown(spot, SLACK)):
            if holds(body.rect, spot, SLACK) and not holds(body.rect, spot, -SLACK - 1):
                return number
        return None


def problems(picture: Picture, *, names: bool = True, past_frames: bool = True) -> list[str]:
    """Each as `cause: where`; nothing for a picture in order.

    `names`: boxes are named after the frames that they belong to (`stage1.block2` lies in `stage1`), as those of
    networks with scopes. `past_frames`: no line runs through a frame, or under its heading, in which it neither begins
    nor ends.
    """
    scene = Scene(picture)
    found = [
        *off_the_page(scene),
        *(f"text out of its box: {told}" for told in scene.outside),
        *on_each_other(scene),
        *torn_frames(scene, names),
        *lines_through_things(scene),
        *lines_on_bars(scene),
        *lines_on_lines(scene),
    ]
    return found + ([*lines_under_bars(scene), *lines_through_frames(scene)] if past_frames else [])


def off_the_page(scene: Scene) -> Iterator[str]:
    for shape in flat(scene.all):
        if not holds(scene.page, around(shape), 0.01):
            yield f"off the page: {type(shape).__name__} at {_at(around(shape).center)}"


def on_each_other(scene: Scene) -> Iterator[str]:
    """Boxes, symbols, bars and texts; the signs of a legend may lie below their words."""
    solid = [
        *(Named("box", body.name, body.cover, 0) for body in scene.bodies),
        *(bar._replace(name=f"heading {bar.name}") for bar in scene.bars),
        *scene.texts,
        *scene.grounds,
    ]
    places = Grid(solid, lambda thing: thing.rect)
    for number, thing in enumerate(solid):
        for other_number, other in places.near(thing.rect):
            signs = {thing.kind, other.kind} <= {"sign", "text"} and "sign" in (thing.kind, other.kind)
            if other_number > number and overlap(thing.rect, other.rect, SLACK):
                if signs and (other.kind == thing.kind or holds(other.rect, thing.rect, SLACK)):
                    continue
                yield f"{thing.kind} on {other.kind}: {thing.name} and {other.name}"


def torn_frames(scene: Scene, names: bool) -> Iterator[str]:
    """Frames are within each other or apart; a box is within a frame or outside, and in those that its name tells."""
    ordered = sorted(scene.frames, key=lambda frame: frame.rect.left)
    for number, frame in enumerate(ordered):
        for other in takewhile(lambda other, end=frame.rect.right: other.rect.left < end, ordered[number + 1 :]):
            apart = not overlap(frame.rect, other.rect, SLACK)
            if not apart and not holds(frame.rect, other.rect, SLACK) and not holds(other.rect, frame.rect, SLACK):
                yield f"frame across frame: {frame.kind} {frame.name} and {other.kind} {other.name}"
    around: defaultdict[str, set[str]] = defaultdict(set)
    for frame in scene.frames:
        for _, body in scene.by_place.near(frame.rect):
            if not overlap(frame.rect, body.rect, SLACK):
                continue
            if not holds(frame.rect, body.rect, SLACK):
                yield f"box across frame: {body.name} and {frame.kind} {frame.name}"
            around[body.name].add(frame.name)
            if names and frame.kind != "stage" and not f"{body.name}.".startswith((f"{frame.name}.", "symbol")):
                yield f"box in a strange frame: {body.name} in {frame.kind} {frame.name}"
    for frame_name in {frame.name for frame in scene.frames} if names else ():
        for body in scene.bodies:
            if body.name.startswith(f"{frame_name}.") and frame_name not in around[body.name]:
                yield f"box out of its frame: {body.name} and {frame_name}"


def lines_through_things(scene: Scene) -> Iterator[str]:
    """Boxes, symbols and texts."""
    texts = Grid(scene.texts, lambda text: text.rect)
    for line in scene.lines:
        told = _told(scene, line)
        if line.begin is None or line.end is None:
            yield f"line from or to nothing: {told}"
        for piece in line.pieces:
            if piece.width > 0.01 and piece.height > 0.01:
                yield f"slanted line: {told}"
            for number, body in scene.by_place.near(piece):
                own = number in (line.begin, line.end)
                if overlap(body.rect if own else body.cover, piece, SLACK + 1):
                    yield f"line through {'its own ' if own else ''}box: {told} through {body.name}"
            for _, text in texts.near(piece):
                if overlap(text.rect, piece, SLACK):
                    yield f"line through text: {told} through {text.name!r}"


def lines_on_bars(scene: Scene) -> Iterator[str]:
    for line, bar in _at_bars(scene):
        if line.order > bar.order:
            yield f"line upon a heading: {_told(scene, line)} upon {bar.name}"


def lines_under_bars(scene: Scene) -> Iterator[str]:
    """A bar may hide a line that leads into its block or out of it, no other."""
    blocks = {frame.name: frame.rect for frame in reversed(scene.frames)}
    for line, bar in _at_bars(scene):
        if line.order < bar.order and not _ends_in(scene, line, blocks.get(bar.name)):
            yield f"line under a strange heading: {_told(scene, line)} under {bar.name}"


def _at_bars(scene: Scene) -> Iterator[tuple[Line, Named]]:
    bars = Grid(scene.bars, lambda bar: bar.rect)
    for line in scene.lines:
        met = {
            number: bar for piece in line.pieces for number, bar in bars.near(piece) if overlap(bar.rect, piece, SLACK)
        }
        yield from ((line, bar) for bar in met.values())


def lines_through_frames(scene: Scene) -> Iterator[str]:
    for line in scene.lines:
        pieces = line.pieces
        reach = union(pieces)
        for frame in scene.frames:
            met = overlap(frame.rect, reach, SLACK) and any(overlap(frame.rect, piece, SLACK) for piece in pieces)
            if met and not _ends_in(scene, line, frame.rect):
                yield f"line through a strange {frame.kind}: {_told(scene, line)} through {frame.name}"


def lines_on_lines(scene: Scene) -> Iterator[str]:
    """Two that run on each other for more than a point, unless both begin, or both end, at the same box."""
    pieces = [(number, piece) for number, line in enumerate(scene.lines) for piece in line.pieces]
    places = Grid(pieces, lambda each: grown(each[1], SLACK))
    told = set()
    for here, (number, piece) in enumerate(pieces):
        for there, (other, second) in places.near(piece):
            if there <= here or other == number or (number, other) in told:
                continue
            one, two = scene.lines[number], scene.lines[other]
            related = one.begin == two.begin is not None or one.end == two.end is not None
            if not related and _along(piece, second) > SLACK:
                told.add((number, other))
                yield f"line on line: {_told(scene, one)} and {_told(scene, two)}"


def _along(one: Rect, other: Rect) -> float:
    """How far two level or two upright pieces run on each other."""
    if (one.width >= one.height) != (other.width >= other.height):
        return 0
    level = one.width >= one.height
    apart = abs(one.top - other.top) if level else abs(one.left - other.left)
    if apart >= SLACK:
        return 0
    if level:
        return min(one.right, other.right) - max(one.left, other.left)
    return min(one.bottom, other.bottom) - max(one.top, other.top)


def _ends_in(scene: Scene, line: Line, frame: Rect | None) -> bool:
    """Whether a line begins or ends at a box in a frame."""
    ends = [scene.bodies[end].rect for end in (line.begin, line.end) if end is not None]
    return frame is not None and any(holds(frame, rect, SLACK) for rect in ends)


def _told(scene: Scene, line: Line) -> str:
    ends = (line.begin, line.path.corners[0]), (line.end, line.path.corners[-1])
    return " -> ".join(_at(point) if number is None else scene.bodies[number].name for number, point in ends)


def _at(point: Point) -> str:
    return f"({point.x:.0f}, {point.y:.0f})"


def flat(shapes: Sequence[Shape]) -> Iterator[Shape]:
    for shape in shapes:
        if isinstance(shape, Group):
            yield from flat(shape.shapes)
        else:
            yield shape


def around(shape: Shape) -> Rect:
    """What a shape fills; of a text its letters, from what hangs below the line to the height of capitals."""
    match shape:
        case Box():
            return shape.rect
        case Circle():
            (x, y), radius = shape.center, shape.radius
            return Rect(x - radius, y - radius, x + radius, y + radius)
        case Path() | Area():
            return _around(shape.corners)
        case Text():
            length = width(visible(shape.text), shape.size, shape.bold)
            start = shape.place.x - {"start": 0, "middle": length / 2, "end": length}[shape.anchor]
            y = shape.place.y
            return Rect(start, y - CAPITALS * shape.size, start + length, y + 0.2 * shape.size)
        case Group():
            return union([around(each) for each in shape.shapes])


def _around(points: Sequence[Point]) -> Rect:
    xs, ys = [point.x for point in points], [point.y for point in points]
    return Rect(min(xs), min(ys), max(xs), max(ys))


def union(rects: Sequence[Rect]) -> Rect:
    return Rect(
        min(rect.left for rect in rects), min(rect.top for rect in rects),
        max(rect.right for rect in rects), max(rect.bottom for rect in rects),
    )  # fmt: skip


def grown(rect: Rect, by: float) -> Rect:
    return Rect(rect.left - by, rect.top - by, rect.right + by, rect.bottom + by)


def holds(outer: Rect, inner: Rect, slack: float = 0) -> bool:
    return (
        outer.left - slack <= inner.left
        and inner.right <= outer.right + slack
        and outer.top - slack <= inner.top
        and inner.bottom <= outer.bottom + slack
    )


def overlap(one: Rect, other: Rect, slack: float = 0) -> bool:
    """By more than `slack`; a line, which has no width, counts as soon as it is that deep inside."""
    return (
        one.left + slack < other.right
        and other.left < one.right - slack
        and one.top + slack < other.bottom
        and other.top < one.bottom - slack
    )
