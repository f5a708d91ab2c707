"""What a layer is and holds where the network is deployed: the operations that compute it, and their tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnncli.amounts import is_known, known_part
from cnncli.analysis.deployment import deployment, kind_as_it_is
from cnncli.analysis.explain.arithmetic import Product, agreeing, total
from cnncli.analysis.explain.fact import Fact, Subject
from cnncli.analysis.timeline import shapes_of_one
from cnncli.deployed import Plan, Tensor
from cnncli.deployed.lifetimes import held_at, live_bytes
from cnncli.graph import Graph, Node
from cnncli.graph.dtypes import in_bytes


def memory_facts(graph: Graph, node: Node) -> Iterator[Fact]:
    """The operations of a layer in float32, or as the .tflite file has them; that there is none; nothing if unknown."""
    kind = kind_as_it_is(graph)
    found = deployment(graph, kind)
    plan = found.plan
    places = [place for place, operation in enumerate(plan.operations) if node.index in operation.nodes]
    if node.index in plan.uncounted or plan.impossible or not plan.tensors:
        yield Fact(Subject.MEMORY, "unknown", None, "", None, {"kind": kind})
        return
    if not places:
        yield Fact(Subject.MEMORY, "no_operation", None, "", None, {"kind": kind, "input": not node.inputs})
    live = live_bytes(plan)
    shapes = shapes_of_one(plan)
    for place in places:
        yield _operation(graph, plan, place, node, kind)
        operation = plan.operations[place]
        yield _sized("reads", plan, dict.fromkeys(operation.reads), shapes)
        yield _sized("writes", plan, dict.fromkeys(operation.writes), shapes)
        if operation.constants:
            yield _sized_constants(plan, operation.constants)
        yield _live(plan, place, live[place], shapes, found.peak.bytes)


def _operation(graph: Graph, plan: Plan, place: int, node: Node, kind: str) -> Fact:
    operation = plan.operations[place]
    others = tuple(graph.nodes[index].name for index in operation.nodes if index != node.index)
    about = {"with": others, "function": operation.function, "kind": kind, "number": place, "of": len(plan.operations)}
    return Fact(Subject.MEMORY, "operation", operation.type, "", None, about)


def _sized(key: str, plan: Plan, tensors: Any, shapes: Sequence[Any], value: Any = None, **about: Any) -> Fact:
    """Some tensors by their places, and what they take together."""
    terms = [_bytes(plan.tensors[tensor], plan) for tensor in tensors]
    whole = sum(plan.tensors[tensor].bytes for tensor in tensors) if value is None else value
    reckoned = agreeing(total(*terms), whole) if terms and is_known(whole) else None
    told = tuple((shapes[tensor], plan.tensors[tensor].dtype) for tensor in tensors)
    return Fact(Subject.MEMORY, key, whole, "bytes", reckoned, {"tensors": told, **about})


def _sized_constants(plan: Plan, constants: Sequence[int]) -> Fact:
    found = [plan.constants[place] for place in dict.fromkeys(constants)]
    whole = sum(each.bytes for each in found)
    terms = [Product((*each.shape, in_bytes(1, each.dtype))) for each in found]
    return Fact(
        Subject.MEMORY, "constants", whole, "bytes", agreeing(total(*terms), whole) if is_known(whole) else None
    )


def _bytes(tensor: Tensor, plan: Plan) -> Any:
    """A tensor's bytes as a product; an axis for a batch of one is not worth a word."""
    shape = tensor.shape[1:] if plan.batch == 1 and tensor.shape[:1] == (1,) and len(tensor.shape) > 1 else tensor.shape
    return Product((*shape, in_bytes(1, tensor.dtype)))


def _live(plan: Plan, place: int, live: Any, shapes: Sequence[Any], peak: Any) -> Fact:
    """All that is held while the operation runs, the largest first, and the most that the network ever holds."""
    there = sorted(held_at(plan, place), key=lambda tensor: -known_part(plan.tensors[tensor].bytes))
    operation = plan.operations[place]
    own = {*operation.reads, *operation.writes}
    waiting = tuple(shapes[tensor] for tensor in there if tensor not in own)
    return _sized("live", plan, there, shapes, live, waiting=waiting, peak=peak)
