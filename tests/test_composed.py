"""What only files have, made of Keras's layers: each against numpy, saved, and loaded by Keras alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from cnncli.graph import Graph, Layer, Node, Weight
from cnncli.graph.layers import (
    Cast,
    Constant,
    Conv2D,
    DepthToSpace,
    Elementwise,
    InputLayer,
    MatMul,
    Opaque,
    Pad,
    PlacedResizing,
    Reduce,
    Slice,
    SpaceToDepth,
)
from cnncli.keras_model.lowering import lowers

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
numpy = pytest.importorskip("numpy")
INPUTS = {"map": (5, 6, 8), "other": (5, 6, 8), "gate": (1, 1, 8), "row": (6, 8), "column": (8, 6), "vector": (8,)}
BATCH = 3


class Case(NamedTuple):
    """A layer of some inputs, and what it gives by numpy: of these and, where it has one, its constant."""

    layer: Layer
    inputs: tuple[str, ...]
    gives: Callable[..., Any]


def _unary(operation: str, gives: Any, source: str = "map") -> Case:
    return Case(Elementwise(operation), (source,), gives)


def _held(operation: str, shape: tuple[int, ...], gives: Any, **options: Any) -> Case:
    return Case(Elementwise(operation, shape, **options), ("map",), gives)


def _l2(x: Any, epsilon: float) -> Any:
    return x / numpy.maximum(numpy.sqrt((x * x).sum(-1, keepdims=True)), epsilon)


def _gelu(x: Any) -> Any:
    """Hendrycks and Gimpel 2016, the approximation."""
    return x / 2 * (1 + numpy.tanh((2 / numpy.pi) ** 0.5 * (x + 0.044715 * x**3)))


def _to_space(x: Any, mode: str) -> Any:
    """Cell by cell, by what the two modes are (ONNX's Operators.md, DepthToSpace)."""
    batch, height, width, channels = x.shape
    left = channels // 4
    made = numpy.zeros((batch, height * 2, width * 2, left), x.dtype)
    for row in range(2):
        for column in range(2):
            for channel in range(left):
                block = row * 2 + column
                at = block * left + channel if mode == "DCR" else channel * 4 + block
                made[:, row::2, column::2, channel] = x[..., at]
    return made


def _lines(x: Any, size: int, axis: int, coordinates: str, nearest: bool) -> Any:
    before, found = x.shape[axis], []
    for cell in range(size):
        scale = (before - 1) / (size - 1) if coordinates == "align_corners" else before / size
        place = cell * scale
        if nearest:
            place = numpy.floor(place + 0.5) if coordinates == "align_corners" else numpy.floor(place)
        low = min(int(place), before - 1)
        high, share = min(low + 1, before - 1), place - int(place)
        found.append(x.take(low, axis) * (1 - share) + x.take(high, axis) * share)
    return numpy.stack(found, axis)


def _resized(x: Any, height: int, width: int, coordinates: str, nearest: bool) -> Any:
    return _lines(_lines(x, height, 1, coordinates, nearest), width, 2, coordinates, nearest)


def _padded(mode: str, **options: Any) -> Callable[[Any], Any]:
    return lambda x: numpy.pad(x, ((0, 0), (1, 0), (0, 2), (0, 3)), mode, **options)


_SIDES = ((1, 0), (0, 2), (0, 3))
_PADDED = (6, 8, 11)

CASES: dict[str, Case] = {
    "abs": _unary("Abs", numpy.abs), "ceil": _unary("Ceil", numpy.ceil), "floor": _unary("Floor", numpy.floor),
    "round": _unary("Round", numpy.round), "exp": _unary("Exp", numpy.exp), "square": _unary("Square", numpy.square),
    "negative": _unary("Negative", numpy.negative), "sign": _unary("Sign", numpy.sign),
    "sin": _unary("Sin", numpy.sin), "cos": _unary("Cos", numpy.cos),
    "reciprocal": _unary("Reciprocal", lambda x: 1 / x, "gate"),
    "sqrt": _unary("Sqrt", numpy.sqrt, "gate"), "rsqrt": _unary("Rsqrt", lambda x: x**-0.5, "gate"),
    "log": _unary("Log", numpy.log, "gate"),
    "l2": Case(Elementwise("L2Normalization"), ("map",), lambda x: _l2(x, 1e-6)),
    "gelu": _unary("ApproximateGelu", _gelu),
    "divide": Case(Elementwise("Divide"), ("map", "gate"), lambda x, y: x / y),
    "power": Case(Elementwise("Power"), ("gate", "map"), lambda x, y: x**y),
    "spread": Case(Elementwise("SquaredDifference"), ("map", "other"), lambda x, y: (x - y) ** 2),
    "of_ranks": Case(Elementwise("Subtract"), ("vector", "map"), lambda x, y: x[:, None, None] - y),
    "less": Case(Elementwise("Less"), ("map", "other"), lambda x, y: x < y),
    "add_channels": _held("Add", (8,), lambda x, c: x + c),
    "add_map": _held("Add", (5, 6, 8), lambda x, c: x + c),
    "add_rows": _held("Add", (5, 1, 1), lambda x, c: x + c),
    "multiply": _held("Multiply", (1, 1, 8), lambda x, c: x * c),
    "multiply_one": _held("Multiply", (), lambda x, c: x * c),
    "subtract": _held("Subtract", (8,), lambda x, c: x - c),
    "divide_held": _held("Divide", (8,), lambda x, c: x / c),
    "maximum": _held("Maximum", (1,), numpy.maximum, value=-0.4),
    "minimum": _held("Minimum", (8,), numpy.minimum),
    "power_held": Case(Elementwise("Power", (8,)), ("gate",), lambda x, c: x**c),
    "of_integer": Case(Elementwise("Multiply", (), 3.0), ("map",), lambda x: x * 3),
    "mean_of_channels": Case(Reduce("Mean", (3,), True), ("map",), lambda x: x.mean(3, keepdims=True)),
    "sum": Case(Reduce("Sum", (1, 2)), ("map",), lambda x: x.sum((1, 2))),
    "max": Case(Reduce("Max", (1,)), ("row",), lambda x: x.max(1)),
    "min": Case(Reduce("Min", (2,), True), ("row",), lambda x: x.min(2, keepdims=True)),
    "l2_of_rows": Case(Reduce("L2", (2,)), ("row",), lambda x: numpy.sqrt((x * x).sum(2))),
    "argmax": Case(Reduce("ArgMax", (3,)), ("map",), lambda x: x.argmax(3)),
    "part": Case(Slice(shape=(2, 3, 8), begin=(1, 0, 0), strides=(2, 2, 1)), ("map",), lambda x: x[:, 1:4:2, ::2]),
    "channels": Case(Slice(shape=(5, 6, 3), begin=(0, 0, 2), strides=(1, 1, 1)), ("map",), lambda x: x[..., 2:5]),
    "of_vector": Case(Slice(shape=(4,), begin=(4,), strides=(1,)), ("vector",), lambda x: x[:, 4:]),
    "zeros": Case(Pad(shape=_PADDED, paddings=_SIDES, value=0.0), ("map",), _padded("constant")),
    "sevens": Case(Pad(shape=_PADDED, paddings=_SIDES, value=7.0), ("map",), _padded("constant", constant_values=7)),
    "reflect": Case(Pad(shape=_PADDED, paddings=_SIDES, mode="reflect"), ("map",), _padded("reflect")),
    "symmetric": Case(Pad(shape=_PADDED, paddings=_SIDES, mode="symmetric"), ("map",), _padded("symmetric")),
    "to_space": Case(DepthToSpace(2, "DCR"), ("map",), lambda x: _to_space(x, "DCR")),
    "to_space_crd": Case(DepthToSpace(2, "CRD"), ("map",), lambda x: _to_space(x, "CRD")),
    "integer": Case(Cast("int32"), ("map",), lambda x: x.astype("int32")),
    "product": Case(MatMul((6, 6)), ("row", "column"), lambda x, y: x @ y),
    "of_one": Case(MatMul((5, 6, 6)), ("map", "column"), lambda x, y: x @ y[:, None]),
    "constant": Case(Constant((6, 8)), (), lambda c: numpy.broadcast_to(c, (BATCH, *c.shape))),
    **{
        f"resize_{mode}_{coordinates}": Case(
            PlacedResizing(9, 13, mode, coordinates), ("map",),
            lambda x, mode=mode, coordinates=coordinates: _resized(x, 9, 13, coordinates, mode == "nearest"),
        )
        for mode in ("nearest", "bilinear") for coordinates in ("asymmetric", "align_corners")
    },
}  # fmt: skip
_HAS_NO_WEIGHT = ("of_integer",)
_DTYPES = {"argmax": "int64", "integer": "int32", "less": "bool"}


def _graph() -> Graph:
    graph = Graph("composed")
    nodes = {name: graph.add(InputLayer(shape), name=name) for name, shape in INPUTS.items()}
    for name, (layer, sources, _) in CASES.items():
        weights = () if name in _HAS_NO_WEIGHT else None
        graph.add(layer, *(nodes[each] for each in sources), name=f"a_{name}", weights=weights,
                  dtype=_DTYPES.get(name, "float32"))  # fmt: skip
    for mode in ("DCR", "CRD"):
        spread = graph.add(DepthToSpace(2, mode), nodes["map"], name=f"spread_{mode}")
        graph.add(SpaceToDepth(2, mode), spread, name=f"again_{mode}")
    return graph


def _constants(graph: Graph, model: Any) -> dict[str, Any]:
    """The values of the constants, which are put where they are held."""
    from cnncli.keras_model.held import arrays, holder

    random = numpy.random.default_rng(1)
    for node in graph.nodes:
        if node.weights:
            (variable,) = model.get_layer(node.name + holder(node).suffix).weights
            variable.assign(random.uniform(0.5, 2, variable.shape))
    return {name: each for name, (each,) in arrays(graph, model).items()}


_LOADING = """
import sys
import keras, numpy
model = keras.models.load_model(sys.argv[1])
assert not [layer for layer in model.layers if type(layer).__name__ == "Lambda"]
given = numpy.load(sys.argv[2])
outputs = model([given[each.name] for each in model.inputs], training=False)
numpy.savez(sys.argv[3], *map(numpy.asarray, outputs))
"""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The graph, its inputs, its constants, and what the saved model gives in a process that knows Keras alone."""
    from cnncli.keras_model import differences, lower

    graph, folder = _graph(), tmp_path_factory.mktemp("composed")
    model = lower(graph)
    assert differences(graph, model) == ()
    constants = _constants(graph, model)
    model.save(folder / "model.keras")
    random = numpy.random.default_rng(0)
    given = {name: random.uniform(-2, 2, (BATCH, *shape)).astype("float32") for name, shape in INPUTS.items()}
    given["gate"] = abs(given["gate"]) + numpy.float32(0.1)
    numpy.savez(folder / "given.npz", **given)
    command = [
        sys.executable,
        "-c",
        _LOADING,
        *(str(folder / each) for each in ("model.keras", "given.npz", "got.npz")),
    ]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    got = numpy.load(folder / "got.npz")
    names = [node.name for node in graph.outputs]
    return graph, given, constants, {name: got[f"arr_{number}"] for number, name in enumerate(names)}


@pytest.mark.tf
@pytest.mark.parametrize("name", CASES)
def test_what_keras_alone_makes_of_a_saved_model_is_what_numpy_says(name: str, outputs: Any) -> None:
    _, given, constants, got = outputs
    case = CASES[name]
    operands = [given[each] for each in case.inputs]
    held = [constants[f"a_{name}"]] if f"a_{name}" in constants else []
    expected, found = case.gives(*operands, *held), got[f"a_{name}"]
    assert found.shape == expected.shape
    assert len(numpy.unique(found)) > 1
    numpy.testing.assert_allclose(found.astype("float64"), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.tf
@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_what_was_laid_out_as_cells_is_put_back_as_channels(mode: str, outputs: Any) -> None:
    _, given, _, got = outputs
    numpy.testing.assert_array_equal(got[f"again_{mode}"], given["map"])


@pytest.mark.tf
def test_constants_are_held_exactly(outputs: Any) -> None:
    """Bit by bit: what is added to nothing is what was assigned."""
    _, _, constants, got = outputs
    numpy.testing.assert_array_equal(got["a_constant"], numpy.broadcast_to(constants["a_constant"], (BATCH, 6, 8)))


def _node(layer: Layer, *shapes: tuple[int, ...], weights: Any = None) -> Node:
    graph = Graph("one")
    sources = [graph.add(InputLayer(shape), name=f"x{number}") for number, shape in enumerate(shapes)]
    return graph.add(layer, *sources, name="node", weights=weights)


REFUSED = {
    "an operation that nobody knows": _node(Opaque("Add", (4, 4, 8)), (4, 4, 8)),
    "a clip whose ends are not told": _node(Elementwise("Clip"), (4, 4, 8)),
    "an operation that Keras lacks": _node(Elementwise("BitwiseXor"), (4, 4, 8), (4, 4, 8)),
    "a constant whose value is not told": _node(Elementwise("Add", ()), (4, 4, 8), weights=()),
    "a constant of several tensors": _node(
        Elementwise("Add", (8,)), (4, 4, 8), weights=[Weight("a", (8,)), Weight("b", (8,))]
    ),
    "a slice whose begin is not told": _node(Slice(shape=(2, 2, 8)), (4, 4, 8)),
    "cells of unknown value": _node(Pad(shape=(5, 4, 8), paddings=((0, 1), (0, 0), (0, 0))), (4, 4, 8)),
    "a mode that Keras lacks": _node(
        Pad(shape=(5, 4, 8), paddings=((0, 1), (0, 0), (0, 0)), mode="edge"), (4, 4, 8)
    ),
    "matrices that do not fit as they are": _node(MatMul((8, 8)), (6, 8), (6, 8)),
    "channels in an order that is not told": _node(DepthToSpace(2), (4, 4, 8)),
    "a way that is not known": _node(PlacedResizing(8, 8, "bicubic"), (4, 4, 8)),
    "a kernel of another shape": _node(Conv2D(8, 3), (4, 4, 8), weights=[Weight("kernel", (3, 3, 8, 7))]),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_made_is_told(what: str) -> None:
    assert not lowers(REFUSED[what])


def test_all_that_is_tested_lowers() -> None:
    assert all(lowers(node) for node in _graph().nodes)
