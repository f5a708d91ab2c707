"""A diagram as data that a page draws: the shapes of its picture, their colours by number, its boxes by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from cnncli.diagram import Diagram, Heading, Options, as_picture, diagram
from cnncli.diagram.chain import Chain
from cnncli.diagram.layout import Layout
from cnncli.diagram.legend import BRANCHES
from cnncli.diagram.sheet import Sample
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Area, Box, Circle, Group, Path, Shape, Text
from cnncli.draw.theme import faint, ink, palette
from cnncli.graph import Graph, Scope
from cnncli.graph.cutting import taken
from cnncli.graph.names import Names
from cnncli.page.colours import DARK, LIGHT, Colours
from cnncli.words import visible

LONGEST = 60
"""Characters of a name in a picture; the whole name stands beside it."""
MARGIN = 10.0


class Scene(NamedTuple):
    """Shapes as JSON within a rectangle from (0, 0), the rectangles of the boxes, and where a link enters each."""

    width: float
    height: float
    shapes: list[Any]
    rects: list[list[float]]
    axes: list[float]


def shortened(text: str) -> str:
    """A name that fits a box: its beginning and its end, which tells it from others."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 3 :]}"


def with_short_names(graph: Graph) -> Graph:
    """The graph itself, or where a name would burst a picture a copy of it in which names are shorter."""
    words = [graph.name, *(kind.name for kind in graph.kinds.values())]
    words += [word for node in graph.nodes for word in (node.name, node.type, *node.scope)]
    if all(len(word) <= LONGEST for word in words):
        return graph
    made = taken(graph, graph.nodes, shortened(graph.name))
    shorten(made)
    return made


def shorten(made: Graph) -> None:
    """Names, types, scopes and kinds that are too long for a picture; names stay apart."""
    names = Names(between=" ")
    for node in made.nodes:
        node.name = names.free(shortened(node.name))
        node.scope = _short_scope(node.scope)
        if len(node.type) > LONGEST:  # an operation's own name: no other layer has one that long
            node.layer = replace(node.layer, operation=shortened(node.type))
    made.kinds = {_short_scope(scope): kind._replace(name=shortened(kind.name)) for scope, kind in made.kinds.items()}
    made.numbers = {_short_scope(scope): number for scope, number in made.numbers.items()}


def _short_scope(scope: Scope) -> Scope:
    return tuple(map(shortened, scope))


def diagram_of(graph: Graph, options: Options) -> Diagram:
    """In one column, in light; what the page says around it is not in it."""
    return diagram(graph, Heading(graph.name, ()), replace(options, columns=1, theme="light", heat=None))


def legend_of(found: Iterable[Diagram], colours: Colours, told: Iterable[Diagram] = ()) -> list[dict[str, Any]]:
    """What the colours and signs of several diagrams mean, each once: a small picture with its text.

    What is told of others already is left out.
    """
    known = {sample for each in told for sample in _samples(each)}
    entries = []
    for each in found:
        for sample in _samples(each):
            if sample not in known:
                known.add(sample)
                entries.append(_sample(each, sample, colours))
    return entries


def _samples(found: Diagram) -> Iterator[Sample]:
    """The entries of a legend. Blocks call their branches by many names: what they are is told once."""
    for sample, _ in found.sheet.samples:
        gate = sample.text == BRANCHES["squeeze_excite"]
        yield sample._replace(text="a branch") if sample.sign == "branch" and not gate else sample


def _sample(found: Diagram, sample: Sample, colours: Colours) -> dict[str, Any]:
    width, height = sample.size
    sheet = found.sheet._replace(layout=Layout([], [], []), texts=[], samples=[(sample, Rect(0, 0, width, height))])
    alone = replace(found, chain=Chain([], []), lines=[], sheet=sheet)
    return {"text": sample.text, "width": width, "height": height, "shapes": _drawn(alone, {}, colours)}


def scene_of(found: Diagram, boxes: Mapping[str, int], colours: Colours, crop: Rect | None = None) -> Scene:
    """A diagram without its heading and legend, cut to what is drawn; `boxes` are their numbers by name."""
    bare = replace(found, sheet=found.sheet._replace(texts=[], samples=[]))
    crop = crop or bounds(bare)
    shapes = _drawn(bare, boxes, colours, -crop.left, -crop.top)
    places = sorted(_places(bare, boxes))
    rects = [_moved(rect, crop) for _, rect, _ in places]
    return Scene(_short(crop.width), _short(crop.height), shapes, rects, [_short(x - crop.left) for *_, x in places])


def _places(found: Diagram, boxes: Mapping[str, int]) -> Iterator[tuple[int, Rect, float]]:
    """The number of each box, its rectangle and its axis."""
    for item, rect, axis in zip(found.chain.items, found.sheet.layout.items, axes(found), strict=True):
        if item.part and item.name in boxes:
            yield boxes[item.name], rect, axis


def axes(found: Diagram) -> list[float]:
    """Where, across, a link enters the upper edge of each item and the chain goes on; its middle if none does."""
    ends = {route.link[1]: route.path[-1].x for route in reversed(found.sheet.layout.routes)}
    rects = found.sheet.layout.items
    entered = (ends.get(position, rect.center.x) for position, rect in enumerate(rects))
    return [x if rect.left < x < rect.right else rect.center.x for x, rect in zip(entered, rects, strict=True)]


def _moved(rect: Rect, crop: Rect) -> list[float]:
    return [_short(each) for each in rect.moved(-crop.left, -crop.top)]


def bounds(found: Diagram, but: int | None = None) -> Rect:
    """What the items, but for one, the frames and the links take, and a margin."""
    layout = found.sheet.layout
    rects = [rect for position, rect in enumerate(layout.items) if position != but]
    rects += [ground.rect for ground in layout.grounds]
    points = [point for route in layout.routes if route.link[0] != but for point in route.path]
    return Rect(
        min([rect.left for rect in rects] + [point.x for point in points]) - MARGIN,
        min([rect.top for rect in rects] + [point.y for point in points]) - MARGIN,
        max([rect.right for rect in rects] + [point.x for point in points]) + MARGIN,
        max([rect.bottom for rect in rects] + [point.y for point in points]) + MARGIN,
    )


_KEYS = {fill: key for key, fill in LIGHT.fills.items()}
"""Of each fill of the light theme whose it is."""


def in_dark(found: Diagram) -> Diagram:
    """The same diagram in the dark theme, each swatch by what it is in the light one."""
    dark = palette(DARK, DARK.fills)
    swatches = {name: dark[_KEYS[each.fill]]._replace(style=each.style) for name, each in found.swatches.items()}
    return replace(found, theme=DARK, swatches=swatches)


def _drawn(found: Diagram, boxes: Mapping[str, int], colours: Colours, x: float = 0.0, y: float = 0.0) -> list[Any]:
    light, dark = as_picture(found).shapes, as_picture(in_dark(found)).shapes
    return list(_Writing(boxes, colours, x, y).shapes(light, dark))


class _Writing:
    """Writes shapes as lists, which JSON holds: a letter for the kind, then places and numbers of colours."""

    def __init__(self, boxes: Mapping[str, int], colours: Colours, x: float, y: float) -> None:
        self.boxes, self.colours, self.x, self.y = boxes, colours, x, y

    def shapes(self, light: Sequence[Shape], dark: Sequence[Shape]) -> Iterator[Any]:
        for one, other in zip(light, dark, strict=True):
            yield from self.shape(one, other)

    def shape(self, one: Any, other: Any) -> Iterator[Any]:
        match one:
            case Group() if one.kind == "box" and one.name in self.boxes:
                yield ["g", self.boxes[one.name], list(self.of_box(one.shapes, other.shapes))]
            case Group():
                yield from self.shapes(one.shapes, other.shapes)
            case Box():
                rect = one.rect.moved(self.x, self.y)
                yield ["r", *map(_short, rect), self.fill(one, other), self.border(one, other), one.radius, +one.dashed]
            case Circle() if one.radius:
                yield ["c", *self.point(one.center), _short(one.radius), self.fill(one, other), self.border(one, other)]
            case Text():
                anchor = ("start", "middle", "end").index(one.anchor)
                colour = self.colours.number(one.colour, other.colour)
                yield ["t", *self.point(one.place), visible(one.text), one.size, colour, +one.bold, anchor]
            case Path():
                ways = [each for corner in one.corners for each in self.point(corner)]
                yield ["p", ways, self.colours.number(one.colour, other.colour), one.width, one.radius, one.head]
            case Area():
                ways = [each for corner in one.corners for each in self.point(corner)]
                yield ["a", ways, self.fill(one, other), self.border(one, other), one.width]

    def of_box(self, light: Sequence[Shape], dark: Sequence[Shape]) -> Iterator[Any]:
        """What takes part in heat is marked: grounds with `g`, words with `w`, faint ones with `v`; chips do not."""
        ground, chipped = "", False
        for one, other in zip(light, dark, strict=True):
            for written in self.shape(one, other):
                mark = ""
                if isinstance(one, Box) and isinstance(one.fill, str):
                    chipped = not one.border
                    mark, ground = ("", ground) if chipped else ("g", one.fill)
                elif isinstance(one, Text) and not chipped:
                    mark = "v" if one.colour == faint(ink(LIGHT, ground), ground) != ink(LIGHT, ground) else "w"
                else:
                    chipped = False
                yield [*written, mark]

    def fill(self, one: Any, other: Any) -> int:
        if isinstance(one.fill, str):
            return self.colours.number(one.fill, other.fill)
        return self.colours.number(one.fill[-1], other.fill[-1])

    def border(self, one: Any, other: Any) -> int:
        return self.colours.number(one.border, other.border)

    def point(self, place: Point) -> tuple[float, float]:
        return _short(place.x + self.x), _short(place.y + self.y)


def _short(length: float) -> float:
    """A length to a tenth of a point, a whole one without a dot."""
    nearest = round(length, 1)
    return int(nearest) if nearest == int(nearest) else nearest
