"""`compare` as its users meet it."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import golden, refused

from cnncli.document.numbers import times

B = [f"b{number}" for number in range(8)]
ALL = ["v1", "v2", "v3_small", "v3_large", *B]


@pytest.mark.parametrize("width", [80, 160, None], ids=lambda width: f"{width or 'piped'}")
@pytest.mark.parametrize("models", [["b0", "b4"], ["v1", "v2", "v3_large"], B, ALL], ids=len)
def test_tables(run, monkeypatch, models: list[str], width: int | None, request) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    result = run("compare", *models)
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= (width or 160)
    golden(f"compare-{request.node.callspec.id}.txt", result.out)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("diff", "v2 v2@article --diff"),
        ("diff-families", "v1 v2 --diff"),
        ("diff-unlike", "vgg16 v1 --diff"),
        ("explain", "b0 b4 b1@article --explain"),
        ("explain-families", "vgg16 v2 --explain"),
        ("explain-flavor", "b4@article b4 --explain"),
    ],
)
@pytest.mark.parametrize("width", [80, None], ids=lambda width: f"{width or 'piped'}")
def test_changes_and_reasons(run, monkeypatch, name: str, arguments: str, width: int | None) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    result = run("compare", *arguments.split())
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= (width or 300)
    golden(f"compare-{name}-{width or 'piped'}.txt", result.out)


@pytest.mark.parametrize("models", ["v1 v2 v3_large", "v2 v3_large b0", "v3_small v3_large b7"])
def test_three_are_one_table_at_80_columns(run, monkeypatch, models: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = run("compare", *models.split()).out
    assert out.count("\u2500\n") == 2  # a rule each below the heads of the totals and of the stages
    assert max(map(len, out.splitlines())) <= 80
    assert all(name in out for name in ("Params", "MACs", "Peak activation", "Depth", "Top-1 %"))


THIRTY = [
    f"v2:alpha={alpha},input_shape={size}"
    for alpha in ("0.35", "0.5", "0.75", "1.0", "1.3")
    for size in (96, 128, 160, 192, 224)
]
THIRTY += ["v1", "v3_small", "v3_large", "b0", "b7"]


@pytest.mark.parametrize("width", [80, 160, None])
def test_thirty_are_a_row_each(run, monkeypatch, width: int | None) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(THIRTY)))
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    lines = run("compare", "-", "--totals", "--sort", "macs").out.splitlines()
    assert len(lines) < 40
    assert max(map(len, lines[:32])) <= (width or 160)
    assert lines[2].startswith("efficientnet_b7 ")
    assert lines[31].startswith("mobilenet_v2:input_shape=96,alpha=0.35 ")
    assert "Ratio" not in lines[0]
    assert "Differences" not in "\n".join(lines)


def test_chosen_figures_in_order(run) -> None:
    table = run("compare", "v1", "v2", "b0", "--columns", "macs,top1", "--sort", "top1").out.splitlines()
    assert table[0].split() == ["Model", "MACs", "Top-1", "%"]
    assert [line.split()[0] for line in table[2:5]] == ["efficientnet_b0", "mobilenet_v2", "mobilenet_v1"]
    sheet = run("compare", "v1", "v2", "b0", "--columns", "top1,macs_ratio", "--sort", "macs", "-f", "csv")
    assert sheet.out.splitlines()[:2] == ["model,top1,macs_ratio", "mobilenet_v1,70.6,1.0"]
    figures = run("compare", "v1", "v2", "--columns", "macs,params", "--totals").out
    assert figures.index("MACs") < figures.index("Params")
    assert "Stage" not in figures
    assert "Depth" not in figures
    assert "Stage" in run("compare", "v1", "v2", "--columns", "macs").out


def test_stages_that_are_numbered_differently_say_whose(run) -> None:
    assert "\nstage5 / stage6 " in run("compare", "v1", "v2").out
    assert "\nstage5 / stage6 / stage6 " in run("compare", "v1", "v2", "b0").out


@pytest.mark.parametrize("more", ["", "--diff", "--explain"])
def test_markdown(run, more: str) -> None:
    out = run("compare", "b0", "b4", "--format", "markdown", *more.split()).out
    golden(f"compare{more.replace('--', '-')}.markdown", out)
    for block in out.split("\n\n"):
        bars = {line.replace("\\|", "").count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(bars) <= 1


def test_csv_is_a_row_a_model_with_differences_to_the_first(run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("compare", "v2", "v1", "b0", "--format", "csv").out)))
    assert [row["model"] for row in rows] == ["mobilenet_v2", "mobilenet_v1", "efficientnet_b0"]
    assert (rows[1]["params"], rows[1]["params_difference"]) == ("4253864", str(4_253_864 - 3_538_984))
    assert float(rows[1]["macs_ratio"]) == 568_740_352 / 300_774_272
    assert [row["top1"] for row in rows] == ["72.0", "70.6", "77.1"]
    changes = list(csv.DictReader(io.StringIO(run("compare", "v2", "v1", "--diff", "--format", "csv").out)))
    assert sum(int(row["params"]) for row in changes) == 4_253_864 - 3_538_984
    shares = list(csv.DictReader(io.StringIO(run("compare", "b0", "b4", "--explain", "--format", "csv").out)))
    assert [row["factor"] for row in shares] == ["width", "depth", "input_shape", "dropout"]
    both = run("compare", "b0", "b4", "--diff", "--explain", "--format", "tsv")
    refused(both, 2, "CSV and TSV hold one table: --diff or --explain, not both")


def test_json_has_the_schemas_keys(run) -> None:
    data = json.loads(run("compare", "v1", "v2", "v2:alpha=0.6", "--format", "json").out)
    assert list(data) == ["schema_version", "baseline", "models", "stages", "changes"]
    assert (data["schema_version"], data["baseline"]) == (2, "mobilenet_v1")
    assert [model["model"]["reference"] for model in data["models"]] == [
        "mobilenet_v1", "mobilenet_v2", "mobilenet_v2:alpha=0.6",
    ]  # fmt: skip
    assert {"model", "input_shape", "totals"} <= set(data["models"][0])
    assert data["models"][2]["published"] is None  # nobody measured that one
    for position, model in enumerate(data["models"]):
        stage_sums = [row["models"][position] for row in data["stages"] if row["models"][position]]
        assert sum(stage["macs"] for stage in stage_sums) == model["totals"]["macs"]
        changed = sum(change["macs"] for change in data["changes"] if change["model"] == model["model"]["reference"])
        assert changed == model["totals"]["macs"] - data["models"][0]["totals"]["macs"]
    reasons = json.loads(run("compare", "b0", "b4", "--explain", "--format", "json").out)["explanations"]
    assert reasons[0]["model"] == "efficientnet_b4"
    assert math.prod(share["macs"]["ratio"] for share in reasons[0]["shares"]) == pytest.approx(11.38829, abs=1e-5)


def test_depth_is_what_the_paper_counts(run) -> None:
    """MobileNet V1 has 28 layers with its classifier (arXiv 1704.04861, section 3.2), V2 53 (Keras's documentation)."""
    models = json.loads(run("compare", "v1", "v2", "--format", "json").out)["models"]
    assert [model["totals"]["depth"] + 1 for model in models] == [28, 53]


def test_the_baseline_leads(run) -> None:
    leading = [
        json.loads(run("compare", *words.split(), "--format", "json").out)["models"]
        for words in ("v1 v2 --baseline v2", "v1 b0 --baseline v2", "v2 v2 --baseline v2")
    ]
    assert [[model["model"]["reference"] for model in models] for models in leading] == [
        ["mobilenet_v2", "mobilenet_v1"],
        ["mobilenet_v2", "mobilenet_v1", "efficientnet_b0"],
        ["mobilenet_v2", "mobilenet_v2"],
    ]


def test_identical_networks_and_the_exit_code(run) -> None:
    same = run("compare", "v2", "v2", "--exit-code", "--diff")
    assert (same.code, same.err) == (0, "")
    assert "mobilenet_v2 and mobilenet_v2 are identical." in same.out
    training = run("compare", "v1", "v1:dropout=0.5", "--exit-code")
    assert training.code == 0
    assert "are identical at inference; they differ in training only." in training.out
    assert run("compare", "v1", "v2").code == 0
    differing = run("compare", "v2", "v2@article", "--exit-code")
    assert (differing.code, differing.err) == (1, "")
    assert "mobilenet_v2@article" in differing.out


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_chart(run, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"chart.{suffix}"
    result = run("compare", "v1", "v2@article", "b0", "-o", path)
    assert (result.code, result.err) == (0, "")
    assert result.out == run("compare", "v1", "v2@article", "b0").out
    first = path.read_bytes()
    assert first.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix])
    if suffix == "svg":
        for text in (b"mobilenet_v1<", b"mobilenet_v2@article<", b"efficientnet_b0<", b"Top-1"):
            assert text in first
    assert "add --force" in run("compare", "v1", "v2", "-o", path).err
    assert run("compare", "v1", "v2@article", "b0", "-o", path, "--force").code == 0
    assert path.read_bytes() == first


HOSTILE = """backend: nonsense
text.usetex: True
axes.formatter.use_locale: True
font.family: monospace
font.size: 30
axes.facecolor: red
savefig.facecolor: black
savefig.dpi: 7
svg.fonttype: path
figure.constrained_layout.use: False
path.simplify_threshold: 1.0
no.such_key: 1
"""


@pytest.mark.parametrize(
    ("suffix", "settings", "backend"),
    [
        ("svg", HOSTILE.encode(), "agg"),
        ("png", HOSTILE.encode(), "nonsense"),
        ("pdf", b"\xff\xfe\x00", "module://matplotlib_inline.backend_inline"),
    ],
)
def test_the_users_settings_of_matplotlib_do_not_change_the_chart(
    cnncli, tmp_path: Path, monkeypatch, suffix: str, settings: bytes, backend: str
) -> None:
    """Those that a variable names, and those that lie in the working directory, which matplotlib reads first."""
    plain, hostile = tmp_path / f"plain.{suffix}", tmp_path / f"hostile.{suffix}"
    assert cnncli("compare", "v1", "b0", "-o", plain)[::2] == (0, "")
    (tmp_path / "matplotlibrc").write_bytes(settings)
    monkeypatch.chdir(tmp_path)
    named = {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "MPLBACKEND": backend, "MPLCONFIGDIR": "/dev/null/nowhere"}
    assert cnncli("compare", "v1", "b0", "-o", hostile, **named)[::2] == (0, "")
    assert plain.read_bytes() == hostile.read_bytes()


@pytest.mark.parametrize("moment", ["nonsense", "-1", "9" * 30])
def test_a_chart_of_no_date(run, tmp_path: Path, monkeypatch, moment: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", moment)
    refused(run("compare", "v1", "v2", "-o", tmp_path / "x.pdf"), 2, "expected seconds since 1970")
    assert not list(tmp_path.iterdir())


def test_names_in_a_chart_are_letters_and_nothing_else(tmp_path: Path, recwarn) -> None:
    """No formula is read into them, no character obeyed, and none that the font lacks is warned of."""
    from cnncli.draw.chart import Chart, ChartPoint, Panel, write_chart

    names = ["$\\frac{1$", "\x1b]0;x\x07", "a\nb\u202e", "層", "\ud800"]
    points = [ChartPoint(name, 10.0 + at, name) for at, name in enumerate(names)]
    panel = Panel("Parameters", "log", {name: 5.0 + at for at, name in enumerate(names)})
    write_chart(Chart("MACs", points, [panel]), tmp_path / "x.svg", force=False)
    written = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert "$\\frac{1$" in written
    assert r"a\nb\u202e".replace("\\n", "\\x0a") in written
    assert not recwarn


def test_a_report_to_a_file(run, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    assert run("compare", "v1", "v2", "--format", "markdown", "-o", path) == (0, "", "")
    assert path.read_text(encoding="utf-8") == run("compare", "v1", "v2", "--format", "markdown").out


def test_references_from_the_standard_input(run, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("v1\n\n# the second\nv2\n"))
    assert run("compare", "-", "b0").out == run("compare", "v1", "v2", "b0").out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("compare", 2, "Missing argument"),
        ("compare b0", 2, "compare takes two models or more, was given only efficientnet_b0"),
        ("compare b0 b4 --columns speed", 2, "unknown column 'speed'"),
        ("compare b0 b4 --sort macs,params", 2, "--sort macs,params: expected one column"),
        ("compare b0 b4 --sort size", 2, "unknown column 'size'"),
        ("compare b0 b9", 2, "unknown model 'b9'; did you mean"),
        ("compare b0 v1 --alpha 0.5", 2, "efficientnet_b0 has no option 'alpha'"),
        ("compare b0 b4 --baseline x9", 2, "unknown model 'x9'"),
        ("compare b0 b4 -o x.jpg", 2, "x.jpg: cannot draw .jpg; use .pdf, .png or .svg"),
        ("compare b0 b4 -o /nonexistent/x.png", 3, "there is no directory /nonexistent"),
        ("compare b0 b4 --format yaml", 2, "yaml"),
    ],
)
def test_errors_are_one_line_with_the_right_code(run, arguments: str, code: int, says: str) -> None:
    refused(run(*arguments.split()), code, says)


@pytest.mark.parametrize("arguments", ["compare b0 b4 --diff --explain", "check b0 --max-params 6M"])
def test_nothing_heavy_is_loaded(arguments: str) -> None:
    script = (
        "import sys\nfrom cnncli.cli.app import main\n"
        f"try: main({arguments.split()!r})\n"
        "except SystemExit as ended: assert not ended.code, ended.code\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib', 'pydot', 'pygraphviz', 'PIL', 'ai_edge_litert'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(11.388, "x11.39"), (1.0, "x1.00"), (1.0003, "x1.0003"), (0.00096, "x0.001"), (1 + 1e-9, "x1.00")],
)
def test_a_ratio_is_not_rounded_to_one_or_nothing(ratio: float, text: str) -> None:
    assert times(ratio) == text
