"""Graphviz as a pen for any picture: what it is told, and that what it draws looks like the SVG."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path as File
from typing import Any

import matplotlib
import pytest
from conftest import Result, graph_of, refused
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat
from test_diagram import branches, small, unet

from cnncli.analysis.timeline import timeline
from cnncli.diagram import Heading, Options, as_dot, as_picture, diagram
from cnncli.diagram.memory import memory_picture
from cnncli.draw.canvas import write_picture
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.graphviz import OLD_LIFT, rendered
from cnncli.draw.pen import begun
from cnncli.draw.shapes import Area, Box, Circle, Group, Path, Picture, Shape, Text
from cnncli.draw.stamps import stamped_eps
from cnncli.draw.svg import element
from cnncli.draw.xdot import LIFT, SHADES, as_xdot
from cnncli.errors import UsageError
from cnncli.words import visible

INK, PAPER = "#123456", "#FEDCBA"


def page(*shapes: Shape, width: float = 100, height: float = 50) -> Picture:
    return Picture(width, height, "a page", "for a test", "#FFFFFF", shapes)


# What it is told.


def told(*shapes: Shape) -> list[str]:
    """The operations on a white page, without those that every page begins with."""
    text = as_xdot(page(*shapes)).partition('_background="')[2].removesuffix('"\n}\n')
    every = text.replace('\\"', '"').split(" \\\n")
    assert every[:3] == ["C 7 -#FFFFFF", "c 11 -transparent", "P 4 0 200 0 0 400 0 400 200"]
    return every[3:]


def test_the_page_is_as_large_as_the_picture() -> None:
    first, second, third, *_ = as_xdot(page()).split("\n")
    assert first == "digraph {"
    assert second == 'layout=nop2 pad=0 margin=0 bb="0,0,400,200" size="1.38889,0.69444" bgcolor="#FFFFFF"'
    assert third.startswith('_background="')


def test_a_box_and_a_dashed_one() -> None:
    rect = Rect(10, 10, 30, 20)
    assert told(Box(rect, PAPER, INK), Box(rect, PAPER, INK, dashed=True), Box(rect, INK)) == [
        "C 7 -#FEDCBA", "c 7 -#123456", "S 17 -setlinewidth(3.2)", "S 5 -solid",
        "P 4 40 160 40 120 120 120 120 160",
        "S 6 -dashed", "P 4 40 160 40 120 120 120 120 160",
        "C 7 -#123456", "c 11 -transparent", "P 4 40 160 40 120 120 120 120 160",
    ]  # fmt: skip


def test_a_rounded_box_is_closed_and_stays_within_its_place() -> None:
    *_, curve = told(Box(Rect(10, 10, 30, 20), PAPER, radius=3))
    kind, count, *numbers = curve.split()
    points = list(zip(map(float, numbers[::2]), map(float, numbers[1::2]), strict=True))
    assert (kind, int(count)) == ("b", len(points))
    assert len(points) % 3 == 1
    assert points[0] == points[-1]
    assert {(x, y) for x, y in points if not 40 <= x <= 120 or not 120 <= y <= 160} == set()
    assert {(52, 120), (108, 160), (40, 132), (120, 148)} <= set(points)


def test_a_scale_passes_from_the_first_colour_to_the_last_without_seams() -> None:
    found = told(Box(Rect(10, 10, 74, 20), ("#000000", "#FFFFFF", "#FF0000"), INK))
    shades = [line.removeprefix("C 7 -") for line in found if line.startswith("C 7")]
    assert len(shades) == SHADES
    assert shades[0][1:3] == shades[0][3:5] < "10"
    assert re.fullmatch("#FF0[0-9A-F]0[0-9A-F]", shades[-1])
    boxes = [line.split()[2:] for line in found if line.startswith("P")]
    assert len(boxes) == SHADES + 1
    assert {box[4] for box in boxes} == {"296"}  # to the right end, each
    assert [float(box[0]) for box in boxes[:SHADES]] == [40 + 4 * step for step in range(SHADES)]


def test_a_line_ends_where_its_head_begins() -> None:
    corners = (Point(10, 10), Point(10, 30), Point(40, 30))
    line, *_, head = told(Path(corners, INK, 1, 4, 5))[4:]
    assert line.split()[:4] == ["B", "10", "40", "160"]
    assert line.split()[-2:] == ["140", "80"]
    assert head == "P 3 160 80 140 71 140 89"
    assert told(Path(corners, INK, 2))[-1] == "L 3 40 160 40 80 160 80"
    assert told(Path((Point(5, 5), Point(5, 5)), INK, 1, 0, 3))[-1] == "L 2 20 180 20 180"


def test_circles_areas_and_what_stands_in_groups() -> None:
    found = told(
        Group("a", "b", [Circle(Point(10, 10), 4, PAPER, "")]),
        Area((Point(0, 0), Point(5, 0), Point(5, 5)), INK, PAPER, 2),
    )
    assert "E 40 160 16 16" in found
    assert found[-1] == "P 3 0 200 20 200 20 180"
    assert "S 15 -setlinewidth(8)" in found


def test_text_stands_on_its_baseline_whichever_graphviz_draws_it() -> None:
    shapes = [Text(Point(10, 20), "x", 10, INK), Text(Point(10, 20), "x", 10, INK, True, "end")]
    regular = "F 40 30 -DejaVu Sans,Verdana,sans-serif"
    assert told(*shapes) == [
        regular,
        "c 7 -#123456",
        "T 40 118 -1 0 1 -x",
        f"{regular.replace('30', '35')} Bold",
        "T 40 118 1 0 1 -x",
    ]
    assert "T 40 112 -1" in as_xdot(page(*shapes), OLD_LIFT)
    assert told(Text(Point(1, 1), "  ", 10, INK)) == []


# Names from outside.

HOSTILE = st.text(
    st.one_of(st.sampled_from('\\"\\"\'<>&; -\n\r\t{}[]#%$/*0'), st.characters(exclude_categories=("Cs",))), max_size=40
)


def backgrounds(dot: str) -> str:
    """The attribute, as the lexer of Graphviz understands a quoted string: no two rules meet, and it ends the file."""
    _, _, rest = dot.partition('_background="')
    found, place = [], 0
    runs = 0
    while rest[place] != '"':
        pair = rest[place : place + 2]
        if pair == "\\\n":
            place, runs = place + 2, 0
        elif pair in ('\\"', "\\\\"):
            found.append('"' if pair == '\\"' else pair)
            place, runs = place + 2, 0
        else:
            found.append(rest[place])
            place, runs = place + 1, runs + len(rest[place].encode())
        assert runs < 16_000
    assert rest[place:] == '"\n}\n'
    return "".join(found)


def texts(background: str, *, newer: bool) -> Iterator[str]:
    """The texts that a Graphviz draws, which counts bytes; the newer one those that are no escaping backslash."""
    data, place = background.encode(), 0
    while place < len(data):
        letter, rest = data[place : place + 1], data[place + 1 :]
        assert letter in b"cCFSTPbBLE", data[place - 40 : place + 40]
        if letter in b"cCFST":
            head, _, rest = (
                rest.partition(b"-") if letter != b"T" else re.split(rb"(?<=\d )(-)(?!\d+ 0 )", rest, maxsplit=1)
            )
            count, end = int(head.split()[-1]), 0
            while count:
                escaping = newer and rest[end : end + 1] == b"\\" and (end == 0 or rest[end - 1 : end] != b"\\")
                count, end = count - (not escaping), end + 1
            if letter == b"T":
                yield rest[:end].decode()
            place = len(data) - len(rest) + end
        else:
            place = len(data) - len(rest) + re.match(rb"[-\d. ]*", rest).end()  # type: ignore[union-attr]
        while data[place : place + 1] == b" ":
            place += 1


@pytest.mark.parametrize("newer", [True, False])
@given(names=st.lists(HOSTILE, min_size=1, max_size=4))
def test_no_name_breaks_out(newer: bool, names: list[str]) -> None:
    shapes = [Text(Point(10, 10 + at), name, 8, INK) for at, name in enumerate(names)]
    found = [text.rstrip(" ") for text in texts(backgrounds(as_xdot(page(*shapes))), newer=newer)]
    assert found == [drawn_as(name) for name in names if visible(name).strip()]


def drawn_as(name: str) -> str:
    written = "".join("\ufffd" if is_no_character(letter) else letter for letter in visible(name))
    return written.replace('\\"', '\\\u200b"').rstrip(" ")


def is_no_character(letter: str) -> bool:
    """As Unicode says, 23.7."""
    return 0xFDD0 <= ord(letter) <= 0xFDEF or ord(letter) & 0xFFFE == 0xFFFE


def test_graphviz_draws_hostile_names_as_they_are() -> None:
    names = [
        "\\", "\\\\", '\\"', '"', '"; a -> b; "', "\\N \\G \\l \\n", "<b>&amp;</b>", "8 -xyz", "a\\", "\\a\\\\b\\\\\\c",
        "é × →", "x" * 30_000, "層" * 12_000, '\\"' * 3000, "]]> --> */ //", "\\u202e \u202e", "tail",
    ]  # fmt: skip
    shapes = [Text(Point(10, 10 + at), name, 8, INK) for at, name in enumerate(names)]
    import pygraphviz

    drawn = pygraphviz.AGraph(string=as_xdot(page(*shapes, width=400_000))).draw(format="svg", prog="nop2").decode()
    found = [html.unescape(text).rstrip(" \xa0") for text in re.findall(r"<text [^>]*>([^<]*)</text>", drawn)]
    assert found == [drawn_as(name) for name in names]


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs pdftotext")
def test_nothing_is_missing_behind_what_is_no_character(tmp_path: File) -> None:
    shapes = [
        Text(Point(10, 20), "before \ufffe \ufdd0 \U0001ffff \ud800 \x00", 8, INK),
        Text(Point(10, 40), "behind", 8, INK),
    ]
    write_picture(page(*shapes), tmp_path / "x.pdf", force=False)
    said = subprocess.run(
        ["pdftotext", tmp_path / "x.pdf", "-"], capture_output=True, check=True, encoding="utf-8"
    ).stdout
    assert said.split() == ["before", "\ufffd", "\ufffd", "\ufffd", "\\ud800", "\\x00", "behind"]


# What it looks like.


def heading(graph: Any) -> Heading:
    return Heading(graph.name, ("whose it is", "what it has   in all"))


def pictures() -> dict[str, Picture]:
    drawn = {
        "blocks": (graph_of("efficientnet_b0"), Options(heat="macs")),
        "dark": (small(), Options("layer", theme="dark")),
        "mono": (unet(), Options("layer", theme="mono", direction="LR")),
        "branches": (branches(), Options("stage")),
    }
    found = {name: as_picture(diagram(graph, heading(graph), options)) for name, (graph, options) in drawn.items()}
    return {**found, "memory": memory_picture(timeline(graph_of("lenet5"), "float32"), heading(graph_of("lenet5")))}


PICTURES = ("blocks", "dark", "mono", "branches", "memory")
drawn = cache(pictures)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium")
    with sync_playwright() as played:
        started = played.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


SHARPNESS = 1.5
"""Pixels a point of what is compared."""
MOST = 60
"""How far a square of 8 points may be from the SVG's: outlines are not laid on the same pixels by all."""


def as_browsers_show_it(browser: Any, picture: Picture, path: File) -> Image.Image:
    """In the font that Graphviz is shown, whichever fonts the machine has."""
    fonts = File(matplotlib.get_data_path()) / "fonts" / "ttf"
    faces = [
        f"@font-face {{font-family: 'DejaVu Sans'; font-weight: {weight}; src: url({(fonts / name).as_uri()})}}"
        for weight, name in (("normal", "DejaVuSans.ttf"), ("bold", "DejaVuSans-Bold.ttf"))
    ]
    style = f"<style>{' '.join(faces)} body {{margin: 0}} svg {{display: block}}</style>"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8>{style}{element(picture)}", encoding="utf-8")
    size = {"width": int(picture.width * 4 / 3) + 1, "height": int(picture.height * 4 / 3) + 1}
    shown = browser.new_page(viewport=size, device_scale_factor=SHARPNESS * 3 / 4)
    shown.goto(path.as_uri())
    shown.evaluate("document.fonts.ready")
    shown.screenshot(path=path.with_suffix(".shot.png"))
    shown.close()
    return Image.open(path.with_suffix(".shot.png")).convert("RGB")


def as_readers_show_it(path: File) -> Image.Image:
    command = ["pdftoppm", "-r", str(72 * SHARPNESS), "-png", "-singlefile", path, path.with_suffix("")]
    subprocess.run(command, check=True, capture_output=True)
    return Image.open(path.with_suffix(".png")).convert("RGB")


def apart(one: Image.Image, other: Image.Image) -> tuple[float, int]:
    """How much two pictures differ on the whole, and at most: of 255, on squares of 8 points."""
    size = min(one.width, other.width), min(one.height, other.height)
    shrunk = [image.crop((0, 0, *size)).reduce(round(8 * SHARPNESS)) for image in (one, other)]
    differences = ImageChops.difference(*shrunk)
    return max(ImageStat.Stat(differences).mean), max(most for _, most in differences.getextrema())


@pytest.mark.skipif(not shutil.which("pdftoppm"), reason="needs pdftoppm")
@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_it_looks_like_the_svg(browser: Any, tmp_path: File, name: str, kind: str) -> None:
    picture = drawn()[name]
    shown = as_browsers_show_it(browser, picture, tmp_path / "x.html")
    path = tmp_path / f"x.{kind}"
    write_picture(picture, path, int(72 * SHARPNESS), force=False)
    painted = as_readers_show_it(path) if kind == "pdf" else Image.open(path).convert("RGB")
    assert painted.size == pytest.approx(shown.size, abs=2)
    mean, most = apart(shown, painted)
    assert mean < 2
    assert most < MOST


def test_a_box_that_is_missing_would_be_seen(browser: Any, tmp_path: File) -> None:
    picture = drawn()["dark"]
    boxes = [shape for shape in picture.shapes if isinstance(shape, Group) and shape.kind == "box"]
    without = picture._replace(shapes=[shape for shape in picture.shapes if shape is not boxes[3]])
    shown = [as_browsers_show_it(browser, each, tmp_path / "x.html") for each in (picture, without)]
    assert apart(*shown)[1] > MOST


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("kind", ["pdf", "png", "eps"])
def test_nothing_is_complained_of(name: str, kind: Any) -> None:
    with begun() as pen:
        found = rendered(partial(as_xdot, drawn()[name]), kind, 40, pen)
    assert found.data
    assert "Warning: " not in found.complaints
    assert "Error: " not in found.complaints


@pytest.mark.parametrize("reference", ["efficientnet_b0", "inception_v3", "mobilenet_v3_small"])
@pytest.mark.parametrize("detail", ["stage", "block", "layer"])
def test_graphviz_draws_the_dot_too(reference: str, detail: Any) -> None:
    """The file that people give to a Graphviz of their own."""
    graph = graph_of(reference)
    found = diagram(graph, heading(graph), Options(detail))
    with begun() as pen:
        done = rendered(lambda _: as_dot(found), "png", 40, pen)
    assert "Warning: " not in done.complaints
    size = [int.from_bytes(done.data[at : at + 4], "big") for at in (16, 20)]
    assert size == pytest.approx([found.width * 40 / 72, found.height * 40 / 72], abs=2)


# EPS.


def test_an_eps_is_one_page_of_the_pictures_size_with_its_fonts(run: Any, tmp_path: File) -> None:
    path = tmp_path / "x.eps"
    assert run("plot", "v1", "-o", path) == (0, "", "")
    text = path.read_bytes().decode("latin-1")
    assert text.startswith("%!PS-Adobe-3.0 EPSF-3.0\n")
    width, height = (number for number in re.findall(r"%%BoundingBox: 0 0 (\d+) (\d+)\n", text)[0])
    assert f"%%PageBoundingBox: 0 0 {width} {height}\n" in text
    run("plot", "v1", "-o", tmp_path / "x.svg")
    said = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', (tmp_path / "x.svg").read_text())
    assert said
    assert [int(width), int(height)] == pytest.approx([float(length) for length in said.groups()], abs=1)
    assert text.count("%%Page: ") == 1
    assert "%%Title: mobilenet_v1\n%%CreationDate: 2020-01-01T00:00:00Z\n" in text
    assert {"/FontName /DejaVuSans def", "/FontName /DejaVuSans-Bold def"} <= set(text.split("\n"))
    assert "/FontType 42 def" in text


def test_the_date_of_an_eps(run: Any, tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert run("plot", "v1", "-o", tmp_path / "x.eps") == (0, "", "")
    assert b"%%CreationDate: 1970-01-02T00:00:00Z\n" in (tmp_path / "x.eps").read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    refused(run("plot", "v1", "-o", tmp_path / "y.eps"), 2, "expected seconds since 1970")


def test_the_title_of_an_eps_is_one_line_of_ascii() -> None:
    plain = b"%!PS\n%%CreationDate: Sun Nov 29 09:31:12 2026\n%%Pages: 1\n"
    stamped = stamped_eps(plain, "層\n%%EOF\\1" + "x" * 500, 0)
    head, title, date, *rest = stamped.split(b"\n")
    assert title == b"%%Title: ?\\x0a%%EOF\\1" + b"x" * (200 - len("?\\x0a%%EOF\\1"))
    assert (head, date, rest) == (b"%!PS", b"%%CreationDate: 1970-01-01T00:00:00Z", [b"%%Pages: 1", b""])
    assert stamped_eps(b"%!PS\n", "x", 0) == b"%!PS\n"


@pytest.mark.skipif(not shutil.which("gs"), reason="needs Ghostscript")
def test_ghostscript_draws_an_eps(tmp_path: File) -> None:
    write_picture(drawn()["dark"], tmp_path / "x.eps", force=False)
    command = ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-dEPSCrop", "-sDEVICE=png16m", "-r72"]
    subprocess.run([*command, f"-sOutputFile={tmp_path / 'x.png'}", tmp_path / "x.eps"], check=True, timeout=60)
    with Image.open(tmp_path / "x.png") as image:
        assert image.size == pytest.approx((drawn()["dark"].width, drawn()["dark"].height), abs=1)


# The machine's own Graphviz.


@pytest.mark.parametrize(
    ("version", "lift"),
    [
        ("2.43.0 (0)", OLD_LIFT),
        ("8.0.5 (20230430.1635)", OLD_LIFT),
        ("8.1.0", LIFT),
        ("14.1.5 (2026)", LIFT),
        ("?", LIFT),
    ],
)
def test_letters_stand_where_an_old_graphviz_is_to_draw_them(
    run: Any, tmp_path: File, monkeypatch: pytest.MonkeyPatch, version: str, lift: float
) -> None:
    program = tmp_path / "dot"
    program.write_text(f'#!/bin/sh\nif [ "$1" = -V ]; then echo "dot - graphviz version {version}" >&2; else cat; fi\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setitem(__import__("sys").modules, "pygraphviz", None)
    assert run("plot", "lenet5", "-o", tmp_path / "x.png") == (0, "", "")
    picture = as_picture(diagram(graph_of("lenet5"), _headed("lenet5"), Options()))
    assert as_xdot(picture, lift) in (tmp_path / "x.png").read_text()


def _headed(reference: str) -> Heading:
    from cnncli.network import network
    from cnncli.views.plot import heading as headed

    return headed(network(reference))


# Sizes.


@pytest.mark.parametrize(
    ("suffix", "side", "says"),
    [
        (".pdf", 14_401, "a PDF's may have 14,400"),
        (".eps", 14_401, "an EPS's may have 14,400"),
        (".tex", 16_301, "TeX's may have 16,300"),
    ],
)
def test_a_page_that_is_too_large(tmp_path: File, suffix: str, side: float, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        write_picture(page(height=side), tmp_path / f"x{suffix}", force=False)
    assert not list(tmp_path.iterdir())


def test_memory_as_eps(run: Any, tmp_path: File) -> None:
    done: Result = run("memory", "lenet5", "-o", tmp_path / "m.eps")
    assert (done.code, done.err) == (0, "")
    assert b"%%BoundingBox: 0 0 842 595\n" in (tmp_path / "m.eps").read_bytes()
    assert run("memory", "lenet5", "-o", tmp_path / "m.gif").err.endswith("use .pdf, .png, .svg or .eps\n")
