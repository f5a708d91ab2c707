"""Every layer in ONNX: the file run by onnxruntime gives what the lowered Keras model gives."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
import pytest
from drawn_layers import ARGUMENTS, EXAMPLES, graphs
from hypothesis import given, settings
from onnx_layers import (
    BATCHES,
    TOLERANCE,
    agrees,
    apart,
    examples,
    expected,
    inferred,
    run,
    session,
    shapes,
    with_random_weights,
    written,
)
from sampled_layers import ONE_INPUT, names, sampled

from cnncli.errors import LayerError, UsageError
from cnncli.graph import UNKNOWN, Graph, Layer, layers
from cnncli.graph.layers import (
    LAYERS,
    AnyConvolution,
    AnyDense,
    BatchNormalization,
    Cast,
    CenterCrop,
    Constant,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthToSpace,
    DepthwiseConv2D,
    Dequantize,
    Elementwise,
    GlobalAveragePooling2D,
    GlobalPooling,
    GroupNormalization,
    Idle,
    InputLayer,
    LayerNormalization,
    MatMul,
    MaxPooling2D,
    Merge,
    Moving,
    Opaque,
    Pad,
    PlacedResizing,
    Quantize,
    Reduce,
    Rescaling,
    Resizing,
    Select,
    Slice,
    SpaceToDepth,
    UpSampling2D,
    ZeroPadding2D,
)
from cnncli.keras_model import quiet
from cnncli.onnx_model import Ends, onnx_model
from cnncli.onnx_model.layers import LOWERED, UNWRITTEN

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]
NAMES = names()


class Sampled:
    """All layers with their options, in Keras and in files of both layouts."""

    def __init__(self) -> None:
        self.graph = sampled()
        with quiet():
            self.model = with_random_weights(self.graph)
            self.values = examples(self.graph)
            self.wanted = dict(zip(NAMES, expected(self.model, self.values), strict=True))
            self.files = {first: written(self.graph, self.model, first=first) for first in (False, True)}
        self.found = {(first, batch): self._run(first, batch) for first in self.files for batch in BATCHES}

    def _run(self, first: bool, batch: int) -> dict[str, Any]:
        outputs = run(session(self.files[first]), [each[:batch] for each in self.values], first=first)
        return dict(zip(NAMES, outputs, strict=True))


@pytest.fixture(scope="module")
def all_layers() -> Sampled:
    return Sampled()


CONSTANT = "GroupNormalization"
"""Of a vector each cell of which is a group by itself all that is left is the bias."""


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_gives_what_keras_gives(all_layers: Sampled, name: str) -> None:
    wanted = all_layers.wanted[name]
    assert name.startswith(CONSTANT) or apart(wanted[:1], wanted[1:2]) > 0.01, "the input makes no difference"
    for (_, batch), found in all_layers.found.items():
        assert apart(found[name], wanted[:batch]) < TOLERANCE


@pytest.mark.parametrize("first", [False, True])
def test_each_tensor_is_named_as_its_node_and_has_its_shape(all_layers: Sampled, first: bool) -> None:
    """What the file says of its tensors is what ONNX's strict inference finds without it."""
    made = all_layers.files[first]
    said, found = shapes(made.graph.value_info), inferred(made)
    assert said == {name: found[name] for name in said}
    graph = chained()
    within = written(graph, with_random_weights(graph), first=first)
    said, found = shapes(within.graph.value_info), inferred(within)
    assert said == {name: found[name] for name in said}
    inner = [node for node in graph.nodes if node.inputs and node not in graph.outputs]
    assert set(said) == {node.name for node in inner}
    assert all(said[node.name] in (node.shape, (node.shape[-1], *node.shape[:-1])) for node in inner)


def chained() -> Graph:
    """A layer of each kind that maps a map to a map, one behind the other."""
    graph = Graph("chained")
    node = graph.add(InputLayer((7, 10, 6)), name="image")
    for number, layer in enumerate(ONE_INPUT):
        try:
            fits = layer.output_shape(node.shape) == node.shape and not layer.idle and layer.function != "linear"
        except LayerError:
            continue
        node = graph.add(layer, node, name=f"layer{number}") if fits else node
    return graph


def test_every_layer_is_written_idle_or_refused_with_a_reason() -> None:
    """The bases of layers have no more to say: none of them is in a graph."""
    bases = {Layer, Merge, GlobalPooling}
    everything = {each for each in vars(layers).values() if isinstance(each, type) and issubclass(each, Layer)} - bases
    idle = {each for each in everything if each.idle}
    assert everything == {*LOWERED, *UNWRITTEN, *idle, InputLayer}
    assert not set(LOWERED) & set(UNWRITTEN)
    assert {type(node.layer) for node in sampled().nodes} >= set(LAYERS.values())


@pytest.mark.parametrize(
    "layer",
    [
        AnyConvolution("Conv3D", (4, 4, 2), (3, 3, 3, 1, 2), 16), AnyDense("Product", (4, 4, 2), (1, 2), 16),
        Constant((4, 4, 2)), Dequantize("float32"), MatMul((4, 4, 2)), Moving("Reshape", (4, 4, 2)),
        Opaque("Add", (4, 4, 2)), Quantize("int8"), Select(1, (4, 4, 2)), Elementwise("Subtract", (), 1.0),
        Elementwise("Add", (2,)), Elementwise("Clip"), Pad(shape=(4, 4, 2), paddings=((0, 0),) * 3),
        Slice(shape=(4, 4, 2)), DepthToSpace(1), SpaceToDepth(2), PlacedResizing(4, 4, "bicubic"),
        Reduce("Variance", (1,)), Resizing(4, 4, "area"),
    ],
    ids=lambda layer: f"{type(layer).__name__}.{layer.type}",
)  # fmt: skip
def test_what_says_too_little_is_refused_by_name(layer: Layer) -> None:
    graph = Graph("refused")
    graph.add(layer, graph.add(InputLayer((4, 4, 2)), name="image"), name="stage1.odd")
    with pytest.raises(UsageError, match=rf"^stage1\.odd: {layer.type} cannot be written to ONNX: \w"):
        onnx_model(graph, {}, Ends())


def alone(layer: Layer, *inputs: Any, arrays: Any = (), **how: Any) -> Any:
    """What a layer makes of arrays, whose first axis is the batch, in the file of it alone."""
    graph = Graph("alone")
    sources = [
        graph.add(InputLayer(each.shape[1:]), name=f"input{number}", dtype=str(each.dtype))
        for number, each in enumerate(inputs)
    ]
    graph.add(layer, *sources, name="alone", **how)
    found = []
    for first in (False, True):
        made = onnx_model(graph, {"alone": arrays} if arrays else {}, Ends(channels_first=first))
        onnx.checker.check_model(made, full_check=True)
        found.append(run(session(made), list(inputs), first=first)[0])
    assert apart(*found) < 1e-6
    return found[0]


X, Y = np.random.default_rng(0).normal(1, 2, (2, 3, 4, 6, 8)).astype("float32")
C = np.random.default_rng(1).normal(1, 2, 8).astype("float32")
OTHERS: list[tuple[str, Layer, list[Any], Any, list[Any]]] = [
    *((kind, Elementwise(kind), [X], of(X), []) for kind, of in {
        "Abs": np.abs, "Negative": np.negative, "Square": np.square, "Exp": np.exp, "Sign": np.sign, "Floor": np.floor,
        "Sin": np.sin, "Round": np.round,
    }.items()),
    *((kind, Elementwise(kind), [np.abs(X)], of(np.abs(X)), []) for kind, of in {
        "Sqrt": np.sqrt, "Log": np.log, "Rsqrt": lambda x: 1 / np.sqrt(x), "Reciprocal": np.reciprocal,
    }.items()),
    ("Divide", Elementwise("Divide"), [X, Y], X / Y, []),
    ("Power", Elementwise("Power"), [np.abs(X), Y], np.abs(X) ** Y, []),
    ("Add number", Elementwise("Add", (), 1.5), [X], X + np.float32(1.5), []),
    ("Add channels", Elementwise("Add", (8,)), [X], X + C, [C]),
    ("Multiply column", Elementwise("Multiply", (4, 1, 1)), [X], X * C[:4].reshape(4, 1, 1), [C[:4].reshape(4, 1, 1)]),
    ("Sum", Reduce("Sum", (3,)), [X], X.sum(3), []),
    ("Mean", Reduce("Mean", (1, 3), True), [X], X.mean((1, 3), keepdims=True), []),
    ("Max", Reduce("Max", (2,)), [X], X.max(2), []),
    ("Min", Reduce("Min", (1,)), [X], X.min(1), []),
    ("ArgMax", Reduce("ArgMax", (3,)), [X], X.argmax(3), []),
    ("slice", Slice(shape=(2, 6, 4), begin=(1, 0, 7), strides=(2, 1, -2)), [X], X[:, 1::2, :, 7::-2], []),
    ("reflect", Pad(shape=(7, 6, 9), paddings=((1, 2), (0, 0), (0, 1)), mode="reflect"), [X],
     np.pad(X, ((0, 0), (1, 2), (0, 0), (0, 1)), "reflect"), []),
    ("replicate", Pad(shape=(4, 8, 8), paddings=((0, 0), (1, 1), (0, 0)), mode="replicate"), [X],
     np.pad(X, ((0, 0), (0, 0), (1, 1), (0, 0)), "edge"), []),
    ("depth to space", DepthToSpace(2, "DCR"), [X],
     X.reshape(3, 4, 6, 2, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(3, 8, 12, 2), []),
    ("space to depth", SpaceToDepth(2, "DCR"), [X],
     X.reshape(3, 2, 2, 3, 2, 8).transpose(0, 1, 3, 2, 4, 5).reshape(3, 2, 3, 32), []),
    ("depth to space CRD", DepthToSpace(2, "CRD"), [X],
     X.reshape(3, 4, 6, 2, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(3, 8, 12, 2), []),
    ("space to depth CRD", SpaceToDepth(2, "CRD"), [X],
     X.reshape(3, 2, 2, 3, 2, 8).transpose(0, 1, 3, 5, 2, 4).reshape(3, 2, 3, 32), []),
    ("pad", Pad(shape=(7, 6, 9), paddings=((1, 2), (0, 0), (0, 1)), value=2.5), [X],
     np.pad(X, ((0, 0), (1, 2), (0, 0), (0, 1)), constant_values=2.5), []),
    ("cast", Cast("float32"), [np.arange(24).reshape(2, 3, 4)], np.arange(24).reshape(2, 3, 4), []),
    ("cast of reals", Cast("float16"), [X], X, []),
    ("idle", Idle("RandomFlip"), [X], X, []),
]  # fmt: skip
"""What Keras has no layer of, and what numpy makes of it."""


@pytest.mark.parametrize(("layer", "inputs", "wanted", "arrays"), [each[1:] for each in OTHERS],
                         ids=[each[0] for each in OTHERS])  # fmt: skip
def test_what_keras_lacks(layer: Layer, inputs: list[Any], wanted: Any, arrays: list[Any]) -> None:
    how = {"dtype": "int64"} if layer.type == "ArgMax" else {"dtype": "float32"}
    assert apart(alone(layer, *inputs, arrays=arrays, **how), wanted) < 1e-6


DRAWN = sorted(set(ARGUMENTS) - {"Embedding"})
"""What another layer puts out is seldom the number of a row of a table."""


def test_random_networks_give_what_keras_gives() -> None:
    drawn: Counter[str] = Counter()
    with quiet():
        settings(EXAMPLES, max_examples=60)(given(graphs(DRAWN))(lambda graph: agrees(graph, drawn)))()
    assert len(drawn) > 20


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("kind", DRAWN)
def test_each_layer_with_random_arguments(kind: str) -> None:
    """pytest -m exhaustive tests/test_onnx_layers.py"""
    drawn: Counter[str] = Counter()
    with quiet():
        settings(EXAMPLES, max_examples=25)(given(graphs([kind], most=3))(lambda graph: agrees(graph, drawn)))()
    assert drawn[kind] > 5


@pytest.mark.exhaustive
@pytest.mark.slow
def test_many_random_networks() -> None:
    drawn: Counter[str] = Counter()
    with quiet():
        settings(EXAMPLES, max_examples=1000)(given(graphs(DRAWN, most=12))(lambda graph: agrees(graph, drawn)))()
    assert len(drawn) > 50


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("way", ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_all_sizes_are_resized_as_tensorflow_does(way: str) -> None:
    for before in range(1, 24):
        graph = Graph("resized")
        image = graph.add(InputLayer((before, before + 1, 2)), name="image")
        for after in range(1, 24):
            graph.add(Resizing(after, 25 - after, way), image, name=f"to{after}")
        agrees(graph)


def test_open_sizes_are_written_as_far_as_they_may_be_open() -> None:
    """A file of any height and width, run on two."""
    graph = Graph("open")
    node = graph.add(InputLayer((UNKNOWN, UNKNOWN, 3)), name="image")
    for number, layer in enumerate((
        Rescaling(0.5), Conv2D(8, 3, 2, "same"), BatchNormalization(), DepthwiseConv2D(3, padding="same"),
        GroupNormalization(2), MaxPooling2D(2, 2, "same"), Conv2DTranspose(8, 3, 2, "same"), UpSampling2D(2),
        UpSampling2D(2, "bilinear"), ZeroPadding2D(1), Cropping2D(2), LayerNormalization(), Dense(6, "gelu"),
    )):  # fmt: skip
        node = graph.add(layer, node, name=f"layer{number}")
    resized = graph.add(Resizing(5, 6), node, name="resized")
    pooled = graph.add(GlobalAveragePooling2D(), graph.add(Conv2D(4, 3, 2, "same"), node, name="conv"), name="pooled")
    graph.give(node, resized, pooled)
    with quiet():
        model = with_random_weights(graph)
        for first in (False, True):
            running = session(written(graph, model, first=first))
            for size in ((16, 12), (9, 13)):
                values = np.random.default_rng(0).normal(size=(2, *size, 3)).astype("float32")
                found, wanted = run(running, [values], first=first), expected(model, [values])
                assert all(apart(*pair) < TOLERANCE for pair in zip(found, wanted, strict=True))


@pytest.mark.parametrize("layer", [UpSampling2D(3, "lanczos3"), Resizing(4, 4, "bicubic"), CenterCrop(4, 4)])
def test_what_needs_the_size_is_refused_without_it(layer: Layer) -> None:
    graph = Graph("open")
    graph.add(layer, graph.add(InputLayer((UNKNOWN, UNKNOWN, 3)), name="image"), name="odd")
    with pytest.raises(UsageError, match="odd: .* size"):
        onnx_model(graph, {}, Ends())
