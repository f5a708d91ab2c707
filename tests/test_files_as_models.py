"""Model files and callables as references: in every command, whatever their format.

The files here begin as TFLite's do, and behind that name a graph of this module, which a reader of the tests' gives.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from conftest import refused

from cnncli.cli.commands import COMMANDS
from cnncli.deployed import Constant, Operation, Plan, Tensor
from cnncli.graph import UNKNOWN, Graph, Weight
from cnncli.graph.layers import Conv2D, Dense, Flatten, InputLayer, Opaque
from cnncli.library import load
from cnncli.readers.formats import is_callable, is_pattern, looks_like_path
from cnncli.readers.reading import Reading, Settings

KERNEL, BIAS = 3 * 3 * 3 * 8, 8
CONV_MACS = 16 * 16 * KERNEL


def small(settings: Settings) -> Graph:
    """An int8 convolution with its bias."""
    graph = Graph("small")
    image = graph.add(InputLayer(settings.input_shapes.get("", (32, 32, 3))), name="image", dtype="uint8")
    weights = [Weight("kernel", (3, 3, 3, 8), dtype="int8"), Weight("bias", (8,), dtype="int32")]
    graph.add(Conv2D(8, 3, strides=2, padding="same"), image, name="conv", dtype="int8", weights=weights)
    tensors = [Tensor("image", (1, 32, 32, 3), "uint8"), Tensor("conv", (1, 16, 16, 8), "int8")]
    constants = [Constant("kernel", (8, 3, 3, 3), "int8", 8), Constant("bias", (8,), "int32", 8)]
    operations = [Operation("CONV_2D", (0,), (1,), (0, 1), (1,))]
    graph.file_plan = Plan("int8-io", tensors, constants, operations, (0,), (1,), file_bytes=1000)
    return graph


def unknown(settings: Settings) -> Graph:
    graph = small(settings)
    graph.add(Opaque("CUSTOM", (5,)), graph.nodes[-1], name="custom", weights=[])
    assert graph.file_plan
    graph.file_plan.uncounted = (2,)
    return graph


def open_sizes(settings: Settings) -> Graph:
    graph = Graph("open")
    image = graph.add(InputLayer(settings.input_shapes.get("", (UNKNOWN, UNKNOWN, 3))), name="image")
    graph.add(Conv2D(8, 3, strides=2, padding="same"), image, name="conv")
    return graph


def two_inputs(settings: Settings) -> Graph:
    graph = Graph("two")
    for name in ("left", "right"):
        graph.add(InputLayer(settings.input_shapes.get(name, (UNKNOWN,))), name=name)
    return graph


def odd_names(settings: Settings) -> Graph:
    graph = Graph("odd")
    x = graph.add(InputLayer((4, 4, 1)), name="<b>\x1b[31m\u202eimage&\n")
    x = graph.add(Flatten(), x, name="flat</script>")
    graph.add(Dense(2), x, name='dense"')
    return graph


GRAPHS = {each.__name__: each for each in (small, unknown, open_sizes, two_inputs, odd_names)}


FILES = Path(__file__).parent / "files"


def saved_model(folder: Path) -> Path:
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes((FILES / "open_size_saved_model.pb").read_bytes())
    return folder


def write(path: Path, what: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x1c\0\0\0TFL3" + what.encode())
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    """A working directory where `.tflite` files are read by this module."""
    reader = ModuleType("cnncli.readers.tflite.network")

    def read(source, path, settings: Settings) -> Reading:
        graph = GRAPHS[source.read(8, source.size - 8).decode()](settings)
        quantization = "" if graph.name == "open" else "int8"
        return Reading(graph, "the tests", quantization, "serve", ("serve", "train"), "main", ("main",))

    reader.read = read  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cnncli.readers.tflite.network", reader)
    monkeypatch.chdir(tmp_path)
    for name in GRAPHS:
        write(tmp_path / "models" / f"{name}.tflite", name)
    return tmp_path


# Which texts are which


@pytest.mark.parametrize("text", ["a.tflite", "x/y", "./b0", "A.ONNX", "train.py", "model.json", "a.pth"])
def test_what_looks_like_a_path(text: str) -> None:
    assert looks_like_path(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train.py:build", True),
        ("a/b c.py:Net.make", True),
        ("package.module:build", True),
        ("v2:alpha=0.5", False),
        ("train.py:", False),
        ("1x:build", False),
    ],
)
def test_what_looks_like_a_callable(text: str, expected: bool) -> None:
    assert is_callable(text) is expected


def test_a_pattern_is_one_of_files_only() -> None:
    assert is_pattern("models/*.tflite")
    assert is_pattern("*")
    assert is_pattern("small?")
    assert not is_pattern("v2:input_shape=[96,96,3]")


def test_a_pattern_stands_for_model_files_alone(run, folder: Path) -> None:
    write(folder / "small.tflite", "small")
    (folder / "small.pt").write_bytes(b"\x80\x02")
    (folder / "small.txt").write_text("no model")
    saved_model(folder / "small_saved")
    assert [line.split()[0] for line in run("list", "small*").out.splitlines()[2:4]] == ["small.tflite", "small_saved"]
    refused(run("list", "smell*"), 2, "smell*: no model file is called so")


def test_an_architecture_is_none_of_the_files_beside_it(run, folder: Path) -> None:
    """A folder or a file that happens to have its name does not hide it; ./NAME is the file."""
    (folder / "mobilenet_v2").mkdir()
    (folder / "mobilenet_v2/saved_model.pb").write_bytes(b"")
    write(folder / "b0", "small")
    assert run("summary", "mobilenet_v2", "--top", "1").out.startswith("mobilenet_v2  (MobileNet")
    assert run("summary", "b0", "--top", "1").out.startswith("efficientnet_b0  (")
    assert run("summary", "./b0", "--top", "1").out.startswith("./b0  (TFLite")
    refused(run("summary", "./mobilenet_v2"), 2, "mobilenet_v2")


def test_a_refusal_names_the_file_whatever_letters_it_has(run, folder: Path) -> None:
    (folder / "i").write_bytes((FILES / "inverted_residuals.onnx").read_bytes())
    refused(run("summary", "i", "--input-shape", "32x32x9"), 2, "cnncli: i: --input-shape 32x32x9: ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["models/smal.tflite"], "models/smal.tflite: no such file; did you mean models/small.tflite?"),
        (["nope/*.tflite"], "nope/*.tflite: no model file is called so"),
        (["models"], "models is a directory, but no SavedModel"),
        (["models/small.tflite@keras"], "models/small.tflite is a file, which has no flavors and no options"),
        (["train.py:"], "train.py:: expected FILE.py:FUNCTION"),
        (["file:///a.onnx"], "file:///a.onnx: name a file by its path"),
        (["models/small.tflite", "--alpha", "0.5"], "--alpha: models/small.tflite is no architecture"),
        (["models/small.tflite", "--flavor", "keras"], "--flavor: models/small.tflite is no architecture"),
        (["models/small.tflite", "--pooling", "avg"], "--pooling: models/small.tflite is no architecture"),
        (["b0", "--raw"], "--raw is for model files, and b0 is none"),
        (["models/small.tflite", "--call-with", "a=1"], "--call-with is for module:callable"),
        (["models/small.tflite", "--batch", "0"], "batch=0: expected a whole number from 1"),
        (["b0", "--input-shape", "x=96"], "--input-shape x=96: b0 has one input"),
        (["models/open_sizes.tflite", "--input-shape", "3x96x96"], "expected the channels last: 96x96x3"),
        (["models/open_sizes.tflite", "--input-shape", "1x96x96x3"], "expected no axis for the batch: 96x96x3"),
        (["models/open_sizes.tflite", "--input-shape", "0"], "input_shape=0: expected sizes"),
        (["models/open_sizes.tflite", "--input-shape", "a=9x9x3"], "has no input 'a'; it has image (?x?x3)"),
        (["models/two_inputs.tflite", "--input-shape", "9"], "has several inputs, left (?), right (?)"),
        (["models/odd_names.tflite", "--input-shape", "9x9x1"], "fixes its input"),
    ],
)
def test_what_is_refused(run, arguments: list[str], says: str) -> None:
    refused(run("summary", *arguments), 2, says)


# Sizes


def macs(run, *arguments: str) -> int:
    return int(json.loads(run("summary", *arguments, "--format", "json").out)["totals"]["macs"])


@pytest.mark.parametrize("text", ["64", "64x64", "64x64x3", "(64, 64, 3)", "image=64x64x3"])
def test_open_sizes_are_settled(run, text: str) -> None:
    assert macs(run, "models/open_sizes.tflite", "--input-shape", text) == 32 * 32 * KERNEL


def test_each_of_several_inputs_is_settled_by_its_name(run) -> None:
    shapes = ["--input-shape", "left=16000x1", "--input-shape", "right=512"]
    data = json.loads(run("summary", "models/two_inputs.tflite", *shapes, "--format", "json").out)
    assert [(each["name"], each["shape"]) for each in data["inputs"]] == [("left", [16000, 1]), ("right", [512])]


# What is told


def test_the_table_tells_of_the_file(run) -> None:
    out = run("summary", "models/small.tflite").out
    first, second = out.splitlines()[:2]
    assert first == "models/small.tflite  (TFLite, 13 B, int8; 2 layers)"
    assert second == "written by the tests; signature serve, not train; subgraph main"
    assert f"{KERNEL + 4 * BIAS} B as stored: {KERNEL} B int8, {4 * BIAS} B int32" in out
    assert "Input           image 32x32x3 uint8" in out
    assert "Output          conv 16x16x8 int8" in out


def test_json_tells_of_the_file(run, folder: Path) -> None:
    from hashlib import sha256

    data = json.loads(run("summary", "models/small.tflite", "--format", "json").out)
    content = (folder / "models/small.tflite").read_bytes()
    origin = data["model"]["origin"]
    assert (data["schema_version"], data["model"]["reference"]) == (2, "models/small.tflite")
    assert (origin["kind"], origin["format"], origin["bytes"]) == ("file", "tflite", len(content))
    assert origin["sha256"] == sha256(content).hexdigest()
    assert (origin["signature"], origin["signatures"], origin["quantization"]) == ("serve", ["serve", "train"], "int8")
    assert data["inputs"] == [{"name": "image", "shape": [32, 32, 3], "dtype": "uint8", "range": None}]
    assert data["totals"]["stored_weight_bytes"] == {"int8": KERNEL, "int32": 4 * BIAS}
    assert [(each["dtype"], each["weight_dtype"]) for each in data["layers"]] == [("uint8", None), ("int8", "int8")]


def test_unknown_sizes_are_null(run) -> None:
    data = json.loads(run("summary", "models/open_sizes.tflite", "--format", "json").out)
    assert data["input_shape"] == [None, None, 3]
    assert [each["name"] for each in data["uncounted"]] == ["conv"]


def test_a_row_a_file(run) -> None:
    out = run("list", "models/s*.tflite", "models/unknown.tflite", "v2", "--format", "csv").out.splitlines()
    assert out[0] == "reference,format,bytes,params,macs,input_shape,quantization"
    assert out[1] == f"models/small.tflite,TFLite,13,{KERNEL + BIAS},{CONV_MACS},32x32x3,int8"
    assert out[3].startswith("mobilenet_v2,architecture,,3538984,300774272,224x224x3,")
    assert "unknown.tflite: 1 layer uncounted (CUSTOM)" in run("list", "models/*.tflite").out


def test_headings_of_compared_files_are_short_and_unique(run, folder: Path) -> None:
    write(folder / "other" / "small.tflite", "small")
    head = run("compare", "models/small.tflite", "models/unknown.tflite", "--totals").out.splitlines()[0]
    assert "small.tflite  unknown.tflite" in head
    assert "models" not in head
    out = run("compare", "models/small.tflite", "other/small.tflite", "--totals").out
    assert f"models{os.sep}small.tflite" in out.splitlines()[0]
    assert "models/small.tflite and other/small.tflite have no structural difference" in out


@pytest.mark.parametrize("format", ["table", "json", "csv", "html", "markdown", "latex"])
def test_names_are_harmless(run, format: str) -> None:
    out = run("summary", "models/odd_names.tflite", "--format", format).out
    assert not {"\x1b", "\u202e"} & set(out)
    assert format != "html" or ("<b>" not in out and "</script>" not in out)


def test_pictures_are_drawn_of_files(run, folder: Path) -> None:
    for suffix in ("svg", "dot"):
        assert run("plot", "models/odd_names.tflite", "-o", f"x.{suffix}", "--detail", "layer").code == 0
        assert not {"\x1b", "\u202e"} & set((folder / f"x.{suffix}").read_text(encoding="utf-8"))
    assert "TFLite, 13 B" in run("plot", "models/small.tflite", "-o", "-").out


@pytest.mark.parametrize("command", [["build"], ["export", "-o", "x.tflite"]])
def test_what_is_built_is_an_architecture_or_such_a_file(run, command: list[str]) -> None:
    refused(run(*command, FILES / "separable.pt2"), 2, "takes the architectures that `cnncli list` shows")


# The gate


def test_a_pattern_of_the_budget_file_is_seen_from_there(run, folder: Path, monkeypatch) -> None:
    (folder / "budgets.toml").write_text(
        '[budgets."models/s*.tflite"]\nmax-params = "1k"\nmax-macs = 1\n'
        f'[budgets."models/small.tflite"]\nmax-macs = {CONV_MACS}\nmax-weight-bytes = {KERNEL + 4 * BIAS}\n'
        '[budgets."models/open_sizes.tflite"]\ninput-shape = "64"\nmax-macs = "1M"\n'
    )
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    result = run("check", "--budget", "../budgets.toml", "--format", "json")
    found = {(each["model"], each["check"]): each["value"] for each in json.loads(result.out)["checks"]}
    assert result.code == 0
    assert found[("../models/small.tflite", "max-macs")] == CONV_MACS
    assert found[("../models/small.tflite", "max-weight-bytes")] == KERNEL + 4 * BIAS
    assert found[("../models/open_sizes.tflite", "max-macs")] == 32 * 32 * KERNEL


def test_a_folder_of_the_budget_file_is_seen_from_there(run, folder: Path, monkeypatch) -> None:
    """Though its name says nothing of a file: only that it is there does."""
    saved_model(folder / "classifier")
    (folder / "budgets.toml").write_text('[budgets.classifier]\nmax-params = "1M"\n')
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    result = run("check", "--budget", "../budgets.toml", "--format", "json")
    assert [each["model"] for each in json.loads(result.out)["checks"]] == ["../classifier"]


def test_accuracies_are_compared_where_some_may_be_published(run) -> None:
    files = ("models/small.tflite", "models/unknown.tflite")
    assert "Top-1" not in run("compare", *files).out
    assert "Top-1" in run("compare", *files, "v1").out
    assert "Top-1" in run("compare", *files, "--columns", "params,top1").out


def test_weights_alone_are_not_compared_with_layers(run) -> None:
    weights = str(FILES / "alone.weights.h5")
    compared = run("compare", "v2", weights, "--diff").out
    assert (
        "alone.weights.h5 holds weights alone, not how layers are connected: its layers are not compared." in compared
    )
    assert "Weights alone have no blocks to compare." in compared
    assert "different networks" not in compared
    assert json.loads(run("compare", "v2", weights, "-f", "json").out)["conversion"][0]["same_structure"] is None
    assert re.search(r"^Depth +52 +\? ", compared, re.MULTILINE)
    assert "Output" not in run("summary", weights, "--columns", "name,params").out
    assert "scalar" not in run("list", weights).out


def test_tables_of_weights_are_not_called_alike_for_saying_nothing(run) -> None:
    both = [str(FILES / name) for name in ("alone.weights.h5", "weights.safetensors")]
    compared = run("compare", *both, "--exit-code")
    assert "hold weights alone, not how layers are connected: their layers are not compared." in compared.out
    assert "no structural difference" not in compared.out
    assert compared.code == 1
    assert run("compare", both[0], both[0], "--exit-code").code == 0


def test_what_cannot_be_counted_keeps_no_limit_unless_that_is_allowed(run) -> None:
    arguments = ["check", "models/unknown.tflite", "--max-macs", "1G"]
    failed = run(*arguments)
    assert failed.code == 1
    assert "≥55,296" in failed.out
    assert run(*arguments, "--allow-uncounted").code == 0
    assert run("check", "models/unknown.tflite", "--max-macs", "1k", "--allow-uncounted").code == 1


def test_a_lock_holds_files_as_seen_from_it_and_figures_as_far_as_known(run, folder: Path, monkeypatch) -> None:
    named = ["models/small.tflite", "models/unknown.tflite"]
    (folder / "locks").mkdir()
    assert run("check", *named, "--baseline", "locks/x.lock", "--write-baseline").code == 0
    held = json.loads((folder / "locks/x.lock").read_text())["models"]
    assert held["../models/small.tflite"]["macs"] == CONV_MACS
    assert held["../models/unknown.tflite"]["macs"] == {"at_least": CONV_MACS}
    monkeypatch.chdir(folder / "models")
    assert run("check", "small.tflite", "--baseline", "../locks/x.lock").code == 0
    assert run("check", folder / "models/small.tflite", "--baseline", "../locks/x.lock").code == 0
    assert run("check", "--baseline", "../locks/x.lock").code == 1
    assert run("check", "--baseline", "../locks/x.lock", "--allow-uncounted").code == 0
    write(folder / "models/unknown.tflite", "small")
    assert run("check", "unknown.tflite", "--baseline", "../locks/x.lock", "--allow-uncounted").code == 1


# Elsewhere


def test_files_are_loaded_from_python() -> None:
    found = load("models/open_sizes.tflite", input_shape=(64, 64))
    assert found.totals.macs == 32 * 32 * KERNEL
    assert found.origin.file is not None
    assert load("models/two_inputs.tflite", input_shape={"left": (5,)}).graph.inputs[0].shape == (5,)


def test_no_architecture_waits_for_the_readers() -> None:
    code = (
        "import sys\nfrom cnncli.network import network\nnetwork('b0')\n"
        "print([name for name in sys.modules if name.startswith('cnncli.readers.') and name != 'cnncli.readers.formats'"
        " or name in ('zipfile', 'zlib', 'cnncli.grouping')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_tab_offers_model_files() -> None:
    from cnncli.cli.complete import reference

    assert "models/" in reference("mo")
    assert "models/small.tflite" in reference("models/s")
    assert "mobilenet_v2" in reference("mo")


def test_what_a_budget_file_settles_holds_for_a_file_that_is_named(run, folder: Path) -> None:
    (folder / "b.toml").write_text('[budgets."models/open_sizes.tflite"]\ninput-shape = "64"\nmax-macs = "1M"\n')
    named = ["check", "models/open_sizes.tflite", "--budget", "b.toml"]
    assert run(*named).code == 0
    assert run(*named, "--input-shape", "256").code == 1  # what is typed goes before what is written


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("b0", "b.toml:2: input-shape is for model files; write efficientnet_b0:input_shape=192"),
        ("m.py:f", "b.toml:2: input-shape is for model files"),
    ],
)
def test_a_budget_file_settles_sizes_of_files_only(run, folder: Path, model: str, said: str) -> None:
    (folder / "b.toml").write_text(f'[budgets."{model}"]\ninput-shape = "192"\nmax-macs = "2G"\n')
    refused(run("check", "--budget", "b.toml"), 2, said)


def test_a_lock_holds_the_size_at_which_a_file_was_locked(run, folder: Path) -> None:
    named = ["check", "models/open_sizes.tflite", "--baseline", "x.lock"]
    assert run(*named, "--input-shape", "96", "--write-baseline").code == 0
    assert json.loads((folder / "x.lock").read_text())["settings"] == {
        "models/open_sizes.tflite": {"input-shape": "96x96x3"}
    }
    assert run("check", "--baseline", "x.lock").code == 0
    assert run(*named).code == 0
    assert run(*named, "--input-shape", "96x96x3").code == 0
    refused(
        run(*named, "--input-shape", "64"), 2, "with input-shape 96x96x3, and here it is read with input-shape 64x64x3"
    )
    assert run(*named, "--input-shape", "64", "--write-baseline", "--force").code == 0
    assert run("check", "--baseline", "x.lock").code == 0


@pytest.mark.parametrize("settings", ['{"b0": {"size": "9"}}', '{"b0": {"batch": 9}}', '{"b0": 9}', "9"])
def test_a_lock_with_other_settings_is_refused(run, folder: Path, settings: str) -> None:
    assert run("check", "b0", "--baseline", "x.lock", "--write-baseline").code == 0
    held = json.loads((folder / "x.lock").read_text())
    assert "settings" not in held
    (folder / "x.lock").write_text(json.dumps({**held, "settings": json.loads(settings)}))
    refused(run("check", "--baseline", "x.lock"), 2, "settings")


NEEDED = {"compare": ("v1",), "check": ("--max-params", "9M"), "plot": ("-o", "-")}
"""What a command takes beside a model."""


def test_a_command_that_reads_no_files_names_those_that_do(run) -> None:
    file = Path(__file__).parent / "files" / "separable.pt2"
    said = run("verify", file).err
    named = said.partition("is none; ")[2].partition(" read")[0].replace(" and ", ", ").split(", ")
    others = set(COMMANDS) - {"history", "completions"}  # these take no models
    assert {name for name in others if run(name, file, *NEEDED.get(name, ())).code < 2} == set(named)
