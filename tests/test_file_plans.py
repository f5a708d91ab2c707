"""What a .tflite file runs is read as it stands there, and stays with its layers however these are arranged."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from conftest import calls_of

from cnncli.amounts import UNKNOWN
from cnncli.deployed import deployed
from cnncli.deployed.lifetimes import peak
from cnncli.deployed.plan import Plan
from cnncli.graph import Graph
from cnncli.network import network
from cnncli.readers.opening import read_file
from cnncli.readers.reading import Settings

FILES = Path(__file__).parent / "files"


def read_plan(name: str, settings: Settings = Settings()) -> tuple[Graph, Plan]:
    graph = read_file(FILES / name, settings)[1].graph
    assert graph.file_plan is not None
    return graph, graph.file_plan


@pytest.mark.parametrize(
    ("name", "kind", "operations"),
    [("separable_int8.tflite", "int8-io", 6), ("open_size.tflite", "float32", 28), ("recurrent.tflite", "float32", 7)],
)
def test_kind_and_size(name: str, kind: str, operations: int) -> None:
    _, plan = read_plan(name)
    assert (plan.kind, len(plan.operations)) == (kind, operations)
    assert plan.file_bytes == (FILES / name).stat().st_size


def test_operations_tensors_and_constants() -> None:
    import tflite  # another reader of the same schema

    _, plan = read_plan("separable_int8.tflite")
    graph = tflite.Model.GetRootAs((FILES / "separable_int8.tflite").read_bytes(), 0).Subgraphs(0)
    tensors = [graph.Tensors(number) for number in range(graph.TensorsLength())]
    by_name = {tensor.Name().decode(): tensor for tensor in tensors}
    assert len(by_name) == len(tensors) == len(plan.tensors) + len(plan.constants)
    for each in (*plan.tensors, *plan.constants):
        assert list(each.shape) == [by_name[each.name].Shape(axis) for axis in range(by_name[each.name].ShapeLength())]
    for constant in plan.constants:
        quantization = by_name[constant.name].Quantization()
        assert constant.scales == (quantization.ScaleLength() if quantization else 0)
    for number, operation in enumerate(plan.operations):
        found = graph.Operators(number)
        held = [plan.tensors[each].name for each in operation.reads] + [
            plan.constants[each].name for each in operation.constants
        ]
        assert sorted(held) == sorted(
            tensors[found.Inputs(each)].Name().decode() for each in range(found.InputsLength())
        )
        assert [plan.tensors[each].name for each in operation.writes] == [tensors[found.Outputs(0)].Name().decode()]


def test_layers_of_operations_stay_when_they_are_grouped_and_pickled() -> None:
    graph = network(str(FILES / "separable_int8.tflite")).graph
    for each in (graph, pickle.loads(pickle.dumps(graph))):
        assert each.file_plan is not None
        named = [
            (operation.type, [each.nodes[node].type for node in operation.nodes])
            for operation in each.file_plan.operations
        ]
        assert named[0][0] in ("CONV_2D", "DEPTHWISE_CONV_2D")
        assert {"CONV_2D": "Conv2D", "DEPTHWISE_CONV_2D": "DepthwiseConv2D"}[named[0][0]] in named[0][1]
        assert all(layers for _, layers in named)
    assert graph.file_plan is not None
    assert graph.file_plan == pickle.loads(pickle.dumps(graph)).file_plan
    computed = {node for operation in graph.file_plan.operations for node in operation.nodes}
    assert computed == {node.index for node in graph.nodes} - {node.index for node in graph.inputs}


def test_it_is_what_is_deployed_of_its_kind() -> None:
    graph, plan = read_plan("separable_int8.tflite")
    assert deployed(graph, "int8-io") is plan
    assert deployed(graph, "float32") is not plan


def test_loops_are_told_as_uncounted() -> None:
    graph, plan = read_plan("recurrent.tflite")
    assert {graph.nodes[node].type for node in plan.uncounted} == {"WHILE", "Select"}
    assert not isinstance(peak(plan).bytes, int)


def test_open_sizes_are_unknown_until_they_are_settled() -> None:
    _, plan = read_plan("open_size.tflite")
    assert UNKNOWN in plan.tensors[plan.inputs[0]].shape
    assert not isinstance(peak(plan).bytes, int)
    graph, plan = read_plan("open_size.tflite", Settings(input_shapes={"": (32, 48, 3)}, batch=2))
    assert plan.tensors[plan.inputs[0]].shape == (2, 32, 48, 3)
    assert isinstance(peak(plan).bytes, int)
    for operation in plan.operations:
        given = plan.tensors[operation.writes[0]]
        if given.dtype == "float32" and given.shape[0] == 2:  # others compute shapes, or cut a map into a larger batch
            assert given.shape[1:] in [graph.nodes[node].shape for node in operation.nodes]


def test_a_plan_costs_little() -> None:
    """Of what is done to read a file, a fifth at most."""
    from cnncli.readers.tflite.plan import Planning

    made = []
    whole = calls_of(lambda: read_plan("separable_int8.tflite"))
    original = Planning.plan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Planning, "plan", lambda self, stored: made.append(calls_of(lambda: original(self, stored))) or Plan("")
        )
        network(str(FILES / "separable_int8.tflite"))
    assert 0 < made[0] < whole / 5
