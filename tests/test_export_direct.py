"""Files written straight from a file of weights: the same as by way of Keras, and where there is no TensorFlow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import graph_of, kind_named
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_truth import randomize
from test_weights import FILES

from cnncli.child.parent import PACKAGE
from cnncli.errors import MachineError, UsageError
from cnncli.export import children, direct, worker
from cnncli.export.drafting import sha256
from cnncli.export.exporting import Request, Target, flaws
from cnncli.export.format import ANY_BATCH
from cnncli.export.formats import BY_KIND
from cnncli.export.messages import Draft, Job, Trial
from cnncli.export.verification import tried
from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalResponseNormalization,
    InputLayer,
    LayerNormalization,
    LocalResponseNormalization,
    Normalization,
    PReLU,
    RadialBasis,
    ReLU,
    SeparableConv2D,
    Subsampling2D,
)
from cnncli.keras_model import import_keras, load_weights, lower, quiet
from cnncli.keras_model.composed import COMPOSED
from cnncli.keras_model.held import arrays, takers_of_graph, takers_of_model
from cnncli.keras_model.order import operations
from cnncli.keras_model.weights import IMAGENET_DEVIATION, IMAGENET_MEAN, values
from cnncli.models.catalogue import models
from cnncli.network import network
from cnncli.onnx_model.streaming import skeleton, write_model

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

LENET = "lenet5@textbook"
SMALL = "mobilenet_v3_small:alpha=0.75,input_shape=64,classes=5"
REGISTRY = [f"{spec.name}@{flavor.name}" for spec in models() for flavor in spec.flavors]
SAMPLED = ["lenet5@paper", "googlenet", "convnext_v2_atto", "mobilenet_v3_small"]


def save_as_keras(graph: Graph, path: Path, seed: int = 0) -> None:
    """Random weights of a network in the file that Keras would write, without Keras."""
    import h5py

    random, numbers = np.random.default_rng(seed), Counter[str]()
    with h5py.File(path, "w") as file:
        for taker in takers_of_graph(graph):
            number = numbers[taker.kind]
            numbers[taker.kind] += 1
            for place, shape in enumerate(taker.shapes):
                deviation = np.sqrt(2 / max(1, np.prod(shape[:-1])))
                array = random.normal(0, deviation, shape).astype("float32")
                key = f"{taker.kind}_{number}" if number else taker.kind
                file[f"layers/{key}/vars/{place}"] = array


# The order in which Keras has the layers.


def same_order(graph: Graph) -> None:
    with quiet():
        model = lower(graph, drawn=False)
    names = {layer.name for layer in model.layers}
    ours = operations(graph)
    assert [name for name in ours if name in names] == [layer.name for layer in model.layers]
    assert len(ours) == len(model.operations)
    assert takers_of_graph(graph) == takers_of_model(model)


@pytest.mark.tf
@pytest.mark.parametrize("reference", SAMPLED)
def test_layers_are_in_keras_s_order(reference: str) -> None:
    same_order(graph_of(reference))


@pytest.mark.tf
@pytest.mark.exhaustive
@pytest.mark.parametrize("reference", REGISTRY)
def test_layers_of_every_network_are_in_keras_s_order(reference: str) -> None:
    """`pytest -m exhaustive tests/test_export_direct.py`."""
    same_order(graph_of(reference))


CHANNELS = 4


@st.composite
def branching(draw: st.DrawFn) -> Graph:
    """Branches of any lengths, of layers of one operation or several, some applied again, added or joined."""
    graph = Graph("branching")
    maps: list[Node] = [graph.add(InputLayer((6, 6, CHANNELS)), name="image")]
    convolutions: list[Node] = []
    for number in range(draw(st.integers(2, 14))):
        source, other = (maps[-1 - draw(st.integers(0, min(3, len(maps) - 1)))] for _ in range(2))
        name, kind = (
            f"n{number}",
            draw(st.sampled_from(["conv", "again", "grn", "lrn", "relu", "add", "join", "scale"])),
        )
        if kind in ("conv", "again"):
            shares = draw(st.sampled_from(convolutions)) if kind == "again" and convolutions else None
            layer = shares.layer if shares else Conv2D(CHANNELS, 1)
            made = graph.add(layer, source, name=name, shares=shares)
            convolutions += [] if shares else [made]
        elif kind == "join":
            joined = graph.add(Concatenate(), source, other, name=f"{name}j")
            made = graph.add(Conv2D(CHANNELS, 1), joined, name=name)
        elif kind == "add":
            made = graph.add(Add(), source, other, name=name)
        else:
            layers = {
                "grn": GlobalResponseNormalization(),
                "lrn": LocalResponseNormalization(depth_radius=1),
                "relu": ReLU(),
                "scale": Subsampling2D(pool_size=1, strides=1),
            }
            made = graph.add(layers[kind], source, name=name)
        maps.append(made)
    left = [node for node in graph.leaves if node is not maps[0]]
    graph.give(*draw(st.permutations(left)))
    return graph


@pytest.mark.tf
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(branching())
def test_branches_of_any_kind_are_in_keras_s_order(graph: Graph) -> None:
    same_order(graph)


def test_all_that_is_composed_of_several_operations_is_known() -> None:
    from cnncli.keras_model.order import PARTS

    assert PARTS.keys() <= COMPOSED.keys()
    for parts in PARTS.values():
        assert list(parts)[-1] == ""


# What is read without Keras is what Keras loads.


def mixed() -> Graph:
    """Every kind of weights: statistics with a count, kernels of any rank, those that several layers make."""
    graph = Graph("mixed")
    node = graph.add(InputLayer((16, 16, 3)), name="image")
    layers = [
        Normalization(),
        Conv2D(4, 3),
        BatchNormalization(),
        DepthwiseConv2D(3),
        SeparableConv2D(5, 3),
        GlobalResponseNormalization(),
        LayerNormalization(),
        Conv2DTranspose(4, 2),
        PReLU(shared_axes=(1, 2)),
        Subsampling2D(pool_size=2, strides=2),
        Flatten(),
        Dense(6),
        RadialBasis(3),
    ]
    for number, layer in enumerate(layers):
        node = graph.add(layer, node, name=f"n{number}")
    return graph


@pytest.mark.tf
@pytest.mark.parametrize("graph", [graph_of("lenet5@paper"), graph_of(SMALL), mixed()], ids=lambda graph: graph.name)
def test_values_are_those_that_keras_loads(tmp_path: Path, graph: Graph) -> None:
    with quiet():
        model, other = lower(graph, drawn=False), lower(graph, drawn=False)
    for seed, (name, save) in enumerate(FILES.items()):
        with quiet():
            randomize(model, np.random.default_rng(seed))
            save(model, tmp_path / name)
            loaded = load_weights(other, tmp_path / name)
        expected, found = arrays(graph, other), values(graph, tmp_path / name)
        assert found.notes == loaded.notes
        assert sha256(found.ordered) == sha256(weight.value for weight in other.weights)
        assert found.by_node.keys() == expected.keys()
        for node, ours in found.by_node.items():
            for mine, theirs in zip(ours, expected[node], strict=True):
                assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
                assert mine.tobytes() == theirs.tobytes(), (name, node)


@pytest.mark.tf
@pytest.mark.exhaustive
@pytest.mark.parametrize("reference", REGISTRY)
def test_values_of_every_network_are_those_that_keras_loads(tmp_path: Path, reference: str) -> None:
    """`pytest -m exhaustive tests/test_export_direct.py`."""
    graph = graph_of(reference)
    with quiet():
        model = lower(graph, drawn=False)
        randomize(model, np.random.default_rng(2))
        model.save(tmp_path / "a.keras")
    found = values(graph, tmp_path / "a.keras")
    (tmp_path / "a.keras").unlink()  # all of them would fill a disk
    assert sha256(found.ordered) == sha256(weight.value for weight in model.weights)
    expected = arrays(graph, model)
    assert all(
        mine.tobytes() == theirs.tobytes()
        for node, ours in found.by_node.items()
        for mine, theirs in zip(ours, expected[node], strict=True)
    )


@pytest.mark.tf
@pytest.mark.parametrize(
    ("reference", "dtype"),
    [
        (SMALL, "float16"),
        (SMALL, "int8"),
        ("v3_small:alpha=0.75,input_shape=64,classes=6", ""),
        ("v3_small:alpha=0.5,input_shape=64,classes=5", ""),
        ("v3_small:alpha=0.75,input_shape=64,include_top=false", ""),
    ],
)
def test_both_ways_say_and_do_the_same(tmp_path: Path, reference: str, dtype: str) -> None:
    import h5py

    path, graph = tmp_path / "a.weights.h5", graph_of(reference)
    save_as_keras(graph_of(SMALL), path)
    if dtype:
        with h5py.File(path, "a") as file:
            array = file["layers/conv2d_3/vars/0"][()]
            del file["layers/conv2d_3/vars/0"]
            file["layers/conv2d_3/vars/0"] = array.astype(dtype)
    with quiet():
        model = lower(graph, drawn=False)
    if reference == SMALL and dtype != "int8":
        load_weights(model, path)
        assert sha256(values(graph, path).ordered) == sha256(weight.value for weight in model.weights)
        return
    with pytest.raises(UsageError, match="does not fit") as theirs:
        load_weights(model, path)
    with pytest.raises(UsageError) as ours:
        values(graph, path)
    assert str(ours.value) == str(theirs.value)


def test_what_published_files_have_mistaken_is_mended(tmp_path: Path) -> None:
    import h5py

    graph, path = graph_of("b0:input_shape=32"), tmp_path / "a.weights.h5"
    save_as_keras(graph, path)
    with h5py.File(path, "a") as file:
        kept = file["layers/normalization/vars"]
        kept["0"][:], kept["1"][:] = IMAGENET_MEAN, IMAGENET_DEVIATION
    found = values(graph, path)
    assert np.allclose(found.by_node["stem.normalization"][1], np.square(IMAGENET_DEVIATION))
    assert "squared" in found.notes[0]


# The files.


def job(reference: str, folder: Path, weights: Path, *kinds: str, **options: Any) -> Job:
    found = network(reference)
    drafts = [Draft("onnx", kind, folder / f"{kind}.onnx", Path("target.onnx")) for kind in kinds]
    folder.mkdir(exist_ok=True)
    asked: dict[str, Any] = {"batch": None, "layout": "nhwc", "representative_data": None, "samples": None, **options}
    return Job(
        graph=found.graph,
        reference=found.reference,
        input_range=found.input_range,
        output_name=found.output_name,
        weights=weights,
        seed=None,
        drafts=drafts,
        measures_activations=any(BY_KIND["onnx", kind][1].quantizes_activations for kind in kinds),
        **asked,
    )


KINDS = [kind.name for (format, _), (_, kind) in BY_KIND.items() if format == "onnx"]


def quietly(_: str) -> None:
    pass


@pytest.mark.tf
@pytest.mark.parametrize(
    ("reference", "kinds", "options"),
    [
        (SMALL, KINDS[:2], {"layout": "nchw", "batch": 2}),
        (LENET, KINDS, {"batch": ANY_BATCH}),
    ],
)
def test_both_ways_write_the_same_bytes(
    tmp_path: Path, reference: str, kinds: Sequence[str], options: dict[str, Any]
) -> None:
    with quiet():
        model = lower(graph_of(reference))
        randomize(model, np.random.default_rng(3))
        model.save(tmp_path / "a.keras")
        theirs = worker.work(job(reference, tmp_path / "keras", tmp_path / "a.keras", *kinds, **options), quietly)
    ours = direct.work(job(reference, tmp_path / "direct", tmp_path / "a.keras", *kinds, **options), quietly)
    assert ours["weights_sha256"] == theirs["weights_sha256"]
    for kind in kinds:
        mine, other = ((tmp_path / way / f"{kind}.onnx").read_bytes() for way in ("direct", "keras"))
        assert mine == other, kind


def test_a_model_is_written_as_one_message_would_be(tmp_path: Path) -> None:
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(0)
    arrays = {
        "turned": random.random((3, 5, 200), "float32").transpose(2, 0, 1),
        "halves": random.random((7,)).astype("float16"),
        "one": np.array(3, "int64"),
        "none": np.zeros((0, 4), "float32"),
        "large": random.random((300, 300), "float32"),
    }
    held = numpy_helper.from_array(np.ones(2, "float32"), "held")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2]) for name in ("x", "y")]
    nodes = [helper.make_node("Add", ["x", "held"], ["y"])]

    def model(initializers: Sequence[Any]) -> Any:
        graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], initializers, doc_string="words")
        made = helper.make_model(graph, producer_name="us", opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        helper.set_model_props(made, {"key": "value"})
        return made

    tensors = [numpy_helper.from_array(values, name) for name, values in arrays.items()]
    for kept in ([], [held]):
        write_model(model(kept), arrays, tmp_path / "a.onnx")
        assert (tmp_path / "a.onnx").read_bytes() == model([*kept, *tensors]).SerializeToString()
        bare = model([*kept, *tensors])
        for tensor in bare.graph.initializer:
            tensor.ClearField("raw_data")
        assert skeleton(tmp_path / "a.onnx") == bare


# Without TensorFlow.

ABSENT = "import sys\nfor name in {!r}:\n    sys.modules[name] = None\n"
TENSORFLOW = ("tensorflow", "keras", "ai_edge_litert", "flatbuffers")


def machine(folder: Path, *lacks: str) -> dict[str, str]:
    """Variables of a machine that lacks some modules: to import one fails."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(ABSENT.format(lacks))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(PACKAGE.parent)])}


def export(folder: Path, lacks: Sequence[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cnncli", "export", *arguments],
        cwd=folder,
        env=machine(folder / "site", *lacks),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_machine_without_tensorflow_writes_and_runs(tmp_path: Path) -> None:
    save_as_keras(graph_of(LENET), tmp_path / "a.weights.h5")
    done = export(tmp_path, TENSORFLOW, LENET, "--weights", "a.weights.h5", "-o", "a.onnx", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    (file,) = json.loads(done.stdout)["files"]
    assert (tmp_path / "a.onnx").stat().st_size == file["bytes"]
    assert (file["in_place"], file["verified"], file["verification"]) == (True, None, None)
    assert file["run"]["pictures"] > 1
    assert (file["run"]["output_shape"], file["run"]["not_finite"], file["run"]["blind"]) == ([10], 0, False)
    done = export(tmp_path, TENSORFLOW, LENET, "--weights", "a.weights.h5", "-o", "a.onnx", "--force")
    row = next(line for line in done.stdout.splitlines() if line.startswith("none "))
    assert " run " in row
    assert " yes " not in row
    assert "not compared with Keras, for which TensorFlow is missing" in done.stdout


def test_where_nothing_is_to_be_run_nothing_is_said_of_it(tmp_path: Path) -> None:
    save_as_keras(graph_of(LENET), tmp_path / "a.weights.h5")
    lacks = (*TENSORFLOW, "onnxruntime")
    arguments = (LENET, "--weights", "a.weights.h5", "-o", "a.onnx", "--no-verify", "--format", "json")
    done = export(tmp_path, lacks, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    (file,) = json.loads(done.stdout)["files"]
    assert (file["in_place"], file["verified"], file["verification"], file["run"]) == (True, None, None, None)


NO_WEIGHTS = "fresh weights are Keras's, and tensorflow is not installed: name a file of weights by --weights, or "
VERIFY = "--verify compares with the Keras model, and tensorflow is not installed: pip install 'cnncli[tensorflow]', or"
OF_ONNX = "which is not installed: pip install 'cnncli[onnx]'"


@pytest.mark.parametrize(
    ("lacks", "arguments", "says"),
    [
        (TENSORFLOW, "-o a.onnx", NO_WEIGHTS),
        (TENSORFLOW, "-o a.onnx --no-verify", NO_WEIGHTS),
        (TENSORFLOW, "-o a.onnx --weights a.weights.h5 --verify", VERIFY),
        (TENSORFLOW, "-o a.tflite --weights a.weights.h5", "tensorflow"),
        (("tensorflow", "h5py"), "-o a.onnx --weights a.weights.h5", f"this takes h5py, {OF_ONNX}"),
        (("keras", "numpy"), "-o a.onnx --weights a.weights.h5", f"this takes numpy, {OF_ONNX}"),
        (("keras", "onnx"), "-o a.onnx --weights a.weights.h5", f"this takes onnx, {OF_ONNX}"),
        (("keras", "onnxruntime"), "-o a.onnx --weights a.weights.h5", f"this takes onnxruntime, {OF_ONNX}"),
        (("onnx",), "-o a.onnx", f"this takes onnx, {OF_ONNX}"),
        (("h5py",), "-o a.onnx --weights a.weights.h5 --no-verify", f"this takes h5py, {OF_ONNX}"),
    ],
)
def test_what_is_missing_is_one_line(tmp_path: Path, lacks: Sequence[str], arguments: str, says: str) -> None:
    save_as_keras(graph_of(LENET), tmp_path / "a.weights.h5")
    done = export(tmp_path, lacks, LENET, *arguments.split())
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("cnncli: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.weights.h5", "site"]


WITHOUT = """
import pickle, sys
from cnncli.export import direct, verification
job, check = pickle.load(sys.stdin.buffer)
direct.work(job, print)
print(verification.verify(check, print))
found = {"tensorflow", "keras"} & {name.partition(".")[0] for name in sys.modules}
assert not found, found
"""


def test_neither_tensorflow_nor_keras_is_imported_where_they_are_installed(tmp_path: Path) -> None:
    import pickle

    from cnncli.export.messages import VerificationJob

    save_as_keras(graph_of(LENET), tmp_path / "a.weights.h5")
    samples = tmp_path / "samples.npz"
    asked = job(LENET, tmp_path / "made", tmp_path / "a.weights.h5", *KINDS, samples=samples)
    check = VerificationJob("onnx", KINDS[0], asked.drafts[0].path, samples, classifies=True)
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        input=pickle.dumps((asked, check)),
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"'pictures': " in done.stdout


# Which way is taken.


@pytest.mark.parametrize(
    ("kinds", "weights", "verify", "installed", "way"),
    [
        (("onnx",), True, None, True, children.WITH_KERAS),
        (("onnx",), True, True, True, children.WITH_KERAS),
        (("onnx",), True, False, True, children.WITHOUT_KERAS),
        (("onnx",), True, None, False, children.WITHOUT_KERAS),
        (("onnx",), True, False, False, children.WITHOUT_KERAS),
        (("onnx",), True, True, False, "--verify compares"),
        (("onnx",), False, None, True, children.WITH_KERAS),
        (("onnx",), False, False, True, children.WITH_KERAS),
        (("onnx",), False, None, False, "fresh weights are"),
        (("onnx", "keras"), True, False, True, children.WITH_KERAS),
        (("keras",), True, None, False, "this takes tensorflow"),
    ],
)
def test_the_way(
    monkeypatch: pytest.MonkeyPatch, kinds: Sequence[str], weights: bool, verify: bool | None, installed: bool, way: str
) -> None:
    monkeypatch.setattr(children, "is_installed", lambda name: installed or name not in ("tensorflow", "keras"))
    of_onnx = next(found for (format, _), found in BY_KIND.items() if format == "onnx")
    targets = [Target(*(of_onnx if kind == "onnx" else kind_named("keras")), Path("a")) for kind in kinds]
    found = network(LENET)
    path = Path("a.keras") if weights else None
    request = Request(found.graph, LENET, found.input_range, "probabilities", targets, weights=path, verify=verify)
    if way.startswith("cnncli."):
        assert children.writer(request) == way
    else:
        with pytest.raises(MachineError, match=way):
            children.writer(request)


# What a run shows.


def test_what_is_wrong_with_a_run() -> None:
    sound = np.random.default_rng(0).random((4, 10))
    assert list(flaws(tried(sound), (10,))) == []
    assert list(flaws(tried(sound), (11,))) == ["its outputs are of shape 10, the network's 11"]
    broken = sound.copy()
    broken[1, 2:4] = np.nan, np.inf
    assert list(flaws(tried(broken), (10,))) == ["2 of its outputs on 4 pictures are not finite"]
    assert tried(np.ones((4, 10))) == Trial(4, (10,), 0, blind=True)
    assert tried(sound) == Trial(4, (10,), 0, blind=False)


def test_weights_that_are_not_finite_are_not_put_in_place(tmp_path: Path) -> None:
    import h5py

    save_as_keras(graph_of(LENET), tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5", "a") as file:
        file["layers/dense/vars/0"][0] = np.nan
    done = export(tmp_path, TENSORFLOW, LENET, "--weights", "a.weights.h5", "-o", "a.onnx")
    assert done.returncode == 1
    assert "of its weights are NaN or infinite" in done.stderr
    assert "are not finite" in done.stderr
    assert not (tmp_path / "a.onnx").exists()


def test_outputs_that_hardly_change_are_told_of(tmp_path: Path) -> None:
    import h5py

    save_as_keras(graph_of(LENET), tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5", "a") as file:
        file["layers/dense/vars/0"][:] = 0
    done = export(tmp_path, TENSORFLOW, LENET, "--weights", "a.weights.h5", "-o", "a.onnx")
    assert done.returncode == 0
    assert "a.onnx: the pictures hardly change its outputs" in done.stderr


@pytest.mark.tf
def test_the_fixture_s_file_is_one_that_keras_reads(tmp_path: Path) -> None:
    save_as_keras(graph_of(LENET), tmp_path / "a.weights.h5")
    with quiet():
        import_keras()
        model = lower(graph_of(LENET))
        model.load_weights(tmp_path / "a.weights.h5")
    assert sha256(values(graph_of(LENET), tmp_path / "a.weights.h5").ordered) == sha256(
        weight.value for weight in model.weights
    )
