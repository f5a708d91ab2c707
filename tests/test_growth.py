"""A graph of 100,000 layers is an ordinary graph: no recursion, no quadratic work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from growth import chain, dense_blocks

from cnncli.analysis.metrics import Totals
from cnncli.analysis.report import report


@pytest.mark.parametrize(("make", "length"), [(chain, 100_000), (dense_blocks, 20_000)])
def test_a_long_graph_is_an_ordinary_graph(make, length: int) -> None:
    graph = make(length)
    assert length - 20 <= len(graph.nodes) <= length
    found = Totals(graph)
    assert found.layers == len(graph.nodes)
    assert sum(row.amounts["params"] for row in report(graph, 1).rows) == found.params
    assert repr(graph.nodes[-1])
    del graph  # freed without recursion too
