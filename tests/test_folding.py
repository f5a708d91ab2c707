"""What runtimes and exporters write out as operations becomes the layers that it was, and costs what it did."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from conftest import calls_of

from cnncli.analysis.metrics import Totals
from cnncli.graph import Graph, Layer, Node, Shape, Weight
from cnncli.graph.layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Cast,
    Constant,
    Conv2D,
    Dense,
    DepthToSpace,
    DepthwiseConv2D,
    Dequantize,
    Dropout,
    Elementwise,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalResponseNormalization,
    Identity,
    InputLayer,
    MaxPooling2D,
    Moving,
    Multiply,
    Opaque,
    Permute,
    Quantize,
    Reduce,
    ReLU,
    Reshape,
    Subtract,
    TimeDistributed,
)
from cnncli.readers.folding import folded
from cnncli.readers.folding.draft import Draft


class Operations:
    """A graph in the making as a reader makes it: every operation a node, every constant with its identity."""

    def __init__(self, shape: Shape = (8, 8, 4)) -> None:
        self.graph = Graph("operations")
        self.x = self.graph.add(InputLayer(shape), name="image")

    def do(self, layer: Layer, *inputs: Node, name: str = "", weights: Sequence[Weight] | None = None) -> Node:
        name = name or f"{layer.type}_{len(self.graph.nodes)}"
        return self.graph.add(layer, *inputs, name=name, weights=weights)

    def kernel(self, layer: Layer, x: Node, name: str) -> Node:
        weights = [each._replace(identity=f"{name}/{each.name}") for each in layer.weights(x.shape)]
        return self.do(layer, x, name=name, weights=weights)

    def constant(self, operation: str, x: Node, shape: Shape, value: float | None = None, identity: str = "") -> Node:
        identity = identity or f"constant_{len(self.graph.nodes)}"
        return self.do(Elementwise(operation, shape, value), x, weights=[Weight("constant", shape, identity=identity)])


def layers(graph: Graph) -> list[Layer]:
    return [node.layer for node in graph.nodes]


def checked(graph: Graph) -> Graph:
    """The folded graph, once it is certain that folding cost and gained nothing and need not be done twice."""
    found = folded(graph)
    before, after = Totals(graph), Totals(found)
    assert (after.params, after.macs, after.trainable_params) == (before.params, before.macs, before.trainable_params)
    assert [node.shape for node in found.outputs] == [node.shape for node in graph.outputs]
    assert [node.dtype for node in found.outputs] == [node.dtype for node in graph.outputs]
    assert [node.name for node in found.inputs] == [node.name for node in graph.inputs]
    assert folded(found) is found
    names = [node.name for node in found.nodes]
    assert len(set(names)) == len(names)
    assert set(names) <= {node.name for node in graph.nodes}
    return found


@pytest.mark.parametrize("operation", ["Add", "BiasAdd"])
@pytest.mark.parametrize(
    "kernel",
    [
        Conv2D(6, 3, padding="same", use_bias=False),
        DepthwiseConv2D(3, strides=2, use_bias=False),
        Dense(5, use_bias=False),
    ],
)
def test_a_constant_that_is_added_to_what_a_kernel_puts_out_is_its_bias(kernel: Layer, operation: str) -> None:
    made = Operations()
    x = made.kernel(kernel, made.x, "block/conv")
    made.constant(operation, x, x.shape[-1:], identity="bias")
    found = checked(made.graph)
    (_, node) = found.nodes
    assert node.name == "block/conv"
    assert node.layer.config() == {**kernel.config(), "use_bias": True}
    assert node.weights[-1] == Weight("bias", x.shape[-1:], identity="bias")
    assert [weight.shape for weight in node.weights] == [weight.shape for weight in node.layer.weights((8, 8, 4))]


def test_a_bias_as_a_tensor_of_its_own_is_one_too() -> None:
    made = Operations()
    x = made.kernel(Dense(4, use_bias=False), made.x, "dense")
    bias = made.do(Constant((4,)), weights=[Weight("constant", (4,), dtype="float16", identity="b")])
    made.do(Add(), x, bias)
    found = checked(made.graph)
    assert layers(found)[1:] == [Dense(4)]
    assert found.nodes[-1].weights[-1] == Weight("bias", (4,), dtype="float16", identity="b")


@pytest.mark.parametrize("shape", [(1, 8, 1), (8, 8, 4), (), (1,)])
def test_other_constants_are_no_bias(shape: Shape) -> None:
    made = Operations()
    x = made.kernel(Conv2D(4, 1, use_bias=False), made.x, "conv")
    made.constant("Add", x, shape)
    assert folded(made.graph) is made.graph


def test_a_kernel_that_others_read_or_that_has_a_bias_keeps_to_itself() -> None:
    made = Operations()
    x = made.kernel(Conv2D(4, 1, use_bias=False), made.x, "read_twice")
    y = made.constant("Add", x, (4,))
    made.do(Add(), x, y)
    x = made.kernel(Conv2D(4, 1), made.x, "has_a_bias")
    made.constant("Add", x, (4,))
    x = made.kernel(Conv2D(4, 1, use_bias=False), made.x, "output")
    y = made.constant("Add", x, (4,))
    made.graph.give(x, y)
    assert folded(made.graph) is made.graph


def test_what_shares_its_weights_stays_as_it_is() -> None:
    made = Operations()
    first = made.do(Conv2D(4, 1, use_bias=False), made.x, name="first")
    second = made.graph.add(first.layer, made.x, name="second", shares=first)
    made.constant("Add", first, (4,))
    made.constant("Add", second, (4,))
    assert folded(made.graph) is made.graph


def test_one_kernel_with_one_bias_in_two_places_is_counted_once() -> None:
    made = Operations()
    for place in ("a", "b"):
        kernel = [Weight("kernel", (1, 1, 4, 4), identity="kernel")]
        x = made.do(Conv2D(4, 1, use_bias=False), made.x, name=place, weights=kernel)
        made.constant("Add", x, (4,), identity="bias")
    found = checked(made.graph)
    assert [node.params for node in found.nodes] == [0, 20, 0]


@pytest.mark.parametrize(
    ("operations", "names"),
    [
        (["Multiply", "Add"], ["gamma", "beta"]),
        (["Subtract", "Multiply", "Add"], ["moving_mean", "gamma", "beta"]),
    ],
)
def test_scale_and_shift_behind_a_kernel_are_batch_normalization(operations: list[str], names: list[str]) -> None:
    made = Operations()
    x = made.kernel(Conv2D(6, 3, use_bias=False), made.x, "conv")
    for operation in operations:
        x = made.constant(operation, x, (1, 1, 6) if operation == "Add" else (6,))
    made.do(ReLU(), x)
    found = checked(made.graph)
    assert [node.type for node in found.nodes[2:]] == ["BatchNormalization", "ReLU"]
    assert [(weight.name, weight.shape) for weight in found.nodes[2].weights] == [(name, (6,)) for name in names]


def test_batch_normalization_computed_of_its_variables_is_one_too() -> None:
    """As tf.nn.batch_normalization writes it: x * inv + (beta - mean * inv), inv = rsqrt(variance + eps) * gamma."""
    made = Operations()
    x = made.kernel(Conv2D(6, 3, use_bias=False), made.x, "conv")
    held = {
        name: made.do(
            Constant((6,)), name=name, weights=[Weight("constant", (6,), name in ("gamma", "beta"), identity=name)]
        )
        for name in ("variance", "gamma", "beta", "mean")
    }
    inverse = made.do(Elementwise("Rsqrt"), made.constant("Add", held["variance"], (), 1e-3))
    inverse = made.do(Multiply(), inverse, held["gamma"])
    shift = made.do(Subtract(), held["beta"], made.do(Multiply(), held["mean"], inverse))
    made.do(Add(), made.do(Multiply(), x, inverse), shift)
    found = checked(made.graph)
    assert [node.type for node in found.nodes[1:]] == ["Conv2D", "BatchNormalization"]
    assert {weight.identity for weight in found.nodes[-1].weights} >= {"variance", "gamma", "beta", "mean"}


def test_scale_and_shift_of_the_input_are_no_batch_normalization() -> None:
    made = Operations()
    made.constant("Add", made.constant("Multiply", made.x, (4,)), (4,))
    assert folded(made.graph) is made.graph


Written = Callable[[Operations, Node], Node]


def _by(operation: str, value: float) -> Written:
    return lambda made, x: made.constant(operation, x, (), value)


def _relu6(made: Operations, x: Node) -> Node:
    return made.do(ReLU(max_value=6.0), made.constant("Add", x, (1,), 3.0))


def _gate(made: Operations, x: Node) -> Node:
    return made.constant("Add", made.do(Elementwise("Erf"), made.constant("Divide", x, (), 2**0.5)), (), 1.0)


def _tanh_gate(made: Operations, x: Node, cube: Node) -> Node:
    inner = made.do(Add(), x, made.constant("Multiply", cube, (), 0.044715))
    return made.constant("Add", made.do(Activation("tanh"), made.constant("Multiply", inner, (), 0.7978846)), (), 1.0)


def _clipped(made: Operations, x: Node) -> Node:
    return made.constant("Minimum", made.constant("Maximum", x, (), 0.0), (), 6.0)


SPELLINGS: dict[str, tuple[Layer, Written]] = {
    "silu": (Activation("silu"), lambda m, x: m.do(Multiply(), m.do(Activation("sigmoid"), x), x)),
    "silu as an operation": (
        Activation("silu"),
        lambda m, x: m.do(Elementwise("Multiply"), x, m.do(Activation("sigmoid"), x)),
    ),
    "hard_sigmoid, divided": (Activation("hard_sigmoid"), lambda m, x: _by("Divide", 6.0)(m, _relu6(m, x))),
    "hard_sigmoid, multiplied": (Activation("hard_sigmoid"), lambda m, x: _by("Multiply", 1 / 6)(m, _relu6(m, x))),
    "hard_silu of hard_sigmoid": (
        Activation("hard_silu"),
        lambda m, x: m.do(Multiply(), m.do(Activation("hard_sigmoid"), x), x),
    ),
    "hard_silu, gate scaled": (
        Activation("hard_silu"),
        lambda m, x: m.do(Multiply(), x, _by("Multiply", 0.16666667)(m, _relu6(m, x))),
    ),
    "hard_silu, product scaled": (
        Activation("hard_silu"),
        lambda m, x: _by("Multiply", 0.1667)(m, m.do(Multiply(), _relu6(m, x), x)),
    ),
    "hard_silu, product divided": (
        Activation("hard_silu"),
        lambda m, x: _by("Divide", 6.0)(m, m.do(Multiply(), x, _relu6(m, x))),
    ),
    "hard_silu, argument scaled": (
        Activation("hard_silu"),
        lambda m, x: m.do(Multiply(), _by("Multiply", 1 / 6)(m, x), _relu6(m, x)),
    ),
    "hard_silu, clipped": (
        Activation("hard_silu"),
        lambda m, x: _by("Divide", 6.0)(m, m.do(Multiply(), x, _clipped(m, _by("Add", 3.0)(m, x)))),
    ),
    "gelu": (Activation("gelu"), lambda m, x: _by("Multiply", 0.5)(m, m.do(Multiply(), x, _gate(m, x)))),
    "gelu, argument halved": (
        Activation("gelu"),
        lambda m, x: m.do(Multiply(), _by("Multiply", 0.5)(m, x), _gate(m, x)),
    ),
    "gelu of the complement": (
        Activation("gelu"),
        lambda m, x: m.do(
            Multiply(),
            _by("Multiply", 0.5)(m, x),
            m.do(Elementwise("Erfc"), _by("Multiply", 0.70710678)(m, m.do(Elementwise("Negative"), x))),
        ),
    ),
    "gelu of tanh": (
        Activation("gelu"),
        lambda m, x: m.do(Multiply(), _by("Multiply", 0.5)(m, x), _tanh_gate(m, x, _by("Power", 3.0)(m, x))),
    ),
    "gelu of tanh, cube as products": (
        Activation("gelu"),
        lambda m, x: m.do(
            Multiply(),
            _by("Multiply", 0.5)(m, x),
            _tanh_gate(m, x, m.do(Multiply(), m.do(Multiply(), x, x), x)),
        ),
    ),
    "mish": (
        Activation("mish"),
        lambda m, x: m.do(Multiply(), x, m.do(Activation("tanh"), m.do(Activation("softplus"), x))),
    ),
    "softplus": (
        Activation("softplus"),
        lambda m, x: m.do(Elementwise("Log"), _by("Add", 1.0)(m, m.do(Activation("exponential"), x))),
    ),
    "relu6": (ReLU(max_value=6.0), _clipped),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_functions_that_are_spelt_out(spelling: str) -> None:
    layer, written = SPELLINGS[spelling]
    made = Operations()
    x = made.kernel(Conv2D(4, 3), made.x, "conv")
    last = written(made, x)
    made.kernel(Dense(2), last, "dense")
    found = checked(made.graph)
    assert layers(found)[2:-1] == [layer]
    assert found.nodes[2].name == last.name
    assert found.nodes[2].inputs == (found.nodes[1],)


def test_functions_whose_constants_are_not_looked_up_are_told_by_their_form() -> None:
    made = Operations()
    x = made.do(ReLU(max_value=6.0), made.constant("Add", made.x, (1,)))
    made.constant("Multiply", made.do(Multiply(), made.x, x), (1,))
    assert layers(checked(made.graph))[1:] == [Activation("hard_silu")]
    made = Operations()
    made.constant("Minimum", made.constant("Maximum", made.x, ()), ())
    assert folded(made.graph) is made.graph, "a clip at who knows where is no relu6"


@pytest.mark.parametrize("value", [2.0, 0.5])
def test_other_constants_make_other_functions(value: float) -> None:
    made = Operations()
    x = made.do(ReLU(max_value=6.0), made.constant("Add", made.x, (), 3.0))
    made.constant("Multiply", x, (), value)
    assert folded(made.graph) is made.graph


def test_a_gate_of_something_else_is_no_silu() -> None:
    made = Operations()
    x = made.kernel(Conv2D(4, 1), made.x, "conv")
    made.do(Multiply(), made.x, made.do(Activation("sigmoid"), x))
    assert folded(made.graph) is made.graph


def test_a_sigmoid_that_is_read_elsewhere_stays() -> None:
    made = Operations()
    x = made.do(Activation("sigmoid"), made.x)
    made.graph.give(made.do(Multiply(), made.x, x), x)
    assert folded(made.graph) is made.graph


def _centered(made: Operations, x: Node) -> Node:
    return made.do(Subtract(), x, made.do(Reduce("Mean", (3,), keepdims=True), x))


def _layer_normalized(made: Operations, x: Node) -> Node:
    """As ONNX had it before it had an operation for it."""
    centered = _centered(made, x)
    square = made.constant("Power", centered, (), 2.0)
    variance = made.constant("Add", made.do(Reduce("Mean", (3,), keepdims=True), square), (), 1e-6)
    return made.do(Elementwise("Divide"), centered, made.do(Elementwise("Sqrt"), variance))


def test_layer_normalization_that_is_spelt_out() -> None:
    made = Operations()
    x = _layer_normalized(made, made.kernel(Conv2D(4, 1), made.x, "conv"))
    made.constant("Add", made.constant("Multiply", x, (4,), identity="gamma"), (4,), identity="beta")
    found = checked(made.graph)
    assert [node.type for node in found.nodes[2:]] == ["LayerNormalization"]
    assert found.nodes[2].layer.config() == {"axis": 3, "epsilon": 1e-6, "center": True, "scale": True}
    assert {"gamma", "beta"} <= {weight.identity for weight in found.nodes[2].weights}


def test_layer_normalization_as_tensorflow_spells_it() -> None:
    made = Operations()
    x = made.kernel(Conv2D(4, 1), made.x, "conv")
    mean = made.do(Reduce("Mean", (3,), keepdims=True), x)
    spread = made.do(Elementwise("SquaredDifference"), x, mean)
    variance = made.constant("Add", made.do(Reduce("Mean", (3,), keepdims=True), spread), (), 1e-5)
    scale = made.constant("Multiply", made.do(Elementwise("Rsqrt"), variance), (4,))
    shift = made.constant("Subtract", made.do(Multiply(), mean, scale), (4,))
    made.do(Add(), made.do(Multiply(), x, scale), shift)
    found = checked(made.graph)
    assert [node.type for node in found.nodes[2:]] == ["LayerNormalization"]


@pytest.mark.parametrize("shifted", [True, False])
def test_layer_normalization_as_keras_3_spells_it(shifted: bool) -> None:
    """A converter leaves a shift by zeros out."""
    made = Operations()
    x = made.kernel(Conv2D(4, 1), made.x, "conv")
    mean = made.do(Reduce("Mean", (3,), keepdims=True), x)
    spread = made.do(Elementwise("SquaredDifference"), x, mean)
    variance = made.constant("Add", made.do(Reduce("Mean", (3,), keepdims=True), spread), (), 1e-6)
    scale = made.constant("Multiply", made.do(Elementwise("Rsqrt"), variance), (4,))
    shift = made.do(Multiply(), made.do(Elementwise("Negative"), mean), scale)
    shift = made.constant("Add", shift, (4,)) if shifted else shift
    made.do(Add(), made.do(Multiply(), x, scale), shift)
    found = checked(made.graph)
    assert [node.type for node in found.nodes[2:]] == ["LayerNormalization"]
    assert found.nodes[2].layer.config() == {"axis": 3, "epsilon": 1e-6, "center": shifted, "scale": True}


def test_quantization_within_a_network_vanishes() -> None:
    made = Operations()
    x = made.do(Quantize("int8"), made.x, weights=[Weight("scale", (), identity="s")])
    x = made.do(Dequantize("float32"), x)
    x = made.kernel(Conv2D(4, 3), x, "conv")
    x = made.graph.add(Quantize("int8"), x, name="q", dtype="int8", weights=[Weight("scale", (), identity="t")])
    x = made.do(ReLU(), x)
    made.graph.add(Dequantize("float32"), x, name="d", dtype="float32")
    found = checked(made.graph)
    assert [node.type for node in found.nodes] == ["InputLayer", "Conv2D", "ReLU"]
    assert {weight.identity for weight in found.nodes[1].weights} == {"conv/kernel", "conv/bias", "s", "t"}
    assert found.outputs[0].dtype == "float32"


def test_what_does_nothing_vanishes_but_between_input_and_output() -> None:
    made = Operations()
    x = made.do(Identity(), made.do(Dropout(0.5), made.kernel(Conv2D(4, 3), made.x, "conv")))
    y = made.do(Identity(), made.x, name="passed")
    made.graph.give(x, y)
    found = checked(made.graph)
    assert [node.name for node in found.nodes] == ["image", "conv", "passed"]
    assert found.outputs == (found.nodes[1], found.nodes[2])


def test_a_cast_is_something() -> None:
    made = Operations()
    made.kernel(Conv2D(4, 3), made.do(Cast("float32"), made.x), "conv")
    assert folded(made.graph) is made.graph


@pytest.mark.parametrize(
    ("reductions", "layer"),
    [
        ([Reduce("Mean", (1, 2))], GlobalAveragePooling2D()),
        ([Reduce("Mean", (1, 2), keepdims=True)], GlobalAveragePooling2D(keepdims=True)),
        ([Reduce("Mean", (1,)), Reduce("Mean", (1,))], GlobalAveragePooling2D()),
        ([Reduce("Mean", (2,)), Reduce("Mean", (1,))], GlobalAveragePooling2D()),
        (
            [Reduce("Mean", (2,), keepdims=True), Reduce("Mean", (1,), keepdims=True)],
            GlobalAveragePooling2D(keepdims=True),
        ),
        ([Reduce("Max", (1, 2)), Reshape((1, 1, 4))], GlobalMaxPooling2D(keepdims=True)),
        ([Reduce("Mean", (1, 2), keepdims=True), Flatten()], GlobalAveragePooling2D()),
        ([AveragePooling2D(8)], GlobalAveragePooling2D(keepdims=True)),
        ([MaxPooling2D(8, 1), Flatten()], GlobalMaxPooling2D()),
    ],
)
def test_means_of_a_map_are_global_pooling(reductions: list[Layer], layer: Layer) -> None:
    made = Operations()
    x = made.x
    for each in reductions:
        x = made.do(each, x)
    assert layers(checked(made.graph))[1:] == [layer]


@pytest.mark.parametrize(
    "reductions",
    [
        [Reduce("Mean", (3,))], [Reduce("Mean", (2,)), Reduce("Mean", (2,))], [Reduce("Sum", (1, 2))],
        [AveragePooling2D(4)],
    ],
)  # fmt: skip
def test_other_means_are_not(reductions: list[Layer]) -> None:
    made = Operations()
    x = made.x
    for each in reductions:
        x = made.do(each, x)
    assert folded(made.graph) is made.graph


def test_reshapes_that_cancel_vanish_and_others_are_one() -> None:
    made = Operations()
    x = made.kernel(Conv2D(4, 1), made.x, "conv")
    x = made.do(Reshape((8, 8, 4)), made.do(Flatten(), x))
    x = made.kernel(Conv2D(4, 1), x, "second")
    made.do(Reshape((16, 16)), made.do(Reshape((64, 4)), x))
    found = checked(made.graph)
    assert [node.name for node in found.nodes[1:3]] == ["conv", "second"]
    assert layers(found)[3:] == [Reshape((16, 16))]


def test_rows_that_were_laid_flat_for_a_product_keep_their_places() -> None:
    made = Operations()
    x = made.kernel(Dense(6), made.do(Reshape((64, made.x.shape[-1])), made.x), "product")
    made.do(Reshape((8, 8, 6)), x)
    found = checked(made.graph)
    assert [(node.name, node.shape) for node in found.nodes[1:]] == [("product", (8, 8, 6))]


def test_other_places_are_others() -> None:
    made = Operations()
    x = made.kernel(Dense(6), made.do(Reshape((64, made.x.shape[-1])), made.x), "product")
    made.do(Reshape((4, 16, 6)), x)
    assert folded(made.graph) is made.graph


def test_channels_that_become_pixels_are_one_layer() -> None:
    made = Operations()
    x = made.kernel(Conv2D(12, 1), made.x, "conv")
    x = made.do(Permute((1, 3, 2, 4, 5)), made.do(Reshape((8, 8, 2, 2, 3)), x))
    made.do(Reshape((16, 16, 3)), x)
    assert layers(checked(made.graph))[2:] == [DepthToSpace(2, "DCR")]


def _dilated(kernel: Layer, cut: Shape, after: Shape) -> Operations:
    made = Operations()
    x = made.do(Moving("SpaceToBatchND", cut), made.x)
    x = made.kernel(TimeDistributed(kernel), x, "dilated")
    made.do(Moving("BatchToSpaceND", after), x)
    return made


def shuffled(made: Operations, cut: Shape, dims: Shape) -> None:
    x = made.do(Reshape(cut), made.x)
    x = made.do(Permute(dims), x)
    made.do(Reshape((8, 8, 4)), x)


def test_a_channel_shuffle_of_channels_that_came_first() -> None:
    made = Operations()
    shuffled(made, (2, 2, 8, 8), (2, 1, 3, 4))
    cut, turned = Reshape((8, 8, 2, 2)), Permute((1, 2, 4, 3))
    assert layers(checked(made.graph))[1:] == [cut, turned, Reshape((8, 8, 4))]


@pytest.mark.parametrize(("cut", "dims"), [((2, 2, 8, 8), (2, 1, 4, 3)), ((8, 8, 2, 2), (2, 1, 3, 4))])
def test_what_else_turns_cells_is_no_shuffle(cut: Shape, dims: Shape) -> None:
    made = Operations()
    shuffled(made, cut, dims)
    assert folded(made.graph) is made.graph


def response(made: Operations, axes: tuple[int, ...], *, bias_first: bool) -> None:
    norm = made.do(Reduce("L2", axes, keepdims=True), made.x)
    mean = made.do(Reduce("Mean", (3,), keepdims=True), norm)
    share = made.do(Elementwise("Divide"), norm, made.constant("Add", mean, (), 1e-6))
    scaled = made.constant("Multiply", made.do(Multiply(), made.x, share), (4,), identity="gamma")
    shifted = made.constant("Add", scaled, (1, 1, 4), identity="beta")
    made.do(Add(), *((shifted, made.x) if bias_first else (made.x, shifted)))


@pytest.mark.parametrize("bias_first", [False, True])
def test_global_response_normalization_that_is_spelt_out(bias_first: bool) -> None:
    made = Operations()
    response(made, (1, 2), bias_first=bias_first)
    found = checked(made.graph)
    assert layers(found)[1:] == [GlobalResponseNormalization(1e-6)]
    assert [(each.name, each.identity, each.shape) for each in found.nodes[-1].weights[:2]] == [
        ("gamma", "gamma", (4,)), ("beta", "beta", (4,)),
    ]  # fmt: skip


def test_norms_along_something_else_are_others() -> None:
    made = Operations()
    response(made, (1,), bias_first=False)
    assert GlobalResponseNormalization(1e-6) not in layers(checked(made.graph))


def test_a_map_cut_up_for_a_kernel_with_gaps() -> None:
    """8x8 padded to 12x12, cut into four of 6x6, each convolved to 4x4: the 8x8 of a kernel of 3 with gaps of 2."""
    made = _dilated(Conv2D(5, 3), (4, 6, 6, 4), (8, 8, 5))
    found = checked(made.graph)
    assert layers(found)[1:] == [Conv2D(5, 3, padding="same", dilation_rate=2)]
    assert found.nodes[1].name == "dilated"


def test_a_map_that_was_filled_up_is_computed_as_the_file_says() -> None:
    """7 rows are left of what was computed for 8: the file multiplies more than a kernel with gaps would."""
    made = _dilated(DepthwiseConv2D(3), (4, 6, 6, 4), (7, 7, 4))
    assert folded(made.graph) is made.graph


EXACT = {
    "silu": 1, "hard_sigmoid, divided": 1, "hard_silu, argument scaled": 1, "gelu, argument halved": 1, "relu6": 1,
    "gelu of tanh": 0, "hard_silu, product scaled": 0,
}  # fmt: skip
"""Of spellings whether the function is the same to the last bits: the third decimal of a gelu by tanh is another's, a
sixth is not 0.1667."""


@pytest.mark.parametrize("spelling", EXACT)
def test_what_is_to_compute_the_same(spelling: str) -> None:
    """The numbers within a function are then its own, and no weights."""
    layer, written = SPELLINGS[spelling]
    made = Operations()
    written(made, made.x)
    found = folded(made.graph, exact=True)
    assert (found.nodes[-1].layer == layer) is bool(EXACT[spelling])
    assert bool(found.nodes[-1].weights) is (spelling == "hard_silu, product scaled")


def test_what_is_to_compute_the_same_is_of_weights_that_are_told() -> None:
    """What is computed of constants has other values than they."""
    made = Operations()
    constant = made.graph.add(Constant((4,)), name="c", weights=[Weight("constant", (4,), tensor="c")])
    made.do(Add(), made.x, made.do(Elementwise("Negative"), constant))
    assert any(isinstance(layer, Constant) for layer in layers(folded(made.graph, exact=True)))
    assert not any(isinstance(layer, Constant) for layer in layers(folded(made.graph)))


def test_a_map_that_was_filled_up_is_that_of_a_kernel_with_gaps() -> None:
    """8x8 padded to 14x14, cut into four of 7x7, of whose 10x10 the edges are cut off."""
    made = _dilated(DepthwiseConv2D(3), (4, 7, 7, 4), (8, 8, 4))
    assert folded(made.graph) is made.graph
    found = folded(made.graph, exact=True)
    assert layers(found)[1:] == [DepthwiseConv2D(3, padding="same", dilation_rate=2)]


def test_what_nobody_knows_is_left_alone() -> None:
    made = Operations()
    x = made.do(Opaque("Mystery", (8, 8, 4)), made.x)
    made.do(Opaque("Riddle", (4,)), made.constant("Add", x, (4,)))
    assert folded(made.graph) is made.graph


LAYERS_BY_CHANCE: tuple[Callable[[Operations, list[Node], random.Random], Any], ...] = (
    lambda m, xs, r: m.kernel(Conv2D(4, 1, use_bias=False), r.choice(xs[-3:]), f"conv{len(xs)}"),
    lambda m, xs, r: m.constant("Add", xs[-1], r.choice([(4,), (), (1, 1, 4)]), r.choice([None, 3.0, 1.0])),
    lambda m, xs, r: m.constant("Multiply", xs[-1], r.choice([(4,), ()]), r.choice([None, 1 / 6, 0.5]), "shared"),
    lambda m, xs, r: m.do(r.choice([Add(), Multiply(), Subtract()]), xs[-1], r.choice(xs[-4:])),
    lambda m, xs, r: m.do(r.choice([Activation("sigmoid"), ReLU(max_value=6.0), ReLU()]), xs[-1]),
    lambda m, xs, r: m.do(r.choice([Quantize("int8"), Dequantize("float32"), Identity()]), xs[-1]),
    lambda m, xs, r: m.do(Multiply(), xs[-1], m.do(Activation("sigmoid"), xs[-1])),
    lambda m, xs, r: m.do(Reshape((8, 8, 4)), m.do(r.choice([Flatten(), Reshape((64, 4))]), xs[-1])),
    lambda m, xs, r: _layer_normalized(m, xs[-1]),
)


def by_chance(seed: int, length: int) -> Graph:
    """A graph of operations in any order, some of which are what folding looks for."""
    choose = random.Random(seed)
    made = Operations()
    found = [made.x]
    for _ in range(length):
        found.append(choose.choice(LAYERS_BY_CHANCE)(made, found, choose))
    if choose.random() < 0.5:
        made.graph.give(*dict.fromkeys([found[-1], choose.choice(found[1:])]))
    return made.graph


@pytest.mark.parametrize("seed", range(60))
def test_folding_keeps_what_a_network_computes_and_costs(seed: int) -> None:
    graph = by_chance(seed, 60)
    first, second = checked(graph), folded(graph)
    assert len(first.nodes) < len(graph.nodes)
    assert [(node.name, node.layer, node.weights) for node in first.nodes] == [
        (node.name, node.layer, node.weights) for node in second.nodes
    ]


def test_the_work_of_folding_grows_with_the_graph_not_with_its_square() -> None:
    def work(length: int) -> int:
        graph = by_chance(7, length)
        return calls_of(lambda: folded(graph))

    assert work(10_000) < 12 * work(1_000)


def test_many_readers_of_one_node_are_no_trouble() -> None:
    made = Operations((4,))
    read = [made.do(Identity(), made.x) for _ in range(20_000)]
    made.do(Add(), *read)
    assert len(folded(made.graph).nodes) == 2


def test_batch_normalization_stays_a_layer() -> None:
    made = Operations()
    x = made.kernel(Conv2D(4, 1, use_bias=False), made.x, "conv")
    made.do(BatchNormalization(), x)
    assert folded(made.graph) is made.graph


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("block/norm/sub", "block/norm/add"), "block/norm"),
        (("block/norm", "block/norm/add"), "block/norm"),
        (("block/sub", "block/norm/add"), "block/norm/add"),
        (("sub", "add"), "add"),
    ],
)
def test_what_operations_are_within_is_the_layer_that_they_were(names: tuple[str, str], expected: str) -> None:
    operations = Operations()
    first, last = (operations.do(Activation("relu"), operations.x, name=name) for name in names)
    steps = Draft(operations.graph).steps
    assert Draft(operations.graph).scope_of(steps[last.index], [steps[first.index]]) == expected


def test_a_name_that_something_else_has_is_not_given_to_a_layer() -> None:
    operations = Operations()
    nodes = [operations.do(ReLU(), operations.x, name=name) for name in ("norm", "norm/sub", "norm/add")]
    draft = Draft(operations.graph)
    other, first, last = (draft.steps[node.index] for node in nodes)
    assert draft.scope_of(last, [first]) == "norm/add"
    assert draft.scope_of(last, [first, other]) == "norm"
