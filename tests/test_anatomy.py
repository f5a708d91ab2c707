"""A network taken apart: which blocks are of one kind, and a page that shows each kind once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import first_of_families, networks, refused
from geometry import problems
from hypothesis import given
from hypothesis import strategies as st
from test_diagram import branches, unet

from cnncli.analysis.variants import Variant, variants
from cnncli.diagram import Heading, Options
from cnncli.diagram.composed.anatomy import anatomy, letters
from cnncli.diagram.composed.packing import packings
from cnncli.draw.shapes import Box, Group, Picture, Text
from cnncli.errors import UsageError
from cnncli.graph import Graph, Node
from cnncli.graph.layers import Add, BatchNormalization, Conv2D, Dropout, InputLayer, MaxPooling2D, ReLU, ZeroPadding2D
from cnncli.models.reference import parse
from cnncli.network import network
from cnncli.views.plot import drawing

HEADING = Heading("a network", ("for a test", "12.3 M parameters   5.6 M MACs"))


def page(reference: str, **options: Any) -> Picture:
    return drawing([network(reference)], Options("stage", anatomy=True, **options)).picture


def groups(drawn: Picture, kind: str) -> list[Group]:
    return [each for each in drawn.shapes if isinstance(each, Group) and each.kind == kind]


def texts(group: Group) -> list[str]:
    return [each.text for each in group.shapes if isinstance(each, Text)]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("mobilenet_v1", [("DepthwiseSeparable", 13)]),
        ("mobilenet_v2", [("InvertedResidual1", 1), ("InvertedResidual6", 6), ("InvertedResidual6", 10)]),
        ("b0", [("MBConv1", 1), ("MBConv6", 6), ("MBConv6", 9)]),
        ("resnet50", [("Bottleneck", 4), ("Bottleneck", 12)]),  # figure 5 of the paper, and with a projection
        ("densenet121", [("DenseLayer", 58), ("transition", 3)]),
        ("inception_v3", [("Inception", 3), ("Inception", 1), ("Inception", 4), ("Inception", 1), ("Inception", 2)]),
        ("vgg16", [("stage1 and stage2", 2), ("stage3, stage4 and stage5", 3), ("head", 1)]),
        ("lenet5", [("c3", 1)]),
    ],
)
def test_the_kinds_of_blocks(reference: str, found: list[tuple[str, int]]) -> None:
    assert [(kind.name, len(kind.blocks)) for kind in variants(parse(reference).graph())] == found


def test_what_differs_within_a_kind_is_told() -> None:
    found = variants(parse("v3_large").graph())
    assert [kind.sizes for kind in found][-1] == ["kernel 3x3 or 5x5", "expansion 3 or 6", "hard_silu or relu"]
    assert [(kind.gated, kind.residual) for kind in found] == [
        (False, True), (False, False), (False, True), (True, False), (True, True),
    ]  # fmt: skip


@pytest.mark.parametrize("reference", networks(every_flavor=False))
def test_every_block_is_of_one_kind(reference: str) -> None:
    graph = parse(reference).graph()
    found = variants(graph)
    blocks = [block.scope for kind in found for block in kind.blocks]
    assert len(set(blocks)) == len(blocks)
    assert set(graph.kinds) <= set(blocks)
    assert sum(sum(kind.stages.values()) for kind in found) == len(blocks)


@pytest.mark.parametrize("reference", ["v2", "b0", "resnet50", "nasnet_mobile"])
def test_sizes_make_no_kinds(reference: str) -> None:
    small = f"{reference}:input_shape=96,classes=7"
    told = [[block.name for block in kind.blocks] for kind in variants(parse(reference).graph())]
    assert [[block.name for block in kind.blocks] for kind in variants(parse(small).graph())] == told


def blocks_of(*makers: Any) -> list[Variant]:
    """The kinds of blocks that these functions of a graph and a node make."""
    graph = Graph("made")
    x = graph.add(InputLayer((16, 16, 8)), name="image")
    for number, make in enumerate(makers, 1):
        with graph.scope("stage1") if number == 1 else graph.scope(f"stage{number}"), graph.scope("block", number):
            x = make(graph, x)
    return variants(graph)


def plain(graph: Graph, x: Node, kernel: int = 3, stride: int = 1, rate: float = 0.0) -> Node:
    if stride > 1:
        x = graph.add(ZeroPadding2D(1), x, name="pad")
    x = graph.add(Conv2D(8, kernel, strides=stride, padding="valid" if stride > 1 else "same"), x, name="conv")
    x = graph.add(BatchNormalization(), x, name="bn")
    return graph.add(Dropout(rate), x, name="drop") if rate else x


def residual(graph: Graph, x: Node) -> Node:
    return graph.add(Add(), x, plain(graph, x), name="add")


def turned(graph: Graph, x: Node) -> Node:
    return graph.add(Add(), plain(graph, x), x, name="add")


def pooled(graph: Graph, x: Node) -> Node:
    return graph.add(MaxPooling2D(3, 1, "same"), plain(graph, x), name="pool")


def two_ways(graph: Graph, x: Node, first: bool) -> Node:
    """The same two branches, written down one after the other or the other way round."""
    made = {}
    for way in (True, False) if first else (False, True):
        if way:
            made[way] = graph.add(ReLU(), graph.add(Conv2D(8, 1), x, name="left"), name="left_relu")
        else:
            made[way] = graph.add(BatchNormalization(), x, name="right")
    return graph.add(Add(), made[True], made[False], name="add")


def test_kernels_strides_padding_and_rates_are_sizes() -> None:
    wider = lambda graph, x: plain(graph, x, 5)  # noqa: E731
    striding = lambda graph, x: plain(graph, x, 3, 2)  # noqa: E731
    dropping = lambda graph, x: plain(graph, x, rate=0.2)  # noqa: E731
    assert [len(kind.blocks) for kind in blocks_of(plain, wider, striding, dropping)] == [4]


def test_wiring_makes_kinds() -> None:
    assert [len(kind.blocks) for kind in blocks_of(plain, residual, pooled, residual)] == [1, 2, 1]


def test_the_order_in_which_layers_stand_makes_none() -> None:
    assert len(blocks_of(residual, turned)) == 1
    assert len(blocks_of(lambda graph, x: two_ways(graph, x, True), lambda graph, x: two_ways(graph, x, False))) == 1


@pytest.mark.parametrize("reference", networks(every_flavor=False))
def test_nothing_lies_on_what_it_does_not_belong_to(reference: str) -> None:
    drawn = page(reference)
    assert problems(drawn, names=False, past_frames=False) == []
    assert max(drawn.width, drawn.height) < 2.2 * min(drawn.width, drawn.height)


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("reference", first_of_families())
def test_each_kind_is_drawn_once_with_the_layers_of_its_first_block(reference: str, direction: Any) -> None:
    graph = parse(reference).graph()
    drawn = page(reference, direction=direction)
    found = Counter(each.name for each in groups(drawn, "box"))
    for kind in variants(graph):
        block = kind.blocks[0]
        inside = {node.name for node in block.nodes}
        assert inside & found.keys()
        for other in kind.blocks[1:]:
            given_on = {source.name for each in variants(graph) for source in each.blocks[0].sources}
            assert not {node.name for node in other.nodes if node.name not in given_on} & found.keys()


@pytest.mark.parametrize("reference", ["b0", "resnet50", "vgg16", "mobilenet_v4_conv_small"])
def test_letters_stand_at_the_stages_that_use_them(reference: str) -> None:
    graph = parse(reference).graph()
    drawn = page(reference)
    said = {each.name: texts(each) for each in groups(drawn, "box")}
    kinds = list(zip(letters(), variants(graph), strict=False))
    for stage in {node.scope[0] for node in graph.nodes if node.scope}:
        told = said[stage]
        for letter, kind in kinds:
            assert (letter in told) == (stage in kind.stages)
            if kind.stages[stage] > 1:
                assert told[told.index(letter) + 1] == f"x{kind.stages[stage]}"
    loose = [each.text for each in drawn.shapes if isinstance(each, Text)]
    assert [letter for letter, _ in kinds] == [text for text in loose if text in [letter for letter, _ in kinds]]


def test_letters_do_not_end() -> None:
    found = [letter for letter, _ in zip(letters(), range(60), strict=False)]
    assert found[:2] + found[25:28] + [found[-1]] == ["A", "B", "Z", "A2", "B2", "H3"]
    assert len(set(found)) == 60


def test_stages_of_blocks_have_no_colour_of_a_layer() -> None:
    drawn = {each.name: each for each in groups(page("b0"), "box")}
    fills = {name: next(box.fill for box in each.shapes if isinstance(box, Box)) for name, each in drawn.items()}
    assert fills["stage1"] == fills["stage7"] != fills["stem"]


def test_a_network_of_branches_and_one_with_skips() -> None:
    with pytest.raises(UsageError, match="branches has neither stages nor blocks, so no anatomy"):
        anatomy(branches(), HEADING, Options())
    assert problems(anatomy(unet(), HEADING, Options()), names=False, past_frames=False) == []


def test_hostile_names_stay_within() -> None:
    graph = Graph("<script>")
    x = graph.add(InputLayer((8, 8, 3)), name="</svg>\u202e")
    with graph.scope("\u202eevil<b>" * 9), graph.scope("b&" * 30):
        x = graph.add(Conv2D(4, 3), x, name="x" * 300)
        graph.add(ReLU(), x, name='"')
    assert problems(anatomy(graph, HEADING, Options()), names=False, past_frames=False) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--detail", "layer"], "--detail layer: --anatomy shows stages, and of each kind of block the layers"),
        (["--scope", "stem"], "--scope stem does not go with --anatomy"),
        (["--columns", "2"], "--columns 2 does not go with --anatomy"),
        (["--heat", "macs"], "--heat macs does not go with --anatomy"),
        (["--label", "{name}"], "--label {name} does not go with --anatomy"),
    ],
)
def test_what_does_not_go_together(run, tmp_path: Path, options: list[str], says: str) -> None:
    refused(run("plot", "b0", "--anatomy", *options, "-o", tmp_path / "x.svg"), 2, says)
    assert not [*tmp_path.iterdir()]


def test_every_format(run, tmp_path: Path) -> None:
    for suffix in ("svg", "pdf", "png"):
        done = run("plot", "v2", "--anatomy", "-o", tmp_path / f"x.{suffix}")
        assert (done.code, done.out, done.err) == (0, "", "")
    refused(
        run("plot", "v2", "--anatomy", "-o", tmp_path / "x.dot"), 2, "DOT is for the boxes and links of one diagram"
    )
    assert len([*tmp_path.iterdir()]) == 3


@given(st.lists(st.tuples(st.floats(1, 500), st.floats(1, 500)), min_size=1, max_size=12))
def test_packed_rectangles_are_apart_and_in_order(sizes: list[tuple[float, float]]) -> None:
    found = list(packings(sizes, 10))
    for places, width, height in found:
        rects = [(x, y, x + across, y + down) for (x, y), (across, down) in zip(places, sizes, strict=True)]
        assert all(right <= width + 1e-6 and bottom <= height + 1e-6 for _, _, right, bottom in rects)
        for number, one in enumerate(rects):
            for other in rects[number + 1 :]:
                beside = one[2] + 10 <= other[0] + 1e-6 or one[3] + 10 <= other[1] + 1e-6
                assert beside or other[2] + 10 <= one[0] + 1e-6 or other[3] + 10 <= one[1] + 1e-6
    assert any(len({x for x, _ in places}) == 1 for places, _, _ in found)
    assert any(len({y for _, y in places}) == 1 for places, _, _ in found)
