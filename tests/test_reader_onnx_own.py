"""ONNX files that cnncli wrote are read as the network that they are of, and nobody is fooled by what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncli.graph import Graph, Kind, fold
from cnncli.graph.fold import BLOCK
from cnncli.graph.layers import (
    Activation,
    Add,
    Average,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    CustomScaleLayer,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GroupNormalization,
    InputLayer,
    LayerNormalization,
    LayerScale,
    Multiply,
    Normalization,
    Rescaling,
    Reshape,
    SeparableConv2D,
    Subsampling2D,
)
from cnncli.network import Network, network
from cnncli.onnx_model import Ends, onnx_model


def arrays(graph: Graph) -> dict[str, list[Any]]:
    """Weights of no two values, so that no two are taken for one."""
    import numpy

    random = numpy.random.default_rng(0)
    owners = [node for node in graph.nodes if node.weights and not node.shares]
    return {
        node.name: [random.uniform(0.1, 1, each.shape).astype("float32") for each in node.weights] for node in owners
    }


def model_of(graph: Graph, metadata: dict[str, str] | None = None, *, first: bool = False) -> Any:
    return onnx_model(graph, arrays(graph), Ends(channels_first=first), metadata)


def read(model: Any, tmp_path: Path, **options: Any) -> Network:
    path = tmp_path / "network.onnx"
    path.write_bytes(model.SerializeToString())
    return network(str(path), options)


def totals(graph: Graph) -> tuple[Any, ...]:
    nodes = graph.nodes
    return tuple(sum(getattr(node, name) for node in nodes) for name in ("params", "trainable_params", "macs"))


def layered() -> Graph:
    """A network of what ONNX has no operation for, and of what a folded file of another program would not keep."""
    graph = Graph("layered")
    x = graph.add(InputLayer((16, 12, 3)), name="image")
    with graph.scope("stem"):
        x = graph.add(Rescaling((0.5, 0.25, 0.125), (1.0, 2.0, 3.0)), x, name="rescaling")
        x = graph.add(Rescaling(0.5), x, name="halving")
        x = graph.add(Normalization(), x, name="adapted")
        x = graph.add(Normalization((0.25, 0.5, 1.0), (0.25, 1.0, 4.0)), x, name="given")
        x = graph.add(Conv2D(4, 3, padding="same", activation="gelu"), x, name="conv1")
    with graph.scope("stage", 1), graph.scope("block", 1, kind="Odd", expansion=2.5):
        before = x
        x = graph.add(SeparableConv2D(4, 3, padding="same", activation="silu"), x, name="separable")
        x = graph.add(BatchNormalization(scale=False), x, name="bn")
        x = graph.add(LayerNormalization(), x, name="norm")
        x = graph.add(LayerNormalization(scale=False), x, name="shifted")
        x = graph.add(LayerScale(4), x, name="scale")
        for number, (center, scale) in enumerate(product((True, False), repeat=2), 2):
            x = graph.add(GroupNormalization(2, center=center, scale=scale), x, name=f"groups{number}")
            x = graph.add(Conv2D(4, 3, padding="same"), x, name=f"conv{number}")
        gate = graph.add(GlobalAveragePooling2D(), x, name="squeeze")
        gate = graph.add(Dense(4, activation="sigmoid"), gate, name="excite")
        x = graph.add(Multiply(), x, gate, name="gated")
        x = graph.add(CustomScaleLayer(scale=0.25), before, x, name="add")
    with graph.scope("stage", 2):
        x = graph.add(Subsampling2D(2, activation="tanh"), x, name="subsampling")
        one = graph.add(Activation("hard_silu"), x, name="one")
        two = graph.add(Activation("mish"), x, name="two")
        x = graph.add(Average(), one, two, x, name="average")
        x = graph.add(Add(), one, two, x, name="sum")
        x = graph.add(AveragePooling2D((8, 6)), x, name="pool")
    with graph.scope("head"):
        x = graph.add(Reshape((4,)), x, name="reshape")
        x = graph.add(Dropout(0.5), x, name="dropout")
        graph.add(Dense(3, activation="softmax"), x, name="probabilities")
    return graph


@pytest.mark.parametrize("first", [False, True])
def test_every_layer_is_read_as_what_it_was(tmp_path: Path, first: bool) -> None:
    graph = layered()
    told = {"input_range": "-1 to 2.5", "layout": "nchw" if first else "nhwc"}
    found = read(model_of(graph, told, first=first), tmp_path)
    kept = [node for node in graph.nodes if not node.layer.idle]
    assert [(node.name, node.shape, node.scope) for node in found.graph.nodes] == [
        (node.name, node.shape, node.scope) for node in kept
    ]
    others = {Reshape((4,)): Flatten()}
    for node, source in zip(found.graph.nodes, kept, strict=True):
        assert node.layer == others.get(source.layer, source.layer), node.name
    assert totals(found.graph) == totals(graph)
    assert sum(node.flops for node in found.graph.nodes) == sum(node.flops for node in graph.nodes)
    assert (found.graph.kinds, found.graph.numbers) == (graph.kinds, graph.numbers)
    assert (found.known_range, found.output_name) == ((-1.0, 2.5), "output")
    assert [group.name for group in fold(found.graph, BLOCK)] == [group.name for group in fold(graph, BLOCK)]


@pytest.mark.parametrize("first", [False, True])
def test_the_layout_of_an_input_that_no_operation_tells(tmp_path: Path, first: bool) -> None:
    graph = Graph("flat")
    graph.add(Activation("relu"), graph.add(InputLayer((5, 7, 6)), name="image"), name="relu")
    found = read(model_of(graph, {"layout": "nchw" if first else "nhwc"}, first=first), tmp_path)
    assert [node.shape for node in found.graph.nodes] == [(5, 7, 6), (5, 7, 6)]


def test_its_operations_are_there_to_be_asked_for(tmp_path: Path) -> None:
    found = read(model_of(layered()), tmp_path, raw=True)
    assert {"stem.rescaling/scaled", "stem.rescaling", "stage2.average/sum"} <= {
        node.name for node in found.graph.nodes
    }


def plain() -> Graph:
    graph = Graph("plain")
    x = graph.add(InputLayer((6, 6, 2)), name="image")
    with graph.scope("stage", 1):
        x = graph.add(Conv2D(3, 3, activation="relu"), x, name="conv")
        x = graph.add(BatchNormalization(), x, name="bn")
    x = graph.add(Flatten(), x, name="flat")
    graph.add(Dense(5), x, name="classes")
    return graph


def with_properties(model: Any, properties: dict[str, str]) -> Any:
    from onnx import helper

    helper.set_model_props(model, properties)
    return model


ALL_WEIGHTS = json.dumps([f"stage1.{name}" for name in ("conv.kernel", "conv.bias")] + ["classes.kernel"])


def test_another_programs_metadata_are_not_believed(tmp_path: Path) -> None:
    model = with_properties(
        model_of(plain()),
        {
            "constants": ALL_WEIGHTS, "not_trained": ALL_WEIGHTS, "input_range": "0 to 255",
            "scopes": '{"stage1": ["Fire"]}',
        },
    )  # fmt: skip
    model.producer_name = "somebody"
    found = read(model, tmp_path)
    assert totals(found.graph) == totals(plain())
    assert found.known_range is None
    assert not found.graph.kinds


def test_no_kernel_is_left_uncounted(tmp_path: Path) -> None:
    """Whatever the file says: kernels and their biases are weights."""
    found = read(with_properties(model_of(plain()), {"constants": ALL_WEIGHTS}), tmp_path)
    assert totals(found.graph) == totals(plain())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["stage1", "stage1.conv"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["stage1", "stage1.conv.x", "classes"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)
TEXTS = st.text(max_size=20) | JSON.map(json.dumps) | st.sampled_from(["nchw", "nhwc", "0 to 1"])
KEYS = ("constants", "not_trained", "scopes", "input_range", "layout", "reference", "output")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(KEYS), TEXTS))
def test_whatever_its_metadata_are_the_network_is_read(tmp_path: Path, properties: dict[str, str]) -> None:
    found = read(with_properties(model_of(plain()), properties), tmp_path)
    assert totals(found.graph)[::2] == totals(plain())[::2]
    low, high = found.input_range
    assert low < high
    fold(found.graph, BLOCK)


HOSTILE: dict[str, Callable[[], str]] = {
    "a million names": lambda: json.dumps([f"name{number}" for number in range(1_000_000)]),
    "a text of two megabytes": lambda: "x" * 2_000_000,
    "lists within lists": lambda: "[" * 100_000,
    "a number too long": lambda: "9" * 10_000,
    "another type": lambda: json.dumps({"stage1": {"stage1": 1}}),
    "a large number": lambda: f'{{"stage1": ["Block", 1{"0" * 400}]}}',
    "no scope": lambda: '{"": ["Block"], ".": ["Block"], "stage1.": ["Block"]}',
    "what a terminal obeys": lambda: '{"stage1": ["\\u001b[31m", 2]}',
    "no range": lambda: "nan to inf",
    "the wrong way round": lambda: "255 to 0",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_metadata(tmp_path: Path, what: str) -> None:
    text = HOSTILE[what]()
    found = read(with_properties(model_of(plain()), dict.fromkeys(KEYS, text)), tmp_path)
    assert totals(found.graph) == totals(plain())
    assert found.known_range is None
    assert all("\x1b" not in str(kind) for kind in found.graph.kinds.values())


def test_scopes_that_lie_apart_are_none(tmp_path: Path) -> None:
    """A scope is one place: else a table had two rows of one name."""
    graph = plain()
    graph.nodes[-1].name = "stage1.classes"
    model = with_properties(model_of(graph), {"scopes": '{"stage1": ["Fire"]}'})
    found = read(model, tmp_path)
    assert Kind("Fire") not in found.graph.kinds.values()


@pytest.mark.parametrize(("scaled", "says"), [(1.0, ["beta"]), (2.0, ["gamma", "beta"])])
def test_a_clone_has_no_scale_that_its_source_had_not(scaled: float, says: list[str], tmp_path: Path) -> None:
    """Unless somebody has written another number into the file: then it is computed with."""
    import numpy
    from onnx import numpy_helper

    graph = Graph("normalized")
    x = graph.add(InputLayer((4, 4, 3)), name="image")
    graph.add(BatchNormalization(scale=False), x, name="norm")
    model = model_of(graph)
    (held,) = (each for each in model.graph.initializer if each.name == "norm.gamma")
    held.CopyFrom(numpy_helper.from_array(numpy.full(3, scaled, "float32"), held.name))
    (_, norm) = read(model, tmp_path, exact=True).graph.nodes
    statistics = ["moving_mean", "moving_variance"]
    assert [weight.name for weight in norm.weights] == [*says, *statistics]
    assert read(model, tmp_path).graph.nodes[1].layer == graph.nodes[1].layer
