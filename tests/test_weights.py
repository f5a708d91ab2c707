"""Weights from files: every format that Keras writes, and what is no such file."""

from __future__ import annotations

import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import graph_of
from keras_situations import SITUATIONS
from tensorflow_truth import calibrate, distance, randomize, transfer

from cnncli.errors import UsageError
from cnncli.graph.layer import snake_case
from cnncli.graph.layers import LAYERS
from cnncli.keras_model import import_keras, load_weights, lower, quiet
from cnncli.keras_model.nested import Wanted
from cnncli.keras_model.weight_files import stored_layers
from cnncli.keras_model.weights import IMAGENET_DEVIATION, IMAGENET_MEAN, _shapes, check_weights_file

pytestmark = [
    pytest.mark.tf,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

SMALL = "mobilenet_v3_small:alpha=0.75,input_shape=64,classes=5"


@pytest.fixture(scope="module")
def small() -> Any:
    """keras.applications' network of SMALL, with random weights."""
    with quiet():
        keras = import_keras()
        model = keras.applications.MobileNetV3Small((64, 64, 3), alpha=0.75, weights=None, classes=5)
        randomize(model, np.random.default_rng(1))
    return model


def save_legacy(model: Any, path: Path) -> None:
    """The format of the files that keras.applications publishes, which Keras 3 reads but no longer writes."""
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, model)


FILES: dict[str, Callable[[Any, Path], None]] = {
    "model.keras": lambda model, path: model.save(path),
    "model.weights.h5": lambda model, path: model.save_weights(path),
    "legacy.h5": save_legacy,
    "whole.h5": lambda model, path: model.save(path),
}


@pytest.mark.parametrize("name", FILES)
def test_weights_of_keras_applications_are_loaded(tmp_path: Path, small: Any, name: str) -> None:
    with quiet():
        FILES[name](small, tmp_path / name)
        ours = lower(graph_of(SMALL))
        loaded = load_weights(ours, tmp_path / name)
    assert loaded.layers == sum(bool(layer.weights) for layer in small.layers)
    assert loaded.notes == ()
    for mine, theirs in zip(ours.get_weights(), small.get_weights(), strict=True):
        assert np.array_equal(mine, theirs)


def test_normalization_computes_with_the_loaded_statistics(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).uniform(0, 255, (4, 64, 64, 3)).astype("float32")
    with quiet():
        theirs = import_keras().applications.EfficientNetB0(input_shape=(64, 64, 3), weights=None, classes=5)
        randomize(theirs, np.random.default_rng(1))
        calibrate(theirs, pictures)
        save_legacy(theirs, tmp_path / "legacy.h5")
        ours = lower(graph_of("b0", input_shape="64", classes=5))
        load_weights(ours, tmp_path / "legacy.h5")
        assert distance(np.asarray(ours(pictures)), np.asarray(theirs(pictures))) < 1e-5


def test_published_efficientnets_compute_what_keras_applications_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With weights="imagenet" keras.applications adds a layer that makes up for a flaw of the published files."""
    path = tmp_path / "efficientnetb0_notop.h5"
    pictures = np.random.default_rng(0).uniform(0, 255, (4, 64, 64, 3)).astype("float32")
    monkeypatch.setattr("keras.src.applications.efficientnet.file_utils.get_file", lambda *_, **__: str(path))
    with quiet():
        network = import_keras().applications.EfficientNetB0
        arguments = {"input_shape": (64, 64, 3), "include_top": False, "pooling": "avg"}
        source = network(weights=None, **arguments)
        randomize(source, np.random.default_rng(1))
        mean, variance = next(layer for layer in source.layers if type(layer).__name__ == "Normalization").weights[:2]
        mean.assign(IMAGENET_MEAN), variance.assign(IMAGENET_DEVIATION)
        save_legacy(source, path)
        theirs = network(weights="imagenet", **arguments)
        calibrate(theirs, pictures)
        save_legacy(theirs, path)
        ours, without = (lower(graph_of("b0", input_shape="64", include_top=False, pooling="avg")) for _ in range(2))
        loaded = load_weights(ours, path)
        transfer(theirs, without)
        expected = np.asarray(theirs(pictures))
    assert distance(np.asarray(ours(pictures)), expected) < 1e-5
    assert distance(np.asarray(without(pictures)), expected) > 0.01
    assert "squared" in loaded.notes[0]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "v3_small:alpha=0.75,input_shape=64,classes=6",
            "head.logits takes 1x1x1024x6, 6; the file's logits holds 1x1x1024x5, 5; are they of other classes?",
        ),
        (
            "v3_small:alpha=0.5,input_shape=64,classes=5",
            "stage1.block1.project_conv takes 1x1x16x8; the file's expanded_conv_project holds 1x1x16x16; "
            "are they of another alpha, width or flavor?",
        ),
        ("v3_small@article:alpha=0.75,input_shape=64,classes=5", "stage1.block1.expand_conv takes 1x1x16x12; the file"),
        ("v3_small:alpha=0.75,input_shape=64,include_top=false", "besides; are they of another model, flavor or"),
        ("b0:input_shape=64,classes=5", "stem.normalization takes 3, 3, scalar; the file"),
    ],
)
@pytest.mark.parametrize("name", ["model.weights.h5", "legacy.h5"])
def test_weights_of_another_network_change_nothing(
    tmp_path: Path, small: Any, name: str, reference: str, message: str
) -> None:
    with quiet():
        FILES[name](small, tmp_path / name)
        ours = lower(graph_of(reference))
        before = ours.get_weights()
        with pytest.raises(UsageError) as error:
            load_weights(ours, tmp_path / name)
    assert str(error.value).startswith(f"{tmp_path / name} does not fit: ")
    assert message in str(error.value)
    assert all(np.array_equal(old, new) for old, new in zip(before, ours.get_weights(), strict=True))


@pytest.mark.parametrize("name", FILES)
def test_files_cut_short_are_refused(tmp_path: Path, small: Any, name: str) -> None:
    with quiet():
        FILES[name](small, tmp_path / name)
        ours = lower(graph_of(SMALL))
    whole = (tmp_path / name).read_bytes()
    for length in (0, 1, 7, 8, 100, 2000, *np.random.default_rng(3).integers(len(whole), size=20)):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(UsageError, match=f"{name} (cannot be read as|holds no) weights"):
            load_weights(ours, tmp_path / name)


def test_a_damaged_archive_is_refused_or_whole(tmp_path: Path, small: Any) -> None:
    random = np.random.default_rng(3)
    with quiet():
        small.save(tmp_path / "model.keras")
        ours = lower(graph_of(SMALL))
    whole = (tmp_path / "model.keras").read_bytes()
    for number in range(60):
        damaged = bytearray(whole)
        for place in random.integers((len(whole) - 3000) * (number % 2), len(whole), size=1 + number // 4):
            damaged[place] ^= int(random.integers(1, 256))
        (tmp_path / "model.keras").write_bytes(damaged)
        with suppress(UsageError):
            load_weights(ours, tmp_path / "model.keras")
            assert np.array_equal(ours.get_weights()[0], small.get_weights()[0])


REFUSING = """
import sys
from pathlib import Path
from cnncli.errors import UsageError
from cnncli.keras_model.weights import check_weights_file
try:
    check_weights_file(Path(sys.argv[1]))
except UsageError as error:
    print(error)
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
"""


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An archive of 300 kB whose weights would be 300 MB."""
    path = tmp_path_factory.mktemp("bomb") / "model.keras"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("model.weights.h5", "w") as member,
    ):
        for _ in range(300):
            member.write(bytes(10**6))
    return path.read_bytes()


def lying(archive: bytes, packed: int | None = None, unpacked: int | None = None) -> bytes:
    """The archive with other sizes in its list of members, which holds them at bytes 20 and 24 of an entry."""
    start, changed = archive.rindex(b"PK\x01\x02"), bytearray(archive)
    for offset, size in ((20, packed), (24, unpacked)):
        if size is not None:
            struct.pack_into("<I", changed, start + offset, size)
    return bytes(changed)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks its memory up in /proc")
@pytest.mark.parametrize(
    ("lies", "message"),
    [
        ({}, r"bytes in it unpack to 300,000,000, which no weights do"),
        ({"packed": 10**9}, r"bytes in it unpack to 300,000,000, which no weights do"),
        ({"unpacked": 10**6}, "Bad CRC-32"),
    ],
)
def test_an_archive_that_unpacks_to_far_more_is_refused_in_little_memory(
    tmp_path: Path, bomb: bytes, lies: dict[str, int], message: str
) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(lying(bomb, **lies))
    done = subprocess.run([sys.executable, "-c", REFUSING, path], capture_output=True, text=True, check=True)
    said, kilobytes = done.stdout.splitlines()
    assert said.startswith(f"{path} cannot be read as weights: ")
    assert message in said
    assert int(kilobytes) < 100_000


def test_an_archive_with_less_in_it_than_it_says_is_refused(tmp_path: Path, small: Any) -> None:
    path = tmp_path / "model.keras"
    with quiet():
        small.save(path)
    with zipfile.ZipFile(path) as archive:
        content = archive.read("model.weights.h5")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", content)
    check_weights_file(path)  # packed as others pack it
    path.write_bytes(lying(path.read_bytes(), unpacked=len(content) + 10))
    with pytest.raises(UsageError, match="smaller than the archive says"):
        check_weights_file(path)


@pytest.mark.parametrize("ours", ["_misfit", "_assign"])
def test_our_own_mistakes_are_not_the_file_s(
    tmp_path: Path, small: Any, monkeypatch: pytest.MonkeyPatch, ours: str
) -> None:
    def mistaken(*_: Any) -> Any:
        raise TypeError("a defect")

    monkeypatch.setattr(f"cnncli.keras_model.weights.{ours}", mistaken)
    with quiet():
        small.save_weights(tmp_path / "model.weights.h5")
        model = lower(graph_of(SMALL))
    with pytest.raises(TypeError, match="a defect"):
        load_weights(model, tmp_path / "model.weights.h5")


def test_links_to_other_files_are_not_followed(tmp_path: Path, small: Any) -> None:
    import h5py

    with quiet():
        small.save_weights(tmp_path / "model.weights.h5")
        ours = lower(graph_of(SMALL))
    with h5py.File(tmp_path / "linking.weights.h5", "w") as file:
        file["layers"] = h5py.ExternalLink(str(tmp_path / "model.weights.h5"), "/layers")
    with pytest.raises(UsageError, match="layers is a link or missing"):
        load_weights(ours, tmp_path / "linking.weights.h5")


def test_layers_are_spelt_as_keras_spells_them() -> None:
    from keras.src.utils.naming import to_snake_case

    for name in LAYERS:
        assert snake_case(name) == to_snake_case(name)


# Models within models, as transfer learning makes them.


@pytest.fixture(scope="module")
def nested() -> Any:
    """keras.applications' network without its top as a layer of a Sequential model, with a head of its own."""
    with quiet():
        keras = import_keras()
        base = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, include_top=False, weights=None)
        pooled, head = keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(5, activation="softmax")
        model = keras.Sequential([keras.Input((32, 32, 3)), base, pooled, head])
        randomize(model, np.random.default_rng(1))
    return model


@pytest.mark.parametrize("name", FILES)
def test_a_model_within_a_model_is_read_in_order(tmp_path: Path, nested: Any, name: str) -> None:
    pictures = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")
    frozen = name == "whole.h5"
    with quiet():
        nested.layers[0].trainable = not frozen
        FILES[name](nested, tmp_path / name)
        ours = lower(graph_of("v2:alpha=0.35,input_shape=32,classes=5"))
        load_weights(ours, tmp_path / name)
        assert distance(np.asarray(ours(pictures)), np.asarray(nested(pictures, training=False))) < 1e-5


@pytest.mark.parametrize(("name", "kind"), [("open_size.tflite", "TFLite file"), ("frozen.pb", "TensorFlow graph")])
def test_other_models_hold_no_weights_that_are_read(name: str, kind: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is a {kind}; weights are read from a .keras"):
        check_weights_file(Path(__file__).parent / "files" / name)


def test_a_head_on_a_frozen_base_loads_into_its_reference(tmp_path: Path) -> None:
    """As transfer learning leaves it: preprocessing, the base and a head of one class. Every number is the file's."""
    with quiet():
        model = SITUATIONS["nested_head"].build(import_keras())
        ours = lower(graph_of("v2:input_shape=160x160x3,classes=1"))
    assert ours.count_params() == model.count_params() == 2_259_265
    base = next(layer for layer in model.layers if layer.name.startswith("mobilenetv2"))
    head = [weight for layer in model.layers if layer is not base for weight in layer.weights]
    for seed, name in enumerate(("model.keras", "model.weights.h5", "whole.h5")):
        with quiet():
            randomize(model, np.random.default_rng(seed))
            FILES[name](model, tmp_path / name)
            load_weights(ours, tmp_path / name)
        for mine, other in zip(ours.weights, [*base.weights, *head], strict=True):
            assert np.array_equal(np.asarray(mine), np.asarray(other)), (name, mine.path)


def test_models_whose_order_is_nowhere_written_are_said_to_be_nested(tmp_path: Path) -> None:
    with quiet():
        keras = import_keras()
        layers = keras.layers
        inner = keras.Sequential([layers.Input((5,)), layers.Dense(5)])
        keras.Sequential([layers.Input((5,)), inner, layers.Dense(5)]).save(tmp_path / "model.keras")
        plainly = keras.Sequential([layers.Input((5,)), layers.Dense(5), layers.Dense(5)])
        with pytest.raises(
            UsageError, match=r"a model within the model and layers of the same class and shapes in both"
        ):
            load_weights(plainly, tmp_path / "model.keras")


def test_a_list_of_shapes_is_cut(tmp_path: Path, nested: Any) -> None:
    with quiet():
        save_legacy(nested, tmp_path / "legacy.h5")
        ours = lower(graph_of("b0:input_shape=32,classes=5"))
    with pytest.raises(UsageError) as error:
        load_weights(ours, tmp_path / "legacy.h5")
    assert len(str(error.value)) < len(str(tmp_path)) + 300
    assert _shapes([(1,)] * 300) == "1, 1, 1, 1, 1, 1, and 294 more"


ONE_CHANNEL = "are they for pictures of 1 channel, by another input_shape?"


@pytest.mark.parametrize(
    ("stored", "wanted", "hint"),
    [
        ("v2:input_shape=32x32x1,classes=5", "v2:input_shape=32,classes=5", ONE_CHANNEL),
        ("b0:input_shape=32x32x1,classes=5", "b0:input_shape=32,classes=5", ONE_CHANNEL),
        ("b0:input_shape=32", "b1:input_shape=32", "are they of another depth or model?"),
        ("v2:alpha=0.5,input_shape=32", "v2:alpha=0.75,input_shape=32", "are they of another alpha, width or flavor?"),
        ("v1:input_shape=32", "v1:input_shape=32,classes=5", "are they of other classes?"),
    ],
)  # fmt: skip
def test_the_axis_that_differs_names_the_cause(tmp_path: Path, stored: str, wanted: str, hint: str) -> None:
    with quiet():
        lower(graph_of(stored)).save_weights(tmp_path / "other.weights.h5")
        model = lower(graph_of(wanted))
    with pytest.raises(UsageError, match="does not fit") as error:
        load_weights(model, tmp_path / "other.weights.h5")
    assert str(error.value).endswith(hint)


def test_a_layer_that_the_file_has_not_is_not_named_for_it(tmp_path: Path) -> None:
    """Keras numbers those that it looks for on, beyond those that are there."""
    with quiet():
        import keras

        model = lower(graph_of("v1:alpha=0.25,input_shape=32,classes=3"))
        keras.Model(model.input, model.layers[20].output).save(tmp_path / "shorter.keras")
    with pytest.raises(UsageError, match="; the file has none for it; are they of another model") as error:
        load_weights(model, tmp_path / "shorter.keras")
    assert "the file's" not in str(error.value)


# Numbers that are none, and numbers that stand for others.


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_told_by_the_first_layer(tmp_path: Path, broken: float) -> None:
    with quiet():
        model = lower(graph_of(SMALL))
        values = model.get_weights()
        values[1][0] = values[-1][:2] = broken
        model.set_weights(values)
        model.save_weights(tmp_path / "broken.weights.h5")
        loaded = load_weights(lower(graph_of(SMALL)), tmp_path / "broken.weights.h5")
    assert loaded.notes == ("stem.stem_bn: 1 of its weights are NaN or infinite, and 1 further layers have such",)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
def test_whole_numbers_are_refused(tmp_path: Path, small: Any, dtype: str) -> None:
    import h5py

    path = tmp_path / "model.weights.h5"
    with quiet():
        small.save_weights(path)
        ours = lower(graph_of(SMALL))
    with h5py.File(path, "a") as file:
        group = file["layers/conv2d/vars"]
        values = group["0"][()]
        del group["0"]
        group["0"] = values.astype(dtype)
    with pytest.raises(UsageError, match=f"takes real numbers; the file's conv holds {dtype}; are they quantized"):
        load_weights(ours, path)


# What would take memory or time without end.


def test_far_more_than_the_network_needs_is_not_unpacked(tmp_path: Path) -> None:
    """At a ratio that weights may have: only what they are for tells that they are too many."""
    path, content = tmp_path / "model.keras", np.random.default_rng(0).bytes(2**16) + bytes(2**20)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("model.weights.h5", "w") as member,
    ):
        for _ in range(64):
            member.write(content)
    with pytest.raises(UsageError, match="bytes, the network's weights are 877,260; are they another's"):
        check_weights_file(path, graph_of("v1:alpha=0.25,input_shape=32,classes=3"))


@pytest.mark.parametrize("pieces", [(2**13, 2**13), (1, 2**26)])
def test_a_dataset_in_huge_pieces_is_refused(tmp_path: Path, pieces: tuple[int, int]) -> None:
    import h5py

    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        shape = {"shape": (1, 1), "maxshape": (None, None)}
        file.create_dataset("layers/conv2d/vars/0", chunks=pieces, compression="gzip", dtype="f8", **shape)
    with h5py.File(tmp_path / "a.weights.h5") as file, pytest.raises(ValueError, match="in pieces of"):
        stored_layers(file["layers"], [Wanted("conv2d", ())])


def test_shapes_of_terabytes_are_compared_and_not_read(tmp_path: Path, small: Any) -> None:
    import h5py

    with quiet():
        ours = lower(graph_of(SMALL))
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file.create_dataset("layers/conv2d/vars/0", (2**20, 2**20), "f8", chunks=(2**10, 2**10))
    with pytest.raises(UsageError, match="takes 3x3x3x16; the file's conv2d holds 1048576x1048576"):
        load_weights(ours, tmp_path / "a.weights.h5")
