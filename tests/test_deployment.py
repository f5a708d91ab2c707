"""What networks are as deployed, wherever it is told: the file, the peak of memory, the arena, by kind."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from conftest import Result, graph_of, refused

from cnncli import load
from cnncli.amounts import UNKNOWN, AtLeast, is_known, known_part
from cnncli.analysis.deployment import deployment, kinds_of, live_by_layer, peak_at
from cnncli.analysis.metrics import METRICS, Totals, metric
from cnncli.errors import CheckFailed, UsageError

KINDS = ("float32", "float16", "dynamic", "int8", "int8-io")
FILES = Path(__file__).parent / "files"
INT8 = str(FILES / "separable_int8.tflite")  # int8 at its ends, too
FLOAT = str(FILES / "recurrent.tflite")
INT8_BYTES = (FILES / "separable_int8.tflite").stat().st_size
# What TensorFlow Lite Micro's interpreter allocates for the tensors of files that `export` writes with int8 ends
# (the head that its RecordingMicroAllocator tells).
HEADS = {
    "mobilenet_v1:alpha=0.25,input_shape=96x96x1,classes=2": 55_296,
    "mobilenet_v1:input_shape=97": 313_664,
    "mobilenet_v2:alpha=0.35,input_shape=96": 138_240,
    "mobilenet_v2": 1_505_280,
    "mobilenet_v3_large:input_shape=96": 184_320,
    "mobilenet_v3_small:input_shape=96": 73_728,
    "mobilenet_v3_small": 401_408,
    "efficientnet_b0:input_shape=96": 663_552,
}
# The largest sum of live tensors of the same files, and of one in float32.
LIVE = {
    ("mobilenet_v3_small", "int8-io"): 401_408,
    ("efficientnet_b0", "float32"): 14_450_688,
}


@pytest.mark.parametrize("reference", HEADS)
def test_the_arena_is_what_tflite_micro_allocates(reference: str) -> None:
    assert Totals(graph_of(reference)).arena_bytes == HEADS[reference]


@pytest.mark.parametrize(("reference", "kind"), LIVE)
def test_the_peak_is_the_files(reference: str, kind: str) -> None:
    assert deployment(graph_of(reference), kind).peak.bytes == LIVE[reference, kind]


def test_b0_does_not_fit_what_it_seemed_to_fit(run) -> None:
    result = run("check", "efficientnet_b0", "--max-peak-activation", "8MiB", "--format", "junit")
    assert result.code == 1
    assert (
        "14,450,688 bytes of activations in float32 (13.78 MiB), most at stage2.block1.expand_activation ("
        in result.out
    )


# Figures by kind


def test_a_figure_says_of_which_kind_it_is_but_for_float32_where_that_is_usual() -> None:
    keys = [each.of(kind).key for each in METRICS if each.by_kind for kind in ("float32", "int8-io")]
    assert keys == [
        "tflite_bytes", "tflite_bytes_int8_io", "peak_activation_bytes", "peak_activation_bytes_int8_io",
        "arena_bytes_float32", "arena_bytes_int8_io",
    ]  # fmt: skip
    totals = load("v1:alpha=0.25,input_shape=96").totals
    assert totals["tflite_bytes"] > totals["tflite_bytes_float16"] > totals["tflite_bytes_int8"]
    assert totals["peak_activation_bytes"] == totals["peak_activation_bytes_dynamic"]
    assert totals["arena_bytes"] == totals["arena_bytes_int8_io"] < totals["arena_bytes_float32"]
    with pytest.raises(KeyError):
        metric("tflite_bytes_int4")


def test_nothing_is_computed_that_is_not_asked_for(monkeypatch) -> None:
    """Not even a plan."""
    monkeypatch.setattr("cnncli.analysis.deployment.deployed", lambda *_: pytest.fail("a plan was made"))
    totals = load("v1").totals
    assert totals.macs == 568_740_352
    with pytest.raises(pytest.fail.Exception):
        _ = totals.tflite_bytes


def test_where_the_peak_is() -> None:
    at = peak_at(graph_of("efficientnet_b0"), "float32")
    assert at is not None
    assert at.layer == "stage2.block1.expand_activation"


def test_live_bytes_of_layers_meet_the_peak() -> None:
    graph = graph_of("mobilenet_v1")
    live = live_by_layer(graph)
    assert max(filter(None, live)) == Totals(graph).peak_activation_bytes
    by_name = {node.name: found for node, found in zip(graph.nodes, live, strict=True)}
    assert by_name["image"] is None
    assert by_name["stem.stem_conv"] == 4 * (224 * 224 * 3 + 112 * 112 * 32)


# Files


def test_a_quantized_file_is_what_it_is_and_nothing_else() -> None:
    network = load(INT8)
    assert kinds_of(network.graph) == ("int8-io",)
    assert deployment(network.graph, "int8-io").is_read
    assert deployment(network.graph, "float32").peak.bytes is UNKNOWN
    assert network.totals.tflite_bytes == network.totals["tflite_bytes_int8_io"] == INT8_BYTES
    network.check(max_tflite_bytes=INT8_BYTES, max_peak_activation=network.totals.peak_activation_bytes)
    with pytest.raises(CheckFailed, match=f"{INT8_BYTES:,} bytes of file in int8-io, 1 over max-tflite-bytes"):
        network.check(max_tflite_bytes=INT8_BYTES - 1)
    with pytest.raises(CheckFailed, match="unknown bytes of activations in float32: the file is int8-io, so that"):
        network.check(max_peak_activation="1GB", dtype="float32")


def test_of_a_float_file_other_kinds_are_predicted(run) -> None:
    network = load(FLOAT)
    assert kinds_of(network.graph) == KINDS
    own, predicted = deployment(network.graph, "float32"), deployment(network.graph, "int8")
    assert (own.is_read, predicted.is_read) == (True, False)
    assert network.totals.tflite_bytes == Path(FLOAT).stat().st_size
    assert 0 < known_part(predicted.peak.bytes) < known_part(own.peak.bytes)
    out = run("summary", FLOAT).out
    assert "\n* As the file is; the others are predicted.\n" in out
    assert [line for line in out.splitlines() if line.startswith("float32 *")]
    assert not [line for line in out.splitlines() if line.startswith("int8 *")]


def test_of_a_table_of_weights_nothing_is_told(run) -> None:
    weights = str(FILES / "alone.weights.h5")
    totals = load(weights).totals
    assert totals.tflite_bytes is totals.peak_activation_bytes is totals.arena_bytes is UNKNOWN
    assert "deployed" not in run("summary", weights).out
    assert json.loads(run("summary", weights, "--format", "json").out)["deployed"] == {}


def test_what_is_open_is_told_as_that(run) -> None:
    out = run("summary", str(FILES / "open_size.tflite")).out
    assert "Arena unknown of " in out
    data = json.loads(run("summary", str(FILES / "open_size.tflite"), "--format", "json").out)
    assert data["deployed"]["float32"]["arena_bytes"] is None
    assert data["deployed"]["float32"]["arena_tail_bytes"] is None
    found = deployment(load(str(FILES / "open_size.tflite")).graph, "float32").peak.bytes
    assert found is UNKNOWN or isinstance(found, AtLeast)


# Summary


@pytest.mark.parametrize("width", [40, 80, 160, None])
def test_the_table_of_kinds_fits(run, monkeypatch, width: int | None) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    lines = run("summary", "b0", "--by", "stage").out.splitlines()
    (start,) = [
        number for number, line in enumerate(lines) if line.split() == ["deployed", "file", "activation", "Arena"]
    ]
    assert [line.split()[0] for line in lines[start + 2 : start + 7]] == [*KINDS]
    assert max(map(len, lines[start:])) <= (width or 1000)
    assert "stage2.block1.expand_activation" in " ".join(lines[start:])


def test_of_a_file_its_own_kind_is_marked(run) -> None:
    lines = run("summary", INT8).out.splitlines()
    (own,) = [line for line in lines if line.startswith("int8-io *")]
    assert f"{INT8_BYTES / 1000:.2f} kB" in own
    assert "* As the file is." in lines
    assert not [line for line in lines if line.startswith("float32")]


def test_json_has_each_kind(run) -> None:
    data = json.loads(run("summary", "v1:alpha=0.25,input_shape=96x96x1,classes=2", "--format", "json").out)
    assert list(data["deployed"]) == [*KINDS]
    for figures in data["deployed"].values():
        assert figures["from"] == "prediction"
        assert set(figures) == {
            "from", "tflite_bytes", "peak_activation_bytes", "arena_bytes", "arena_tail_bytes", "peak_at"
        }  # fmt: skip
        assert set(figures["peak_at"]) == {"operation", "layer"}
    low, high = data["deployed"]["int8-io"]["arena_tail_bytes"]
    assert 0 < low < high
    assert data["deployed"]["int8-io"]["arena_bytes"] == data["totals"]["arena_bytes"]
    assert data["deployed"]["float32"]["peak_activation_bytes"] == data["totals"]["peak_activation_bytes"]
    assert data["deployed"]["float16"]["arena_bytes"] is None
    own = json.loads(run("summary", INT8, "--format", "json").out)["deployed"]
    assert {kind: figures["from"] for kind, figures in own.items()} == {"int8-io": "file"}


def test_the_range_of_the_input_is_told(run) -> None:
    assert "\nInput           image 224x224x3 float32, -1 to 1\n" in run("summary", "v2").out
    assert "\nInput           image 224x224x3 float32, 0 to 255\n" in run("summary", "b0").out
    assert "\nInput           image 16x16x3 int8, 0 to 0.999997\n" in run("summary", INT8).out
    open_ = run("summary", str(FILES / "inverted_residuals.onnx"), "--input-shape", "32").out
    assert "\nInput           image 32x32x3 float32\n" in open_  # nobody has said it


# Lists and comparisons


def rows_of(result: Result) -> list[dict[str, str]]:
    assert result.code == 0
    return list(csv.DictReader(io.StringIO(result.out)))


def test_columns_of_a_kind(run) -> None:
    asked = ["--columns", "name,tflite_bytes,peak_activation_bytes,arena_bytes", "--format", "csv"]
    (usual,) = [row for row in rows_of(run("list", "mobilenet", *asked)) if row["name"] == "mobilenet_v1"]
    (int8,) = [
        row for row in rows_of(run("list", "mobilenet", *asked, "--dtype", "INT8")) if row["name"] == "mobilenet_v1"
    ]
    assert int(usual["peak_activation_bytes"]) == 4 * int(int8["peak_activation_bytes"])
    assert int(usual["tflite_bytes"]) > 3 * int(int8["tflite_bytes"])
    assert usual["arena_bytes"] == str(load("v1").totals.arena_bytes)
    mine = rows_of(run("list", INT8, "v1", *asked))
    assert [row["tflite_bytes"] for row in mine] == [str(INT8_BYTES), usual["tflite_bytes"]]
    table = run("list", "mobilenet", "--columns", "name,tflite_bytes", "--dtype", "int8").out
    assert table.split("\n", 1)[0].split("  ")[-1].strip() == "TFLite file int8"
    refused(run("list", "--dtype", "int4"), 2, "dtype int4: expected float32, float16, dynamic, int8 or int8-io")


def test_a_comparison_has_rows_of_files_and_arena(run) -> None:
    out = run("compare", "v2", "v3_small").out
    for row in ("Weights ", "TFLite file ", "TFLite file int8 ", "Peak activation ", "Arena int8-io "):
        assert f"\n{row}" in out
    data = json.loads(run("compare", "v2", "v3_small", "--format", "json").out)
    assert {"tflite_bytes", "tflite_bytes_int8", "arena_bytes_int8_io"} <= set(data["models"][0]["totals"])


def test_a_comparison_tells_what_files_store(run) -> None:
    (_, stored) = rows_of(run("compare", "v1", INT8, "--format", "csv"))
    assert int(stored["weight_bytes"]) == sum(load(INT8).totals.stored_weight_bytes.values())


# Budgets and locks


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("option", "key"),
    [
        ("--max-tflite-bytes", "tflite_bytes"),
        ("--max-peak-activation", "peak_activation_bytes"),
        ("--max-arena", "arena_bytes"),
    ],
)
def test_a_budget_of_a_kind(run, folder: Path, option: str, key: str, kind: str) -> None:
    reference = "v1:alpha=0.25,input_shape=96"
    (each,) = [each for each in METRICS if each.key == key]
    assert each.by_kind is not None
    value = each.by_kind(load(reference).graph, kind)
    if not is_known(value):
        assert (option, kind in ("float16", "dynamic")) == ("--max-arena", True)
        result = run("check", reference, option, "1GiB", "--dtype", kind, "-f", "junit")
        assert result.code == 1
        assert f"unknown bytes of arena in {kind}: TFLite Micro's " in result.out
        return
    assert run("check", reference, option, value, "--dtype", kind).code == 0
    over = run("check", reference, option, value - 1, "--dtype", kind)
    named = option[2:] if kind == "float32" and option != "--max-arena" else f"{option[2:]} {kind}"
    assert (over.code, over.err.split(": ")[-1].strip()) == (1, f"mobilenet_v1:input_shape=96,alpha=0.25 {named}")


def test_without_a_kind_the_arena_is_of_int8_io_all_else_of_float32(run, folder: Path) -> None:
    data = json.loads(
        run("check", "v1", "--max-arena", "1GB", "--max-tflite-bytes", "1GB", "--max-peak-activation", "1GB",
            "--max-params", "1G", "-f", "json").out
    )  # fmt: skip
    kinds = {check["check"]: check["dtype"] for check in data["checks"]}
    assert kinds == {
        "max-params": None, "max-tflite-bytes": "float32", "max-peak-activation": "float32",
        "max-arena int8-io": "int8-io",
    }  # fmt: skip


def test_a_list_of_files_has_the_arena_of_each_as_it_is(run) -> None:
    """As `check` holds it, of whatever kind the file is."""
    path = FILES / "separable_int8.tflite"
    columns = ["--columns", "name,arena_bytes", "--format", "csv"]
    named = run("list", path, "v1", *columns).out.splitlines()
    assert named[1:] == ["separable_int8.tflite,1792", f"mobilenet_v1,{load('v1').totals.arena_bytes}"]
    assert "Arena int8-io" in run("list", "mobilenet", "--columns", "name,arena_bytes").out


def test_a_budget_that_fails_says_where_or_why(run) -> None:
    """Where most memory is needed is told once, of all limits that it breaks."""
    over = run("check", "b0", "--max-peak-activation", "8MiB", "--max-arena", "8MiB", "--dtype", "float32").out
    assert over.count("efficientnet_b0: most memory at stage2.block1.expand_activation (MUL)\n") == 1
    unknown = run("check", "b0", "--max-arena", "8MiB", "--dtype", "float16").out
    assert "efficientnet_b0: max-arena float16 unknown: TFLite Micro's DEQUANTIZE takes no float16\n" in unknown
    assert "most memory" not in unknown
    assert "most memory" not in run("check", "b0", "--max-peak-activation", "80MiB").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--max-params", "1", "--dtype", "int8"], "--dtype int8 is for --max-tflite-bytes, --max-peak-activation and"),
        (["--max-arena", "1", "--dtype", "int4"], "--dtype int4: expected float32, float16, dynamic, int8 or int8-io"),
        (["--max-arena", "1Mb"], "--max-arena 1Mb: expected bytes"),
    ],
)
def test_what_is_no_budget_of_a_kind(run, folder: Path, arguments: list[str], says: str) -> None:
    refused(run("check", "v1", *arguments), 2, says)
    with pytest.raises(UsageError, match="dtype half"):
        load("v1").check(max_arena="1MB", dtype="half")


def test_a_budget_file_says_what_a_network_is_deployed_as(run, folder: Path) -> None:
    budgets = folder / "budgets.toml"
    budgets.write_text('[budgets.v1]\ndtype = "int8"\nmax-peak-activation = "1.3MB"\nmax-params = "5M"\n')
    found = json.loads(run("check", "--budget", budgets, "-f", "json").out)
    assert [(check["check"], check["dtype"], check["value"]) for check in found["checks"]] == [
        ("max-params", None, 4_253_864),
        ("max-peak-activation int8", "int8", 4_816_896 // 4),
    ]
    assert run("check", "v1", "--budget", budgets, "--max-peak-activation", "1.3MB").code == 1  # in float32
    budgets.write_text('[budgets.v1]\ndtype = "int4"\nmax-arena = "1MB"\n')
    refused(run("check", "--budget", budgets), 2, f"{budgets}:2: dtype int4: expected")
    budgets.write_text('[budgets.v1]\nmax-params = "5M"\ndtype = "int8"\n')
    refused(run("check", "--budget", budgets), 2, f"{budgets}:3: dtype is for max-tflite-bytes, max-peak-activation")


def test_a_lock_holds_the_network_as_deployed(run, folder: Path) -> None:
    assert run("check", "v1", "--baseline", "x.lock", "--write-baseline").code == 0
    lock = json.loads((folder / "x.lock").read_text())
    held = lock["models"]["mobilenet_v1"]
    totals = load("v1").totals
    for key in ("tflite_bytes", "tflite_bytes_int8", "peak_activation_bytes", "arena_bytes_int8_io"):
        assert held[key] == totals[key] > 0
    assert run("check", "--baseline", "x.lock").code == 0
    held["tflite_bytes_int8"] += 1
    (folder / "x.lock").write_text(json.dumps(lock))
    assert run("check", "--baseline", "x.lock").err.endswith("mobilenet_v1 locked tflite_bytes_int8\n")


def test_what_an_old_lock_lacks_is_not_compared(run, folder: Path) -> None:
    assert run("check", "v1", "--baseline", "x.lock", "--write-baseline").code == 0
    lock = json.loads((folder / "x.lock").read_text())
    assert lock["schema_version"] == 3
    held = lock["models"]["mobilenet_v1"]
    for key in ("tflite_bytes", "tflite_bytes_int8", "arena_bytes_int8_io"):
        del held[key]
    (folder / "x.lock").write_text(json.dumps({**lock, "schema_version": 1}))
    old = run("check", "--baseline", "x.lock")
    assert old.code == 0
    assert "7 checks, all pass" in old.out
    del held["macs"]
    (folder / "x.lock").write_text(json.dumps({**lock, "schema_version": 1}))
    refused(run("check", "--baseline", "x.lock"), 2, "mobilenet_v1 has no macs")


def test_a_network_without_an_arena_can_be_locked(run, folder: Path, monkeypatch) -> None:
    """TensorFlow Lite Micro has no GELU: its arena is not held; where it is and is lost, that fails."""
    assert run("check", "convnext_tiny", "v1", "--baseline", "x.lock", "--write-baseline").code == 0
    lock = json.loads((folder / "x.lock").read_text())
    assert "arena_bytes_int8_io" not in lock["models"]["convnext_tiny"]
    assert "arena_bytes_int8_io" in lock["models"]["mobilenet_v1"]
    assert run("check", "--baseline", "x.lock").code == 0
    lock["models"]["convnext_tiny"]["arena_bytes_int8_io"] = 1
    (folder / "x.lock").write_text(json.dumps(lock))
    assert run("check", "--baseline", "x.lock").err.endswith("convnext_tiny locked arena_bytes_int8_io\n")
