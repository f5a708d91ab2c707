"""Shapes as SVG."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape

from cnncli.draw.geometry import Point, Rect, number, rounded
from cnncli.draw.shapes import DASH, GAP, Area, Box, Circle, Group, Path, Picture, Shape, Text, arrow
from cnncli.draw.text import FAMILY
from cnncli.words import visible

_NO_CHARACTERS = re.compile("[\ufffe\uffff]")
"""What Unicode has set aside and XML forbids, beside the control characters that `visible` writes out."""


def document(picture: Picture) -> str:
    """A file of its own."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{element(picture)}'


def element(picture: Picture) -> str:
    """The `svg` element, which can stand in a page too."""
    width, height = number(picture.width), number(picture.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}" font-family={_attribute(FAMILY)}>',
        f"<title>{_written(picture.title)}</title>",
        f"<desc>{_written(picture.description)}</desc>",
        _box(Box(Rect(0, 0, picture.width, picture.height), picture.ground)),
        *_lines(picture.shapes),
        "</svg>\n",
    ]
    return "\n".join(lines)


def _lines(shapes: Iterable[Shape]) -> Iterator[str]:
    for shape in shapes:
        match shape:
            case Box():
                yield _box(shape)
            case Circle():
                x, y = shape.center
                yield f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(shape.radius)}"{_look(shape)}/>'
            case Text():
                yield _text(shape)
            case Path():
                yield _path(shape)
            case Area():
                yield _area(shape)
            case Group():
                yield f"<g class={_attribute(shape.kind)} data-name={_attribute(shape.name)}>"
                if shape.tooltip:
                    yield f"<title>{_written(shape.tooltip)}</title>"
                yield from _lines(shape.shapes)
                yield "</g>"


def _look(shape: Box | Circle, fill: str = "") -> str:
    border = f' stroke="{shape.border}" stroke-width="{number(shape.outline)}"' if shape.border else ""
    return f' fill="{fill or shape.fill}"{border}'


def _box(box: Box) -> str:
    x, y, width, height = map(number, (box.rect.left, box.rect.top, box.rect.width, box.rect.height))
    place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    round_ = f' rx="{number(box.radius)}"' if box.radius else ""
    dashes = f' stroke-dasharray="{DASH} {GAP}"' if box.dashed else ""
    if isinstance(box.fill, str):
        return f"<rect {place}{round_}{_look(box)}{dashes}/>"
    name = "scale" + "".join(colour.replace("#", "-") for colour in (box.fill[0], box.fill[-1]))
    return f"{_gradient(name, box.fill)}\n<rect {place}{round_}{_look(box, f'url(#{name})')}{dashes}/>"


def _gradient(name: str, colours: tuple[str, ...]) -> str:
    """Named by its colours, so that pictures in one page do not take each other's."""
    steps = len(colours) - 1
    stops = "".join(
        f'<stop offset="{number(place / steps, 4)}" stop-color="{colour}"/>' for place, colour in enumerate(colours)
    )
    return f'<linearGradient id="{name}">{stops}</linearGradient>'


def _text(text: Text) -> str:
    x, y = text.place
    anchor = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    weight = ' font-weight="bold"' if text.bold else ""
    spaces = ' xml:space="preserve"' if "  " in text.text else ""
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-size="{number(text.size)}" fill="{text.colour}"'
        f"{weight}{anchor}{spaces}>{_written(text.text)}</text>"
    )


def _path(path: Path) -> str:
    points, head = arrow(path)
    way, width = _way(points, path.radius), number(path.width)
    line = f'<path d="{way}" fill="none" stroke="{path.colour}" stroke-width="{width}"/>'
    return f'{line}\n<path d="M{"L".join(map(_place, head))}Z" fill="{path.colour}"/>' if head else line


def _area(area: Area) -> str:
    way = "L".join(map(_place, area.corners))
    return f'<path d="M{way}Z" fill="{area.fill}" stroke="{area.border}" stroke-width="{number(area.width)}"/>'


def _way(points: Iterable[Point], radius: float) -> str:
    start, *corners, end = points
    curves = "".join(
        f"L{_place(enter)}Q{_place(corner)} {_place(leave)}"
        for enter, corner, leave in rounded([start, *corners, end], radius)
    )
    return f"M{_place(start)}{curves}L{_place(end)}"


def _place(point: Point) -> str:
    return f"{number(point.x)} {number(point.y)}"


@lru_cache(maxsize=4096)
def _written(text: str) -> str:
    return escape(_shown(text), quote=False)


def _attribute(text: str) -> str:
    return f'"{escape(_shown(text))}"'


def _shown(text: str) -> str:
    return _NO_CHARACTERS.sub("\ufffd", visible(text, "\n"))
