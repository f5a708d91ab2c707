"""The ONNX files of `export`: their kinds, layouts and batches, what they say of themselves, and wrong ones refused.

What no Keras model is needed for is done without: of files that a command has proved, or of made-up weights.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from conftest import at_small_size, first_of_families, refused
from onnx import TensorProto, numpy_helper

from cnncli.amounts import UNKNOWN
from cnncli.errors import CheckFailed, UsageError
from cnncli.export.exporting import Export, Request, Target, differences, export
from cnncli.export.format import ANY_BATCH, CHANNELS_FIRST, Source, Tensor
from cnncli.export.formats import BY_KIND
from cnncli.export.messages import Comparison, VerificationJob
from cnncli.export.pictures import random_pictures, scaled
from cnncli.export.placing import put_in_place
from cnncli.export.representative import Representative
from cnncli.export.targets import targets
from cnncli.export.verification import verify
from cnncli.network import network
from cnncli.onnx_model import external
from cnncli.onnx_model.checking import check_file

FORMAT = BY_KIND["onnx", "none"][0]
KINDS = tuple(kind.name for kind in FORMAT.kinds)
SMALL = "mobilenet_v2:input_shape=64,alpha=0.35,classes=10"


def kind_of(name: str) -> Any:
    return BY_KIND["onnx", name][1]


# A network as one command has written it in all kinds, with calibrated weights, each held against the Keras model.


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files and the manifest."""
    folder = tmp_path_factory.mktemp("onnx")
    asked = [part for kind in KINDS for part in ("-q", kind)]
    done = command(SMALL, "--to", "onnx", *asked, "-o", folder / "out", "--manifest", folder / "manifest.json")
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def command(*arguments: object, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`cnncli export` of seed 1; `site` is a folder with a sitecustomize.py that it and its children run first."""
    path = os.pathsep.join([*([str(site)] if site else []), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-m", "cnncli", "export", *map(str, arguments), "--seed", "1"],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def file(folder: Path, kind: str) -> Path:
    return folder / "out" / f"mobilenet_v2-{kind}.onnx"


def loaded(folder: Path, kind: str) -> Any:
    return onnx.load(file(folder, kind))


def values(model: Any) -> dict[str, Any]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def of_type(model: Any, *types: str) -> list[Any]:
    return [node for node in model.graph.node if node.op_type in types]


@pytest.mark.tf
def test_the_manifest(small: Path) -> None:
    manifest = json.loads((small / "manifest.json").read_text())
    assert {"onnx", "onnxruntime"} <= {name for name, version in manifest["versions"].items() if version}
    assert [found["kind"] for found in manifest["files"]] == list(KINDS)
    for found in manifest["files"]:
        content = Path(found["path"]).read_bytes()
        assert (found["bytes"], found["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert found["bytes"] == pytest.approx(found["predicted_bytes"], rel=0.05)
        assert (found["verified"], found["in_place"], found["problems"]) == (True, True, [])
        assert (found["batch"], found["signature"]) == (None, None)
        assert sum(found["ops"].values()) == found["op_count"] == len(onnx.load(found["path"]).graph.node)
        assert found["inputs"] == [{"name": "image", "shape": [None, 64, 64, 3], "dtype": "float32"}]
        assert found["outputs"] == [{"name": "probabilities", "shape": [None, 10], "dtype": "float32"}]
        assert found["verification"]["compared"] == ("logits" if found["kind"] == "int8" else "outputs")
        assert "beside" not in found


@pytest.mark.tf
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_says_what_it_is(small: Path, kind: str) -> None:
    model = loaded(small, kind)
    told = {each.key: each.value for each in model.metadata_props}
    said = {"reference": SMALL, "input_range": "-1 to 1", "layout": "nhwc", "output": "probabilities", "classes": "10"}
    assert told == {**told, **said}
    held = values(model)
    assert set(json.loads(told["constants"])) | set(json.loads(told["not_trained"])) <= set(held)
    assert (model.producer_name, model.ir_version) == ("cnncli", 8)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 18)]
    assert model.doc_string.startswith(SMALL)
    assert model.graph.input[0].doc_string == "pictures (batch, height, width, channels) in values of -1 to 1"
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


@pytest.mark.tf
def test_float16_halves_the_kernels_alone(small: Path) -> None:
    whole, halved = values(loaded(small, "none")), values(loaded(small, "float16"))
    assert set(whole) == set(halved)
    for name, array in whole.items():
        is_kernel = array.dtype == "float32" and array.size > max(array.shape, default=1)
        assert halved[name].dtype == ("float16" if is_kernel else array.dtype)
        assert numpy.array_equal(halved[name], array.astype(halved[name].dtype))
    read = {name for node in of_type(loaded(small, "float16"), "Cast") for name in node.input}
    assert read == {name for name, array in halved.items() if array.dtype == "float16"}
    assert len(read) == 53  # 52 convolutions and the classifier


@pytest.mark.tf
def test_int8_is_of_uint8_activations_and_a_scale_a_channel(small: Path) -> None:
    model = loaded(small, "int8")
    held = values(model)
    assert {held[node.input[2]].dtype.name for node in of_type(model, "QuantizeLinear")} == {"uint8"}
    read = {node.output[0]: [held.get(name) for name in node.input] for node in of_type(model, "DequantizeLinear")}
    assert len(of_type(model, "Conv")) == 52
    for node in of_type(model, "Conv"):
        kernel, scales, _ = read[node.input[1]]
        assert (kernel.dtype, scales.shape) == ("int8", kernel.shape[:1])
        assert numpy.abs(kernel.astype(int)).max() == 127
    assert not of_type(model, "BatchNormalization", "Clip")
    (softmax,) = of_type(model, "Softmax")  # of what it reads, not of steps of 1/256
    assert softmax.output[0] == "probabilities"
    assert not [name for name in held if name.startswith("ConvBnFusion")]


# Damage: what a command would refuse is refused, in the limits of each kind.


@pytest.fixture(scope="module")
def samples(small: Path) -> Path:
    """What the float32 file gives, which was held against the Keras model."""
    inputs = scaled(random_pictures(64, (64, 64, 3)), (-1, 1))
    numpy.savez(small / "samples.npz", inputs=inputs, expected=FORMAT.run(file(small, "none"), inputs))
    return small / "samples.npz"


def found_wrong(path: Path, samples: Path, kind: str) -> list[str]:
    answer = verify(VerificationJob("onnx", kind, path, samples, True), lambda _: None)
    return list(differences(kind_of(kind), Comparison(**answer)))


def zeroed(model: Any) -> None:
    """The kernel of a convolution that no residual bridges."""
    change(model, "stage4.block1.project_conv.kernel", numpy.zeros_like)


def swapped(model: Any) -> None:
    """Height and width of a depthwise kernel."""
    change(model, "stage2.block1.depthwise_conv.kernel", lambda array: array.swapaxes(2, 3))


def turned(model: Any) -> None:
    """Height and width of the picture."""
    (first,) = of_type(model, "Transpose")
    first.attribute[0].ints[:] = [0, 3, 2, 1]


def another_epsilon(model: Any) -> None:
    for node in of_type(model, "BatchNormalization"):
        node.attribute[0].f = 0.01


def paler(model: Any) -> None:
    """A quarter less of what each activation may be at most."""
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    for name in {node.input[1] for node in of_type(model, "QuantizeLinear")}:
        scale = numpy_helper.to_array(held[name])
        held[name].CopyFrom(numpy_helper.from_array((scale * 0.5).astype("float32"), name))


def change(model: Any, name: str, how: Callable[[Any], Any]) -> None:
    """In all forms that a weight has in the kinds."""
    (tensor,) = [each for each in model.graph.initializer if each.name in (name, f"{name}_quantized")]
    array = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(numpy.ascontiguousarray(how(array)), tensor.name))


DAMAGES = [
    *((kind, damage) for kind in KINDS for damage in (zeroed, swapped, turned)),
    ("none", another_epsilon),
    ("float16", another_epsilon),
    ("int8", paler),
]


@pytest.mark.tf
@pytest.mark.parametrize(("kind", "damage"), DAMAGES, ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_damage_is_seen(small: Path, samples: Path, tmp_path: Path, kind: str, damage: Callable[[Any], None]) -> None:
    assert found_wrong(file(small, kind), samples, kind) == []
    model = loaded(small, kind)
    damage(model)
    onnx.save(model, tmp_path / "damaged.onnx")
    (problem,) = found_wrong(tmp_path / "damaged.onnx", samples, kind)
    assert "are not the Keras model's" in problem


def no_longer(model: Any, field: str, count: int = 1) -> None:
    del getattr(model.graph, field)[-count:]


def declared_otherwise(model: Any) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 11


def unknown(model: Any) -> None:
    of_type(model, "Softmax")[0].op_type = "Softermax"


def twice(model: Any) -> None:
    model.graph.node.append(model.graph.node[-1])


@pytest.mark.tf
@pytest.mark.parametrize(
    "damage",
    [lambda model: no_longer(model, "initializer"), lambda model: no_longer(model, "node"), declared_otherwise,
     unknown, twice],
)  # fmt: skip
def test_what_breaks_rules_is_refused_before_it_runs(
    small: Path, tmp_path: Path, damage: Callable[[Any], None]
) -> None:
    model = loaded(small, "none")
    damage(model)
    path = tmp_path / "broken.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CheckFailed, match="onnx.checker refuses it: ") as refusal:
        FORMAT.run(path, None)
    assert "\n" not in str(refusal.value)


def test_what_onnxruntime_refuses_is_one_line(tmp_path: Path) -> None:
    """An operation that is right by ONNX's rules, of a type that the runtime has no kernel for."""
    from onnx import helper

    ends = [helper.make_tensor_value_info(name, TensorProto.BFLOAT16, [1, 3]) for name in ("image", "output")]
    graph = helper.make_graph([helper.make_node("Softplus", ["image"], ["output"])], "g", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.save(model, tmp_path / "a.onnx")
    check_file(tmp_path / "a.onnx")
    with pytest.raises(CheckFailed, match="onnxruntime refuses it: .*") as refusal:
        FORMAT.run(tmp_path / "a.onnx", numpy.zeros((1, 3)))
    assert "\n" not in str(refusal.value)


@pytest.mark.tf
def test_what_fails_as_it_runs_is_one_line(small: Path, tmp_path: Path) -> None:
    """A kernel of fewer channels than it reads, which neither ONNX's rules nor onnxruntime's loading look at."""
    model = loaded(small, "none")
    change(model, "head.last_conv.kernel", lambda array: array[:, :-1])
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(CheckFailed, match="onnxruntime refuses it: .*") as refusal:
        FORMAT.run(tmp_path / "a.onnx", numpy.zeros((2, 64, 64, 3)))
    assert "\n" not in str(refusal.value)


@pytest.mark.tf
def test_shortcomings(small: Path) -> None:
    found = FORMAT.describe(file(small, "none"))
    assert found.inputs == (Tensor("image", (UNKNOWN, 64, 64, 3), "float32"),)
    kernel_bytes = kind_of("none").kernel_bytes(network(SMALL).graph)
    assert list(FORMAT.shortcomings(found, kernel_bytes, "probabilities")) == []
    assert list(FORMAT.shortcomings(found, kernel_bytes, "logits")) == ["its output is not logits"]
    (lacks,) = FORMAT.shortcomings(replace(found, buffer_bytes=kernel_bytes - 1), kernel_bytes, "probabilities")
    assert lacks == f"its weights are {kernel_bytes - 1:,} bytes, the kernels alone are {kernel_bytes:,}"
    others = replace(found, ops={"Conv": 1, "com.microsoft.FusedConv": 2})
    (foreign,) = FORMAT.shortcomings(others, kernel_bytes, "probabilities")
    assert foreign == "it needs operations that are not ONNX's: com.microsoft.FusedConv"


# Of made-up weights, without TensorFlow.


def made_up(reference: str = SMALL) -> Source:
    """A network whose weights are random."""
    found = network(reference)
    generator = numpy.random.default_rng(0)

    def weights(node: Any) -> list[Any]:
        shapes = [weight.shape for weight in node.weights]
        drawn = (generator.normal(0, 0.1, s) if len(s) > 1 else generator.uniform(0.5, 1.5, s) for s in shapes)
        return [array.astype("float32") for array in drawn]

    arrays = {node.name: weights(node) for node in found.graph.nodes if node.weights and not node.shares}
    shown = Representative(random_pictures(2, found.graph.inputs[0].shape), found.input_range, "", is_random=True)
    told = {"reference": found.reference, "layout": "nhwc"}
    return Source(found.graph, None, None, found.output_name, shown, told, arrays=lambda _: arrays)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_weights_give_the_same_bytes(tmp_path: Path, kind: str) -> None:
    for name in ("a.onnx", "b.onnx"):
        FORMAT.write(made_up(), kind_of(kind), tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert sorted(tmp_path.iterdir()) == [tmp_path / "a.onnx", tmp_path / "b.onnx"]  # nothing is left of the way there


SIZED = ("v1:alpha=0.25,input_shape=96x96x1,classes=2", "mnasnet_small:input_shape=32")
MORE = ("v2:input_shape=32", "v3_small:input_shape=32", "b0:input_shape=32", "resnet50:input_shape=32", "densenet121")
EXHAUSTIVE = [pytest.mark.slow, pytest.mark.exhaustive]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reference", [*SIZED, *(pytest.param(each, marks=EXHAUSTIVE) for each in MORE)])
def test_sizes_are_foretold(tmp_path: Path, reference: str, kind: str) -> None:
    source = made_up(reference)
    FORMAT.write(source, kind_of(kind), tmp_path / "a.onnx")
    predicted = kind_of(kind).predicted_bytes(source.graph)
    assert (tmp_path / "a.onnx").stat().st_size == pytest.approx(predicted, rel=0.05)


def test_a_kernel_beyond_float16_is_named(tmp_path: Path) -> None:
    source = made_up()
    arrays = dict(source.arrays(source))
    arrays["head.last_conv"][0][0, 0, 0, 0] = 1e5
    with pytest.raises(CheckFailed, match=r"float16 is not possible: head.last_conv.kernel reaches 1e\+05"):
        FORMAT.write(source, kind_of("float16"), tmp_path / "a.onnx")


# More weights than one file holds.


@pytest.fixture
def lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "LARGEST", external.STRUCTURE + 500_000)


@pytest.mark.usefixtures("lowered")
@pytest.mark.parametrize("kind", ["none", "float16"])
def test_weights_beside_are_those_within(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source, inputs = made_up(), scaled(random_pictures(4, (64, 64, 3)), (-1, 1))
    path = tmp_path / "model.bin.onnx"
    FORMAT.write(source, kind_of(kind), path)
    check_file(path)
    assert (
        FORMAT.beside(path, 10**6)
        == FORMAT.beside(tmp_path / "model.bin", 10**6)
        == (tmp_path / "model.bin.onnx.data",)
    )
    size = (tmp_path / "model.bin.onnx.data").stat().st_size
    end = 0
    for tensor in onnx.load(path, load_external_data=False).graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        told = {each.key: each.value for each in tensor.external_data}
        assert told["location"] == "model.bin.onnx.data"
        assert int(told["offset"]) % external.ALIGNMENT == 0
        assert int(told["offset"]) >= end
        end = int(told["offset"]) + int(told["length"])
    assert 0 < end == size
    found = FORMAT.describe(path)
    monkeypatch.undo()
    FORMAT.write(source, kind_of(kind), tmp_path / "whole.onnx")
    assert found.buffer_bytes == FORMAT.describe(tmp_path / "whole.onnx").buffer_bytes
    assert numpy.array_equal(FORMAT.run(path, inputs), FORMAT.run(tmp_path / "whole.onnx", inputs))


@pytest.mark.usefixtures("lowered")
def test_int8_of_weights_beside(tmp_path: Path) -> None:
    """It is one file, made of two; where it would be two itself, it is refused."""
    FORMAT.write(made_up(), kind_of("int8"), tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.onnx"]
    check_file(tmp_path / "a.onnx")
    with pytest.raises(CheckFailed, match="int8 is not possible: its weights are over 2 GB"):
        FORMAT.write(made_up(SMALL.replace("0.35", "1")), kind_of("int8"), tmp_path / "b.onnx")


@pytest.fixture
def drafts(tmp_path: Path) -> tuple[Path, dict[Path, Path]]:
    """A model and its weights, drafted in a folder of their own, and where they are to stand."""
    own = tmp_path / ".own"
    own.mkdir()
    (own / "a.onnx").write_text("new model")
    (own / "a.onnx.data").write_text("new weights")
    return own / "a.onnx", {own / "a.onnx.data": tmp_path / "a.onnx.data"}


def standing(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


NEW = {"a.onnx": "new model", "a.onnx.data": "new weights"}
OLD = {"a.onnx": "old model", "a.onnx.data": "old weights"}


def test_both_are_put_in_place(tmp_path: Path, drafts: tuple[Path, dict[Path, Path]]) -> None:
    put_in_place(drafts[0], tmp_path / "a.onnx", drafts[1], force=False)
    assert standing(tmp_path) == NEW


@pytest.mark.parametrize("before", [OLD, {"a.onnx.data": "old weights"}, {"a.onnx": "old model"}])
@pytest.mark.parametrize("force", [True, False])
def test_both_are_replaced_or_neither(
    tmp_path: Path, drafts: tuple[Path, dict[Path, Path]], before: dict[str, str], force: bool
) -> None:
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    if force:
        put_in_place(drafts[0], tmp_path / "a.onnx", drafts[1], force=True)
    else:
        with pytest.raises(UsageError, match="add --force to replace it"):
            put_in_place(drafts[0], tmp_path / "a.onnx", drafts[1], force=False)
    assert standing(tmp_path) == (NEW if force else before)


@pytest.mark.parametrize("before", [OLD, {}])
@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_weights_come_back_where_the_model_fails(
    tmp_path: Path,
    drafts: tuple[Path, dict[Path, Path]],
    before: dict[str, str],
    failure: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in before.items():
        (tmp_path / name).write_text(text)

    def fails(*_: Any) -> None:
        raise failure

    monkeypatch.setattr("cnncli.export.placing.os.replace", fails)
    with pytest.raises(BaseException, match="No space left on device" if isinstance(failure, OSError) else None):
        put_in_place(drafts[0], tmp_path / "a.onnx", drafts[1], force=True)
    assert standing(tmp_path) == before


def test_weights_beside_a_link_would_not_be_found(tmp_path: Path, drafts: tuple[Path, dict[Path, Path]]) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "a.onnx").symlink_to("real")
    with pytest.raises(UsageError, match="a.onnx is a link, and part of the model is to stand beside it"):
        put_in_place(drafts[0], tmp_path / "a.onnx", drafts[1], force=True)


LOWERED = """
from cnncli.onnx_model import external

external.LARGEST = external.STRUCTURE + 500_000
"""


@pytest.mark.tf
def test_two_files_channels_first_of_a_fixed_batch(tmp_path: Path) -> None:
    """By the real command, proved by their own runtime from where they were drafted."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(LOWERED)
    (tmp_path / "a.onnx").write_text("old")
    options = ("--layout", "nchw", "--batch", 4, "-f", "json")
    features = SMALL.replace("classes=10", "include_top=false")
    done = command(features, "-o", tmp_path / "a.onnx", *options, "--force", site=tmp_path / "site")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "a.onnx.data", "site"]
    (found,) = json.loads(done.stdout)["files"]
    (other,) = found["beside"]
    paths = [tmp_path / "a.onnx", tmp_path / "a.onnx.data"]
    assert (found["path"], other["path"]) == tuple(map(str, paths))
    assert found["bytes"] == sum(path.stat().st_size for path in paths)
    assert [each["sha256"] for each in (found, other)] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    ]
    assert (found["verified"], found["batch"]) == (True, 4)
    assert found["inputs"] == [{"name": "image", "shape": [4, 3, 64, 64], "dtype": "float32"}]
    assert found["outputs"] == [{"name": "features", "shape": [4, 1280, 2, 2], "dtype": "float32"}]


BROKEN = """
from cnncli.onnx_model import model

assembled = model.assembled

def broken(*arguments):
    made = assembled(*arguments)
    made.graph.output[0].type.tensor_type.shape.dim[1].dim_value += 1
    return made

model.assembled = broken
"""


@pytest.mark.tf
def test_a_wrong_file_is_not_put_in_place(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(BROKEN)
    done = command(SMALL, "-o", tmp_path / "a.onnx", site=tmp_path / "site")
    assert done.returncode == 1
    assert done.stderr.startswith(f"cnncli: {tmp_path / 'a.onnx'}: onnx.checker refuses it: ")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


# What is wrong is said before anything slow begins.


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-o", "x.tflite", "--layout", "nchw"], 2, "x.tflite is to be a TFLite, whose channels are last"),
        (["-o", "folder", "--layout", "nchw"], 2, "folder is to be a SavedModel, whose channels are last"),
        (["-o", "x.onnx", "--layout", "nhcw"], 2, "--layout nhcw: unknown layout; there are nhwc, nchw"),
        (["-o", "x.onnx", "-q", "dynamic"], 2, "--quantize dynamic: unknown kind; there are none, float16, int8"),
        (["-o", "x.onnx", "-q", "int8", "-q", "none"], 2, "x.onnx is one file, and 2 kinds are asked for"),
        (["-o", "x.onnx", "--to", "tflite", "--layout", "nchw"], 2, "x.onnx is to be a TFLite, whose channels are"),
        (["-o", "old.onnx"], 2, "old.onnx exists; add --force to replace it"),
    ],
)
def test_refusals(
    run: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.onnx").write_text("old")
    monkeypatch.setattr("cnncli.export.exporting.run", None)  # the child process, where all that is slow is done
    refused(run("export", "v2", *arguments), code, message)
    assert standing(tmp_path) == {"old.onnx": "old"}


@pytest.mark.usefixtures("lowered")
def test_weights_that_would_replace_a_file_are_refused_at_once(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnncli.export.exporting.run", None)
    (tmp_path / "a.onnx.data").write_text("mine")
    told = f"{tmp_path / 'a.onnx.data'} exists, where weights of a.onnx are to stand; add --force to replace it"
    refused(run("export", "v2", "-o", tmp_path / "a.onnx"), 2, told)


@pytest.mark.parametrize(
    ("output", "to", "quantize", "expected"),
    [
        ("a.onnx", None, (), [("none", "a.onnx")]),
        ("A.ONNX", None, ("float32",), [("none", "A.ONNX")]),
        ("model.bin", "onnx", ("float16",), [("float16", "model.bin")]),
        ("out/", "onnx", ("int8",), [("int8", "out/v2-int8.onnx")]),
        ("out", "onnx", ("int8", "none"), [("int8", "out/v2-int8.onnx"), ("none", "out/v2-none.onnx")]),
        ("out/", None, ("int8",), [("int8", "out/v2-int8.tflite")]),  # TFLite's, unless --to says otherwise
    ],
)
def test_targets(output: str, to: str | None, quantize: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    assert [(kind.name, str(path)) for _, kind, path in targets("v2", output, to, quantize)] == expected


# All of what is sampled above: pytest -m exhaustive tests/test_export_onnx.py


def exported(folder: Path, reference: str, kinds: tuple[str, ...] = KINDS, **options: Any) -> Export:
    found = network(reference)
    wanted = [Target(FORMAT, kind_of(kind), folder / f"{kind}.onnx") for kind in kinds]
    request = Request(
        found.graph, found.reference, found.input_range, found.output_name, wanted, seed=1, **options
    )  # fmt: skip
    return export(request, lambda _: None)


def held(found: Export) -> Iterator[Any]:
    assert found.problems == []
    for each in found.files:
        assert (each.verified, each.in_place, each.comparison.blind) == (True, True, False)
        assert each.bytes == pytest.approx(each.predicted_bytes, rel=0.05, abs=20_000)
        yield each


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", first_of_families())
def test_one_network_a_family_in_every_kind(tmp_path: Path, name: str) -> None:
    assert len(list(held(exported(tmp_path, at_small_size(name))))) == len(KINDS)


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("batch", [ANY_BATCH, 1, 4])
@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v3_small", "efficientnet_b0", "resnet50", "densenet121"])
def test_every_layout_and_batch(tmp_path: Path, name: str, batch: int) -> None:
    for each in held(exported(tmp_path, at_small_size(name), layout=CHANNELS_FIRST, batch=batch)):
        (image,) = each.answer.description.inputs
        assert image.shape == (batch or UNKNOWN, 3, 64, 64)
