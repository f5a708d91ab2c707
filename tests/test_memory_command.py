"""`memory` as its users meet it: what is held at each operation, where most is, and what training takes."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import golden, graph_of, refused

from cnncli.amounts import UNKNOWN, AtLeast
from cnncli.analysis.timeline import LAYER, timeline
from cnncli.deployed import Constant, Operation, Plan, Tensor
from cnncli.errors import UsageError
from cnncli.graph import Graph, fold
from cnncli.graph.fold import BLOCK
from cnncli.graph.layers import Add, BatchNormalization, Conv2D, Dense, Flatten, InputLayer, Opaque, ReLU
from cnncli.network import of_graph
from cnncli.views.memory import Wanted, headline, memory_document, tensors, timeline_of

FILES = Path(__file__).parent / "files"


def small() -> Graph:
    """A network whose plan is written down by hand: a convolution fused with what follows, a sum, a dense layer.

    Bytes of its tensors: image 192, conv 192, twin 256, sum 192, flat 192, classes 8.
    """
    graph = Graph("small")
    image = graph.add(InputLayer((4, 4, 3)), name="image")
    with graph.scope("stem"), graph.scope("block", 1, kind="Block"):
        x = graph.add(Conv2D(3, 3, padding="same", use_bias=False), image, name="conv")
        x = graph.add(BatchNormalization(), x, name="bn")
        x = graph.add(ReLU(6.0), x, name="activation")
        y = graph.add(Conv2D(4, 1), image, name="twin")
        y = graph.add(Conv2D(3, 1), y, name="narrow")
        x = graph.add(Add(), x, y, name="add")
    x = graph.add(Flatten(), x, name="flat")
    graph.add(Dense(2), x, name="classes")
    plan = Plan("float32")
    shapes = {"image": (4, 4, 3), "conv": (4, 4, 3), "twin": (4, 4, 4), "narrow": (4, 4, 3), "sum": (4, 4, 3)}
    plan.tensors = [Tensor(name, (1, *shape)) for name, shape in shapes.items()]
    plan.tensors += [Tensor("flat", (1, 48)), Tensor("classes", (1, 2))]
    plan.constants = [Constant("kernel", (3, 3, 3, 3)), Constant("bias", (3,)), Constant("shape", (2,), "int32")]
    plan.operations = [
        Operation("CONV_2D", (0,), (1,), (0, 1), (1, 2, 3)),
        Operation("CONV_2D", (0,), (2,), (), (4,)),
        Operation("CONV_2D", (2,), (3,), (), (5,)),
        Operation("ADD", (1, 3), (4,), (), (6,)),
        Operation("RESHAPE", (4,), (5,), (2,), (7,)),
        Operation("FULLY_CONNECTED", (5,), (6,), (), (8,)),
    ]
    plan.inputs, plan.outputs = (0,), (6,)
    graph.file_plan = plan
    return graph


def test_a_row_an_operation_by_arithmetic() -> None:
    rows = timeline(small(), "float32").rows
    assert [(row.operation, row.name, row.text, row.output_shape) for row in rows] == [
        (0, "stem.block1.conv", "CONV_2D", (4, 4, 3)),
        (1, "stem.block1.twin", "CONV_2D", (4, 4, 4)),
        (2, "stem.block1.narrow", "CONV_2D", (4, 4, 3)),
        (3, "stem.block1.add", "ADD", (4, 4, 3)),
        (4, "flat", "RESHAPE", (48,)),
        (5, "classes", "FULLY_CONNECTED", (2,)),
    ]
    assert rows[0].layers == ("stem.block1.conv", "stem.block1.bn", "stem.block1.activation")
    assert [row.reads for row in rows] == [192, 192, 256, 384, 192, 192]
    assert [row.writes for row in rows] == [192, 256, 192, 192, 192, 8]
    assert [row.constants for row in rows] == [4 * 81 + 4 * 3, 0, 0, 0, 8, 0]
    # the image until both have read it, the convolution's output until the sum
    assert [row.live_bytes for row in rows] == [384, 192 + 192 + 256, 192 + 256 + 192, 3 * 192, 384, 200]


def test_a_block_holds_what_its_largest_operation_does() -> None:
    block, flat, classes = timeline(small(), "float32", depth=BLOCK).rows
    assert (block.name, block.operation, block.live_bytes) == ("stem.block1", 1, 640)
    assert (block.reads, block.writes) == (192 + 192 + 256 + 384, 192 + 256 + 192 + 192)
    assert block.types == ("CONV_2D", "CONV_2D", "CONV_2D", "ADD")
    assert block.text.startswith("Block")
    assert (flat.name, flat.text, classes.live_bytes) == ("flat", "RESHAPE", 200)


def test_an_operation_that_no_layer_is_has_its_tensors_name() -> None:
    graph = small()
    assert graph.file_plan
    graph.file_plan.operations[0] = Operation("QUANTIZE", (0,), (1,))
    for depth in (None, LAYER, BLOCK):
        first = timeline(graph, "float32", depth=depth).rows[0]
        assert (first.name, first.text, first.layers, first.scope) == ("conv", "QUANTIZE", (), ())


@pytest.mark.parametrize("reference", ["v2", "v3_small", "b0", "densenet121", "nasnet_mobile"])
@pytest.mark.parametrize("depth", [LAYER, 1, BLOCK])
def test_rows_of_every_level_have_all_operations_and_one_peak(reference: str, depth: int) -> None:
    graph = graph_of(reference)
    each, together = timeline(graph, "int8"), timeline(graph, "int8", depth=depth)
    assert sum(len(row.types) for row in together.rows) == len(each.rows) == len(each.plan.operations)
    for key in ("reads", "writes", "constants"):
        assert sum(getattr(row, key) for row in together.rows) == sum(getattr(row, key) for row in each.rows)
    assert max(row.live_bytes for row in together.rows) == max(row.live_bytes for row in each.rows) == each.peak.bytes
    assert sum(tensor.bytes for tensor in each.held) == each.peak.bytes
    names = {group.name for group in fold(graph, depth or None)}
    assert {row.name for row in together.rows if row.layers} <= names


def test_the_headline_says_what_the_peak_is() -> None:
    """DESIGN's truth of EfficientNet-B0: silu reads x and sigmoid(x) and writes their product."""
    assert headline(timeline(graph_of("b0"), "float32")) == (
        "Peak 14.45 MB (14,450,688 bytes) at stage2.block1.expand_activation: three tensors of 112x112x96 "
        "(float32, batch 1)"
    )
    assert headline(timeline(small(), "float32")) == (
        "Peak 640 bytes at stem.block1.twin: one tensor of 4x4x4 and two of 4x4x3 (float32, batch 1)"
    )


def test_tensors_in_words() -> None:
    def held(*sizes: int) -> list[tuple[tuple[int, ...], str]]:
        return [((size,), "float32") for size in sizes]

    assert tensors(held(5)) == "one tensor of 5"
    assert tensors(held(5, 5)) == "two tensors of 5"
    assert tensors(held(5, 4, 4, 3)) == "one tensor of 5, two of 4 and one of 3"
    assert tensors(held(5, 4, 3, 2, 1)) == "one tensor of 5, one of 4, one of 3 and two smaller"
    assert tensors(held(*[7] * 11)) == "11 tensors of 7"
    assert tensors([((5,), "float32"), ((5,), "int8")]) == "one tensor of 5 float32 and one of 5 int8"


def test_a_kernel_that_is_expanded_has_no_batch() -> None:
    """Of float16 the kernels are made floats at the beginning, and their first axis is no batch."""
    told = timeline(graph_of("v1"), "float16")
    assert "at stage1.block1.pointwise_conv: one tensor of 1024x1x1x1024, one of 1000x1x1x1024, one of" in headline(
        told
    )
    assert {row.output_shape for row in told.rows[:4]} >= {(1000,), (1000, 1, 1, 1024)}
    assert told.rows[-1].output_shape == (1000,)


def test_what_is_neither_drawn_nor_written_names_all_that_is(run, tmp_path) -> None:
    done = run("memory", "v1", "-o", tmp_path / "x.bin")
    refused(done, 2, "nothing is written as .bin; use .pdf, .png, .svg, .json,")


def test_a_batch_multiplies_tensors_and_no_constant(run) -> None:
    one, four = (json.loads(run("memory", "v2", "--batch", batch, "-f", "json").out) for batch in (1, 4))
    assert (one["batch"], four["batch"]) == (1, 4)
    assert four["peak"]["bytes"] == 4 * one["peak"]["bytes"]
    for before, after in zip(one["rows"], four["rows"], strict=True):
        assert (after["reads"], after["writes"]) == (4 * before["reads"], 4 * before["writes"])
        assert after["constants"] == before["constants"]
    assert four["arena_bytes"] >= four["peak"]["bytes"]


# As it is read


@pytest.mark.parametrize("width", [40, 80, 160, None], ids=lambda width: f"{width or 'piped'}")
@pytest.mark.parametrize(
    "arguments",
    ["v3_small:alpha=0.75,input_shape=96", "efficientnet_b0 --by block", "v2 --top 5",
     "mobilenet_v2 --training --by stage --batch 32 --optimizer adam"],
    ids=["operation", "block", "top", "training"],
)  # fmt: skip
def test_tables(run, monkeypatch, arguments: str, width: int | None, request) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    result = run("memory", *arguments.split())
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= (width or 1000)
    golden(f"memory-{request.node.callspec.id}.txt", result.out)


@pytest.mark.parametrize("how", ["csv", "markdown", "json", "latex", "html", "tsv"])
def test_formats_have_goldens(run, how: str) -> None:
    golden(f"memory.{how}", run("memory", "v2", "--by", "stage", "--format", how).out)


def test_every_format_has_the_same_rows(run) -> None:
    def report(how: str) -> str:
        return run("memory", "v3_small", "--top", "7", "--format", how).out

    data = json.loads(report("json"))
    names = [row["name"] for row in data["rows"]]
    live = [row["live_bytes"] for row in data["rows"]]
    assert (len(names), live) == (7, sorted(live, reverse=True))
    assert data["peak"]["bytes"] == live[0]
    assert data["peak"]["name"] == names[0]
    rows = list(csv.DictReader(io.StringIO(report("csv"))))
    assert [(row["name"], int(row["live_bytes"])) for row in rows] == list(zip(names, live, strict=True))
    assert float(rows[0]["share"]) == 100
    markdown = [line.split("|")[2].strip() for line in report("markdown").splitlines() if line.startswith("| ")]
    assert markdown[2:] == names
    assert "7 of " in report("table")


def test_bars_are_as_long_as_their_share_and_only_a_terminal_sees_colours(run, monkeypatch) -> None:
    plain = run("memory", "v2", "--by", "stage").out
    assert "\x1b" not in plain
    assert plain.count("peak") == 2  # the column's header and the row
    (peak,) = [line for line in plain.splitlines() if line.endswith("█ peak")]
    assert peak.count("█") == 20
    (half,) = [line for line in plain.splitlines() if line.startswith(" 1  stage1 ")]
    assert half.count("█") in (10, 11)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run("memory", "v2", "--by", "stage").out
    assert "\x1b[1;31m" in coloured
    assert "\x1b[36m█" in coloured


def test_bars_where_there_are_only_ascii_characters(cnncli) -> None:
    out = cnncli("memory", "v2", "--by", "stage", PYTHONIOENCODING="ascii").out
    assert "#" * 20 + " peak\n" in out
    assert "?" not in out


def test_columns_and_order(run) -> None:
    out = run("memory", "v2", "--columns", "name,constants", "--sort", "constants", "--top", "1", "-f", "csv").out
    assert out.splitlines()[0] == "name,constants"
    assert len(out.splitlines()) == 2
    by_name = run("memory", "v2", "--by", "stage", "--sort", "name", "--columns", "name", "-f", "csv").out.split()
    assert by_name[1:] == sorted(by_name[1:])


def test_several_networks(run, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("v1\n# none\nv2\n"))
    lines = run("memory", "-", "--by", "stage", "--format", "json").out.splitlines()
    assert [json.loads(line)["model"]["name"] for line in lines] == ["mobilenet_v1", "mobilenet_v2"]
    rows = list(csv.DictReader(io.StringIO(run("memory", "v1", "v2", "--format", "csv").out)))
    assert {row["model"] for row in rows} == {"mobilenet_v1", "mobilenet_v2"}


def test_files_and_callables(run, tmp_path, monkeypatch) -> None:
    (tmp_path / "own.py").write_text(
        "from cnncli.graph import Graph\nfrom cnncli.graph.layers import Conv2D, InputLayer\n\n"
        "def build():\n    graph = Graph('own')\n    image = graph.add(InputLayer((8, 8, 1)), name='image')\n"
        "    graph.add(Conv2D(2, 1), image, name='conv')\n    return graph\n"
    )
    monkeypatch.chdir(tmp_path)
    data = json.loads(run("memory", "own.py:build", "-f", "json").out)
    assert (data["peak"]["bytes"], data["peak"]["name"]) == (4 * 64 * 3, "conv")
    data = json.loads(run("memory", FILES / "inverted_residuals.onnx", "--by", "block", "-f", "json").out)
    assert data["peak"]["bytes"] > 0
    assert any("block" in row["name"] for row in data["rows"])


# What is not known, and what is wrong


def test_what_nobody_knows_is_at_least_so_much() -> None:
    graph = Graph("mystery")
    x = graph.add(InputLayer((8, 8, 3)), name="image")
    x = graph.add(Conv2D(4, 1), x, name="conv")
    x = graph.add(Opaque("Mystery", (8, 8, 4)), x, name="mystery")
    graph.add(Conv2D(2, 1), x, name="last")
    plan = Plan("float32", [Tensor(name, (1, 8, 8, 4)) for name in ("image", "conv", "mystery", "last")])
    plan.operations = [Operation("CONV_2D", (0,), (1,), (), (1,)), Operation("CONV_2D", (2,), (3,), (), (3,))]
    plan.inputs, plan.outputs, plan.uncounted = (0,), (3,), (2,)
    graph.file_plan = plan
    found = of_graph(graph)
    text = memory_document(found, Wanted()).sections(160)[0]
    assert "Peak at least 3.07 kB (3,072 bytes) at conv" in text.title  # type: ignore[union-attr]
    assert "1 layer uncounted (Mystery)" in text.notes  # type: ignore[union-attr]
    data: Any = memory_document(found, Wanted()).data()
    assert isinstance(data["peak"]["bytes"], AtLeast)
    assert data["arena_bytes"] is UNKNOWN
    assert data["uncounted"] == [{"name": "mystery", "type": "Mystery"}]


def test_a_size_that_a_file_leaves_open(run) -> None:
    result = run("memory", FILES / "open_size.tflite")
    assert "Peak at least" in result.out
    assert "Arena           unknown" in result.out
    assert "--input-shape" in result.err
    settled = run("memory", FILES / "open_size.tflite", "--input-shape", "8x8")
    assert (settled.code, settled.err) == (0, "")
    assert "?" not in settled.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("v2 --by blocks", "--by blocks: expected operation, layer, block, stage or a depth such as 3; did you mean"),
        ("v2 --by 0", "--by 0: expected operation"),
        ("v2 --training --by blocks", "--by blocks: expected layer, block, stage"),
        ("v2 --top 0", "--top 0: expected a whole number from 1"),
        ("v2 --batch none", "--batch none: expected a whole number from 1"),
        ("v2 --columns nome", "unknown column 'nome'; did you mean name?"),
        ("v2 --training --columns reads", "unknown column 'reads'"),
        ("v2 --optimizer adam", "--optimizer adam is for --training"),
        ("v2 --training --dtype int8", "--dtype int8: training is counted in float32"),
        ("v2 --dtype int7", "dtype int7: expected float32"),
        (f"{FILES / 'alone.weights.h5'} --format csv", "holds weights alone"),
        (f"{FILES / 'separable_int8.tflite'} --dtype float32", "is int8-io, batch 1: no other kind"),
        ("v2 -o memory.bmp", "memory.bmp"),
    ],
)
def test_mistakes(run, arguments: str, says: str) -> None:
    result = run("memory", *arguments.split())
    lines = [line for line in result.err.splitlines() if "warning" not in line]
    assert (result.code, result.out, len(lines)) == (2, "", 1)
    assert says in lines[0]


def test_a_network_that_computes_nothing() -> None:
    graph = Graph("idle")
    graph.add(Flatten(), graph.add(InputLayer((4,)), name="image"), name="flat")
    with pytest.raises(UsageError, match="nothing is computed"):
        timeline_of(of_graph(graph), Wanted())


def test_a_kind_that_cannot_be_made() -> None:
    graph = small()
    graph.file_plan = Plan("float16", impossible="so it is")
    with pytest.raises(UsageError, match="small cannot be deployed as float16: so it is"):
        timeline_of(of_graph(graph), Wanted())


def test_a_file_has_its_own_batch(run) -> None:
    def told(*more: object) -> Any:
        return json.loads(run("memory", FILES / "separable_int8.tflite", *more, "-f", "json").out)

    one, four = told(), told("--batch", 4)
    assert (one["kind"], four["kind"], one["batch"], four["batch"]) == ("int8-io", "int8-io", 1, 4)
    assert four["peak"]["bytes"] == 4 * one["peak"]["bytes"] == 4 * 1280
    assert [row["types"] for row in four["rows"]] == [row["types"] for row in one["rows"]]


def test_a_file_exists(run, tmp_path) -> None:
    path = tmp_path / "memory.csv"
    assert run("memory", "v2", "-o", path).code == 0
    assert path.read_text(encoding="utf-8").startswith("operation,name,type,")
    refused(run("memory", "v2", "-o", path), 2, "--force")
