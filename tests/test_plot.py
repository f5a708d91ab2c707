"""`plot` as a person runs it: files, fonts, renderers, mistakes."""

from __future__ import annotations

import contextlib
import html
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import graph_of, networks, refused
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnncli.diagram import Options, as_picture, diagram
from cnncli.diagram.composition import stage_line, stage_place
from cnncli.draw import graphviz as picture
from cnncli.draw import pen, stamps
from cnncli.draw.formats import check_size
from cnncli.draw.pen import begun
from cnncli.draw.svg import document
from cnncli.draw.xdot import as_xdot
from cnncli.errors import MachineError, UsageError
from cnncli.network import network
from cnncli.views.plot import heading

MAGIC = {
    "pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "tex": b"% mobilenet_v3_small, drawn by cnncli.", "dot": b"digraph ", "gv": b"digraph ",
}  # fmt: skip
PICTURES = Path(__file__).parent.parent / "docs" / "pictures"


@pytest.mark.parametrize("suffix", MAGIC)
def test_each_suffix(cnncli, tmp_path, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    assert cnncli("plot", "v3_small", "-o", path) == (0, "", "")
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert list(tmp_path.iterdir()) == [path]


def test_only_what_a_kind_of_file_needs_is_loaded(tmp_path) -> None:
    script = (
        "import sys; from cnncli.cli.app import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'tensorflow', 'keras', 'numpy', 'matplotlib', 'pydot', 'pygraphviz'} & set(sys.modules)))"
    )
    for name, loaded in (("x.svg", "[]"), ("x.dot", "['pydot']"), ("x.pdf", "[]"), ("x.tex", "[]")):
        command = [sys.executable, "-c", script, "plot", "b0", "-o", str(tmp_path / name)]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == loaded


def words(svg: bytes) -> list[str]:
    return [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg.decode())]


@pytest.mark.parametrize("reference", networks(every_size=False))
def test_every_model_in_every_kind_of_file(reference: str) -> None:
    found = network(reference)
    graph = found.graph
    for detail in ("stage", "block", "layer"):
        drawn = diagram(graph, heading(found), Options(detail))  # type: ignore[arg-type]
        for kind in ("pdf", "png", "eps"):
            with begun() as held:
                done = picture.rendered(partial(as_xdot, as_picture(drawn)), kind, 40, held)
            assert done.data.startswith(MAGIC[kind])
            assert "Warning: " not in done.complaints
            assert "Error: " not in done.complaints
            if kind == "png":  # as large as asked for: Graphviz scales down what is too large for it
                size = [int.from_bytes(done.data[at : at + 4], "big") for at in (16, 20)]
                assert size == pytest.approx([drawn.width * 40 / 72, drawn.height * 40 / 72], abs=2)
        if detail == "layer":
            said = words(document(as_picture(drawn)).encode())
            assert {name: said.count(name) for name in (node.name for node in graph.nodes)} == dict.fromkeys(
                (node.name for node in graph.nodes), 1
            )


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs pdftotext")
@pytest.mark.parametrize("reference", ["efficientnet_b0", "mobilenet_v3_large@article", "mobilenet_v2"])
def test_a_pdf_can_be_searched_for_every_layer(run, tmp_path, reference: str) -> None:
    path = tmp_path / "layers.pdf"
    assert run("plot", reference, "--detail", "layer", "-o", path).code == 0
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout.split()
    names = [node.name for node in graph_of(reference).nodes]
    assert {name: text.count(name) for name in names} == dict.fromkeys(names, 1)
    info = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    size = re.search(r"Page size: +(\d+) x (\d+) pts", info)
    assert size
    assert "Pages:           1\n" in info
    assert max(map(int, size.groups())) / min(map(int, size.groups())) == pytest.approx(2**0.5, abs=0.005)


def test_the_same_bytes_again(cnncli, tmp_path) -> None:
    for name in ("x.dot", "x.svg", "x.pdf", "x.png", "x.eps", "x.tex"):
        texts = []
        for seed in ("1", "2"):
            path = tmp_path / seed / name
            path.parent.mkdir(exist_ok=True)
            assert cnncli("plot", "v3_small", "--detail", "layer", "-o", path, PYTHONHASHSEED=seed).code == 0
            texts.append(path.read_bytes())
        assert texts[0] == texts[1]


@pytest.mark.skipif(not shutil.which("pdfinfo"), reason="needs pdfinfo")
@pytest.mark.parametrize(
    ("variables", "date"), [({}, "2020-01-01T00:00:00Z"), ({"SOURCE_DATE_EPOCH": "86400"}, "1970-01-02T00:00:00Z")]
)
def test_a_pdf_has_a_title_and_a_date_that_is_not_the_clocks(run, tmp_path, monkeypatch, variables, date) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "x.pdf"
    assert run("plot", "v1:alpha=0.5", "-o", path) == (0, "", "")
    told = subprocess.run(["pdfinfo", "-isodates", path], capture_output=True, text=True, check=True)
    facts = dict(re.findall(r"^(.+?): +(.*)$", told.stdout, re.M))
    assert told.stderr == ""
    assert facts["Title"] == "mobilenet_v1:alpha=0.5"
    assert facts["CreationDate"] == date
    assert not re.search(rb"D:(?!20200101000000Z|19700102000000Z)\d", path.read_bytes())


@pytest.mark.parametrize("value", ["nonsense", "-1", "1.5", "9" * 12, "9" * 5000, "٣"])
def test_a_date_that_is_none(run, tmp_path, monkeypatch, value: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    refused(run("plot", "v1", "-o", tmp_path / "x.pdf"), 2, "expected seconds since 1970")
    assert not list(tmp_path.iterdir())
    for name in ("x.png", "x.svg"):  # which have no date
        assert run("plot", "v1", "-o", tmp_path / name) == (0, "", "")


@pytest.mark.skipif(not shutil.which("pdfinfo"), reason="needs pdfinfo")
def test_a_title_in_a_pdf_whose_table_of_objects_is_a_stream(tmp_path) -> None:
    """As newer versions of cairo write it."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 50] >>",
    ]
    data, places = b"%PDF-1.7\n", [0]
    for index, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (index, content)
    places.append(len(data))
    rows = b"".join(bytes([place > 0]) + place.to_bytes(2, "big") + b"\0" for place in places)
    data += b"4 0 obj\n<< /Type /XRef /Size 5 /W [1 2 1] /Root 1 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        len(rows), rows,
    )  # fmt: skip
    data += b"startxref\n%d\n%%%%EOF\n" % places[4]
    path = tmp_path / "x.pdf"
    path.write_bytes(stamps.stamped_pdf(data, "層 (1)", 0))
    told = subprocess.run(
        ["pdfinfo", "-enc", "UTF-8", path], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert told.stderr == ""
    assert re.search(r"^Title: +層 \(1\)$", told.stdout, re.M)
    assert "100 x 50 pts" in told.stdout


def test_what_is_built_otherwise_is_left_alone() -> None:
    assert stamps.stamped_pdf(b"%PDF-", "x", 0) == b"%PDF-"
    assert stamps.stamped_pdf(b"startxref\n0\n%%EOF", "x", 0) == b"startxref\n0\n%%EOF"
    assert stamps.stamped_png(b"GIF", 72) == b"GIF"
    late = b"/CreationDate (D:20261125125440+01'00)"
    assert stamps.stamped_pdf(late, "x", 86400) == b"/CreationDate (D:19700102000000Z)     "


def test_a_png_has_its_resolution_once_and_is_the_picture_as_drawn(run, tmp_path) -> None:
    from PIL import Image

    path = tmp_path / "x.png"
    assert run("plot", "v1", "-o", path, "--dpi", 200) == (0, "", "")
    with Image.open(path) as found:
        assert found.info["dpi"] == pytest.approx((200, 200), abs=0.01)
        found.load()
    data = path.read_bytes()
    assert stamps.stamped_png(data, 200) == data
    assert len(stamps.stamped_png(data, 72)) == len(data)


def test_dot_on_the_standard_output(cnncli, tmp_path) -> None:
    printed = cnncli("plot", "mobilenet_v1", "-o", "-")
    assert (printed.code, printed.err) == (0, "")
    assert cnncli("plot", "mobilenet_v1", "-o", tmp_path / "v1.gv").code == 0
    assert printed.out == (tmp_path / "v1.gv").read_text(encoding="utf-8")


def test_letters_on_a_machine_without_fonts(cnncli, tmp_path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "fonts.conf").write_text("<?xml version='1.0'?><fontconfig></fontconfig>")
    without = {"FONTCONFIG_PATH": str(bare), "FONTCONFIG_FILE": str(bare / "fonts.conf"), "PATH": str(bare)}
    for name, environment in (("here", {}), ("there", without)):
        assert cnncli("plot", "b0", "--dpi", 60, "-o", tmp_path / f"{name}.png", **environment) == (0, "", "")
    assert (tmp_path / "here.png").read_bytes() == (tmp_path / "there.png").read_bytes()
    # What it would look like without our care: boxes in the place of letters.
    assert cnncli("plot", "b0", "-o", tmp_path / "b0.dot").code == 0
    script = "import sys, pygraphviz; pygraphviz.AGraph(sys.argv[1]).draw(sys.argv[2], prog='nop2', args='-Gdpi=60')"
    command = [sys.executable, "-c", script, tmp_path / "b0.dot", tmp_path / "boxes.png"]
    subprocess.run(command, check=True, env={**os.environ, **without}, capture_output=True)
    assert (tmp_path / "boxes.png").read_bytes() != (tmp_path / "here.png").read_bytes()


def test_letters_that_the_font_lacks_are_looked_for_on_the_machine(run, tmp_path, monkeypatch) -> None:
    configured: list[bool] = []
    monkeypatch.setattr(picture, "_font_config", lambda *_, others: configured.append(others) or "<fontconfig/>")
    for label in ("{name} → {params}", "層 {name}"):
        assert run("plot", "v1", "--label", label, "-o", tmp_path / f"{len(configured)}.pdf").code == 0
    assert configured == [False, True]


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A machine without pygraphviz whose `dot` is this shell script; None for no `dot`."""
    monkeypatch.setitem(sys.modules, "pygraphviz", None)

    def install(script: str | None) -> None:
        place = tmp_path / "bin"
        place.mkdir()
        if script is not None:
            (place / "dot").write_text(f"#!/bin/sh\n{script}\n")
            (place / "dot").chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin" if script else str(place))

    return install


def test_dot_on_path_where_pygraphviz_is_missing(run, tmp_path, program) -> None:
    program('[ "$1" = -V ] || { echo "$@"; echo "$FONTCONFIG_FILE"; head -c 8; }')
    assert run("plot", "b0", "-o", tmp_path / "b0.png", "--dpi", 50) == (0, "", "")
    arguments, fonts, drawn = (tmp_path / "b0.png").read_text().split("\n")
    assert arguments == "-Knop2 -Tpng -Gdpi=50"
    assert fonts.endswith("fonts.conf")
    assert drawn == "digraph "


def test_a_dot_that_fails(run, tmp_path, program) -> None:
    program("echo 'Error: no memory' >&2; exit 7")
    result = run("plot", "b0", "-o", tmp_path / "b0.pdf")
    assert result.code == 3
    assert result.err.endswith("bin/dot failed with exit code 7: Error: no memory\n")
    assert not (tmp_path / "b0.pdf").exists()


def test_a_dot_that_draws_nothing(run, tmp_path, program) -> None:
    program("cat >/dev/null; echo 'Format: pdf not recognized' >&2")
    assert run("plot", "b0", "-o", tmp_path / "b0.pdf") == (
        3, "", "cnncli: Graphviz drew nothing: Format: pdf not recognized\n",
    )  # fmt: skip


def test_a_machine_without_graphviz(run, tmp_path, program) -> None:
    program(None)
    result = run("plot", "b0", "-o", tmp_path / "b0.pdf")
    assert result.code == 3
    assert result.err.count("\n") == 1
    assert "pip install 'cnncli[plot]'" in result.err
    assert "apt install graphviz" in result.err
    for name in ("b0.dot", "b0.svg"):
        assert run("plot", "b0", "-o", tmp_path / name) == (0, "", "")


def test_a_picture_that_graphviz_refuses() -> None:
    with begun() as held, pytest.raises(MachineError, match=r"^Graphviz"):
        picture.rendered(lambda _: "digraph { a [label=<<TABLE>] ", "png", 72, held)


def test_a_graphviz_that_crashes_is_one_line(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pen, "PROGRAM", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    refused(run("plot", "v1", "-o", tmp_path / "x.png"), 3, "Graphviz crashed (SIGSEGV)")
    monkeypatch.setattr(pen, "PROGRAM", "raise ValueError('no such format')")
    refused(run("plot", "v1", "-o", tmp_path / "x.png"), 3, "Graphviz failed: ValueError: no such format")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the memory that a process may take, and into /proc")
def test_little_memory_is_one_line(tmp_path) -> None:
    command = f"ulimit -v 300000; {sys.executable} -m cnncli plot b7 --detail layer -o {tmp_path / 'x.png'}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_large_picture_ends_with_its_command(tmp_path, number: int) -> None:
    """Graphviz itself, in the midst of ten seconds' work, hears nothing."""
    arguments = ["plot", "b7", "--detail", "layer", "--dpi", "220", "-o", str(tmp_path / "x.png")]
    command = subprocess.Popen([sys.executable, "-m", "cnncli", *arguments], stderr=subprocess.DEVNULL)
    children = Path(f"/proc/{command.pid}/task/{command.pid}/children")
    deadline = time.monotonic() + 30
    while not (busy := [child for child in children.read_text().split() if seconds(child) > 1]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    command.send_signal(number)
    command.wait(10)
    while state(busy[0]) not in ("", "Z"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert number == signal.SIGKILL or not list(tmp_path.iterdir())


def stat(process: str) -> list[str]:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def state(process: str) -> str:
    return (stat(process) or [""])[0]


def seconds(process: str) -> float:
    """Of the processor, that a process has taken."""
    found = stat(process)
    return int(found[11]) / os.sysconf("SC_CLK_TCK") if found else 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("-o x.jpg", "cannot draw .jpg; use .pdf, .png, .svg, .eps, .tex, .html or .dot"),
        ("-o x", "cannot draw a file without suffix"),
        ("", "name the picture: -o mobilenet_v2.pdf"),
        ("-o x.pdf --layout free", "it goes with .dot, .gv or -, not .pdf"),
        ("-o x.svg --layout free", "it goes with .dot, .gv or -, not .svg"),
        ("-o x.dot --layout free --columns 3", "--columns 3: --layout free leaves the places to Graphviz"),
        ("-o x.dot --layout grid", "'grid' is not one of 'fixed', 'free'"),
        ("-o x.svg --columns 0", "--columns 0: expected auto or a whole number of at least 1"),
        ("-o x.svg --columns many", "--columns many: expected auto or a whole number of at least 1"),
        ("-o x.png --dpi 5", "--dpi 5: expected a whole number from 10 to 2,400"),
        ("-o x.png --dpi 1.5", "--dpi 1.5: expected a whole number"),
        ("-o x.pdf --dpi 90", "--dpi 90: only a .png has pixels"),
        ("-o - --dpi 90", "--dpi 90: only a .png has pixels"),
        ("-o x.svg --fuse", "it goes with --detail layer, not block"),
        ("-o x.svg --label {x}", "unknown field 'x'"),
        ("-o x.svg --label {macs:.999f}", "'.999f' asks for more characters than a box can hold"),
        ("-o x.svg --label {macs:100}", "'100' asks for more characters than a box can hold"),
        (f"-o x.svg --label {'{params:99}' * 20}", "would say more than 1,000 characters"),
        (f"-o x.svg --label {'{params:99}' * 1000}", "--label has 11,000 characters; at most 1,000 are taken"),
        ("-o x.svg --detail atom", "'atom' is not one of 'stage', 'block', 'layer'"),
        ("-o x.svg --theme blue", "'blue' is not one of 'light', 'dark', 'mono'"),
        ("-o x.svg --heat love", "'love' is not one of 'params', 'macs', 'activations'"),
        ("-o x.svg --direction BT", "'BT' is not one of 'TB', 'LR'"),
        ("-o x.png --detail layer --columns 1 --dpi 600", "or less, more --columns, or .svg"),
        ("-o x.png --detail layer --dpi 2400", "a PNG may have 32,767 a side and 120,000,000 in all; use --dpi"),
    ],
)
def test_mistakes(run, tmp_path, monkeypatch, arguments: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    refused(run("plot", "mobilenet_v2", *arguments.split()), 2, message)
    assert not list(tmp_path.iterdir())


@given(st.floats(100, 10**7), st.floats(100, 10**7), st.integers(10, 2400))
def test_the_resolution_that_is_advised_can_be_drawn(width: float, height: float, dpi: int) -> None:
    with contextlib.suppress(UsageError):
        check_size(width, height, ".png", dpi)
        return
    with pytest.raises(UsageError) as refusal:
        check_size(width, height, ".png", dpi)
    advised = re.search(r"use --dpi (\d+) or less", str(refusal.value))
    if advised:
        assert 10 <= int(advised[1]) < dpi
        check_size(width, height, ".png", int(advised[1]))
    else:
        with pytest.raises(UsageError):
            check_size(width, height, ".png", 10)


def test_a_page_that_no_pdf_holds(run, tmp_path) -> None:
    result = run("plot", "b7", "--detail", "layer", "--columns", 1, "-o", tmp_path / "b7.pdf")
    assert result.code == 2
    assert "a PDF's may have 14,400 a side; use more --columns" in result.err
    assert run("plot", "b7", "--detail", "layer", "--columns", 1, "-o", tmp_path / "b7.svg").code == 0


def test_places_that_cannot_be_written(run, tmp_path) -> None:
    path = tmp_path / "x.svg"
    path.write_text("mine")
    assert run("plot", "v1", "-o", path) == (2, "", f"cnncli: {path} exists; add --force to replace it\n")
    assert path.read_text() == "mine"
    assert run("plot", "v1", "-o", path, "--force").code == 0
    assert path.read_text().startswith("<?xml")
    assert run("plot", "v1", "-o", tmp_path / "no" / "x.svg").code == 3
    (tmp_path / "folder.svg").mkdir()
    assert run("plot", "v1", "-o", tmp_path / "folder.svg").code == 2


def test_options_reach_the_picture(run) -> None:
    plain = run("plot", "v3_small", "-o", "-").out
    drawn = {plain}
    for options in (
        "--theme dark", "--theme mono", "--heat params", "--heat activations", "--direction LR", "--columns 4",
        "--detail stage", "--detail layer", "--layout free", "--detail layer --fuse", "--label {name}",
        "--flavor article", "--alpha 0.5", "--input-shape 96", "--no-include-top",
    ):  # fmt: skip
        result = run("plot", "v3_small", "-o", "-", *options.split())
        assert result.code == 0
        assert result.out not in drawn, options
        drawn.add(result.out)


def test_the_heading_tells_whose_picture_it_is() -> None:
    named = network("mobilenet_v2@article:alpha=0.5,input_shape=96")
    graph, found = named.graph, heading(named)
    assert found.title == "mobilenet_v2"
    about, sums = found.lines
    assert about == "MobileNet (2018), flavor article, input_shape 96, alpha 0.5"
    params = sum(node.params for node in graph.nodes)
    assert sums.startswith(f"{params / 1e6:.2f} M parameters ({params:,})   ")
    assert sums.endswith(f"   {len(graph.nodes)} layers   input 96x96x3")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("efficientnet_b0.svg", "efficientnet_b0"),
        ("mobilenet_v3_small-layers.svg", "mobilenet_v3_small --detail layer --fuse"),
        ("efficientnet_b0-figure.svg", "efficientnet_b0 --for figure"),
        ("efficientnet_b7-macs.svg", "efficientnet_b7 --heat macs --theme dark --direction LR"),
    ],
)
def test_the_readmes_pictures_are_what_the_commands_draw(run, tmp_path, name: str, arguments: str) -> None:
    assert run("plot", *arguments.split(), "-o", tmp_path / name).code == 0
    kept = PICTURES / name
    assert kept.stat().st_size < 150_000
    assert (tmp_path / name).read_bytes() == kept.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-o", "v2.svg"], r"^v2\.svg: \d+(\.\d)? x \d+(\.\d)? cm, \d columns?$"),
        (["-o", "v2.svg", "--columns", "1"], r"cm, 1 column$"),
        (["-o", "v2.svg", "--direction", "LR", "--columns", "3"], r"cm, 3 rows$"),
        (["-o", "v2.png", "--dpi", "72"], r"^v2\.png: .* cm \([\d,]+ x [\d,]+ pixels\), \d columns?$"),
        (["-o", "v2.dot", "--layout", "free"], None),
        (["-o", "-"], None),
    ],
)  # fmt: skip
def test_the_page_is_told_to_a_person_only(run, tmp_path: Path, monkeypatch, arguments: list[str], says: str) -> None:
    monkeypatch.chdir(tmp_path)
    for asked in ("", "--force"):  # a pipe first, then a terminal
        monkeypatch.setattr("cnncli.render.progress._on_terminal", lambda asked=asked: bool(asked))
        result = run("plot", "v2", *arguments, *filter(None, [asked]))
        assert result.code == 0
        line = result.err.rstrip("\n")
        assert re.search(says, line) if says and asked else line == ""


def test_the_page_that_is_told_is_the_page_that_is_drawn(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("cnncli.render.progress._on_terminal", lambda: True)
    said = run("plot", "v2", "-o", tmp_path / "v2.png", "--dpi", "72").err
    with Image.open(tmp_path / "v2.png") as image:
        size = image.size
    found = re.search(r"\(([\d,]+) x ([\d,]+) pixels\)", said)
    assert found
    assert [int(number.replace(",", "")) for number in found.groups()] == pytest.approx(size, abs=1)
    centimetres = re.search(r": ([\d.]+) x ([\d.]+) cm", said)
    assert centimetres
    assert [float(number) for number in centimetres.groups()] == pytest.approx(
        [side / 72 * 2.54 for side in size], rel=0.03
    )


@pytest.mark.parametrize(
    "reference", ["nasnet_large", "googlenet:auxiliary=true", "densenet201", "convnext_tiny", "cspdarknet53"]
)
@pytest.mark.parametrize("detail", ["stage", "block"])
@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_no_line_leads_through_the_heading_of_a_stage(reference: str, detail: str, direction: str) -> None:
    found = network(reference)
    drawn = diagram(found.graph, heading(found), Options(detail, direction=direction))  # type: ignore[arg-type]
    lines = [pair for route in drawn.sheet.layout.routes for pair in pairwise(route.path)]
    for _, ground in drawn.grounds():
        place, line = stage_place(ground, drawn.measures), stage_line(ground.frame, drawn.measures)
        left, right = (sum(run.width for run in runs) for runs in (line.left, line.right))
        assert place.left + left < place.right - right
        for ends in (place._replace(right=place.left + left), place._replace(left=place.right - right)):
            for one, other in lines:
                beside = max(one.x, other.x) < ends.left or min(one.x, other.x) > ends.right
                assert beside or max(one.y, other.y) < ends.top or min(one.y, other.y) > ends.bottom, ground.frame


def test_all_of_a_stage_stands_in_its_frame() -> None:
    found = network("googlenet")
    drawn = diagram(found.graph, heading(found), Options("block", columns=2))
    stages = {item.name: [frame.key for frame in item.frames] for item in drawn.chain.items}
    assert stages["stage4.pool"] == stages["stage4.block1"] == ["stage4"]
    assert stages["stem"] == []
    told = {ground.frame.left: ground.frame.right for _, ground in drawn.grounds()}
    assert told["stage4"] == told["stage4 (continued)"] == "14x14 → 7x7"


def test_the_legend_tells_of_added_inputs_only_where_there_are_any() -> None:
    said = {}
    for name in ("densenet121", "resnet50"):
        found = network(name)
        said[name] = words(document(as_picture(diagram(found.graph, heading(found), Options("block")))).encode())
    assert "xN: blocks alike in a row, their costs together" in said["densenet121"]
    assert any("each adding its own input" in text for text in said["resnet50"])
