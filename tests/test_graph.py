"""The graph, its scopes, and layers that refuse what they cannot be."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conftest import calls_of, graph_of
from hypothesis import given
from hypothesis import strategies as st

from cnncli.errors import LayerError
from cnncli.graph import Graph, Kind, fold
from cnncli.graph.layers import (
    LAYERS,
    Add,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GroupNormalization,
    InputLayer,
    MaxPooling2D,
    ReLU,
    Reshape,
    SeparableConv2D,
)
from cnncli.graph.names import Names


def small() -> Graph:
    graph = Graph("small")
    x = graph.add(InputLayer((8, 8, 3)), name="image")
    with graph.scope("stage1"):
        for block in ("block1", "block2"):
            with graph.scope(block, kind="Plain"):
                y = graph.add(Conv2D(3, 3, padding="same"), x, name="conv")
                x = graph.add(Add(), x, y, name="add")
    with graph.scope("head"):
        graph.add(Dense(5), x, name="dense")
    return graph


def test_names_scopes_and_wiring() -> None:
    graph = small()
    assert [node.name for node in graph.nodes] == [
        "image", "stage1.block1.conv", "stage1.block1.add", "stage1.block2.conv", "stage1.block2.add", "head.dense",
    ]  # fmt: skip
    assert [node.name for node in graph.nodes[4].inputs] == ["stage1.block1.add", "stage1.block2.conv"]
    assert [node.name for node in graph.outputs] == ["head.dense"]
    assert [len(readers) for readers in graph.readers()] == [2, 1, 2, 1, 1, 0]


def test_costs_follow_from_the_kernel() -> None:
    conv = small().nodes[1]
    assert conv.params == 3 * 3 * 3 * 3 + 3
    assert conv.macs == 3 * 3 * 3 * 3 * 8 * 8
    assert conv.flops == 2 * conv.macs + 8 * 8 * 3


def test_folding_by_depth() -> None:
    graph = small()
    assert [group.name for group in fold(graph, 1)] == ["image", "stage1", "head"]
    assert [group.name for group in fold(graph, 2)] == ["image", "stage1.block1", "stage1.block2", "head"]
    assert [group.kinds for group in fold(graph, 1)] == [(), (Kind("Plain"), Kind("Plain")), ()]
    assert [[node.name for node in group.sources] for group in fold(graph, 2)] == [
        [], ["image"], ["stage1.block1.add"], ["stage1.block2.add"],
    ]  # fmt: skip


def test_layers_of_a_folder_of_their_own_are_named_by_it() -> None:
    def names(*layers: str) -> list[str]:
        graph = Graph("net")
        x = graph.add(InputLayer((8, 8, 3)), name="image")
        for name in layers:
            x = graph.add(ReLU(), x, name=name)
            x.scope = ("stage1",)
        x = graph.add(Conv2D(3, 1), x, name="conv")
        x.scope = ("stage1", "block1")
        graph.kinds[x.scope] = Kind("Plain")
        return [group.name for group in fold(graph, 2)]

    assert names("model.down.norm", "model.down.conv") == ["image", "model.down", "stage1.block1"]
    assert names("down.norm", "other.conv") == ["image", "down.norm-other.conv", "stage1.block1"]
    assert names("norm", "relu") == ["image", "norm-relu", "stage1.block1"]


def test_layers_around_a_deeper_scope_are_named_from_first_to_last() -> None:
    names = [group.name for group in fold(graph_of("b0"), 3)]
    assert names[5:9] == [
        "stage2.block1.expand_conv-depthwise_activation",
        "stage2.block1.squeeze_excite",
        "stage2.block1.project_conv-project_bn",
        "stage2.block2.expand_conv-depthwise_activation",
    ]
    assert len(set(names)) == len(names)


def test_a_scope_cannot_be_opened_twice_and_a_name_is_given_once() -> None:
    graph = small()
    with pytest.raises(LayerError, match=r"stage1: this scope was opened before"), graph.scope("stage1"):
        pass
    with pytest.raises(LayerError, match=r"image: this name is taken"):
        graph.add(InputLayer((1,)), name="image")


def test_a_scope_is_left_when_its_block_fails() -> None:
    graph = Graph("failing")
    with pytest.raises(ZeroDivisionError), graph.scope("stem"):
        _ = 1 / 0
    assert graph.add(InputLayer((1,)), name="image").scope == ()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Conv2D(0, 3), "filters=0 must be a whole number of at least 1"),
        (lambda: Conv2D(8, (3, 0)), r"kernel_size=\(3, 0\) must be a whole number"),
        (lambda: Conv2D(8, "3"), "kernel_size='3' must be one whole number or two"),
        (lambda: Conv2D(8, 3, padding="full"), 'padding=\'full\' must be "valid" or "same"'),
        (lambda: Conv2D(8, 3, groups=3), "groups=3 does not divide filters=8"),
        (lambda: Conv2D(8, 3, strides=2, dilation_rate=2), r"strides=\(2, 2\) and dilation_rate=\(2, 2\)"),
        (lambda: Conv2D(8, 3, activation="swoosh"), "activation='swoosh' is unknown"),
        (lambda: DepthwiseConv2D(3, strides=(1, 2)), r"strides=\(1, 2\) must be equal"),
        (lambda: SeparableConv2D(8, 3, depth_multiplier=0), "depth_multiplier=0 must be"),
        (lambda: Conv2DTranspose(8, 3, strides=2, output_padding=2), "output_padding=.* less than strides"),
        (lambda: Dropout(1.5), "rate=1.5 must be between 0 and 1"),
        (lambda: ReLU(-1.0), "max_value=-1.0 must not be negative"),
        (lambda: Reshape((-1, -1)), "at most one of them -1"),
    ],
)
def test_impossible_arguments_carry_their_values(make: Any, says: str) -> None:
    with pytest.raises(LayerError, match=says):
        make()


@pytest.mark.parametrize(
    ("layer", "shapes", "says"),
    [
        (Conv2D(8, 3, groups=2), [(8, 8, 3)], "groups=2 does not divide 3 input channels"),
        (Conv2D(8, 9), [(8, 8, 3)], "window of 9x9 does not fit into an input of 8x8"),
        (Conv2D(8, 3), [(8,)], r"needs a feature map .* was given shape \(8,\)"),
        (Conv2D(8, 3), [(8, 8, 3), (8, 8, 3)], "takes one input, was given 2"),
        (MaxPooling2D(3), [(2, 2, 3)], "window of 3x3 does not fit into an input of 2x2"),
        (Add(), [(8, 8, 3)], "takes at least two inputs, was given 1"),
        (Add(), [(8, 8, 3), (8, 8, 4)], "do not broadcast"),
        (Concatenate(), [(8, 8, 3), (4, 8, 3)], "differ along other axes"),
        (Concatenate(), [(8, 3), (8,)], "differ along other axes"),
        (GroupNormalization(4), [(8, 8, 6)], "groups=4 does not divide 6 input channels"),
        (Reshape((5, 5)), [(8, 8, 3)], "does not hold the 192 cells"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(layer: Any, shapes: list[tuple[int, ...]], says: str) -> None:
    with pytest.raises(LayerError, match=says):
        layer.output_shape(*shapes)


def test_layers_are_found_by_keras_names() -> None:
    assert LAYERS["Conv2D"] is Conv2D
    assert all(name == layer.__name__ for name, layer in LAYERS.items())
    assert len(LAYERS) >= 40


def test_a_part_of_a_scope_has_not_the_name_of_the_whole() -> None:
    """As in VGG, whose stages are layers without blocks, and where a stage has layers before its blocks."""
    graph = Graph("parts")
    x = graph.add(InputLayer((32, 32, 3)), name="image")
    with graph.scope("stage", 1):
        for number in (1, 2):
            x = graph.add(Conv2D(8, 3, padding="same"), x, name=f"conv{number}")
    with graph.scope("stage", 2):
        x = graph.add(Conv2D(8, 3, strides=2, padding="same"), x, name="reduce")
        for number in (1, 2):
            with graph.scope("block", number, kind="Plain"):
                x = graph.add(Conv2D(8, 3, padding="same"), x, name="conv")
    names = [group.name for group in fold(graph, 2)]
    assert names == ["image", "stage1", "stage2.reduce", "stage2.block1", "stage2.block2"]
    assert [group.name for group in fold(graph, 1)] == ["image", "stage1", "stage2"]
    assert [group.number for group in fold(graph, 2)][-2:] == [1, 2]


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), ((8,), {}), ((8, 3), {"filters": 8}), ((8, 3), {"size": 3}), (tuple(range(20)), {})],
    ids=["nothing", "one too few", "one twice", "one unknown", "too many"],
)
def test_a_layer_takes_its_fields_alone(values: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="Conv2D takes filters, kernel_size, strides"):
        Conv2D(*values, **named)  # type: ignore[arg-type]


def test_a_layer_stays_as_it_was_made() -> None:
    layer = Conv2D(8, 3)
    with pytest.raises(AttributeError, match="filters"):
        layer.filters = 9  # type: ignore[misc]
    with pytest.raises(AttributeError, match="filters"):
        del layer.filters
    assert layer == Conv2D(filters=8, kernel_size=(3, 3))


@given(st.lists(st.sampled_from(["a", "a:2", "a:3", "a:2:2", "b"]), max_size=30), st.sampled_from([":", "_", " "]))
def test_names_are_each_its_own_and_begin_with_the_wish(wishes: list[str], between: str) -> None:
    names = Names(["b"], between)
    found = [names.free(wish) for wish in wishes]
    assert len({*found, "b"}) == len(wishes) + 1
    for wish, name in zip(wishes, found, strict=True):
        assert name == wish or re.fullmatch(re.escape(wish + between) + "[0-9]+", name)


def test_another_wish_goes_before_a_number_and_what_is_released_is_free_again() -> None:
    names = Names()
    assert [names.free("a", "model/a"), names.free("a", "model/a"), names.free("a", "model/a")] == [
        "a",
        "model/a",
        "a:2",
    ]
    names.release("a")
    assert names.free("a") == "a"


def test_a_thousand_of_one_name_are_not_tried_in_turn() -> None:
    def named(count: int) -> int:
        names = Names()
        return calls_of(lambda: [names.free("a") for _ in range(count)])

    assert named(2000) < 2.2 * named(1000)


def test_folding_scopes_in_parts_takes_time_in_proportion_to_the_layers() -> None:
    """Layers between blocks, of which each part asks what the names of all have before a dot: here none has one."""

    def folded(count: int) -> int:
        graph = Graph("parts")
        x = graph.add(InputLayer((8, 8, 3)), name="image")
        for place in range(count):
            with graph.scope(f"stage{place}"):
                x = graph.add(ReLU(), x, name="before")
                with graph.scope("block"):
                    x = graph.add(ReLU(), x, name="inside")
        for node in graph.nodes:
            node.name = node.name.replace(".", "_")
        return calls_of(lambda: fold(graph, 2))

    assert folded(200) < 2.2 * folded(100)
