"""A graph goes to another process: whole, however deep it is, and in time that grows with its length."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, fields

import pytest
from conftest import graph_of

from cnncli.graph import Graph, Node
from cnncli.graph.layers import InputLayer, ReLU
from cnncli.graph.transport import flattened, restored


def chain(length: int) -> Graph:
    graph = Graph("chain")
    x = graph.add(InputLayer((8, 8, 3)), name="image")
    for number in range(length):
        x = graph.add(ReLU(), x, name=f"layer{number}")
    return graph


def test_a_deep_graph_comes_back() -> None:
    graph = chain(100_000)
    data = pickle.dumps(graph)
    found = pickle.loads(data)
    assert [node.name for node in found.nodes] == [node.name for node in graph.nodes]
    assert all(node.inputs == (source,) for source, node in zip(found.nodes, found.nodes[1:], strict=False))
    assert len(data) < 12 * len(pickle.dumps(chain(10_000)))


@pytest.mark.parametrize("reference", ["mobilenet_v3_small", "efficientnet_b0"])
def test_every_field_comes_back(reference: str) -> None:
    graph = graph_of(reference)
    assert graph.nodes[3].costs  # counted, and kept from now on
    found = pickle.loads(pickle.dumps(graph))
    for before, after in zip(graph.nodes, found.nodes, strict=True):
        for name in (each.name for each in fields(Node)):
            if name != "inputs":
                assert getattr(after, name) == getattr(before, name)
        assert [source.index for source in after.inputs] == [source.index for source in before.inputs]
        assert all(source is found.nodes[source.index] for source in after.inputs)
    assert {key: value for key, value in vars(found).items() if key != "nodes"} == {
        key: value for key, value in vars(graph).items() if key != "nodes"
    }


def test_a_graph_that_came_back_can_be_added_to() -> None:
    found = pickle.loads(pickle.dumps(chain(2)))
    added = found.add(ReLU(), found.nodes[-1], name="last")
    assert (added.index, found.outputs) == (3, (added,))


@dataclass(eq=False)
class Knot:
    """A node with references of every sort."""

    index: int
    shares: Knot | None = None
    inputs: tuple[Knot, ...] = ()
    ends: list[Knot] = field(default_factory=list)
    named: dict[str, Knot] = field(default_factory=dict)
    shape: tuple[int | None, ...] = (1, None)


def test_references_are_found_wherever_they_stand() -> None:
    first, second = Knot(0), Knot(1)
    second.shares, second.inputs, second.ends, second.named = first, (first, first), [first], {"first": first}
    state = flattened({"nodes": [first, second], "outputs": (second,), "name": "knots"}, Knot)
    found = restored(pickle.loads(pickle.dumps(state)), Knot)
    first, second = found["nodes"]
    assert (found["outputs"], found["name"]) == ((second,), "knots")
    assert (second.shares, second.inputs, second.ends) == (first, (first, first), [first])
    assert (second.named, second.shape) == ({"first": first}, (1, None))


@pytest.mark.tf
def test_the_keras_model_is_the_same() -> None:
    from cnncli.keras_model import lower, quiet

    graph = graph_of("v3_small", input_shape="32")
    with quiet():
        before, after = lower(graph), lower(pickle.loads(pickle.dumps(graph)))
    assert after.get_config() == before.get_config()
    assert [weight.path for weight in after.weights] == [weight.path for weight in before.weights]
