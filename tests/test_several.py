"""Several networks in one figure: bands of one stride, one palette, one scale."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from conftest import networks, refused
from geometry import flat, problems
from hypothesis import given
from hypothesis import strategies as st
from test_diagram import branches, small, unet

from cnncli.diagram import TARGETS, Heading, Options, diagram
from cnncli.diagram.composed.bands import aligned
from cnncli.diagram.composed.several import several
from cnncli.diagram.composed.shared import shared_palette
from cnncli.diagram.composed.strides import POOLED, Stride, merged, rows, strides
from cnncli.diagram.parts import parts
from cnncli.draw.shapes import Box, Group, Picture, Text
from cnncli.draw.theme import READABLE, THEMES, contrast
from cnncli.graph import UNKNOWN, Graph
from cnncli.graph.layers import Conv2D, GlobalAveragePooling2D, InputLayer, UpSampling2D
from cnncli.models.reference import parse
from cnncli.network import network
from cnncli.views.plot import drawing

FAMILY = ["v1", "v2", "v3_large"]


def figure(*references: str, **options: Any) -> Picture:
    detail = options.pop("detail", "stage")
    return drawing([network(each) for each in references], Options(detail, **options)).picture


def of_graphs(*graphs: Graph, **options: Any) -> Picture:
    return several([(graph, Heading(graph.name, ("for a test",))) for graph in graphs], Options(**options))


def groups(drawn: Picture, kind: str) -> list[Group]:
    return [each for each in drawn.shapes if isinstance(each, Group) and each.kind == kind]


def span(group: Group) -> tuple[float, float]:
    """From its upper to its lower edge, with the cards of a stack."""
    rects = [each.rect for each in group.shapes if isinstance(each, Box)]
    return min(each.top for each in rects), max(each.bottom for each in rects)


def bands_of(drawn: Picture) -> list[tuple[str, str]]:
    """Each box's name and the band in which it stands wholly, from the first network to the last."""
    bands = [(band.name, *span(band)) for band in groups(drawn, "band")]
    found = []
    for box in groups(drawn, "box"):
        top, bottom = span(box)
        (only,) = [name for name, start, end in bands if start <= top and bottom <= end]
        found.append((box.name, only))
    return found


def fill(group: Group) -> Any:
    boxes = [each for each in group.shapes if isinstance(each, Box)]
    return boxes[0].fill


@pytest.mark.parametrize("detail", ["stage", "block"])
def test_every_box_stands_in_the_band_of_its_stride(detail: Any) -> None:
    graphs = [parse(each).graph() for each in FAMILY]
    wanted = []
    for graph in graphs:
        of_nodes = strides(graph)
        wanted += [(f"{graph.name} {part.row.name}", str(of_nodes[part.row.place])) for part in parts(graph, detail)]
    drawn = figure(*FAMILY, detail=detail)
    assert bands_of(drawn) == wanted
    assert all(graph.name in drawn.description for graph in graphs)
    assert [band.name for band in groups(drawn, "band")] == [f"stride {2**n}" for n in range(6)] + [""]


def test_networks_of_different_inputs_are_aligned_by_stride() -> None:
    drawn = figure("v1:input_shape=128", "v1")
    found = bands_of(drawn)
    assert found[: len(found) // 2] == found[len(found) // 2 :]
    assert "112x112" not in [each.text for each in drawn.shapes if isinstance(each, Text)]
    assert "112x112" in [each.text for each in figure("v1", "v2").shapes if isinstance(each, Text)]


@pytest.mark.parametrize(
    "reference", ["inception_v3", "nasnet_mobile", "alexnet", "resnet50", "lenet5", "convnext_tiny"]
)
def test_strides_are_those_of_the_layers(reference: str) -> None:
    """Which sizes alone do not tell: 299 is 37 times 8."""
    found = list(dict.fromkeys(strides(parse(reference).graph())))
    assert all(each == POOLED or each.down in (1, 2, 4, 8, 16, 32) for each in found)
    assert sorted(found) == found


def test_strides_of_what_grows_is_pooled_or_is_not_known() -> None:
    graph = Graph("net")
    x = graph.add(InputLayer((8, 8, 3)), name="image")
    x = graph.add(Conv2D(4, 3, strides=(2, 1), padding="same"), x, name="down")
    x = graph.add(UpSampling2D((4, 4)), x, name="up")
    graph.add(GlobalAveragePooling2D(keepdims=True), x, name="pool")
    assert strides(graph) == [Stride(1, 1), Stride(2, 1), Stride(0.5, 0.25), POOLED]
    assert [str(each) for each in strides(graph)] == ["stride 1", "stride 2x1", "stride 1/2x1/4", ""]
    open_sizes = Graph("open")
    x = open_sizes.add(InputLayer((UNKNOWN, UNKNOWN, 3)), name="image")
    open_sizes.add(Conv2D(4, 3, strides=2), x, name="down")
    assert strides(open_sizes) == [Stride(1, 1), Stride(2, 2)]


SEQUENCES = st.lists(
    st.lists(st.sampled_from([1, 2, 4, 8, 16, 32]), max_size=9).map(
        lambda found: [Stride(each, each) for place, each in enumerate(found) if not place or each != found[place - 1]]
    ),
    min_size=1,
    max_size=5,
)


@given(SEQUENCES)
def test_bands_hold_every_network_in_order(sequences: list[list[Stride]]) -> None:
    bands = merged(sequences)
    assert len(bands) <= sum(map(len, sequences))
    for sequence in sequences:
        taken = rows(sequence, bands)
        assert [bands[row] for row in taken] == sequence
        assert sorted(set(taken)) == taken


@given(SEQUENCES)
def test_bands_of_networks_that_shrink_ascend(sequences: list[list[Stride]]) -> None:
    ascending = [sorted(set(sequence)) for sequence in sequences]
    assert merged(ascending) == sorted({each for sequence in ascending for each in sequence})


def test_a_network_that_shrinks_and_grows_goes_down_and_up() -> None:
    drawn = of_graphs(unet(), small(), branches(), detail="stage")
    assert [band.name for band in groups(drawn, "band")] == [
        "stride 1", "stride 2", "stride 4", "stride 8", "stride 4", "stride 2", "stride 1", "",
    ]  # fmt: skip
    assert problems(drawn, names=False) == []


def test_boxes_keep_their_size_and_their_order() -> None:
    graphs = [parse(each).graph() for each in FAMILY]
    before = [diagram(graph, Heading("", ()), Options("stage", columns=1)) for graph in graphs]
    after = aligned(before, [strides(graph) for graph in graphs], 20).columns
    for one, other in zip(before, after, strict=True):
        for get in (attrgetter("width"), attrgetter("height")):
            sizes = list(map(get, one.sheet.layout.items))
            assert list(map(get, other.sheet.layout.items)) == pytest.approx(sizes)
        tops = [each.top for each in other.sheet.layout.items]
        assert sorted(tops) == tops


@pytest.mark.parametrize("detail", ["stage", "block"])
@pytest.mark.parametrize("reference", networks(every_flavor=False))
def test_nothing_lies_on_what_it_does_not_belong_to(reference: str, detail: Any) -> None:
    assert problems(figure(reference, "mobilenet_v3_large", detail=detail), names=False) == []


@pytest.mark.parametrize("theme", ["light", "dark", "mono"])
def test_six_networks(theme: Any) -> None:
    six = ["v1", "resnet50", "inception_v3", "densenet121", "shufflenet_v2", "convnext_tiny"]
    assert problems(figure(*six, theme=theme, detail="block"), names=False) == []
    assert problems(figure(*six, theme=theme, heat="params"), names=False) == []


def test_blocks_of_one_kind_have_one_colour_in_all() -> None:
    drawn = figure("b0", "b1", "mnasnet_b1", detail="block")
    fills: dict[str, set[Any]] = {}
    for box in groups(drawn, "box"):
        words = next(each.text for each in box.shapes if isinstance(each, Text)).split()
        if words[0].startswith("MBConv"):
            fills.setdefault(words[1], set()).add(fill(box))
    assert fills.keys() == {"k3x3", "k5x5"}
    assert all(len(each) == 1 for each in fills.values())
    assert fills["k3x3"] != fills["k5x5"]


@pytest.mark.parametrize("theme", ["light", "dark", "mono"])
def test_kinds_of_blocks_are_told_apart_though_they_are_many(theme: Any) -> None:
    look = THEMES[theme]
    kinds = ["input", "convolution", *(f"Block{number}" for number in range(12)), "dense"]
    found = shared_palette(look, kinds)
    assert len({swatch.fill for swatch in found.values()}) == len(kinds)
    assert all(contrast(swatch.fill, swatch.ink) >= READABLE for swatch in found.values())


def test_heat_has_one_scale() -> None:
    drawn = figure("v1", "v2", heat="macs")
    costs = [part.cost("macs") for each in ("v1", "v2") for part in parts(parse(each).graph(), "stage")]
    shades = [fill(box) for box in groups(drawn, "box")]
    darkest = THEMES["light"].heat[-1]
    assert [shade == darkest for shade in shades] == [cost == max(costs) for cost in costs]
    assert any("0 to 287.56 M MACs" in each.text for each in drawn.shapes if isinstance(each, Text))


@pytest.mark.parametrize("heat", [None, "macs"])
@pytest.mark.parametrize(
    ("place", "detail", "references"),
    [
        ("column", "stage", ["v1", "v2"]),
        ("figure", "stage", ["v1", "v2", "v3_large"]),
        ("figure", "block", ["resnet50", "inception_v3", "densenet121"]),
        ("figure", "stage", ["resnet50", "inception_v3", "densenet121", "nasnet_mobile", "vgg16", "lenet5"]),
        ("poster", "stage", ["v1", "v2", "v3_large"]),
    ],
)
def test_in_print_it_is_as_wide_as_its_page_and_can_be_read(
    place: Any, detail: Any, references: list[str], heat: Any
) -> None:
    target = TARGETS[place]
    drawn = figure(*references, detail=detail, heat=heat, target=target)
    assert drawn.width in {page.width for page in target.pages}
    assert drawn.height == target.height or not target.height
    assert min(each.size for each in flat(drawn.shapes) if isinstance(each, Text)) >= target.smallest
    assert problems(drawn, names=False) == []


def test_what_does_not_fit_on_paper_is_told_with_where_it_would(run, tmp_path: Path) -> None:
    done = run("plot", "b0", "b1", "b2", "b3", "--for", "column", "-o", tmp_path / "x.svg")
    roomier = "take fewer networks, --for figure, --for poster, or --for screen"
    refused(done, 2, f"4 networks by stage are too much for this page with type of 6 points; {roomier}")
    assert not [*tmp_path.iterdir()]


def test_title_legend_and_costs_can_be_left_out() -> None:
    said = {each.text for each in flat(figure("v1", "v2").shapes) if isinstance(each, Text)}
    bare = {
        each.text
        for each in flat(figure("v1", "v2", title=False, legend=False, costs=False).shapes)
        if isinstance(each, Text)
    }
    left_out = {"MobileNet (2017), flavor keras", "DepthwiseSeparable 3x3", "10.84 M MACs"}
    assert left_out <= said
    assert not left_out & bare
    assert {"mobilenet_v1", "mobilenet_v2", "112x112"} <= bare


def test_files_are_called_shortly_and_may_be_any(tmp_path: Path) -> None:
    found = [network(f"tests/files/{name}") for name in ("branches.onnx", "nested.keras")]
    drawn = drawing([*found, network("v1")], Options("stage")).picture
    assert problems(drawn, names=False) == []
    assert "mobilenet_v1" in drawn.title


def test_hostile_names_stay_within() -> None:
    graph = replace_name(small(), "<script>\u202e" * 20)
    assert problems(of_graphs(graph, small(), detail="stage"), names=False) == []


def replace_name(graph: Graph, name: str) -> Graph:
    graph.name = name
    return graph


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--detail", "layer"], "--detail layer is for one network; several stand side by side by stage or block"),
        (["--scope", "stem"], "--scope stem is for one network"),
        (["--anatomy"], "--anatomy is for one network"),
        (["--columns", "2"], "--columns 2 is for one network"),
        (["--direction", "LR"], "--direction LR is for one network"),
        (["v1", "v1", "v1", "v1", "v1"], "a figure holds up to 6 networks, was given 7"),
    ],
)
def test_what_does_not_go_together(run, tmp_path: Path, options: list[str], says: str) -> None:
    refused(run("plot", "v1", "v2", *options, "-o", tmp_path / "x.svg"), 2, says)
    assert not [*tmp_path.iterdir()]


def test_every_format(run, tmp_path: Path) -> None:
    for suffix in ("svg", "pdf", "png"):
        done = run("plot", *FAMILY, "-o", tmp_path / f"x.{suffix}")
        assert (done.code, done.out, done.err) == (0, "", "")
    refused(run("plot", *FAMILY, "-o", tmp_path / "x.dot"), 2, "DOT is for the boxes and links of one diagram")


def test_options_of_models_hold_for_all(run, tmp_path: Path) -> None:
    assert run("plot", *FAMILY, "--input-shape", 96, "-o", tmp_path / "x.svg").code == 0
    assert (tmp_path / "x.svg").read_text(encoding="utf-8").count("96x96x3") >= 3
