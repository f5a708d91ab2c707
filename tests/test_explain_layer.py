"""A layer explained: every sum that is printed is evaluated here, and is the graph's."""

from __future__ import annotations

import csv as comma_separated
import io
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import golden, graph_of, networks, refused
from drawn_layers import graphs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncli.amounts import UNKNOWN, is_known, known_part
from cnncli.analysis.deployment import live_by_layer
from cnncli.analysis.explain.arithmetic import (
    Difference,
    Larger,
    Product,
    Quotient,
    Rounded,
    Rounding,
    Sum,
    agreeing,
    value_of,
)
from cnncli.analysis.explain.fact import Fact
from cnncli.analysis.explain.layer import explained
from cnncli.analysis.explain.samples import Sample, samples
from cnncli.analysis.explain.width import Origin, Rule, channel_facts, rounded
from cnncli.cli import complete
from cnncli.errors import UsageError
from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    GRU,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    InputLayer,
    LayerNormalization,
    MaxPooling2D,
    Opaque,
    SeparableConv2D,
    ZeroPadding2D,
)
from cnncli.models.blocks.convolution import make_divisible
from cnncli.network import Network, network, of_graph
from cnncli.render import text
from cnncli.views.board import equation, number, written
from cnncli.views.explain_layer import layer_document
from cnncli.views.explain_sentences import sentence
from cnncli.views.selection import layer_named

FILES = Path(__file__).parent / "files"

# The arithmetic that stands in a text, read and reckoned again

RESULT = r"(\?|-?\d(?:,?\d)*(?:\.\d+)?(?:e[-+]?\d+)?)"
EQUATION = re.compile(rf"((?:\d[\d,]*(?:\.\d+)?|ceil|floor|int|max|[?*+/() ,-])+?) = {RESULT}")
NAMES: dict[str, Any] = {"ceil": math.ceil, "floor": math.floor, "int": int, "max": max}


def equations(told: str) -> Iterator[tuple[str, str]]:
    """Each expression of a text with what it is said to come to."""
    for found in EQUATION.finditer(told):
        yield found[1].strip(" ,"), found[2]


def plain_number(written_one: str) -> float:
    return float(written_one.replace(",", ""))


def holds(expression: str, result: str) -> bool:
    """Whether it comes to that; of what is not known only that it says so."""
    if result == "?":
        return "?" in expression
    reckoned = eval(re.sub(r"(?<=\d),(?=\d{3})", "", expression), {"__builtins__": {}}, NAMES)
    return math.isclose(reckoned, plain_number(result), rel_tol=1e-9)


def results(fact: Fact) -> list[float]:
    return [plain_number(result) for _, result in equations(sentence(fact)) if result != "?"]


def prove(found: Network, node: Node) -> Counter[str]:
    """Every equation in the text about a layer holds, and gives the graph's own figures; their number by fact."""
    seen: Counter[str] = Counter()
    by_key: dict[str, list[Fact]] = {}
    for fact in explained(found, node).facts:
        by_key.setdefault(fact.key, []).append(fact)
        for expression, result in equations(sentence(fact)):
            assert holds(expression, result), f"{node.name}: {sentence(fact)}"
            seen[fact.key] += 1
        if fact.reckoned is not None and isinstance(fact.value, int):
            assert value_of(fact.reckoned) == fact.value
            if equation(fact.reckoned) != number(fact.value) and fact.key not in ("width", "kept"):
                assert fact.value in results(fact), f"{node.name}: {sentence(fact)}"
    costs = {"params": node.params, "trainable_params": node.trainable_params, "macs": node.macs, "flops": node.flops}
    for key, cost in costs.items():
        assert all(fact.value is cost or fact.value == cost for fact in by_key.get(key, ()))
    for key in ("params", "macs"):
        if by_key[key][0].value and is_known(by_key[key][0].value):
            assert by_key[key][0].reckoned is not None, f"{node.name}: its {key} are not reckoned"
    assert by_key["output"][0].value == node.shape
    sizes = [(axis, fact.value) for fact in by_key.get("size", ()) for axis in fact.about["axes"]]
    if sizes:
        assert tuple(size for _, size in sizes) == node.shape[:-1]
        assert all(fact.reckoned is not None for fact in by_key["size"])
    assert all(fact.value == node.shape[-1] for key in ("width", "depthwise", "kept") for fact in by_key.get(key, ()))
    if "unknown" not in by_key:
        live = [known_part(fact.value) for fact in by_key.get("live", ())]
        assert max(live, default=None) == known_part(live_by_layer(found.graph)[node.index])
    return seen


def prove_all(reference: str, **options: Any) -> Counter[str]:
    found = network(reference, options)
    seen: Counter[str] = Counter()
    for node in found.graph.nodes:
        seen += prove(found, node)
    return seen


def test_equations_are_found_in_a_text() -> None:
    said = "64*0.7 = 44.8 → 48: cut to 44; 8*floor((44 + 4)/8) = 48, not below 0.9*44 = 39.6; 2*1,000 = 2,000"
    found = list(equations(said))
    assert [result for _, result in found] == ["44.8", "48", "39.6", "2,000"]
    assert all(holds(*each) for each in found)
    assert not holds("3*3*512", "4,609")
    assert list(equations("max(3 - 5, 0) = 0 and ?*?*4 = ?")) == [("max(3 - 5, 0)", "0"), ("?*?*4", "?")]


def sampled() -> list[Any]:
    """As `networks`, but of the smaller ones: a layer takes milliseconds, and the largest NASNet has a thousand."""
    found = []
    for each in networks(every_size=False):
        deep = each.values[0].startswith("nasnet")
        found.append(pytest.param(*each.values, marks=[*each.marks, *([pytest.mark.exhaustive] if deep else [])]))
    return found


@pytest.mark.parametrize("reference", sampled())
def test_every_layer_of_every_network(reference: str) -> None:
    seen = prove_all(reference)
    assert seen["macs"] > 0
    assert seen["params"] > 0
    assert seen["output"] > 0


@pytest.mark.parametrize(
    "reference",
    [
        "v1:alpha=0.25,input_shape=97x129x1",
        "v1:depth_multiplier=2,input_shape=225",
        "v2:alpha=0.35,input_shape=225",
        "v2@article:alpha=0.7,input_shape=101",
        "v3_large:alpha=1.25,input_shape=129x97",
        "v3_small:minimalistic=true,alpha=0.75",
        "v3_small@article:alpha=0.6,input_shape=161",
        "efficientnet:width=1.3,depth=1.5,input_shape=99",
        "efficientnet_b3@article:input_shape=101",
        "ghostnet:alpha=0.5,input_shape=97",
    ],
)
def test_every_layer_at_odd_sizes_and_widths(reference: str) -> None:
    assert prove_all(reference)["size"] > 0


def test_the_sums_of_all_layers_are_the_networks() -> None:
    found = network("v3_large")
    told = [{fact.key: fact.value for fact in explained(found, node).facts} for node in found.graph.nodes]
    for key, whole in {"params": 5_507_432, "macs": sum(node.macs for node in found.graph.nodes)}.items():
        assert sum(facts[key] for facts in told) == whole


@pytest.mark.parametrize("name", ["inverted_residuals.onnx", "open_size.tflite", "separable_int8.tflite",
                                  "recurrent.tflite", "nested.keras", "branches.onnx"])  # fmt: skip
def test_every_layer_of_a_file(name: str) -> None:
    found = network(str(FILES / name))
    for node in found.graph.nodes:
        prove(found, node)


@given(graphs())
@settings(deadline=None, derandomize=True, database=None, max_examples=150, suppress_health_check=list(HealthCheck))
def test_random_layers(graph: Graph) -> None:
    found = of_graph(graph)
    for node in graph.nodes:
        prove(found, node)


# Expressions

SMALL = st.integers(1, 40)
EXPRESSIONS = st.recursive(
    SMALL | st.sampled_from([0.35, 0.75, 1.4, 2.5]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: Product(tuple(terms))),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: Sum(tuple(terms))),
        st.tuples(inner, inner).map(lambda pair: Difference(pair[0], (pair[1],))),
        st.tuples(inner, SMALL).map(lambda pair: Quotient(*pair)),
        st.tuples(st.sampled_from(Rounding), inner).map(lambda pair: Rounded(*pair)),
        st.tuples(inner, inner).map(lambda pair: Larger(*pair)),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_what_is_written_is_what_is_reckoned(expression: Any) -> None:
    """Brackets stand where they must: Python reads the same expression in it."""
    said = re.sub(r"(?<=\d),(?=\d{3})", "", written(expression))
    assert math.isclose(eval(said, {"__builtins__": {}}, NAMES), value_of(expression), rel_tol=1e-6, abs_tol=1e-6)


def test_brackets_stand_only_where_they_must() -> None:
    assert written(Sum((Product((Difference(14, (1,)), 2)), 3))) == "(14 - 1)*2 + 3"
    assert written(Difference(5, (Sum((1, 2)),))) == "5 - (1 + 2)"
    assert written(Quotient(Product((24, 11)), 3)) == "24*11/3"
    assert equation(Product((24, 0.35))) == "24*0.35 = 8.4"
    assert equation(Product((3, 3, 512, 14, 14))) == "3*3*512*14*14 = 903,168"
    assert equation(512) == "512"
    assert number(28.999999999999996) == "28.999999999999996"  # which int() cuts to 28


def test_what_is_not_known_stays_so() -> None:
    expression = Product((UNKNOWN, 3))
    assert equation(expression) == "?*3 = ?"
    assert value_of(Rounded(Rounding.UP, Quotient(UNKNOWN, 2))) is UNKNOWN
    assert value_of(Larger(UNKNOWN, 0)) is UNKNOWN
    assert agreeing(expression, UNKNOWN) is expression
    assert agreeing(expression, 3) is None
    assert agreeing(Product((2, 3)), 7) is None


# Where widths come from


@given(st.floats(1, 3000, allow_nan=False), st.sampled_from([Rule.EIGHTS, Rule.FOURS, Rule.CUT, Rule.EIGHTS_OF_CUT]))
def test_the_rules_round_as_the_builders_do(width: float, rule: Rule) -> None:
    truth = {
        Rule.EIGHTS: make_divisible(width),
        Rule.FOURS: make_divisible(width, 4),
        Rule.CUT: int(width),
        Rule.EIGHTS_OF_CUT: make_divisible(int(width)),
    }
    assert value_of(rounded(rule, width)) == truth[rule]


def width_of(found: Network, node: Node) -> Fact | None:
    return next((fact for fact in channel_facts(found, node) if fact.key == "width"), None)


SCALED = (
    "v1", "v2", "v2@article", "v3_large", "v3_small@article", "efficientnet", "efficientnet@article", "mnasnet_a1",
    "ghostnet", "efficientnet_lite2", "efficientnet_v2_b1",
)  # fmt: skip


def foretold(fact: Fact, each: Sample) -> Any:
    """The width of a layer in another network, by what is said of its own; None of what says nothing of others."""
    about = fact.about
    made: dict[Origin, Callable[[], Any]] = {
        Origin.SCALED: lambda: about["base"] * each.multiplier,
        Origin.SCALED_UP: lambda: about["base"] * max(each.multiplier, 1),
        Origin.EXPANDED: lambda: each.block * each.expansion,
        Origin.WIDENED: lambda: each.read * about["times"],
        Origin.SQUEEZED: lambda: each.read / about["divisor"],
        Origin.SQUEEZED_OF_BLOCK: lambda: each.block / about["divisor"],
        Origin.UNSCALED: lambda: fact.value,
    }
    if about["origin"] not in made:
        return None
    return value_of(rounded(about.get("rule_tried", Rule.EXACT), made[about["origin"]]()))


@pytest.mark.parametrize("reference", SCALED)
def test_a_rule_foretells_widths_that_it_was_not_tried_at(reference: str) -> None:
    """What is said of where channels come from holds for networks at multipliers that nobody tried."""
    found = network(reference)
    assert found.model
    name = "alpha" if "alpha" in found.model.arguments else "width"
    fresh = []
    for multiplier in (0.43, 0.67, 0.93, 1.07, 1.83):
        graph = Graph("fresh")
        arguments = {**found.model.arguments, name: multiplier}
        found.model.spec.build(graph, found.model.spec.deviating(found.model.flavor), **arguments)
        fresh.append((multiplier, graph))
    origins: Counter[Origin] = Counter()
    for node in found.graph.nodes:
        fact = width_of(found, node)
        if fact is None:
            continue
        origins[fact.about["origin"]] += 1
        for each in samples(fresh, node.name):
            assert foretold(fact, each) in (None, each.width), (node.name, fact.about["origin"], each)
    assert len(origins) >= 2


@pytest.mark.parametrize(
    ("reference", "layer", "says"),
    [
        ("v2:alpha=0.7", "block_6_project", "64*0.7 = 44.8 → 48"),
        ("v2:alpha=0.7", "block_6_expand", "24*6 = 144: the 24 channels that the block reads"),
        ("v2:alpha=0.7", "Conv_1", "1,280*max(0.7, 1) = 1,280"),
        ("v2:alpha=0.35", "Conv1", "is below 0.9*11.2 = 10.08, so 8 + 8 = 16"),
        ("v2@article:alpha=0.7", "stage4.block1.project_conv", "64*0.7 = 44.8 → 44: 64 at alpha 1, times alpha; cut"),
        ("v1:alpha=0.35", "conv_pw_1", "64*0.35 = 22.4 → 22: 64 at alpha 1, times alpha; cut: int(22.4) = 22"),
        ("v1:depth_multiplier=2", "conv_dw_1", "32*2 = 64: 2 kernels for each channel"),
        ("v3_large:alpha=0.75", "conv", "16 at every alpha: it is not scaled"),
        ("v3_large:alpha=0.75", "conv_1", "6 times the channels that it reads"),
        ("v3_large", "expanded_conv_3_squeeze_excite_conv", "72/4 = 18 → 24"),
        ("b2", "block2b_se_reduce", "24/4 = 6: 1/4 of the channels that the block reads"),
        ("b0@article", "stage2.block1.squeeze_excite.reduce", "96/4 = 24: 1/4 of the channels that it reads"),
        ("b0@article", "head.last_conv", "1,280 at every width: it is not scaled"),
        ("b4", "stem_conv", "32*1.4 = 44.8 → 48: 32 at width 1, times width; rounded to a multiple of 8"),
        ("b0", "predictions", "1,000: the classes that are told apart"),
        ("resnet50", "stage2.block2.expand_conv", "as many as stage2.block1.activation, to which it is added"),
    ],
)
def test_where_a_width_comes_from(reference: str, layer: str, says: str) -> None:
    found = network(reference)
    node = layer_named(found, layer)
    facts = [fact for fact in explained(found, node).facts if fact.subject == "channels"]
    assert says in sentence(facts[0])


def test_nothing_is_said_of_a_width_that_no_rule_gives() -> None:
    """ResNet's first convolution has 64 filters because it has: nothing that could be tried changes it."""
    found = network("resnet50")
    assert width_of(found, layer_named(found, "stem_conv")) is None
    shuffle = network("shufflenet_v2")
    assert all(
        fact is None or fact.about["origin"] in (Origin.CLASSES, Origin.MATCHED, Origin.UNSCALED)
        for fact in (width_of(shuffle, node) for node in shuffle.graph.nodes if node.role == "convolution")
    )


# Of each kind of layer what only it has


def facts_of(*layers: Any, shape: tuple[int, ...] = (9, 7, 8)) -> dict[str, Fact]:
    """Of the last of some layers."""
    graph = Graph("own")
    node = graph.add(InputLayer(shape), name="image")
    for place, layer in enumerate(layers, 1):
        node = graph.add(layer, node, name=f"layer{place}")
    prove(of_graph(graph), node)
    return {fact.key: fact for fact in explained(of_graph(graph), node).facts}


def said(*layers: Any, shape: tuple[int, ...] = (9, 7, 8)) -> dict[str, str]:
    return {key: sentence(fact) for key, fact in facts_of(*layers, shape=shape).items()}


def test_a_full_convolution_in_place_of_a_depthwise_one() -> None:
    found = said(DepthwiseConv2D(3, padding="same"), shape=(14, 14, 512))
    assert found["macs"] == "3x3x512 kernel weights, each used at 14x14 places: 3*3*512*14*14 = 903,168"
    assert found["full_macs"].startswith("3*3*512*512*14*14 = 462,422,016, 512 times as many")
    assert found["params"] == "3*3*512 + 512 = 5,120: kernel and bias"


def test_groups_and_separable_kernels_save_too() -> None:
    assert "4 times as many" in said(Conv2D(8, 3, groups=4))["full_macs"]
    separable = facts_of(SeparableConv2D(16, 3, padding="same"))
    assert separable["full_macs"].value == 3 * 3 * 8 * 16 * 9 * 7
    assert "3x3x8x1 and 1x1x8x16 kernel weights" in sentence(separable["macs"])
    assert "full_macs" not in facts_of(Conv2D(8, 3))


def test_a_dilated_kernel() -> None:
    found = said(Conv2D(4, 3, dilation_rate=2))
    assert found["extent"] == "2*(3 - 1) + 1 = 5: a kernel of 3 that looks at every 2nd cell"


def test_a_transposed_convolution() -> None:
    found = facts_of(Conv2DTranspose(4, 3, strides=2, padding="valid"), shape=(5, 5, 2))
    assert "5*2 + max(3 - 2, 0) = 11" in sentence(found["spread"])
    assert "each used at 5x5 places" in sentence(found["macs"])


def test_weights_that_training_does_not_change() -> None:
    found = said(BatchNormalization(), shape=(9, 7, 32))
    assert found["params"] == "4*32 = 128: gamma, beta, moving_mean and moving_variance"
    assert found["trainable_params"] == "2*32 = 64: gamma and beta"
    assert "trainable_params" not in said(LayerNormalization())


def test_borders_of_an_odd_size() -> None:
    found = said(MaxPooling2D(3, 2, "same"), shape=(225, 225, 3))
    assert found["size"].startswith("ceil(225/2) = 113: padding same")
    assert found["borders"] == "max((113 - 1)*2 + 3 - 225, 0) = 2: 1 at the top and left, 1 at the bottom and right"
    even = said(MaxPooling2D(3, 2, "same"), shape=(224, 224, 3))
    assert even["borders"].endswith("= 1: 0 at the top and left, 1 at the bottom and right")


@pytest.mark.parametrize(
    ("padding", "says"),
    [
        (1, "for layer2, 3x3: what padding same would put at this size"),
        (((0, 1), (0, 1)), "for layer2, 3x3: 0+1 where padding same would put 1+1; 4x3 steps instead of 5x4"),
        (((2, 0), (2, 0)), "for layer2, 3x3: 2+0 where padding same would put 1+1; 5x4 steps either way"),
    ],
)
def test_why_a_map_is_padded(padding: Any, says: str) -> None:
    graph = Graph("own")
    x = graph.add(InputLayer((9, 7, 3)), name="image")
    pad = graph.add(ZeroPadding2D(padding), x, name="layer1")
    conv = graph.add(Conv2D(4, 3, strides=2), pad, name="layer2")
    told = {key: sentence(fact) for key, fact in ((f.key, f) for f in explained(of_graph(graph), pad).facts)}
    assert told["padded_for"] == says
    read = [sentence(fact) for fact in explained(of_graph(graph), conv).facts if fact.key == "padded_for"]
    assert read == [says.replace("for layer2, 3x3", "by layer1")]


def test_what_nobody_counts_is_not_known() -> None:
    for layer, shape in ((GRU(4), (5, 3)), (Opaque("Mystery", (3, 3, 2)), (9, 7, 8))):
        found = said(layer, shape=shape)
        assert found["macs"] == found["flops"] == "not known"
    assert said(Opaque("Mystery", (3, 3, 2)))["params"] == "not known"
    assert said(GRU(4), shape=(5, 3))["params"].startswith("3*12 + 4*12 + 2*12 = 108")


def test_weights_that_an_earlier_layer_holds() -> None:
    graph = Graph("twice")
    x = graph.add(InputLayer((4,)), name="image")
    first = graph.add(Dense(4), x, name="first")
    again = graph.add(Dense(4), first, name="again", shares=first)
    told = {fact.key: sentence(fact) for fact in explained(of_graph(graph), again).facts}
    assert told["params"] == "those of first, where they are counted"
    assert told["macs"].endswith("4*4 = 16")


def test_the_receptive_field_is_reckoned() -> None:
    found = said(Conv2D(4, 3, strides=2, padding="same"), Conv2D(4, 5, padding="same"), shape=(32, 32, 3))
    assert found["receptive_field"] == "3 + (5 - 1)*2 = 11: 11x11 pixels of the input, 2 apart from the next cell's"


# Which layer


@pytest.mark.parametrize("name", ["stage4.block2.depthwise_conv", "conv_dw_7", "CONV_DW_7", "43"])
def test_a_layer_has_several_names(name: str) -> None:
    assert layer_named(network("v1"), name).name == "stage4.block2.depthwise_conv"


def test_every_layer_is_found_by_each_of_its_names() -> None:
    found = network("v3_small")
    for node, original in zip(found.graph.nodes, found.layer_names or (), strict=True):
        assert (
            layer_named(found, node.name) is layer_named(found, original) is layer_named(found, str(node.index)) is node
        )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("v1 conv_dw_77", "mobilenet_v1 has no layer 'conv_dw_77'; did you mean conv_dw_13 or "),
        ("v1 91", "has no layer '91'; `cnncli summary mobilenet_v1` shows them; a number may be up to 90"),
        ("v2 expand_conv", "expand_conv names 16 layers of mobilenet_v2: stage2.block1.expand_conv, "),
        ("v2 stage2.block1", "stage2.block1 names 9 layers"),
        ("v9 conv", "unknown model"),
        ("v1 -o x.bmp conv1", "x.bmp"),
    ],
)
def test_mistakes(run, arguments: str, says: str) -> None:
    refused(run("explain", *arguments.split()), 2, says)


def test_the_end_of_a_name_is_enough() -> None:
    found = network("v2")
    assert layer_named(found, "block4.expand_conv").name == "stage4.block4.expand_conv"
    with pytest.raises(UsageError, match="names 5 layers"):
        layer_named(found, "block1.expand_conv_bn".replace("_conv_bn", "_bn").replace("block1.", "block2."))


def test_a_tab_offers_layers() -> None:
    def offered(model: str, incomplete: str) -> list[str]:
        return complete.layer(SimpleNamespace(params={"model": model}), incomplete)  # type: ignore[arg-type]

    assert {"stage4.block2.depthwise_conv", "conv_dw_7"} <= {*offered("v1", "conv_dw")}
    assert "conv_dw_7" not in offered("v1", "")
    assert offered("v1", "")[0] == "image"
    assert offered("no_model", "") == offered("file.tflite", "") == []


# How it is written


@pytest.mark.parametrize(("width", "name"), [(40, "40"), (80, "80"), (160, "160"), (None, "piped")])
def test_on_terminals_and_in_pipes(run, monkeypatch, width: int | None, name: str) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    golden(f"explain-layer-{name}.txt", run("explain", "v2:alpha=0.7,input_shape=225", "block_6_project").out)


@pytest.mark.parametrize("format_", ["markdown", "csv", "latex"])
def test_formats(run, format_: str) -> None:
    golden(f"explain-layer.{format_}", run("explain", "v1", "conv_dw_7", "-f", format_).out)


@pytest.mark.parametrize("width", [40, 60, 80, 160])
def test_every_width_shows_every_fact_and_fits(monkeypatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    found = network("b0")
    for name in ("stem_conv", "block2a_se_reduce", "block2b_add", "predictions", "block1a_activation"):
        node = layer_named(found, name)
        shown = text.write(layer_document(found, node))
        assert max(map(len, shown.splitlines())) <= width
        words = re.sub(r"\s", "", shown)
        for fact in explained(found, node).facts:
            assert sentence(fact).split()[-1][-12:] in words


def reckoned_again(term: Any) -> Any:
    """The value of an expression's tree, as JSON has it."""
    if not isinstance(term, dict):
        return term
    ((name, inner),) = term.items()
    values = [reckoned_again(each) for each in inner]
    made: dict[str, Any] = {
        "product": lambda: math.prod(values),
        "sum": lambda: sum(values),
        "difference": lambda: values[0] - sum(values[1:]),
        "quotient": lambda: values[0] / values[1],
        "larger": lambda: max(values),
    }
    return made[name]() if name in made else NAMES[name](*values)


@pytest.mark.parametrize("layer", ["block_6_project", "block_1_pad", "Conv_1", "block_2_add", "predictions"])
def test_json_has_the_facts_with_their_terms(run, layer: str) -> None:
    data = json.loads(run("explain", "v2:alpha=0.7", layer, "-f", "json").out)
    assert data["layer"]["original_name"] == layer
    node = graph_of("v2:alpha=0.7").nodes[data["layer"]["number"]]
    facts = {fact["fact"]: fact for fact in data["facts"]}
    assert (facts["params"]["value"], facts["macs"]["value"]) == (node.params, node.macs)
    for fact in data["facts"]:
        if fact["terms"] is not None and isinstance(fact["value"], int):
            assert reckoned_again(fact["terms"]) == fact["value"]
            assert fact["reckoned"].endswith(number(fact["value"]))


def test_csv_has_a_row_a_fact(run) -> None:
    rows = list(comma_separated.DictReader(io.StringIO(run("explain", "v1", "conv_dw_7", "-f", "csv").out)))
    assert [row["fact"] for row in rows][:3] == ["input", "size", "borders"]
    macs = next(row for row in rows if row["fact"] == "macs")
    assert (macs["value"], macs["reckoned"]) == ("903168", "3*3*512*14*14 = 903,168")


def test_a_file_and_a_callable(run, tmp_path, monkeypatch) -> None:
    (tmp_path / "own.py").write_text(
        "from cnncli.graph import Graph\nfrom cnncli.graph.layers import Conv2D, InputLayer\n\n"
        "def build():\n    graph = Graph('own')\n    image = graph.add(InputLayer((8, 8, 1)), name='image')\n"
        "    graph.add(Conv2D(2, 3), image, name='conv')\n    return graph\n"
    )
    monkeypatch.chdir(tmp_path)
    assert "3*3*1*2*6*6 = 648" in run("explain", "own.py:build", "conv").out
    assert "in Keras" not in run("explain", "own.py:build", "conv").out
