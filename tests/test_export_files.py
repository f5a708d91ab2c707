"""What `export` writes, made by the real command and used as a user would."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from ai_edge_litert.interpreter import Interpreter
from conftest import Result, at_small_size, first_of_families, kind_named
from PIL import Image

from cnncli.deployed import KINDS as KINDS_OF_PLANS
from cnncli.deployed import deployed
from cnncli.deployed.lifetimes import peak
from cnncli.deployed.size import file_bytes
from cnncli.export.exporting import Export, Request, Target, Written, export
from cnncli.export.format import ANY_BATCH
from cnncli.export.formats import BY_KIND
from cnncli.export.formats.conversion import convert
from cnncli.export.formats.flatbuffer import ALIGNMENT, read, write
from cnncli.export.kinds import QUANTIZE
from cnncli.export.pictures import random_pictures
from cnncli.graph import Graph
from cnncli.network import network

pytestmark = pytest.mark.tf

Run = Callable[..., Result]

SMALL = "mobilenet_v2:input_shape=64,alpha=0.35,classes=10"
SAVED_MODEL_CLI = str(Path(sys.executable).with_name("saved_model_cli"))  # the environment need not be on PATH
KINDS = ("saved_model", "none", "float16", "dynamic", "int8", "int8-io")
MOBILENETS = ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large")


def exported(folder: Path, reference: str, kinds: tuple[str, ...] = KINDS, **options: Any) -> Export:
    targets = [Target(*kind_named(kind), folder / f"{kind}{kind_named(kind)[0].suffix}") for kind in kinds]
    found = network(reference)
    request = Request(
        found.graph, found.reference, found.input_range, found.output_name, targets, seed=1, **options
    )  # fmt: skip
    return export(request, lambda _: None)


def hold(found: Export) -> None:
    """Everything verified, in place, of the size predicted, of operations that the runtime has, of nothing else."""
    assert found.problems == []
    assert found.files
    for file in found.files:
        assert (file.verified, file.in_place) == (True, True)
        assert file.predicted_bytes * 0.9 < file.size < file.predicted_bytes * 1.1
        assert not file.comparison.blind
        if file.format.name == "tflite":
            holds_only_what_is_used(file.path)
            is_as_foretold(found.request.graph, file)


def is_as_foretold(graph: Graph, file: Written) -> None:
    """The operations, the largest sum of live tensors, and the size are those that the graph alone tells."""
    kind = "float32" if file.kind.name == "none" else file.kind.name
    if kind not in KINDS_OF_PLANS:
        return
    told, made = deployed(graph, kind), network(str(file.path)).graph.file_plan
    assert file.answer.description.ops == dict(sorted(Counter(each.type for each in told.operations).items()))
    assert peak(made).bytes == peak(told).bytes
    assert file.size == pytest.approx(file_bytes(told, graph), rel=0.02 if "int8" in kind else 0.01)


def holds_only_what_is_used(path: Path) -> None:
    """No tensor, buffer or code of an operation is there for nothing: TFLite Micro gives memory to each tensor."""
    model = read(path.read_bytes())
    (graph,) = model.subgraphs
    named = [index for operator in graph.operators for index in (*operator.inputs, *operator.outputs)]
    tensors = {int(index) for index in (*named, *graph.inputs, *graph.outputs)} - {-1}
    assert tensors == set(range(len(graph.tensors)))
    buffers = {tensor.buffer for tensor in graph.tensors} | {metadata.buffer for metadata in model.metadata}
    assert buffers | {0} == set(range(len(model.buffers)))
    assert {operator.opcodeIndex for operator in graph.operators} == set(range(len(model.operatorCodes)))


def resized(path: Path, count: int, shape: tuple[int, ...] = (64, 64, 3)) -> Any:
    """Outputs of the file for `count` pictures at once, as its type stores them, and for each of them alone."""
    pictures = random_pictures(count, shape)
    interpreter = Interpreter(str(path))

    def run(batch: Any) -> Any:
        (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
        interpreter.resize_tensor_input(taken["index"], batch.shape)
        interpreter.allocate_tensors()
        values = batch if taken["dtype"] is numpy.uint8 else batch / 255
        interpreter.set_tensor(taken["index"], values.astype(taken["dtype"]))
        interpreter.invoke()
        return interpreter.get_tensor(given["index"]).astype("float32")

    return run(pictures), numpy.concatenate([run(picture[None]) for picture in pictures])


EXHAUSTIVE = [pytest.mark.slow, pytest.mark.exhaustive]
FLAVORS = ("keras", "article")


@pytest.mark.exhaustive
@pytest.mark.parametrize("flavor", FLAVORS)
@pytest.mark.parametrize("name", [*MOBILENETS, *(f"efficientnet_b{number}" for number in range(5))])
def test_every_network_in_every_kind(tmp_path: Path, name: str, flavor: str) -> None:
    """By `pytest -m exhaustive tests/test_export_files.py`, each in processes of its own."""
    hold(exported(tmp_path, f"{name}@{flavor}:input_shape=64"))


HALVES = (("saved_model", "float16", "int8"), ("none", "dynamic", "int8-io"))
SAMPLED = [
    (f"{name}@{flavor}", HALVES[(number + place) % 2])
    for number, name in enumerate((*MOBILENETS, "efficientnet_b0"))
    for place, flavor in enumerate(FLAVORS)
]
"""Each network in every kind, but each flavor in half of them: the next network's in the other half."""


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(("reference", "kinds"), SAMPLED, ids=str)
def test_every_network_in_kinds_of_its_own(tmp_path: Path, reference: str, kinds: tuple[str, ...]) -> None:
    hold(exported(tmp_path, f"{reference}:input_shape=64", kinds))


def test_no_network_or_flavor_or_kind_is_left_out() -> None:
    taken = {(reference.partition("@")[0], kind) for reference, kinds in SAMPLED for kind in kinds}
    assert taken == {(name, kind) for name in (*MOBILENETS, "efficientnet_b0") for kind in KINDS}
    taken = {(reference.partition("@")[2], kind) for reference, kinds in SAMPLED for kind in kinds}
    assert taken == {(flavor, kind) for flavor in FLAVORS for kind in KINDS}


# The larger networks differ from B0 in size alone and take a minute or two in all kinds: these are sampled.
LARGER = {
    "efficientnet_b1@article": ("saved_model", "int8"),
    "efficientnet_b2": ("dynamic", "uint8-io"),
    "efficientnet_b3@article": ("none", "float16"),
    "efficientnet_b4": ("int8-io",),
    "efficientnet_b5": ("saved_model", "none", "int8"),
    "efficientnet_b5@article": ("float16", "int8-io"),
    "efficientnet_b6": ("dynamic", "int8-io"),
    "efficientnet_b6@article": ("saved_model", "none"),
    "efficientnet_b7": ("none", "int8"),
    "efficientnet_b7@article": ("float16", "dynamic"),
}


IN_ALL_RUNS = ("efficientnet_b2", "efficientnet_b3@article")


@pytest.mark.slow
@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in IN_ALL_RUNS else EXHAUSTIVE) for name in LARGER]
)
def test_the_larger_networks(tmp_path: Path, name: str) -> None:
    hold(exported(tmp_path, f"{name}:input_shape=64", LARGER[name]))


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ("lenet5", "convnext_v2_atto") else EXHAUSTIVE)
        for name in (*first_of_families(), "inception_resnet_v2")
    ],
)
def test_one_network_a_family(tmp_path: Path, name: str) -> None:
    """In every run those that have the layers that Keras lacks."""
    found = exported(tmp_path, at_small_size(name), ("none", "saved_model", "int8-io"))
    assert found.problems == []
    assert [(file.verified, file.in_place, file.comparison.blind) for file in found.files] == [(True, True, False)] * 3
    for file in found.files:
        if file.format.name == "tflite":
            holds_only_what_is_used(file.path)
            is_as_foretold(found.request.graph, file)


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ("mobilenet_v1", "mobilenet_v3_small") else EXHAUSTIVE)
        for name in (*first_of_families(), "mobilenet_v3_large", "efficientnet_b0")
    ],
)
def test_any_number_of_pictures_at_once(tmp_path: Path, name: str) -> None:
    """One, two and five at once have the outputs that each has alone."""
    reference = at_small_size(name)
    found = exported(tmp_path, reference, ("none", "int8-io"), batch=ANY_BATCH)
    assert found.problems == []
    for file in found.files:
        assert Interpreter(str(file.path)).get_input_details()[0]["shape_signature"][0] == -1
        for count in (1, 2, 5):
            together, alone = resized(file.path, count, network(reference).graph.inputs[0].shape)
            assert together.shape[0] == count
            assert together == pytest.approx(alone, abs=1e-5)


def test_float32_b0_at_its_own_size(tmp_path: Path) -> None:
    found = exported(tmp_path, "efficientnet_b0", ("none",))
    hold(found)
    (file,) = found.files
    # The converter's best: each convolution with its activation (sigmoid, multiply), nothing that computes a shape.
    assert file.answer.description.op_count <= 239
    assert file.answer.description.ops["CONV_2D"] == 65
    assert file.comparison.max_relative_difference < 1e-4


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small network in all kinds of TFLite and the manifest."""
    folder = tmp_path_factory.mktemp("small")
    arguments = [part for kind in QUANTIZE for part in ("-q", kind)]
    done = command(SMALL, "-o", folder / "out", "--seed", 1, "--manifest", folder / "manifest.json", *arguments)
    assert done.returncode == 0, done.stderr
    return folder


def command(*arguments: object, limit: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """`cnncli export`; `limit` is the largest file in bytes that it and its children may write."""
    return subprocess.run(
        [sys.executable, "-m", "cnncli", "export", *map(str, arguments)],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, **environment},
        preexec_fn=None if limit is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


def model(folder: Path, kind: str) -> Path:
    return folder / "out" / f"mobilenet_v2-{kind}.tflite"


DEPLOYED = """
import json, sys
import numpy
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(sys.argv[1])
(signature,) = interpreter.get_signature_list()
runner = interpreter.get_signature_runner(signature)
details = runner.get_input_details()["image"]
image = numpy.full(details["shape"], 3, details["dtype"])
(outputs,) = [{name: array.tolist() for name, array in runner(image=image).items()}]
assert "tensorflow" not in sys.modules
print(json.dumps([signature, details["dtype"].__name__, outputs]))
"""


@pytest.mark.parametrize("kind", QUANTIZE)
def test_each_kind_holds_only_what_is_used(small: Path, kind: str) -> None:
    holds_only_what_is_used(model(small, kind))


@pytest.mark.parametrize("kind", QUANTIZE)
def test_the_batch_of_any_file_can_be_resized(small: Path, kind: str) -> None:
    together, alone = resized(model(small, kind), 4)
    assert together.shape == (4, 10)
    assert numpy.ptp(together, 0).max() > 0  # it sees the pictures
    assert together == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("kind", ["none", "int8-io", "uint8-io"])
def test_it_runs_with_the_runtime_alone(small: Path, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DEPLOYED, str(model(small, kind))], capture_output=True, check=True, text=True
    )
    signature, dtype, outputs = json.loads(done.stdout)
    assert signature == "serving_default"
    assert dtype == {"none": "float32", "int8-io": "int8", "uint8-io": "uint8"}[kind]
    (probabilities,) = outputs["probabilities"]
    assert len(probabilities) == 10
    if kind == "none":
        assert sum(probabilities) == pytest.approx(1)


def test_the_manifest(small: Path) -> None:
    manifest = json.loads((small / "manifest.json").read_text())
    assert manifest["schema_version"] == 2
    assert manifest["model"]["reference"] == SMALL
    assert manifest["input"] == {"name": "image", "shape": [64, 64, 3], "range": [-1, 1]}
    assert manifest["output"] == {"name": "probabilities", "shape": [10]}
    assert manifest["weights"]["source"] == "fresh"
    assert manifest["weights"]["calibrated"]
    assert manifest["representative_data"] == "32 random pictures"
    assert set(manifest["versions"]) == {"cnncli", "python", "tensorflow", "keras", "ai-edge-litert"}
    assert manifest["peak_memory_bytes"] > 2e8
    assert [file["kind"] for file in manifest["files"]] == list(QUANTIZE)
    for file in manifest["files"]:
        content = Path(file["path"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert (file["verified"], file["in_place"], file["problems"]) == (True, True, [])
        assert sum(file["ops"].values()) == file["op_count"]
        assert file["verification"]["cosine"] > file["verification"]["limits"]["cosine"]
        assert file["inputs"][0]["name"] == "image"
        assert file["signature"]["inputs"] == ["image"]
        assert file["signature"]["outputs"] == ["probabilities"]


def test_int8_files_have_integer_ends_only_where_asked(small: Path) -> None:
    files = {file["kind"]: file for file in json.loads((small / "manifest.json").read_text())["files"]}
    assert files["int8"]["inputs"][0]["dtype"] == "float32"
    (taken,) = files["int8-io"]["inputs"]
    assert (taken["dtype"], taken["shape"]) == ("int8", [1, 64, 64, 3])
    assert taken["scale"] == pytest.approx(2 / 255)
    assert abs(taken["zero_point"]) <= 1
    assert files["int8"]["op_count"] == files["int8-io"]["op_count"] + 2
    (taken_too,) = files["uint8-io"]["inputs"]
    assert taken_too == {**taken, "dtype": "uint8", "zero_point": taken["zero_point"] + 128}
    assert files["uint8-io"]["verification"] == files["int8-io"]["verification"]
    assert files["int8"]["verification"]["compared"] == "logits"
    assert files["dynamic"]["verification"]["compared"] == "logits"
    assert files["none"]["verification"]["compared"] == "outputs"


def test_buffers_are_aligned(small: Path) -> None:
    content = model(small, "none").read_bytes()
    start = numpy.frombuffer(content, "uint8").ctypes.data
    offsets = [buffer.data.ctypes.data - start for buffer in read(content).buffers if buffer.data is not None]
    assert len(offsets) > 50
    assert {offset % ALIGNMENT for offset in offsets} == {0}


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize("quantize", ["none", "float16", "dynamic"])
def test_what_is_not_calibrated_is_as_foretold_too(tmp_path: Path, quantize: str) -> None:
    """Fresh biases and gammas are no zeros, of which a converter would keep one, or none."""
    reference = "convnext_v2_atto:input_shape=32,classes=10" if quantize == "none" else SMALL
    (file,) = exported(tmp_path, reference, (quantize,), verify=False).files
    is_as_foretold(network(reference).graph, file)


def test_the_same_seed_gives_the_same_file(small: Path, tmp_path: Path) -> None:
    """Unverified too, where a kind is among them for which the fresh weights are calibrated."""
    kinds = ("none", "int8")
    arguments = [part for kind in kinds for part in ("-q", kind)]
    done = command(SMALL, "-o", tmp_path / "out", "--seed", 1, "--no-verify", "--format", "json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    for kind, file in zip(kinds, json.loads(done.stdout)["files"], strict=True):
        assert (file["verified"], file["verification"]) == (None, None)
        assert model(tmp_path, kind).read_bytes() == model(small, kind).read_bytes()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model"
    done = command(SMALL, "-o", path, "--seed", 1)
    assert done.returncode == 0, done.stderr
    assert "saved_model" in done.stdout
    return path


def test_the_saved_model_says_what_it_takes(saved: Path) -> None:
    done = subprocess.run(
        [SAVED_MODEL_CLI, "show", "--all", "--dir", str(saved)], capture_output=True, check=True, text=True
    )
    assert "inputs['image'] tensor_info:\n        dtype: DT_FLOAT\n        shape: (-1, 64, 64, 3)" in done.stdout
    assert "outputs['probabilities'] tensor_info:\n        dtype: DT_FLOAT\n        shape: (-1, 10)" in done.stdout
    assert "keras_tensor" not in done.stdout


def test_the_saved_model_runs_at_the_shell(saved: Path, tmp_path: Path) -> None:
    numpy.save(tmp_path / "images.npy", numpy.zeros((2, 64, 64, 3), "float32"))
    arguments = ["--dir", str(saved), "--tag_set", "serve", "--signature_def", "serving_default"]
    subprocess.run(
        [
            SAVED_MODEL_CLI,
            "run",
            *arguments,
            "--inputs",
            f"image={tmp_path / 'images.npy'}",
            "--outdir",
            str(tmp_path),
        ],
        capture_output=True,
        check=True,
    )
    assert numpy.load(tmp_path / "probabilities.npy").shape == (2, 10)


@pytest.mark.usefixtures("one_process")
def test_the_saved_model_and_keras_file_are_the_same_network(saved: Path, run: Run, tmp_path: Path) -> None:
    """And the former holds each weight once: Keras's own export holds two."""
    import keras
    import tensorflow

    done = run("export", SMALL, "-o", tmp_path / "model.keras", "--seed", 1)
    assert done.code == 0, done.err
    network = keras.models.load_model(tmp_path / "model.keras")
    images = numpy.random.default_rng(0).uniform(-1, 1, (3, 64, 64, 3)).astype("float32")
    served = tensorflow.saved_model.load(str(saved)).signatures["serving_default"]
    probabilities = served(image=tensorflow.constant(images))["probabilities"]
    assert numpy.asarray(probabilities) == pytest.approx(numpy.asarray(network(images, training=False)), abs=1e-5)
    variables = sum(file.stat().st_size for file in (saved / "variables").iterdir())
    assert variables < 1.1 * 4 * network.count_params()


@pytest.mark.usefixtures("one_process")
def test_half_the_bytes_of_keras_own_export(tmp_path: Path) -> None:
    from cnncli.keras_model import lower

    (file,) = exported(tmp_path, "mobilenet_v1:input_shape=64", ("saved_model",), verify=False).files
    lower(network("mobilenet_v1:input_shape=64").graph).export(str(tmp_path / "theirs"), verbose=False)
    theirs = sum(path.stat().st_size for path in (tmp_path / "theirs").rglob("*") if path.is_file())
    assert file.size < 0.55 * theirs


@pytest.mark.usefixtures("one_process")
def test_a_fixed_batch_and_features(run: Run, tmp_path: Path) -> None:
    features = SMALL.replace("classes=10", "include_top=false")
    done = run("export", features, "-o", tmp_path / "a.tflite", "--batch", 3, "-f", "json")
    assert done.code == 0, done.err
    (file,) = json.loads(done.out)["files"]
    assert file["inputs"][0]["shape"] == [3, 64, 64, 3]
    assert file["outputs"] == [{"name": "features", "shape": [3, 2, 2, 1280], "dtype": "float32"}]


@pytest.mark.usefixtures("one_process")
def test_own_weights_are_exported_as_they_are(run: Run, tmp_path: Path) -> None:
    import keras

    assert run("export", SMALL, "-o", tmp_path / "w.keras").code == 0
    loaded = keras.models.load_model(tmp_path / "w.keras")
    digest = hashlib.sha256(b"".join(numpy.asarray(weight).tobytes() for weight in loaded.weights)).hexdigest()
    done = run("export", SMALL, "-o", tmp_path / "a.tflite", "--weights", tmp_path / "w.keras", "-f", "json")
    assert done.code == 0, done.err
    weights = json.loads(done.out)["weights"]
    assert weights == {"source": str(tmp_path / "w.keras"), "seed": None, "calibrated": False, "sha256": digest}


@pytest.mark.usefixtures("one_process")
def test_weights_that_show_nothing_are_not_called_verified(run: Run, tmp_path: Path) -> None:
    reference, fresh = "b0:input_shape=64,classes=10", tmp_path / "fresh.keras"
    assert run("build", reference, "-o", fresh).code == 0
    done = run("export", reference, "-o", tmp_path / "a.tflite", "--weights", fresh)
    assert done.code == 1
    assert "a.tflite: the check cannot see: the pictures hardly change" in done.err
    assert not (tmp_path / "a.tflite").exists()


@pytest.mark.usefixtures("one_process")
def test_own_pictures_change_the_ranges(run: Run, tmp_path: Path) -> None:
    """Dull pictures leave the input a narrower range than those of all colours."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, picture in enumerate(random_pictures(6, (40, 50, 3))):
        Image.fromarray(picture // 2 + 60).save(folder / f"{number}.png")
    command = ("export", SMALL, "--representative-data", folder, "--seed", 1)
    done = run(*command, "-o", tmp_path / "a.tflite", "-q", "int8-io", "-f", "json")
    assert done.code == 0, done.err
    manifest = json.loads(done.out)
    assert manifest["representative_data"] == f"6 pictures in {folder}"
    assert manifest["files"][0]["inputs"][0]["scale"] < 0.8 * 2 / 255
    (folder / "7.png").write_bytes(b"no picture")
    done = run(*command, "-o", tmp_path / "b.tflite", "-q", "int8")
    assert done.code == 2
    assert done.err.startswith(f"cnncli: {folder / '7.png'} cannot be read as an image")


def test_an_activation_that_stays_in_floats_is_named(tmp_path: Path) -> None:
    reference = f"{SMALL},classifier_activation=elu"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    kinds = ("-q", "none", "-q", "int8-io", "--seed", 1)
    done = command(reference, "-o", tmp_path / "out", *kinds, TMPDIR=str(temporary))
    assert done.returncode == 1
    assert "mobilenet_v2-int8-io.tflite: int8-io is not possible: ELU at its ends computes with floats" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mobilenet_v2-none.tflite"]
    assert list(temporary.iterdir()) == []


@pytest.mark.usefixtures("one_process")
def test_an_operation_without_a_kernel_is_named(run: Run, tmp_path: Path) -> None:
    """The other kinds of the same call are written none the less; here of a free batch.

    At this size squeeze-and-excitation sees maps of one cell, for which the converter takes the batch away.
    """
    small_v3 = "v3_small:input_shape=64,alpha=0.5,classes=10"
    manifest = tmp_path / "manifest.json"
    kinds = ("-q", "int16x8", "-q", "none", "-q", "uint8-io")
    options = ("--seed", 1, "--batch", "none", "--manifest", manifest)
    done = run("export", small_v3, "-o", tmp_path / "out", *kinds, *options)
    assert done.code == 1
    assert done.err.startswith(f"cnncli: {tmp_path}/out/mobilenet_v3_small-int16x8.tflite: int16x8 is not possible")
    assert "HARD_SWISH" in done.err
    assert done.err.count("\n") == 1
    written = [tmp_path / "out" / f"mobilenet_v3_small-{kind}.tflite" for kind in ("none", "uint8-io")]
    assert sorted((tmp_path / "out").iterdir()) == written
    _, *files = json.loads(manifest.read_text())["files"]
    for path, file in zip(written, files, strict=True):
        assert (file["verified"], file["batch"]) == (True, None)
        assert [file[end][0]["shape"] for end in ("inputs", "outputs")] == [[None, 64, 64, 3], [None, 10]]
        assert Interpreter(str(path)).get_input_details()[0]["shape_signature"].tolist() == [-1, 64, 64, 3]
        together, alone = resized(path, 4)
        assert together.shape == (4, 10)
        assert together == pytest.approx(alone, abs=1e-5)


@pytest.fixture
def demanding() -> Iterator[None]:
    """More is asked of int8 than any file can do."""
    limits = BY_KIND["tflite", "int8"][1].limits
    before = limits.fresh_agreement
    object.__setattr__(limits, "fresh_agreement", 1.01)
    yield
    object.__setattr__(limits, "fresh_agreement", before)


@pytest.mark.usefixtures("one_process", "demanding")
@pytest.mark.parametrize("option", [None, "--accept-loss", "--keep-unverified"])
def test_a_loss_is_not_verified_and_is_taken_on_request(run: Run, tmp_path: Path, option: str | None) -> None:
    """Here of a right file."""
    target, manifest = tmp_path / "a.tflite", tmp_path / "manifest.json"
    options = ("-q", "int8", "--seed", 1, "--manifest", manifest, *([option] if option else []))
    done = run("export", SMALL, "-o", target, *options)
    (file,) = json.loads(manifest.read_text())["files"]
    assert file["loss"].startswith("differs: quantization: the same class on ")
    assert (file["verified"], file["problems"]) == (False, [])
    assert file["verification"]["clear_pictures"] >= 5
    assert file["verification"]["limits"]["clear_agreement"] == 1.01
    accepted, kept = option == "--accept-loss", option is not None
    assert (file["loss_accepted"], file["in_place"], target.exists()) == (accepted, kept, kept)
    assert done.code == (0 if accepted else 1)
    assert done.err == ("" if accepted else f"cnncli: {target}: {file['loss']}\n")
    assert ("loss accepted" if accepted else "differs: quantization") in done.out


def test_ranges_of_paler_pictures_are_a_loss() -> None:
    """Measured on pictures of half the contrast int8 cuts what is brighter or darker: the classes tell."""
    from cnncli.export.calibration import calibrate
    from cnncli.export.formats.conversion import concrete_function, convert
    from cnncli.export.formats.editing import finished
    from cnncli.export.formats.tflite import TFLite
    from cnncli.export.pictures import scaled
    from cnncli.export.representative import representative
    from cnncli.export.verification import centred, clear, logarithm
    from cnncli.keras_model import import_keras, lower, quiet

    found = network("mobilenet_v2:input_shape=64,alpha=0.35")
    shape, values = found.graph.inputs[0].shape, found.input_range
    inputs = scaled(random_pictures(32, shape), values)

    def agreement(contrast: float) -> float:
        def examples() -> Any:
            return (contrast * batch for batch in shown.batches(1))

        path.write_bytes(finished(convert(function, "int8", examples), "image", "probabilities", free_batch=False))
        return float((TFLite().logits(path, inputs)[sure].argmax(-1) == expected[sure].argmax(-1)).mean())

    with tempfile.TemporaryDirectory() as folder, quiet():
        import_keras().utils.set_random_seed(1)
        path, model, shown = Path(folder) / "a.tflite", lower(found.graph), representative(None, shape, values)
        calibrate(model, found.graph, shown)
        function = concrete_function(model, 1)
        expected = centred(logarithm(model.predict(inputs, verbose=0)))
        sure = clear(expected)
        assert sure.sum() >= 10
        assert len(set(expected.argmax(-1))) > 20  # the classes vie
        least = kind_named("int8")[1].limits.agreement
        assert agreement(0.5) < least - 0.2 < least + 0.1 < agreement(1.0)


def truncated(*arguments: Any) -> bytes:
    """What the converter writes, but for half of each large tensor."""
    model = read(convert(*arguments))
    for buffer in model.buffers:
        if buffer.data is not None and len(buffer.data) > 10_000:
            buffer.data = buffer.data.copy()
            buffer.data[len(buffer.data) // 2 :] = 0
    return write(model)


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(("kind", "option"), [("none", None), ("int8", None), ("none", "--keep-unverified")])
def test_a_corrupted_conversion_is_found(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, option: str | None
) -> None:
    monkeypatch.setattr("cnncli.export.formats.tflite.convert", truncated)
    target = tmp_path / "a.tflite"
    target.write_text("old")
    done = run("export", SMALL, "-o", target, "-q", kind, "--seed", 1, "--force", *([option] if option else []))
    assert done.code == 1
    assert f"{target}: its {'logits' if kind == 'int8' else 'outputs'} are not the Keras model's" in done.err
    assert target.stat().st_size > 1e6 if option else target.read_text() == "old"


@pytest.mark.parametrize("name", ["a.tflite", "folder", "a.keras"])
def test_a_full_disk_leaves_nothing(tmp_path: Path, name: str) -> None:
    """Doubled by a limit on the size of a file, which a full disk would set too."""
    done = command(SMALL, "-o", tmp_path / name, "--no-verify", limit=300_000)
    assert done.returncode == 3, done.stderr
    assert done.stderr == f"cnncli: {tmp_path / name} cannot be written: File too large\n"
    assert list(tmp_path.iterdir()) == []
