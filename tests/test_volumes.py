"""Feature maps as solids: what is drawn, to which scale, that nothing lies on anything, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, golden, networks, refused
from geometry import around, flat, problems
from hypothesis import given, settings
from hypothesis import strategies as st
from test_diagram import branches, small, unet
from test_docs import DOCS

import cnncli
from cnncli.amounts import UNKNOWN
from cnncli.diagram import Heading
from cnncli.diagram.paper.targets import TARGETS
from cnncli.diagram.volumes.fitting import fitted
from cnncli.diagram.volumes.picture import Look, Volumes
from cnncli.diagram.volumes.solids import BACK, CHANNEL, LEAST, TALLEST, Solid, scale, solid
from cnncli.diagram.volumes.tensors import Tensors, links, shown
from cnncli.draw.shapes import Area, Group, Picture, Text
from cnncli.draw.svg import document
from cnncli.draw.theme import THEMES, contrast
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.graph.layers import Concatenate, Conv2D, Dense, Flatten, InputLayer, MaxPooling2D, Opaque, ReLU
from cnncli.models.catalogue import models
from cnncli.models.reference import parse

DETAILS = ("stage", "block", "layer")
PAGE = (DOCS / "pictures.md").read_text(encoding="utf-8").partition("\n## Volumes\n")[2].partition("\n## ")[0]
OWN: dict[str, Callable[[], Graph]] = {"small": small, "unet": unet, "branches": branches}


def volumes(graph: Graph, detail: Any = "stage", look: Look | None = None) -> Volumes:
    heading = Heading(graph.name, ("for a test", "1.2 M parameters   3.4 M MACs"))
    return Volumes(Tensors(graph, detail), heading, look or Look())


def drawn(graph: Graph, detail: Any = "stage", look: Look | None = None) -> Picture:
    return volumes(graph, detail, look).picture()


def solids(picture: Picture) -> dict[str, Group]:
    return {each.name: each for each in picture.shapes if isinstance(each, Group) and each.kind == "volume"}


def said(group: Group) -> list[str]:
    return [each.text for each in group.shapes if isinstance(each, Text)]


def graph_of(reference: str) -> Graph:
    return OWN[reference]() if reference in OWN else parse(reference).graph()


SOME = (*OWN, "lenet5@paper", "vgg16@keras", "resnet50@keras", "nasnet_mobile@keras", "inception_v3@keras")


def looks() -> Iterator[Any]:
    """Each network by stage; some in every detail, the others where exhaustive tests are asked for."""
    for each in networks():
        (name,) = each.values if hasattr(each, "values") else (each,)
        marks = each.marks if hasattr(each, "values") else ()
        for detail in DETAILS:
            left_out = [] if detail == "stage" or name in SOME else [pytest.mark.exhaustive]
            yield pytest.param(name, detail, marks=[*marks, *left_out])
    for name in OWN:
        yield from (pytest.param(name, detail) for detail in DETAILS)


@pytest.mark.parametrize(("name", "detail"), list(looks()))
def test_nothing_lies_on_anything(name: str, detail: Any) -> None:
    """No two words, no line through a solid or a word, all within the page; in rows of their own, too."""
    graph = graph_of(name)
    assert problems(drawn(graph, detail), names=False) == []
    if name in (*OWN, "resnet50@keras"):
        for rows in (1, 2, 5):
            assert problems(drawn(graph, detail, Look(rows=rows)), names=False) == []


def test_a_word_upon_another_is_found() -> None:
    picture = drawn(small())
    first = next(each for each in flat(picture.shapes) if isinstance(each, Text))
    assert problems(picture._replace(shapes=[*picture.shapes, first]))


def test_golden() -> None:
    golden("plot-volumes.svg", document(drawn(small(), "block")))


def test_vgg_as_its_pictures_show_it() -> None:
    """Simonyan and Zisserman 2014, table 1 D: maps that halve while their channels double, then three vectors."""
    found = [part.row.output_shape for part in shown(parse("vgg16").graph(), "block")]
    sides = [(each[0], each[2]) for each in found if len(each) == 3]
    assert list(dict.fromkeys(sides)) == [
        (224, 3), (224, 64), (112, 64), (112, 128), (56, 128), (56, 256), (28, 256), (28, 512), (14, 512), (7, 512),
    ]  # fmt: skip
    assert [each for each in found if len(each) == 1] == [(4096,), (1000,)]
    assert said(solids(drawn(parse("vgg16").graph(), "block"))["head.dense1-2"])[-1] == "dense relu x2"


def test_what_stands_at_a_solid() -> None:
    found = solids(drawn(parse("mobilenet_v2").graph()))
    assert said(found["stage2"]) == ["24", "56x56", "stage2", "InvertedResidual6", "k3x3 s2 x2"]
    assert said(found["head.pool"])[:2] == ["1280", "pool"]
    assert found["stage2"].tooltip.startswith("stage2\nInvertedResidual6 k3x3 s2 x2\n112x112x16 → 56x56x24")
    assert said(found["image"]) == ["3", "224x224", "image"]


@pytest.mark.parametrize("detail", DETAILS)
def test_lengths_are_to_scale(detail: Any) -> None:
    """The front is as high as the map, its upper edge recedes as far as the map is wide, in one scale for all."""
    graph = parse("mobilenet_v1:input_shape=160x224").graph()
    sizes = {part.row.name: part.row.output_shape for part in shown(graph, detail)}
    found = solids(drawn(graph, detail))
    assert list(found) == list(sizes)
    for name, group in found.items():
        _, top, front = [each for each in group.shapes if isinstance(each, Area)]
        up, along = around(front).height, around(front).width
        if len(sizes[name]) == 3 and sizes[name][:2] != (1, 1):
            height, width, channels = sizes[name]
            assert up == pytest.approx(TALLEST / 224 * height)
            assert around(top).height == pytest.approx(TALLEST / 224 * width * -BACK.y)
            assert along == pytest.approx(CHANNEL * sqrt(channels))


@given(st.lists(st.tuples(*[st.integers(1, 5000)] * 3), min_size=1, max_size=9))
@settings(max_examples=200, deadline=None)
def test_larger_maps_are_drawn_larger(shapes: list[tuple[int, int, int]]) -> None:
    by = scale(shapes)
    found = [solid(shape, by) for shape in shapes]
    maps = [(shape, each) for shape, each in zip(shapes, found, strict=True) if shape[:2] != (1, 1)]
    for (one, small_one), (other, large_one) in pairwise(sorted(maps)):
        assert small_one.up <= large_one.up
        if one[0] == other[0]:
            assert small_one.up == pytest.approx(large_one.up)
        if not by.root and other[0]:
            assert small_one.up * other[0] == pytest.approx(large_one.up * one[0])
    largest = max((max(each.up, -each.back.y / -BACK.y) for _, each in maps), default=TALLEST)
    assert largest == pytest.approx(TALLEST)
    if maps and not by.root:
        assert min(max(shape[:2]) for shape, _ in maps) * by.cell >= LEAST - 1e-6


@given(st.floats(0.1, 200), st.floats(0.1, 200), st.floats(0, 200))
@settings(max_examples=200, deadline=None)
def test_links_end_on_the_outline(across: float, up: float, depth: float) -> None:
    """At the height of its middle a solid reaches no farther than `reach`, and so far."""
    found = Solid(across, up, type(BACK)(depth * BACK.x, depth * BACK.y))
    left, upper, behind = found.front[0], found.front[1], found.top[1]
    ends = (upper, behind) if upper.y > 0 else (left, upper)
    share = 0 if ends[0].y == ends[1].y else (0 - ends[0].y) / (ends[1].y - ends[0].y)
    assert -found.reach == pytest.approx(ends[0].x + share * (ends[1].x - ends[0].x), abs=1e-6)
    assert found.reach <= found.width / 2 + 1e-9


def test_sides_go_by_their_roots_where_else_the_smallest_were_lost() -> None:
    graph = Graph("long")
    x = graph.add(InputLayer((1600, 1600, 3)), name="image")
    graph.add(Conv2D(8, 1, strides=200), x, name="conv")
    picture = drawn(graph)
    assert "by their square roots, channels" in picture.description
    assert "to scale, channels" in drawn(small()).description
    heights = [around(group.shapes[2]).height for group in solids(picture).values()]
    assert heights[0] / heights[1] == pytest.approx(sqrt(1600 / 8))


def test_long_skips_are_arcs_above() -> None:
    found = volumes(unet())
    names = [part.row.name for part in found.tensors.parts]
    past = [way for way in found.placed.ways if way.kind == "past"]
    assert [(names[way.link[0]], names[way.link[1]]) for way in past] == [
        ("down0", "up0"), ("down1", "up1"),
    ]  # fmt: skip
    tops = [way.corners[1].y for way in past]
    assert tops == sorted(tops)  # the longest is the highest
    passed = [found.placed.middles[place].y - found.figures[place].solid.height / 2 for place in range(1, 7)]
    assert tops[0] < min(passed)


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", [*OWN, "resnet50", "densenet121", "inception_v3", "nasnet_mobile"])
def test_each_tensor_leads_on_and_comes_from_one(name: str, detail: Any) -> None:
    graph = graph_of(name)
    parts = shown(graph, detail)
    pairs = links(graph, parts)
    assert all(source < target for source, target in pairs)
    inputs = [place for place, part in enumerate(parts) if part.nodes[0] in graph.inputs]
    assert {target for _, target in pairs} == set(range(len(parts))) - set(inputs)
    assert len({source for source, _ in pairs}) >= len(parts) - len(graph.outputs)


def test_several_inputs_and_outputs() -> None:
    graph = Graph("two")
    left = graph.add(InputLayer((32, 32, 3)), name="left")
    right = graph.add(InputLayer((32, 32, 1)), name="right")
    both = graph.add(Concatenate(), left, right, name="both")
    one = graph.add(Conv2D(8, 3), both, name="one")
    other = graph.add(Dense(4), graph.add(Flatten(), both, name="flat"), name="other")
    graph.give(one, other)
    found = volumes(graph, "layer")
    assert [part.row.name for part in found.tensors.parts] == ["left", "right", "both", "one", "other"]
    assert set(found.tensors.links) == {(0, 2), (1, 2), (2, 3), (2, 4)}
    assert problems(found.picture(), names=False) == []


def test_more_tensors_than_a_page_is_wide_stand_in_rows() -> None:
    graph = parse("resnet152").graph()
    found = volumes(graph, "layer")
    picture = found.picture()
    assert found.placed.rows > 3
    assert picture.width < 2 * picture.height
    assert sum(way.kind == "turn" for way in found.placed.ways) == found.placed.rows - 1
    assert volumes(graph).placed.rows == 1
    for rows in (1, 2, 7):
        assert volumes(graph, "layer", Look(rows=rows)).placed.rows == rows


@pytest.mark.parametrize("place", TARGETS)
@pytest.mark.parametrize(
    "name",
    [
        each if each in ("vgg16@keras", "resnet50@keras", "efficientnet_b7@keras", "unet") else
        pytest.param(each, marks=pytest.mark.exhaustive)
        for each in ("unet", *(f"{spec.name}@{flavor}" for spec in models() for flavor in spec.flavor_names))
    ],
)  # fmt: skip
def test_for_print(name: str, place: Any) -> None:
    """As wide as was asked for, a whole page as high, with no type below what can be read there."""
    target, graph = TARGETS[place], graph_of(name)
    fit = fitted(Tensors(graph, "stage"), Heading(name, ("for a test",) * 2), Look(), target)
    picture = fit.found.picture(fit.width, fit.height)
    sizes = {target.width, target.height} if target.turned else {target.width}
    assert picture.width in sizes
    if target.height:
        assert {picture.width, picture.height} == {target.width, target.height}
    assert problems(picture, names=False) == []
    assert min(each.size for each in flat(picture.shapes) if isinstance(each, Text)) >= target.smallest


def test_of_a_slide_one_row() -> None:
    fit = fitted(Tensors(parse("vgg16").graph(), "stage"), Heading("vgg16", ("a", "b")), Look(), TARGETS["slide"])
    assert fit.found.placed.rows == 1
    words = [word for group in solids(fit.found.picture(fit.width, fit.height)).values() for word in said(group)]
    assert not [word for word in words if "…" in word]


def test_without_title_or_legend(run: Callable[..., Result], tmp_path: Path) -> None:
    def texts(*arguments: str) -> str:
        assert run("plot", "vgg16", "--volumes", *arguments, "-o", tmp_path / "v.svg", "--force").code == 0
        return (tmp_path / "v.svg").read_text(encoding="utf-8")

    assert ">VGG (2014)" in texts()
    assert ">VGG (2014)" not in texts("--no-title")
    assert "to scale" not in re.sub("<desc>.*", "", texts("--no-legend"))
    assert "MACs<" not in re.sub("<title>[^/]*/title>", "", texts("--no-costs"))
    assert 'width="237pt"' in texts("--for", "column")
    assert 'width="216pt"' in texts("--width", "3in")
    refused(run("plot", "nasnet_large", "--volumes", "--detail", "layer", "--for", "column", "-o", tmp_path / "n.svg"),
            2, "too much for this page")  # fmt: skip


@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read_on_the_page(theme: Any) -> None:
    for heat in (None, "macs"):
        picture = drawn(parse("efficientnet_b0").graph(), "block", Look(theme, heat))
        for text in flat(picture.shapes):
            if isinstance(text, Text):
                assert contrast(text.colour, picture.ground) >= 4.5


def test_heat_shades_by_the_share() -> None:
    plain, shaded = (drawn(parse("vgg16").graph(), look=Look(heat=heat)) for heat in (None, "params"))
    fills = {name: group.shapes[2].fill for name, group in solids(shaded).items()}  # type: ignore[union-attr]
    assert fills["head.dense1"] == THEMES["light"].heat[-1]
    assert fills["image"] == THEMES["light"].heat[0]
    assert fills != {name: group.shapes[2].fill for name, group in solids(plain).items()}  # type: ignore[union-attr]


def test_an_open_input_is_refused_and_an_unknown_operation_left_out() -> None:
    graph = Graph("open")
    graph.add(Conv2D(4, 3), graph.add(InputLayer((UNKNOWN, UNKNOWN, 3)), name="image"), name="conv")
    with pytest.raises(UsageError, match=r"image is \?x\?x3; --input-shape"):
        drawn(graph)
    graph = Graph("half")
    x = graph.add(Conv2D(4, 3), graph.add(InputLayer((8, 8, 3)), name="image"), name="conv")
    graph.add(Opaque("Detect", (UNKNOWN, UNKNOWN)), x, name="detect")
    picture = drawn(graph)
    assert list(solids(picture)) == ["image", "conv"]
    assert "Not drawn, as its size is not known: detect." in picture.description


@pytest.mark.parametrize("shape", [(), (7,), (49, 10), (1, 1, 5), (4, 9, 9, 2), (1, 4000), (3, 400, 2)])
def test_tensors_of_any_number_of_axes(shape: tuple[int, ...]) -> None:
    graph = Graph("any")
    graph.add(ReLU(), graph.add(InputLayer(shape), name="input"), name="relu")
    for detail in DETAILS:
        assert problems(drawn(graph, detail), names=False) == []


def test_hostile_names() -> None:
    graph = Graph("</svg><script>")
    x = graph.add(InputLayer((8, 8, 3)), name="</text><script>alert(1)</script>")
    with graph.scope("s" * 300):
        x = graph.add(Conv2D(4, 1), x, name="n" * 10_000)
        graph.add(MaxPooling2D(), x, name="\u202eevil\x1b[31m")
    picture = drawn(graph, "layer")
    assert problems(picture, names=False) == []
    text = document(picture)
    assert "<script>" not in text
    assert "\u202e" not in text
    assert picture.width < 900


def test_of_the_command(run: Callable[..., Result], tmp_path: Path) -> None:
    for suffix in (".svg", ".pdf", ".png"):
        target = tmp_path / f"v{suffix}"
        assert run("plot", "lenet5", "--volumes", "-o", target).code == 0
        assert target.stat().st_size > 1000
    assert run("plot", "vgg16", "--volumes", "--scope", "stage3", "-o", tmp_path / "s.svg").code == 0
    assert run("plot", "vgg16", "--volumes", "--columns", "2", "--detail", "block", "-o", tmp_path / "c.svg").code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--direction", "TB"), "--direction TB does not go with --volumes"),
        (("--label", "{name}"), "--label does not go with --volumes"),
        (("--fuse", "--detail", "layer"), "--fuse does not go with --volumes"),
        (("--columns", "0"), "--columns 0: expected auto"),
    ],
)
def test_what_does_not_go_with_it(run: Callable[..., Result], tmp_path: Path, arguments: Any, says: str) -> None:
    target = tmp_path / "v.svg"
    refused(run("plot", "lenet5", "--volumes", *arguments, "-o", target), 2, says)
    assert not target.exists()
    refused(run("plot", "lenet5", "v1", "--volumes", "-o", target), 2, "--volumes is for one network")
    refused(run("plot", "lenet5", "--volumes", "--anatomy", "-o", target), 2, "--volumes does not go with --anatomy")
    refused(run("plot", "lenet5", "--volumes", "-o", tmp_path / "v.dot"), 2, "DOT is for the boxes and links of")


def test_of_the_library(tmp_path: Path) -> None:
    cnncli.load("lenet5").plot(tmp_path / "v.svg", volumes=True)
    assert 'class="volume"' in (tmp_path / "v.svg").read_text(encoding="utf-8")


def test_the_picture_is_what_the_command_draws(run: Callable[..., Result], tmp_path: Path) -> None:
    name = "vgg16-volumes.svg"
    assert f"pictures/{name}" in PAGE
    assert run("plot", "vgg16", "--volumes", "-o", tmp_path / name).code == 0
    assert (tmp_path / name).read_bytes() == (DOCS / "pictures" / name).read_bytes()
