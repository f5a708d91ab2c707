"""TFLite files as Keras models: what LiteRT makes of a file the model makes of the same inputs.

The registry whole, which takes minutes: `pytest tests/test_build_tflite.py -m exhaustive`.
"""

from __future__ import annotations

import random
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import at_small_size, first_of_families, graph_of
from fuzz_files import damaged

from cnncli.cloning import of_tflite, worker
from cnncli.cloning.messages import Job
from cnncli.cloning.plan import planned
from cnncli.cloning.sparse import dense
from cnncli.cloning.tflite_tensors import tensors
from cnncli.errors import UsageError
from cnncli.readers.opening import read_file
from cnncli.readers.reading import Settings
from cnncli.readers.source import Damaged, in_memory
from cnncli.readers.tflite.flatbuffer import root

pytestmark = pytest.mark.filterwarnings("ignore")
FILES = Path(__file__).parent / "files"
OPEN = FILES / "open_size.tflite"
LIMIT = 1e-4


def cloned(path: Path, samples: Path) -> dict[str, float]:
    """How far each output of a file's clone is from the file's, over the largest that it gives."""
    import numpy

    found = read_file(path, Settings(exact=True))[1]
    job = Job(
        planned(found.graph, str(path)), path, "tflite", None, None, False, (-1.0, 1.0), True, None, None, samples
    )
    assert not worker.work(job, lambda _: None)["differences"]
    with numpy.load(samples) as held:
        inputs = [held[f"input{number}"] for number in range(len(found.graph.inputs))]
        ours = [held[f"output{number}"] for number in range(len(found.graph.outputs))]
    theirs = of_tflite.run(path, inputs, found.channels_first, 1)
    names = [node.name for node in found.graph.outputs]
    return {name: _distance(*pair) for name, *pair in zip(names, ours, theirs, strict=True)}


def _distance(ours: Any, theirs: Any) -> float:
    """Of outputs in which the inputs have a say: they differ from example to example by over a hundredth."""
    assert ours.shape == theirs.shape
    scale = abs(theirs).max()
    assert (theirs.max(axis=0) - theirs.min(axis=0)).max() > 0.01 * scale
    return float(abs(ours.astype("float64") - theirs).max() / scale)


def assert_equal(distances: dict[str, float]) -> None:
    assert {name: each for name, each in distances.items() if not each <= LIMIT} == {}


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


@pytest.mark.tf
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", first_of_families())
def test_networks_of_the_registry(name: str, tmp_path: Path) -> None:
    assert_equal(cloned(of_registry(at_small_size(name), tmp_path), tmp_path / "samples.npz"))


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
        "attending": lambda x: tf.matmul(tf.nn.softmax(tf.matmul(x, x, transpose_b=True)), x),
        "turned_product": lambda x: tf.matmul(x, x + 0.5, transpose_a=True),
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


# Files whose weights are no real numbers, and what no layer computes.


def test_of_integers_the_structure_is_built() -> None:
    """In real numbers, whatever the file takes and gives."""
    graph = read_file(FILES / "separable_int8.tflite", Settings(exact=True))[1].graph
    plan = planned(graph, "separable_int8.tflite")
    assert (plan.quantized, plan.tensors) == (True, 0)
    assert {node.dtype for node in plan.graph.inputs} == {"float32"}


def test_what_no_layer_computes_is_named() -> None:
    graph = read_file(FILES / "recurrent.tflite", Settings(exact=True))[1].graph
    with pytest.raises(UsageError, match=r"cannot be built in Keras: .*WHILE"):
        planned(graph, "recurrent.tflite")


# Constants.


@pytest.fixture(scope="module")
def constants() -> dict[str, Any]:
    """Those of a file that count as weights, by their names, as LiteRT itself gives them."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(OPEN))
    graph = read_file(OPEN, Settings(exact=True))[1].graph
    names = [weight.tensor for node in graph.nodes for weight in node.given or ()]
    return {name: interpreter.get_tensor(int(name.partition("/")[2])) for name in names}


def test_constants_are_those_that_the_runtime_has(constants: dict[str, Any]) -> None:
    found = tensors(OPEN, {name: array.size for name, array in constants.items()})
    assert len(found) > 2
    for name, array in constants.items():
        assert found[name].tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("file", "wanted", "says"),
    [
        (OPEN, {"0/99999": 4}, "damaged"),
        (OPEN, {"9/0": 4}, "graph 9"),
        (OPEN, {"0/0": 5}, "not 5 cells"),
        (FILES / "separable_int8.tflite", {"0/2": 0}, "tensor 2"),
    ],
)
def test_what_a_file_does_not_hold_is_one_line(file: Path, wanted: dict[str, int], says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        tensors(file, wanted)
    assert str(raised.value).startswith(f"{file}")
    assert "\n" not in str(raised.value)


def test_a_damaged_file_is_one_line(constants: dict[str, Any], tmp_path: Path) -> None:
    """Whatever byte is another one: the values, or what is wrong."""
    content, path = OPEN.read_bytes(), tmp_path / "damaged.tflite"
    sizes, draw, outcomes = {name: array.size for name, array in constants.items()}, random.Random(0), Counter[bool]()
    for _ in range(300):
        data, _ = damaged(draw, content)
        path.write_bytes(data)
        try:
            found = tensors(path, sizes)
        except UsageError as error:
            outcomes[str(error).count("\n") == 0] += 1
        else:
            assert [array.size for array in found.values()] == list(sizes.values())
    assert set(outcomes) == {True}
    assert 10 < outcomes[True] < 290


# Tensors of which some cells are stored.


class Stored:
    """A tensor as TFLite stores a sparse one: walked level by level, what is all zeros left out where it may be."""

    def __init__(self, array: Any, order: Sequence[int], blocks: dict[int, int], is_csr: Sequence[bool]) -> None:
        """`blocks` are the sizes of blocks by the axis that they are along; `order` counts their axes behind others."""
        import numpy

        rank = len(order) - len(blocks)
        cut = [size // blocks.get(axis, 1) for axis, size in enumerate(array.shape)]
        along: list[int] = []
        for axis, size in enumerate(cut):
            along += [size, blocks[axis]] if axis in blocks else [size]
        places, behind = [], []
        for axis in range(rank):
            places.append(len(places) + len(behind))
            if axis in blocks:
                behind.append(len(places) + len(behind))
        nodes = [array.reshape(along).transpose([[*places, *behind][each] for each in order])]
        self.levels: list[tuple[int, list[int] | None, list[int]]] = []
        for csr in is_csr:
            self.levels.append((nodes[0].shape[0] if nodes else 1, *self._level(nodes, csr)))
            _, segments, indices = self.levels[-1]
            nodes = self._below(nodes, segments, indices)
        self.values = numpy.asarray([float(each) for each in nodes], "float32")

    @staticmethod
    def _level(nodes: list[Any], csr: bool) -> tuple[list[int] | None, list[int]]:
        if not csr:
            return None, []
        segments, indices = [0], []
        for node in nodes:
            indices += [place for place, each in enumerate(node) if each.any()]
            segments.append(len(indices))
        return segments, indices

    @staticmethod
    def _below(nodes: list[Any], segments: list[int] | None, indices: list[int]) -> list[Any]:
        if segments is None:
            return [each for node in nodes for each in node]
        pairs = zip(nodes, segments, segments[1:], strict=False)
        return [node[place] for node, first, last in pairs for place in indices[first:last]]


def packed(stored: Stored, order: Sequence[int], blocks: dict[int, int]) -> Any:
    """The table that tells of it."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    kinds = ((schema.Uint8VectorT, 3), (schema.Uint16VectorT, 2), (schema.Int32VectorT, 1))
    sparsity = schema.SparsityParametersT()
    sparsity.traversalOrder, sparsity.blockMap, sparsity.dimMetadata = list(order), list(blocks), []
    for number, (size, segments, indices) in enumerate(stored.levels):
        level = schema.DimensionMetadataT()
        level.format, level.denseSize = int(segments is not None), 0 if segments is not None else size
        if segments is not None:
            (of_segments, level.arraySegmentsType), (of_indices, level.arrayIndicesType) = kinds[1], kinds[number % 3]
            level.arraySegments, level.arrayIndices = of_segments(), of_indices()
            level.arraySegments.values, level.arrayIndices.values = segments, indices
        sparsity.dimMetadata.append(level)
    builder = flatbuffers.Builder(1024)
    builder.Finish(sparsity.Pack(builder))
    return bytes(builder.Output())


LAYOUTS = [
    ((6, 5), (0, 1), {}, (False, True)),
    ((6, 5), (1, 0), {}, (True, True)),
    ((8, 6), (0, 1, 2, 3), {0: 4, 1: 2}, (False, True, False, False)),
    ((8, 6), (0, 1, 2), {1: 3}, (False, True, False)),
    ((4, 3, 3, 8), (0, 1, 2, 3), {}, (False, False, False, True)),
    ((4, 1, 1, 8), (0, 1, 2, 3, 4), {3: 4}, (False, False, False, True, False)),
]


@pytest.mark.parametrize(("shape", "order", "blocks", "is_csr"), LAYOUTS)
@pytest.mark.parametrize("share", [0.05, 0.2, 1.0])
def test_cells_that_are_not_stored_are_zeros(
    shape: tuple[int, ...], order: tuple[int, ...], blocks: dict[int, int], is_csr: tuple[bool, ...], share: float
) -> None:
    import numpy

    draw = numpy.random.default_rng(0)
    array = numpy.where(draw.random(shape) < share, draw.normal(size=shape), 0).astype("float32")
    stored = Stored(array, order, blocks, is_csr)
    source = in_memory(packed(stored, order, blocks), "sparse")
    assert (dense(source, root(source), shape, stored.values) == array).all()


def test_a_sparse_tensor_that_does_not_fit_is_damaged() -> None:
    import numpy

    shape, order, blocks, is_csr = LAYOUTS[0]
    array = numpy.eye(*shape, dtype="float32")
    stored = Stored(array, order, blocks, is_csr)
    data, draw = packed(stored, order, blocks), random.Random(0)
    for values, wanted in ((stored.values[1:], shape), (stored.values, (4, 5)), (stored.values, (10**6, 10**6))):
        source = in_memory(data, "sparse")
        with pytest.raises(Damaged):
            dense(source, root(source), wanted, values)
    for _ in range(200):
        source = in_memory(damaged(draw, data)[0], "sparse")
        with suppress(Damaged, struct.error):
            assert dense(source, root(source), shape, stored.values).shape == shape
