"""Where a layer stands in its network: what its cells see, what reads it, and its share of what the network costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.explain.arithmetic import Difference, Product, Sum, agreeing
from cnncli.analysis.explain.fact import Fact, Subject
from cnncli.analysis.metrics import Totals, metric
from cnncli.analysis.receptive_field import View, views
from cnncli.graph import Graph, Node

SHARED = ("params", "macs", "flops")
"""The figures of which a layer's share is told."""


def place_facts(graph: Graph, node: Node) -> Iterator[Fact]:
    yield from _seen(graph, node)
    yield from filter(None, (_share(graph, node, key) for key in SHARED))
    readers = tuple(reader.name for reader in graph.readers()[node.index])
    given = node in graph.outputs
    yield Fact(Subject.PLACE, "readers", len(readers), "layers", None, {"readers": readers, "output": given})


def _seen(graph: Graph, node: Node) -> Iterator[Fact]:
    """The receptive field: r + (k - 1) j, of what the input sees, the window, and how far apart its cells look."""
    seen = views(graph)
    here = seen[node.index]
    if here is None or here.pixels is None or not node.inputs:
        return
    before = [view for source in node.inputs if (view := seen[source.index]) is not None]
    window = node.window
    reckoned = [_grown(before[0], here, window, axis) for axis in (0, 1)] if len(before) == 1 and window else []
    grows = window is not None and max(window.extent) > 1
    shown = reckoned[0] if grows and len(set(reckoned)) == 1 else None
    yield Fact(Subject.PLACE, "receptive_field", here.pixels, "pixels", shown, {"step": here.step})


def _grown(before: View, here: View, window: Any, axis: int) -> Any:
    wider = Product((Difference(window.extent[axis], (1,)), _whole(before.stride[axis])))
    return agreeing(Sum((_whole(before.size[axis]), wider)), here.size[axis])


def _whole(number: float) -> Any:
    return int(number) if is_known(number) and number == int(number) else number


def _share(graph: Graph, node: Node, key: str) -> Fact | None:
    """A layer's part of a figure, and how many layers have more; nothing of what is not known or none."""
    whole, count = Totals(graph)[key], metric(key).layer
    if count is None or not is_known(whole) or not count(node):
        return None
    own = count(node)
    costs = [count(each) for each in graph.nodes]
    more, alike = sum(cost > own for cost in costs), sum(cost == own for cost in costs)
    about = {"of": whole, "rank": more + 1, "alike": alike, "among": sum(cost > 0 for cost in costs), "metric": key}
    return Fact(Subject.PLACE, f"{key}_share", own / whole, "", None, about)
