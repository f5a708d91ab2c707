"""The picture of memory: areas are bytes, nothing lies upon anything else, and all is on the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise, product
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from conftest import Result

from cnncli.amounts import UNKNOWN
from cnncli.analysis.timeline import Timeline, timeline
from cnncli.deployed.arena import arrangement
from cnncli.deployed.lifetimes import live_bytes
from cnncli.diagram import Heading, as_picture, diagram
from cnncli.diagram import Options as DiagramOptions
from cnncli.diagram.memory import memory_picture
from cnncli.diagram.memory.axes import byte_ticks, round_step, step_ticks
from cnncli.diagram.memory.bands import bands
from cnncli.diagram.memory.stack import stacked
from cnncli.diagram.memory.tensors import Makers
from cnncli.draw.canvas import write_picture
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Area, Box, Circle, Group, Picture, Shape, Text
from cnncli.draw.shapes import Path as Line
from cnncli.draw.svg import document
from cnncli.draw.text import ASCENT, LINE_HEIGHT, width
from cnncli.draw.theme import THEMES, contrast
from cnncli.graph import Graph
from cnncli.graph.layers import InputLayer
from cnncli.network import network

NETWORKS = [
    ("v1:alpha=0.25,input_shape=96x96x1,classes=2", "int8"), ("v3_small", "int8"), ("b0", "float32"),
    ("inception_v3", "int8"), ("densenet121", "int8"), ("nasnet_mobile", "float32"), ("b7", "int8"),
    ("nasnet_large", "int8"), ("lenet5", "float32"),
]  # fmt: skip

Run = Callable[..., Result]


@cache
def found(reference: str, kind: str, reorder: bool = False) -> Timeline:
    return timeline(network(reference).graph, kind, reorder=reorder)


@cache
def drawn(reference: str, kind: str) -> Picture:
    return memory_picture(found(reference, kind), Heading(f"{reference}, {kind}, batch 1", ["a line", "another"]))


def every(shapes: Iterable[Shape], kind: type) -> Iterator[Any]:
    for shape in shapes:
        if isinstance(shape, Group):
            yield from every(shape.shapes, kind)
        elif isinstance(shape, kind):
            yield shape


def panels(picture: Picture) -> list[Group]:
    return [shape for shape in picture.shapes if isinstance(shape, Group) and shape.kind == "panel"]


def tensors(panel: Group) -> list[Group]:
    return [shape for shape in panel.shapes if isinstance(shape, Group) and shape.kind == "tensor"]


def place(text: Text) -> Rect:
    wide = width(text.text, text.size, text.bold)
    left = text.place.x - {"start": 0, "middle": wide / 2, "end": wide}[text.anchor]
    top = text.place.y - text.size * ASCENT
    return Rect(left, top, left + wide, top + text.size * LINE_HEIGHT)


def overlap(one: Rect, other: Rect, air: float = -1e-6) -> bool:
    """Not of lines that follow each other: these touch."""
    across = one.left < other.right + air and other.left < one.right + air
    return across and one.top < other.bottom + air and other.top < one.bottom + air


def surface(corners: Iterable[Point]) -> float:
    """Of a polygon, by the shoelace formula."""
    around = list(corners)
    return abs(sum(a.x * b.y - b.x * a.y for a, b in pairwise([*around, around[0]]))) / 2


def unit(panel: Group, steps: int, most: float) -> float:
    """Square points that stand for a byte over an operation, by the panel's two axes and the line at its highest."""
    *_, ground, level = every(panel.shapes, Line)
    high = ground.corners[0].y - level.corners[0].y
    return float((ground.corners[1].x - ground.corners[0].x) / steps * high / most)


@pytest.mark.parametrize(("reference", "kind"), NETWORKS)
def test_writing_is_on_the_page_and_on_no_other(reference: str, kind: str) -> None:
    picture = drawn(reference, kind)
    texts = [place(text) for text in every(picture.shapes, Text)]
    assert len(texts) > 10
    for text in texts:
        assert min(text.left, text.top) >= 0
        assert text.right <= picture.width
        assert text.bottom <= picture.height
    by_line = sorted(texts, key=lambda text: text.top)
    assert not [(one, other) for one, other in combinations(by_line, 2) if overlap(one, other)]


@pytest.mark.parametrize(("reference", "kind"), NETWORKS)
def test_all_shapes_are_on_the_page(reference: str, kind: str) -> None:
    picture = drawn(reference, kind)
    corners = [corner for area in every(picture.shapes, Area) for corner in area.corners]
    corners += [corner for line in every(picture.shapes, Line) for corner in line.corners]
    for box in every(picture.shapes, Box):
        corners += [Point(box.rect.left, box.rect.top), Point(box.rect.right, box.rect.bottom)]
    assert corners
    assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in corners)


@pytest.mark.parametrize(("reference", "kind"), NETWORKS)
def test_areas_are_bytes_by_operations(reference: str, kind: str) -> None:
    told = found(reference, kind)
    live, *arena = panels(drawn(reference, kind))
    lives = [life for life, tensor in zip(told.plan.lifetimes, told.plan.tensors, strict=True) if tensor.bytes]
    sizes = [tensor.bytes for tensor in told.plan.tensors if tensor.bytes]
    wanted = sorted(size * (life.last + 1 - life.first) for size, life in zip(sizes, lives, strict=True))
    scale = unit(live, len(told.plan.operations), told.peak.bytes)
    areas = sorted(surface(area.corners) / scale for area in every(live.shapes, Area))
    assert len(areas) == len(wanted)
    assert all(isclose(one, other, rel_tol=1e-6, abs_tol=1) for one, other in zip(areas, wanted, strict=True))
    placed = arrangement(told.plan)
    assert (placed is None) == (not arena)
    if placed is None:
        return
    wanted = sorted(each.size * (each.lives.last + 1 - max(each.lives.first, 0)) for each in placed)
    head = max(each.offset + each.size for each in placed)
    scale = unit(arena[0], len(told.plan.operations), head)
    areas = sorted(surface(area.corners) / scale for area in every(arena, Area))
    assert all(isclose(one, other, rel_tol=1e-6, abs_tol=1) for one, other in zip(areas, wanted, strict=True))


@pytest.mark.parametrize(("reference", "kind"), NETWORKS)
def test_a_label_stands_within_its_tensor(reference: str, kind: str) -> None:
    """So none stands on another's: of each column of the area that the label crosses, within its top and bottom."""
    named = 0
    for panel in panels(drawn(reference, kind)):
        for tensor in tensors(panel):
            (area,) = every([tensor], Area)
            count = len(area.corners) // 4
            tops = list(pairwise(area.corners))[: 2 * count : 2]
            bottoms = list(pairwise(reversed(area.corners)))[: 2 * count : 2]
            for text in every([tensor], Text):
                named += 1
                box = place(text)
                crossed = [
                    (top[0].y, bottom[0].y)
                    for top, bottom in zip(tops, bottoms, strict=True)
                    if top[0].x < box.right and box.left < top[1].x
                ]
                assert crossed
                assert area.corners[0].x <= box.left
                assert box.right <= tops[-1][1].x
                assert all(top <= box.top and box.bottom <= bottom for top, bottom in crossed)
    assert named or len(found(reference, kind).plan.operations) > 100


@pytest.mark.parametrize(("reference", "kind"), NETWORKS)
def test_the_stack_is_as_high_as_what_is_live(reference: str, kind: str) -> None:
    """And without gaps: what stands on the ground reaches up to where the next begins."""
    plan = found(reference, kind).plan
    columns: list[list[tuple[int, int]]] = [[] for _ in plan.operations]
    for runs in stacked(plan).values():
        for run in runs:
            for step in range(run.start, run.end):
                columns[step].append((run.bottom, run.top))
    for column, live in zip(columns, live_bytes(plan), strict=True):
        column.sort()
        assert column[0][0] == 0
        assert all(one[1] == other[0] for one, other in pairwise(column))
        assert column[-1][1] == live


def test_the_peak_and_the_head_are_told() -> None:
    """DESIGN's known truth of MobileNet V1 0.25 of 96x96 pictures."""
    picture = drawn("v1:alpha=0.25,input_shape=96x96x1,classes=2", "int8")
    live, arena = panels(picture)
    says = [text.text for text in every([live, arena], Text) if text.bold]
    assert "peak 55.30 kB (55,296 bytes) at stage1.block1.pointwise_conv, operation 3" in says
    assert "head 55.30 kB (55,296 bytes)" in says
    (spot,) = every([live], Circle)
    level = list(every([live], Line))[-1].corners[0].y
    assert spot.center.y == level
    assert min(corner.y for area in every([live], Area) for corner in area.corners) == pytest.approx(level)


def test_blocks_are_named_where_there_is_room_and_else_stages() -> None:
    few = {text.text for text in every(drawn("v1:alpha=0.25,input_shape=96x96x1,classes=2", "int8").shapes, Text)}
    many = {text.text for text in every(drawn("b7", "int8").shapes, Text)}
    assert {"stage4", "block6"} <= few
    assert "stage4" in many
    assert "block1" not in many


def test_bands_of_operations_in_turns() -> None:
    """In the order that takes least the cells of NASNet wait for each other."""
    own, other = (bands(found("nasnet_mobile", "float32", reorder), 2) for reorder in (False, True))
    for each in (own, other):
        assert all(one.end <= next.start for one, next in pairwise(each))
    assert sum(band.end - band.start for band in own) == sum(band.end - band.start for band in other)


def test_without_an_arena_there_is_one_panel() -> None:
    told = found("v3_small", "int8")
    first = told.plan.tensors[told.plan.operations[2].writes[0]]
    index = told.plan.tensors.index(first)
    cut = [*told.plan.tensors]
    cut[index] = first._replace(shape=(1, UNKNOWN, 4))
    picture = memory_picture(replace(told, plan=replace(told.plan, tensors=cut)), Heading("open", []))
    (live,) = panels(picture)
    assert any(text.text.startswith("peak at least ") for text in every([live], Text))


def test_a_network_of_nothing_but_an_input() -> None:
    graph = Graph("nothing")
    graph.add(InputLayer((8, 8, 3)), name="image")
    picture = memory_picture(timeline(graph, "float32"), Heading("nothing", []))
    assert list(every(picture.shapes, Text))


def test_long_and_hostile_words_are_cut_and_written_out() -> None:
    picture = memory_picture(found("lenet5", "float32"), Heading("<b>&\x1b[31m" + "wide" * 200, ["line " * 200]))
    page = document(picture)
    assert "\x1b" not in page
    assert "<b>" not in page
    for text in every(picture.shapes, Text):
        assert place(text).right <= picture.width


def test_grey_printers_tell_the_kinds_apart() -> None:
    """Rec. 601's grey of each fill is apart from that of any other."""
    fills = {}
    for reference, kind in NETWORKS:
        for area in every(drawn(reference, kind).shapes, Area):
            red, green, blue = (int(area.fill[at : at + 2], 16) for at in (1, 3, 5))
            fills[area.fill] = 0.299 * red + 0.587 * green + 0.114 * blue
    assert len(fills) >= 9
    for (one, first), (other, second) in combinations(fills.items(), 2):
        assert abs(first - second) >= 9, (one, other)


def test_what_quantizes_is_not_an_activation() -> None:
    """The int8 picture of MobileNet V1 begins with the float picture and what is quantized of it."""
    told = found("v1:alpha=0.25,input_shape=96x96x1,classes=2", "int8")
    makers = Makers(told)
    types = {operation.type: makers.kind(operation.writes[0]) for operation in told.plan.operations}
    assert types["QUANTIZE"] == types["DEQUANTIZE"] == "other"
    assert types["SOFTMAX"] == "activation"


def test_labels_can_be_read_on_their_ground() -> None:
    for theme in THEMES:
        picture = memory_picture(found("v1:alpha=0.25,input_shape=96x96x1,classes=2", "int8"), Heading("v1", []), theme)
        for panel in panels(picture):
            for tensor in tensors(panel):
                (area,) = every([tensor], Area)
                assert all(contrast(text.colour, area.fill) >= 4.5 for text in every([tensor], Text))


@pytest.mark.parametrize(
    ("most", "words"),
    [
        (55_296, ["0", "10 kB", "20 kB", "30 kB", "40 kB", "50 kB"]),
        (14_450_688, ["0", "2.5 MB", "5 MB", "7.5 MB", "10 MB", "12.5 MB"]),
        (1_000_000, ["0", "0.2 MB", "0.4 MB", "0.6 MB", "0.8 MB", "1 MB"]),
        (7, ["0", "2 B", "4 B", "6 B"]),
    ],
)
def test_ticks_of_bytes(most: int, words: list[str]) -> None:
    assert [tick for _, tick in byte_ticks(most)] == words


def test_ticks_of_operations() -> None:
    assert [number for number, _ in step_ticks(33)] == [0, 10, 20, 30]
    assert [number for number, _ in step_ticks(3)] == [0, 1, 2]
    assert [number for number, _ in step_ticks(1)] == [0]
    for most in range(1, 3000, 7):
        assert most / round_step(most, whole=True) <= 6


# Files.


@pytest.mark.parametrize("suffix", ["pdf", "png", "eps", "tex"])
def test_one_picture_is_the_same_bytes_each_time(tmp_path: Path, suffix: str) -> None:
    picture = drawn("v1:alpha=0.25,input_shape=96x96x1,classes=2", "int8")
    one, two = (tmp_path / f"{name}.{suffix}" for name in ("one", "two"))
    for path in (one, two):
        write_picture(picture, path, 50, force=False)
    assert one.read_bytes() == two.read_bytes()


def test_png_is_as_large_as_its_resolution_says(tmp_path: Path) -> None:
    from PIL import Image

    write_picture(drawn("lenet5", "float32"), tmp_path / "one.png", 72, force=False)
    with Image.open(tmp_path / "one.png") as image:
        assert image.size == (842, 595)
        pixels = set(map(image.convert("RGB").getpixel, product(range(842), range(595))))
    colours = {f"#{red:02X}{green:02X}{blue:02X}" for red, green, blue in pixels}
    assert {THEMES["light"].fills["convolution"], THEMES["light"].page} <= colours


def test_a_diagram_can_be_drawn_so_too(tmp_path: Path) -> None:
    """Which has the other shapes: round and dashed boxes, shades that pass into each other, arrows, circles."""
    heading = Heading("v2", ["a line"])
    picture = as_picture(diagram(network("v2").graph, heading, DiagramOptions(heat="macs")))
    kinds = {type(shape) for kind in (Box, Circle, Text, Line) for shape in every(picture.shapes, kind)}
    assert kinds == {Box, Circle, Text, Line}
    write_picture(picture, tmp_path / "v2.pdf", force=False)
    assert (tmp_path / "v2.pdf").read_bytes().startswith(b"%PDF")


# The command.


def test_memory_draws_and_tells(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "v1.svg"
    done = run("memory", "v1", "--dtype", "int8", "-o", str(path))
    assert done.code == 0, done.err
    assert "Peak 1.20 MB" in done.out
    page = path.read_text(encoding="utf-8")
    assert "<title>mobilenet_v1, int8, batch 1</title>" in page
    assert len(re.findall('class="tensor"', page)) > 50
    assert run("memory", "v1", "-o", str(path)).code == 2  # it exists
    assert path.read_text(encoding="utf-8") == page


def test_what_has_no_picture(tmp_path: Path, run: Run) -> None:
    path = str(tmp_path / "m.svg")
    assert run("memory", "v1", "v2", "-o", path).code == 2
    assert run("memory", "v1", "--training", "-o", path).code == 2
    assert run("memory", "v1", "--training", "--reorder").code == 2
    assert run("memory", "v1", "-o", str(tmp_path / "m.gif")).code == 2
    assert not list(tmp_path.iterdir())


def test_reorder_tells_what_it_saves(run: Run) -> None:
    chain, cells = (
        run("memory", "v1", "--reorder", "--top", "1"),
        run("memory", "nasnet_mobile", "--reorder", "--top", "1"),
    )
    assert "Order           no other takes less" in chain.out
    assert re.search(r"Order +[\d.]+ MB instead of [\d.]+ MB, [\d.]+% less than in the file's order", cells.out)
