"""Nothing in a picture lies on what it does not belong to: of all networks, in every look; and whoever checks it can
tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import networks
from geometry import around, problems
from test_diagram import branches, small, unet

from cnncli.diagram import Heading, Options, as_picture, diagram
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Box, Circle, Group, Path, Picture, Text, moved
from cnncli.graph import Graph
from cnncli.graph.layers import Dense, InputLayer, ReLU
from cnncli.models.reference import parse

LOOKS: dict[str, dict[str, Any]] = {
    "stage": {"detail": "stage"},
    "block": {"detail": "block"},
    "layer": {"detail": "layer"},
    "fused": {"detail": "layer", "fuse": True},
}
OWN: dict[str, Callable[[], Graph]] = {"small": small, "unet": unet, "branches": branches}


def drawn(graph: Graph, **options: Any) -> Picture:
    heading = Heading(graph.name, ("for a test", "12.3 M parameters   5.6 M MACs   input 224x224x3"))
    return as_picture(diagram(graph, heading, Options(**options)))


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", [*OWN, *networks(every_size=False)])
def test_nothing_lies_on_what_it_does_not_belong_to(name: str, look: str, direction: Any) -> None:
    graph = OWN[name]() if name in OWN else parse(name).graph()
    assert problems(drawn(graph, **LOOKS[look], direction=direction)) == []


@pytest.mark.parametrize("columns", [1, 2, 5])
@pytest.mark.parametrize("name", ["small", "unet", "branches", "mobilenet_v3_small", "densenet121", "inception_v3"])
def test_in_any_number_of_columns(name: str, columns: int) -> None:
    graph = OWN[name]() if name in OWN else parse(name).graph()
    for direction in ("TB", "LR"):
        assert problems(drawn(graph, detail="layer", columns=columns, direction=direction)) == []


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("look", LOOKS)
def test_a_network_of_vectors_alone_is_drawn_too(look: str, direction: Any) -> None:
    graph = Graph("vectors")
    x = graph.add(InputLayer((8,)), name="sound")
    graph.add(Dense(4), graph.add(ReLU(), x, name="relu"), name="dense")
    picture = drawn(graph, **LOOKS[look], direction=direction)
    assert problems(picture) == []
    assert not [each for each in picture.shapes if isinstance(each, Group) and each.kind == "stage"]


PICTURE = drawn(small(), detail="layer", columns=1)


def box(name: str) -> Rect:
    return next(around(each) for each in PICTURE.shapes if isinstance(each, Group) and each.name == name)


def with_more(*shapes: Any) -> Picture:
    return PICTURE._replace(shapes=[*PICTURE.shapes, *shapes])


def with_moved(kind: str, name: str, x: float, y: float) -> Picture:
    def one(shape: Any) -> Any:
        named = isinstance(shape, Group) and (shape.kind, shape.name) == (kind, name)
        return moved(shape, x, y) if named else shape

    return PICTURE._replace(shapes=[one(shape) for shape in PICTURE.shapes])


def line(*corners: tuple[float, float]) -> Path:
    return Path([Point(*corner) for corner in corners], "#000000", 1)


CONV, RELU = box("stem.conv"), box("stem.relu")
LATER = box("stage1.block2.add")
ASIDE = CONV.right + 6
BAR = next(around(each) for each in PICTURE.shapes if isinstance(each, Group) and each.kind == "heading")
TITLE = next(each for each in PICTURE.shapes if isinstance(each, Text))
SUM = Circle(Point(CONV.center.x, CONV.top - 4), 6, "#FFFFFF", "#000000")

CHAIN = next(each.corners[0].x for each in PICTURE.shapes if isinstance(each, Path))
NARROW = Group(
    "box", "new", [Box(CONV.moved(400, 0), "#FFFFFF"), Text(Point(CONV.right + 390, CONV.bottom), "long", 9, "#000000")]
)
PASSING = line((BAR.left + 30, BAR.top - 4), (BAR.left + 30, BAR.bottom + 4))

AMISS = {
    "box on box": with_moved("box", "stem.conv", 0, 20),
    "box on box (a symbol)": with_more(SUM),
    "box on sign": with_more(Box(CONV, "#FFFFFF")),
    "box on text": with_more(Group("box", "new", [Box(around(TITLE), "#FFFFFF")])),
    "text on text": with_more(TITLE._replace(place=Point(TITLE.place.x + 5, TITLE.place.y + 3))),
    "text out of its box": with_more(NARROW),
    "off the page": with_moved("box", "stem.conv", -500, 0),
    "box out of its frame": with_moved("box", "stem.relu", 0, 2000),
    "box across frame": with_moved("box", "stem.relu", 40, 0),
    "box in a strange frame": with_moved("box", "stem.conv", 0, LATER.top - CONV.top),
    "frame across frame": with_moved("block", "stage1.block2", 30, 0),
    "line through box": with_more(line((ASIDE, RELU.center.y), (RELU.left - 9, RELU.center.y))),
    "line through its own box": with_more(line((CONV.left, CONV.center.y), (CONV.right, CONV.center.y))),
    "line through text": with_more(line((TITLE.place.x, TITLE.place.y - 4), (TITLE.place.x + 50, TITLE.place.y - 4))),
    "line upon a heading": with_more(PASSING),
    "line under a strange heading": PICTURE._replace(shapes=[PASSING, *PICTURE.shapes]),
    "line through a strange block": with_more(line((RELU.left, RELU.center.y), (RELU.left, 2000))),
    "line on line": with_more(line((CHAIN, CONV.bottom + 3), (CHAIN, CONV.bottom + 6))),
    "line from or to nothing": with_more(line((1, 1), (9, 1))),
    "slanted line": with_more(line((CHAIN, CONV.bottom), (CHAIN + 5, RELU.top))),
}


def test_the_picture_that_is_spoilt_below_is_in_order() -> None:
    assert problems(PICTURE) == []


@pytest.mark.parametrize("cause", AMISS)
def test_what_is_amiss_is_found(cause: str) -> None:
    causes = {problem.split(":")[0] for problem in problems(AMISS[cause])}
    assert cause.split(" (", maxsplit=1)[0] in causes, causes


def test_lines_that_share_an_end_may_share_their_way() -> None:
    begin, end = Point(CONV.left, CONV.center.y), Point(RELU.left, RELU.center.y)
    ways = [[begin, Point(CONV.left - aside, begin.y), Point(CONV.left - aside, end.y), end] for aside in (4, 8)]
    assert problems(with_more(*(Path(way, "#000000", 1) for way in ways))) == []
