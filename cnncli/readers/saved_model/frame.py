"""What TensorFlow's nodes compute while a graph is walked: values, calls, and the order in which nodes are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cnncli.graph import Shape, Weight
from cnncli.readers.assembly import Assembly, Tensor
from cnncli.readers.protobuf import BadMessage
from cnncli.readers.saved_model.file import Variable
from cnncli.readers.saved_model.nodes import NodeDef
from cnncli.words import visible

FileShape = tuple[int, ...] | None


OPEN_BATCH = 7919
"""Stands for a batch whose size the file leaves open, while shapes are computed: a prime, which no other size has, so
that an axis which holds the batch and more is known as such."""


@dataclass(eq=False, slots=True)
class Value(Tensor):
    """A tensor, or a variable's handle. A constant's `leaves` are the weights that it is made of.

    `parts` are the constants that it is computed of, and `operation` how. Of the branches of a condition the one that
    is not taken gives what is `dead`. `scaled` is a tensor and a constant whose product it is, while that is no layer.
    """

    variable: Variable | None = None
    leaves: tuple[Weight, ...] = ()
    operation: str = ""
    parts: tuple[Value, ...] = ()
    dead: bool = False
    scaled: tuple[Value, Value] | None = None
    of_sizes: bool = False
    """Whether it is computed of the sizes of tensors, which is settled before any input is there as far as they are."""

    @property
    def is_weight(self) -> bool:
        return bool(self.leaves)


class Call(NamedTuple):
    """A node where it is computed: its inputs, the name with what stands around it, how many outputs it has."""

    node: NodeDef
    inputs: list[Value]
    name: str
    shapes: Sequence[FileShape]
    """Of the outputs, as far as the file says them."""
    outputs: int = 1
    """How many outputs it has, or how many are read where the file does not say."""
    read: frozenset[int] = frozenset((0,))
    """Which outputs are read."""

    @property
    def operation(self) -> str:
        return self.node.operation


@dataclass(eq=False)
class Frame:
    """A graph, or a function where it is called: the tensors that are there."""

    nodes: Mapping[str, NodeDef]
    arguments: dict[str, Value]
    prefix: str = ""
    depth: int = 0
    values: dict[str, list[Value]] = field(default_factory=dict)
    read: dict[str, set[int]] = field(default_factory=dict)
    """Which outputs of a node are read by what the results need."""
    loops: dict[str, list[str]] = field(default_factory=dict)
    within: set[str] = field(default_factory=set)
    """What the loops read of what stands around them, by their ends, and the nodes of the loops."""


def numbered(reference: str) -> tuple[str, int]:
    """The node of `name`, `name:0` or `name:output:0`, and which of its outputs is meant."""
    name, colon, rest = reference.partition(":")
    if not colon:
        return name, 0
    output, _, number = rest.rpartition(":")
    return name, int(number) + (_OUTPUTS.get(output, 0) if output else 0)


# Which of an operation's outputs its named ones are, where it has several of different names
# (tensorflow/core/ops/*.cc); all others have one name for one or many outputs.
_OUTPUTS = {
    "batch_mean": 1, "batch_variance": 2, "reserve_space_1": 3, "reserve_space_2": 4, "reserve_space_3": 5,
    "indices": 1, "output_true": 1, "value_index": 1, "argmax": 1, "idx": 1, "selected_scores": 1, "valid_outputs": 3,
    "output_h": 1, "output_c": 2, "count": 2,
}  # fmt: skip


class BatchAnywhere(Assembly):
    """An assembly of tensors whose batch may stand along another axis than the first, where its size is OPEN_BATCH."""

    def place(self, tensor: Tensor) -> int | None:
        """Along which other axis than the first the batch stands."""
        sizes = () if tensor.constant or self.batch != OPEN_BATCH else tensor.shape or ()
        return next((axis for axis, size in enumerate(sizes) if axis and size == OPEN_BATCH), None)

    def shape(self, tensor: Tensor) -> Shape:
        place = self.place(tensor)
        if place is None or tensor.shape is None:
            return super().shape(tensor)
        return (*tensor.shape[:place], *tensor.shape[place + 1 :])

    def axis(self, tensor: Tensor, axis: int) -> int:
        place = self.place(tensor)
        if place is None:
            return super().axis(tensor, axis)
        axis += tensor.rank if axis < 0 else 0
        return 0 if axis == place else axis + 1 if axis < place else axis


# The order.


def in_order(frame: Frame, wanted: Sequence[str]) -> list[str]:
    """The nodes that these tensors need, in the file's order where that is one in which they can be computed."""
    found = _needed(frame, wanted)
    places = {name: place for place, name in enumerate(frame.nodes)}
    by_place = sorted(found, key=places.__getitem__)
    done: set[str] = set()
    for name in by_place:
        if any(source not in done for source in _sources(frame, name) if source in found):
            return list(found)
        done.add(name)
    return by_place


def _needed(frame: Frame, wanted: Sequence[str]) -> dict[str, None]:
    """All nodes that these tensors need, each behind what it needs itself; an edge back to a loop's begin is none."""
    found: dict[str, None] = {}
    begun: set[str] = set()
    waiting = [name.partition(":")[0] for name in reversed(wanted)]
    while waiting:
        name = waiting[-1]
        if name in found or name in frame.arguments or name in frame.values:
            waiting.pop()
        elif name in begun:
            waiting.pop()
            found[name] = None
        elif name not in frame.nodes:
            raise BadMessage(f"no node has the name {visible(name)}, which is read")
        else:
            begun.add(name)
            waiting.extend(each for each in reversed(_sources(frame, name)) if each not in begun)
    return found


def _sources(frame: Frame, name: str) -> list[str]:
    """The nodes that a node reads; of a loop's end also what the loop itself reads of what stands around it."""
    node = frame.nodes[name]
    within = read_within(frame, name) if node.operation in LOOP_ENDS else []
    return [*_read_by(frame, name), *within]


LOOP_ENDS = ("Exit", "RefExit")
_LOOP_BEGINS = ("Enter", "RefEnter")


def read_within(frame: Frame, name: str) -> list[str]:
    """The constants and variables of the loop that TF 1's Exit ends, and what enters it.

    A loop goes from Enter through Merge and Switch back to Merge by NextIteration; what is on the way is its body. Of
    nodes that several ends of loops have on their way the first has them.
    """
    if name not in frame.loops:
        frame.loops[name] = [each for each in _on_the_way(frame, name) if each in frame.nodes]
    return frame.loops[name]


def _on_the_way(frame: Frame, name: str) -> dict[str, None]:
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        node = frame.nodes[waiting.pop()]
        if node.operation in _LOOP_BEGINS or not _names(node):
            found |= dict.fromkeys(_names(node) or [node.name])
            continue
        new = [each for each in _names(node) if each in frame.nodes and each not in frame.within]
        frame.within.update(new)
        waiting += new
    return found


def pivots(frame: Frame, node: NodeDef) -> list[str]:
    """What tells whether the branch of a constant is taken: an Identity of a Switch of the condition itself."""
    waited = [each[1:] for each in node.inputs if each[:1] == "^"] if node.operation == "Const" else []
    return [each for each in waited if each in frame.nodes and _is_pivot(frame, frame.nodes[each])]


def _is_pivot(frame: Frame, node: NodeDef) -> bool:
    names = _names(node) if node.operation == "Identity" else []
    switch = frame.nodes.get(names[0]) if names else None
    return switch is not None and switch.operation in ("Switch", "RefSwitch") and len(set(_names(switch))) == 1


def _names(node: NodeDef) -> list[str]:
    return [each.partition(":")[0] for each in node.inputs if each[:1] != "^"]


def _read_by(frame: Frame, name: str) -> list[str]:
    node = frame.nodes[name]
    sources = _names(node) + pivots(frame, node)
    if node.operation in ("Merge", "RefMerge"):
        sources = [each for each in sources if each in frame.nodes and frame.nodes[each].operation != "NextIteration"]
    return sources
