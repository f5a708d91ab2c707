"""Plans of float32 networks, against files that TensorFlow's converter made of them: tests/deployed_truth.py."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import at_small_size, calls_of, graph_of, networks
from deployed_layers import SMALL, activated_first, chain
from deployed_truth import facts, files_of, lines, plan_of

from cnncli.amounts import UNKNOWN, AtLeast
from cnncli.deployed import FLOAT32, KINDS, Plan, deployed
from cnncli.deployed.converter import float_plan
from cnncli.deployed.lifetimes import peak
from cnncli.deployed.lowering import LOWERINGS
from cnncli.graph import Graph, Layer, Role
from cnncli.graph import layers as every
from cnncli.graph.layers import LSTM, AnyConvolution, Cast, Conv2D, Elementwise, InputLayer, Opaque, TimeDistributed
from cnncli.models.catalogue import find_spec

TRUTH: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "deployed.json").read_text(encoding="utf-8"))
BASES = {"Layer", "Merge", "GlobalPooling"}


@pytest.mark.parametrize("reference", TRUTH["networks"])
def test_a_plan_has_what_the_file_has(reference: str) -> None:
    """Operations, tensors, constants and the peak; the file's own size is another thing."""
    measured = dict(TRUTH["networks"][reference][FLOAT32])
    measured.pop("bytes")
    assert facts(float_plan(graph_of(reference))) == measured


def test_every_layer_is_in_the_table() -> None:
    classes = {name for name, value in vars(every).items() if isinstance(value, type) and issubclass(value, Layer)}
    by_another_name = {"PlacedResizing"}  # which is called Resizing, and found so
    assert set(LOWERINGS) == classes - BASES - by_another_name - {"InputLayer"}


def _same(plan: Plan, file: Plan) -> None:
    """Operation by operation; of the constants, which are numbered otherwise in files, how many of each shape."""
    assert lines(plan) == lines(file)
    assert _constants(plan) == _constants(file)


def _constants(plan: Plan) -> Counter[Any]:
    return Counter((constant.shape, constant.dtype) for constant in plan.constants)


def _converted(graph: Graph) -> Plan:
    ((_, data),) = files_of(graph)
    return plan_of(data)


@pytest.mark.tf
@pytest.mark.parametrize("make", SMALL.values(), ids=SMALL)
def test_each_layer_as_the_converter_makes_it(make: Callable[[], Graph]) -> None:
    graph = make()
    _same(float_plan(graph), _converted(graph))


@pytest.mark.tf
@pytest.mark.parametrize(
    "reference",
    ["v1:alpha=0.25,input_shape=33x47", "v2:alpha=0.35,input_shape=45", "v3_small:input_shape=64", "b0:input_shape=64",
     "v1@article:alpha=0.25,input_shape=33", "v3_small@article:input_shape=64", "b0@article:input_shape=48"],
)  # fmt: skip
def test_a_network_as_the_converter_makes_it(reference: str) -> None:
    graph = graph_of(reference)
    _same(float_plan(graph), _converted(graph))


@pytest.mark.tf
@pytest.mark.exhaustive
@pytest.mark.parametrize("reference", [each.values[0] for each in networks()])
def test_every_network_as_the_converter_makes_it(reference: str) -> None:
    name, _, flavor = str(reference).partition("@")
    graph = graph_of(at_small_size(name, flavor))
    _same(float_plan(graph), _converted(graph))


@pytest.mark.parametrize("reference", networks())
def test_every_layer_is_computed_somewhere(reference: str) -> None:
    """But for those that do nothing: linear activations, statistics that are not adapted yet."""
    graph = graph_of(reference)
    plan = float_plan(graph)
    named = {node for operation in plan.operations for node in operation.nodes}
    nothing = {"linear"}
    left_out = [
        node for node in graph.nodes if node.index not in named and node.role is not Role.INPUT and not node.layer.free
    ]
    assert all(node.type == "Normalization" or node.layer.function in nothing for node in left_out), left_out
    assert plan.uncounted == ()


def test_a_sequence_of_thousands_of_millions_is_not_written_out() -> None:
    graph = Graph("long")
    x = graph.add(InputLayer((2**31, 8, 8, 3)), name="image")
    graph.add(TimeDistributed(Conv2D(4, 3)), x, name="each")
    plan = float_plan(graph)
    assert plan.uncounted == (1,)
    assert len(plan.operations) == 1


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in SMALL.items()])
def test_an_operation_names_a_layer_once(make: Callable[[], Graph]) -> None:
    """Also one that computes several steps of the layer."""
    graph = make()
    for kind in KINDS:
        for operation in deployed(graph, kind).operations:
            assert len(set(operation.nodes)) == len(operation.nodes), (kind, operation)


def test_tensors_are_named_as_the_last_layer_that_is_fused() -> None:
    plan = float_plan(graph_of("v1:alpha=0.25,input_shape=96"))
    first = plan.operations[0]
    assert (first.type, first.function) == ("CONV_2D", "RELU6")
    assert plan.tensors[first.writes[0]].name == "stem.stem_activation"
    assert len(first.nodes) == 3
    assert [plan.tensors[tensor].name for tensor in plan.inputs] == ["image"]


def test_a_batch() -> None:
    """Tensors that are computed grow with it, constants do not."""
    one, four = (float_plan(graph_of("v2:alpha=0.35,input_shape=96"), batch) for batch in (1, 4))
    assert [tensor.bytes * 4 for tensor in one.tensors] == [tensor.bytes for tensor in four.tensors]
    assert one.constants == four.constants


@pytest.mark.parametrize("layer", [LSTM(3), Opaque("Foo", (3,)), Elementwise("Erf")], ids=lambda layer: layer.type)
def test_what_nobody_knows_is_uncounted(layer: Layer) -> None:
    graph = chain(layer, shape=(8, 4))
    plan = float_plan(graph)
    assert plan.uncounted == (1,)
    assert isinstance(peak(plan).bytes, AtLeast)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kernel_that_keras_lacks_is_uncounted_by_whatever_name_it_has(kind: str) -> None:
    """With strides and gaps at once, as a file may hold it and call it Conv2D."""
    graph = Graph("any")
    image = graph.add(InputLayer((8, 8, 4)), name="image")
    graph.add(AnyConvolution("Conv2D", (4, 4, 4), (3, 3, 4, 4), 16), image, name="conv")
    assert deployed(graph, kind).uncounted or deployed(graph, kind).impossible


def test_a_network_of_integers_is_not_told_as_one_of_floats() -> None:
    """It was quantized: of floats it would take four times as much. A picture that becomes floats at once may be so."""
    graph = Graph("integers")
    picture = graph.add(InputLayer((8, 8, 4)), name="picture", dtype="uint8")
    graph.add(Cast("float32"), picture, name="floats", dtype="float32")
    assert float_plan(graph).uncounted == ()
    graph.add(Elementwise("Abs"), picture, name="integers")
    plan = float_plan(graph)
    assert plan.uncounted == (2,)
    assert isinstance(peak(plan).bytes, AtLeast)


def test_operations_of_files() -> None:
    plan = float_plan(chain(Elementwise("Sqrt"), Elementwise("Divide", (4,)), shape=(8, 8, 4)))
    assert [operation.type for operation in plan.operations] == ["SQRT", "DIV"]
    assert plan.uncounted == ()
    assert [constant.shape for constant in plan.constants] == [(4,)]


def test_branches_run_in_the_order_of_their_names() -> None:
    """TensorFlow's graph knows no other: not in the order in which they were written."""
    graph = Graph("named")
    image = graph.add(InputLayer((8, 8, 4)), name="image")
    made = [graph.add(Conv2D(4, 1), image, name=name) for name in ("zebra", "ape")]
    graph.add(every.Add(), *made, name="both")
    plan = float_plan(graph)
    assert [plan.tensors[each.writes[0]].name for each in plan.operations] == ["ape", "zebra", "both"]


def test_weights_do_not_order_branches() -> None:
    """Only what a layer reads of its own does, as batch norm's epsilon: WRN-28-10's shortcuts run first."""
    plan = float_plan(activated_first())
    assert [plan.tensors[each.writes[0]].name for each in plan.operations] == [
        "before_relu", "shortcut", "first_relu", "second", "add",
    ]  # fmt: skip


def test_the_plan_is_made_once() -> None:
    graph = graph_of("v1")
    assert deployed(graph) is deployed(graph)


def test_plans_grow_with_the_network() -> None:
    """As many calls a layer, however many layers there are."""
    small, large = (graph_of(name) for name in ("efficientnet_b0", "efficientnet_b7"))
    each = [calls_of(lambda graph=graph: float_plan(graph)) / len(graph.nodes) for graph in (small, large)]  # type: ignore[misc]
    assert each[1] < 1.2 * each[0]


def test_the_known_peaks() -> None:
    """EfficientNet-B0's: three maps of 112x112x96, one of which is its sigmoid."""
    assert find_spec("efficientnet_b0").flavors
    found = peak(float_plan(graph_of("efficientnet_b0")))
    assert found.bytes == 3 * 112 * 112 * 96 * 4 == 14_450_688


@pytest.mark.parametrize("name", SMALL)
def test_open_sizes_are_no_obstacle(name: str) -> None:
    """A file may leave a map's sizes open: the operations are told all the same."""
    graph = Graph("open")
    made: list[Any] = []
    for node in SMALL[name]().nodes:
        sizes = (*(UNKNOWN for _ in node.shape[:-1]), node.shape[-1])
        layer = node.layer if node.inputs else InputLayer(sizes)
        made.append(graph.add(layer, *(made[source.index] for source in node.inputs), name=node.name))
    plan = float_plan(graph)
    assert plan.operations
    assert len(plan.inputs) == len(plan.outputs) == 1
