"""Files that Keras 3 and Keras 2 write are the models that were saved, in every usual situation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from keras_situations import SITUATIONS

from cnncli import from_keras, load
from cnncli.analysis.metrics import Totals
from cnncli.errors import UsageError
from cnncli.graph import UNKNOWN
from cnncli.graph.layers import LeakyReLU
from cnncli.keras_model import quiet
from cnncli.readers.opening import read_file
from cnncli.readers.reading import AS_IT_IS, Reading, Settings

pytestmark = [
    pytest.mark.tf,
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
WAYS = (("keras", ".keras"), ("keras", ".h5"), ("tf_keras", ".h5"))
CASES = [(name, module, suffix) for name in SITUATIONS for module, suffix in WAYS]


class Saved(NamedTuple):
    """A file, and what Keras counts of the model in it."""

    path: Path
    params: int
    trainable: int
    model: Any


@contextmanager
def generation(name: str) -> Iterator[Any]:
    """Keras of this generation, in which a model is made silently."""
    import importlib

    with quiet():
        yield importlib.import_module(name)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str, str], Saved]:
    """The file of a situation; each is made once."""
    folder, models, files = tmp_path_factory.mktemp("keras"), {}, {}

    def file(name: str, module: str, suffix: str) -> Saved:
        path = folder / f"{name}_{module}{suffix}"
        with generation(module) as keras:
            if (name, module) not in models:
                models[name, module] = SITUATIONS[name].build(keras)
            model = models[name, module]
            if path not in files:
                model.save(path)
                trained = sum(prod(weight.shape) for weight in model.trainable_weights)
                files[path] = Saved(path, model.count_params(), trained, model)
        return files[path]

    return file


def read(path: Path, settings: Settings = AS_IT_IS) -> Reading:
    return read_file(path, settings)[1]


@pytest.mark.parametrize(("name", "module", "suffix"), CASES)
def test_a_file_is_the_model(saved: Callable[..., Saved], name: str, module: str, suffix: str) -> None:
    situation, file = SITUATIONS[name], saved(name, module, suffix)
    reading = read(file.path)
    totals = Totals(reading.graph)
    old = module == "tf_keras" and bool(situation.old_uncounted)
    assert (totals.params, totals.trainable_params) == (situation.params, situation.trainable)
    assert (totals.params, totals.trainable_params) == (file.params, file.trainable)
    macs = situation.old_macs if old else situation.macs
    uncounted = situation.old_uncounted if old else situation.uncounted
    assert tuple(node.name for node in totals.uncounted()) == uncounted
    assert totals.macs == macs if not uncounted else getattr(totals.macs, "known", 0) == macs
    assert tuple(node.shape for node in reading.graph.outputs) == situation.outputs
    assert reading.producer.startswith("Keras 3." if module == "keras" else "Keras 2.")
    is_open = any("?" in map(str, node.shape) for node in reading.graph.inputs)
    assert [each.startswith("image is ?x?x3: ") for each in reading.graph.warnings] == [True] * is_open


@pytest.mark.parametrize(
    ("name", "module"), [(name, module) for name in SITUATIONS for module in ("keras", "tf_keras")]
)
def test_a_model_in_memory_is_its_file(saved: Callable[..., Saved], name: str, module: str) -> None:
    file = saved(name, module, ".h5")
    with generation(module):
        found = from_keras(file.model)
    totals = Totals(read(file.path).graph)
    assert (found.totals.params, found.totals.trainable_params) == (file.params, file.trainable)
    assert repr(found.totals.macs) == repr(totals.macs)


def test_a_nested_model_is_a_scope(saved: Callable[..., Saved]) -> None:
    for module, suffix in WAYS:
        graph = read(saved("nested_head", module, suffix).path).graph
        scopes = {node.scope for node in graph.nodes}
        assert scopes == {(), ("mobilenetv2_1.00_160",)}
        assert graph.nodes[3].name == "mobilenetv2_1.00_160.Conv1"
        assert graph.nodes[3].input_shapes == ((160, 160, 3),)


def test_a_layer_that_is_applied_again_owns_its_weights_once(saved: Callable[..., Saved]) -> None:
    for module, suffix in WAYS:
        graph = read(saved("shared", module, suffix).path).graph
        names = [node.name for node in graph.nodes][1:]
        assert names == ["conv", "conv:2", "inner.point", "inner.relu", "inner:2.point", "inner:2.relu", "flat"]
        assert [node.params for node in graph.nodes[1:6]] == [84, 0, 12, 0, 0]
        assert graph.nodes[5].shares is graph.nodes[3]


def test_a_lambda_is_named_and_never_run(saved: Callable[..., Saved]) -> None:
    for module, suffix in WAYS:
        node = read(saved("with_lambda", module, suffix).path).graph.nodes[1]
        assert (node.name, node.type, node.params) == ("twice", "Lambda", 0)
        assert node.shape == ((32, 32, 3) if module == "keras" else (UNKNOWN, UNKNOWN, 3))


def test_a_custom_layer_has_its_weights(saved: Callable[..., Saved]) -> None:
    for module, suffix in WAYS:
        node = read(saved("custom_layer", module, suffix).path).graph.nodes[2]
        assert (node.type, node.params, [weight.shape for weight in node.weights]) == ("Mixer", 20, [(4, 5)])


def test_half_precision_is_what_is_computed_in(saved: Callable[..., Saved]) -> None:
    for module, suffix in WAYS:
        reading = read(saved("mixed_precision", module, suffix).path)
        conv = reading.graph.nodes[1]
        assert (conv.dtype, conv.weights[0].dtype, reading.quantization) == ("float16", "float32", "")
        assert [node.dtype for node in reading.graph.nodes][-1] == "float32"


def test_augmentation_is_idle_at_inference(saved: Callable[..., Saved]) -> None:
    for module, suffix in WAYS:
        graph = read(saved("preprocessing", module, suffix).path).graph
        assert [node.type for node in graph.nodes if node.layer.idle] == [
            "RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast",
        ]  # fmt: skip
        assert [node.params for node in graph.nodes if node.type == "Normalization"] == [7, 0]


def test_channels_first_are_shown_last(saved: Callable[..., Saved]) -> None:
    for module, suffix in WAYS:
        graph = read(saved("channels_first", module, suffix).path).graph
        shapes = {node.name: node.shape for node in graph.nodes}
        assert graph.inputs[0].shape == (32, 24, 3)
        assert (shapes["conv"], shapes["join"], shapes["pool"]) == ((30, 22, 4), (30, 22, 8), (15, 11, 8))


def test_open_sizes_can_be_settled(saved: Callable[..., Saved]) -> None:
    for module, suffix in WAYS:
        path = saved("open_sizes", module, suffix).path
        totals = Totals(read(path, Settings({"": (34, 34, 3)})).graph)
        assert totals.macs == 32 * 32 * (108 + 16) + 8
        assert Totals(read(path, Settings({"image": (34, 34, 3)})).graph).macs == totals.macs
        with pytest.raises(UsageError, match=r"--input-shape 34x34x4: the input image is \?x\?x3 in the file"):
            read(path, Settings({"": (34, 34, 4)}))
        with pytest.raises(UsageError, match="there is no input picture; there are image"):
            read(path, Settings({"picture": (34, 34, 3)}))


def test_weights_alone_are_a_table(saved: Callable[..., Saved], tmp_path: Path) -> None:
    for module in ("keras", "tf_keras"):
        for suffix in (".weights.h5", "_legacy.h5") if module == "tf_keras" else (".weights.h5",):
            path = tmp_path / f"{module}{suffix}"
            with generation(module):
                saved("own_cnn", module, ".h5").model.save_weights(path)
            reading = read(path)
            totals = Totals(reading.graph)
            assert reading.only_weights
            assert {node.type for node in reading.graph.nodes} == {"Weights"}
            assert (totals.params, totals.trainable_params) == (SITUATIONS["own_cnn"].params, totals.params - 16)
            assert totals.macs is UNKNOWN
            assert "weights alone" in reading.graph.warnings[0]


def test_a_subclassed_model_is_a_table_of_its_weights(tmp_path: Path) -> None:
    import numpy as np

    for module in ("keras", "tf_keras"):
        with generation(module) as keras:

            class Own(keras.Model):
                def __init__(self) -> None:
                    super().__init__()
                    self.first, self.others = keras.layers.Conv2D(4, 3), [keras.layers.Dense(3), keras.layers.Dense(2)]

                def call(self, x: Any) -> Any:
                    return self.others[1](self.others[0](self.first(x)))

                def get_config(self) -> Any:
                    return {}

            model = Own()
            model(np.zeros((1, 8, 8, 3), "float32"))
            found = from_keras(model)
        assert found.totals.params == model.count_params() == 112 + 15 + 8
        assert "subclassed" in found.graph.warnings[0]
        if module == "keras":
            with quiet():
                model.save(tmp_path / "own.keras")
            reading = read(tmp_path / "own.keras")
            assert reading.only_weights
            assert Totals(reading.graph).params == 135


def test_a_function_of_keras_is_a_layer(tmp_path: Path) -> None:
    with generation("keras") as keras:
        ops = keras.ops
        image = keras.Input((32, 32, 4), name="image")
        x = ops.nn.relu6(image) * 2.0 + 1
        x = x[:, ::2, 1:]
        low, high = ops.split(x, 2, axis=-1)
        x = ops.concatenate([low, high], axis=-1)
        model = keras.Model(image, [ops.reshape(x, (-1, 16 * 31 * 4)), ops.mean(x, axis=(1, 2))])
        model.save(tmp_path / "ops.keras")
        model.save(tmp_path / "ops.h5")
        live = from_keras(model).graph
    for graph in (read(tmp_path / "ops.keras").graph, read(tmp_path / "ops.h5").graph, live):
        assert [(node.type, node.shape) for node in graph.nodes[1:5]] == [
            ("Activation", (32, 32, 4)), ("Multiply", (32, 32, 4)), ("Add", (32, 32, 4)), ("Slice", (16, 31, 4)),
        ]  # fmt: skip
        assert [(node.type, node.shape) for node in graph.outputs] == [("Reshape", (1984,)), ("Mean", (4,))]
        assert Totals(graph).macs == 0
        assert Totals(graph).params == 0


EVERY = {
    "MobileNet": "v1", "MobileNetV2": "v2", "MobileNetV3Small": "v3_small", "MobileNetV3Large": "v3_large",
    **{f"EfficientNetB{size}": f"b{size}" for size in range(8)},
}  # fmt: skip
SAMPLED = ("MobileNetV2", "EfficientNetB0")


@pytest.mark.parametrize(
    "name", [*SAMPLED, *(pytest.param(name, marks=pytest.mark.exhaustive) for name in EVERY if name not in SAMPLED)]
)
def test_keras_applications_are_the_registrys(tmp_path: Path, name: str) -> None:
    options: dict[str, Any] = {"input_shape": (224, 224, 3)} if "V3" in name else {}  # which it else leaves open
    if name == "MobileNetV2":
        options = {"alpha": 0.35, "input_shape": (64, 64, 3)}
    told = ":alpha=0.35,input_shape=64x64x3" if "alpha" in options else ""
    with generation("keras") as keras:
        model = getattr(keras.applications, name)(weights=None, **options)
        model.save(tmp_path / "model.keras")
        model.save(tmp_path / "model.h5")
    reference = load(EVERY[name] + told).totals
    for suffix in (".keras", ".h5"):
        totals = Totals(read(tmp_path / f"model{suffix}").graph)
        assert (totals.macs, totals.params) == (reference.macs, model.count_params())
        assert not totals.uncounted()


def test_a_layer_of_ones_own_need_not_say_what_layers_say(tmp_path: Path) -> None:
    """Its `get_config` lacks what Keras's has, and its class is called as one of Keras's."""
    with generation("keras") as keras:

        class Dense(keras.layers.Layer):
            def build(self, shape: Any) -> None:
                self.table = self.add_weight(shape=(shape[-1], 5), name="table")

            def call(self, x: Any) -> Any:
                return x @ self.table

            def get_config(self) -> Any:
                return {"name": self.name}

        image = keras.Input((8,))
        model = keras.Model(image, keras.layers.Dense(2, name="last")(Dense(name="own")(image)))
        model.save(tmp_path / "own.keras")
        model.save(tmp_path / "own.h5")
    for suffix in (".keras", ".h5"):
        graph = read(tmp_path / f"own{suffix}").graph
        assert [node.params for node in graph.nodes] == [0, 40, 12]
        assert [node.name for node in Totals(graph).uncounted()] == ["own"]


def test_a_layer_or_a_function_of_ones_own_as_an_activation(tmp_path: Path) -> None:
    """A layer is one of ours behind the kernel; what nobody knows is opaque, and the kernel's work is counted."""
    with generation("keras") as keras:

        @keras.saving.register_keras_serializable("mine")
        def wavy(x: Any) -> Any:
            return keras.ops.sin(x)

        image = keras.Input((16,))
        x = keras.layers.Dense(4, activation=keras.layers.LeakyReLU(negative_slope=0.2), name="first")(image)
        model = keras.Model(image, keras.layers.Dense(2, activation=wavy, name="second")(x))
        model.save(tmp_path / "own.keras")
        model.save(tmp_path / "own.h5")
    for suffix in (".keras", ".h5"):
        graph = read(tmp_path / f"own{suffix}").graph
        assert graph.nodes[2].layer == LeakyReLU(0.2)
        assert [node.macs for node in graph.nodes][:4] == [0, 64, 0, 8]
        assert [node.type for node in Totals(graph).uncounted()] == ["wavy"]


@pytest.mark.parametrize("numbers", [(0, 2, 4), (0, 1, 2)])
def test_weights_as_early_files_of_keras_number_them(tmp_path: Path, numbers: tuple[int, ...]) -> None:
    """Keras 2.12 and 2.13 counted layers with weights twice, 2.14 once."""
    import io
    import json
    import zipfile

    import h5py

    names = ["one", "two", "three"]
    layers = [{"class_name": "Dense", "config": {"name": name, "units": 4, "use_bias": False}} for name in names]
    layers[0]["config"]["batch_input_shape"] = [None, 4]  # type: ignore[index]
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for number in numbers:
            name = f"dense_{number}" if number else "dense"
            file.create_dataset(f"_layer_checkpoint_dependencies/{name}/vars/0", (4, 4), "float16")
    path = tmp_path / "early.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {"layers": layers}}))
        archive.writestr("model.weights.h5", weights.getvalue())
    graph = read(path).graph
    assert [weight.dtype for node in graph.nodes for weight in node.weights] == ["float16"] * 3


def test_a_layer_of_a_model_and_of_the_one_within_it_is_counted_once(tmp_path: Path) -> None:
    with generation("keras") as keras:
        shared, inside, outside = keras.layers.Dense(8, name="shared"), keras.Input((8,)), keras.Input((8,))
        inner = keras.Model(inside, keras.layers.Dense(3)(shared(inside)), name="inner")
        model = keras.Model(outside, inner(shared(outside)))
        model.save(tmp_path / "model.keras")
    graph = read(tmp_path / "model.keras").graph
    assert Totals(graph).params == model.count_params() == (64 + 8) + (24 + 3)
    assert Totals(graph).macs == 2 * 64 + 24
