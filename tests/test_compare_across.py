"""The same network out of another kind of file is the same network, and what differs is named."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import calls_of, networks

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from growth import chain

from cnncli.analysis.compare.across import Differs, InputSize, Left, Part, Single, across, units_aligned
from cnncli.analysis.compare.alignment import align
from cnncli.analysis.compare.comparison import Entry, entry, identical
from cnncli.analysis.metrics import Totals
from cnncli.analysis.structure import structural_hash
from cnncli.graph import Graph, Layer, Node, Role
from cnncli.graph.layers import (
    ACTIVATION_FLOPS,
    Activation,
    Add,
    AveragePooling2D,
    Conv1D,
    Conv2D,
    Cropping2D,
    CustomScaleLayer,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Elementwise,
    Flatten,
    GlobalAveragePooling2D,
    InputLayer,
    Multiply,
    Reduce,
    ReLU,
    Reshape,
    SeparableConv2D,
    Slice,
    Softmax,
    ZeroPadding2D,
)
from cnncli.graph.normal import normal
from cnncli.graph.roles import CONVOLUTIONS
from cnncli.network import ModelFile, Network, Origin, Source, network
from cnncli.readers.opening import by_key
from cnncli.readers.reading import Reading
from cnncli.views.across import across_lines
from cnncli.views.compare import Asked, comparison_document

NETWORKS = networks(every_flavor=False)


class Converter:
    """What TFLite's converter makes of a graph: no scopes or names, batch normalization folded, functions written out.

    `changes` are layers instead of those of these names.
    """

    def __init__(self, graph: Graph, changes: dict[str, Layer] | None = None) -> None:
        self.source, self.changes, self.graph = graph, changes or {}, Graph("converted")
        self.made: dict[int, Node] = {}
        self.readers = graph.readers()
        for node in graph.nodes:
            self.made[node.index] = self.convert(node)
        self.graph.give(*(self.made[node.index] for node in graph.outputs))

    def do(self, layer: Layer, *inputs: Node) -> Node:
        return self.graph.add(layer, *inputs, name=f"op{len(self.graph.nodes)}")

    def convert(self, node: Node) -> Node:
        inputs = [self.made[source.index] for source in node.inputs]
        layer: Any = self.changes.get(node.name, node.layer)
        if layer.idle:
            return inputs[0]
        if layer.normalizes_batches:
            return self.do(Elementwise("Add", node.shape[-1:]), *inputs)
        if layer.type == "Rescaling":
            return self.do(Elementwise("Add", ()), self.do(Elementwise("Multiply", ()), *inputs))
        if layer.type == "Normalization":
            return self.do(Elementwise("Multiply", (3,)), self.do(Elementwise("Subtract", (3,)), *inputs))
        if layer.pools_globally and not isinstance(layer, AveragePooling2D):
            pooled = self.do(replace(layer, keepdims=True), *inputs)
            return pooled if layer.keepdims else self.do(Reshape(node.shape), pooled)
        return self.function(layer, inputs)

    def function(self, layer: Any, inputs: list[Node]) -> Node:
        if layer.function == "linear":
            return self.do(layer, *inputs)
        if hasattr(layer, "activation") and layer.role is not Role.ACTIVATION:
            inputs = [self.do(replace(layer, activation="linear"), *inputs)]
        if layer.function == "silu":
            return self.do(Multiply(), self.do(Activation("sigmoid"), *inputs), *inputs)
        if layer.function == "hard_sigmoid":
            shifted = self.do(ReLU(max_value=6.0), self.do(Elementwise("Add", (), 3.0), *inputs))
            return self.do(Elementwise("Multiply", (), 1 / 6), shifted)
        if layer.function not in ACTIVATION_FLOPS:  # it has arguments of its own, as LeakyReLU
            return self.do(layer, *inputs)
        return self.do(Softmax() if layer.function == "softmax" else Activation(layer.function), *inputs)


def of_file(graph: Graph, quantization: str = "", name: str = "model.tflite") -> Entry:
    file = ModelFile(Path(name), by_key("tflite"), 1)
    origin = Origin(Source.FILE, file=file, reading=Reading(graph, quantization=quantization))
    return entry(Network(name, graph, origin, "model"))


def registry(reference: str) -> Entry:
    return entry(network(reference))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_converted_network_has_no_structural_difference(name: str) -> None:
    original = registry(name)
    converted = of_file(Converter(original.graph).graph)
    found = across(converted, original)
    assert found.same
    assert identical(converted, original)
    normalizes = any(node.layer.normalizes_batches for node in original.graph.nodes)
    assert (Left.FOLDED in {each.what for each in found.conversions}) == normalizes
    assert {each.reference for each in found.conversions} <= {"model.tflite"}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_normal_form_multiplies_what_the_network_does(name: str) -> None:
    graph = network(name).graph
    found = normal(graph)
    assert Totals(found).macs == Totals(graph).macs
    assert {node.shape[-1] for node in found.outputs} == {node.shape[-1] for node in graph.outputs}
    assert structural_hash(normal(found)) == structural_hash(found)


@pytest.mark.parametrize("name", NETWORKS)
def test_with_another_head_it_is_identical_but_for_the_head(name: str) -> None:
    converted = of_file(Converter(network(f"{name}:classes=7").graph).graph)
    found = across(converted, registry(name))
    assert not found.same
    (head,) = found.differences
    assert isinstance(head, Differs)
    assert (head.part, head.before, head.after) == (Part.HEAD, (7,), network(name).graph.outputs[0].shape)
    assert not identical(converted, registry(name))


PADDED_APART = {"lenet5", "resnet50_v2", "resnet101_v2", "resnet152_v2"}
"""Whose kernels are all padded by layers of their own, or not at all: none can be widened without a change of shape."""


@pytest.mark.parametrize("name", [each for each in NETWORKS if each.values[0] not in PADDED_APART])
def test_one_kernel_that_differs_is_named(name: str) -> None:
    original = registry(name)
    layers: list[tuple[Node, Any]] = [(node, node.layer) for node in original.graph.nodes if node.role in CONVOLUTIONS]
    wide = [(node, layer) for node, layer in layers if min(layer.kernel_size) > 1]
    depthwise = [(node, layer) for node, layer in wide if node.role is Role.DEPTHWISE] or wide
    alike = ((1, 1), "same")  # so that a wider kernel changes no shape
    middle = depthwise[len(depthwise) // 2 :]
    node, options = next((node, layer) for node, layer in middle if (layer.strides, layer.padding) == alike)
    wider = replace(options, kernel_size=tuple(size + 2 for size in options.kernel_size))
    converted = of_file(Converter(original.graph, {node.name: wider}).graph)
    (single,) = across(converted, original).differences
    assert isinstance(single, Single)
    assert single.after == node.name
    ((what, before, after),) = [(fact.what, fact.before, fact.after) for fact in single.facts]
    assert (what, before, after) == ("kernel_size", wider.config()["kernel_size"], options.kernel_size)


def test_another_input_is_told_as_that() -> None:
    converted = of_file(Converter(network("mobilenet_v2:input_shape=96x96").graph).graph)
    found = across(converted, registry("mobilenet_v2"))
    assert found.differences == (InputSize((96, 96, 3), (224, 224, 3)),)


def test_networks_that_have_little_in_common_are_not_taken_apart() -> None:
    found = across(of_file(Converter(network("mobilenet_v1").graph).graph), registry("efficientnet_b0"))
    assert not found.akin
    assert found.conversions == ()


def test_quantization_is_told_apart_from_structure() -> None:
    original = registry("mobilenet_v2:alpha=0.35")
    converted = of_file(Converter(original.graph).graph, quantization="int8")
    found = across(original, converted)
    assert found.same
    assert [(each.what, each.detail) for each in found.conversions if each.what is Left.QUANTIZED] == [
        (Left.QUANTIZED, "int8")
    ]


def small(*layers: Layer, shape: tuple[int, ...] = (16, 16, 4)) -> Graph:
    graph = Graph("small")
    x = graph.add(InputLayer(shape), name="image")
    for at, layer in enumerate(layers):
        x = graph.add(layer, x, name=f"layer{at}")
    return graph


ALIKE: dict[str, tuple[list[Layer], list[Layer]]] = {
    "padding as a layer": (
        [Conv2D(8, 3, strides=2, padding="same")],
        [ZeroPadding2D(((0, 1), (0, 1))), Conv2D(8, 3, strides=2)],
    ),
    "no padding": ([Conv2D(8, 1, padding="same")], [Conv2D(8, 1)]),
    "a fused activation": ([Conv2D(8, 3), ReLU()], [Conv2D(8, 3, activation="relu")]),
    "a classifier of a map": (
        [GlobalAveragePooling2D(keepdims=True), Conv2D(5, 1), Flatten(), Activation("softmax")],
        [GlobalAveragePooling2D(), Dense(5), Softmax()],
    ),
    "a window that is the whole map": ([AveragePooling2D(16), Flatten()], [GlobalAveragePooling2D()]),
    "dense layers of a map": ([Dense(7)], [Conv2D(7, 1)]),
    "a separable convolution": (
        [SeparableConv2D(6, 3, padding="same", activation="relu")],
        [DepthwiseConv2D(3, padding="same"), Conv2D(6, 1), ReLU()],
    ),
    "one group a channel": ([Conv2D(8, 3, groups=4)], [DepthwiseConv2D(3, depth_multiplier=2)]),
    "flattening": ([Flatten(), Dense(3)], [Reshape((1024,)), Dense(3)]),
    "reshapes to and fro": ([Reshape((256, 4)), Reshape((16, 16, 4)), Conv2D(3, 1)], [Conv2D(3, 1)]),
    "a scale behind a kernel": ([Conv2D(8, 3), Elementwise("Multiply", (8,)), ReLU()], [Conv2D(8, 3), ReLU()]),
    "a crop and a slice": (
        [Cropping2D(((1, 0), (1, 0)))],
        [Slice(shape=(15, 15, 4), begin=(1, 1, 0), strides=(1, 1, 1))],
    ),
    "padding before a separable convolution": (
        [ZeroPadding2D(((0, 1), (0, 1))), SeparableConv2D(6, 3, strides=2)],
        [SeparableConv2D(6, 3, strides=2, padding="same")],
    ),
    "a dense layer of cells in a row": ([Reshape((256, 4)), Dense(7), Reshape((16, 16, 7))], [Conv2D(7, 1)]),
    "a leaky rectifier": ([ReLU(negative_slope=0.1)], [ReLU(negative_slope=0.10000000149)]),
}


@pytest.mark.parametrize("what", ALIKE)
def test_ways_of_writing_one_thing(what: str) -> None:
    one, other = (small(*layers) for layers in ALIKE[what])
    assert structural_hash(normal(one)) == structural_hash(normal(other))
    assert Totals(normal(one)).macs == Totals(one).macs == Totals(normal(other)).macs


DIFFERENT: dict[str, tuple[list[Layer], list[Layer]]] = {
    "padding on the other side": (
        [Conv2D(8, 3, strides=2, padding="same")],
        [ZeroPadding2D(((1, 0), (1, 0))), Conv2D(8, 3, strides=2)],
    ),
    "another function": ([Conv2D(8, 3), ReLU()], [Conv2D(8, 3), Activation("relu6")]),
    "a function before": ([ReLU(), Conv2D(8, 3)], [Conv2D(8, 3), ReLU()]),
    "pooling and flattening": ([GlobalAveragePooling2D(), Dense(5)], [Flatten(), Dense(5)]),
    "groups": ([Conv2D(8, 3, groups=2)], [Conv2D(8, 3)]),
    "a slope": ([ReLU(negative_slope=0.1)], [ReLU(negative_slope=0.2)]),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_is_not_one_thing(what: str) -> None:
    one, other = (small(*layers) for layers in DIFFERENT[what])
    assert structural_hash(normal(one)) != structural_hash(normal(other))


def test_what_is_done_twice_to_one_tensor_is_done_once_by_a_converter() -> None:
    def network_of(times: int) -> Graph:
        graph = Graph("twice")
        x = graph.add(Conv2D(4, 3), graph.add(InputLayer((8, 8, 3)), name="image"), name="conv")
        made = [graph.add(ReLU(), x, name=f"relu{at}") for at in range(times)]
        branches = [graph.add(Conv2D(4, 1), made[at % times], name=f"branch{at}") for at in range(2)]
        graph.add(Add(), *branches, name="add")
        return graph

    one, other = normal(network_of(1)), normal(network_of(2))
    assert structural_hash(one) == structural_hash(other)
    assert [node.type for node in one.nodes] == ["InputLayer", "Conv2D", "Conv2D", "Conv2D", "Add"]


@pytest.mark.parametrize("scale", [0.2, 1.0])
def test_the_factor_of_a_sum_is_a_part_of_the_kernel_before(scale: float) -> None:
    def network_of(layer: Layer) -> Graph:
        graph = Graph("scaled")
        image = graph.add(InputLayer((8, 8, 4)), name="image")
        graph.add(layer, image, graph.add(Conv2D(4, 1), image, name="conv"), name="sum")
        return graph

    scaled, plain = network_of(CustomScaleLayer(scale)), network_of(Add())
    assert structural_hash(normal(scaled)) == structural_hash(normal(plain))
    assert Totals(scaled).flops - Totals(plain).flops == 8 * 8 * 4


def test_a_constant_that_makes_a_map_of_more_channels_is_no_scale() -> None:
    graph = small(Conv2D(1, 1), Elementwise("Multiply", (1, 1, 8)))
    assert normal(graph).nodes[-1].shape == (16, 16, 8)


def transferred(head: bool) -> Graph:
    """A residual network of named blocks, with a head or without."""
    graph = Graph("net")
    x = graph.add(InputLayer((16, 16, 8)), name="image")
    with graph.scope("stage1"):
        for block in range(1, 4):
            with graph.scope("block", block, kind="BasicBlock"):
                y = graph.add(Conv2D(8, 3, padding="same", activation="relu"), x, name=f"first{block}")
                y = graph.add(Conv2D(8, 3, padding="same"), y, name=f"second{block}")
                x = graph.add(Add(), x, y, name=f"add{block}")
    if head:
        with graph.scope("head"):
            x = graph.add(GlobalAveragePooling2D(), x, name="pool")
            graph.add(Dense(5), graph.add(Dropout(0.2), x, name="drop"), name="dense")
    return graph


def test_a_head_that_one_network_lacks_is_told_as_that() -> None:
    base, whole = (of_file(transferred(head), name=f"{head}.keras") for head in (False, True))
    found = across(base, whole)
    assert [each.part for each in found.differences if isinstance(each, Differs)] == [Part.HEAD]
    assert found.conversions == ()  # the dropout of a head that the other lacks is not left out of it
    lines = sections(base, whole, diff=True)[-1].lines
    assert [line.mark for line in lines[:-2]] == ["equal", "added"]
    assert lines[1].text.startswith("head: GlobalAveragePooling2D + Dense, 5 channels, +45 params")


@pytest.mark.parametrize("most", [1, 4])
def test_further_layers_are_told_as_those_of_one_network(most: int) -> None:
    def chain_of(length: int) -> Graph:
        graph = Graph("chain")
        x = graph.add(InputLayer((16, 16, 3)), name="image")
        for at in range(length):
            x = graph.add(Conv2D(8, 3 if at % 2 else 5, padding="same"), x, name=f"conv{at}")
        return graph

    one, other = (of_file(chain_of(length), name=f"{length}.keras") for length in (12, 12 + 2 * most))
    (line,) = sections(one, other)[1].lines
    assert "which only the second has." in line or "layers that only the second has, which --diff names." in line
    assert ("--diff" in line) == (most > 2)


def test_networks_that_differ_in_many_layers_are_not_called_identical() -> None:
    one, other = (
        of_file(
            small(*(Conv2D(8, wide if at % 4 == 0 else 3, padding="same") for at in range(20))), name=f"{wide}.keras"
        )
        for wide in (3, 5)
    )
    told = sections(one, other)[1].lines[0]
    assert told == "3.keras and 5.keras have 16 of 21 layers alike, and differ in 5 layers, which --diff names."


def test_a_convolution_along_steps_is_one_of_a_single_row() -> None:
    one = small(Conv1D(8, 3, padding="same"), ReLU(), Conv1D(4, 3), shape=(20, 5))
    row = [Conv2D(8, (1, 3), padding="same"), ReLU(), Reshape((20, 8)), Reshape((1, 20, 8)), Conv2D(4, (1, 3))]
    other = small(Reshape((1, 20, 5)), *row, Reshape((18, 4)), shape=(20, 5))
    assert structural_hash(normal(one)) == structural_hash(normal(other))


def test_the_order_of_branches_in_a_file_makes_no_difference() -> None:
    def branches(swapped: bool) -> Graph:
        graph = Graph("branches")
        x = graph.add(InputLayer((8, 8, 4)), name="image")
        for name in "ba" if swapped else "ab":
            kernel = Conv2D(4, 3 if name == "a" else 1, padding="same")
            graph.add(kernel, x, name=name)
        found = {node.name: node for node in graph.nodes}
        graph.add(Add(), *(found[name] for name in ("ba" if swapped else "ab")), name="sum")
        return graph

    one, other = normal(branches(False)), normal(branches(True))
    assert [node.layer for node in one.nodes] == [node.layer for node in other.nodes]


def sections(one: Entry, other: Entry, diff: bool = False) -> list[Any]:
    return list(comparison_document([one, other], Asked(diff=diff, stages=False)).sections(100))


def test_sentences_and_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.tflite").touch()
    original = registry("mobilenet_v1:alpha=0.25")
    converted = of_file(Converter(original.graph).graph, quantization="int8 weights")
    told = list(sections(converted, original)[1].lines)
    assert told[0] == f"model.tflite and {original.reference} have no structural difference."
    assert "Quantization of model.tflite: int8 weights." in told
    assert any("Batch normalization is folded into the kernels in model.tflite" in line for line in told)
    data = json.loads(json.dumps(comparison_document([converted, original]).data(), default=str))
    (conversion,) = data["conversion"]
    assert conversion["same_structure"] is True
    assert conversion["but_for"] == []
    assert {each["what"] for each in conversion["conversions"]} == {"folded", "training", "quantized"}
    assert data["models"][1]["identical"] is True
    assert data["changes"] == []


def test_changes_are_told_by_the_blocks_that_were_written_by_hand() -> None:
    original = registry("mobilenet_v2")
    wider = DepthwiseConv2D(5, padding="same", use_bias=False)
    converted = of_file(Converter(original.graph, {"stage4.block2.depthwise_conv": wider}).graph)
    lines = sections(converted, original, diff=True)[-1].lines
    assert [line.mark for line in lines[:-2]] == ["equal", "changed", "equal"]
    assert lines[1].text.startswith("stage4 block2: k5x5 → k3x3, -6,144 params")


def test_networks_of_the_registry_are_compared_as_ever() -> None:
    data = comparison_document([registry("mobilenet_v1"), registry("mobilenet_v2")]).data()
    assert "conversion" not in data


@pytest.mark.parametrize("length", [300, 5_000])
def test_long_sequences_are_aligned_where_they_are_equal(length: int) -> None:
    """One is gone near the beginning, another is new near the end, and nothing in between is told by itself."""
    first = ["a", "b", "c"] * length
    second = [*first[:10], *first[11:-10], "x", *first[-10:]]
    pairs = align(len(first), len(second), lambda i, j: 0 if first[i] == second[j] else 20, (first, second))
    assert [i for i, _ in pairs if i is not None] == list(range(len(first)))
    assert [j for _, j in pairs if j is not None] == list(range(len(second)))
    matched = [(i, j) for i, j in pairs if i is not None and j is not None]
    assert all(first[i] == second[j] for i, j in matched)
    assert len(matched) > 0.9 * len(first)


def test_the_work_of_aligning_grows_with_the_graphs_not_with_their_square() -> None:
    def work(length: int) -> int:
        one, other = normal(chain(length)), normal(chain(length + 10))
        found: list[tuple[int | None, int | None]] = []
        calls = calls_of(lambda: found.extend(units_aligned(one, other)))
        assert sum(i is not None and j is not None for i, j in found) > 0.9 * len(one.nodes)
        return calls

    assert work(10_000) < 6 * work(2_000)


def test_many_widths_are_one_phrase() -> None:
    """A narrower network is not identical but for some layers: each of its kernels is narrower."""
    narrower = of_file(registry("v1:alpha=0.5,input_shape=64,classes=4").graph)
    told = across_lines(narrower, registry("v1:input_shape=64,classes=4"))
    assert told[0].endswith(" are identical but for the widths of 14 layers, which --diff names.")


def test_a_constant_that_makes_channels_of_a_single_one_is_no_scale() -> None:
    """As in a normalization over all cells that is spelt out: what its root is multiplied with has the channels."""
    graph = Graph("normalization")
    image = graph.add(InputLayer((8, 8, 4)), name="image")
    mean = graph.add(Reduce("Mean", (1, 2, 3), True), image, name="mean")
    scale = graph.add(
        Elementwise("Multiply", (1, 1, 4)), graph.add(Elementwise("Rsqrt"), mean, name="root"), name="scale"
    )
    graph.add(Multiply(), image, scale, name="normal")
    assert [node.shape for node in normal(graph).nodes][-2:] == [(1, 1, 4), (8, 8, 4)]
