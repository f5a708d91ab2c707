"""The SVG that we write ourselves: well-formed, told in words, and the picture that the diagram composed."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import graph_of
from test_diagram import branches, small, unet

from cnncli.diagram import Heading, Options, as_picture, diagram
from cnncli.diagram.parts import parts
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Box, Circle, Group, Path, Picture, Shape, Text
from cnncli.draw.svg import document, element
from cnncli.draw.text import width
from cnncli.graph import Graph
from cnncli.graph.layers import Conv2D, InputLayer

NAMESPACE = "{http://www.w3.org/2000/svg}"
LOOKS: dict[str, dict[str, Any]] = {
    "blocks": {},
    "layers": {"detail": "layer"},
    "stages": {"detail": "stage", "theme": "mono"},
    "fused": {"detail": "layer", "fuse": True, "theme": "dark"},
    "heat": {"heat": "macs", "direction": "LR"},
}


def drawn(graph: Graph, **options: Any) -> Picture:
    return as_picture(diagram(graph, Heading(graph.name, ("whose it is", "what it has   in all")), Options(**options)))


def read(picture: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(document(picture).encode())


def texts(root: ElementTree.Element) -> list[str]:
    return [found.text or "" for found in root.iter(f"{NAMESPACE}text")]


def flat(shapes: Any) -> list[Shape]:
    return [each for shape in shapes for each in (flat(shape.shapes) if isinstance(shape, Group) else [shape])]


@pytest.mark.parametrize("look", LOOKS)
def test_a_picture_says_what_it_is(look: str) -> None:
    root = read(drawn(small(), **LOOKS[look]))
    assert root.get("role") == "img"
    assert [(child.tag, child.text) for child in root[:2]] == [
        (f"{NAMESPACE}title", "small"),
        (f"{NAMESPACE}desc", "whose it is. what it has   in all"),
    ]


@pytest.mark.parametrize("detail", ["stage", "block", "layer"])
def test_each_box_tells_its_figures_when_it_is_pointed_at(detail: Any) -> None:
    graph = graph_of("mobilenet_v3_small")
    root = read(drawn(graph, detail=detail))
    boxes = {box.get("data-name"): box for box in root.iter(f"{NAMESPACE}g") if box.get("class") == "box"}
    shown = parts(graph, detail)
    assert list(boxes) == [part.row.name for part in shown]
    for part in shown:
        said = (boxes[part.row.name].findtext(f"{NAMESPACE}title") or "").split("\n")
        assert said[:2] == [part.row.name, part.row.text]
        assert said[2].endswith("x".join(map(str, part.row.output_shape)))
        counts = [f"{part.row.amounts['params']:,} parameters"] * bool(part.row.amounts["params"]) + [
            f"{part.row.amounts['macs']:,} MACs"
        ] * bool(part.row.amounts["macs"])
        assert said[3:] == counts


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", ["mobilenet_v2", "efficientnet_b1", "unet", "branches"])
def test_nothing_leaves_the_page_and_no_text_its_box(name: str, look: str) -> None:
    graph = {"unet": unet, "branches": branches}.get(name, lambda: graph_of(name))()
    picture = drawn(graph, **LOOKS[look])
    page = Rect(0, 0, picture.width, picture.height)
    for shape in flat(picture.shapes):
        assert all(inside(page, point) for point in extent(shape)), shape
    groups = [shape for shape in picture.shapes if isinstance(shape, Group) and shape.kind == "box"]
    assert groups
    for group in groups:
        box = next(shape.rect for shape in group.shapes if isinstance(shape, Box))
        texts = [shape for shape in group.shapes if isinstance(shape, Text)]
        assert texts
        for text in texts:
            assert all(inside(box, point) for point in extent(text)), text


def inside(rect: Rect, point: Point) -> bool:
    return rect.left <= point.x <= rect.right and rect.top <= point.y <= rect.bottom


def extent(shape: Shape) -> list[Point]:
    match shape:
        case Box():
            return [Point(shape.rect.left, shape.rect.top), Point(shape.rect.right, shape.rect.bottom)]
        case Circle():
            return [shape.center]
        case Path():
            return list(shape.corners)
        case Text():
            length = width(shape.text, shape.size, shape.bold)
            start = shape.place.x - {"start": 0, "middle": length / 2, "end": length}[shape.anchor]
            return [Point(start, shape.place.y - 0.73 * shape.size), Point(start + length, shape.place.y)]
    raise AssertionError(shape)


def test_names_cannot_break_the_text() -> None:
    graph = Graph('a "b" <c> & \x1b[31m')
    x = graph.add(InputLayer((8, 8, 3)), name="in \"quotes\" 'x' <&>]]> \x00 \ufffe \ud800 \u202e")
    graph.add(Conv2D(4, 1), x, name="</text><script>alert(1)</script>")
    for look in ({}, {"detail": "layer"}):
        root = read(drawn(graph, **look))
        assert {child.tag for child in root.iter()} <= {
            NAMESPACE + name for name in ("svg", "title", "desc", "g", "rect", "text", "path", "circle")
        }
        assert "</text><script>alert(1)</script>" in texts(root)
        assert "in \"quotes\" 'x' <&>]]> \\x00 \ufffd \\ud800 \\u202e" in texts(root)
        assert root.findtext(f"{NAMESPACE}title") == 'a "b" <c> & \\x1b[31m'


def test_a_scale_of_colours_keeps_its_own_in_a_page_of_several_pictures() -> None:
    page = "".join(element(drawn(small(), heat="macs", theme=theme)) for theme in ("light", "dark"))
    names = re.findall(r'<linearGradient id="([^"]+)"', page)
    assert len(set(names)) == 2
    assert re.findall(r"url\(#([^)]+)\)", page) == names
    assert "<?xml" not in page


def test_an_arrowhead_ends_where_its_line_points() -> None:
    picture = Picture(
        50, 50, "", "", "#FFFFFF", [Path((Point(10, 10), Point(10, 30), Point(40, 30)), "#000000", 1, 4, 5)]
    )
    line, head = (found.get("d") for found in read(picture).iter(f"{NAMESPACE}path"))
    assert line == "M10 10L10 26Q10 30 14 30L35 30"
    assert head == "M40 30L35 32.25L35 27.75Z"


def test_spaces_between_facts_are_kept() -> None:
    svg = document(drawn(small()))
    assert re.search(r'xml:space="preserve">what it has   in all</text>', svg)
    assert svg.count("xml:space") == 1
