"""`summary` and `list` as their users meet them."""

from __future__ import annotations

import csv
import io
import json
import sys
from itertools import groupby
from pathlib import Path

import pytest
from conftest import Result, golden, networks, refused


@pytest.mark.parametrize("width", [80, 160, None], ids=lambda width: f"{width or 'piped'}")
@pytest.mark.parametrize(
    "arguments",
    ["v3_small:minimalistic=true", "v3_large --alpha 0.75 --by block", "efficientnet_b0 --by stage"],
    ids=["layer", "block", "stage"],
)
def test_tables(run, monkeypatch, arguments: str, width: int | None, request) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    result = run("summary", *arguments.split())
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= (width or 1000)
    golden(f"summary-{request.node.callspec.id}.txt", result.out)


@pytest.mark.parametrize("how", ["csv", "markdown", "json"])
def test_formats_have_goldens(run, how: str) -> None:
    golden(f"summary.{how}", run("summary", "v2", "--by", "block", "--format", how).out)


@pytest.mark.parametrize("arguments", ["--by block --sort macs --top 3", "--by block --sort name", "--by 3 --top 5"])
def test_every_format_ranks_the_same_rows(run, arguments: str) -> None:
    """Runs of blocks alike are one row only where nothing is ranked: a sum of blocks is no block."""

    def report(how: str) -> str:
        return run("summary", "v2", *arguments.split(), "--format", how).out

    names = [layer["name"] for layer in json.loads(report("json"))["layers"]]
    assert [row["name"] for row in csv.DictReader(io.StringIO(report("csv")))] == names
    layers = report("markdown").partition("| As deployed")[0]
    rows = [line.split("|")[1].strip() for line in layers.splitlines() if line.startswith("| ")]
    assert [row for row in rows[2:] if row != "**Total**"] == names
    table = report("table").splitlines()
    assert [line.split()[0] for line in table if line.split() and line.split()[0] in names] == names


@pytest.mark.parametrize("reference", networks())
def test_csv_and_json_agree_and_sum_to_the_totals(run, reference: str) -> None:
    data = json.loads(run("summary", reference, "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(run("summary", reference, "--format", "csv").out)))
    assert [row["name"] for row in rows] == [layer["name"] for layer in data["layers"]]
    for cost in ("params", "macs"):
        assert sum(int(row[cost]) for row in rows) == data["totals"][cost]
        assert sum(layer[cost] for layer in data["layers"]) == data["totals"][cost]


def test_json_has_the_schemas_keys(run) -> None:
    data = json.loads(run("summary", "v2:alpha=0.5", "--format", "json").out)
    assert data["schema_version"] == 2
    assert data["model"] == {
        "reference": "mobilenet_v2:alpha=0.5",
        "name": "mobilenet_v2",
        "flavor": "keras",
        "options": {
            "input_shape": [224, 224, 3],
            "alpha": 0.5,
            "include_top": True,
            "pooling": None,
            "classes": 1000,
            "classifier_activation": "softmax",
        },
        "origin": {"kind": "registry"},
    }
    assert data["inputs"] == [{"name": "image", "shape": [224, 224, 3], "dtype": "float32", "range": [-1.0, 1.0]}]
    (output,) = data["outputs"]
    assert output == {"name": "head.probabilities", "shape": [1000], "dtype": "float32", "range": [0.0, 1.0]}
    assert (data["input_shape"], data["output_shape"], data["uncounted"]) == ([224, 224, 3], [1000], [])
    assert set(data["totals"]) == {
        "layers", "params", "trainable_params", "non_trainable_params", "macs", "flops", "weight_bytes",
        "tflite_bytes", "peak_activation_bytes", "arena_bytes", "receptive_field", "params_without_bn",
    }  # fmt: skip
    assert set(data["conventions"]) <= set(data["totals"])
    conv = next(layer for layer in data["layers"] if layer["name"] == "stage2.block1.depthwise_conv")
    assert conv["type"] == "DepthwiseConv2D"
    assert (conv["kernel_size"], conv["strides"], conv["padding"]) == ([3, 3], [2, 2], "valid")
    assert (conv["dtype"], conv["weight_dtype"], conv["receptive_field"]) == ("float32", "float32", [11, 11])
    assert conv["inputs"] == ["stage2.block1.depthwise_pad"]
    assert conv["scope"] == "stage2.block1"
    folded = json.loads(run("summary", "v2:alpha=0.5", "--by", "stage", "--format", "json").out)
    stage = folded["layers"][3]
    assert (stage["type"], stage["kernel_size"], stage["strides"]) == ("InvertedResidual6 k3x3 s2 x2", [3, 3], [2, 2])
    assert set(stage) - {"kind", "squeeze_excite", "residual", "activation", "blocks"} < set(conv)
    within = [layer["live_bytes"] for layer in data["layers"] if layer["scope"].startswith("stage2")]
    assert stage["live_bytes"] == max(filter(None, within)) <= data["totals"]["peak_activation_bytes"]
    assert max(row["live_bytes"] or 0 for row in folded["layers"]) == data["totals"]["peak_activation_bytes"]
    assert sum(row["layers_folded"] for row in folded["layers"]) == folded["totals"]["layers"]


def test_sort_top_and_columns(run) -> None:
    result = run("summary", "v2", "--sort", "params", "--top", "2", "--columns", "name,params", "--format", "csv")
    assert result.out.splitlines() == ["name,params", "head.probabilities,1281000", "head.last_conv,409600"]
    table = run("summary", "v2", "--sort", "params", "--top", "2").out
    assert "2 of 156 rows" in table
    assert "\nTotal" not in table
    data = json.loads(run("summary", "v2", "--top", "3", "--format", "json").out)
    assert (len(data["layers"]), data["totals"]["layers"]) == (3, 156)
    assert (
        run("summary", "v2", "--columns", "scope,inputs,input_shape,flops,params_share,non_trainable_params").code == 0
    )


def test_rows_by_type_and_resolution(run) -> None:
    """Where SSD taps MobileNetV2 at 300x300: the 19x19 maps (Keras's block_13_expand_relu among them)."""
    found = run(
        "summary", "v2:input_shape=300", "--at", "19x19", "--columns", "keras_name,output_shape", "-f", "csv"
    ).out
    rows = list(csv.DictReader(io.StringIO(found)))
    assert {row["output_shape"].split("x")[0] for row in rows} == {"19"}
    assert "block_13_expand_relu" in [row["keras_name"] for row in rows]
    typed = run(
        "summary", "v2:input_shape=300", "--at", "19", "--type", "relu,dense", "--columns", "type", "-f", "csv"
    ).out
    assert set(typed.splitlines()[1:]) == {"ReLU 6"}
    table = run("summary", "v2", "--type", "Dense").out
    assert "1 of 156 rows, with 0.4% of the MACs" in table
    assert "3,538,984" in table
    rows = json.loads(run("summary", "b0", "--by", "block", "--at", "14x14", "-f", "json").out)["layers"]
    assert [row["name"].partition(".")[0] for row in rows] == ["stage4"] * 3 + ["stage5"] * 3


def test_columns_of_arguments_and_views(run) -> None:
    keys = "kernel_size,strides,padding,dilation,groups,activation,receptive_field,stride,keras_name"
    found = run("summary", "v1", "--columns", f"name,{keys}", "-f", "csv").out
    rows = {row["name"]: list(row.values())[1:] for row in csv.DictReader(io.StringIO(found))}
    assert rows["image"] == ["", "", "", "", "", "", "1x1", "1x1", "input_layer"]
    assert rows["stem.stem_conv"] == ["3x3", "2x2", "same", "1x1", "1", "", "3x3", "2x2", "conv1"]
    assert rows["stem.stem_activation"] == ["", "", "", "", "", "relu6", "3x3", "2x2", "conv1_relu"]
    pad = rows["stage2.block1.depthwise_pad"]
    assert (pad[2], pad[8]) == ("((0, 1), (0, 1))", "conv_pad_2")
    depthwise = rows["stage2.block1.depthwise_conv"]
    assert depthwise == ["3x3", "2x2", "valid", "1x1", "64", "", "11x11", "4x4", "conv_dw_2"]
    assert rows["head.probabilities"] == ["", "", "", "", "", "softmax", "", "", "predictions"]
    blocks = run("summary", "v3_small", "--by", "block", "--columns", f"name,{keys}", "-f", "csv").out
    assert "stage3.block2,5x5,1x1,,,,hard_silu,127x127,16x16,\n" in blocks
    unnamed = run("summary", "v1@article", "--columns", "keras_name,name", "-f", "csv").out.splitlines()[1:]
    assert all(line.startswith(",") for line in unnamed)
    for key in keys.split(","):
        assert run("summary", "v1", "--sort", key).code == 0
    assert (
        run("summary", "v1", "--sort", "keras_name", "--columns", "keras_name", "-f", "csv").out.split()[1] == "conv1"
    )


@pytest.mark.parametrize(
    ("arguments", "trainable"),
    [  # as keras.applications' networks count them with `layer.trainable = False` on those before
        ("v2:include_top=false,input_shape=160 --freeze-before 100", 1_861_440),
        ("v2:include_top=false,input_shape=160 --freeze-before block_11_expand_relu", 1_861_440),
        ("v2:include_top=false,input_shape=160 --freeze-before stage5.block2.expand_activation", 1_861_440),
        ("v2 --freeze-before 0", 3_504_872),
        ("v2 --freeze-before predictions", 1_281_000),
        ("v2 --freeze-before head", 1_281_000 + 409_600 + 2 * 1280),
        ("b0@article --freeze-before head", 1_693_160),
    ],
)
def test_what_is_trained_where_the_beginning_is_frozen(run, arguments: str, trainable: int) -> None:
    whole = json.loads(run("summary", arguments.split(maxsplit=1)[0], "-f", "json").out)
    found = json.loads(run("summary", *arguments.split(), "-f", "json").out)
    totals = found["totals"]
    assert totals["trainable_params"] == trainable
    assert totals["params"] == whole["totals"]["params"] == trainable + totals["non_trainable_params"]
    assert totals["params_without_bn"] == whole["totals"]["params_without_bn"]
    assert "\nFrozen          " in run("summary", *arguments.split()).out


# MobileNetV2's weights without batch normalization: slim's table of published checkpoints
# (tensorflow/models, research/slim/nets/mobilenet/README.md), and 6.06 M, 3.47 M, ... in the paper's own figures.
WITHOUT_BN = {
    "1.4": 6_060_840, "1.3": 5_342_536, "1": 3_470_760, "0.75": 2_609_784, "0.5": 1_950_136, "0.35": 1_663_048,
}  # fmt: skip


@pytest.mark.parametrize("alpha", WITHOUT_BN)
def test_parameters_as_mobilenet_v2s_tables_quote_them(run, alpha: str) -> None:
    assert (
        f"\nWithout BN      {WITHOUT_BN[alpha] / 1e6:.2f} M ({WITHOUT_BN[alpha]:,})\n"
        in run("summary", f"v2:alpha={alpha}").out
    )


def test_markdown_is_two_tables(run) -> None:
    """Of the layers, and of what the network is as deployed."""
    text = run("summary", "v1", "--by", "stage", "--format", "markdown").out
    lines = text.splitlines()
    tables = [list(rows) for isrow, rows in groupby(lines, key=lambda line: line.startswith("|")) if isrow]
    assert len(tables) == 2
    assert [len({row.count("|") for row in table}) for table in tables] == [1, 1]
    assert tables[1][0] == "| As deployed | TFLite file | Peak activation | Arena |"


def test_several_models(run) -> None:
    result = run("summary", "v1", "v2", "--by", "stage", "--format", "json")
    assert [json.loads(line)["model"]["name"] for line in result.out.splitlines()] == ["mobilenet_v1", "mobilenet_v2"]
    rows = list(csv.DictReader(io.StringIO(run("summary", "v1", "v2", "--by", "stage", "--format", "csv").out)))
    assert [row["model"] for row in rows if row["name"] == "head"] == ["mobilenet_v1", "mobilenet_v2"]
    chosen = run("summary", "v1", "v2", "--by", "stage", "--columns", "name,params", "--format", "tsv").out.splitlines()
    assert chosen[0] == "model\tname\tparams"
    assert [line for line in chosen if "\timage\t" in line] == ["mobilenet_v1\timage\t0", "mobilenet_v2\timage\t0"]
    assert run("summary", "v1", "v2", "--format", "html").out.count("<table>") == 4
    assert run("summary", "v1", "v2").out.count("Receptive field") == 2
    assert run("summary", "v1", "b0", "--alpha", "0.5").code == 2


def test_references_from_the_standard_input(run, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("v1  # the first\n\nb0@article\n"))
    result = run("summary", "-", "v2", "--by", "stage", "--format", "json")
    found = [json.loads(line)["model"]["reference"] for line in result.out.splitlines()]
    assert found == ["mobilenet_v1", "efficientnet_b0@article", "mobilenet_v2"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert "no references on the standard input" in run("summary", "-").err


def test_options_of_the_command_line_are_those_of_the_reference(run) -> None:
    by_options = run(
        "summary", "v2", "--alpha", "0.5", "--input-shape", "96x128", "--classes", "10", "--set", "pooling=none"
    )
    assert by_options.out == run("summary", "v2:alpha=0.5,input_shape=96x128,classes=10").out
    assert run("summary", "v2", "--no-include-top").out == run("summary", "v2:include_top=false").out
    assert run("summary", "v2", "--flavor", "article").out == run("summary", "v2@article").out


def test_a_warning_is_on_stderr_and_the_result_stands(run) -> None:
    result = run("summary", "efficientnet@article:depth=0.5", "--by", "stage")
    assert result.code == 0
    assert result.err.splitlines()[0] == "cnncli: warning: stage1 vanishes: int(1 * depth 0.5) = 0 blocks"


def test_output_to_a_file(run, tmp_path: Path) -> None:
    path = tmp_path / "v2.json"
    assert run("summary", "v2", "--format", "json", "-o", path) == Result(0, "", "")
    assert json.loads(path.read_text())["totals"]["params"] == 3_538_984
    assert run("summary", "v2", "-o", path) == Result(2, "", f"cnncli: {path} exists; add --force to replace it\n")
    assert run("summary", "v1", "--format", "json", "-o", path, "--force").code == 0
    assert json.loads(path.read_text())["totals"]["params"] == 4_253_864
    assert [entry.name for entry in tmp_path.iterdir()] == ["v2.json"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("summary", 2, "Missing argument"),
        ("summary v9", 2, "unknown model 'v9'; did you mean"),
        ("summary v2 --alpha x", 2, "alpha=x: expected a number above 0"),
        ("summary v2 --set alpha", 2, "--set alpha: expected KEY=VALUE"),
        ("summary v2 --alpha 1 --set alpha=2", 2, "alpha is given twice: 1 and 2"),
        ("summary v2:alpha=0.5 --alpha 1", 2, "alpha is given twice: 0.5 and 1"),
        ("summary v2@article --flavor keras", 2, "contradicts --flavor keras"),
        ("summary v2 --by row", 2, "--by row: expected layer, block, stage"),
        ("summary v2 --top 0", 2, "--top 0: expected"),
        ("summary v2 --columns name,parms", 2, "unknown column 'parms'; did you mean"),
        ("summary v2 --sort sizes", 2, "unknown column 'sizes'"),
        ("summary v2 --sort name,params", 2, "--sort name,params: expected one column"),
        ("summary v2 --at 20", 2, "--at 20: mobilenet_v2 has no output of this size; there are 224x224, 112x112"),
        ("summary v2 --at 20x20x3", 2, "--at 20x20x3: expected a height and a width, without channels, such as 19x19"),
        ("summary v2 --at x", 2, "--at x: expected a height and a width"),
        ("summary v2 --type Conv3D", 2, "has no layer 'Conv3D'; did you mean Conv2D?; it has Add, BatchNorm"),
        ("summary v2 --type conv2d,", 2, "has no layer ''; it has Add"),
        ("summary v2 --type Conv2D --by block", 2, "--type Conv2D names layers; it goes with --by layer"),
        ("summary v2 --freeze-before 156", 2, "--freeze-before 156: mobilenet_v2 has no such layer"),
        ("summary v2 --freeze-before block_13_expand_rely", 2, "did you mean block_13_expand_relu"),
        ("summary v2 --format yaml", 2, "yaml"),
        ("summary v2 --formt json", 2, "No such option: --formt"),
        ("sumary v2", 2, "No such command 'sumary'; did you mean summary?"),
        ("summary v2 -o /nonexistent/x.txt", 3, "there is no directory /nonexistent"),
        ("summary v2 -o /", 2, "/ is a directory"),
        ("summary v1:input_shape=1", 2, "takes at least 32x32"),
        ("summary v1@article:alpha=0.01", 2, "cannot be built"),
        ("list --family ResFormer", 2, "unknown family 'ResFormer'; there are "),
        ("list --family mobilnet", 2, "did you mean MobileNet?"),
        ("list --flavor torch", 2, "unknown flavor 'torch'"),
    ],
)
def test_errors_are_one_line_with_the_right_code(run, arguments: str, code: int, says: str) -> None:
    refused(run(*arguments.split()), code, says)


def test_a_paper_without_a_number_at_arxiv(run) -> None:
    from dataclasses import replace

    from cnncli.models.spec import Paper
    from cnncli.network import network
    from cnncli.views.summary import title

    found = network("v1")
    assert found.about is not None
    unnumbered = replace(found, about=found.about._replace(paper=Paper("Gradient-based learning")))
    assert title(unnumbered).endswith("\nGradient-based learning")
    assert title(found).endswith(", arXiv 1704.04861")


@pytest.mark.parametrize("arguments", ["--help", "summary --help", "list --help", "--version"])
def test_help_names_an_example(run, arguments: str) -> None:
    result = run(*arguments.split())
    assert result.code == 0
    assert "cnncli" in result.out
    if "help" in arguments:
        assert "Example" in result.out


def test_a_terminal_gets_colours_and_its_width(cnncli) -> None:
    assert "\x1b[" in cnncli("list", FORCE_COLOR="1").out
    assert "\x1b[" not in cnncli("list", FORCE_COLOR="1", NO_COLOR="1").out
    assert "\x1b[" not in cnncli("list").out


def test_the_columns_named_in_help_are_those_there_are(run) -> None:
    from cnncli.views.columns import column_keys

    told = " ".join(run("summary", "--help").out.replace("│", " ").split())
    assert ", ".join(column_keys()) in " ".join(word for word in told.split() if not word.startswith("--"))


def test_characters_that_the_stream_lacks_are_replaced(cnncli) -> None:
    plain = cnncli("summary", "v2", "--by", "stage", PYTHONIOENCODING="ascii")
    assert plain.code == 0
    assert plain.out.isascii()
    assert "-----" in plain.out


@pytest.mark.parametrize("arguments", ["summary efficientnet_b7 --format json", "list", "--help"])
def test_nothing_heavy_is_loaded(arguments: str) -> None:
    script = (
        "import sys\nfrom cnncli.cli.app import main\n"
        f"try: main({arguments.split()!r})\n"
        "except SystemExit as ended: assert not ended.code, ended.code\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib', 'pydot', 'pygraphviz', 'PIL', 'ai_edge_litert'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == "[]\n"


def test_the_suffix_of_a_file_says_its_format(run, tmp_path: Path) -> None:
    for suffix, begins in (("json", "{"), ("csv", "name,"), ("md", "**mobilenet_v2"), ("txt", "mobilenet_v2 ")):
        path = tmp_path / f"report.{suffix}"
        assert run("summary", "v2", "-o", path).code == 0
        assert path.read_text().startswith(begins)
    assert run("summary", "v2", "--format", "csv", "-o", tmp_path / "x.json").code == 0
    assert (tmp_path / "x.json").read_text().startswith("name,")


@pytest.mark.parametrize("width", [20, 40, 60])
def test_numbers_are_whole_however_narrow_the_terminal(run, monkeypatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    listed, summed = run("list").out, run("summary", "v2", "--by", "stage").out
    assert all(figure in listed for figure in ("568.74 M", "37.75 G", "66.66 M"))
    assert all(figure in summed for figure in ("1,695,720", "3,538,984", "300.77 M"))


@pytest.mark.parametrize(("width", "shown"), [(80, "5,330,571"), (62, "5.33 M")])
def test_chosen_columns_are_short_where_the_terminal_is_narrow(run, monkeypatch, width: int, shown: str) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = run("summary", "b0", "--by", "stage", "--columns", "name,output_shape,params,trainable_params,macs,flops").out
    table = out[out.index("Layer ") : out.index("\n\n", out.index("Total"))]
    assert max(map(len, table.splitlines())) <= width
    assert table.splitlines()[-1].removeprefix("Total").strip().startswith(shown)


@pytest.mark.parametrize("columns", ["name,name", "name,macs,params,macs", ",".join(["macs"] * 3000)])
def test_a_column_is_named_once(run, columns: str) -> None:
    refused(run("summary", "v1", "--columns", columns), 2, "is named twice")
