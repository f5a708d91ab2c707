"""Networks as they are deployed: what TFLite's converter makes of a graph, without TensorFlow.

A graph becomes a float32 plan (`converter`): its layers, in the converter's order (`order`), are written in simple
operations (`lowering`, one table by layers' classes; `kernels`, `functions`, `normalizing`, `moving` and `foreign` have
what it names), in a draft (`draft`) in which some are then fused, folded and left out (`fusing`). The plan (`plan`) is
operations, the tensors that they compute and the constants that the file holds. `kinds` makes those of other kinds of
it, `quantized` the int8 one, by the ranges of `scales`. Of any plan, a file's too, `lifetimes` tells when tensors live
and where most do, `arena` where TFLite Micro puts them (`micro`: what its kernels can and ask for), `reorder` whether
another order takes less, and `size` with `names` what the file weighs.

A new layer is a line in LOWERINGS and a function beside its like; a new kind a line in KINDS and one in kinds._MAKERS;
an operation for which TFLite gets a kernel of integers a word in one of the sets of `scales`.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from cnncli.deployed.plan import FLOAT32, INT8, INT8_IO, KINDS, Constant, Operation, Plan, Tensor
from cnncli.graph import Graph

__all__ = ["FLOAT32", "KINDS", "Constant", "Operation", "Plan", "Tensor", "deployed"]

_PLANS: WeakKeyDictionary[Graph, dict[tuple[str, int], Plan]] = WeakKeyDictionary()


def deployed(graph: Graph, kind: str = FLOAT32, batch: int | None = None) -> Plan:
    """The plan of a finished graph, of one of KINDS; what was read in a file, where that is of this kind and batch.

    Without a batch it is the file's own, or one example. No operation is known of a table of weights, which does not
    say what is computed, and of a file that has been quantized, of which no other is made.
    """
    own = graph.file_plan
    if own is not None and own.kind == kind and batch in (None, own.batch):
        return own
    if not graph.inputs or (own is not None and own.kind != FLOAT32):
        return Plan(kind, uncounted=tuple(range(len(graph.nodes))))
    return _predicted(graph, kind, batch or 1)


def _predicted(graph: Graph, kind: str, batch: int) -> Plan:
    """Made once a graph, kind and batch: int8-io of int8, all others of float32."""
    from cnncli.deployed.converter import float_plan  # with all rules of fusing: what was read in a file needs none
    from cnncli.deployed.kinds import as_kind

    plans = _PLANS.setdefault(graph, {})
    if (kind, batch) not in plans:
        source = None if kind == FLOAT32 else _predicted(graph, INT8 if kind == INT8_IO else FLOAT32, batch)
        plans[kind, batch] = as_kind(source, kind) if source else float_plan(graph, batch)
    return plans[kind, batch]
