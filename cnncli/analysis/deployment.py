"""A network as it is deployed: the file's size, the memory that it needs, and where it needs most.

Each figure is computed when it is first asked for, and kept.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from cnncli.amounts import UNKNOWN, is_known, known_part
from cnncli.deployed import FLOAT32, KINDS, Operation, Plan, deployed
from cnncli.deployed.arena import arena_bytes, why_no_arena
from cnncli.deployed.lifetimes import Peak, live_bytes, peak
from cnncli.deployed.micro import tail_bytes
from cnncli.deployed.size import file_bytes
from cnncli.document.prose import enumerated
from cnncli.errors import UsageError, suggestion
from cnncli.graph import Graph, Node
from cnncli.graph.roles import KERNELS
from cnncli.written import read_choice


def read_kind(text: str) -> str:
    """A kind as it is spelt. Raises UsageError for another word."""
    kind = read_choice(text, KINDS)
    if kind is None:
        raise UsageError(f"dtype {text}: expected {enumerated(KINDS, 'or')}{suggestion(text, KINDS)}")
    return kind


class At(NamedTuple):
    """An operation, by TFLite's name, and the layer that it computes, if it computes one."""

    operation: str
    layer: str | None


class Deployment:
    """The figures of a plan, in bytes; UNKNOWN or AtLeast where something is not known."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._file: Any = None

    @property
    def is_read(self) -> bool:
        """Whether they are a file's own, not predicted."""
        return self.plan.file_bytes is not None

    @property
    def _is_nothing(self) -> bool:
        """Whether nobody can say anything of it, or it cannot be made."""
        return not self.plan.tensors or bool(self.plan.impossible)

    def tflite_bytes(self, graph: Graph) -> Any:
        """Of the file, in which the names of the graph's layers are; the graph is not kept for it."""
        if self._file is None:
            self._file = UNKNOWN if self._is_nothing else file_bytes(self.plan, graph)
        return self._file

    @cached_property
    def peak(self) -> Peak:
        return Peak(UNKNOWN, None) if self._is_nothing else peak(self.plan)

    @cached_property
    def arena_bytes(self) -> Any:
        """The head of TensorFlow Lite Micro's arena; UNKNOWN of what it does not run."""
        return UNKNOWN if self._is_nothing else arena_bytes(self.plan)

    @cached_property
    def why_no_arena(self) -> str:
        """Why nobody can say how large the arena must be; nothing where it can be said."""
        return "" if is_known(self.arena_bytes) else self.plan.impossible or why_no_arena(self.plan)

    @property
    def arena_tail_bytes(self) -> tuple[int, int] | None:
        """What TensorFlow Lite Micro keeps behind the head, an estimate: at least and at most; None of no arena."""
        return tail_bytes(self.plan) if is_known(self.arena_bytes) else None


_DEPLOYMENTS: WeakKeyDictionary[Graph, dict[str, Deployment]] = WeakKeyDictionary()


def deployment(graph: Graph, kind: str) -> Deployment:
    """A finished graph as one of `kinds_of`; made once."""
    made = _DEPLOYMENTS.setdefault(graph, {})
    if kind not in made:
        made[kind] = Deployment(deployed(graph, kind))
    return made[kind]


def kinds_of(graph: Graph) -> tuple[str, ...]:
    """What a network can be deployed as; a .tflite file that has been quantized only as what it is."""
    own = kind_as_it_is(graph)
    return KINDS if own == FLOAT32 else (own,)


def kind_as_it_is(graph: Graph) -> str:
    """What a network is deployed as unless something else is said: as float32, a .tflite file as what it is."""
    return graph.file_plan.kind if graph.file_plan else FLOAT32


def leader(graph: Graph, operation: Operation) -> Node | None:
    """The layer that an operation is named by: of those fused in it the kernel, else the first; None of no layer."""
    nodes = [graph.nodes[index] for index in operation.nodes]
    return next((node for node in nodes if node.role in KERNELS), nodes[0] if nodes else None)


def peak_at(graph: Graph, kind: str) -> At | None:
    """Where most memory is needed; None where there is no operation."""
    found = deployment(graph, kind)
    if found.peak.operation is None:
        return None
    operation = found.plan.operations[found.peak.operation]
    layer = leader(graph, operation)
    return At(operation.type, layer.name if layer else None)


def live_by_layer(graph: Graph) -> list[Any]:
    """Of each layer the most bytes that are live while it is computed, in float32, or as the .tflite file has it; None
    of those that cost no operation.
    """
    found: list[Any] = [None] * len(graph.nodes)
    plan = deployed(graph, kind_as_it_is(graph))
    for operation, live in zip(plan.operations, live_bytes(plan), strict=True):
        for node in operation.nodes:
            before = found[node]
            found[node] = live if before is None or known_part(live) > known_part(before) else before
    return found
