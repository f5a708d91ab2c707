"""The ONNX model around the layers: its names, its ends, what is turned, shared and told."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_layers import (
    agrees,
    examples,
    run,
    session,
    with_random_weights,
    written,
)

from cnncli.graph import Graph
from cnncli.graph.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    InputLayer,
    LayerNormalization,
    LayerScale,
    Permute,
    Rescaling,
    Reshape,
    Softmax,
)
from cnncli.keras_model import quiet
from cnncli.onnx_model import Ends, onnx_model

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]


def operations(graph: Graph, **ends: Any) -> list[str]:
    draw = np.random.default_rng(0)
    arrays = {node.name: [draw.normal(size=weight.shape).astype("float32") for weight in node.weights]
              for node in graph.nodes if node.weights and not node.shares}  # fmt: skip
    return [each.op_type for each in onnx_model(graph, arrays, Ends(channels_first=True, **ends)).graph.node]


def test_maps_are_turned_once_and_only_where_needed() -> None:
    """As ConvNeXt's block, ShuffleNet's shuffle, and a dense layer of a map are written by hand."""
    block = Graph("block")
    image = node = block.add(InputLayer((8, 8, 4)), name="image")
    for number, layer in enumerate((
        DepthwiseConv2D(3, padding="same"), LayerNormalization(), Dense(16, "gelu"), Dense(4), LayerScale(4),
    )):  # fmt: skip
        node = block.add(layer, node, name=f"layer{number}")
    block.add(Add(), image, node, name="add")
    assert operations(block).count("Transpose") == 2
    shuffle = Graph("shuffle")
    node = shuffle.add(InputLayer((8, 8, 4)), name="image")
    for number, layer in enumerate((Reshape((8, 8, 2, 2)), Permute((1, 2, 4, 3)), Reshape((8, 8, 4)), Conv2D(2, 1))):
        node = shuffle.add(layer, node, name=f"layer{number}")
    assert operations(shuffle) == ["Reshape", "Transpose", "Reshape", "Conv"]
    dense = Graph("dense")
    node = dense.add(Dense(3, "softmax"), dense.add(InputLayer((8, 8, 4)), name="image"), name="dense")
    dense.add(Softmax(), dense.add(GlobalAveragePooling2D(), node, name="pool"), name="softmax")
    assert "Transpose" not in operations(dense)


def named(*called: str) -> tuple[Graph, dict[str, Any]]:
    """A chain of layers with these names, and its weights."""
    graph, draw = Graph("names"), np.random.default_rng(0)
    node = graph.add(InputLayer((4, 4, 2)), name="picture")
    for name in called:
        node = graph.add(Conv2D(2, 1, activation="silu"), node, name=name)
    nodes = [node for node in graph.nodes if node.weights]
    return graph, {
        node.name: [draw.normal(size=each.shape).astype("float32") for each in node.weights] for node in nodes
    }


def test_names_are_the_nodes_and_unique_whatever_these_are() -> None:
    odd = ("a", "a/sigmoid", "a.kernel", "output", "image", "a/channels_first", "a.kernel_2", "a/linear", "last")
    found = []
    for graph, arrays in (named(*odd), named(*map("layer{}".format, range(len(odd))))):
        made = onnx_model(graph, arrays, Ends())
        onnx.checker.check_model(made, full_check=True)
        found.append(run(session(made), examples(graph), first=False)[0])
        if graph.nodes[1].name == "a":
            everything = [name for each in made.graph.node for name in each.output]
            everything += [each.name for each in made.graph.initializer]
            assert len(set(everything)) == len(everything)
            assert {*odd[:3], "output_2", "image_2", "a/sigmoid_2", "a.kernel_3"} <= set(everything)
            assert [each.name for each in (*made.graph.input, *made.graph.output)] == ["image", "output"]
            assert {each.domain for each in made.opset_import} == {""}
    assert (found[0] == found[1]).all()


def test_shared_weights_are_held_once() -> None:
    """Unless two nodes need them in different orders: here a product over the last axis, and a kernel of one cell."""
    graph = Graph("shared")
    image = graph.add(InputLayer((6, 6, 4)), name="image")
    conv = graph.add(Conv2D(4, 3, padding="same"), image, name="conv")
    again = graph.add(Conv2D(4, 3, padding="same"), conv, name="again", shares=conv)
    last = graph.add(LayerNormalization(), again, name="norm")
    dense = graph.add(Dense(4), last, name="dense")
    graph.add(Dense(4), again, name="dense_again", shares=dense)
    with quiet():
        agrees(graph)
        made = written(graph, with_random_weights(graph), first=True)
    weights = Counter(each.name for each in made.graph.initializer)
    once = "conv.kernel", "conv.bias", "norm.gamma", "norm.beta", "dense.kernel", "dense.kernel_2", "dense.bias"
    assert weights == dict.fromkeys(once, 1)


def test_several_ends_are_called_as_their_nodes() -> None:
    """An output that is an input, and one that is another too, are handed through."""
    graph = Graph("ends")
    image, meta = graph.add(InputLayer((6, 6, 4)), name="image"), graph.add(InputLayer((3,)), name="meta")
    conv = graph.add(Conv2D(4, 3), image, name="conv")
    idle = graph.add(Dropout(0.5), conv, name="idle")
    read = graph.add(Conv2D(2, 1), idle, name="read")
    graph.give(read, idle, conv, meta, image)
    with quiet():
        agrees(graph)
        made = written(graph, with_random_weights(graph), first=True)
    assert [each.name for each in made.graph.input] == ["image", "meta"]
    outputs = [each.name for each in made.graph.output]
    assert outputs[:3] == ["read", "idle", "conv"]
    assert len(set(outputs) | {"image", "meta"}) == 7


def test_the_batch_is_free_or_as_given() -> None:
    graph = Graph("batch")
    graph.add(Flatten(), graph.add(InputLayer((2, 2, 2)), name="image"), name="flat")
    free, fixed = onnx_model(graph, {}, Ends()), onnx_model(graph, {}, Ends(batch=2))
    assert free.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert fixed.graph.output[0].type.tensor_type.shape.dim[0].dim_value == 2


def test_what_is_no_weight_or_not_trained_is_told() -> None:
    graph = Graph("told")
    node = graph.add(Rescaling(0.5), graph.add(InputLayer((2, 2, 2)), name="image"), name="rescaling")
    graph.add(BatchNormalization(scale=False), node, name="bn")
    with quiet():
        made = written(graph, with_random_weights(graph), first=True)
    told = {each.key: each.value for each in made.metadata_props}
    assert json.loads(told["constants"]) == ["rescaling.scale", "bn.gamma"]
    assert json.loads(told["not_trained"]) == ["bn.moving_mean", "bn.moving_variance"]
