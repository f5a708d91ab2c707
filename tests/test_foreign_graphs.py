"""Graphs as other people's models are: several outputs, opaque layers, open sizes, layers applied twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cnncli.amounts import AtLeast
from cnncli.analysis.metrics import Totals
from cnncli.analysis.structure import structural_hash
from cnncli.errors import CheckFailed, LayerError
from cnncli.graph import UNKNOWN, Graph, Weight
from cnncli.graph.layers import (
    Add,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    InputLayer,
    MaxPooling2D,
    Opaque,
    ReLU,
    Reshape,
)
from cnncli.library import Network, from_graph


def two_outputs() -> Graph:
    graph = Graph("two_outputs")
    image = graph.add(InputLayer((32, 32, 3)), name="image")
    meta = graph.add(InputLayer((8,)), name="meta")
    x = graph.add(Conv2D(8, 3, padding="same", activation="relu"), image, name="conv")
    features = graph.add(GlobalAveragePooling2D(), x, name="pool")
    x = graph.add(Concatenate(), features, meta, name="join")
    classes = graph.add(Dense(10, activation="softmax"), x, name="classes")
    graph.give(classes, features)
    return graph


def opaque(known: bool = False) -> Graph:
    graph = Graph("opaque")
    x = graph.add(InputLayer((32, 32, 3)), name="image")
    x = graph.add(Conv2D(8, 3, padding="same"), x, name="conv")
    weights = [Weight("table", (8, 100))] if known else None
    x = graph.add(Opaque("Mystery", (16, 16, 8)), x, name="mystery", weights=weights)
    x = graph.add(Conv2D(4, 3), x, name="after")
    graph.add(Opaque("Riddle", (5,)), x, name="riddle", weights=[])
    return graph


def open_size() -> Graph:
    graph = Graph("open_size")
    x = graph.add(InputLayer((UNKNOWN, UNKNOWN, 3)), name="image")
    x = graph.add(Conv2D(8, 3, strides=2, padding="same"), x, name="conv")
    x = graph.add(MaxPooling2D(), x, name="pool")
    y = graph.add(Conv2D(8, 1), x, name="branch")
    x = graph.add(Add(), x, y, name="add")
    x = graph.add(GlobalAveragePooling2D(), x, name="head")
    graph.add(Dense(10), x, name="classes")
    return graph


def twice() -> Graph:
    graph = Graph("twice")
    image = graph.add(InputLayer((16, 16, 4)), name="image")
    first = graph.add(Conv2D(4, 3, padding="same"), image, name="conv")
    relu = graph.add(ReLU(), first, name="relu")
    again = graph.add(Conv2D(4, 3, padding="same"), relu, name="conv:2", shares=first)
    graph.add(Add(), relu, again, name="add")
    return graph


GRAPHS = {make.__name__: make for make in (two_outputs, opaque, open_size, twice)}
CONV = 3 * 3 * 3 * 8 + 8


def test_two_outputs() -> None:
    graph = two_outputs()
    assert [node.name for node in graph.inputs] == ["image", "meta"]
    assert [node.name for node in graph.outputs] == ["classes", "pool"]
    assert [node.name for node in graph.leaves] == ["classes"]
    assert Totals(graph).params == CONV + 16 * 10 + 10
    plain = two_outputs()
    plain.give()
    assert structural_hash(graph) != structural_hash(plain)


def test_what_an_opaque_layer_costs_is_unknown_and_told_as_such() -> None:
    totals = Totals(opaque())
    assert isinstance(totals.params, AtLeast)
    assert totals.params.known == CONV + 3 * 3 * 8 * 4 + 4
    assert totals.macs.known == 32 * 32 * 3 * 3 * 3 * 8 + 14 * 14 * 3 * 3 * 8 * 4
    assert [node.name for node in totals.uncounted()] == ["mystery", "riddle"]
    assert totals.receptive_field is None
    known = Totals(opaque(known=True))
    assert known.params == CONV + 800 + 3 * 3 * 8 * 4 + 4
    assert isinstance(known.macs, AtLeast)


def test_open_sizes_go_through_the_network() -> None:
    graph = open_size()
    assert graph.nodes[-2].shape == (8,)
    assert graph.nodes[3].shape == (UNKNOWN, UNKNOWN, 8)
    totals = Totals(graph)
    assert totals.params == CONV + (8 * 8 + 8) + (8 * 10 + 10)
    assert totals.macs.known == 80
    assert [node.name for node in totals.uncounted()] == ["conv", "pool", "branch", "add", "head"]
    assert totals.receptive_field == (5, 5)
    assert isinstance(totals.peak_activation_bytes, AtLeast)


def test_open_sizes_are_no_excuse() -> None:
    graph = Graph("open")
    x = graph.add(InputLayer((UNKNOWN, 8, 3)), name="image")
    with pytest.raises(LayerError):
        graph.add(Conv2D(4, 9), x, name="too_wide")
    with pytest.raises(LayerError):
        graph.add(Add(), x, graph.add(Conv2D(4, 1), x, name="conv"), name="unlike")
    assert graph.add(Flatten(), x, name="flat").shape == (UNKNOWN,)
    assert graph.add(Reshape((-1, 6)), x, name="reshaped").shape == (UNKNOWN, 6)
    assert graph.add(Dense(2), graph.nodes[-2], name="dense").params is UNKNOWN


def test_a_layer_applied_twice_counts_its_weights_once_and_its_work_twice() -> None:
    totals = Totals(twice())
    kernel = 3 * 3 * 4 * 4
    assert totals.params == totals.trainable_params == kernel + 4
    assert totals.macs == 2 * 16 * 16 * kernel


def test_a_tensor_of_a_file_that_two_layers_read_counts_once() -> None:
    graph = Graph("tied")
    x = graph.add(InputLayer((4,)), name="features")
    tied = Weight("kernel", (4, 4), identity="embedding")
    for name in ("one", "two"):
        x = graph.add(Dense(4), x, name=name, weights=[tied, Weight("bias", (4,), dtype="float16")])
    assert [node.params for node in graph.nodes] == [0, 20, 4]
    assert [len(node.weights) for node in graph.nodes] == [0, 2, 2]


@pytest.fixture(params=GRAPHS)
def foreign(request: pytest.FixtureRequest) -> Network:
    return from_graph(GRAPHS[request.param]())


def data(network: Network, view: str) -> Any:
    from cnncli.render.formats import write
    from cnncli.views.summary import summary_document

    return json.loads(write(summary_document(network), view))


def test_summary_as_table_and_json(foreign: Network) -> None:
    graph = foreign.graph
    text = foreign.summary()
    for node in graph.nodes:
        assert node.name in text
    assert text.startswith(graph.name)
    found = data(foreign, "json")
    assert [row["name"] for row in found["layers"]] == [node.name for node in graph.nodes]
    several = len(graph.inputs) > 1 or len(graph.outputs) > 1
    if several:
        assert [each["name"] for each in found["inputs"]] == ["image", "meta"]
        assert [each["name"] for each in found["outputs"]] == ["classes", "pool"]
        assert "Inputs          image 32x32x3 float32, meta 8 float32" in text
        assert "Outputs         classes 10 float32, pool 8 float32" in text
    uncounted = Totals(graph).uncounted()
    assert [each["name"] for each in found.get("uncounted", [])] == [node.name for node in uncounted]


def test_summary_of_what_is_not_known() -> None:
    text = from_graph(opaque()).summary()
    assert "Params          at least 516" in text
    assert "2 layers uncounted (Mystery, Riddle)" in text
    assert " ?" in next(line for line in text.splitlines() if line.startswith("mystery"))
    found = data(from_graph(opaque()), "json")
    (mystery,) = [row for row in found["layers"] if row["name"] == "mystery"]
    assert (mystery["params"], mystery["macs"], mystery["type"]) == (None, None, "Mystery")
    assert found["totals"]["params"] == 516
    found = data(from_graph(open_size()), "json")
    assert found["input_shape"] == [None, None, 3]


def test_a_layer_applied_twice_in_the_table() -> None:
    rows = data(from_graph(twice()), "json")["layers"]
    assert [row["params"] for row in rows] == [0, 148, 0, 0, 0]
    assert rows[3]["shares"] == "conv"


def test_check_takes_unknown_for_failure() -> None:
    from_graph(two_outputs()).check(max_params=500, max_layers=6)
    with pytest.raises(CheckFailed, match="at least 516"):
        from_graph(opaque()).check(max_params=10**9)
    with pytest.raises(CheckFailed, match="unknown|at least"):
        from_graph(open_size()).check(max_macs="100G")
    from_graph(open_size()).check(max_params=1_000)
    with pytest.raises(CheckFailed, match="148"):
        from_graph(twice()).check(max_params=147)


@pytest.mark.parametrize("name", GRAPHS)
def test_compare_with_itself_and_with_another(name: str) -> None:
    from cnncli.analysis.compare.comparison import entry
    from cnncli.render.formats import write
    from cnncli.views.compare import Asked, comparison_document

    one, other = from_graph(GRAPHS[name]()), from_graph(two_outputs())
    for pair in ((one, one), (one, other), (other, one)):
        for diff, explain in ((True, False), (False, True), (False, False)):
            document = comparison_document([entry(each) for each in pair], Asked(diff=diff, explain=explain))
            text = write(document, "table")
            assert pair[0].name in text
            json.loads(write(document, "json"))
    same = comparison_document([entry(one), entry(one)], Asked(diff=True))
    assert "are identical" in write(same, "table")


@pytest.mark.parametrize("detail", ["stage", "block", "layer"])
def test_plot(foreign: Network, tmp_path, detail: str) -> None:
    for suffix in ("svg", "dot"):
        foreign.plot(tmp_path / f"x.{suffix}", detail=detail)
        drawn = (tmp_path / f"x.{suffix}").read_text()
        for node in foreign.graph.nodes:
            assert node.name in drawn
