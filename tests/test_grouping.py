"""Stages, blocks and kinds that nobody wrote: the registry's found again, those of known networks, and of any graph."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import foreign_networks as foreign
import pytest
from conftest import graph_of
from foreign_networks import Net
from grouping_truth import FORMS, Score, graphs, score, stripped
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncli.analysis.labels import Traits, group_label
from cnncli.analysis.metrics import Totals
from cnncli.analysis.report import merge_repeats, report
from cnncli.analysis.structure import structural_hash
from cnncli.diagram import Heading, Options, diagram
from cnncli.graph import UNKNOWN, Graph, Node, Role, Weight, fold
from cnncli.graph.fold import BLOCK, STAGE
from cnncli.graph.layers import (
    Activation,
    Add,
    AnyConvolution,
    BatchNormalization,
    Concatenate,
    Constant,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    InputLayer,
    MaxPooling1D,
    MaxPooling2D,
    Multiply,
    Opaque,
    ReLU,
    SeparableConv2D,
    ZeroPadding2D,
)
from cnncli.grouping import grouped
from cnncli.grouping.dominators import ROOT, Dominators
from cnncli.grouping.names import indexes

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from growth import chain, dense_blocks


@pytest.mark.parametrize("form", FORMS)
def test_what_the_builders_wrote_by_hand_is_found_again(form: str) -> None:
    total = Score()
    for number, (reference, graph) in enumerate(graphs()):
        if number % 3 == 0 or "efficientnet_b" in reference:
            score(reference, graph, FORMS[form](graph), total)
    assert total.there["block"] > 1000
    assert total.share("block") >= 0.95, total.missed
    assert total.share("stage") >= 0.90, total.missed
    assert total.share("kind") >= 0.95, total.missed


FOUND_WHOLE = ("inception_v3", "inception_resnet_v2", "xception", "densenet121", "densenet161")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", FOUND_WHOLE)
def test_of_a_classic_every_stage_block_and_kind_is_found_again(name: str, form: str) -> None:
    total, graph = Score(), graph_of(name)
    score(name, graph, FORMS[form](graph), total)
    assert total.missed == []


def rows(graph: Graph, depth: int = BLOCK) -> list[str]:
    """Each group by its name and what a person would say of it."""
    return [f"{group.name}: {group_label(group)}" for group in fold(grouped(graph), depth) if group.scope]


def blocks(graph: Graph) -> list[str]:
    return [f"{row}: {kind}" for row, kind in ((".".join(scope), kind) for scope, kind in grouped(graph).kinds.items())]


def in_stages(*counts: int, kind: str, first: str = "") -> list[str]:
    """Blocks of one kind; `first` is what the first of each stage is, where that is another."""
    return [
        f"stage{stage}.block{block}: {first if first and block == 1 else kind}"
        for stage, count in enumerate(counts, 1)
        for block in range(1, count + 1)
    ]  # fmt: skip


BLOCKS: dict[str, tuple[Callable[[], Graph], list[str]]] = {
    "ResNet-18": (partial(foreign.resnet, (2, 2, 2, 2), False), in_stages(2, 2, 2, 2, kind="BasicBlock")),
    "ResNet-50": (partial(foreign.resnet, (3, 4, 6, 3), True), in_stages(3, 4, 6, 3, kind="Bottleneck")),
    "ResNet V2": (foreign.resnet_v2, in_stages(2, 2, 2, kind="BasicBlock")),
    "DenseNet": (partial(foreign.densenet, False), in_stages(3, 4, 2, kind="DenseLayer")),
    "DenseNet of torchvision": (partial(foreign.densenet, True), in_stages(3, 4, 2, kind="DenseLayer")),
    "GoogLeNet": (foreign.googlenet, in_stages(2, 5, 2, kind="Inception")),
    "SqueezeNet": (foreign.squeezenet, in_stages(2, 2, 4, kind="Fire")),
    "ShuffleNet V2": (foreign.shufflenet, in_stages(4, 8, 4, kind="ShuffleUnit")),
    "ConvNeXt": (foreign.convnext, in_stages(3, 3, 9, 3, kind="ConvNeXt")),
    "ConvNeXt of grouped convolutions": (partial(foreign.convnext, True), in_stages(3, 3, 9, 3, kind="ConvNeXt")),
    "NASNet": (foreign.nasnet, in_stages(3, 3, kind="Cell", first="ReductionCell")),
    "Inception-ResNet": (foreign.inception_resnet, in_stages(3, kind="InceptionResidual")),
    "a feature pyramid": (foreign.pyramid, in_stages(2, 2, 2, kind="BasicBlock")),
    "a detector": (foreign.ssd, in_stages(1, 2, 2, kind="Bottleneck6")),
    "VGG": (foreign.vgg16, []),
    "U-Net": (foreign.unet, []),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_the_blocks_of_known_networks(name: str) -> None:
    make, expected = BLOCKS[name]
    assert blocks(make()) == expected


@pytest.mark.parametrize(
    "reference",
    ["shufflenet_v1", "shufflenet_v2", "ghostnet", "mobilenet_v4_conv_medium", "repvgg_a0:deploy=false"],
)
def test_blocks_that_papers_name_are_found_by_their_names(reference: str) -> None:
    graph = graph_of(reference)
    assert grouped(stripped(graph).graph).kinds == graph.kinds


def test_branches_of_several_kernels_in_a_row_are_one_block() -> None:
    graph = graph_of("mobileone_s4:deploy=false")
    found = grouped(stripped(graph).graph)
    assert [str(kind) for kind in found.kinds.values()] == ["RepVGGBlock", *["MobileOneBlock"] * 21]


def test_a_residual_block_has_its_last_activation_and_the_next_one_its_first() -> None:
    stem, first, *_ = [group for group in fold(grouped(foreign.resnet((2, 2, 2, 2), False)), BLOCK) if group.scope]
    assert [node.type for node in first.nodes][-2:] == ["Add", "ReLU"]
    assert stem.nodes[-1].type == "MaxPooling2D"
    first, *others = [group for group in fold(grouped(foreign.resnet_v2()), BLOCK) if group.kinds]
    for group in others:
        types = [node.type for node in group.nodes]
        assert types[:2] == ["BatchNormalization", "ReLU"]
        assert types[-1] == "Add"


def test_the_stages_of_a_chain_end_with_pooling() -> None:
    two, three = "Conv2D 3x3 relu x2 + MaxPooling2D 2x2 s2", "Conv2D 3x3 relu x3 + MaxPooling2D 2x2 s2"
    assert rows(foreign.vgg16()) == [
        f"stage1: {two}", f"stage2: {two}", f"stage3: {three}", f"stage4: {three}", f"stage5: {three}",
        "head: Dense relu x2 + Dense softmax",
    ]  # fmt: skip


def test_long_links_are_no_blocks() -> None:
    down, up = "Conv2D 3x3 x2 + MaxPooling2D 2x2 s2", "Conv2DTranspose 2x2 s2 + Conv2D 3x3 x2"
    assert rows(foreign.unet()) == [
        f"stage1: {down}", f"stage2: {down}", f"stage3: {down}", "stage4: Conv2D 3x3 x2",
        f"stage5: {up}", f"stage6: {up}", f"stage7: {up}", "head: Conv2D 1x1 sigmoid",
    ]  # fmt: skip


def test_what_stands_between_stages() -> None:
    """What pools ends a stage, a strided convolution begins one."""
    transitions = [group for group in fold(grouped(foreign.densenet(True)), STAGE) if group.name == "stage1"]
    assert transitions[0].nodes[-1].type == "AveragePooling2D"
    second = next(group for group in fold(grouped(foreign.convnext()), STAGE) if group.name == "stage2")
    assert [node.type for node in second.nodes[:2]] == ["LayerNormalization", "Conv2D"]


def test_a_link_around_all_blocks_is_none() -> None:
    """SRResNet's: from behind the stem to behind the last block."""
    net = Net(32, 32, 3)
    start = x = net.conv(net.image, 8)
    for _ in range(4):
        x = net(Add(), x, net.conv(net.conv(x, 8), 8, relu=False))
    net(Conv2D(3, 3, padding="same"), net(Add(), start, net.conv(x, 8, relu=False)))
    assert blocks(net.graph) == in_stages(4, kind="BasicBlock")


def test_fused_blocks_are_told_by_their_make_and_a_lone_convolution_by_its_name() -> None:
    graph = foreign.efficientnet_v2()
    assert blocks(graph) == [
        "stage1.block1: FusedMBConv1",
        *(f"stage{stage}.block{block}: FusedMBConv4" for stage in (2, 3) for block in (1, 2, 3)),
    ]
    assert blocks(stripped(graph).graph) == in_stages(3, 3, kind="FusedMBConv4")


def test_the_last_cell_does_not_hold_the_one_that_it_alone_reads() -> None:
    cells = [group for group in fold(grouped(foreign.nasnet()), BLOCK) if group.kinds]
    assert [sum(node.type == "Add" for node in group.nodes) for group in cells] == [3] * 6
    labels = [group_label(group) for group in cells]
    assert [str(label) for label in labels] == ["ReductionCell k5x5 s2", "Cell k5x5", "Cell k5x5"] * 2
    assert not any(isinstance(label, Traits) and label.residual for label in labels)


def test_a_block_that_strides_without_widening_ends_its_stage() -> None:
    net = Net(64, 64, 3)
    x = net.conv(net.image, 16)
    for width, strides in ((16, 1), (16, 1), (16, 2), (32, 1), (32, 1), (32, 2), (64, 1), (64, 1)):
        x = foreign.residual(net, x, width, strides, bottleneck=False)
    assert blocks(net.head(x)) == in_stages(3, 3, 2, kind="BasicBlock")


@pytest.mark.parametrize("growing", [False, True])
def test_dense_layers_are_one_row_a_stage(growing: bool) -> None:
    rows = report(grouped(foreign.densenet(growing)), BLOCK).rows
    told = [(row.name, row.text, row.output_shape) for row in merge_repeats(rows) if row.repeats > 1]
    assert told == [
        ("stage1.block1-3", "DenseLayer k3x3 x3", (16, 16, 40)),
        ("stage2.block1-4", "DenseLayer k3x3 x4", (8, 8, 52)),
        ("stage3.block1-2", "DenseLayer k3x3 x2", (4, 4, 42)),
    ]


def test_names_of_stages_make_no_blocks_of_a_chain() -> None:
    net = Net(64, 64, 3)
    x = net.image
    for number in range(1, 5):
        for layer in (1, 2):
            x = net(Conv2D(8 * number, 3, padding="same"), x, name=f"block{number}_conv{layer}")
        x = net(MaxPooling2D(), x, name=f"block{number}_pool")
    assert blocks(net.head(x)) == []


def test_names_join_separable_convolutions_and_leave_the_stem_alone() -> None:
    """Xception's: `block1_conv1` is called otherwise than what is a block by its make."""
    net = Net(64, 64, 3)
    x = net.conv(net.conv(net.image, 8, name="block1_conv1_"), 16, name="block1_conv2_")
    for number in (2, 3, 4):
        y = x
        for layer in (1, 2):
            y = net(ReLU(), y, name=f"block{number}_sepconv{layer}_act")
            y = net(SeparableConv2D(16, 3, padding="same"), y, name=f"block{number}_sepconv{layer}")
        x = net(Add(), x, y)
    for layer in (1, 2):
        x = net(SeparableConv2D(16 * layer, 3, padding="same"), x, name=f"block5_sepconv{layer}")
        x = net(ReLU(), x, name=f"block5_sepconv{layer}_act")
    kinds = [row.partition(": ")[2] for row in blocks(net.head(x))]
    assert kinds == ["SeparableResidual"] * 3 + ["DepthwiseSeparable"]


def test_separable_convolutions_of_two_layers_are_those_of_one() -> None:
    net = Net(64, 64, 3)
    x = net.conv(net.image, 16)
    for _ in range(3):
        y = net.conv(net.depthwise(net(ReLU(), x)), 16, 1)
        x = net(Add(), x, net.conv(net.depthwise(y), 16, 1, relu=False))
    assert blocks(net.head(x)) == in_stages(3, kind="SeparableResidual")


def test_pyramidal_widths_are_one_stage() -> None:
    net = Net(32, 32, 3)
    x = net.conv(net.image, 8)
    for width in (10, 12, 14, 16, 18):
        y = net.conv(net.conv(x, width), width, relu=False)
        x = net(Add(), net.conv(x, width, 1), y)
    assert len([row for row in rows(net.head(x), STAGE) if row.startswith("stage")]) == 1


# Names.


def plain_chain(names: Callable[[int], str]) -> Graph:
    """Eight convolutions of one size, which nothing tells from each other but their names."""
    net = Net(16, 16, 4)
    x = net.image
    for number in range(8):
        x = net(Conv2D(4, 3, padding="same", activation="relu"), x, name=names(number))
    return net.graph


SPEAKING: dict[str, Callable[[int], str]] = {
    "block_3_expand": lambda n: f"block_{n // 2}_{'project' if n % 2 else 'expand'}",
    "block_3/expand": lambda n: f"model/block_{n // 2}/{'project' if n % 2 else 'expand'}/Conv2D",
    "layer1.0.conv2": lambda n: f"layer{1 + n // 4}.{n // 2 % 2}.conv{1 + n % 2}",
    "features.3.conv.0.0": lambda n: f"features.{n // 2}.conv.{n % 2}.0",
    "blocks.2.1.conv_pw": lambda n: f"blocks.{n // 4}.{n // 2 % 2}.{'conv_dw' if n % 2 else 'conv_pw'}",
    "conv_dw_3": lambda n: f"conv_{'pw' if n % 2 else 'dw'}_{n // 2}",
    "block2a_expand_conv": lambda n: f"block{1 + n // 4}{'ab'[n // 2 % 2]}_{'project' if n % 2 else 'expand'}_conv",
    "stage2_unit1_conv1": lambda n: f"stage{1 + n // 4}_unit{n // 2 % 2 + 1}_conv{1 + n % 2}",
    "Conv2d_3_depthwise": lambda n: f"MobilenetV1/Conv2d_{n // 2}_{'pointwise' if n % 2 else 'depthwise'}/Relu6",
}


@pytest.mark.parametrize("spelling", SPEAKING)
def test_names_speak(spelling: str) -> None:
    found = [group.nodes for group in fold(grouped(plain_chain(SPEAKING[spelling])), BLOCK) if group.kinds]
    assert [len(nodes) for nodes in found] == [2, 2, 2, 2]


@pytest.mark.parametrize(
    "names",
    [lambda n: f"conv2d_{n}", lambda n: f"v{n}", lambda n: f"block{n % 2}_conv{n}", lambda n: f"features.{n}"],
    ids=["Keras's own", "numbers", "a block in several places", "places in a sequence"],
)
def test_names_that_say_nothing_are_not_believed(names: Callable[[int], str]) -> None:
    assert blocks(plain_chain(names)) == []


def test_names_that_contradict_the_graph_are_not_believed() -> None:
    """Two parallel towers whose layers are called as if each pair across them were a block."""
    net = Net(16, 16, 4)
    towers = [net.image, net.image]
    for number in range(4):
        for side, x in enumerate(towers):
            towers[side] = net(Conv2D(4, 3, padding="same"), x, name=f"block{number}_{side}")
    net(Concatenate(), *towers)
    assert all(_is_connected(group.nodes) for group in fold(grouped(net.graph), BLOCK) if group.kinds)


def test_an_index_is_a_number_that_tells_layers_apart() -> None:
    assert indexes("block_3_expand") == [("block_", "3")]
    assert indexes("block2a_expand") == [("block", "2a")]
    assert indexes("conv2d_7") == [("conv2d_", "7")]
    assert indexes("layer1.0.conv2") == [("layer", "1"), ("layer1.", "0"), ("layer1.0.conv", "2")]
    assert indexes("a/b_1/Relu;a/c_2/Conv") == [("a/b_", "1")]
    assert indexes("") == []


def test_layers_keep_their_names_and_blocks_are_called_by_their_scopes() -> None:
    found = grouped(plain_chain(SPEAKING["block_3_expand"]))
    assert [row.name for row in report(found, BLOCK).rows][1:3] == ["stage1.block1", "stage1.block2"]
    assert found.nodes[1].short_name == "block_0_expand"
    assert report(found).rows[1].short_name == "block_0_expand"
    assert graph_of("mobilenet_v2").nodes[5].short_name == "depthwise_bn"


# Kinds.


def test_kinds_of_mobile_blocks() -> None:
    assert set(map(str, grouped(graph_of("b0")).kinds.values())) == {"MBConv1", "MBConv6"}
    assert set(map(str, grouped(graph_of("v1")).kinds.values())) == {"DepthwiseSeparable"}
    assert set(map(str, grouped(graph_of("v2")).kinds.values())) == {"InvertedResidual1", "InvertedResidual6"}
    assert set(map(str, grouped(graph_of("mnasnet_b1")).kinds.values())) == {"MBConv1", "MBConv3", "MBConv6"}
    assert set(map(str, grouped(graph_of("lite0")).kinds.values())) == {"MBConv1", "MBConv6"}


# What a graph keeps.


def keeps(graph: Graph) -> Graph:
    """The grouped graph, after checking that it is the same network in valid scopes."""
    found = grouped(graph)
    before = {node.name: node for node in graph.nodes}
    assert sorted(before) == sorted(node.name for node in found.nodes)
    for place, node in enumerate(found.nodes):
        twin = before[node.name]
        assert node.index == place
        assert all(source.index < place and found.nodes[source.index] is source for source in node.inputs)
        assert [source.name for source in node.inputs] == [source.name for source in twin.inputs]
        assert (node.layer, node.shape, node.dtype) == (twin.layer, twin.shape, twin.dtype)
        assert node.shares is None or node.shares.index < place
    for depth in (STAGE, BLOCK):
        opened = [group.scope[:depth] for group in fold(found, depth) if len(group.scope) >= depth]
        assert len(opened) == len(set(opened)), "a scope in two places"
    assert all(_is_connected(group.nodes) for group in fold(found, BLOCK) if group.kinds)
    assert [node.name for node in found.outputs] == [node.name for node in graph.outputs]
    assert [node.name for node in found.inputs] == [node.name for node in graph.inputs]
    assert str(Totals(found).params) == str(Totals(graph).params)
    assert str(Totals(found).macs) == str(Totals(graph).macs)
    assert [n.scope for n in grouped(graph).nodes] == [n.scope for n in found.nodes]
    return found


def _is_connected(nodes: tuple[Node, ...]) -> bool:
    """Whether the nodes hang together, perhaps by what they read."""
    groups = [{node.index, *(source.index for source in node.inputs)} for node in nodes]
    reached = groups.pop(0)
    while groups:
        near = [group for group in groups if group & reached]
        if not near:
            return False
        groups = [group for group in groups if not group & reached]
        reached |= set().union(*near)
    return True


@pytest.mark.parametrize("make", [make for make, _ in BLOCKS.values()], ids=list(BLOCKS))
def test_known_networks_stay_what_they_are(make: Callable[[], Graph]) -> None:
    graph = make()
    assert structural_hash(keeps(graph)) == structural_hash(graph)


def test_shared_weights_are_counted_where_they_first_stand() -> None:
    graph = Graph("twice")
    image = graph.add(InputLayer((16, 16, 4)), name="image")
    weights = [Weight("kernel", (3, 3, 4, 4), identity="a"), Weight("bias", (4,), identity="b")]
    late = graph.add(Conv2D(4, 3, padding="same"), image, name="late", weights=weights)
    early = graph.add(Conv2D(4, 3, padding="same"), image, name="early", shares=late)
    other = graph.add(Conv2D(4, 3, padding="same"), early, name="other", weights=weights)
    graph.add(Add(), other, late, name="add")
    graph.warn("be warned")
    graph.remarks["depth"] = "none"
    found = keeps(graph)
    assert Totals(found).params == 3 * 3 * 4 * 4 + 4
    assert (found.warnings, found.remarks) == (["be warned"], {"depth": "none"})
    assert [n.name for n in pickle.loads(pickle.dumps(found)).nodes] == [n.name for n in found.nodes]


def test_a_dense_network_and_nothing_at_all() -> None:
    graph = Graph("mlp")
    x = graph.add(InputLayer((16,)), name="features")
    for number in range(3):
        x = graph.add(Dense(8), x, name=f"dense{number}")
    assert [node.scope for node in keeps(graph).nodes] == [(), (), (), ()]
    assert keeps(Graph("empty")).nodes == []


def test_along_one_axis_with_a_summary_of_its_blocks() -> None:
    net = Net(64, 8)
    x = net(Conv1D(8, 3, padding="same"), net.image)
    for _ in range(3):
        y = net(Conv1D(8, 3, padding="same", activation="relu"), x)
        x = net(Add(), x, net(Conv1D(8, 3, padding="same"), y))
    net(MaxPooling1D(2), x)
    found = keeps(net.graph)
    assert [row.name for row in report(found, BLOCK).rows if "block" in row.name] == [
        f"stage1.block{n}" for n in (1, 2, 3)
    ]
    assert diagram(found, Heading("net", ()), Options(detail="block")).sheet


def test_open_sizes_do_not_hide_stages() -> None:
    net = Net(UNKNOWN, UNKNOWN, 3)
    x = net(MaxPooling2D(), net.conv(net.image, 8))
    for _ in range(3):
        for block in range(2):
            x = foreign.residual(net, x, 8, 1 if block else 2, bottleneck=False)
    assert blocks(net.head(x)) == in_stages(2, 2, 2, kind="BasicBlock")


# Any graph.

Choice = tuple[int, int, int]


@st.composite
def any_graph(draw: st.DrawFn) -> Graph:
    """Layers of all sorts, each on earlier ones of any distance; sometimes parts that nothing joins."""
    graph = Graph("any")
    graph.add(InputLayer((8, 8, 4)), name="image")
    choices: list[Choice] = draw(
        st.lists(st.tuples(st.integers(0, len(MAKERS) - 1), st.integers(1, 9), st.integers(1, 9)), max_size=40)
    )
    spelling = draw(st.sampled_from(["n{}", "block_{}_conv", "layer{}.0.conv", "conv2d_{}", "{}"]))
    step = draw(st.integers(1, 5))
    for number, (maker, near, far) in enumerate(choices, 1):
        name = spelling.format(number // step) + f"/x{number}"
        alike = [node for node in graph.nodes if node.shape == (8, 8, 4)]
        MAKERS[maker](graph, alike[-min(near, len(alike))], alike[-min(far, len(alike))], name)
    if draw(st.booleans()):
        graph.give(*draw(st.lists(st.sampled_from(graph.nodes), min_size=1, max_size=3, unique_by=id)))
    return graph


def _one(layer: object) -> Callable[[Graph, Node, Node, str], Node]:
    return lambda graph, x, _, name: graph.add(layer, x, name=name)  # type: ignore[arg-type]


def _two(layer: object) -> Callable[[Graph, Node, Node, str], Node]:
    return lambda graph, x, y, name: graph.add(layer, x, y, name=name)  # type: ignore[arg-type]


def _gate(graph: Graph, x: Node, _: Node, name: str) -> Node:
    y = graph.add(GlobalAveragePooling2D(keepdims=True), x, name=f"{name}_pool")
    return graph.add(Multiply(), x, graph.add(Conv2D(4, 1), y, name=f"{name}_conv"), name=f"{name}_excite")


def _shared(graph: Graph, x: Node, _: Node, name: str) -> Node:
    twin = next((node for node in graph.nodes if type(node.layer) is Conv2D and not node.shares), None)
    return graph.add(twin.layer if twin else Conv2D(4, 3, padding="same"), x, name=name, shares=twin)


MAKERS = (
    _one(Conv2D(4, 3, padding="same")),
    _one(Conv2D(4, 1, activation="relu")),
    _one(DepthwiseConv2D(3, padding="same")),
    _one(BatchNormalization()),
    _one(ReLU()),
    _one(Activation("sigmoid")),
    _two(Add()),
    _two(Multiply()),
    _gate,
    _shared,
    _two(Opaque("Mystery", (8, 8, 4))),
    lambda graph, x, y, name: graph.add(Constant((8, 8, 4)), name=name),
    lambda graph, x, y, name: graph.add(InputLayer((8, 8, 4)), name=name),
    lambda graph, x, y, name: graph.add(
        Conv2D(4, 1), graph.add(Concatenate(), x, y, name=f"{name}_join"), name=f"{name}_conv"
    ),
    lambda graph, x, y, name: graph.add(
        Conv2D(4, 3), graph.add(ZeroPadding2D(1), x, name=f"{name}_pad"), name=f"{name}_conv"
    ),
)


@settings(max_examples=150, deadline=None)
@given(any_graph())
def test_any_graph_has_a_valid_grouping(graph: Graph) -> None:
    keeps(graph)


@given(st.lists(st.lists(st.integers(1, 12), max_size=3), max_size=60))
@settings(max_examples=100, deadline=None)
def test_dominators_are_what_every_path_passes(distances: list[list[int]]) -> None:
    sources = [sorted({max(0, at - far) for far in each}) if at else [] for at, each in enumerate(distances)]
    passed: list[set[int]] = []
    for at, read in enumerate(sources):
        common = set.intersection(*(passed[each] for each in read)) if read else set()
        passed.append(common | {at})
    tree = Dominators(sources)
    for at, parent in enumerate(tree.parents):
        above = passed[at] - {at}
        assert parent == (max(above) if above else ROOT)


def test_roles_of_inputs_stand_first() -> None:
    graph = Graph("late")
    x = graph.add(InputLayer((8, 8, 4)), name="image")
    x = graph.add(Conv2D(4, 3, padding="same"), x, name="conv")
    y = graph.add(InputLayer((8, 8, 4)), name="second")
    graph.add(Add(), x, y, name="add")
    assert [node.role for node in keeps(graph).nodes][:2] == [Role.INPUT, Role.INPUT]


# Long graphs: a quadratic step would take minutes.


def ladder(length: int) -> Graph:
    """A chain down and one up, each step of which is linked with its like: U-Net's links, in thousands."""
    graph = Graph("ladder")
    x = graph.add(InputLayer((8, 8, 4)), name="image")
    steps = []
    for number in range(length // 3):
        steps.append(x := graph.add(Conv2D(4, 3, padding="same"), x, name=f"down{number}"))
    for number, step in enumerate(reversed(steps)):
        x = graph.add(Conv2D(4, 3, padding="same"), x, name=f"up{number}")
        x = graph.add(Add(), step, x, name=f"add{number}")
    return graph


@pytest.mark.parametrize(("make", "kinds"), [(chain, 4000), (dense_blocks, 9000), (ladder, 0)])
def test_a_long_graph_is_grouped_in_one_pass(make: Callable[[int], Graph], kinds: int) -> None:
    graph = make(20_000)
    found = grouped(graph)
    assert len(found.nodes) == len(graph.nodes)
    assert len(found.kinds) >= kinds - 1


def test_a_block_of_a_kernel_that_keras_lacks_has_its_size() -> None:
    """Such as one with strides and gaps at once, which a file may hold."""
    graph = Graph("any")
    image = graph.add(InputLayer((8, 8, 4)), name="image")
    with graph.scope("stage", 1), graph.scope("block", 1, kind="Residual"):
        kernel = AnyConvolution("Conv", (8, 8, 4), (3, 5, 4, 4), 64)
        graph.add(Add(), graph.add(kernel, image, name="conv"), image, name="add")
    (row,) = report(graph, BLOCK).rows[1:]
    assert row.text == "Residual k3x5"
