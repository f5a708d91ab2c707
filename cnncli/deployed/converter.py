"""What TFLite's converter makes of a graph, without TensorFlow.

As there, each layer is written in simple operations (`lowering`), in the order in which TensorFlow's graph is imported
(`order`), and those are fused (`fusing`). Held against files that the converter made (tests/test_deployed.py).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from cnncli.deployed.draft import Draft, Op, Value
from cnncli.deployed.fusing import fused, needed
from cnncli.deployed.lowering import LOWERINGS
from cnncli.deployed.moving import mean_of_sum
from cnncli.deployed.order import Step, steps
from cnncli.deployed.plan import FLOAT32, Constant, Operation, Plan, Tensor
from cnncli.graph import Graph, Role


def float_plan(graph: Graph, batch: int = 1) -> Plan:
    """The plan in float32: the operations of the file that is written of the graph, for a fixed batch."""
    draft = Draft(batch)
    made: dict[int, Value] = {}
    for step in steps(graph):
        made[step.node.index] = _lowered(draft, step, made)
    inputs = [made[node.index] for node in graph.inputs]
    outputs = [made[node.index] for node in graph.outputs]
    for value in outputs:
        value.uses += 1
    ops = fused(draft)
    outputs = [value.real for value in outputs]
    return _plan(needed(ops, outputs), inputs, outputs, draft.uncounted)


def _lowered(draft: Draft, step: Step, made: dict[int, Value]) -> Value:
    node, count = step
    if node.role is Role.INPUT:
        return Value(node.name, draft.batched(node.shape), node.dtype)
    if count:
        first = made[node.inputs[0].index] if count == 2 else made[node.index]
        inputs = [first, made[node.inputs[count - 1].index]]
    else:
        inputs = [made[source.index] for source in node.inputs]
    value = LOWERINGS[type(node.layer).__name__](draft, node, inputs)
    if node.layer.combines == "mean" and count in (0, len(node.inputs)):
        return mean_of_sum(draft, node, value)
    return value


def _plan(ops: list[Op], inputs: list[Value], outputs: list[Value], uncounted: Iterable[int]) -> Plan:
    """Inputs are the first tensors, then what is computed in the order of the operations; each constant once."""
    plan = Plan(FLOAT32, uncounted=tuple(dict.fromkeys(uncounted)))
    made = [*inputs, *[value for op in ops for value in op.outputs]]
    places = {id(value): place for place, value in enumerate(made)}
    plan.tensors = [Tensor(value.name, value.shape, value.dtype) for value in made]
    constants: dict[Hashable, int] = {}
    for op in ops:
        own = id(op) if op.type == "RESHAPE" else 0  # export gives each a shape of its own
        reads: list[int] = []
        held: list[int] = []
        for value in op.inputs:
            if value.key is None:
                reads.append(places[id(value)])
                continue
            key = (value.key, own) if own else value.key
            if key not in constants:
                constants[key] = len(constants)
                plan.constants.append(Constant(value.name, value.shape, value.dtype))
            held.append(constants[key])
        nodes = op.nodes if len(op.nodes) == 1 else tuple(dict.fromkeys(op.nodes))
        writes = tuple([places[id(value)] for value in op.outputs])
        plan.operations.append(Operation(op.type, tuple(reads), writes, tuple(held), nodes, op.function))
    plan.inputs = tuple([places[id(value)] for value in inputs])
    plan.outputs = tuple([places[id(value)] for value in outputs if value.key is None])
    return plan
