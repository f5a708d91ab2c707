"""TFLite files as Keras models: what LiteRT makes of a file the model makes of the same inputs.

The registry whole, which takes minutes: `pytest tests/test_build_tflite.py -m exhaustive`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnncli.cloning import trial, worker
from cnncli.cloning.messages import Job, Trial
from cnncli.cloning.plan import planned
from cnncli.readers.opening import read_file
from cnncli.readers.reading import Settings

pytestmark = pytest.mark.filterwarnings("ignore")
FILES = Path(__file__).parent / "files"
LIMIT = 1e-4


def cloned(path: Path, samples: Path, **settings: Any) -> dict[str, dict[str, Any]]:
    """How far the clone of a file is from it, by the names of the outputs."""
    found = read_file(path, Settings(exact=True, **settings))[1]
    plan = planned(found.graph, str(path))
    job = Job(plan, path, "tflite", None, None, False, (-1.0, 1.0), True, None, None, samples)
    told = worker.work(job, lambda _: None)
    assert not told["differences"]
    comparisons = trial.try_file(Trial(path, "tflite", samples, found.channels_first, 1), lambda _: None)
    return dict(zip((node.name for node in found.graph.outputs), comparisons, strict=True))


def assert_equal(comparisons: dict[str, dict[str, Any]]) -> None:
    """All outputs are the file's, and the inputs have a say in each."""
    assert all(not each["blind"] for each in comparisons.values())
    far = {name: each["max_relative_difference"] for name, each in comparisons.items()}
    assert {name: each for name, each in far.items() if each is None or each > LIMIT} == {}


# Networks as TensorFlow's converter writes them.


def network(keras: Any) -> Any:
    """All that the converter fuses, writes out or stores otherwise."""
    layers = keras.layers
    x = keras.Input((17, 17, 3))
    y = layers.Rescaling(2.0, -0.5)(x)
    y = layers.Conv2D(8, 3, strides=2, padding="valid", use_bias=False)(layers.ZeroPadding2D(((0, 1), (1, 1)))(y))
    y = layers.Activation("hard_silu")(layers.BatchNormalization()(y))
    z = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(y)
    z = layers.Activation("silu")(layers.BatchNormalization()(z))
    z = layers.ReLU(6.0)(layers.Conv2D(8, 3, dilation_rate=2, padding="same")(z))
    gate = layers.Dense(8, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(z))
    y = layers.Add()([y, layers.Multiply()([z, gate])])
    y = layers.PReLU(shared_axes=[1, 2])(layers.Conv2DTranspose(6, 3, strides=2, padding="same")(y))
    y = layers.Conv2D(8, (1, 3), groups=2, activation="tanh")(y)
    y = layers.Concatenate()([layers.MaxPooling2D(3, 2, "same")(y), layers.AveragePooling2D(3, 2, "same")(y)])
    y = layers.LayerNormalization()(y)
    y = layers.UpSampling2D(2, interpolation="bilinear")(y)
    return keras.Model(x, layers.Dense(5, activation="softmax")(layers.Flatten()(y)))


def written(model: Any, kind: str, path: Path) -> Path:
    """A file of a Keras model whose weights are random, variances among them."""
    import numpy

    from cnncli.export.formats.conversion import concrete_function, convert
    from cnncli.keras_model import quiet

    random = numpy.random.default_rng(2)
    for weight in model.weights:
        low, high = (0.5, 1.5) if weight.name in ("gamma", "moving_variance") else (-0.3, 0.3)
        weight.assign(random.uniform(low, high, weight.shape))
    with quiet():
        path.write_bytes(convert(concrete_function(model, 1), kind, lambda: iter(())))
    return path


@pytest.mark.tf
@pytest.mark.parametrize("kind", ["none", "float16"])
def test_a_network_of_all_that_the_converter_writes(kind: str, tmp_path: Path) -> None:
    from cnncli.keras_model import import_keras

    path = written(network(import_keras()), kind, tmp_path / "network.tflite")
    assert_equal(cloned(path, tmp_path / "samples.npz"))


def of_registry(reference: str, folder: Path) -> Path:
    """The file of a network with calibrated weights."""
    from conftest import graph_of

    from cnncli.export.calibration import calibrate
    from cnncli.export.formats.conversion import concrete_function, convert
    from cnncli.export.representative import representative
    from cnncli.keras_model import lower, quiet

    graph = graph_of(reference)
    with quiet():
        model = lower(graph)
        calibrate(model, graph, representative(None, graph.inputs[0].shape, (-1.0, 1.0)))
        path = folder / "network.tflite"
        path.write_bytes(convert(concrete_function(model, 1), "none", lambda: iter(())))
    return path


@pytest.mark.tf
def test_a_network_of_the_registry(tmp_path: Path) -> None:
    path = of_registry("mobilenet_v3_small:alpha=0.75,input_shape=32,classes=7", tmp_path)
    assert_equal(cloned(path, tmp_path / "samples.npz"))


# Operations as the converter writes them.


def operations(tf: Any) -> dict[str, Callable[[Any], Any]]:
    """Of a map of 8x8x6."""
    import numpy

    random = numpy.random.default_rng(0)
    own, row = (random.uniform(0.5, 2, shape).astype("float32") for shape in ((8, 8, 6), (6,)))
    images, old = tf.image, tf.compat.v1.image
    around = [[0, 0], [1, 2], [0, 1], [0, 0]]
    return {
        "aligned": lambda x: old.resize_bilinear(x, (13, 5), align_corners=True),
        "cornered": lambda x: old.resize_bilinear(x, (13, 5)),
        "centred": lambda x: images.resize(x, (13, 5)),
        "nearest": lambda x: old.resize_nearest_neighbor(x, (13, 5)),
        "nearest_aligned": lambda x: old.resize_nearest_neighbor(x, (13, 5), align_corners=True),
        "nearest_centred": lambda x: images.resize(x, (13, 5), "nearest"),
        "twice": lambda x: old.resize_nearest_neighbor(x, (16, 24)),
        "halves": lambda x: tf.split(x, 2, axis=3)[1] * 2.0,
        "unequal": lambda x: tf.split(x, [1, 7], axis=1)[1] + 1.0,
        "unstacked": lambda x: tf.unstack(x, axis=2)[3] * 1.5,
        "strided": lambda x: x[:, 1:7:2, ::3, 1:],
        "shrunk": lambda x: x[:, 2],
        "reversed": lambda x: 1.5 - x,
        "quotient": lambda x: 2.0 / (x + 3.0),
        "of_row": lambda x: row / (x + 3.0),
        "minus_row": lambda x: row - x,
        "reflected": lambda x: tf.pad(x, around, "REFLECT"),
        "symmetric": lambda x: tf.pad(x, around, "SYMMETRIC"),
        "filled": lambda x: tf.pad(x, around, constant_values=2.0),
        "channels": lambda x: tf.pad(x, [[0, 0], [0, 0], [0, 0], [1, 3]]),
        "to_space": lambda x: tf.nn.depth_to_space(x[..., :4], 2),
        "to_depth": lambda x: tf.nn.space_to_depth(x, 2),
        "normalized": lambda x: tf.math.l2_normalize(x, -1),
        "gelu_by_tanh": lambda x: tf.nn.gelu(x, approximate=True),
        "leaky": lambda x: tf.nn.leaky_relu(x, 0.3),
        "clipped": lambda x: tf.clip_by_value(x, -0.25, 0.5),
        "mean": lambda x: tf.reduce_mean(x, -1, keepdims=True),
        "sum": lambda x: tf.reduce_sum(x, [1, 2]),
        "largest": lambda x: tf.reduce_max(x, 1),
        "place": lambda x: tf.argmax(x, -1, tf.int32),
        "maximum": lambda x: tf.maximum(x, row - 1.0),
        "spread": lambda x: tf.math.squared_difference(x, x * x),
        "root": lambda x: tf.sqrt(abs(x)),
        "power": lambda x: tf.pow(x + 3.0, 1.7),
        "exponential": tf.exp,
        "floor": lambda x: tf.floor(3.0 * x),
        "own": lambda x: x * own,
        "turned": lambda x: tf.transpose(x, [0, 3, 1, 2]),
        "beside": lambda x: tf.concat([x, own[None]], -1),
        "product": lambda x: tf.matmul(x, own[0, :6]),
        "shaped": lambda x: tf.reshape(x, [1, 4, 16, 6]) + 0.5,
        "squeezed": lambda x: tf.squeeze(x[:, :, :1], 2),
        "elu": tf.nn.elu,
        "softmax": lambda x: tf.nn.softmax(x * 3.0),
        "log_softmax": tf.nn.log_softmax,
        "response": lambda x: tf.nn.local_response_normalization(x, 2, 1.0, 0.5, 0.75),
    }


@pytest.mark.tf
def test_operations_as_the_converter_writes_them(tmp_path: Path) -> None:
    """All in one file: each gives an output, called as it is here."""
    import tensorflow as tf

    from cnncli.keras_model import quiet

    made = operations(tf)
    with quiet():
        function = tf.function(
            lambda image: {name: tf.identity(each(image), name) for name, each in made.items()}, autograph=False
        )
        concrete = function.get_concrete_function(tf.TensorSpec((1, 8, 8, 6), tf.float32, name="image"))
        path = tmp_path / "operations.tflite"
        path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())
    found = cloned(path, tmp_path / "samples.npz")
    assert len(found) == len(made)
    assert_equal(found)
