"""What a diagram holds and where it puts it, read back from the DOT text."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import golden, graph_of, networks

from cnncli.amounts import UNKNOWN
from cnncli.diagram import Heading, Options, as_dot, as_free_dot, diagram
from cnncli.diagram.chain import chain
from cnncli.diagram.parts import parts
from cnncli.draw import theme
from cnncli.draw.text import width
from cnncli.errors import UsageError
from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Elementwise,
    GlobalAveragePooling2D,
    InputLayer,
    MaxPooling2D,
    Multiply,
    Opaque,
    ReLU,
    UpSampling2D,
    ZeroPadding2D,
)
from cnncli.models.reference import parse

DETAILS = ("stage", "block", "layer")
SOME = ("mobilenet_v1", "mobilenet_v3_small", "efficientnet_b0", "efficientnet_b7", "mobilenet_v2@article")


def small() -> Graph:
    """A stem, a block that shrinks, two alike with squeeze-and-excitation and residual, and a head."""
    graph = Graph("small")
    x = graph.add(InputLayer((32, 32, 3)), name="image")
    with graph.scope("stem"):
        x = graph.add(ZeroPadding2D(((0, 1), (0, 1))), x, name="pad")
        x = graph.add(Conv2D(8, 3, strides=2, use_bias=False), x, name="conv")
        x = graph.add(BatchNormalization(), x, name="bn")
        x = graph.add(ReLU(6.0), x, name="relu")
    with graph.scope("stage1"):
        with graph.scope("block", 1, kind="Separable"):
            x = graph.add(DepthwiseConv2D(3, strides=2, padding="same"), x, name="depthwise")
            x = graph.add(Conv2D(16, 1), x, name="project")
        for number in (2, 3):
            with graph.scope("block", number, kind="MBConv", expansion=2):
                shortcut = x
                x = graph.add(DepthwiseConv2D(5, padding="same"), x, name="depthwise")
                with graph.scope("squeeze_excite"):
                    gate = graph.add(GlobalAveragePooling2D(keepdims=True), x, name="squeeze")
                    gate = graph.add(Conv2D(16, 1, activation="sigmoid"), gate, name="expand")
                    x = graph.add(Multiply(), x, gate, name="excite")
                x = graph.add(Add(), shortcut, x, name="add")
    with graph.scope("head"):
        x = graph.add(GlobalAveragePooling2D(), x, name="pool")
        graph.add(Dense(10, activation="softmax"), x, name="logits")
    return graph


def unet() -> Graph:
    """Tensors that are read again much later, and in another column."""
    graph = Graph("unet")
    x = graph.add(InputLayer((64, 64, 3)), name="image")
    kept = []
    for depth in range(3):
        with graph.scope(f"down{depth}"):
            x = graph.add(Conv2D(8, 3, padding="same"), x, name="conv")
            kept.append(x)
            x = graph.add(MaxPooling2D(), x, name="pool")
    for depth in reversed(range(3)):
        with graph.scope(f"up{depth}"):
            x = graph.add(UpSampling2D(), x, name="grow")
            x = graph.add(Concatenate(), x, kept[depth], name="concat")
            x = graph.add(Conv2D(8, 3, padding="same"), x, name="conv")
    return graph


def branches() -> Graph:
    """No scopes, and branches alike beside each other, which are no chain."""
    graph = Graph("branches")
    x = graph.add(InputLayer((16, 16, 4)), name="image")
    for level in range(3):
        found = [graph.add(Conv2D(4, 3, padding="same"), x, name=f"conv_{level}_{branch}") for branch in range(3)]
        x = graph.add(Concatenate(), *found, name=f"concat_{level}")
    return graph


def draw(graph: Graph, **options: Any) -> str:
    return as_dot(diagram(graph, Heading(graph.name, ("for a test", "all of it")), Options(**options)))


class Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: Box, by: float = 1) -> bool:
        return (
            self.left < other.right - by
            and other.left < self.right - by
            and self.bottom < other.top - by
            and other.bottom < self.top - by
        )

    def inside(self, other: Box, by: float = 1) -> bool:
        return (
            self.left >= other.left - by
            and self.right <= other.right + by
            and self.bottom >= other.bottom - by
            and self.top <= other.top + by
        )


NODE = re.compile(r'^"(.+)" \[pos="([\d.-]+),([\d.-]+)", width=([\d.]+), height=([\d.]+), label=(.*)\];?$', re.M)
EDGE = re.compile(r'^"(.+)" -> "(.+)" \[pos="(?:e,([\d.-]+),([\d.-]+) )?([^"]+)"', re.M)
CLUSTER = re.compile(r'^subgraph "cluster_(.+)" \{\nbb="([\d.,-]+)"', re.M)


def boxes(dot: str) -> dict[str, Box]:
    """All nodes that have a size, by name: their edges in points."""
    found = {}
    for name, x, y, across, down, _ in NODE.findall(dot):
        half = float(across) * 36, float(down) * 36
        found[name] = Box(float(x) - half[0], float(y) - half[1], float(x) + half[0], float(y) + half[1])
    return found


def frames(dot: str) -> dict[str, Box]:
    return {name: Box(*map(float, corners.split(","))) for name, corners in CLUSTER.findall(dot)}


def page(dot: str) -> Box:
    return frames(dot)["page"]


@pytest.mark.parametrize("detail", [*DETAILS, "fused"])
def test_goldens(detail: str) -> None:
    options: dict[str, Any] = {"detail": "layer", "fuse": True} if detail == "fused" else {"detail": detail}
    golden(f"plot-{detail}.dot", draw(small(), **options))


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", [*networks(every_size=False), "unet", "branches"])
def test_every_edge_is_drawn_or_folded_once(name: str, detail: Any) -> None:
    graph = {"unet": unet, "branches": branches}.get(name, lambda: parse(name).graph())()
    shown = parts(graph, detail)
    assert [node for part in shown for node in part.nodes] == graph.nodes
    items, links = chain(graph, shown, detail)
    drawn = Counter((source, target) for source, target, *_ in EDGE.findall(draw(graph, detail=detail)))
    assert drawn == Counter((items[source].name, items[target].name) for source, target in links)
    assert max(drawn.values()) == 1
    symbols = {item.name for item in items if item.symbol}
    onwards: dict[str, set[str]] = {}
    for source, target in drawn:
        if re.sub(" in$", " out", source) != target:  # not the loop around a block that adds its input
            onwards.setdefault(source, set()).add(target)
    owner = {node: part.row.name for part in shown for node in part.nodes}
    wanted = {
        (owner[source], owner[node])
        for node in graph.nodes
        for source in node.inputs
        if owner[source] != owner[node]
    }  # fmt: skip
    assert {(a, b) for a in set(owner.values()) for b in reached(a, onwards, symbols)} == wanted


def reached(start: str, onwards: dict[str, set[str]], symbols: set[str]) -> set[str]:
    """The boxes that a box leads to, through forks and sums."""
    found: set[str] = set()
    for target in onwards.get(start, ()):
        if target in symbols:
            found |= reached(target, onwards, symbols)
        else:
            found.add(target)
    return found


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", [*SOME, "unet", "branches"])
def test_nothing_overlaps_and_no_line_crosses_a_box(name: str, detail: Any, direction: Any) -> None:
    graph = {"unet": unet, "branches": branches}.get(name, lambda: parse(name).graph())()
    dot = draw(graph, detail=detail, direction=direction)
    found, sheet = boxes(dot), page(dot)
    shown = {part.row.name: found[part.row.name] for part in parts(graph, detail)}
    assert all(box.inside(sheet) for box in (*found.values(), *frames(dot).values()))
    ordered = sorted(shown.items(), key=lambda entry: entry[1].left)
    for index, (first, box) in enumerate(ordered):
        for second, other in itertools.takewhile(
            lambda entry, box=box: entry[1].left < box.right, ordered[index + 1 :]
        ):
            assert not box.overlaps(other), f"{first} lies on {second}"
    edges = EDGE.findall(dot)
    assert len(edges) >= len(shown) - 1
    for source, target, *_, points in edges:
        corners = [tuple(map(float, point.split(","))) for point in points.split(" ")]
        for (x1, y1), (x2, y2) in itertools.pairwise(corners):
            line = Box(min(x1, x2), min(y1, y2), max(x1, x2) + 0.01, max(y1, y2) + 0.01)
            for name, box in ordered:
                if box.left > line.right:
                    break
                assert name in (source, target) or not line.overlaps(box, 2), f"{source} -> {target} crosses {name}"


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("name", ["mobilenet_v3_small", "efficientnet_b1", "unet", "branches"])
def test_no_two_links_run_on_each_other(name: str, direction: Any) -> None:
    graph = {"unet": unet, "branches": branches}.get(name, lambda: parse(name).graph())()
    for columns in (None, 1, 2, 3, 5):
        straight: dict[tuple[int, float], list[tuple[float, float, str, str]]] = {}
        for source, target, *_, points in EDGE.findall(
            draw(graph, detail="layer", direction=direction, columns=columns)
        ):
            corners = [tuple(map(float, point.split(","))) for point in points.split(" ")]
            for first, second in itertools.pairwise(corners):
                for axis in (0, 1):
                    if first[axis] == second[axis]:
                        low, high = sorted((first[1 - axis], second[1 - axis]))
                        straight.setdefault((axis, first[axis]), []).append((low, high, source, target))
        assert straight
        for pieces in straight.values():
            for first, second in itertools.pairwise(sorted(pieces)):
                related = first[2] == second[2] or first[3] == second[3]
                assert related or first[1] - second[0] <= 1, f"{first[2:]} lies on {second[2:]}"


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("reference", networks(every_size=False))
def test_every_page_prints(reference: str, detail: Any) -> None:
    graph = parse(reference).graph()
    drawn = diagram(graph, Heading(reference, ("for a test",)), Options(detail))
    long, short = max(drawn.width, drawn.height), min(drawn.width, drawn.height)
    assert long / short == pytest.approx(2**0.5, abs=0.005)  # A4, A3, A0
    assert long <= 14_400
    if detail == "block":
        dot = as_dot(drawn)
        on_a3 = min(842 / short, 1191 / long)
        sizes = {float(size) / 4 for size in re.findall(r'POINT-SIZE="([\d.]+)"', dot)}
        assert min(sizes) * on_a3 >= 5
        size = re.search(r'^size="([\d.]+),([\d.]+)"', dot, re.M)
        assert size
        assert [float(side) * 72 for side in size.groups()] == pytest.approx([drawn.width, drawn.height], abs=0.01)
        sheet = page(dot)  # what the sizes above are measured in: a quarter of the drawing's points
        assert (sheet.right, sheet.top) == (4 * drawn.width, 4 * drawn.height)


@pytest.mark.parametrize("columns", [1, 2, 5, 99])
def test_columns_are_as_many_as_asked_for(columns: int) -> None:
    graph = graph_of("mobilenet_v2")
    found = boxes(draw(graph, columns=columns))
    shown = [part.row.name for part in parts(graph, "block")]
    residuals = {name for name in shown if f"{name} out" in found}
    lefts = Counter(round(found[name].right) for name in shown)
    assert len(lefts) == min(columns, len(shown))
    assert residuals  # they are indented, so it takes the right edges to count columns


def test_columns_are_read_downwards_and_rows_to_the_right() -> None:
    names = [part.row.name for part in parts(small(), "layer")]
    for direction, columns in (("TB", 3), ("LR", 3)):
        found = boxes(draw(small(), detail="layer", direction=direction, columns=columns))
        for first, second in itertools.pairwise(found[name] for name in names):
            after = first.bottom > second.top if direction == "TB" else first.right < second.left
            next_one = first.right < second.left if direction == "TB" else first.bottom > second.top
            assert after or next_one


def test_the_way_to_the_next_column_is_one_heavy_line() -> None:
    dot = draw(graph_of("efficientnet_b0"), detail="layer", columns=4)
    heavy = [line for line in dot.splitlines() if "->" in line and "penwidth=8" in line]
    assert len(heavy) == 3
    assert all('pos="e,' in line for line in heavy)  # with an arrowhead


def test_a_block_says_what_a_person_would() -> None:
    dot = draw(graph_of("efficientnet_b0"))
    said = re.sub("<[^>]+>", "|", {name: label for name, *_, label in NODE.findall(dot)}["stage4.block2-3"])
    assert [word for word in said.split("|") if word.strip(" >")][:6] == [
        "MBConv6 k3x3 ", "SE", "x2", "14x14x80", "209.96 k params", "stage4.block2-3",
    ]  # fmt: skip
    assert {"stage4.block2-3 in", "stage4.block2-3 out"} < set(boxes(dot))
    assert "stage4.block1 out" not in boxes(dot)  # it halves the map, so there is nothing to add


def test_a_resolution_has_a_band() -> None:
    assert {"112x112", "56x56", "28x28", "14x14", "7x7"} < set(
        re.findall(r">(\d+x\d+)<", draw(graph_of("b0"), detail="stage"))
    )
    assert "112x112 → 56x56" in draw(graph_of("b0"))
    assert set(frames(draw(graph_of("b0")))) == {"page", *(f"stage{number}" for number in range(1, 8))}


def test_layers_lie_in_their_blocks() -> None:
    graph = graph_of("mobilenet_v3_small")
    dot = draw(graph, detail="layer")
    found, around = boxes(dot), frames(dot)
    for node in graph.nodes:
        for depth in (1, 2, 3)[: len(node.scope)]:
            scope = ".".join(node.scope[:depth])
            pieces = [box for name, box in around.items() if re.fullmatch(rf"{re.escape(scope)}( \d+)?", name)]
            assert sum(found[node.name].inside(piece) for piece in pieces) == 1


def test_a_block_is_never_torn_apart() -> None:
    graph = graph_of("efficientnet_b1")
    names = set(frames(draw(graph, detail="layer")))
    blocks = {".".join(node.scope[:2]) for node in graph.nodes if len(node.scope) >= 2}
    assert blocks <= names
    assert not {f"{block} 2" for block in blocks} & names


def test_fusing_folds_into_the_convolution() -> None:
    shown = parts(small(), "layer", fuse=True)
    assert [(part.row.name, part.row.text) for part in shown][:4] == [
        ("image", "InputLayer"),
        ("stem.conv", "Conv2D 3x3 s2 + pad + BN + ReLU 6"),
        ("stage1.block1.depthwise", "DepthwiseConv2D 3x3 s2"),
        ("stage1.block1.project", "Conv2D 1x1"),
    ]
    for name in ("efficientnet_b0", "mobilenet_v3_large", "mobilenet_v1@article"):
        graph = graph_of(name)
        shown = parts(graph, "layer", fuse=True)
        assert [node for part in shown for node in part.nodes] == graph.nodes
        assert sum(part.row.amounts["params"] for part in shown) == sum(node.params for node in graph.nodes)
        assert not any(part.row.type == "BatchNormalization" for part in shown)


def test_a_tensor_that_is_read_elsewhere_is_not_fused_away() -> None:
    graph = Graph("shared")
    x = graph.add(InputLayer((8, 8, 4)), name="image")
    y = graph.add(Conv2D(4, 1), x, name="conv")
    z = graph.add(Activation("silu"), y, name="activation")
    graph.add(Add(), y, z, name="add")
    assert [part.row.name for part in parts(graph, "layer", fuse=True)] == ["image", "conv", "activation", "add"]


def test_branches_alike_are_not_blocks_in_a_row() -> None:
    assert max(part.row.repeats for part in parts(branches(), "block")) == 1
    assert max(part.row.repeats for part in parts(graph_of("b0"), "block")) == 3


@pytest.mark.parametrize(
    ("options", "has", "lacks"),
    [
        ({}, ["SE", "blocks alike in a row", "s2: stride 2.", "kernel of the"], ["BN:", "leads past"]),
        ({"label": "{name}"}, ["blocks alike in a row"], [">SE<", "s2:", "kernel of the"]),
        ({"label": "{label}"}, ["SE: squeeze-and-excitation.", "s2:"], [">SE<"]),
        ({"detail": "stage"}, [">SE<", "with blocks that add their input"], ["blocks alike"]),
        ({"detail": "layer"}, ["leads past layers", "squeeze-and-excitation", "kernel of the"], [">SE<", "BN:"]),
        ({"detail": "layer", "fuse": True}, ["BN: batch normalization."], [">SE<"]),
    ],
)
def test_the_legend_tells_what_is_drawn_and_nothing_else(options: Any, has: list[str], lacks: list[str]) -> None:
    dot = draw(small(), **options)
    assert [text for text in has if text not in dot] == []
    assert [text for text in lacks if text in dot] == []


def written(graph: Graph, **options: Any) -> str:
    """What the page says around the boxes, as one line."""
    sheet = diagram(graph, Heading("", ()), Options(**options)).sheet
    return " ".join(run.text for run, _ in sheet.texts)


def test_the_legend_says_only_what_is_in_the_picture() -> None:
    """Kernels and strides as they are there; what a shaded box of several blocks is shaded by."""
    graph = Graph("other sizes")
    x = graph.add(InputLayer((64, 64, 3)), name="image")
    with graph.scope("stage1"), graph.scope("block", 1, kind="Patches"):
        x = graph.add(Conv2D(8, 4, strides=4), x, name="conv")
        graph.add(ReLU(), x, name="relu")
    for detail in ("stage", "block"):
        said = written(graph, detail=detail)
        assert "k4x4: kernel of the convolution." in said
        assert "s4: stride 4" in said
        assert not re.search(r"k3x3|s2|depthwise|xN|shade", said)
    for detail, blocks in (("block", "blocks alike in a row"), ("stage", "blocks in a row")):
        assert f"xN: {blocks}, their costs together" in written(graph_of("b0"), detail=detail)
        heated = written(graph_of("b0"), detail=detail, heat="activations")
        assert f"xN: {blocks}, their costs and their shade together" in heated
    assert "M activations" in draw(graph_of("b0"), heat="activations")
    assert "cells" not in draw(graph_of("b0"), heat="activations")


def test_what_a_box_of_open_sizes_does_is_told_by_its_kernel() -> None:
    """No work is known there; arithmetic that a file spells out is no unknown operation, and one is not many."""
    graph = Graph("open")
    x = graph.add(InputLayer((UNKNOWN, UNKNOWN, 3)), name="image")
    x = graph.add(Elementwise("Multiply", (1,)), x, name="scaled")
    with graph.scope("stem"):
        x = graph.add(ZeroPadding2D(1), x, name="pad")
        x = graph.add(Conv2D(8, 3), x, name="conv")
    said = written(graph, detail="block")
    assert "convolution" in said
    assert "other operation" in said
    assert "padding" not in said
    assert "not known" not in said
    assert re.search(r"\b1 param\b", draw(graph, detail="layer"))
    graph.add(Opaque("Custom", (5,)), x, name="custom", weights=())
    assert "other operation, operation that is not known" in written(graph, detail="block")


def test_the_legend_tells_whose_kernel_and_whose_stride_it_is() -> None:
    assert "k3x3: kernel of the depthwise convolution." in written(small())
    assert "s2: stride 2, of a stage its first block's." in written(small(), detail="stage")
    graph = Graph("plain")
    x = graph.add(InputLayer((32, 32, 3)), name="image")
    with graph.scope("stage1"):
        x = graph.add(Conv2D(8, 3, strides=2), x, name="conv")
        x = graph.add(MaxPooling2D(), x, name="pool")
    assert "s2: stride 2." in written(graph, detail="stage")
    assert "kernel of" not in written(graph, detail="stage")
    with graph.scope("stage2"), graph.scope("block", 1, kind="Bottleneck"):
        x = graph.add(Conv2D(8, 3), x, name="conv")
        graph.add(ReLU(), x, name="relu")
    for detail in DETAILS:
        assert "k3x3: kernel of the convolution." in written(graph, detail=detail)


def lenet(graph: Graph) -> None:
    """LeNet-5 (LeCun 1998), and a part that makes the map larger again."""
    x = graph.add(InputLayer((28, 28, 1)), name="image")
    with graph.scope("first"):
        x = graph.add(Conv2D(6, 5, padding="same", activation="tanh"), x, name="conv")
        x = graph.add(AveragePooling2D(2), x, name="pool")
    with graph.scope("second"):
        x = graph.add(Conv2D(16, 5, activation="tanh"), x, name="conv")
        x = graph.add(AveragePooling2D(2), x, name="pool")
    with graph.scope("larger"):
        x = graph.add(UpSampling2D((2, 3)), x, name="up")
        x = graph.add(Cropping2D(1), x, name="crop")
        x = graph.add(Conv2D(16, 1), x, name="conv")


def resnet(graph: Graph) -> None:
    """The stem of ResNet-50 (He et al. 2015), a block that strides, and one of VGG (Simonyan 2014) that pools."""
    x = graph.add(InputLayer((224, 224, 3)), name="image")
    with graph.scope("stem"):
        x = graph.add(ZeroPadding2D(3), x, name="pad")
        x = graph.add(Conv2D(8, 7, strides=2), x, name="conv")
        x = graph.add(MaxPooling2D(3, strides=2, padding="same"), x, name="pool")
    with graph.scope("stage1"), graph.scope("block", 1, kind="ResNet"):
        y = graph.add(Conv2D(8, 3, strides=2, padding="same"), x, name="conv")
        x = graph.add(AveragePooling2D(2), x, name="shortcut")
        x = graph.add(Add(), x, y, name="add")
    with graph.scope("stage2"), graph.scope("block", 1, kind="VGG"):
        x = graph.add(Conv2D(8, 3, padding="same"), x, name="conv")
        x = graph.add(MaxPooling2D(2), x, name="pool")


def alexnet(graph: Graph) -> None:
    """The first layers of AlexNet (Krizhevsky 2012)."""
    x = graph.add(InputLayer((227, 227, 3)), name="image")
    with graph.scope("first"):
        x = graph.add(Conv2D(96, 11, strides=4, activation="relu"), x, name="conv")
        x = graph.add(MaxPooling2D(3, strides=2), x, name="pool")
    with graph.scope("second"):
        x = graph.add(Conv2D(256, 5, padding="same", groups=2, activation="relu"), x, name="conv")
        x = graph.add(MaxPooling2D(3, strides=2), x, name="pool")


@pytest.mark.parametrize("detail", ["stage", "block"])
@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lenet, ["InputLayer", "Conv2D 5x5 tanh + AveragePooling2D 2x2 s2", "Conv2D 5x5 tanh + AveragePooling2D 2x2 s2",
                 "UpSampling2D 2x3 + Cropping2D + Conv2D 1x1"]),
        (alexnet, ["InputLayer", "Conv2D 11x11 s4 relu + MaxPooling2D 3x3 s2",
                   "Conv2D 5x5 g2 relu + MaxPooling2D 3x3 s2"]),
        (resnet, ["InputLayer", "Conv2D 7x7 s2 + MaxPooling2D 3x3 s2", "ResNet k3x3 s2",
                  "VGG k3x3 + MaxPooling2D 2x2 s2"]),
    ],
)  # fmt: skip
def test_every_box_tells_what_changes_its_size(build: Any, says: list[str], detail: Any) -> None:
    graph = Graph("small")
    build(graph)
    assert [part.row.text for part in parts(graph, detail)] == says


@pytest.mark.parametrize("detail", ["stage", "block"])
def test_pooling_outside_of_blocks_is_told(detail: Any) -> None:
    dot = draw(unet(), detail=detail)
    said = re.sub("<[^>]+>", "|", {name: label for name, *_, label in NODE.findall(dot)}["down0"])
    assert [word for word in said.split("|") if word.strip(" >")][:6] == [
        "Conv2D 3x3", "+ MaxPooling2D 2x2 s2", "64x64x3 → 32x32x8", "224 params", "down0", "884.74 k MACs",
    ]  # fmt: skip


def test_templates() -> None:
    dot = draw(small(), detail="layer", label=r"{name}\n{output_shape} {params:,} {macs}")
    label = {name: label for name, *_, label in NODE.findall(dot)}["stem.conv"]
    assert ">stem.conv<" in label
    assert ">16x16x8 216 55.30 k<" in label
    assert ">&lt;b&gt; &amp; {}<" in draw(small(), label="<b> & {{}}")
    assert "\x07" not in draw(small(), label="\x07")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{nmae}", "unknown field 'nmae'; there are name, type, label"),
        ("{}", "unknown field ''"),
        ("{name.__class__}", "unknown field 'name.__class__'"),
        ("{params:q}", "params cannot be written as 'q'"),
        ("{name:d}", "name cannot be written as 'd'"),
        ("{name", "expected '}' before end of string"),
        (r" \n ", "the boxes would say nothing"),
        ("{name!x}", "Unknown conversion"),
        ("{name:{params}}", "more characters than a box can hold"),
    ],
)
def test_templates_that_cannot_be_filled(template: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        draw(small(), label=template)


def fill(dot: str, name: str) -> str:
    line = next(line for line in dot.splitlines() if line.startswith(f'"{name}" ['))
    found = re.search(r'fillcolor="(#\w+)"', line)
    assert found
    return found[1]


@pytest.mark.parametrize("measure", ["params", "macs", "activations"])
@pytest.mark.parametrize("name", theme.THEMES)
def test_heat_is_the_darker_or_brighter_the_more(name: Any, measure: Any) -> None:
    graph = graph_of("mobilenet_v2")
    dot = draw(graph, heat=measure, theme=name)
    shown = sorted(parts(graph, "block"), key=lambda part: part.cost(measure))
    shades = [theme.luminance(fill(dot, part.row.name)) for part in shown]
    steps = itertools.pairwise(reversed(shades) if name == "dark" else shades)
    assert all(darker <= lighter + 1e-9 for lighter, darker in steps)
    assert abs(shades[0] - shades[-1]) > 0.4
    whole = sum(part.cost(measure) for part in shown)
    assert f"0 to {100 * shown[-1].cost(measure) / whole:.1f}% of all" in dot


@pytest.mark.parametrize("bold", [False, True])
def test_widths_are_the_fonts(bold: bool) -> None:
    from PIL import ImageFont

    spec = find_spec("matplotlib")
    assert spec
    assert spec.origin
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    font = ImageFont.truetype(str(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / name), 2048)
    for character in [*map(chr, range(32, 127)), *"·×→–…"]:
        assert width(character, 2048, bold) == pytest.approx(font.getlength(character), abs=1), character
    assert width("漢", 10) == 10  # not in the font: as wide as high


def test_names_cannot_break_the_text() -> None:
    graph = Graph('a "b" \\ c')
    x: Node = graph.add(InputLayer((8, 8, 3)), name='in "quotes" \\N <&>')
    graph.add(Conv2D(4, 1), x, name="a -> b; c:n")
    import pygraphviz

    for detail, write in itertools.product(DETAILS, (as_dot, as_free_dot)):
        read = pygraphviz.AGraph(string=write(diagram(graph, Heading('"', ("\\N",)), Options(detail))))  # type: ignore[arg-type]
        assert any("a -> b; c:n" in name for name in read.nodes())


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("detail", DETAILS)
def test_a_free_layout_is_left_to_graphviz(detail: Any, direction: Any) -> None:
    import pygraphviz

    graph = graph_of("mobilenet_v3_small")
    composed = diagram(graph, Heading("of a test", ("all",)), Options(detail, direction=direction))
    text = as_free_dot(composed)
    assert not re.search(r"\b(pos|bb|width|height|size|layout|penwidth)=", text)
    read = pygraphviz.AGraph(string=text)
    assert len(read.edges()) == len(composed.chain.links)
    assert set(read.nodes()) == {item.name for item in composed.chain.items}
    assert {cluster.name.removeprefix("cluster_") for cluster in clusters(read)} == {
        frame.key for item in composed.chain.items for frame in item.frames
    }
    read.layout(prog="dot")
    places = {name: tuple(map(float, read.get_node(name).attr["pos"].split(","))) for name in read.nodes()}
    assert len(set(places.values())) == len(places)
    first, last = (places[composed.chain.items[index].name] for index in (0, -1))
    assert first[1] > last[1] if direction == "TB" else first[0] < last[0]


def clusters(graph: Any) -> list[Any]:
    return [each for inner in graph.subgraphs() for each in (inner, *clusters(inner))]
