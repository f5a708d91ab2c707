"""What networks of different architectures are made of."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from functools import cache
from math import isclose
from pathlib import Path

import foreign_networks
import pytest
from conftest import calls_of

from cnncli.amounts import is_known
from cnncli.analysis.compare.comparison import Entry, entry
from cnncli.analysis.compare.design import Feature, Trait, design
from cnncli.analysis.compare.difference import difference
from cnncli.analysis.compare.levels import are_alike, levels
from cnncli.analysis.compare.makeup import Contrast, contrast, makeup
from cnncli.analysis.compare.work import Wires, Work, shared_out
from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    Activation,
    Add,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Multiply,
    Opaque,
    Permute,
    Reshape,
    SeparableConv2D,
)
from cnncli.grouping import grouped
from cnncli.models.catalogue import models
from cnncli.network import lineage, network, of_graph
from cnncli.render.formats import write
from cnncli.views.compare import Asked, comparison_document

FILES = sorted(path for path in (Path(__file__).parent / "files").iterdir() if path.suffix != ".md")
FOREIGN: dict[str, Callable[[], Graph]] = {
    "resnet18": lambda: foreign_networks.resnet((2, 2, 2, 2), bottleneck=False),
    "resnet50": lambda: foreign_networks.resnet((3, 4, 6, 3), bottleneck=True),
    "resnet_v2": foreign_networks.resnet_v2,
    "densenet": lambda: foreign_networks.densenet(growing=False),
    "googlenet": foreign_networks.googlenet,
    "squeezenet": foreign_networks.squeezenet,
    "shufflenet": foreign_networks.shufflenet,
    "convnext": foreign_networks.convnext,
    "convnext_grouped": lambda: foreign_networks.convnext(grouped=True),
    "inception_resnet": foreign_networks.inception_resnet,
    "efficientnet_v2": foreign_networks.efficientnet_v2,
    "unet": foreign_networks.unet,
    "nasnet": foreign_networks.nasnet,
}
EVERY = [*(spec.name for spec in models()), *FOREIGN, *map(str, FILES)]
LAYERS_ALONE = ("alone.weights.h5", "weights.safetensors")


@cache
def found(name: str) -> Entry:
    return entry(of_graph(grouped(FOREIGN[name]())) if name in FOREIGN else network(name))


def traits(name: str) -> dict[str, int]:
    return {
        " ".join(filter(None, (each.feature.value, each.which))): n for each, n in makeup(found(name)).traits.items()
    }


# Where costs sit, computed by hand of the papers' tables.

VGG16 = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256), (256, 512)] + [(512, 512)] * 5
VGG16_MAPS = [224, 224, 112, 112, 56, 56, 56, 28, 28, 28, 14, 14, 14]
V1 = [(32, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512)] + [(512, 512)] * 5 + [(512, 1024)]
V1 += [(1024, 1024)]
V1_MAPS = [112, 56, 56, 28, 28, 14, 14, 14, 14, 14, 14, 7, 7]


def test_vgg16() -> None:
    amounts = makeup(found("vgg16")).amounts
    dense = 25_088 * 4_096 + 4_096 + 4_096 * 4_096 + 4_096 + 4_096 * 1_000 + 1_000
    assert amounts["params"] == {Work.DENSE: dense, Work.CONVOLUTION: sum(9 * i * o + o for i, o in VGG16)}
    assert amounts["macs"] == {
        Work.DENSE: 25_088 * 4_096 + 4_096 * 4_096 + 4_096 * 1_000,
        Work.CONVOLUTION: sum(9 * i * o * size**2 for (i, o), size in zip(VGG16, VGG16_MAPS, strict=True)),
    }
    assert dense == 123_642_856
    assert round(100 * dense / 138_357_544, 1) == 89.4
    assert traits("vgg16") == {
        "kernel_size 3x3": 13, "strided_pooling": 5, "activation relu": 15, "flattened_map": 1, "dense_layer": 3,
    }  # fmt: skip


def test_mobilenet_v1() -> None:
    """Its classifier is written as a 1x1 convolution of the pooled map: a dense layer."""
    amounts = makeup(found("mobilenet_v1")).amounts
    normalized = 32 + sum(i + o for i, o in V1)
    assert amounts["params"] == {
        Work.DENSE: 1_024 * 1_000 + 1_000,
        Work.CONVOLUTION: 9 * 3 * 32,
        Work.POINTWISE: sum(i * o for i, o in V1),
        Work.DEPTHWISE: sum(9 * i for i, _ in V1),
        Work.NORMALIZATION: 4 * normalized,
    }
    assert amounts["macs"] == {
        Work.DENSE: 1_024 * 1_000,
        Work.CONVOLUTION: 9 * 3 * 32 * 112**2,
        Work.POINTWISE: sum(i * o * size**2 for (i, o), size in zip(V1, V1_MAPS, strict=True)),
        Work.DEPTHWISE: sum(9 * i * size**2 for (i, _), size in zip(V1, V1_MAPS, strict=True)),
    }
    assert round(100 * amounts["macs"][Work.POINTWISE] / 568_740_352, 1) == 94.9  # the paper's table 2: 94.86 %


def test_gates_stand_apart_from_dense_layers_and_1x1_convolutions() -> None:
    """EfficientNet-B0: a gate squeezes to a quarter of the block's input."""
    blocks = [
        (32, 8),
        (96, 4),
        *[(144, 6)] * 2,
        *[(240, 10)] * 2,
        *[(480, 20)] * 3,
        *[(672, 28)] * 3,
        *[(1152, 48)] * 4,
    ]
    assert len(blocks) == 16
    amounts = makeup(found("efficientnet_b0")).amounts
    assert amounts["params"][Work.GATE] == sum(2 * wide * narrow + wide + narrow for wide, narrow in blocks)
    assert amounts["macs"][Work.GATE] == sum(2 * wide * narrow for wide, narrow in blocks)
    assert amounts["params"][Work.DENSE] == 1_281_000


def test_a_separable_convolution_is_two() -> None:
    graph = foreign_networks.Net(8, 8, 4)
    graph(SeparableConv2D(6, 3, padding="same"), graph.image)
    amounts = makeup(entry(of_graph(graph.graph))).amounts
    assert amounts["params"] == {Work.POINTWISE: 4 * 6 + 6, Work.DEPTHWISE: 9 * 4}
    assert amounts["macs"] == {Work.POINTWISE: 64 * 24, Work.DEPTHWISE: 64 * 36}


def test_work_is_told_by_what_is_computed() -> None:
    net = foreign_networks.Net(7, 7, 8)
    x = net(Conv2D(8, 3, padding="same", groups=2), net.image)
    x = net(Dense(16), x)  # of a map
    x = net(Conv2D(8, 3, padding="same", groups=8), net(Conv2D(8, 1), x))  # each channel by itself
    x = net(Conv2D(10, 7), x)  # of the whole map
    net(Dense(5), net(Flatten(), x))
    amounts = makeup(entry(of_graph(net.graph))).amounts["params"]
    assert amounts == {
        Work.GROUPED: 9 * 4 * 8 + 8, Work.POINTWISE: 8 * 16 + 16 + 16 * 8 + 8, Work.DEPTHWISE: 9 * 8 + 8,
        Work.DENSE: 49 * 8 * 10 + 10 + 10 * 5 + 5,
    }  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_the_parts_are_the_whole(name: str) -> None:
    each, told = found(name), makeup(found(name))
    for key, parts in told.amounts.items():
        whole = each.totals[key]
        assert str(told.whole(key)) == str(whole)
        if is_known(whole) and whole:
            assert isclose(sum(part / whole for part in parts.values()), 1)
            assert all(part > 0 for part in parts.values())


# What networks are built of.


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mobilenet_v1", {"depthwise_separable": 13, "kernel_size 3x3": 14, "activation relu6": 27}),
        ("mobilenet_v2", {"residual_addition": 10, "inverted_bottleneck": 16, "depthwise_separable": 17}),
        ("mobilenet_v3_large", {"residual_addition": 10, "inverted_bottleneck": 14, "squeeze_and_excitation": 8}),
        ("efficientnet_b0", {"residual_addition": 9, "squeeze_and_excitation": 16, "kernel_size 5x5": 9}),
        ("efficientnet_b7", {"residual_addition": 48, "inverted_bottleneck": 51, "depthwise_separable": 55}),
        ("resnet18", {"residual_addition": 8, "kernel_size 3x3": 16, "strided_pooling": 1}),
        ("resnet50", {"residual_addition": 16, "bottleneck": 16, "normalization BatchNormalization": 53}),
        ("resnet_v2", {"residual_addition": 6}),
        ("densenet", {"dense_connection": 9}),
        ("googlenet", {"concatenation_of_branches": 9, "bottleneck": 18}),
        ("squeezenet", {"concatenation_of_branches": 8, "bottleneck": 8}),
        ("shufflenet", {"channel_shuffle": 16, "concatenation_of_branches": 16}),
        ("convnext", {"residual_addition": 18, "inverted_bottleneck": 18, "normalization LayerNormalization": 22}),
        ("inception_resnet", {"residual_addition": 3, "concatenation_of_branches": 3}),
        ("efficientnet_v2", {"fused_inverted_bottleneck": 6}),
        ("unet", {"enlarging": 3, "dense_connection": 3}),
        ("nasnet", {"sum_of_branches": 17}),
    ],
)
def test_what_is_there(name: str, expected: dict[str, int]) -> None:
    told = traits(name)
    assert {key: told.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("mobilenet_v1", "bottleneck inverted_bottleneck residual_addition squeeze_and_excitation"),
        ("mobilenet_v2", "bottleneck squeeze_and_excitation fused_inverted_bottleneck strided_pooling"),
        ("efficientnet_b7", "bottleneck fused_inverted_bottleneck"),
        ("resnet18", "bottleneck inverted_bottleneck"),
        ("resnet50", "inverted_bottleneck fused_inverted_bottleneck dense_connection"),
        ("efficientnet_v2", "bottleneck inverted_bottleneck"),
        ("googlenet", "dense_connection residual_addition"),
    ],
)
def test_what_is_not(name: str, absent: str) -> None:
    assert not traits(name).keys() & set(absent.split())


def test_a_conversion_is_made_of_the_same() -> None:
    assert traits("convnext") == traits("convnext_grouped")


def test_a_shuffle_and_a_gate() -> None:
    net = foreign_networks.Net(8, 8, 6)
    x = net(Reshape((8, 8, 6)), net(Permute((1, 2, 4, 3)), net(Reshape((8, 8, 2, 3)), net.image)))
    gate = net(Dense(6, activation="sigmoid"), net(Dense(2, activation="relu"), net(GlobalAveragePooling2D(), x)))
    x = net(Multiply(), x, net(Reshape((1, 1, 6)), gate))
    x = net(Multiply(), x, net(Activation("sigmoid"), x))  # silu, spelt out
    net(Conv2D(2, 1), x)
    told = makeup(entry(of_graph(net.graph))).traits
    assert told == {Trait(Feature.SHUFFLE): 1, Trait(Feature.GATE): 1, Trait(Feature.ACTIVATION, "silu"): 1}


@pytest.mark.parametrize("turned", [False, True])
def test_shortcuts(turned: bool) -> None:
    """An identity, a projection and pooling are; two branches of an Inception block that are added are none."""

    def of(*branches: Callable[[foreign_networks.Net, Node], Node]) -> set[Feature]:
        net = foreign_networks.Net(8, 8, 4)
        x = net(Conv2D(4, 3, padding="same"), net.image)
        maps = [branch(net, x) for branch in branches]
        net(Add(), *(reversed(maps) if turned else maps))
        return {trait.feature for trait in makeup(entry(of_graph(net.graph))).traits} & {Feature.RESIDUAL, Feature.SUM}

    def convolved(net: foreign_networks.Net, x: Node) -> Node:
        return net(Conv2D(4, 3, padding="same"), net(Conv2D(4, 3, padding="same"), x))

    def projected(net: foreign_networks.Net, x: Node) -> Node:
        return net(Conv2D(4, 1), x)

    assert of(lambda net, x: x, convolved) == {Feature.RESIDUAL}
    assert of(lambda net, x: x, projected) == {Feature.RESIDUAL}
    assert of(projected, convolved) == {Feature.RESIDUAL}
    assert of(lambda net, x: net(MaxPooling2D(3, 1, "same"), x), convolved) == {Feature.RESIDUAL}
    assert of(convolved, convolved) == {Feature.SUM}


def test_large_networks_take_no_longer_than_they_are_large() -> None:
    def work(blocks: int) -> int:
        net = foreign_networks.Net(8, 8, 4)
        x = net.image
        for _ in range(blocks):
            x = net(Add(), x, net(Conv2D(4, 3, padding="same"), net(Conv2D(4, 1, activation="relu"), x)))
        graph = net.graph
        return calls_of(lambda: (design(graph, graph), shared_out(graph, Wires(graph)), levels(graph, graph)))

    assert work(400) < 2.5 * work(200)


def test_what_nobody_knows_may_be_more() -> None:
    net = foreign_networks.Net(8, 8, 3)
    net(Conv2D(4, 1), net(Opaque("Foo", (8, 8, 3)), net.image))
    told = makeup(entry(of_graph(net.graph)))
    assert told.unknown == 1
    assert str(told.whole("macs")) == "≥768"
    assert told.largest("macs") is None
    document = comparison_document([found("mobilenet_v1"), entry(of_graph(net.graph))], Asked(explain=True))
    assert "The work of a layer of net is unknown: it may have more than is told." in write(document, "json")
    assert "net an unknown part" not in write(document, "json")


# Two of them.


@pytest.mark.parametrize("one", ["vgg16", "mobilenet_v2", "resnet50", str(FILES[1])])
@pytest.mark.parametrize("other", ["efficientnet_b0", "convnext", "densenet", str(FILES[4])])
def test_the_other_way_round_it_is_the_same(one: str, other: str) -> None:
    there, back = contrast(found(one), found(other)), contrast(found(other), found(one))
    assert isinstance(there, Contrast)
    assert isinstance(back, Contrast)
    assert (there.only_before, there.only_after) == (back.only_after, back.only_before)
    assert there.traits == back.traits
    assert not {*there.only_before} & {*there.only_after}


def test_options_and_tables_of_weights_have_no_contrast() -> None:
    assert contrast(found("vgg16"), found("vgg19")) is None
    assert contrast(found("efficientnet_b0"), entry(network("b0@article"))) is None
    for path in FILES:
        if path.name in LAYERS_ALONE:
            assert contrast(found("vgg16"), found(str(path))) is None


def test_normalization_may_have_been_folded_away(run) -> None:
    path = Path(__file__).parent / "files" / "separable_int8.tflite"
    told = contrast(found("mobilenet_v1"), found(str(path)))
    assert told is not None
    assert Trait(Feature.NORMALIZATION, "BatchNormalization") not in told.only_before
    assert "BatchNormalization layers" not in run("compare", "v1", str(path), "--explain").out


# By the sizes of their maps.


@pytest.mark.parametrize("one", ["vgg16", "mobilenet_v1", "resnet50", "unet"])
@pytest.mark.parametrize("other", ["efficientnet_b0", "googlenet", "nasnet", str(FILES[4])])
def test_levels_hold_every_layer_once_and_add_up(one: str, other: str) -> None:
    before, after = found(one).graph, found(other).graph
    told = levels(before, after)
    for graph, sections in ((before, [each.before for each in told]), (after, [each.after for each in told])):
        assert [node for section in sections if section for node in section.nodes] == graph.nodes
    for key in ("params", "macs"):
        whole = found(other).totals[key] - found(one).totals[key]
        if is_known(whole):
            assert sum(each.costs[key] for each in told) == whole
    assert all(each.before is None or each.after is None or each.before.level == each.after.level for each in told)


def test_levels_of_a_network_and_itself_are_equal() -> None:
    graph = found("mobilenet_v2").graph
    assert all(level.equal for level in levels(graph, graph))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("mobilenet_v1", "mobilenet_v2", True),
        ("mobilenet_v2", "efficientnet_b0", True),
        ("mobilenet_v3_small", "efficientnet_b7", True),
        ("resnet18", "resnet50", True),
        ("vgg16", "mobilenet_v1", False),
        ("vgg16", "resnet50", False),
        ("resnet50", "mobilenet_v2", False),
        ("densenet", "resnet50", False),
        ("googlenet", "convnext", False),
    ],
)
def test_where_blocks_have_something_in_common(one: str, other: str, expected: bool) -> None:
    assert are_alike(difference(found(one).graph, found(other).graph)) is expected
    assert are_alike(difference(found(other).graph, found(one).graph)) is expected


# In words.


def test_explained_in_sentences(run) -> None:
    out = " ".join(run("compare", "vgg16", "v2", "--explain").out.split())
    assert "vgg16 holds 89.4% of its params in dense layers (123.64 M of 138.36 M), mobilenet_v2 36.2%" in out
    assert "mobilenet_v2 does 89.1% of its MACs in 1x1 convolutions (267.94 M of 300.77 M), vgg16 none." in out
    assert (
        "vgg16 has what mobilenet_v2 lacks: 5 strided pooling layers, 15 relu activations and 1 flattened map." in out
    )
    assert "mobilenet_v2 has what vgg16 lacks: 10 residual additions, 16 inverted bottlenecks, " in out
    assert "no matter of options" not in out


def test_who_takes_up_whom(run) -> None:
    told = "mobilenet_v2 (2018) takes up mobilenet_v1 (2017); it introduced inverted residual and linear bottleneck."
    for pair in (["v1", "v2"], ["v2", "v1"]):
        assert told in " ".join(run("compare", *pair, "--explain").out.split())
    assert "efficientnet_b0 (2019) takes up mobilenet_v2 (2018)" in run("compare", "v2", "b0", "--explain").out


def test_who_descends_from_whom(run) -> None:
    told = "efficientnet_b0 (2019) descends from mobilenet_v1 (2017) by way of mobilenet_v2; it introduced compound"
    assert told in " ".join(run("compare", "v1", "b0", "--explain").out.split())
    nothing = " ".join(run("compare", str(FILES[1]), "b0", "--explain").out.split())
    assert "introduced" not in nothing
    vgg16, b0, v1 = (found(name).network.model for name in ("vgg16", "efficientnet_b0", "mobilenet_v1"))
    assert vgg16
    assert b0
    assert v1
    assert lineage(b0, v1) == ("mobilenet_v2",)
    assert lineage(v1, b0) is None
    assert lineage(v1, vgg16) is None


@pytest.mark.parametrize("how", ["table", "json", "csv", "tsv", "markdown", "latex", "html"])
@pytest.mark.parametrize("what", ["--explain", "--diff"])
def test_every_format(run, how: str, what: str) -> None:
    result = run("compare", "vgg16", "v2", str(FILES[1]), what, "--format", how)
    assert result.code == 0
    assert len(result.out) > 500


def test_as_data(run) -> None:
    data = json.loads(run("compare", "vgg16", "vgg19", "v2", "--explain", "--format", "json").out)
    options, architectures = data["explanations"]
    assert "makeup" not in options
    assert architectures["shares"] == []
    assert architectures["not_attributed"].startswith("vgg16 and mobilenet_v2 are different architectures")
    told = architectures["makeup"]
    assert list(told) == ["before", "after", "only_before", "only_after"]
    assert told["before"]["params"] == {"dense": 123_642_856, "convolution": 14_714_688}
    assert {"feature": "residual_addition", "which": None, "count": 10} in told["only_after"]
    data = json.loads(run("compare", "vgg16", "vgg19", "v2", "--diff", "--format", "json").out)
    (unlike,) = data["contrasts"]
    assert (unlike["model"], unlike["blocks_alike"]) == ("mobilenet_v2", False)
    assert sum(level["macs"] for level in unlike["levels"]) == 300_774_272 - 15_470_264_320
    assert "contrasts" not in json.loads(run("compare", "vgg16", "vgg19", "--diff", "--format", "json").out)


def test_as_a_sheet(run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("compare", "vgg16", "vgg19", "v2", "--explain", "-f", "csv").out)))
    assert [row["factor"] for row in rows if row["model"] == "vgg19"] == ["column"]
    works = [row for row in rows if row["model"] == "mobilenet_v2" and row["params_difference"]]
    assert [row["factor"] for row in works] == ["dense", "convolution", "pointwise", "depthwise", "normalization"]
    assert sum(int(row["params_difference"]) for row in works) == 3_538_984 - 138_357_544
    assert sum(int(row["before_macs"]) for row in works) == 15_470_264_320


def test_diff_by_the_size_of_maps(run) -> None:
    out = run("compare", "vgg16", "v2", "--diff").out
    assert "- only vgg16: 5 strided pooling layers" in out
    assert (
        "~ 56x56: Conv2D 3x3 relu x3 + MaxPooling2D 2x2 s2, 256 channels → InvertedResidual6 k3x3 x2, 24 channels, "
        "-1,460,304 params, -4,569,277,440 MACs\n" in out
    )
    assert "stage1" not in out.split("Changes from")[1]
    blocks = run("compare", "v1", "v2", "--diff").out
    assert "+ only mobilenet_v2: 10 residual additions and 16 inverted bottlenecks\n" in blocks
    assert "~ stage2 block1" in blocks


def test_of_one_builder_what_a_paper_brought_and_what_differs_in_its_records(run) -> None:
    out = run("compare", "resnet50", "resnext50_32x4d", "--explain").out.replace("\n", " ")
    assert "resnext50_32x4d (2016) takes up resnet50 (2015); it introduced cardinality" in out
    assert "x1.005 by block (groups 1 → groups 32)" in out
    assert "conventions (use_bias true, striding 1 → use_bias false, striding 3)" in out
    stages = run("compare", "v4_small", "v4_medium", "--explain").out.replace("\n", " ")
    assert "x4.455 by stages and x1.304 by resolution (224 → 256)." in stages
    assert "takes up" not in run("compare", "resnet50", "resnet101", "--explain").out


def test_whose_deviations_are_told(run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = run("compare", "resnet50", "resnet50@torchvision", "--explain").out
    assert "In torchvision" in out
    assert "article" not in out
    assert "\nTogether" in out
    assert "In the paper and torchvision" in run("compare", "resnet50@paper", "resnet50@torchvision", "--explain").out


def test_what_is_done_alike_on_maps_of_one_size_is_told_once(run) -> None:
    out = run("compare", "shufflenet_v1", "shufflenet_v2", "--diff").out
    assert "  112x112: Conv2D 3x3 s2 + MaxPooling2D 3x3 s2, 24 channels, equal\n" in out
    assert "~ head: GlobalAveragePooling2D + Dense softmax, +64,000 params, +64,000 MACs\n" in out


def test_where_strides_move_within_a_block_the_layers_are_named(run) -> None:
    out = run("compare", "resnet50", "resnet50@torchvision", "--diff").out
    assert "~ stage2 block1: use_bias True → False, epsilon 1.001e-05 → 1e-05, reduce_conv s2 → s1, spatial" in out
