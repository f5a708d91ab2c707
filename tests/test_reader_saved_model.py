"""SavedModels and frozen graphs are what TensorFlow says they are."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cnncli.analysis.metrics import Totals
from cnncli.errors import CnncliError, UsageError
from cnncli.graph import UNKNOWN, Graph, Node
from cnncli.network import network
from cnncli.readers.opening import read_file
from cnncli.readers.reading import Reading, Settings
from cnncli.readers.saved_model.nodes import NodeDef
from cnncli.readers.saved_model.pieces import Pieces
from cnncli.readers.source import in_memory

FILES = Path(__file__).parent / "files"
OPEN = FILES / "open_size_saved_model.pb"
CONDITIONS = FILES / "conditions_saved_model.pb"
FROZEN = FILES / "frozen.pb"


def reading(path: Path, **settings: Any) -> Reading:
    return read_file(path, Settings(**settings))[1]


def figures(graph: Graph) -> tuple[Any, Any, Any]:
    """Parameters, those that are trained, and multiply-accumulates."""
    totals = Totals(graph)
    return totals["params"], totals["trainable_params"], totals["macs"]


def named(graph: Graph, name: str) -> Node:
    return next(node for node in graph.nodes if node.name == name)


# The sample files: what they hold is in tests/files/README.md.


def test_a_signature_of_functions() -> None:
    found = reading(OPEN, input_shapes={"image": (33, 33, 3)})
    graph = found.graph
    # 3 x 3 x 3 x 8 kernel weights at 17 x 17, 3 x 3 x 8 at 15 x 15, 8 x 4
    assert figures(graph) == (216 + 8 + 72 + 32, 216 + 8 + 72, 216 * 17**2 + 72 * 15**2 + 32)
    assert [node.name for node in graph.nodes if node.params] == ["conv", "depthwise", "dense"]
    assert (found.producer, found.signature, found.signatures) == (
        "TensorFlow 2.21.0", "serving_default", ("serving_default",),
    )  # fmt: skip
    assert not graph.warnings


def test_open_sizes_are_unknown_and_said() -> None:
    graph = reading(OPEN).graph
    assert graph.inputs[0].shape == (UNKNOWN, UNKNOWN, 3)
    assert named(graph, "conv").macs is UNKNOWN
    assert figures(graph)[0] == 328
    (warning,) = graph.warnings
    assert warning.startswith("image is ?x?x3: the file leaves sizes open")
    assert warning.endswith(" --input-shape 224x224x3")


def test_only_open_sizes_are_settled() -> None:
    with pytest.raises(UsageError, match="--input-shape 32x32x4: image is \\?x\\?x3 in the file"):
        reading(OPEN, input_shapes={"": (32, 32, 4)})


@pytest.mark.parametrize("path", [CONDITIONS, FROZEN], ids=lambda path: path.stem)
def test_a_condition_of_training_is_taken_as_false(path: Path) -> None:
    """Params and MACs by arithmetic; in the frozen file the variables are constants, and no shapes are stored."""
    graph = reading(path).graph
    assert figures(graph) == (162 + 24 + 1920, 162 + 12 + 1920, 16 * 16 * 162 + 1920)
    assert [node.name for node in graph.inputs] == ["x"]
    assert graph.outputs[0].shape == (5,)
    assert graph.warnings == ["is_training is taken as false: what acts in training only is left out"]
    (normalization,) = [node for node in graph.nodes if node.type == "BatchNormalization"]
    assert [(weight.name, weight.trainable) for weight in normalization.weights] == [
        ("gamma", True), ("beta", True), ("moving_mean", False), ("moving_variance", False),
    ]  # fmt: skip


def test_another_signature_reaches_less() -> None:
    found = reading(CONDITIONS, signature="features")
    assert figures(found.graph)[2] == 16 * 16 * 162
    assert found.signatures == ("features", "serving_default")


def test_an_unknown_signature_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="--signature x: .* it has features, serving_default"):
        reading(CONDITIONS, signature="x")


def test_the_network_is_called_after_its_folder(tmp_path: Path) -> None:
    shutil.copy(OPEN, _folder(tmp_path / "mine") / "saved_model.pb")
    assert reading(tmp_path / "mine").graph.name == "mine"
    assert reading(tmp_path / "mine" / "saved_model.pb").graph.name == "mine"


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_every_operation_is_shown_where_it_is_asked_for() -> None:
    sizes = {"image": (33, 33, 3)}
    folded, raw = reading(OPEN, input_shapes=sizes).graph, reading(OPEN, input_shapes=sizes, raw=True).graph
    assert "conv/BiasAdd" in {node.name for node in raw.nodes} - {node.name for node in folded.nodes}
    assert any(node.type == "Identity" for node in raw.nodes)
    assert figures(raw) == figures(folded)


# Bytes that are no model.


def _field(number: int, content: bytes) -> bytes:
    size, length = len(content), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2]) + bytes([*length, size]) + content


def _node(name: str, operation: str, *inputs: str, **attributes: bytes) -> bytes:
    parts = [_field(1, name.encode()), _field(2, operation.encode()), *(_field(3, each.encode()) for each in inputs)]
    parts += [_field(5, _field(1, key.encode()) + _field(2, value)) for key, value in attributes.items()]
    return _field(1, b"".join(parts))


def test_large_constants_are_left_in_the_file() -> None:
    weights = b"\x01" * 4 * 100 * 1000
    tensor = b"\x08\x01" + _field(2, _field(2, b"\x08\x64") + _field(2, b"\x08\xe8\x07")) + _field(4, weights)
    content = _node("w", "Const", value=_field(8, tensor))
    pieces = Pieces(in_memory(content, "graph"))
    (part,) = pieces.parts(0, len(content))
    data = pieces.node(part)
    assert len(data) < 100
    assert NodeDef(data).attribute("value").message(8).bytes(2) == _field(2, b"\x08\x64") + _field(2, b"\x08\xe8\x07")


HOSTILE = {
    "a circle": _node("x", "Placeholder") + _node("a", "Relu", "b") + _node("b", "Relu", "a") + _node("c", "Relu", "a"),
    "a function that calls itself": _node("y", "PartitionedCall", f=_field(10, _field(1, b"f"))) + _field(
        2, _field(1, _field(1, _field(1, b"f") + _field(3, _field(1, b"out")))
        + _field(3, _node("y", "PartitionedCall", f=_field(10, _field(1, b"f")))[2:])
        + _field(4, _field(1, b"out") + _field(2, b"y:output:0")))
    ),
    "an output of a large number": _node("x", "Placeholder") + _node("y", "Relu", "x") + _node("z", "Relu", "y:99999"),
    "a name that is a colour": _node("x", "Relu", "\x1b[31m"),
    "a size beyond the file": b"\x0a\xff\xff\xff\xff\x0fab",
    "no nodes": _field(4, b""),
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_damage_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "graph.pb"
    path.write_bytes(content)
    with pytest.raises(CnncliError) as failed:
        reading(path)
    assert str(failed.value).isprintable()


# What Keras and TensorFlow write.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module", params=["keras", "tf_keras"])
def generation(request: pytest.FixtureRequest, folder: Path) -> tuple[Any, Any]:
    """Keras 3 or Keras 2, and what saves a model of it."""
    keras = import_module(request.param)
    count = 0

    def save(model: Any) -> Path:
        nonlocal count
        count += 1
        path = folder / f"{request.param}_{count}"
        if request.param == "keras":
            model.export(str(path), verbose=0)
        else:
            model.save(str(path), save_format="tf")
        return path

    return keras, save


tf = pytest.mark.tf
quiet = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@tf
@quiet
def test_a_small_network(generation: Any) -> None:
    """All kinds of kernels, batch normalization, dropout and preprocessing; MACs are kernels times positions."""
    keras, save = generation
    layers = keras.layers
    x = image = keras.Input((32, 32, 3), name="image")
    for layer in (
        layers.Rescaling(1 / 255), layers.Conv2D(8, 3, padding="same", name="conv"),
        layers.BatchNormalization(name="bn"), layers.ReLU(6.0),
        layers.MaxPooling2D(), layers.DepthwiseConv2D(3, 2, "same", use_bias=False, name="dw"),
        layers.SeparableConv2D(16, 3, activation="relu"), layers.Conv2DTranspose(4, 3, 2, "same", name="up"),
        layers.Conv2D(4, 3, dilation_rate=2, padding="same", name="dilated"), layers.Flatten(), layers.Dropout(0.5),
        layers.Dense(10, activation="softmax", name="head"),
    ):  # fmt: skip
        x = layer(x)
    model = keras.Model(image, x)
    found = reading(save(model))
    macs = 216 * 32**2 + 72 * 8**2 + 72 * 6**2 + 128 * 6**2 + 576 * 6**2 + 144 * 12**2 + 5760
    assert figures(found.graph) == (model.count_params(), model.count_params() - 16, macs)
    assert {"conv", "bn", "dw", "up", "head"} <= {node.name for node in found.graph.nodes}
    assert named(found.graph, "bn").layer.config()["epsilon"] == pytest.approx(1e-3)
    assert [node.name for node in found.graph.inputs] == ["image"]
    assert found.signature == "serving_default"


@tf
@quiet
def test_a_head_on_a_frozen_nested_model(generation: Any) -> None:
    keras, save = generation
    inner_input = keras.Input((24, 24, 3))
    inner = keras.Model(inner_input, keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(inner_input)))
    inner.trainable = False
    image = keras.Input((24, 24, 3))
    x = keras.layers.GlobalAveragePooling2D()(inner(image, training=False))
    model = keras.Model(image, keras.layers.Dense(1, name="score")(x))
    graph = reading(save(model)).graph
    assert figures(graph) == (model.count_params(), 5, 108 * 22**2 + 4)
    assert named(graph, "score").params == 5


@tf
@quiet
def test_several_outputs_and_a_shared_layer(generation: Any) -> None:
    keras, save = generation
    image, vector = keras.Input((16, 16, 3), name="image"), keras.Input((8,), name="vector")
    shared = keras.layers.Conv2D(3, 3, padding="same", name="shared")
    x = keras.layers.Flatten()(shared(shared(image)))
    joined = keras.layers.Concatenate()([x, keras.layers.Dense(4, name="meta")(vector)])
    model = keras.Model([image, vector], [keras.layers.Dense(2, name="one")(joined), joined])
    graph = reading(save(model)).graph
    assert figures(graph) == (model.count_params(), model.count_params(), 2 * 81 * 16**2 + 32 + 772 * 2)
    assert sorted(node.shape for node in graph.outputs) == [(2,), (772,)]
    assert {node.name for node in graph.inputs} == {"image", "vector"}


@tf
@quiet
def test_open_sizes_are_settled(generation: Any) -> None:
    keras, save = generation
    image = keras.Input((None, None, 6), name="image")
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same")(image)
    path = save(keras.Model(image, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))))
    assert figures(reading(path, input_shapes={"": (33, 20, 6)}).graph)[2] == 432 * 17 * 10 + 16


@tf
@quiet
def test_recurrent_layers_are_uncounted_but_weighed(generation: Any) -> None:
    keras, save = generation
    steps = keras.Input((20, 4))
    model = keras.Model(steps, keras.layers.Dense(3)(keras.layers.LSTM(5)(steps)))
    found = Totals(reading(save(model)).graph)
    assert found["params"] == model.count_params()
    assert found["macs"].known == 15


@tf
@quiet
def test_each_step_of_a_sequence_is_counted(generation: Any) -> None:
    keras, save = generation
    frames = keras.Input((5, 16, 16, 3))
    model = keras.Model(frames, keras.layers.TimeDistributed(keras.layers.Conv2D(4, 3))(frames))
    assert figures(reading(save(model)).graph)[2] == 5 * 108 * 14**2


@tf
@quiet
def test_mixed_precision(generation: Any) -> None:
    keras, save = generation
    image = keras.Input((16, 16, 1))
    x = keras.layers.BatchNormalization(dtype="mixed_float16")(keras.layers.Conv2D(4, 3, dtype="mixed_float16")(image))
    model = keras.Model(image, x)
    graph = reading(save(model)).graph
    assert figures(graph) == (model.count_params(), model.count_params() - 8, 36 * 14**2)
    assert {weight.dtype for node in graph.nodes for weight in node.weights} == {"float32"}


@tf
@quiet
def test_what_is_exported_is_the_network(folder: Path) -> None:
    from cnncli.export.formats.saved_model import SavedModel
    from cnncli.library import load, to_keras

    expected = load("v1:alpha=0.25,input_shape=64x64")
    path = folder / "exported"
    source = SimpleNamespace(model=to_keras(expected.graph), batch=None, output_name="scores")
    SavedModel().write(source, SavedModel.kinds[0], path)
    found = network(str(path))
    assert figures(found.graph) == figures(expected.graph)
    kinds = [[node.type for node in each.nodes if node.weights] for each in (found.graph, expected.graph)]
    assert kinds[0] == kinds[1]
    assert {node.name for node in expected.graph.nodes if node.params} <= {node.name for node in found.graph.nodes}


@tf
@quiet
def test_a_network_that_is_frozen(folder: Path) -> None:
    """Squeeze-and-excitation and hard-swish; without the shapes of any node, and with all weights as constants."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    from cnncli.library import load, to_keras

    expected = load("v3_small:input_shape=64x64,include_top=false")
    model = to_keras(expected.graph)
    function = tf.function(lambda image: model(image, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec((None, 64, 64, 3)))
    path = folder / "frozen.pb"
    path.write_bytes(convert_variables_to_constants_v2(concrete).graph.as_graph_def().SerializeToString())
    found = reading(path).graph
    assert figures(found) == figures(expected.graph)


@tf
@quiet
def test_functions_without_a_signature(folder: Path) -> None:
    import tensorflow as tf

    class Module(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = tf.Variable(tf.zeros((3, 3, 3, 4)))
            self.slots = tf.Variable(tf.zeros((3, 3, 3, 4)))

        @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 3))])
        def first(self, x: Any) -> Any:
            return tf.nn.conv2d(x, self.kernel, 1, "VALID")

        @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 3))])
        def second(self, x: Any) -> Any:
            return tf.nn.conv2d(x, self.kernel, 1, [[0, 0], [2, 1], [1, 0], [0, 0]])

    path = folder / "module"
    tf.saved_model.save(Module(), str(path))
    found = reading(path)
    assert figures(found.graph) == (108, 108, 108 * 6**2)
    assert (found.signature, found.signatures) == ("first", ("first", "second"))
    assert found.graph.warnings == ["of several signatures first is read; --signature chooses another: second"]
    assert figures(reading(path, signature="second").graph)[2] == 108 * 9 * 7


@tf
@quiet
def test_channels_first(folder: Path) -> None:
    """A map in either layout is shown height x width x channels once the file has said its layout."""
    import tensorflow as tf

    kernel = tf.Variable(tf.zeros((3, 3, 3, 4)))

    @tf.function(input_signature=[tf.TensorSpec((None, 12, 10, 3), name="image")])
    def serve(image: Any) -> Any:
        x = tf.transpose(image, (0, 3, 1, 2))
        x = tf.nn.conv2d(x, kernel, 1, "SAME", data_format="NCHW")
        x = tf.nn.max_pool2d(x, 2, 2, "VALID", data_format="NCHW")
        return tf.transpose(x, (0, 2, 3, 1))

    module = tf.Module()
    module.kernel, module.serve = kernel, serve
    tf.saved_model.save(module, str(folder / "first"), signatures=serve)
    graph = reading(folder / "first").graph
    assert figures(graph)[2] == 108 * 120
    assert [node.shape for node in graph.nodes] == [(12, 10, 3), (12, 10, 4), (6, 5, 4)]


@pytest.mark.tf
def test_padding_that_is_spelt_out_is_same_where_it_is(tmp_path: Path) -> None:
    """(1, 1) around 3x3 is `same` at stride 1; at stride 2 of an even map `same` pads behind alone."""
    import tensorflow as tf

    class Convolutions(tf.Module):
        def __init__(self) -> None:
            self.kernel = tf.Variable(tf.ones((3, 3, 3, 3)), name="kernel")

        @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 3), name="image")])
        def __call__(self, image: Any) -> Any:
            around = [[0, 0], [1, 1], [1, 1], [0, 0]]
            return tf.nn.conv2d(
                tf.nn.conv2d(image, self.kernel, 1, around, name="one"), self.kernel, 2, around, name="two"
            )

    tf.saved_model.save(module := Convolutions(), str(tmp_path), signatures=module.__call__)
    graph = reading(tmp_path).graph
    layers = [node.layer for node in graph.nodes if node.layer.config().get("kernel_size")]
    assert [(layer.padding, layer.strides) for layer in layers] == [("same", (1, 1)), ("valid", (2, 2))]
    assert [node.layer.padding for node in graph.nodes if node.layer.pads] == [((1, 1), (1, 1))]
    assert graph.outputs[0].shape == (4, 4, 3)
