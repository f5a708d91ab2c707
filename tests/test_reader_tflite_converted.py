"""What TensorFlow's converter writes, read: the work and the weights are those of the network that was converted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnncli.analysis.metrics import Totals
from cnncli.keras_model import quiet
from cnncli.readers.opening import read_file
from cnncli.readers.reading import Reading, Settings
from cnncli.readers.source import opened
from cnncli.readers.tflite.file import ModelFile
from cnncli.readers.tflite.shapes import shapes
from cnncli.readers.tflite.values import values

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]

FILES = Path(__file__).parent / "files"


def traced(model: Any) -> Any:
    """A Keras model with random weights as a function of constants, which the converter reads four times faster.

    No two constants are equal, so that the converter merges none and leaves none out.
    """
    import numpy as np
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    random = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(random.uniform(0.5, 1.5, weight.shape))
    specs = [tf.TensorSpec(each.shape, each.dtype, each.name) for each in model.inputs]
    call = tf.function(lambda *inputs: model(list(inputs) if len(inputs) > 1 else inputs[0]), autograph=False)
    return convert_variables_to_constants_v2(call.get_concrete_function(*specs))


def converted(function: Any, path: Path) -> Path:
    import tensorflow as tf

    with quiet():
        path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())
    return path


def reading(path: Path, **settings: Any) -> Reading:
    return read_file(path, Settings(**settings))[1]


def one_dimensional(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((64, 8))
    y = layers.Conv1D(16, 5, padding="same", activation="relu")(x)
    y = layers.Conv1D(16, 3, strides=2)(y)
    y = layers.MaxPooling1D(2)(y)
    y = layers.GlobalAveragePooling1D()(y)
    return keras.Model(x, layers.Dense(4)(y))


def transposed(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((16, 16, 8))
    y = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(x)
    y = layers.Conv2DTranspose(2, 4, strides=2, padding="valid")(y)
    return keras.Model(x, layers.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=0)(y))


def grouped(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((16, 16, 8))
    y = layers.Conv2D(16, 3, groups=4, padding="same")(x)
    y = layers.SeparableConv2D(8, 3, depth_multiplier=2)(y)
    y = layers.ZeroPadding2D(((1, 2), (0, 1)))(y)
    y = layers.Cropping2D(1)(y)
    y = layers.AveragePooling2D(2)(y)
    return keras.Model(x, layers.Reshape((8, -1))(layers.Permute((3, 1, 2))(y)))


def activations(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((16, 16, 1))
    y = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(4, 3)(x))
    y = layers.ELU()(layers.LeakyReLU(negative_slope=0.1)(y))
    y = layers.UpSampling2D(2, interpolation="bilinear")(layers.UpSampling2D(2)(y))
    y = layers.LayerNormalization()(y)
    return keras.Model(x, layers.Dense(3, activation="gelu")(layers.Flatten()(y)))


def two_ends(keras: Any) -> Any:
    layers = keras.layers
    left, right = keras.Input((16, 16, 3), name="left"), keras.Input((7,), name="right")
    y = layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3, activation="swish")(left))
    z = layers.Concatenate()([y, right])
    return keras.Model([left, right], {"first": layers.Dense(3)(z), "second": layers.Dense(2)(y)})


def attending(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((16,), dtype="int32")
    y = layers.Embedding(50, 8)(x)
    y = layers.MultiHeadAttention(2, 4)(y, y)
    return keras.Model(x, layers.Dense(6)(y))


# MACs by hand: kernel elements times positions (of a transposed convolution: of the input), dense layers a row.
MODELS: dict[Callable[[Any], Any], int] = {
    one_dimensional: 64 * 5 * 8 * 16 + 31 * 3 * 16 * 16 + 16 * 4,
    transposed: 16**2 * 9 * 8 * 4 + 32**2 * 16 * 4 * 2 + 66**2 * 9 * 2 * 3,
    grouped: 16**2 * 9 * 2 * 16 + 14**2 * (9 * 16 * 2 + 32 * 8),
    activations: 14**2 * 9 * 4 + 56**2 * 4 * 3,
    two_ends: 14**2 * 27 * 4 + 11 * 3 + 4 * 2,
    attending: 16 * (3 * 8 * 8 + 8 * 8 + 8 * 6),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[Callable[[Any], Any], Path]:
    import keras

    folder = tmp_path_factory.mktemp("models")
    return {make: converted(traced(make(keras)), folder / f"{make.__name__}.tflite") for make in MODELS}


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_work_by_hand(make: Callable[[Any], Any], written: dict[Callable[[Any], Any], Path]) -> None:
    totals = Totals(reading(written[make]).graph)
    uncounted = [node.type for node in totals.uncounted()]
    assert uncounted == (["MatMul", "MatMul"] if make is attending else [])  # of scores and of values
    assert (totals.macs.known if uncounted else totals.macs) == MODELS[make]


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_every_operation_and_constant(make: Callable[[Any], Any], written: dict[Callable[[Any], Any], Path]) -> None:
    """Held against the schema's own reader: as many operations, and each real constant that is used once."""
    import tflite

    content = written[make].read_bytes()
    model = tflite.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    with opened(written[make]) as source:
        assert len(ModelFile(source).graph(0).operations) == graph.OperatorsLength()
    tensors = [graph.Tensors(number) for number in range(graph.TensorsLength())]
    held = [each for each in tensors if model.Buffers(each.Buffer()).DataLength() and each.Type() == 0]
    elements = sum(int(each.ShapeAsNumpy().prod()) if each.ShapeLength() else 1 for each in held)
    assert Totals(reading(written[make]).graph).params == elements
    assert Totals(reading(written[make], raw=True).graph).params == elements


def test_ends_in_the_file_s_order(written: dict[Callable[[Any], Any], Path]) -> None:
    graph = reading(written[two_ends]).graph
    assert {node.name: node.shape for node in graph.inputs} == {"left": (16, 16, 3), "right": (7,)}
    assert sorted(node.shape for node in graph.outputs) == [(2,), (3,)]


@pytest.mark.parametrize(
    "make", [one_dimensional, grouped, attending, None], ids=lambda make: getattr(make, "__name__", "resized")
)
def test_shapes_are_the_runtime_s(make: Callable[[Any], Any] | None, written: dict[Callable[[Any], Any], Path]) -> None:
    """After resizing and allocating, LiteRT knows every tensor's shape; also where the file's are placeholders."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    path = written[make] if make else FILES / "open_size.tflite"
    interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    (entry,) = interpreter.get_input_details()
    size = [1, 30, 52, 3] if make is None else [int(each) for each in entry["shape"]]
    interpreter.resize_tensor_input(entry["index"], size)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], np.zeros(size, entry["dtype"]))
    interpreter.invoke()
    allocated = {each["index"]: tuple(map(int, each["shape"])) for each in interpreter.get_tensor_details()}
    with opened(path) as source:
        graph = ModelFile(source).graph(0)
    graph.inputs[0].shape = tuple(size)
    for operation in graph.operations:
        for output, known in zip(operation.outputs, values(operation) or (), strict=False):
            output.values = known
        for output, shape in zip(operation.outputs, shapes(operation) or (), strict=True):
            output.shape = shape
            assert shape == allocated[output.number], operation.name


def test_what_is_kept_between_two_calls_is_no_weight(tmp_path: Path) -> None:
    """A convolution over a stream: it reads what the last call left, and writes what the next one needs."""
    import tensorflow as tf

    class Stream(tf.Module):
        def __init__(self) -> None:
            self.states = tf.Variable(tf.zeros((1, 4, 1, 8)), name="stream/states")
            self.kernel = tf.constant(1.0, shape=(5, 1, 8, 16))

        @tf.function(input_signature=[tf.TensorSpec((1, 2, 1, 8), name="sound")])
        def listen(self, sound: Any) -> Any:
            heard = tf.concat([self.states, sound], 1)
            self.states.assign(heard[:, -4:])
            return tf.nn.conv2d(heard, self.kernel, 1, "VALID")

    stream, path = Stream(), tmp_path / "stream.tflite"
    converter = tf.lite.TFLiteConverter.from_concrete_functions([stream.listen.get_concrete_function()], stream)
    converter.experimental_enable_resource_variables = True
    with quiet():
        path.write_bytes(converter.convert())
    totals = Totals(graph := reading(path).graph)
    assert not totals.uncounted()
    assert (totals.params, totals.macs) == (640 + 16, 2 * 640)  # the converter adds a bias of zeros
    kept = [(node.name, node.type, node.shape) for node in graph.nodes if "states" in node.name]
    assert kept == [
        ("stream/states/read", "ReadVariable", (4, 1, 8)), ("stream/states/write", "AssignVariable", (4, 1, 8)),
    ]  # fmt: skip
    assert "VarHandle" in {node.type for node in reading(path, raw=True).graph.nodes}
