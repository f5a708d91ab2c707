"""Pictures for paper: as wide as promised, with no smaller type than promised, of every network."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import refused
from geometry import flat, problems
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from test_diagram import branches, unet

from cnncli.diagram import TARGETS, Diagram, Heading, Options, as_dot, as_picture, diagram
from cnncli.diagram.measures import screen
from cnncli.diagram.paper.lettering import CUT, within
from cnncli.diagram.wording import Line, Run, typeset
from cnncli.draw.shapes import Picture, Text
from cnncli.draw.text import width
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.graph.layers import Conv2D, Dense, Flatten, InputLayer
from cnncli.models.catalogue import models
from cnncli.network import network
from cnncli.written import read_length

HEADING = Heading("net", ("for a test", "12.3 M parameters   5.6 M MACs   input 224x224x3"))

SAMPLE = {
    "lenet5", "vgg16", "squeezenet_v1_1", "inception_v3", "resnet50", "densenet201", "nasnet_large", "mobilenet_v1",
    "mobilenet_v3_large", "efficientnet_b0", "efficientnet_b7", "convnext_tiny",
}  # fmt: skip
SAMPLED = [pytest.param(spec.name, marks=() if spec.name in SAMPLE else pytest.mark.exhaustive) for spec in models()]


def printed(graph: Graph, name: Any, **options: Any) -> Diagram:
    asked: dict[str, Any] = {"details": ("block", "stage"), "directions": ("TB", "LR"), **options}
    return diagram(graph, HEADING, Options(target=TARGETS[name], **asked))


def texts(picture: Picture) -> list[Text]:
    return [shape for shape in flat(picture.shapes) if isinstance(shape, Text)]


def keeps_its_promise(found: Diagram, name: Any) -> None:
    """The page is as large as promised, no type is smaller, and nothing lies on what it does not belong to."""
    picture, target = as_picture(found), TARGETS[name]
    if target.height is None:
        assert picture.width == target.width
    else:
        sizes = [(target.width, target.height), (target.height, target.width)]
        assert (picture.width, picture.height) in sizes[: 2 if target.turned else 1]
    assert min(text.size for text in texts(picture)) >= target.smallest - 1e-9
    assert max(text.size for text in texts(picture)) <= 2.2 * target.largest
    assert problems(picture, past_frames=False) == []


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("reference", SAMPLED)
def test_every_network_keeps_every_promise(reference: str, name: Any) -> None:
    found = printed(network(reference).graph, name)
    keeps_its_promise(found, name)
    assert not [text.text for text in texts(as_picture(found)) if text.text.endswith(CUT)]
    assert found.height <= (TARGETS[name].height or TARGETS[name].tallest) or TARGETS[name].turned


@pytest.mark.parametrize("detail", ["stage", "block", "layer"])
@pytest.mark.parametrize("name", ["column", "figure"])
@pytest.mark.parametrize(
    "reference",
    [
        "lenet5", "vgg16", "googlenet",
        *(pytest.param(each, marks=pytest.mark.exhaustive) for each in ("mobilenet_v3_small", "convnext_tiny")),
    ],
)  # fmt: skip
def test_a_detail_that_is_asked_for_makes_the_figure_taller_not_wider(reference: str, name: Any, detail: Any) -> None:
    found = printed(network(reference).graph, name, detail=detail, details=())
    assert found.detail == detail
    keeps_its_promise(found, name)


@pytest.mark.parametrize("build", [unet, branches])
@pytest.mark.parametrize("name", TARGETS)
def test_graphs_without_scopes(build: Any, name: Any) -> None:
    keeps_its_promise(printed(build(), name), name)


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_columns_and_direction_can_be_asked_for(columns: int, direction: Any) -> None:
    found = printed(network("v1").graph, "figure", columns=columns, directions=(direction,), detail="stage", details=())
    assert (found.sheet.columns, found.direction) == (columns, direction)
    keeps_its_promise(found, "figure")


def test_a_figure_of_b0_is_at_most_three_inches_high() -> None:
    found = printed(network("b0").graph, "figure")
    assert found.height <= 3 * 72
    keeps_its_promise(found, "figure")


def test_the_finest_detail_is_taken_that_is_low_enough() -> None:
    assert [printed(network(each).graph, "figure").detail for each in ("lenet5", "b7")] == ["block", "stage"]


@pytest.mark.parametrize(
    ("reference", "left_out"),
    [
        ("densenet201", ("costs",)),
        pytest.param("resnet152", ("costs", "names"), marks=pytest.mark.exhaustive),
        ("nasnet_large", ("costs", "names", "shapes")),
    ],
)
def test_where_a_page_is_too_small_boxes_say_less(reference: str, left_out: tuple[str, ...]) -> None:
    found = printed(network(reference).graph, "slide", detail="block", details=())
    assert found.left_out == left_out
    keeps_its_promise(found, "slide")
    said = " ".join(run.text for lines in found.lines for line in lines for run in (*line.left, *line.right))
    assert (" params" in said, "stage2." in said, "×1" in said or "→" in said) == tuple(
        each not in left_out for each in ("costs", "names", "shapes")
    )


def test_what_no_page_can_hold_is_refused() -> None:
    with pytest.raises(UsageError, match="efficientnet_b0 by layer is too much .* of 12 points; take a coarser"):
        printed(network("b0").graph, "slide", detail="layer", details=())


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=300), st.sampled_from(sorted(TARGETS)))
def test_names_that_fit_nowhere(name: str, target: Any) -> None:
    graph = Graph("strange")
    x = graph.add(InputLayer((32, 32, 3)), name="image")
    x = graph.add(Conv2D(8, 3), x, name=f"{name}stage1.long" * 4)
    graph.add(Dense(10), graph.add(Flatten(), x, name="flat"), name="</svg>\u202e")
    found = printed(graph, target)
    picture = as_picture(found)
    assert min(text.size for text in texts(picture)) >= TARGETS[target].smallest - 1e-9
    assert not [problem for problem in problems(picture, names=False, past_frames=False) if "frame" not in problem]


# Words.


@given(st.text("abc ._xX9/+", max_size=60), st.text("abc 9", max_size=20), st.floats(8, 200))
def test_no_line_is_wider_than_it_may_be(left: str, right: str, limit: float) -> None:
    line = Line((Run(left, 6, bold=True), Run("SE", 6, chip=True)), (Run(right, 6),) if right else (), between=5)
    found = within([line], limit)
    for part in found:
        assert part.width <= limit or any(run.chip or run.text in (CUT, "+") for run in (*part.left, *part.right))
    if not any(CUT in run.text for part in found for run in (*part.left, *part.right)):
        words = "".join(run.text for part in found for run in (*part.left, *part.right)).replace(" ", "")
        assert words == f"{left}SE{right}".replace(" ", "")


def test_where_lines_are_broken() -> None:
    def broken(text: str, limit: float) -> list[str]:
        return ["".join(run.text for run in line.left) for line in within([Line((Run(text, 6),))], limit)]

    assert broken("+ GlobalAveragePooling2D", 90) == ["+ GlobalAveragePooling2D"]
    assert broken("+ GlobalAveragePooling2D", 60) == ["+ GlobalAverage", "Pooling2D"]
    assert broken("stage2.block1.expand_conv", 60) == ["stage2.block1.", "expand_conv"]
    assert broken("MBConv6 k5x5 s2 x3", 60) == ["MBConv6 k5x5", "s2 x3"]
    assert broken("112x112x32 → 56x56x64", 60) == ["112x112x32 →", "56x56x64"]
    assert broken("m" * 99, 60)[0].endswith(CUT)


@pytest.mark.parametrize(
    ("text", "set_"),
    [
        ("MBConv6 k5x5 s2 x3", "MBConv6 k5×5 s2 ×3"),
        ("112x112x32, ?x?x3 → 56x56x64", "112×112×32, ?×?×3 → 56×56×64"),
        ("k3x3: kernel", "k3×3: kernel"),
        ("conv2x2 Conv3x3 x max_x2 0x1f2x", "conv2x2 Conv3x3 x max_x2 0x1f2x"),
    ],
)
def test_the_sign_of_times(text: str, set_: str) -> None:
    assert typeset(text, "×") == set_
    assert typeset(text, "x") == text


def test_a_screen_is_as_it_was() -> None:
    picture = as_picture(diagram(network("b0").graph, HEADING, Options()))
    assert not [text.text for text in texts(picture) if "×" in text.text]
    assert screen("block").sizes.label == 11


@pytest.mark.parametrize(
    ("text", "points"), [("3.3in", 237.6), ("84mm", 238.11), ("8.4cm", 238.11), ("240pt", 240), ("240 PT", 240)]
)
def test_lengths(text: str, points: float) -> None:
    assert read_length(text) == pytest.approx(points, abs=0.01)


@pytest.mark.parametrize("text", ["", "in", "3.3", "-3in", "3.3 inches", "3,3in", "1e999px", "٣in"])
def test_what_is_no_length(text: str) -> None:
    assert read_length(text) is None


# At the shell.


def test_what_is_left_out_is_left_out(run, tmp_path) -> None:
    path = tmp_path / "x.svg"

    def said(*options: str) -> str:
        assert run("plot", "b0", "-o", path, "--force", *options) == (0, "", "")
        return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text()))

    everything, of_figure = said(), said("--for", "figure")
    assert "5.33 M parameters" in everything
    assert "efficientnet_b0" in everything
    assert "efficientnet_b0" not in said("--no-title")
    assert "residual" in everything
    assert "residual" not in said("--no-legend")
    assert not re.search(r"\d (params|MACs|FLOPs)|parameters|costs", said("--no-costs"))
    assert "240 layers" in said("--no-costs")
    assert "efficientnet_b0" not in of_figure
    assert "k3×3: depthwise kernel" in of_figure
    assert "efficientnet_b0" in said("--for", "figure", "--title")
    assert "efficientnet_b0" in said("--for", "slide")
    assert said("--for", "screen") == everything
    assert 'width="238pt"' in (said("--width", "84mm"), path.read_text())[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--for", "figure", "--width", "3in"], "--width 3in and --for figure both say how wide"),
        (["--width", "3"], "--width 3: expected a length such as 3.3in, 84mm, 8.4cm or 240pt"),
        (["--width", "1in"], "a figure is between 1.5 and 200 in wide, not 1 in"),
        (["--width", "201in"], "a figure is between 1.5 and 200 in wide, not 201 in"),
        (["--for", "figure", "--anatomy"], "not for --anatomy"),
        (["--for", "slide", "--detail", "layer"], "is too much for this page with type of 12 points"),
    ],
)
def test_what_does_not_go_together(run, tmp_path, options: list[str], message: str) -> None:
    refused(run("plot", "b0", "-o", tmp_path / "x.svg", *options), 2, message)
    assert not list(tmp_path.iterdir())


def test_what_was_chosen_and_left_out_is_told_to_a_person_only(run, tmp_path, monkeypatch) -> None:
    path = tmp_path / "x.svg"
    assert run("plot", "densenet201", "--for", "slide", "--detail", "block", "-o", path) == (0, "", "")
    monkeypatch.setattr("cnncli.render.progress._on_terminal", lambda: True)
    told = run("plot", "densenet201", "--for", "slide", "--detail", "block", "-o", path, "--force").err
    assert told.endswith("x.svg: 34 x 19 cm, 3 columns, by block, without costs, for want of room\n")


def test_branches_stand_side_by_side_where_there_is_room(run, tmp_path) -> None:
    asked = ("plot", "inception_v3", "--scope", "stage1.block1", "--fuse", "-o")
    for name in ("figure", "column"):
        assert run(*asked, tmp_path / f"{name}.svg", "--for", name) == (0, "", "")
    tall = [float(re.findall(r'height="([\d.]+)pt"', path.read_text())[0]) for path in sorted(tmp_path.iterdir())]
    assert tall[0] > 1.3 * tall[1]


def test_a_picture_of_pixels_has_as_many_as_print_takes(run, tmp_path) -> None:
    path = tmp_path / "x.png"
    assert run("plot", "lenet5", "--for", "column", "-o", path) == (0, "", "")
    with Image.open(path) as image:
        assert image.info["dpi"][0] == pytest.approx(300, abs=1)
        assert image.width == pytest.approx(237 / 72 * 300, abs=2)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs pdftotext")
@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("reference", ["b0", "densenet121"])
def test_the_file_says_so_too(run, tmp_path, reference: str, name: Any) -> None:
    path, target = tmp_path / "x.pdf", TARGETS[name]
    assert run("plot", reference, "--for", name, "-o", path) == (0, "", "")
    info = _told("pdfinfo", path)
    size = [float(each) for each in re.findall(r"[\d.]+", re.findall(r"Page size: +(.*) pts", info)[0])]
    expected = sorted(filter(None, (target.width, target.height))) if target.height else [target.width]
    assert sorted(size)[-len(expected) :] == expected if target.height else size[0] == target.width
    fonts = _told("pdffonts", path).splitlines()[2:]
    assert fonts
    assert all(re.search(r"\byes +(yes|no) +(yes|no) ", line) for line in fonts), "each is embedded"
    heights = [
        float(bottom) - float(top)
        for top, bottom in re.findall(
            r'<word xMin="[\d.]+" yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)"', _boxes(path)
        )
    ]
    # A word's box is as high as DejaVu's ascent and descent, 1.164 of its size.
    assert min(heights) / 1.164 >= target.smallest - 0.02


def _told(program: str, path: Path) -> str:
    return subprocess.run([program, path], capture_output=True, text=True, check=True).stdout


def _boxes(path: Path) -> str:
    return subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, text=True, check=True).stdout


def test_dot_is_as_large() -> None:
    found = printed(network("v1").graph, "figure")
    assert f'size="{496 / 72:.5f}'.rstrip("0") in as_dot(found)


def test_widths_are_those_of_the_words() -> None:
    """What a text takes is what its box was made for, at any scale."""
    for name in TARGETS:
        found = printed(network("resnet50").graph, name)
        for item, rect, lines in zip(found.chain.items, found.sheet.layout.items, found.lines, strict=True):
            if item.part:
                room = rect.width - 2 * found.padding
                assert all(sum(width(run.text, run.size, run.bold) for run in line.left) <= room for line in lines)


@pytest.mark.parametrize("name", TARGETS)
def test_a_box_that_says_nothing_at_the_left_is_printed(name: Any) -> None:
    """A layer that is applied again has no parameters of its own, but MACs, which stand at the right."""
    sample = Path(__file__).parent / "files" / "nested.keras"
    keeps_its_promise(printed(network(str(sample)).graph, name), name)
