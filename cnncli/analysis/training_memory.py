"""What training a network holds in memory, at least: what backpropagation reads again, weights, gradients, slots.

Which tensors a gradient needs follows from its rule, whatever the framework:

- what a kernel, or a normalization by statistics of the batch, is applied to: the gradient of a kernel is made of the
  kernel's input (Goodfellow, Bengio and Courville, Deep Learning, 2016, section 9.5), that of a batch's mean and
  variance of what was normalized (Ioffe and Szegedy, Batch Normalization, 2015, section 3);
- what an activation function is applied to, where the output does not tell it (silu, hard_silu, gelu and mish fall and
  rise); of any other function the output will do (Rota Bulo, Porzi and Kontschieder, In-Place Activated BatchNorm,
  2018), so that where input or output is held anyway, nothing is added;
- of a product each factor whose fellow is trained.

Sums, concatenations and means need the shapes alone. Reshapes, dropout and padding hold no tensor of their own: a
kernel can pad by itself what it is applied to.
Each tensor counts once. Frameworks hold more, such as masks of dropout, the places of maxima, work space and tensors
of which the gradient is being computed; computing activations a second time holds less and takes longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, is_known, total
from cnncli.analysis.labels import Label, group_label
from cnncli.graph import Graph, Node, Role, Scope, Shape, fold
from cnncli.graph.roles import KERNELS

SLOTS = {"sgd": 0, "momentum": 1, "adam": 2}
"""Optimizer -> copies of the trained weights that it keeps: none, the velocity, both moments."""
FOUR = 4
"""Bytes of a float32, in which training is counted."""
AMBIGUOUS = frozenset({"silu", "hard_silu", "gelu", "mish"})
"""Functions that fall and rise, so that an output does not tell its input."""
CONVENTION = (
    "a lower bound, in float32: the tensors that backpropagation reads again, each once (inputs of kernels and of "
    "normalizations, inputs or outputs of activation functions, factors of products), all weights, gradients of the "
    "trainable ones and the optimizer's copies of these; without dropout's masks, places of maxima and work space; "
    "recomputed activations would take less"
)


PARTS = ("activation_bytes", "weight_bytes", "gradient_bytes", "optimizer_bytes")


class TrainingRow(NamedTuple):
    """Bytes that a layer or a group takes in training, UNKNOWN or AtLeast where some size is."""

    name: str
    short_name: str
    scope: Scope
    label: Label | None
    output_shape: Shape
    activation_bytes: Any
    weight_bytes: Any
    gradient_bytes: Any
    optimizer_bytes: Any

    @property
    def training_bytes(self) -> Any:
        return total(getattr(self, part) for part in PARTS)


class Training(NamedTuple):
    """What each layer or group takes, and the sum of all; an activation belongs to the layer that puts it out."""

    optimizer: str
    batch: int
    rows: tuple[TrainingRow, ...]
    whole: TrainingRow
    uncounted: list[Node]
    """The layers of which nobody knows what they keep."""


def training(graph: Graph, optimizer: str, batch: int = 1, depth: int | None = None) -> Training:
    """What training takes with an optimizer of SLOTS; rows are layers, or scopes of a depth."""
    cells = kept_cells(graph)
    rows = []
    for group in fold(graph, depth):
        single = len(group.nodes) == 1
        parts = _parts(group.nodes, cells, SLOTS[optimizer], batch)
        short = group.nodes[0].short_name if single else group.name
        rows.append(TrainingRow(group.name, short, group.scope, group_label(group), group.shape, *parts))
    whole = TrainingRow("Total", "Total", (), None, (), *_parts(graph.nodes, cells, SLOTS[optimizer], batch))
    uncounted = [node for node in graph.nodes if not is_known(cells[node.index]) or not is_known(node.params)]
    return Training(optimizer, batch, tuple(rows), whole, uncounted)


def _parts(nodes: Iterable[Node], cells: list[Any], slots: int, batch: int) -> tuple[Any, Any, Any, Any]:
    """Bytes of the activations, the weights, the gradients and the optimizer's slots."""
    there = list(nodes)
    trained = FOUR * total(node.trainable_params for node in there)
    activations = FOUR * batch * total(cells[node.index] for node in there)
    return activations, FOUR * total(node.params for node in there), trained, slots * trained if slots else 0


def kept_cells(graph: Graph) -> list[Any]:
    """Of each node how many cells of its output, and of what it computes on the way, one example's training holds."""
    made = _makers(graph)
    reached = _reached(graph)
    kept = {made[source.index] for node in graph.nodes if reached[node.index] for source in _needed(node, reached)}
    cells: list[Any] = [0] * len(graph.nodes)
    for node in graph.nodes:
        if not reached[node.index]:
            continue
        if not is_known(node.macs) and not node.layer.free:
            cells[node.index] = UNKNOWN  # what an unknown layer needs, nobody knows
        if node.layer.function in AMBIGUOUS and node.role in KERNELS:
            cells[node.index] += prod(node.shape)  # between the kernel and its function
        elif _bends(node) and not kept & {made[node.index], *_inputs_of(node, made)}:
            kept.add(made[node.index])
    for index in kept:
        cells[index] += prod(graph.nodes[index].shape)
    return cells


def _makers(graph: Graph) -> list[int]:
    """Of each node which one's memory its output is: another's behind reshapes, dropout and padding."""
    made: list[int] = []
    for node in graph.nodes:
        passed = len(node.inputs) == 1 and (node.layer.free or node.layer.pads)
        made.append(made[node.inputs[0].index] if passed else node.index)
    return made


def _reached(graph: Graph) -> list[bool]:
    """Whether a gradient goes through each node: it, or something before it, is trained."""
    reached: list[bool] = []
    for node in graph.nodes:
        reached.append(_trained(node) or any(reached[source.index] for source in node.inputs))
    return reached


def _trained(node: Node) -> bool:
    return any(weight.trainable for weight in node.weights)


def _needed(node: Node, reached: list[bool]) -> list[Node]:
    """The inputs that the node's gradient is made of."""
    if _trained(node) and (node.role in KERNELS or node.role is Role.NORMALIZATION or _has_kernel(node)):
        return list(node.inputs)
    if node.role is Role.ACTIVATION and node.layer.function in AMBIGUOUS:
        return list(node.inputs)
    if node.layer.combines == "product":
        through = [reached[each.index] for each in node.inputs]
        return [each for place, each in enumerate(node.inputs) if any(through[:place] + through[place + 1 :])]
    return []


def _has_kernel(node: Node) -> bool:
    return any(weight.trainable and weight.name.endswith("kernel") for weight in node.weights)


def _bends(node: Node) -> bool:
    """Whether the node ends with a function that is no straight line."""
    return node.layer.function not in ("linear", *AMBIGUOUS)


def _inputs_of(node: Node, made: list[int]) -> set[int]:
    """What the node's function is applied to, where that is a tensor of its own."""
    return {made[source.index] for source in node.inputs} if node.role is Role.ACTIVATION else set()
