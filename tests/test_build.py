"""`cnncli build` as a person at the shell sees it."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pexpect
import pytest
from conftest import Result, graph_of, refused

pytestmark = [
    pytest.mark.tf,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

SMALL = ("build", "mobilenet_v1:alpha=0.25,input_shape=64,classes=3")
LARGE = "vgg16:include_top=false,input_shape=32"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of weights that fits SMALL."""
    from cnncli.keras_model import build, quiet

    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    with quiet():
        build(graph_of(SMALL[1]), path, seed=1)
    return path


# The report.


def test_a_model_is_built_saved_and_told(cnncli: Run, tmp_path: Path) -> None:
    target = tmp_path / "model.keras"
    code, out, err = cnncli(*SMALL, "-o", target, "--run", "--seed", 3, "--format", "json", TF_CPP_MIN_LOG_LEVEL="0")
    assert (code, err) == (0, "")
    report = json.loads(out)
    graph = graph_of(SMALL[1])
    params = sum(node.params for node in graph.nodes)
    assert report["model"]["reference"] == "mobilenet_v1:input_shape=64,alpha=0.25,classes=3"
    assert report["model"]["keras_name"] == "mobilenet_v1_input_shape_64_alpha_0.25_classes_3"
    assert report["totals"]["layers"] == len(graph.nodes)
    assert report["totals"]["params"] == params
    assert report["totals"]["trainable_params"] + report["totals"]["non_trainable_params"] == params
    assert report["agreement"] == {"agree": True, "differences": []}
    assert (report["schema_version"], report["dtype"], report["seed"]) == (2, "float32", 3)
    assert report["run"]["output_shape"] == [1, 3]
    assert set(report["seconds"]) == {"import", "build", "run", "save"}
    assert report["file"] == {
        "path": str(target),
        "size": target.stat().st_size,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
    }
    with zipfile.ZipFile(target) as archive:
        assert set(archive.namelist()) >= {"config.json", "metadata.json", "model.weights.h5"}
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.usefixtures("one_process")
def test_tables_for_people_and_for_programs(run: Run, tmp_path: Path, weights: Path) -> None:
    target = tmp_path / "model.weights.h5"
    table = run(*SMALL, "--weights", weights, "-o", target, "--run")
    assert (table.code, table.err) == (0, "")
    said = dict(line.split(maxsplit=1) for line in table.out.splitlines()[4:])
    assert said["Model"] == "mobilenet_v1_input_shape_64_alpha_0.25_classes_3"
    assert said["Params"] == "219,315 (trainable 213,843, non-trainable 5,472)"
    assert said["Agreement"].startswith("all 91 layers and 137 weights are as in Keras ")
    assert said["Weights"] == f"{weights}, 55 layers"
    assert said["Run"].startswith("1x64x64x3 to 1x3 in ")
    assert said["SHA-256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    rows = list(csv.DictReader(run(*SMALL, "--format", "csv").out.splitlines()))
    facts = {row["fact"]: row["value"] for row in rows}
    assert (facts["params"], facts["input_shape"], facts["agreement"]) == ("219315", "64x64x3", "True")
    assert "| Layers | 91 |" in run(*SMALL, "--format", "markdown").out


@pytest.mark.usefixtures("one_process")
def test_without_output_nothing_is_written(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = json.loads(run(*SMALL, "--format", "json").out)
    assert report["file"] is report["run"] is report["weights"] is report["seed"] is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("one_process")
def test_a_seed_gives_the_same_file_in_another_process(run: Run, cnncli: Run, tmp_path: Path) -> None:
    digests = set()
    for start, name in ((run, "first"), (cnncli, "second")):
        report = json.loads(start(*SMALL, "--seed", 0, "-o", tmp_path / f"{name}.weights.h5", "-f", "json").out)
        digests.add(report["file"]["sha256"])
    assert len(digests) == 1


@pytest.mark.usefixtures("one_process")
def test_options_and_warnings_are_those_of_summary(run: Run) -> None:
    result = run("build", "v2@article", "--alpha", "0.35", "--input-shape", "64x96", "--no-include-top",
                 "--classes", "7", "--format", "json")  # fmt: skip
    assert result.code == 0
    assert json.loads(result.out)["model"]["options"]["input_shape"] == [64, 96, 3]
    assert result.err == "cnncli: warning: classes=7 has no effect with include_top=false\n"


def test_a_spinner_turns_on_a_terminal_only(tmp_path: Path) -> None:
    arguments = ["-m", "cnncli", *SMALL, "-o", str(tmp_path / "model.keras")]
    environment = {**os.environ, "TERM": "xterm"}
    child = pexpect.spawn(
        sys.executable, arguments, encoding="utf-8", dimensions=(40, 120), timeout=60, env=environment
    )  # type: ignore[arg-type]
    shown = child.read()
    child.close()
    assert child.exitstatus == 0
    for activity in ("Importing TensorFlow", "Building mobilenet_v1", f"Saving {tmp_path}"):
        assert activity in shown
    assert "SHA-256" in shown


# Disagreement and broken outputs.


ANOTHER_MODEL = """
from cnncli.keras_model import building
from cnncli.network import network

lower = building.lower
building.lower = lambda _, **options: lower(network("mobilenet_v1:alpha=0.25,input_shape=64,classes=4").graph)
"""


def test_a_disagreement_is_a_table_and_nothing_is_saved(cnncli: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sitecustomize.py").write_text(ANOTHER_MODEL)
    environment = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parent.parent)])}
    code, out, err = cnncli(*SMALL, "-o", tmp_path / "elsewhere" / "model.keras", **environment)
    assert code == 1
    assert err == ("cnncli: mobilenet_v1:input_shape=64,alpha=0.25,classes=3: Keras and the graph differ in 7 facts\n")
    assert ["head.logits", "output_shape", "1x1x3", "1x1x4"] in [line.split() for line in out.splitlines()]
    assert ["head.logits", "weights", "bias", "3", "bias", "4"] in [line.split() for line in out.splitlines()]
    assert list((tmp_path / "elsewhere").iterdir()) == []
    data = json.loads(cnncli(*SMALL, "--format", "json", **environment).out)["agreement"]
    assert not data["agree"]
    assert {"layer": "total", "fact": "params", "graph": 219315, "keras": 219572} in data["differences"]


@pytest.mark.usefixtures("one_process")
def test_outputs_that_are_not_finite_fail(run: Run, tmp_path: Path) -> None:
    """Without a softmax, which makes of one that is not finite one or all, as the processor has it."""
    from cnncli.keras_model import lower, quiet

    logits = f"{SMALL[1]},classifier_activation=none"
    with quiet():
        model = lower(graph_of(logits))
        model.get_layer("head.logits").bias.assign([np.inf, 0, 0])
        model.save_weights(tmp_path / "broken.weights.h5")
    broken = ("--weights", tmp_path / "broken.weights.h5")
    code, out, err = run(SMALL[0], logits, *broken, "--run", "-o", tmp_path / "model.keras")
    assert (code, out) == (1, "")
    assert "1 of the 3 outputs of mobilenet_v1_input_shape_64_alpha_0.25_classes_3" in err
    assert "are not finite" in err
    assert not (tmp_path / "model.keras").exists()


# What goes wrong is one line, the right code, and leaves nothing behind.


def test_weights_that_are_none(run: Run, tmp_path: Path, weights: Path) -> None:
    (tmp_path / "text.h5").write_text("weights")
    (tmp_path / "cut.weights.h5").write_bytes(weights.read_bytes()[:100_000])
    (tmp_path / "cut.keras").write_bytes(b"PK\x03\x04" + bytes(100))
    messages = {
        "missing.h5": "does not exist",
        ".": "is a directory",
        "pipe.h5": "is a device or a pipe",
        "text.h5": "holds no weights; expected a .keras, a .weights.h5 or",
        "cut.weights.h5": "cannot be read as weights: ",
        "cut.keras": "cannot be read as weights: ",
    }
    os.mkfifo(tmp_path / "pipe.h5")
    for name, message in messages.items():
        refused(run(*SMALL, "--weights", tmp_path / name, "-o", tmp_path / "model.keras"), 2, message)
        assert not (tmp_path / "model.keras").exists()


ENDLESS = """
from cnncli.keras_model import weight_files

weight_files.MOST_SECONDS = 0.3
weight_files._layers_group = lambda root: sum(range(10**14))
"""


def test_weights_that_take_without_end_to_read(cnncli: Run, tmp_path: Path, weights: Path) -> None:
    """As HDF5's library does where a damaged heap leads back to itself, and hears nothing meanwhile."""
    (tmp_path / "sitecustomize.py").write_text(ENDLESS)
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parent.parent)])
    result = cnncli(*SMALL, "--weights", weights, PYTHONPATH=path)
    refused(result, 2, "cannot be read as weights: that takes over 0 seconds of computing or 268 MB; is it damaged?")


def test_a_bomb_is_refused_in_little_memory(tmp_path: Path) -> None:
    """0.7 MB that unpack to 700 MB."""
    path = tmp_path / "model.keras"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("model.weights.h5", "w") as member,
    ):
        for _ in range(700):
            member.write(bytes(10**6))
    script = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', 'cnncli', *sys.argv[1:]], stderr=subprocess.PIPE, text=True)\n"
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.stderr, end='')"
    )
    command = [sys.executable, "-c", script, *SMALL, "--weights", str(path)]
    code, kilobytes, said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split(" ", 2)
    assert code == "2"
    assert int(kilobytes) < 100_000
    assert said.endswith("bytes in it unpack to 700,000,000, which no weights do\n")


@pytest.mark.usefixtures("one_process")
def test_weights_that_are_not_finite_are_a_warning(run: Run, tmp_path: Path) -> None:
    from cnncli.keras_model import lower, quiet

    path = tmp_path / "broken.weights.h5"
    with quiet():
        model = lower(graph_of(SMALL[1]))
        model.get_layer("head.logits").bias.assign([np.nan, 0, 0])
        model.save_weights(path)
    result = run(*SMALL, "--weights", path)
    assert result.code == 0
    assert result.err == "cnncli: warning: head.logits: 1 of its weights are NaN or infinite\n"
    assert f"{path}, 55 layers; head.logits: 1 of its weights are NaN or infinite" in result.out


@pytest.mark.parametrize(
    ("name", "value", "code", "message"),
    [
        ("TF_XLA_FLAGS", "nonsense", 3, "TF_XLA_FLAGS"),
        ("PYTHONWARNINGS", "error", 0, ""),
        ("OMP_NUM_THREADS", "100000", 0, ""),
        ("TF_NUM_INTRAOP_THREADS", "nonsense", 0, ""),
        ("KERAS_HOME", "{folder}", 0, ""),
        ("TMPDIR", "/nonexistent", 0, ""),
        ("PYTHONPATH", "{folder}", 0, ""),
    ],
)
def test_any_environment_is_survived_or_told(
    cnncli: Run, tmp_path: Path, name: str, value: str, code: int, message: str
) -> None:
    (tmp_path / "keras.json").write_text("[]")
    (tmp_path / "sitecustomize.py").write_text("print('{}', end='')")
    result = cnncli(*SMALL, "--run", **{name: value.format(folder=tmp_path)})
    if code:
        refused(result, code, message)
    else:
        assert (result.code, result.err) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize(
    ("reference", "kilobytes"),
    [(SMALL[1], 1_000_000), ("v1:depth_multiplier=1000,alpha=1000,input_shape=64", 8_000_000)],
)
def test_too_little_memory_is_one_line(reference: str, kilobytes: int) -> None:
    command = f"ulimit -v {kilobytes}; exec {sys.executable} -m cnncli build {reference}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    refused(Result(done.returncode, done.stdout, done.stderr), 3, "")


@pytest.mark.usefixtures("one_process")
def test_weights_that_do_not_fit(run: Run, tmp_path: Path, weights: Path) -> None:
    result = run(*SMALL, "--set", "input_shape=64", "--weights", weights, "-o", tmp_path / "model.keras")
    assert result.code == 0
    result = run(
        "build", "v1:alpha=0.25,input_shape=64,classes=4", "--weights", weights, "-o", tmp_path / "other.keras"
    )
    refused(result, 2, "head.logits takes 1x1x256x4, 4; the file's head.logits holds 1x1x256x3, 3; are they of other")
    assert not (tmp_path / "other.keras").exists()


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize("dtype", ["S8", "complex64"])
def test_weights_that_are_no_numbers(run: Run, tmp_path: Path, dtype: str) -> None:
    import h5py

    reference, changed = "v1:alpha=0.25,input_shape=64,classes=3", tmp_path / "changed.weights.h5"
    assert run("build", reference, "-o", changed).code == 0
    with h5py.File(changed, "a") as file:
        group = file["layers/conv2d/vars"]
        values = group["0"][()]
        del group["0"]
        group["0"] = values.astype(dtype)
    refused(run("build", reference, "--weights", changed), 2, "stem.stem_conv takes numbers; the file's")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_weights_that_may_not_be_read(run: Run, tmp_path: Path, weights: Path) -> None:
    (tmp_path / "secret.h5").write_bytes(weights.read_bytes())
    (tmp_path / "secret.h5").chmod(0)
    refused(run(*SMALL, "--weights", tmp_path / "secret.h5"), 3, "Permission denied")


@pytest.mark.parametrize(
    ("output", "code", "message"),
    [
        ("model.onnx", 2, "expected a name that ends in .keras or .weights.h5"),
        ("-", 2, "expected a name that ends in .keras or .weights.h5"),
        ("missing/model.keras", 3, "there is no directory"),
        ("old.keras", 2, "exists; add --force to replace it"),
        ("directory.keras", 2, "is a directory"),
    ],
)
def test_outputs_that_cannot_be(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.keras").write_text("old")
    Path("directory.keras").mkdir()
    refused(run(*SMALL, "-o", output), code, message)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["directory.keras", "old.keras"]
    assert Path("old.keras").read_text() == "old"


def test_wrong_arguments_are_told_before_tensorflow_is_imported(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from cnncli.cli.app import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    (tmp_path / "text.h5").write_text("weights")
    for wrong in (
        ["--seed", "-1"],
        ["--seed", "x"],
        ["-o", "a.b"],
        ["--alpha", "0"],
        ["--weights", tmp_path / "text.h5"],
    ):
        arguments = [str(argument) for argument in (*SMALL, *wrong)]
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


@pytest.mark.parametrize("name", ["model.keras", "model.weights.h5"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("old")
    command = f"ulimit -f 200; exec {sys.executable} -m cnncli {' '.join(SMALL)} --force -o {tmp_path / name}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"cnncli: {tmp_path / name} cannot be written: File too large\n"
    assert (tmp_path / name).read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / name]


@pytest.mark.parametrize(
    ("number", "code", "old"),
    [
        (signal.SIGINT, 130, True),
        (signal.SIGTERM, 143, False),
        (signal.SIGKILL, -9, True),
        (signal.SIGKILL, -9, False),
        pytest.param(signal.SIGINT, 130, False, marks=pytest.mark.exhaustive),
        pytest.param(signal.SIGTERM, 143, True, marks=pytest.mark.exhaustive),
    ],
)
def test_ended_while_saving(tmp_path: Path, number: signal.Signals, code: int, old: bool) -> None:
    """Of few layers, soon built, whose many weights take a while to save."""
    target = tmp_path / "model.keras"
    if old:
        target.write_text("old")
    command = [sys.executable, "-m", "cnncli", "build", LARGE, "--force", "-o", str(target)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob(".cnncli-*/draft.keras")):
        assert process.poll() is None, "it ended before it was told to"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert err == ""
    assert target.read_text() == "old" if old else not target.exists()
    while list(tmp_path.iterdir()) != ([target] if old else []):  # where it was killed, its child tidies up
        assert number == signal.SIGKILL
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("why", "says"),
    [
        ("failed to map segment from shared object", "not enough memory"),
        ("cannot map zero-fill pages: Cannot allocate memory", "not enough memory"),
        (
            "failed to map segment from shared object: Operation not permitted",
            "Keras cannot be imported: lib.so: failed",
        ),
    ],
)
def test_a_library_that_memory_is_too_small_for_is_there(cnncli: Run, tmp_path: Path, why: str, says: str) -> None:
    (tmp_path / "keras.py").write_text(f"raise ImportError('lib.so: {why}')")
    refused(cnncli(*SMALL, PYTHONPATH=str(tmp_path)), 3, says)


def test_a_machine_without_tensorflow_is_told_so(cnncli: Run, tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text("raise ImportError('No module named tensorflow')")
    refused(cnncli(*SMALL, PYTHONPATH=str(tmp_path)), 3, "Keras cannot be imported: No module named tensorflow; see")


def test_keras_on_another_framework_is_told_so(cnncli: Run, tmp_path: Path) -> None:
    refused(cnncli(*SMALL, KERAS_BACKEND="jax"), 3, "KERAS_BACKEND")
    refused(cnncli(*SMALL, KERAS_BACKEND="numpy"), 3, "KERAS_BACKEND")
    refused(cnncli(*SMALL, KERAS_BACKEND="nonsense"), 3, "unset KERAS_BACKEND")


def test_a_users_keras_json_changes_nothing(cnncli: Run, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"image_data_format": "channels_first", "backend": "jax", "floatx": "float32"}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    report = json.loads(cnncli(*SMALL, "--run", "--format", "json", KERAS_HOME=str(tmp_path)).out)
    assert report["run"]["input_shape"] == [1, 64, 64, 3]
