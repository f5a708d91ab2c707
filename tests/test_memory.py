"""The sum of live tensors, against the files that TensorFlow's converter makes of the same networks."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import pytest
from conftest import graph_of

from cnncli.analysis.metrics import peak_activation_bytes
from cnncli.graph import Graph
from cnncli.graph.layers import ACTIVATION_FLOPS, Activation, Conv2D, InputLayer

pytestmark = pytest.mark.tf


def converted(graph: Graph) -> bytes:
    from cnncli.export.formats.conversion import concrete_function, convert
    from cnncli.keras_model import lower

    model = lower(graph)  # the function holds its variables weakly
    return convert(concrete_function(model, 1), "none", lambda: iter(()))


def live_bytes(data: bytes) -> Iterator[int]:
    """The tensors that live while each operation of a file computes."""
    from cnncli.export.formats.flatbuffer import read

    model = read(data)
    (graph,) = model.subgraphs
    sizes = [4 * prod(map(int, tensor.shape)) for tensor in graph.tensors]
    constant = {at for at, tensor in enumerate(graph.tensors) if model.buffers[tensor.buffer].data is not None}
    steps = [({*map(int, each.inputs)} - {-1} - constant, {*map(int, each.outputs)}) for each in graph.operators]
    live = {*map(int, graph.inputs)}
    for step, (_, written) in enumerate(steps):
        live |= written
        yield sum(sizes[tensor] for tensor in live)
        needed = set().union(*(reads for reads, _ in steps[step + 1 :]), map(int, graph.outputs))
        live &= needed


@pytest.mark.parametrize("function", ACTIVATION_FLOPS)
def test_tensors_of_each_activation_function(function: str) -> None:
    graph = Graph("activation")
    x = graph.add(InputLayer((8, 8, 1)), name="image")
    x = graph.add(Conv2D(4, 3, padding="same"), x, name="conv")
    x = graph.add(Activation(function), x, name="activation")
    graph.add(Conv2D(1, 1), x, name="last")
    live = max(live_bytes(converted(graph)))
    if function == "hard_sigmoid":  # computed by the two convolutions, as its factor of 1/6 can be here
        assert live < peak_activation_bytes(graph)
    else:
        assert live == peak_activation_bytes(graph)


@pytest.mark.parametrize(
    "reference",
    ["v1:alpha=0.25,input_shape=33x47", "v2:alpha=0.35,input_shape=45", "v3_small:input_shape=64", "b0:input_shape=64",
     "v1@article:alpha=0.25,input_shape=33", "v3_small@article:input_shape=64", "b0@article:input_shape=48"],
)  # fmt: skip
def test_peak_of_networks(reference: str) -> None:
    graph = graph_of(reference)
    assert max(live_bytes(converted(graph))) == peak_activation_bytes(graph)
