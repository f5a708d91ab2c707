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
from cnncli.diagram.chain import chain
from cnncli.diagram.composition import Diagram, bar, stage_line, stage_place
from cnncli.diagram.lanes.channels import NEAR, Net, channel
from cnncli.diagram.lanes.regions import LARGEST, past, regions
from cnncli.diagram.parts import parts
from cnncli.diagram.placing import Route
from cnncli.diagram.runs import Runs
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


def built(name: str) -> Graph:
    return {"unet": unet, "branches": branches}.get(name, lambda: graph_of(name))()


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("name", ["resnet50", "cspdarknet53", "unet", "branches"])
def test_pictures_of_networks(name: str, direction: Any) -> None:
    for options in ({"detail": "layer"}, {"detail": "layer", "fuse": True, "columns": 2}, {"detail": "block"}):
        check(laid_out(built(name), direction=direction, **options))


@pytest.mark.exhaustive
@pytest.mark.parametrize("columns", [None, 1, 2])
@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("name", [*BRANCHED, "densenet121", "mobilenet_v3_small"])
def test_pictures_of_more_networks(name: str, direction: Any, columns: int | None) -> None:
    for detail in DETAILS:
        check(laid_out(built(name), detail=detail, direction=direction, columns=columns))
    check(laid_out(built(name), detail="layer", fuse=True, direction=direction, columns=columns))


def places(found: Diagram) -> dict[str, Rect]:
    return {item.name: rect for item, rect in zip(found.chain.items, found.sheet.layout.items, strict=True)}


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_an_inception_block_is_its_papers_figure(direction: Any) -> None:
    """Figure 5 of Szegedy et al. 2015b: four branches beside each other, below a fork, above what joins them."""
    found = laid_out(graph_of("inception_v3"), detail="layer", direction=direction)
    inside = {name: rect for name, rect in places(found).items() if name.startswith("stage1.block1.")}
    lanes = [[r for name, r in inside.items() if f".branch{number}." in name] for number in (1, 2, 3, 4)]
    assert list(map(len, lanes)) == [3, 6, 9, 4]

    def along(rect: Rect) -> tuple[float, float]:
        return (rect.top, rect.bottom) if direction == "TB" else (rect.left, rect.right)

    def across(rect: Rect) -> tuple[float, float]:
        return (rect.left, rect.right) if direction == "TB" else (rect.top, rect.bottom)

    merge = inside["stage1.block1.mixed"]
    fork = places(found)["stage1.block1 in"]
    for lane in lanes:
        assert len({tuple(round(each, 6) for each in across(rect)) for rect in lane}) == 1, "one below the other"
        assert all(along(one)[1] < along(other)[0] for one, other in pairwise(lane))
        assert along(fork)[1] < along(lane[0])[0]
        assert along(lane[-1])[1] < along(merge)[0]
    assert len({along(lane[0]) for lane in lanes}) == 1, "they begin side by side"
    assert all(across(one[0])[1] < across(other[0])[0] for one, other in pairwise(lanes)), "in the paper's order"
    middle = sum(across(merge)) / 2
    assert middle == pytest.approx(sum(across(fork)) / 2, abs=0.01)
    assert middle == pytest.approx((across(lanes[0][0])[0] + across(lanes[3][0])[1]) / 2, abs=15)


@pytest.mark.parametrize(
    "name", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "efficientnet_b0", "densenet121", "vgg16"]
)
def test_a_chain_stays_a_chain(name: str) -> None:
    for detail in DETAILS:
        graph = graph_of(name)
        items, links = chain(graph, parts(graph, detail), detail)
        runs = Runs(items, links)
        assert not any(item.region for item in items)
        assert all(len(members) == 1 for members in runs.members)
        assert not runs.outside
        assert {*runs.forward, *runs.beside} == set(links)


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_long_skips_run_outside_of_the_frames(direction: Any, columns: int) -> None:
    found = laid_out(unet(), detail="layer", direction=direction, columns=columns)
    grounds = found.sheet.layout.grounds
    skips = [route for route in found.sheet.layout.routes if route.kind == "skip"]
    assert len(skips) == 3
    for route in skips:
        own = [ground for ground in grounds if any(ground.first <= end <= ground.last for end in route.link)]
        for ground in grounds:
            crossed = [line for line in pieces(found) if line.route is route and crosses(line.box, ground.rect)]
            assert len(crossed) == (ground in own), "only where it leaves and where it enters"


def test_no_frame_no_skip_is_told_where_there_is_none() -> None:
    def told(graph: Graph) -> str:
        return " ".join(run.text for run, _ in laid_out(graph, detail="layer").sheet.texts)

    assert "leads past layers" not in told(graph_of("inception_v3"))
    assert "leads past layers" in told(graph_of("inception_resnet_v2"))
    assert "leads past layers" in told(unet())


def siamese() -> Graph:
    graph = Graph("siamese")
    ends = []
    for side in ("left", "right"):
        x = graph.add(InputLayer((8, 8, 4)), name=side)
        ends.append(graph.add(Conv2D(4, 3), x, name=f"{side}_conv"))
    x = graph.add(Add(), *ends, name="join")
    for head in ("one", "two", "three"):
        graph.add(Conv2D(2, 1), x, name=head)
    return graph


def test_inputs_stand_beside_each_other_above_what_reads_them_and_heads_beside_each_other() -> None:
    for detail in ("block", "layer"):
        found = places(laid_out(siamese(), detail=detail, direction="TB"))
        assert found["left"].top == found["right"].top
        assert found["left"].right < found["right"].left
        assert found["left_conv"].center.x == pytest.approx(found["left"].center.x)
        assert found["join"].top > found["right_conv"].bottom
        heads = [found[name] for name in ("one", "two", "three")]
        assert len({head.top for head in heads}) == 1
        assert all(one.right < other.left for one, other in pairwise(heads))


def test_regions_are_what_is_no_chain() -> None:
    def found(units: str, links: list[tuple[int, int]], around: str = "") -> list[list[int]]:
        return [list(each) for each in regions(list(units), list(around or "." * len(units)), links)]

    row = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    assert found("abcdef", [*row, (0, 5), (1, 4)]) == []
    fork = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)]
    assert found("abcdef", fork) == [[2, 3, 4]], "behind the fork, with the merge"
    assert found("aabbbb", fork) == [[2, 3, 4, 5]], "a unit as a whole"
    assert found("abcdef", fork, "..|.||") == [], "within one frame alone"
    assert found("abcdef", [(0, 2), (1, 2), *row[2:]]) == [[0, 1, 2]], "two inputs"
    assert found("abcdef", [*row[:4], (3, 5)]) == [[4, 5]], "two outputs"
    many = LARGEST + 1
    wide = [(0, each) for each in range(1, many)] + [(each, many) for each in range(1, many)]
    assert found("".join(map(chr, range(200, 201 + many))), wide) == []
    assert past([(0, 1), (1, 2), (0, 2), (0, 3)]) == {(0, 2)}


@given(st.lists(st.tuples(st.integers(0, 5), st.lists(st.integers(0, 5), min_size=1, max_size=3)), max_size=6))
def test_tracks_in_a_gap_keep_apart(wanted: list[tuple[int, list[int]]]) -> None:
    """Uprights of different nets never share a place and a height; bars of different nets never share a track."""
    free = {0: None, 1: None, 2: None, 3: None, 4: None, 5: None}
    tops, feet = dict(free), dict(free)
    nets = []
    for number, (above, below) in enumerate(wanted):
        ends = [place for place in dict.fromkeys(below) if place in feet]
        if above in tops and ends:
            del tops[above]
            for place in ends:
                del feet[place]
            nets.append(Net(number, 20.0 * above, tuple(20.0 * place for place in ends)))
    found = channel(nets)
    uprights: list[tuple[float, float, float, int]] = []
    bars: list[tuple[float, float, float, int]] = []
    for net in nets:
        assert net.above is not None
        number = int(str(net.name))
        if net.straight:
            uprights.append((net.above, -1, found.number, number))
            continue
        track, start = found.tracks[net.name], net.above
        if net.name in found.doglegs:
            upper, place = found.doglegs[net.name]
            assert upper < track
            uprights += [(start, -1, upper, number), (place, upper, track, number)]
            bars.append((upper, *sorted((start, place)), number))
            start = place
        else:
            uprights.append((start, -1, track, number))
        bars.append((track, min(start, *net.below), max(start, *net.below), number))
        uprights += [(place, track, found.number, number) for place in net.below]
    for one, other in combinations(uprights, 2):
        apart = abs(one[0] - other[0]) >= NEAR or one[2] <= other[1] or other[2] <= one[1]
        assert one[3] == other[3] or apart
    for first, second in combinations(bars, 2):
        apart = first[0] != second[0] or first[2] < second[1] or second[2] < first[1]
        assert first[3] == second[3] or apart


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
            depth = draw(st.integers(0, 3))
            at = [each + (level >= min(moved, depth)) for level, each in enumerate(at)]
        scope = tuple(f"{name}{at[level]}" for level, name in enumerate(("stage", "block", "branch")[:depth]))
        layer = Add() if len(sources) > 1 else Conv2D(4, 3, padding="same")
        nodes.append(graph.add(layer, *sources, name=".".join((*scope, f"layer{number}"))))
        nodes[-1].scope = scope
    return graph


@settings(max_examples=60, deadline=None)
@given(graphs(), st.sampled_from(DETAILS), st.sampled_from(["TB", "LR"]), st.sampled_from([None, 1, 2, 3]))
def test_pictures_of_random_graphs(graph: Graph, detail: Any, direction: Any, columns: int | None) -> None:
    check(laid_out(graph, detail=detail, direction=direction, columns=columns))
