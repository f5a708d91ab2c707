"""A network explained: its kinds of blocks, and what its ideas save against networks that are built plainly here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isclose
from typing import Any

import pytest
from conftest import Result, golden, graph_of
from grouping_truth import stripped
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncli.amounts import UNKNOWN
from cnncli.analysis.explain.additions import Addition
from cnncli.analysis.explain.blocks import Shortcut, block_kinds, outside
from cnncli.analysis.explain.ideas import Idea, Saving, by_idea
from cnncli.analysis.explain.network import Explanation
from cnncli.analysis.explain.savings import savings
from cnncli.analysis.metrics import Totals
from cnncli.graph import Graph, Layer, Node, Role, fold
from cnncli.graph.fold import BLOCK
from cnncli.graph.layers import (
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePooling2D,
    InputLayer,
    Multiply,
    ReLU,
    ZeroPadding2D,
)
from cnncli.graph.normal import normal
from cnncli.grouping import grouped
from cnncli.models.catalogue import models
from cnncli.network import network, of_graph
from cnncli.render import csv, text
from cnncli.render import json as json_format
from cnncli.views.explain_network import network_document
from cnncli.views.explain_savings import fractions, sums

ALL = [spec.name for spec in models()]

# What an idea costs, and what is plain, each built as a network of its own.


def conv(filters: int, extent: Any = 3, strides: int = 1, groups: int = 1) -> Conv2D:
    return Conv2D(filters, extent, strides=strides, padding="same", groups=groups, use_bias=False)


def depthwise(extent: int = 3, strides: int = 1) -> DepthwiseConv2D:
    return DepthwiseConv2D(extent, strides=strides, padding="same", use_bias=False)


def dense(units: int) -> Dense:
    return Dense(units, use_bias=False)


def row(*layers: Layer, shape: tuple[int, int, int] = (12, 10, 8)) -> Graph:
    """Layers one behind the other, convolutions but the last normalized and activated."""
    graph = Graph("row")
    x = graph.add(InputLayer(shape), name="image")
    for number, layer in enumerate(layers, 1):
        x = graph.add(layer, x, name=f"layer{number}")
        if number < len(layers) and len(x.shape) == 3 and layer.type.endswith("Conv2D"):
            x = graph.add(BatchNormalization(), x, name=f"layer{number}_bn")
            x = graph.add(ReLU(), x, name=f"layer{number}_relu")
    return graph


def fire() -> Graph:
    graph = row(conv(4, 1), ReLU())
    squeezed = graph.nodes[-1]
    wide = [graph.add(layer, squeezed, name=name) for name, layer in (("one", conv(6, 1)), ("three", conv(10)))]
    graph.add(Concatenate(), *wide, name="join")
    return graph


def ghost() -> Graph:
    graph = row(conv(10, 1))
    (first,) = graph.nodes[1:]
    cheap = graph.add(depthwise(), first, name="cheap")
    graph.add(Concatenate(), first, cheap, name="join")
    return graph


def parallel() -> Graph:
    graph = row()
    (image,) = graph.nodes
    kernels = [graph.add(conv(6, extent, 2), image, name=f"of{extent}") for extent in (3, 1)]
    graph.add(Add(), *kernels, name="add")
    return graph


PLAINLY: dict[str, tuple[Idea, Callable[[], Graph], Callable[[], Graph]]] = {
    "separable": (Idea.SEPARABLE, lambda: row(depthwise(5, 2), conv(24, 1)), lambda: row(conv(24, 5, 2))),
    "inverted": (
        Idea.INVERTED,
        lambda: row(conv(48, 1), depthwise(3, 2), conv(12, 1)),
        lambda: row(conv(48, 1), conv(48, 3, 2), conv(12, 1)),
    ),
    "depthwise first": (
        Idea.INVERTED,
        lambda: row(depthwise(7), conv(32, 1), conv(8, 1)),
        lambda: row(conv(8, 7), conv(32, 1), conv(8, 1)),
    ),
    "depthwise twice": (
        Idea.INVERTED,
        lambda: row(depthwise(5), conv(32, 1), depthwise(3, 2), conv(16, 1)),
        lambda: row(conv(8, 5), conv(32, 1), conv(32, 3, 2), conv(16, 1)),
    ),
    "fused": (
        Idea.FUSED,
        lambda: row(conv(32, 3, 2), conv(8, 1)),
        lambda: row(conv(32, 1), depthwise(3, 2), conv(8, 1)),
    ),
    "fused behind padding": (
        Idea.FUSED,
        lambda: row(ZeroPadding2D(1), Conv2D(32, 3, strides=2, use_bias=False), conv(8, 1)),
        lambda: row(conv(32, 1), depthwise(3, 2), conv(8, 1)),
    ),
    "bottleneck": (
        Idea.BOTTLENECK,
        lambda: row(conv(4, 1), conv(4, 3, 2), conv(16, 1)),
        lambda: row(conv(16, 3, 2), conv(16)),
    ),
    "grouped bottleneck": (
        Idea.BOTTLENECK,
        lambda: row(conv(4, 1), conv(4, 3, 2, groups=2), conv(16, 1)),
        lambda: row(conv(16, 3, 2), conv(16)),
    ),
    "reduction": (Idea.REDUCTION, lambda: row(conv(2, 1), conv(12, 5)), lambda: row(conv(12, 5))),
    "fire": (Idea.FIRE, fire, lambda: row(conv(16))),
    "grouped": (Idea.GROUPED, lambda: row(conv(12, 3, 2, groups=4)), lambda: row(conv(12, 3, 2))),
    "factorized": (Idea.FACTORIZED, lambda: row(conv(6, (1, 7)), conv(10, (7, 1))), lambda: row(conv(10, 7))),
    "stacked": (Idea.STACKED, lambda: row(conv(8), conv(12), conv(12)), lambda: row(conv(12, 7))),
    "parallel": (Idea.PARALLEL, parallel, lambda: row(conv(6, 3, 2))),
    "cheap": (Idea.CHEAP, ghost, lambda: row(conv(20, 1))),
    "pooled": (Idea.POOLED, lambda: row(GlobalAveragePooling2D(), dense(7)), lambda: row(Flatten(), dense(7))),
    "averaged": (
        Idea.POOLED,
        lambda: row(conv(7, 1), GlobalAveragePooling2D(), Activation("softmax")),
        lambda: row(Flatten(), dense(7)),
    ),
}


def costs(graph: Graph) -> tuple[Any, Any]:
    """The kernels' own: all that the graph has but for normalization."""
    kernels = [node for node in graph.nodes if not node.layer.normalizes_batches]
    return sum(node.params for node in kernels), sum(node.macs for node in kernels)


def told(graph: Graph, idea: Idea) -> Saving:
    (found,) = (saving for saving in savings(normal(graph)) if saving.idea is idea)
    return found


@pytest.mark.parametrize("name", PLAINLY)
def test_an_idea_and_what_is_plain_cost_what_their_graphs_do(name: str) -> None:
    idea, here, plain = PLAINLY[name]
    found = told(here(), idea)
    assert (found.here.params, found.here.macs) == costs(here())
    assert (found.plain.params, found.plain.macs) == costs(plain())


@pytest.mark.parametrize("idea", Idea)
def test_every_idea_is_tried(idea: Idea) -> None:
    assert idea in {each for each, *_ in PLAINLY.values()}


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 40), st.integers(1, 40), st.sampled_from([3, 5, 7]), st.sampled_from([1, 2]), st.integers(7, 30))
def test_the_formula_of_mobilenets_holds_for_all_sizes(
    channels: int, filters: int, extent: int, stride: int, size: int
) -> None:
    """arXiv 1704.04861, section 3.1: 1/N + 1/Dk^2."""
    found = told(row(depthwise(extent, stride), conv(filters, 1), shape=(size, size, channels)), Idea.SEPARABLE)
    assert fractions(found.formula) == f"1/{filters} + 1/({extent}*{extent})"
    ratio = Fraction(found.here.macs, found.plain.macs)
    assert ratio == Fraction(found.here.params, found.plain.params) == Fraction(1, filters) + Fraction(1, extent**2)


def shortcut() -> Graph:
    graph = row(conv(8))
    (first,) = graph.nodes[1:]
    second = graph.add(conv(8), first, name="second")
    graph.add(Add(), first, second, name="add")
    return graph


NOT_SAVED = {
    "a plain network": lambda: row(conv(8), ReLU(), Flatten(), dense(4)),
    "one convolution": lambda: row(conv(8)),
    "a stride between two": lambda: row(conv(8), conv(8, 3, 2)),
    "a kernel that would be larger than the map": lambda: row(conv(8), conv(8), conv(8), shape=(6, 6, 8)),
    "two of which a shortcut reads the first": shortcut,
    "features that are averaged": lambda: row(conv(7, 1), GlobalAveragePooling2D()),
    "channels widened for a convolution": lambda: row(conv(16, 1), conv(8)),
}


@pytest.mark.parametrize("name", NOT_SAVED)
def test_nothing_is_saved_by_what_is_plain(name: str) -> None:
    assert savings(normal(NOT_SAVED[name]())) == []


def test_what_a_gate_and_a_projection_add_is_what_their_layers_cost() -> None:
    graph = Graph("gate")
    image = graph.add(InputLayer((8, 8, 12)), name="image")
    x = graph.add(conv(12), image, name="conv")
    gate = graph.add(GlobalAveragePooling2D(keepdims=True), x, name="pool")
    before = Totals(graph)["params"], Totals(graph)["macs"]
    gate = graph.add(conv(3, 1), gate, name="reduce")
    gate = graph.add(conv(12, 1), gate, name="expand")
    after = Totals(graph)["params"], Totals(graph)["macs"]
    gate = graph.add(Activation("sigmoid"), gate, name="sigmoid")
    graph.add(Multiply(), x, gate, name="scale")
    (added,) = Explanation(of_graph(graph)).added
    assert (added.addition, added.count) == (Addition.GATE, 1)
    assert (added.params, added.macs) == (after[0] - before[0], after[1] - before[1])


# What the papers say.


def saved(reference: str, idea: Idea) -> Any:
    return next(each for each in Explanation(network(reference)).saved if each.idea is idea)


def in_millions(number: float, digits: int) -> float:
    return round(number / 1e6, digits)


def test_the_layer_of_mobilenets_paper() -> None:
    """arXiv 1704.04861, table 3: a layer of 14x14x512, as a convolution, separable, then alpha 0.75 and rho 0.714."""
    found = Explanation(network("v1"))
    (separable, *_) = found.saved
    example = separable.example
    assert (example.nodes[-1].shape, separable.alike) == ((14, 14, 512), 5)
    assert (in_millions(example.plain.macs, 0), in_millions(example.plain.params, 2)) == (462, 2.36)
    assert (in_millions(example.here.macs, 1), in_millions(example.here.params, 2)) == (52.3, 0.27)
    made = {tuple(each.given.items()): each.saving for each in found.scaled}
    thinner = made[("alpha", 0.75),]
    smaller = made[("alpha", 0.75), ("input_shape", (160, 160, 3))]  # rho = 160 / 224 = 0.714
    assert (in_millions(thinner.here.macs, 1), in_millions(thinner.here.params, 2)) == (29.6, 0.15)
    assert (in_millions(smaller.here.macs, 1), in_millions(smaller.here.params, 2)) == (15.1, 0.15)


def test_the_network_of_full_convolutions_of_mobilenets_paper() -> None:
    """arXiv 1704.04861, table 4: 4866 M mult-adds and 29.3 M parameters against 569 M and 4.2 M.

    The paper's 569 M are with the classifier, its 4866 M without.
    """
    found = Explanation(network("v1"))
    (separable, *_) = found.saved
    classifier = network("v1").graph.nodes[-3].macs
    assert classifier == 1024 * 1000
    assert in_millions(found.macs_without(separable) - classifier, 0) == 4866
    assert in_millions(found.params_without(separable), 1) == 29.3
    assert in_millions(found.totals["macs"], 0) == 569


def test_stacks_of_vggs_paper() -> None:
    """arXiv 1409.1556, section 2.3: three 3x3 are 27 C^2 where one 7x7 is 49 C^2."""
    example = saved("vgg16", Idea.STACKED).example
    assert fractions(example.formula) == "27/(7*7)"


def test_factorized_kernels_of_inceptions_paper() -> None:
    """arXiv 1512.00567, section 3.1: two 3x3 instead of 5x5 are 18/25 where widths are equal."""
    graph = row(conv(8), conv(8))
    assert fractions(told(graph, Idea.STACKED).formula) == "18/(5*5)"


@pytest.mark.parametrize("name", ["repvgg_a0", "repvgg_b1g4", "mobileone_s0", "mobileone_s3"])
def test_trained_branches_cost_what_is_deployed_once_they_are_one_kernel(name: str) -> None:
    """arXiv 2101.03697, section 3.3."""
    found = Explanation(network(f"{name}:deploy=false"))
    (parallel,) = (each for each in found.saved if each.idea is Idea.PARALLEL)
    assert found.macs_without(parallel) == Totals(graph_of(name))["macs"]


KINDS = {
    "lenet5": [],
    "vgg16": [],
    "googlenet": [("Inception", 9)],
    "resnet50": [("Bottleneck", 16)],
    "densenet121": [("DenseLayer", 58)],
    "squeezenet_1_0": [("Fire", 8)],
    "mobilenet_v1": [("DepthwiseSeparable", 13)],
    "mobilenet_v2": [("InvertedResidual", 1), ("InvertedResidual", 16)],
    "mobilenet_v3_large": [("Bottleneck", 1), ("Bottleneck", 14)],
    "efficientnet_b0": [("MBConv", 1), ("MBConv", 15)],
    "shufflenet_v1": [("ShuffleUnit", 1), ("ShuffleUnit", 15)],
    "convnext_tiny": [("ConvNeXt", 18)],
    "mobileone_s0": [("DepthwiseSeparable", 21)],
}
IDEAS = {
    "lenet5": ["grouped_convolution"],
    "alexnet": ["grouped_convolution"],
    "nin_imagenet": ["global_pooling"],
    "googlenet": ["reduction", "global_pooling"],
    "vgg16": ["stacked_kernels"],
    "resnet50": ["bottleneck", "global_pooling"],
    "resnext50_32x4d": ["bottleneck", "grouped_convolution", "global_pooling"],
    "squeezenet_1_1": ["fire", "global_pooling"],
    "inception_v3": ["reduction", "factorized_kernel", "stacked_kernels", "global_pooling"],
    "mobilenet_v2": ["depthwise_separable", "inverted_residual", "global_pooling"],
    "shufflenet_v1": ["depthwise_separable", "grouped_convolution", "global_pooling"],
    "repvgg_a0:deploy=false": ["parallel_kernels", "global_pooling"],
    "ghostnet": ["depthwise_separable", "cheap_features", "global_pooling"],
    "efficientnet_v2_s": ["inverted_residual", "fused_inverted_residual", "global_pooling"],
    "mobilenet_v4_conv_small": ["inverted_residual", "global_pooling"],
}


@pytest.mark.parametrize("reference", KINDS)
def test_blocks_of_well_known_networks(reference: str) -> None:
    assert [(kind.name, len(kind.blocks)) for kind in block_kinds(graph_of(reference))] == KINDS[reference]


@pytest.mark.parametrize("reference", IDEAS)
def test_ideas_of_well_known_networks(reference: str) -> None:
    assert [each.idea.value for each in Explanation(network(reference)).saved] == IDEAS[reference]


def test_shortcuts_and_gates_are_counted() -> None:
    (kind,) = block_kinds(graph_of("seresnet50"))
    assert (kind.gates, kind.shortcuts(Shortcut.ADDED), kind.shortcuts(Shortcut.PROJECTED)) == (16, 12, 4)
    _, kind = block_kinds(graph_of("mobilenet_v2"))
    assert (kind.gates, kind.shortcuts(Shortcut.ADDED), kind.shortcuts(Shortcut.NONE)) == (0, 10, 6)


def test_ancestors_are_told_before_their_descendants() -> None:
    lines = Explanation(network("efficientnet_b0")).ancestors
    years = [line.year for line in lines]
    assert years == sorted(years)
    assert lines[0].name == "lenet"
    spec = network("efficientnet_b0").model.spec  # type: ignore[union-attr]
    assert {line.name for line in lines if line.direct} == {*spec.descends_from}


# Every network there is.


def value(expression: str) -> Fraction:
    """Of products, quotients, sums and parentheses of whole numbers."""
    assert re.fullmatch(r"[\d,+*/(). ]+", expression), expression
    numbers = re.sub(r"\d[\d,]*(\.\d+)?", lambda found: f"Fraction('{found[0].replace(',', '')}')", expression)
    return Fraction(eval(numbers, {"__builtins__": {}, "Fraction": Fraction}))


def agrees(exact: Fraction, written: str) -> bool:
    """Whether a number is written as it is, to the four digits that a share is given with."""
    return value(written) == exact if "." not in written else isclose(float(exact), float(written), rel_tol=6e-4)


@pytest.mark.parametrize("name", ALL)
def test_every_sum_that_is_written_out_evaluates(name: str) -> None:
    for each in Explanation(network(name)).saved:
        for line in sums(each.example):
            steps = [value(step) for step in line.reckoned.split(" = ")]
            assert len(set(steps)) == 1, line
            assert agrees(steps[0], line.result), line


@pytest.mark.parametrize("name", ALL)
def test_what_is_here_is_what_the_layers_of_the_graph_cost(name: str) -> None:
    for each in Explanation(network(name)).saved:
        for saving in each.places:
            assert saving.here.macs == sum(node.macs for node in saving.nodes)
            assert saving.here.params == sum(map(kernel_size, saving.nodes))


def kernel_size(node: Node) -> int:
    return sum(weight.size for weight in node.layer.weights(*node.input_shapes) if weight.name.endswith("kernel"))


@pytest.mark.parametrize("name", ALL)
def test_blocks_and_what_is_outside_are_the_whole_network(name: str) -> None:
    graph, totals = graph_of(name), Totals(graph_of(name))
    kinds, parts = block_kinds(graph), outside(graph)
    blocks = [block.group for kind in kinds for block in kind.blocks]
    assert len({block.name for block in blocks}) == len(blocks)
    for key in ("params", "macs"):
        inside = sum(getattr(node, key) for block in blocks for node in block.nodes)
        assert inside + sum(getattr(part, key) for part in parts) == totals[key] - inputs(graph, key)
    for kind in kinds:
        nodes = kind.first.group.nodes
        assert sum(step.params for step in kind.steps) == sum(node.params for node in nodes)
        assert sum(step.macs for step in kind.steps) == sum(node.macs for node in nodes)
        for number, step in enumerate(kind.steps, 1):
            assert step.reads
            assert all(read < number for read in step.reads)


def inputs(graph: Graph, key: str) -> int:
    """Of the groups that begin with an input."""
    groups = [group for group in fold(graph, BLOCK) if group.nodes[0].role is Role.INPUT]
    return sum(getattr(node, key) for group in groups for node in group.nodes)


@pytest.mark.parametrize("name", ALL)
def test_every_page_fits_and_its_data_can_be_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = network_document(network(name))
    for width in (40, 80):
        monkeypatch.setenv("COLUMNS", str(width))
        page = text.write(document)
        assert all(len(line) <= width for line in page.splitlines())
        assert " ? " not in page
    data = json.loads(json_format.write(document))
    assert data["introduced"] == network(name).model.spec.introduced  # type: ignore[union-attr]
    assert sum(kind["count"] for kind in data["block_kinds"]) == len(graph_of(name).kinds)
    assert len(csv.write(document).splitlines()) == 1 + sum(each["places"] for each in data["savings"])


@pytest.mark.parametrize("name", sorted({*KINDS, *IDEAS}))
def test_names_and_scopes_make_no_difference(name: str) -> None:
    """Of a graph in which blocks are found, and not written."""
    graph = graph_of(name)
    bare = grouped(stripped(graph).graph)
    assert by_cost(savings(normal(bare))) == by_cost(savings(normal(graph)))


def by_cost(found: Sequence[Saving]) -> list[tuple[str, int, Any, Any]]:
    return sorted((each.idea.value, len(each.places), each.here.macs, each.plain.params) for each in by_idea(found))


# Files, and how it is written.


def test_a_file_introduced_nothing() -> None:
    found = network_document(network("tests/files/separable_int8.tflite"))
    data = json.loads(json_format.write(found))
    assert "introduced" not in data
    assert [kind["kind"] for kind in data["block_kinds"]] == ["DepthwiseSeparable"]
    assert data["multipliers"] == []
    assert "Introduced" not in text.write(found)


def test_what_a_file_leaves_open_is_unknown_and_not_nothing() -> None:
    found = Explanation(network("tests/files/inverted_residuals.onnx"))
    inverted = next(each for each in found.saved if each.idea is Idea.INVERTED)
    assert inverted.here.macs is inverted.plain.macs is UNKNOWN
    assert inverted.here.params == 852
    data = json.loads(json_format.write(network_document(found.network)))
    assert data["savings"][0]["macs_ratio"] is None


def test_a_network_of_other_options_has_their_multipliers() -> None:
    made = Explanation(network("mobilenet_v2:alpha=0.5")).scaled
    assert made == []
    made = Explanation(network("mobilenet_v2:alpha=0.75")).scaled
    assert [each.given["alpha"] for each in made[:1]] == [0.5]


@pytest.mark.parametrize(
    ("name", "width"),
    [("mobilenet_v1", 80), ("mobilenet_v1", None), ("resnet50", 160), ("efficientnet_b0", 40)],
    ids=lambda value: str(value or "piped"),
)
def test_goldens(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, name: str, width: int | None) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    result = run("explain", name)
    assert (result.code, result.err) == (0, "")
    golden(f"explain-{name}-{width or 'piped'}.txt", result.out)


def test_a_page_for_a_lecture(run: Callable[..., Result]) -> None:
    golden("explain-mobilenet_v1.markdown", run("explain", "v1", "--format", "markdown").out)


FORMULAS = {"v1": "1/N + 1/k^2,", "shufflenet_v1": "1/N + 1/(g k^2),", "vgg16": "n k^2/K^2,", "inception_v3": "2/k,"}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_is_told_where_it_holds(run: Callable[..., Result], name: str) -> None:
    assert f"The share is {FORMULAS[name]}" in run("explain", name).out
