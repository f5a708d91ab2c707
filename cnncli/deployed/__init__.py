"""Networks as they are deployed: what TFLite's converter makes of a graph, without TensorFlow."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from cnncli.deployed.converter import float_plan
from cnncli.deployed.kinds import as_kind
from cnncli.deployed.plan import FLOAT32, KINDS, Constant, Operation, Plan, Tensor
from cnncli.graph import Graph

__all__ = ["FLOAT32", "KINDS", "Constant", "Operation", "Plan", "Tensor", "deployed"]

_PLANS: WeakKeyDictionary[Graph, dict[tuple[str, int], Plan]] = WeakKeyDictionary()


def deployed(graph: Graph, kind: str = FLOAT32, batch: int = 1) -> Plan:
    """The plan of a finished graph, of one of KINDS; what was read in a file, where that is of this kind.

    It is made once a graph, kind and batch. Of a table of weights, which does not say what is computed, and of a file
    that has been quantized, of which no other kind is made, no operation is known.
    """
    own = graph.file_plan
    if batch == 1 and own is not None and own.kind == kind:
        return own
    quantized = own is not None and own.kind not in (FLOAT32, kind)
    if quantized or not graph.inputs:
        return Plan(kind, uncounted=tuple(range(len(graph.nodes))))
    return _predicted(graph, kind, batch)


def _predicted(graph: Graph, kind: str, batch: int) -> Plan:
    """The float32 plan is made of the graph, and every other of that."""
    plans = _PLANS.setdefault(graph, {})
    if (kind, batch) not in plans:
        plans[kind, batch] = (
            float_plan(graph, batch) if kind == FLOAT32 else as_kind(_predicted(graph, FLOAT32, batch), kind)
        )
    return plans[kind, batch]
