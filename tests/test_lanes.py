"""Branches side by side, and long skips outside of the frames: geometry, over real networks and over random graphs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import pytest
from conftest import graph_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_diagram import branches, unet

from cnncli.diagram import Heading, Options, diagram
from cnncli.diagram.composition import Diagram, bar, stage_line, stage_place
from cnncli.diagram.placing import Route
from cnncli.draw.geometry import Point, Rect
from cnncli.graph import Graph, Node
from cnncli.graph.layers import Add, Conv2D, InputLayer

DETAILS = ("stage", "block", "layer")
BRANCHED = ("inception_v3", "nasnet_mobile", "resnet50", "shufflenet_v2", "cspdarknet53", "ghostnet", "xception")


def laid_out(graph: Graph, **options: Any) -> Diagram:
    return diagram(graph, Heading(graph.name, ("for a test",)), Options(**options))


class Piece(NamedTuple):
    """A level or upright piece of a route."""

    route: Route
    start: Point
    end: Point

    @property
    def box(self) -> Rect:
        return Rect(
            min(self.start.x, self.end.x), min(self.start.y, self.end.y),
            max(self.start.x, self.end.x), max(self.start.y, self.end.y),
        )  # fmt: skip


def pieces(found: Diagram) -> Iterator[Piece]:
    for route in found.sheet.layout.routes:
        for start, end in pairwise(route.path):
            yield Piece(route, start, end)


def meet(one: Rect, other: Rect, by: float = 0.5) -> bool:
    """Whether two rectangles have more in common than an edge; a line is a rectangle without width."""
    return (
        one.left < other.right - by
        and other.left < one.right - by
        and one.top < other.bottom - by
        and other.top < one.bottom - by
    )


def crosses(line: Rect, rect: Rect, by: float = 0.5) -> bool:
    inner = Rect(rect.left + by, rect.top + by, rect.right - by, rect.bottom - by)
    return (
        line.left < inner.right and inner.left < line.right and line.top <= inner.bottom and inner.top <= line.bottom
    ) or (line.left <= inner.right and inner.left <= line.right and line.top < inner.bottom and inner.top < line.bottom)


def check(found: Diagram) -> None:
    """All that a picture promises."""
    layout, items = found.sheet.layout, found.chain.items
    page = Rect(0, 0, found.width, found.height)
    for rect in (*layout.items, *(ground.rect for ground in layout.grounds)):
        assert page.left <= rect.left <= rect.right <= page.right
        assert page.top <= rect.top <= rect.bottom <= page.bottom
    for (one, first), (other, second) in combinations(enumerate(layout.items), 2):
        assert not meet(first, second), f"{items[one].name} lies on {items[other].name}"
    lines = list(pieces(found))
    for line in lines:
        assert line.start.x == pytest.approx(line.end.x, abs=0.01) or line.start.y == pytest.approx(
            line.end.y, abs=0.01
        ), f"{line} is slanted"
        assert page.left <= line.box.left <= line.box.right <= page.right
        assert page.top <= line.box.top <= line.box.bottom <= page.bottom
        for position, rect in enumerate(layout.items):
            assert not crosses(line.box, rect), f"{line} crosses {items[position].name}"
    check_headings(found, lines)
    check_apart(lines)
    check_ends(found)
    check_frames(found)


def check_apart(lines: list[Piece]) -> None:
    """No two links of different ends run on each other."""
    along: dict[tuple[bool, int], list[tuple[float, float, Route]]] = {}
    for line in lines:
        upright = abs(line.start.x - line.end.x) < 0.01
        at = line.start.x if upright else line.start.y
        ends = sorted((line.start.y, line.end.y) if upright else (line.start.x, line.end.x))
        if ends[1] - ends[0] > 0.5:
            along.setdefault((upright, round(at)), []).append((ends[0], ends[1], line.route))
            along.setdefault((upright, round(at) + 1), []).append((ends[0], ends[1], line.route))
    for found in along.values():
        for one, other in combinations(sorted(found, key=lambda piece: piece[:2]), 2):
            related = one[2].link[0] == other[2].link[0] or one[2].link[1] == other[2].link[1]
            assert related or one[1] - other[0] <= 1, f"{one} runs on {other}"


def check_headings(found: Diagram, lines: list[Piece]) -> None:
    """Links that run beside others touch no heading; what leads into a frame from above passes below its bar."""
    for ground in found.sheet.layout.grounds:
        if ground.frame.level == "stage":
            place, line = stage_place(ground, found.measures), stage_line(ground.frame, found.measures)
            left = place._replace(right=place.left + sum(run.width for run in line.left))
            right = place._replace(left=place.right - sum(run.width for run in line.right))
            words = [left, right] if place.width > left.width + right.width else []
        elif ground.frame.level == "block":
            words = [bar(ground.rect, found.measures)]
        else:
            continue
        for line in lines:
            if line.route.kind == "skip":
                assert not any(crosses(line.box, each) for each in words), f"{line} crosses {ground.frame.key}"


def check_ends(found: Diagram) -> None:
    """Each link begins and ends at the edges of its items."""
    for route in found.sheet.layout.routes:
        for end, point in zip(route.link, (route.path[0], route.path[-1]), strict=True):
            rect = found.sheet.layout.items[end]
            assert rect.left - 0.1 <= point.x <= rect.right + 0.1, route
            assert rect.top - 0.1 <= point.y <= rect.bottom + 0.1, route


def check_frames(found: Diagram) -> None:
    """Each frame holds its items and no others; what stands in it stands in the frames around it."""
    layout, items = found.sheet.layout, found.chain.items
    for ground in layout.grounds:
        for position, rect in enumerate(layout.items):
            inside = ground.first <= position <= ground.last
            if inside:
                assert ground.rect.left <= rect.left <= rect.right <= ground.rect.right
                assert ground.rect.top <= rect.top <= rect.bottom <= ground.rect.bottom
            else:
                assert not meet(ground.rect, rect), f"{items[position].name} lies in {ground.frame.key}"


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", [*BRANCHED, "unet", "branches", "mobilenet_v3_small", "densenet121"])
def test_pictures_of_networks(name: str, detail: Any, direction: Any) -> None:
    graph = {"unet": unet, "branches": branches}.get(name, lambda: graph_of(name))()
    check(laid_out(graph, detail=detail, direction=direction))
    if detail == "layer":
        check(laid_out(graph, detail=detail, direction=direction, fuse=True))
        check(laid_out(graph, detail=detail, direction=direction, columns=2))


@st.composite
def graphs(draw: Any) -> Graph:
    """Up to 40 layers, several inputs and outputs, scopes or none, links to anything before."""
    graph = Graph("random")
    nodes: list[Node] = []
    scoped = draw(st.booleans())
    far = draw(st.booleans())
    count = draw(st.integers(1, 40))
    for number in range(draw(st.integers(1, 3))):
        nodes.append(graph.add(InputLayer((8, 8, 4)), name=f"image{number}"))
    at, depth = [0, 0, 0], 0
    for number in range(count):
        near = nodes if far else nodes[-6:]
        sources = draw(st.lists(st.sampled_from(near), min_size=1, max_size=4, unique_by=lambda node: node.name))
        moved = draw(st.integers(0, 8)) if scoped else 9
        if moved < 3:  # into another scope of this depth, so that no scope is entered twice
            at = [each + (level >= moved) for level, each in enumerate(at)]
            depth = draw(st.integers(0, 3))
        scope = tuple(f"{name}{at[level]}" for level, name in enumerate(("stage", "block", "branch")[:depth]))
        layer = Add() if len(sources) > 1 else Conv2D(4, 3, padding="same")
        nodes.append(graph.add(layer, *sources, name=".".join((*scope, f"layer{number}"))))
        nodes[-1].scope = scope
    return graph


@settings(max_examples=150, deadline=None)
@given(graphs(), st.sampled_from(DETAILS), st.sampled_from(["TB", "LR"]), st.sampled_from([None, 1, 2, 3]))
def test_pictures_of_random_graphs(graph: Graph, detail: Any, direction: Any, columns: int | None) -> None:
    check(laid_out(graph, detail=detail, direction=direction, columns=columns))
