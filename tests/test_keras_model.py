"""Lowering, the proof that it holds, and silence."""

from __future__ import annotations

import math
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import at_small_size, graph_of
from tensorflow_truth import distance, randomize

from cnncli.export.calibration import calibrate
from cnncli.export.pictures import random_pictures
from cnncli.export.representative import Representative
from cnncli.graph import Graph, Layer
from cnncli.graph.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    InputLayer,
    VarianceScaling,
)
from cnncli.keras_model import build, differences, import_keras, keras_name, lower, quiet
from cnncli.keras_model.building import written
from cnncli.keras_model.initial import become_normal
from cnncli.models.catalogue import find_spec, models
from cnncli.models.reference import parse

pytestmark = [
    pytest.mark.tf,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

SMALL = "mobilenet_v3_small:alpha=0.75,input_shape=64,classes=5"


def chain(*layers: Layer) -> Graph:
    graph = Graph("chain")
    x = graph.add(InputLayer((8, 8, 3)), name="image")
    for number, layer in enumerate(layers, 1):
        x = graph.add(layer, x, name=f"layer{number}")
    return graph


PLAIN = (Conv2D(4, 3), BatchNormalization(), GlobalAveragePooling2D(), Dense(2))


@pytest.fixture(scope="module")
def small() -> Any:
    """keras.applications' network of SMALL, with random weights."""
    with quiet():
        keras = import_keras()
        model = keras.applications.MobileNetV3Small((64, 64, 3), alpha=0.75, weights=None, classes=5)
        randomize(model, np.random.default_rng(1))
    return model


# Lowering.


def test_the_model_carries_the_names_of_the_graph() -> None:
    graph = graph_of("v2", alpha=0.35, input_shape="160x224")
    with quiet():
        model = lower(graph)
    assert model.name == "mobilenet_v2_input_shape_160x224_alpha_0.35"
    assert [layer.name for layer in model.layers] == [node.name for node in graph.nodes]
    assert model.get_layer("stage2.block1.expand_conv").kernel.shape == (1, 1, 8, 48)


@pytest.mark.parametrize("reference", ["v1@article", "efficientnet:width=0.5,depth=0.5,input_shape=32x32x1"])
def test_a_name_is_one_that_tensorflow_takes(reference: str) -> None:
    with quiet():
        import tensorflow as tf

        with tf.Graph().as_default(), tf.name_scope(keras_name(graph_of(reference).name)):
            pass


def test_two_lines_give_a_keras_model() -> None:
    script = (
        "from cnncli import load, to_keras\n"
        "model = to_keras(load('mobilenet_v2', alpha=0.35, classes=10))\n"
        "print(type(model).__name__, model.output_shape)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "Functional (None, 10)\n"


def test_inputs_and_outputs_may_be_several() -> None:
    graph = Graph("several")
    first, second = (graph.add(InputLayer((4, 4, 2)), name=name) for name in ("first", "second"))
    graph.add(Conv2D(3, 1), first, name="left")
    graph.add(Conv2D(5, 1), second, name="right")
    with quiet():
        model = lower(graph)
    assert [tensor.shape for tensor in model.outputs] == [(None, 4, 4, 3), (None, 4, 4, 5)]
    assert [tensor.name for tensor in model.inputs] == ["first", "second"]
    assert differences(graph, model) == ()


def test_the_graphs_axes_hold_whatever_keras_is_told() -> None:
    keras = import_keras()
    keras.config.set_image_data_format("channels_first")
    try:
        graph = graph_of(SMALL)
        with quiet():
            assert differences(graph, lower(graph)) == ()
        assert keras.config.image_data_format() == "channels_first"
    finally:
        keras.config.set_image_data_format("channels_last")


# Agreement.


@pytest.mark.parametrize(
    ("changed", "facts"),
    [
        ((Conv2D(4, 3, padding="same"), *PLAIN[1:]), {("layer1", "output_shape"), ("layer2", "output_shape")}),
        ((Conv2D(4, 3, use_bias=False), *PLAIN[1:]),
         {("layer1", "weights"), ("total", "params"), ("total", "trainable_params")}),
        ((PLAIN[0], BatchNormalization(scale=False), *PLAIN[2:]),
         {("layer2", "weights"), ("total", "params"), ("total", "trainable_params")}),
        ((*PLAIN[:3], Dense(3)),
         {("layer4", "output_shape"), ("layer4", "weights"), ("total", "params"), ("total", "trainable_params")}),
        (PLAIN[:3],
         {("layer4", "type"), ("layer4", "output_shape"), ("layer4", "weights"),
          ("total", "layers"), ("total", "params"), ("total", "trainable_params")}),
    ],
)  # fmt: skip
def test_a_difference_is_found_from_both_sides(changed: tuple[Layer, ...], facts: set[tuple[str, str]]) -> None:
    graph, other = chain(*PLAIN), chain(*changed)
    with quiet():
        ours, theirs = lower(graph), lower(other)
    assert differences(graph, ours) == differences(other, theirs) == ()
    for found in (differences(graph, theirs), differences(other, ours)):
        assert {(difference.layer, difference.fact) for difference in found} == facts


def test_what_is_not_trained_is_compared() -> None:
    graph = chain(*PLAIN)
    with quiet():
        model = lower(graph)
    model.get_layer("layer4").trainable = False
    found = {(difference.layer, difference.fact) for difference in differences(graph, model)}
    assert found == {("layer4", "weights"), ("total", "trainable_params"), ("total", "non_trainable_params")}


# Saving.


def saved_bytes(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("model.weights.h5")


INITIALIZED = {
    "glorot": Conv2D(64, 5),
    "he": Conv2D(64, 5, kernel_initializer="he_normal"),
    "fan_out": Conv2D(64, 5, kernel_initializer=VarianceScaling(2.0, "fan_out", "truncated_normal")),
    "uniform": Conv2D(64, 5, kernel_initializer=VarianceScaling(1.0, "fan_in", "uniform")),
    "dense": Dense(400),
}


@pytest.mark.parametrize("name", INITIALIZED)
def test_initial_weights_are_of_keras_own_distribution(name: str) -> None:
    """Held against Keras's own initializer by quantiles, and by the layer's that stays what it was."""
    graph = chain(INITIALIZED[name])
    with quiet():
        keras = import_keras()
        keras.utils.set_random_seed(1)
        layer = lower(graph).get_layer("layer1")
        drawn = np.sort(layer.kernel.numpy().ravel())
        own = layer.kernel_initializer
        others = [type(own).from_config({**own.get_config(), "seed": seed}) for seed in range(20)]
        theirs = np.sort(np.ravel([other(layer.kernel.shape) for other in others]))
    quantiles = np.linspace(0.02, 0.98, 25)
    expected = np.quantile(theirs, quantiles)
    assert np.quantile(drawn, quantiles) == pytest.approx(expected, abs=8 * theirs.std() / np.sqrt(drawn.size))
    assert np.abs(drawn).max() <= np.abs(theirs).max() * 1.01
    assert type(layer.kernel_initializer).__module__.startswith("keras.")


def test_the_inverse_error_function_is_one() -> None:
    """By which uniform numbers become normal ones: put back into the error function they are uniform again."""
    values = (np.linspace(-1, 1, 1001) * math.erf(math.sqrt(2))).astype("float32")
    found = values.copy()
    become_normal(found, 1.0)
    assert [math.erf(value) for value in found] == pytest.approx(values.tolist(), abs=3e-7)
    assert np.abs(found).max() == pytest.approx(math.sqrt(2), abs=1e-5)


def test_weights_that_will_be_loaded_are_not_drawn() -> None:
    with quiet():
        model = lower(graph_of(SMALL), drawn=False)
        before = import_keras().layers.Layer.add_weight
        drawn = lower(graph_of(SMALL))
    kernels = [weight for weight in model.weights if "kernel" in weight.path]
    assert kernels
    assert not any(weight.numpy().any() for weight in kernels)
    assert all(weight.numpy().any() for weight in drawn.weights if "kernel" in weight.path)
    assert import_keras().layers.Layer.add_weight is before


def test_a_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    graph = graph_of(SMALL)
    seeds = {"first": 7, "again": 7, "other": 8, "none": None}
    with quiet():
        for name, seed in seeds.items():
            build(graph, tmp_path / f"{name}.keras", seed=seed)
    first, again, other, none = (saved_bytes(tmp_path / f"{name}.keras") for name in seeds)
    assert first == again
    assert len({first, other, none}) == 3


LOADING = """
import sys
sys.modules["cnncli"] = None  # the model must do without
import keras, numpy
for path in sys.argv[1:]:
    model = keras.models.load_model(path, safe_mode=True)
    known = numpy.load(path + ".npz")
    outputs = numpy.asarray(model(known["pictures"], training=False))
    same = numpy.abs(outputs - known["outputs"]).max() <= 1e-6 * numpy.abs(known["outputs"]).max()
    print(model.name, model.count_params(), outputs.shape, bool(same))
"""


SAVED = (
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "lenet5",
    "googlenet",
    "shufflenet_v2",
    "convnext_tiny",
    "convnext_v2_atto",
)
"""Architectures that are saved in every run, those with layers that Keras lacks among them."""


def in_a_flavor(number: int) -> tuple[str, str]:
    """One of these, and one of its flavors: in turn, the first and the last."""
    flavors = find_spec(SAVED[number]).flavor_names
    return SAVED[number], flavors[0 if number % 2 else -1]


def saved(reference: str, path: Path) -> str:
    """A network, live, saved with what it makes of pictures; what a process that loads it is to say."""
    network = parse(reference)
    graph = network.graph()
    built = build(graph)
    chosen = Representative(random_pictures(8, graph.inputs[0].shape), network.input_range, "")
    calibrate(built.model, graph, chosen)
    pictures = chosen.taken(range(8))
    outputs = np.asarray(built.model(pictures, training=False))
    assert distance(outputs[:-1], outputs[1:]) > 1e-3, "the comparison is blind"
    np.savez(f"{path}.npz", pictures=pictures, outputs=outputs)
    written(built.model, path, path)
    return f"{keras_name(graph.name)} {sum(node.params for node in graph.nodes)} {outputs.shape} True"


@pytest.mark.parametrize(
    "named",
    [
        pytest.param([in_a_flavor(number) for number in range(len(SAVED))], id="some"),
        *(
            pytest.param(
                [(spec.name, flavor) for flavor in spec.flavor_names], id=spec.name, marks=pytest.mark.exhaustive
            )
            for spec in models()
        ),
    ],
)
def test_saved_models_load_in_a_fresh_process_without_cnncli(tmp_path: Path, named: list[tuple[str, str]]) -> None:
    """All of them in all flavors by `pytest -m exhaustive tests/test_keras_model.py`."""
    references = [at_small_size(name, flavor) for name, flavor in named]
    paths = [tmp_path / f"{number}.keras" for number in range(len(references))]
    with quiet():
        expected = [saved(reference, path) for reference, path in zip(references, paths, strict=True)]
    done = subprocess.run([sys.executable, "-c", LOADING, *paths], capture_output=True, text=True, check=True)
    for path in paths:
        path.unlink()  # the largest has 3 GB, and pytest keeps folders
    assert done.stdout.splitlines() == expected


# Silence.

NOISE = """
import os
from cnncli.errors import UsageError
from cnncli.keras_model import quiet
try:
    with quiet():
        print("python")
        os.write(1, b"c on 1\\n")
        os.system("echo a child >&2")
        {ending}
except {caught} as error:
    print("caught", type(error).__name__)
print("after")
"""


@pytest.mark.parametrize(
    ("ending", "caught", "out", "err"),
    [
        ("pass", "ValueError", "after\n", ""),
        ("raise UsageError('known')", "UsageError", "caught UsageError\nafter\n", ""),
        ("raise OSError('known')", "OSError", "caught OSError\nafter\n", ""),
        ("raise ValueError('defect')", "ValueError", "caught ValueError\nafter\n", "c on 1\na child\npython\n"),
    ],
)
def test_noise_is_kept_back_until_it_explains_a_defect(ending: str, caught: str, out: str, err: str) -> None:
    script = NOISE.format(ending=ending, caught=caught)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == out
    assert sorted(done.stderr) == sorted(err)
