"""What moves between memory and arithmetic, on graphs small enough to count by hand, and the roof over it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result, graph_of, refused

from cnncli.amounts import UNKNOWN, AtLeast, is_known
from cnncli.analysis.movement import Bound, Movement, Roof, movements, together
from cnncli.analysis.report import report
from cnncli.graph import Graph
from cnncli.graph.layers import Activation, Add, BatchNormalization, Conv2D, InputLayer, Opaque, ReLU
from cnncli.network import network
from cnncli.views.roofline import read_roof

Run = Callable[..., Result]

KERNEL, BIAS, MAP = 4 * 3 * 3 * 3 * 8, 4 * 8, 4 * 8 * 8 * 8
PICTURE = 4 * 16 * 16 * 3


def stem() -> Graph:
    """A convolution of 8 channels with stride 2, with a batch norm and a ReLU that are folded into it."""
    graph = Graph("stem")
    x = graph.add(InputLayer((16, 16, 3)), name="image")
    x = graph.add(Conv2D(8, 3, strides=2, padding="same", use_bias=False), x, name="conv")
    x = graph.add(BatchNormalization(), x, name="bn")
    graph.add(ReLU(), x, name="relu")
    return graph


def test_a_convolution_reads_its_input_its_kernel_and_its_folded_bias() -> None:
    image, conv, bn, relu = movements(stem())
    assert (conv.read, conv.written) == (PICTURE + KERNEL + BIAS, MAP)
    assert conv.macs == 8 * 8 * 8 * 27
    assert conv.intensity == conv.macs / (PICTURE + KERNEL + BIAS + MAP)
    assert [each.moved for each in (image, bn, relu)] == [0, 0, 0]
    assert image.intensity is None


def test_in_int8_maps_and_kernels_take_a_quarter() -> None:
    conv = movements(stem(), "int8-io")[1]
    assert (conv.read, conv.written) == (PICTURE // 4 + KERNEL // 4 + BIAS, MAP // 4)  # a bias is of int32


def test_a_sum_reads_a_tensor_that_it_takes_twice_once() -> None:
    graph = stem()
    graph.add(Add(), graph.nodes[-1], graph.nodes[-1], name="twice")
    assert movements(graph)[-1] == Movement(0, MAP, MAP)


def test_silu_moves_three_maps_more_than_its_convolution() -> None:
    graph = stem()
    graph.add(Activation("silu"), graph.nodes[-1], name="silu")
    before, after = together(movements(stem())), together(movements(graph))
    assert after.read - before.read == 3 * MAP  # x for the sigmoid, x and sigmoid(x) for the product
    assert after.written - before.written == 2 * MAP


def test_what_an_opaque_layer_moves_is_not_known() -> None:
    graph = stem()
    graph.add(Opaque("Foo", (8, 8, 8)), graph.nodes[-1], name="foo")
    known, foo = movements(graph)[1], movements(graph)[-1]
    assert foo.macs is UNKNOWN
    assert foo.intensity is None
    assert isinstance(together([known, foo]).macs, AtLeast)
    assert Roof(10, 10).seconds([known, foo]) is None
    assert Roof(10, 10).bound([known, foo]) is None


def test_the_roof_takes_the_slower_of_arithmetic_and_memory() -> None:
    roof = Roof(macs=100, bandwidth=10)
    busy, moving = Movement(1000, 40, 10), Movement(100, 90, 10)
    assert roof.seconds([busy]) == 10
    assert roof.bound([busy]) is Bound.COMPUTE
    assert roof.seconds([moving]) == 10
    assert roof.bound([moving]) is Bound.MEMORY
    assert roof.seconds([busy, moving, moving]) == 30
    assert roof.bound([busy, moving, moving]) is Bound.MEMORY  # 20 of the 30 seconds
    assert roof.bound([Movement(0, 0, 0)]) is None


@pytest.mark.parametrize(
    ("text", "roof"),
    [("10G,5GB", Roof(10**10, 5 * 10**9)), ("1.5T/s, 2GiB/s", Roof(15 * 10**11, 2 * 2**30)), ("8,8B", Roof(8, 8))],
)
def test_a_roof_is_read_as_people_write_it(text: str, roof: Roof) -> None:
    assert read_roof(text) == roof


@pytest.mark.parametrize("text", ["", "10G", "10G,5GB,1", "10G,5X", "x,5GB", "0,5GB", "5G,0", "-1,5"])
def test_another_roof_is_refused(text: str, run: Run) -> None:
    refused(run("summary", "v1", "--roofline", text), 2, f"--roofline {text}: expected")


def test_what_nobody_knows_does_not_move_nothing(run: Run) -> None:
    """Of a quantized file no other kind is made, so that nobody can say what it would move."""
    path = Path(__file__).parent / "files" / "separable_int8.tflite"
    graph = network(str(path)).graph
    assert all(part.moved is UNKNOWN for part in movements(graph, "float32"))
    assert is_known(together(movements(graph, "int8-io")).moved)
    said = run("summary", str(path), "--roofline", "1G,1GB", "--dtype", "float32").out
    assert "Roofline        unknown for float32 at 1.00 G MACs" in said


def test_a_roof_in_the_wrong_order_says_which_side(run: Run) -> None:
    refused(run("summary", "v1", "--roofline", "5GB,10G"), 2, "such as 5M, for MACs a second, not '5GB'")
    refused(run("summary", "v1", "--roofline", "10G,5X"), 2, "for bytes a second, not '5X'")


def test_rows_of_blocks_move_what_their_layers_do() -> None:
    graph = graph_of("mobilenet_v2")
    whole = together(movements(graph))
    for depth in (1, 2):
        found = report(graph, depth)
        assert together([together(found.moved_by(row)) for row in found.rows]) == whole


def test_summary_under_a_roof(run: Run) -> None:
    found = run("summary", "v1", "--by", "stage", "--roofline", "10G,5GB", "--dtype", "int8")
    lines = found.out.splitlines()
    assert "MACs/byte  Bound" in next(line for line in lines if line.startswith("Layer"))
    line = next(line for line in lines if line.startswith("Roofline"))
    assert "int8 at 10.00 G MACs and 5.00 GB a second; a bound, not a forecast" in line
    data = json.loads(run("summary", "v1", "--roofline", "10G,5GB", "--dtype", "int8", "--format", "json").out)
    assert data["roofline"]["seconds"] == pytest.approx(sum(row["seconds"] for row in data["layers"]))
    assert {row["bound"] for row in data["layers"]} == {"compute", "memory", None}


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_roof_fits_a_narrow_terminal(run: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """What a layer is bound by stays; its type, its MACs and its intensity make room."""
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run("summary", "v2", "--roofline", "10G,5GB").out.splitlines()
    assert max(map(len, lines)) <= width
    assert lines[next(n for n, line in enumerate(lines) if line.startswith("Layer"))].endswith("Bound     At least")


def test_columns_of_movement_stand_without_a_roof(run: Run) -> None:
    found = run("summary", "v1", "--columns", "name,bytes_read,bytes_written,arithmetic_intensity", "--format", "csv")
    header, *rows = found.out.splitlines()
    assert header == "name,bytes_read,bytes_written,arithmetic_intensity"
    whole = movements(graph_of("v1"))
    assert sum(int(row.split(",")[1]) for row in rows) == together(whole).read
