"""Keras files of any house's own networks, exported with their weights: what onnxruntime gives is what Keras gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, kind_named, refused

from cnncli.cloning.own import PIXELS, exportable
from cnncli.network import network

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")]
Command = Callable[..., Result]


def twisted(keras: Any) -> Any:
    """Branches of the same shapes that are summed in another order than they were made in, a layer that is applied
    twice, a model within the model.
    """
    layers = keras.layers
    inner_input = keras.Input((None, None, 6))
    inner = keras.Model(inner_input, layers.Conv2D(6, 5, padding="same")(inner_input), name="inner")
    x = image = keras.Input((20, 24, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(x)
    first, second = (layers.Conv2D(6, 3, padding="same", name=name)(x) for name in ("zeta", "alpha"))
    x = layers.Subtract()([second, layers.BatchNormalization()(first)])
    twice = layers.DepthwiseConv2D(3, padding="same", name="twice")
    x = layers.Concatenate()([twice(x), twice(inner(x))])
    x = layers.Flatten()(layers.MaxPooling2D()(x))
    x = layers.Dense(5, activation="softmax")(layers.Dropout(0.5)(x))
    return keras.Model(image, x, name="twisted")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The model as both kinds of file, and the model."""
    from cnncli.keras_model import import_keras, quiet

    folder = tmp_path_factory.mktemp("files")
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy about how Keras makes arrays, and of the older format
        keras = import_keras()
        keras.utils.set_random_seed(1)
        model = twisted(keras)
        for number, weight in enumerate(each for each in model.weights if len(each.shape) == 1):
            weight.assign(keras.random.uniform(weight.shape, 0.1, 1, seed=number))
        for suffix in ("keras", "h5"):
            model.save(folder / f"twisted.{suffix}")
        vector = keras.Input((4,))
        keras.Model(vector, keras.layers.Dense(2)(vector)).save(folder / "vector.keras")
        one, other = keras.Input((4, 4, 1)), keras.Input((4, 4, 1))
        keras.Model([one, other], keras.layers.Add()([one, other])).save(folder / "two.keras")
        free = keras.Input((None, None, 3))
        keras.Model(free, keras.layers.Conv2D(2, 3)(free)).save(folder / "free.keras")
    return folder, model


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_the_file_computes_what_the_model_does(
    suffix: str, files: tuple[Path, Any], tmp_path: Path, cnncli: Command
) -> None:
    """Written without Keras, whose order of layers is that of the file."""
    import numpy
    from onnxruntime import InferenceSession

    folder, model = files
    target = tmp_path / "x.onnx"
    done = cnncli("export", str(folder / f"twisted.{suffix}"), "-o", str(target), "--no-verify")
    assert (done.code, done.err) == (0, "")
    pictures = numpy.random.default_rng(0).uniform(0, 255, (4, 20, 24, 3)).astype("float32")
    expected = numpy.asarray(model(pictures, training=False))
    (found,) = InferenceSession(str(target)).run(None, {"image": pictures})
    assert numpy.abs(expected - expected.mean(0)).max() > 0.01, "the comparison is blind"
    assert found == pytest.approx(expected, abs=1e-5)


def test_pictures_are_fed_as_what_reads_them_takes_them(files: tuple[Path, Any]) -> None:
    folder, _ = files
    found = exportable(network(str(folder / "twisted.keras"), {"exact": True}))
    assert found.input_range == PIXELS == (0, 255)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("two.keras", "has 2 inputs"),
        ("vector.keras", "takes 4 of float32 and cannot be exported: files are fed pictures"),
        ("free.keras", "--input-shape"),
    ],
)
def test_what_is_not_fed_pictures_is_refused(
    name: str, says: str, files: tuple[Path, Any], tmp_path: Path, cnncli: Command
) -> None:
    target = tmp_path / "x.onnx"
    refused(cnncli("export", str(files[0] / name), "-o", str(target)), 2, says)
    assert not target.exists()


def test_files_of_others_are_built_first(tmp_path: Path, cnncli: Command) -> None:
    done = cnncli(
        "export", "tests/files/inverted_residuals.onnx", "-o", str(tmp_path / "x.tflite"), "--input-shape", "32"
    )
    refused(done, 2, "`cnncli build tests/files/inverted_residuals.onnx -o model.keras`")


def test_sizes_that_a_file_leaves_open_are_settled(files: tuple[Path, Any], tmp_path: Path, cnncli: Command) -> None:
    target = tmp_path / "x.onnx"
    options = ("--input-shape", "16x20x3", "--no-verify")
    assert cnncli("export", str(files[0] / "free.keras"), "-o", str(target), *options).code == 0
    assert network(str(target)).graph.outputs[0].shape == (14, 18, 2)


def test_a_layer_that_is_applied_twice_has_its_kernel_once_in_the_file() -> None:
    """A 1x1 convolution of 3 to 4 channels, a depthwise 3x3 that is applied twice, and a dense layer of 4 to 2."""
    graph = network(str(Path(__file__).parent / "files" / "nested.keras")).graph
    _, kind = kind_named("none")
    assert kind.kernel_bytes(graph) == 4 * (3 * 4 + 3 * 3 * 4 + 4 * 2)
