"""TikZ: whatever a layer is called, TeX sets it; a page of its own or a picture in a paper that looks like the SVG."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path as File
from typing import Any

import pytest
from conftest import Result, golden, graph_of, networks
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from test_diagram import small, unet

from cnncli.diagram import Heading, Options, as_picture, diagram
from cnncli.draw.geometry import Point, Rect
from cnncli.draw.shapes import Area, Box, Circle, Group, Path, Picture, Shape, Text
from cnncli.draw.tex import written
from cnncli.draw.text import width
from cnncli.draw.tikz import LONGEST, document
from cnncli.graph import Graph
from cnncli.graph.layers import Conv2D, InputLayer
from cnncli.words import visible

INK, PAPER = "#123456", "#FEDCBA"


def drawn(graph: Graph, **options: Any) -> Picture:
    return as_picture(diagram(graph, Heading(graph.name, ("whose it is", "what it has   in all")), Options(**options)))


def page(*shapes: Shape) -> Picture:
    return Picture(100, 50, "a page", "for a test", "#FFFFFF", shapes)


def told(*shapes: Shape) -> list[str]:
    """The lines of a picture, without those that every one begins and ends with."""
    text = document(page(*shapes))
    lines = text.partition("\\path[use as bounding box] (0,0) rectangle (100,50);\n")[2].split("\n")
    assert lines[0] == r"\fill[cFFFFFF] (0,0) rectangle (100,50);"
    assert lines[-3:] == [r"\end{tikzpicture}%", r"\endofpicture", ""]
    return lines[1:-3]


# Shapes.


def test_boxes() -> None:
    rect = Rect(10, 10, 30, 20)
    assert told(Box(rect, PAPER, INK), Box(rect, PAPER), Box(rect, PAPER, INK, 3, dashed=True)) == [
        r"\filldraw[fill=cFEDCBA, draw=c123456] (10,30) rectangle (30,40);",
        r"\fill[cFEDCBA] (10,30) rectangle (30,40);",
        r"\filldraw[fill=cFEDCBA, draw=c123456, rounded corners=3bp, dashed] (10,30) rectangle (30,40);",
    ]


def test_a_scale_of_colours() -> None:
    assert told(Box(Rect(10, 10, 30, 20), ("#000000", "#FF0000", "#FFFFFF"), INK)) == [
        r"\foreach \s in {0,...,9} \fill[cFF0000!\s0!c000000] (10+1*\s,30) rectangle (30,40);",
        r"\foreach \s in {0,...,9} \fill[cFFFFFF!\s0!cFF0000] (20+1*\s,30) rectangle (30,40);",
        r"\draw[c123456] (10,30) rectangle (30,40);",
    ]


def test_lines_with_their_heads() -> None:
    corners = (Point(10, 10), Point(10, 30), Point(40, 30))
    assert told(Path(corners, INK, 1, 4, 5), Path(corners, INK, 2), Path(corners, INK, 1, 400)) == [
        r"\draw[c123456, line width=1bp, rounded corners=4bp] (10,40) -- (10,20) -- (35,20);",
        r"\fill[c123456] (40,20) -- (35,17.75) -- (35,22.25) -- cycle;",
        r"\draw[c123456, line width=2bp] (10,40) -- (10,20) -- (40,20);",
        r"\draw[c123456, line width=1bp, rounded corners=10bp] (10,40) -- (10,20) -- (40,20);",
    ]


def test_circles_areas_and_groups() -> None:
    corners = (Point(0, 0), Point(5, 0), Point(5, 5))
    assert told(
        Group("box", "stage1\n層" + "x" * 300, [Circle(Point(10, 10), 4, PAPER, INK)]),
        Area(corners, INK, PAPER), Area(corners, INK, PAPER, 2), Area(corners, INK, PAPER, 0),
    ) == [
        "% stage1\\x0a\\u5c64" + "x" * (LONGEST - 11),
        r"\filldraw[fill=cFEDCBA, draw=c123456] (10,40) circle[radius=4bp];",
        r"\filldraw[fill=c123456, draw=cFEDCBA] (0,50) -- (5,50) -- (5,45) -- cycle;",
        r"\filldraw[fill=c123456, draw=cFEDCBA, line width=2bp] (0,50) -- (5,50) -- (5,45) -- cycle;",
        r"\fill[c123456] (0,50) -- (5,50) -- (5,45) -- cycle;",
    ]  # fmt: skip


def test_texts() -> None:
    at = Point(10, 10)
    texts = [Text(at, "a_b", 9.5, INK), Text(at, "a", 8, INK, True, "middle"), Text(at, "a", 8, INK, anchor="end")]
    assert told(*texts, Text(at, " ", 8, INK)) == [
        rf"\words left(10,40){{c123456}}{{9.5}}{{{round(width('a_b', 9.5), 2)}}}{{a\_b}}",
        rf"\words center(10,40){{c123456}}{{8}}{{{round(width('a', 8, True), 2)}}}{{\bfseries a}}",
        rf"\words right(10,40){{c123456}}{{8}}{{{round(width('a', 8), 2)}}}{{a}}",
    ]  # fmt: skip


def test_each_colour_is_defined_once_and_before_it_is_used() -> None:
    text = document(drawn(small(), detail="layer", theme="dark"))
    defined = re.findall(r"\\definecolor\{(c\w{6})\}\{HTML\}\{(\w{6})\}", text)
    assert all(name == f"c{colour}" for name, colour in defined)
    names = [name for name, _ in defined]
    assert len(names) == len(set(names))
    body = text.partition("use as bounding box")[2]
    assert set(re.findall(r"\bc[0-9A-F]{6}\b", body)) == set(names)


@pytest.mark.parametrize("look", ["block", "layer"])
def test_goldens(look: Any) -> None:
    golden(f"plot-{look}.tex", document(drawn(small(), detail=look, heat="macs" if look == "block" else None)))


# Text.


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("112x112x3 → 5.33 M", r"112x112x3 $\rightarrow$ 5.33 M"),
        ("a_b & 50% #1 $x$ {y}", r"a\_b \& 50\% \#1 \$x\$ \{y\}"),
        ("\\input{x}", r"\textbackslash{}input\{x\}"),
        ("^^M~", r"\textasciicircum{}\textasciicircum{}M\textasciitilde{}"),
        ("<a|b>", r"\textless{}a\textbar{}b\textgreater{}"),
        ('"x"', r"\symbol{34}x\symbol{34}"),
        ("a--b ''c?`!`,,", "a-{}-b '{}'c?{}`!{}`{},{},"),
        ("×·…–", r"$\times$$\cdot$\dots{}\textendash{}"),
        ("éÉñüçåŁß", r"\'{e}\'{E}\~{n}\"{u}\c{c}\r{a}\L{}\ss{}"),
        ("αΩ層😀", r"$\alpha$$\Omega$U+5C64U+1F600"),
        ("ǖ\u0301", "U+01D6U+0301"),
        (" a   b ", r"\ a\ \ \ b\ "),
        ("a b", "a b"),
        ("\x1b\n\u202e", r"\textbackslash{}x1b\textbackslash{}x0a\textbackslash{}u202e"),
    ],
)
def test_what_tex_is_told(text: str, wanted: str) -> None:
    assert written(text) == wanted


@given(st.text(st.characters(), max_size=60))
def test_no_text_is_a_command(text: str) -> None:
    found = written(text)
    assert found.isascii()
    assert found.isprintable()
    known = r"\\(text[a-z]+|symbol|dots|[A-Za-z]+|[{}$&#%_ '`^~\"=.])"
    bare = re.sub(known, "", re.sub(r"\$[^$]+\$", "", re.sub(r"\\\$", "", found)))
    assert not set(bare) & set('\\$&#%_^~<>|"')
    assert re.sub(r"\\[{}]", "", found).count("{") == re.sub(r"\\[{}]", "", found).count("}")


# TeX.

needs_tex = pytest.mark.skipif(
    not shutil.which("pdflatex")
    or subprocess.run(["kpsewhich", "tikz.sty"], capture_output=True, check=False).returncode != 0,
    reason="needs pdflatex and TikZ",
)
needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler's tools")


def compiled(text: str, folder: File, name: str = "x") -> str:
    """The log, of a run that ended well."""
    (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    log = (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-2000:]
    return log


def hostile() -> Graph:
    graph = Graph("a \\b{c} $x$ & % # _ ^ ~ <d> \"e\" |f| \x1b[31m 層 é × → ?` !` -- ''")
    x = graph.add(InputLayer((8, 8, 3)), name='in "quotes" \'x\' <&>]]> \x00 \ufffe \ud800 \u202e \\"\\\\"\\')
    for name in (
        "</text><script>alert(1)</script>", "\\end{document}\\input{/etc/passwd} %^^M^^5c \\par\n\n #1 ~~ ``--''",
        "".join(map(chr, range(32, 127))), "".join(map(chr, range(160, 600))), "αβγ Ω→∞ ±² 😀 \u0301 " + "層" * 30,
        "x" * 2000, "\\fi\\fi }}}} {{{{", "] (1,2) -- cycle;",
    ):  # fmt: skip
        x = graph.add(Conv2D(4, 1), x, name=name)
    return graph


PICTURES = {
    "b0": lambda: drawn(graph_of("efficientnet_b0"), heat="macs"),
    "inception": lambda: drawn(graph_of("inception_v3"), detail="layer"),
    "small": lambda: drawn(small(), detail="layer", theme="dark"),
    "unet": lambda: drawn(unet(), theme="mono", direction="LR"),
    "hostile": lambda: drawn(hostile(), detail="layer"),
}
found = cache(lambda name: PICTURES[name]())


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Where a picture was compiled, and what TeX said."""

    @cache
    def made(name: str) -> tuple[File, str]:
        folder = tmp_path_factory.mktemp(name)
        return folder / "x.pdf", compiled(document(found(name)), folder)

    return made


@needs_tex
@needs_poppler
@pytest.mark.parametrize("name", PICTURES)
def test_tex_sets_one_page_as_large_as_the_picture(paper: Any, name: str) -> None:
    path, log = paper(name)
    assert not re.search(r"^!|Overfull|Missing character", log, re.M)
    told = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    size = re.search(r"Page size: +([\d.]+) x ([\d.]+) pts", told)
    assert size
    assert "Pages:           1\n" in told
    assert [float(side) for side in size.groups()] == pytest.approx([found(name).width, found(name).height], rel=1e-4)


@needs_tex
@pytest.mark.exhaustive
@pytest.mark.parametrize("reference", networks())
def test_tex_sets_every_network(tmp_path: File, reference: str) -> None:
    for detail in ("stage", "block", "layer"):
        log = compiled(document(drawn(graph_of(reference), detail=detail)), tmp_path, detail)
        assert not re.search(r"^!|Overfull|Missing character", log, re.M)


def boxes(picture: Picture) -> Iterator[Box]:
    for group in picture.shapes:
        if isinstance(group, Group) and group.kind == "box":
            yield next(shape for shape in group.shapes if isinstance(shape, Box))


@needs_tex
@needs_poppler
@pytest.mark.parametrize("name", ["b0", "inception", "small", "unet"])
def test_boxes_have_their_colours_where_they_stand(paper: Any, name: str) -> None:
    path, _ = paper(name)
    subprocess.run(["pdftoppm", "-r", "72", "-png", "-singlefile", path, path.with_suffix("")], check=True)
    image = Image.open(path.with_suffix(".png")).convert("RGB")
    seen = 0
    for box in boxes(found(name)):
        seen += 1
        wanted = tuple(int(str(box.fill)[at : at + 2], 16) for at in (1, 3, 5))
        for x in (box.rect.left + 3, box.rect.left + box.rect.width / 4):
            assert image.getpixel((round(x), round(box.rect.top + 2.5))) == pytest.approx(wanted, abs=3), box
    assert seen > 5


@needs_tex
@needs_poppler
def test_a_scale_passes_from_its_first_colour_to_its_last(paper: Any) -> None:
    path, _ = paper("b0")
    subprocess.run(["pdftoppm", "-r", "144", "-png", "-singlefile", path, path.with_suffix("")], check=True)
    image = Image.open(path.with_suffix(".png")).convert("RGB")
    (box,) = (shape for shape in found("b0").shapes if isinstance(shape, Box) and not isinstance(shape.fill, str))
    for place, colour in enumerate(box.fill):
        x = box.rect.left + 2 + (box.rect.width - 4) * place / (len(box.fill) - 1)
        wanted = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
        assert image.getpixel((round(2 * x), round(2 * box.rect.center.y))) == pytest.approx(wanted, abs=12), colour


@needs_tex
@needs_poppler
@pytest.mark.parametrize("name", ["b0", "small", "hostile"])
def test_no_text_is_wider_than_its_room(paper: Any, name: str) -> None:
    """By what was measured for the SVG: no word lies outside of all the texts' places."""
    path, _ = paper(name)
    told = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, check=True, encoding="utf-8").stdout
    words = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)"', told)
    assert len(words) > 20
    places = list(rooms(found(name).shapes))
    for left, top, right, bottom in (map(float, word) for word in words):
        middle = (top + bottom) / 2
        assert any(
            place.left - 0.6 <= left and right <= place.right + 0.6 and place.top <= middle <= place.bottom
            for place in places
        ), (left, top, right, bottom)


def rooms(shapes: Any) -> Iterator[Rect]:
    for shape in shapes:
        if isinstance(shape, Group):
            yield from rooms(shape.shapes)
        elif isinstance(shape, Text):
            wide = width(visible(shape.text), shape.size, shape.bold)
            left = shape.place.x - {"start": 0, "middle": wide / 2, "end": wide}[shape.anchor]
            yield Rect(left, shape.place.y - shape.size, left + wide, shape.place.y + shape.size / 2)


PAPER_TEX = r"""\documentclass[twocolumn]{article}
\usepackage[utf8]{inputenc}
\usepackage{tikz}
\begin{document}
Before.
\begin{figure}\centering\resizebox{\columnwidth}{!}{\input{picture}}\caption{One.}\end{figure}
\begin{figure*}\centering\resizebox{!}{3in}{\input{picture}}\caption{The same.}\end{figure*}
After.
\end{document}
"""


@needs_tex
@needs_poppler
@pytest.mark.parametrize("name", ["b0", "small", "hostile"])
def test_a_paper_takes_it_in(tmp_path: File, name: str) -> None:
    (tmp_path / "picture.tex").write_text(document(found(name)), encoding="utf-8")
    log = compiled(PAPER_TEX, tmp_path, "paper")
    assert not re.search(r"^!|Overfull", log, re.M)
    said = subprocess.run(["pdftotext", tmp_path / "paper.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert "After." in said
    assert "Figure 1: One." in said
    info = subprocess.run(["pdfinfo", tmp_path / "paper.pdf"], capture_output=True, text=True, check=True).stdout
    assert "Page size:       612 x 792 pts (letter)" in info or "(A4)" in info


# The command.


def test_plot_writes_it(run: Any, tmp_path: File) -> None:
    path = tmp_path / "b0.tex"
    done: Result = run("plot", "b0", "-o", path)
    assert done == (0, "", "")
    text = path.read_text(encoding="ascii")
    assert text.startswith("% efficientnet_b0, drawn by cnncli.\n")
    assert {"999 params", r"\bfseries efficientnet\_b0"} <= set(re.findall(r"\{([^{}]*)\}$", text, re.M))
    assert run("plot", "b0", "-o", path).code == 2
    assert run("plot", "b0", "-o", tmp_path / "x.tex", "--dpi", 90).err.endswith(
        "only a .png has pixels; .tex is as sharp at any size\n"
    )
