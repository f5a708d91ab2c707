"""In which order the converter runs what could be run in several.

It imports TensorFlow's graph in reverse postorder of a depth-first search from all that reads nothing, which follows
what reads a tensor in the order of the names (tensorflow/core/graph/algorithm.cc, GetReversePostOrder, as
tensorflow/compiler/mlir/tf2xla/api/v2/graph_to_tf_executor.cc calls it). What reads nothing are the inputs and the
constants: so the branch whose layers come later in the alphabet is run later. Weights are visited last, and change
nothing: they are all called `ReadVariableOp` (export.formats.conversion), which comes before small letters.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cnncli.graph import Graph, Node, Role
from cnncli.graph.roles import KERNELS

FUNCTIONS = frozenset({"celu", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh", "silu"})
"""Activation functions that are computed with numbers of their own."""
WITH_CONSTANTS = frozenset({"Concatenate", "CustomScaleLayer"})
"""Of the layers that merge and of those that only train."""
NEITHER = frozenset({"MaxPooling2D", "AveragePooling2D", "Identity"})
PLAIN = frozenset({"Conv2D", "DepthwiseConv2D", "SeparableConv2D"})
"""Of the convolutions those that need no shapes for themselves."""


class Step(NamedTuple):
    """A layer, or of one that merges more than two inputs the place from which on it has read `inputs` of them."""

    node: Node
    inputs: int = 0


def steps(graph: Graph) -> list[Step]:
    """The layers in the converter's order."""
    made, readers = _wired(graph)
    scope = f"{graph.name}_1/"
    names = [_name(scope, step) for step in made]
    by_name = sorted(range(len(made)), key=names.__getitem__)
    rank = [0] * len(made)
    for place, step in enumerate(by_name):
        rank[step] = place
    for each in readers:
        if len(each) > 1:
            each.sort(key=rank.__getitem__)
    return [made[step] for step in _reverse_postorder([step for step in by_name if _begins(made[step])], readers)]


def _name(scope: str, step: Step) -> str:
    """As TensorFlow knows it: in the scope of the model; but the only input is `image` (export.format.INPUT_NAME)."""
    if not step.node.inputs and step.node.role is Role.INPUT:
        return "image"
    return f"{scope}{step.node.name}_1/{step.inputs or ''}"


def _begins(step: Step) -> bool:
    """Whether a constant within a layer's own scope is read there."""
    node, layer = step.node, step.node.layer
    if node.role is Role.INPUT:
        return True
    if node.role is Role.ACTIVATION:
        return layer.function in FUNCTIONS
    if node.role in (Role.MERGING, Role.TRAINING):
        averages = layer.combines == "mean" and step.inputs in (0, len(node.inputs))
        return node.type in WITH_CONSTANTS or averages
    if node.role in KERNELS:
        return layer.function in FUNCTIONS or _shapes(node)
    return node.type not in NEITHER or not node.inputs


def _shapes(node: Node) -> bool:
    """Whether a layer with a kernel brings anything to another shape: its bias, steps to maps, maps to a matrix."""
    layer: Any = node.layer
    if node.role is Role.DENSE:
        return len(node.shape) > 1
    dilation = getattr(layer, "dilation_rate", (1, 1))  # which a kernel that Keras lacks does not tell
    return node.type not in PLAIN or layer.use_bias or dilation != (1, 1)


def _wired(graph: Graph) -> tuple[list[Step], list[list[int]]]:
    """All steps, and of each those that read what it puts out."""
    made: list[Step] = []
    readers: list[list[int]] = []
    ends: list[int] = []  # of each node its last step
    for node in graph.nodes:
        sources = [ends[source.index] for source in node.inputs]
        if len(sources) > 2 and node.layer.combines:
            first, *others = sources
            for count, other in enumerate(others, 2):
                step = len(made)
                made.append(Step(node, count))
                readers.append([])
                readers[first].append(step)
                readers[other].append(step)
                first = step
        else:
            step = len(made)
            made.append(Step(node))
            readers.append([])
            for source in sources:
                readers[source].append(step)
        ends.append(len(made) - 1)
    return made, readers


def _reverse_postorder(roots: list[int], readers: list[list[int]]) -> list[int]:
    """What is pushed last is visited first, as there; `~step` leaves a step."""
    visited = [False] * len(readers)
    left: list[int] = []
    stack = list(roots)
    while stack:
        step = stack.pop()
        if step < 0:
            left.append(~step)
        elif not visited[step]:
            visited[step] = True
            stack.append(~step)
            stack.extend(readers[step])
    left.reverse()
    return left
