"""What a plan is made of while it is made: values that operations compute of others, which passes may still fuse."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from cnncli.graph import Node, Shape
from cnncli.graph.dtypes import FULL

QUANTIZED = frozenset({"int8", "uint8"})
"""Types of integers that stand for real numbers, but where they are a picture that becomes floats at once."""


class Value:
    """A tensor with the batch in front, or where it has a `key` a constant, of which equal keys are one."""

    __slots__ = ("alias", "dtype", "key", "maker", "name", "shape", "uses")

    def __init__(self, name: str, shape: Shape, dtype: str = FULL, key: Hashable = None) -> None:
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.key = key
        self.alias: Value | None = None
        """What it turned out to be: the operation that computed it was left out."""
        self.maker: Op | None = None
        self.uses = 0
        """How many operations read it, one that reads it twice counted twice, and whether the network gives it."""

    @property
    def real(self) -> Value:
        """Itself, or the last that it turned out to be."""
        value = self
        while value.alias is not None:
            value = value.alias
        return value

    @property
    def scalar(self) -> bool:
        """Whether it is a constant of one number."""
        return self.key is not None and all(size == 1 for size in self.shape)


class Op:
    """An operation on its way into a plan; `type` is TFLite's name but for AFFINE: times a, plus b along the last axis.

    `options` are those that passes look at; `function` is the activation function fused into it, by TFLite's name.
    """

    __slots__ = ("function", "inputs", "nodes", "options", "outputs", "type")

    def __init__(
        self, type: str, inputs: list[Value], outputs: list[Value], nodes: tuple[int, ...], options: dict[str, Any]
    ) -> None:
        self.type = type
        self.inputs = inputs
        self.outputs = outputs
        self.nodes = nodes
        self.options = options
        self.function = ""

    @property
    def output(self) -> Value:
        return self.outputs[0]


class Draft:
    """Operations in the order in which they are run, some of them left out again (None)."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.ops: list[Op] = []
        self.uncounted: list[int] = []
        self._first: dict[tuple[str, int], Op] = {}

    def batched(self, shape: Shape) -> Shape:
        return (self.batch, *shape)

    def emit(
        self, type: str, node: Node, inputs: Sequence[Value], shape: Shape, dtype: str = "", **options: Any
    ) -> Value:
        """What an operation of one output computes; the shape has the batch in front.

        What was computed of the same before is not computed again (MLIR's elimination of common subexpressions). What
        computes with small integers is of a network that was quantized, of which the converter is given none.
        """
        first = self._first.get((type, id(inputs[0])))
        if first is not None and _alike(first, inputs, options):
            first.nodes = (*first.nodes, node.index)
            return first.output
        output = Value(node.name, shape, dtype or inputs[0].dtype)
        if output.dtype in QUANTIZED and type != "CAST":
            self.uncounted.append(node.index)
        op = Op(type, list(inputs), [output], (node.index,), options)
        output.maker = op
        for value in inputs:
            value.uses += 1
        self.ops.append(op)
        self._first[type, id(inputs[0])] = op
        return output


POINT: dict[str, Any] = {"padding": "valid", "dilation": (1, 1), "kernel": (1, 1), "strides": (1, 1)}
"""The options of a convolution that sees one cell."""


def _alike(op: Op, inputs: Sequence[Value], options: dict[str, Any]) -> bool:
    return len(op.inputs) == len(inputs) and op.options == options and all(map(_same, op.inputs, inputs))


def _same(one: Value, other: Value) -> bool:
    return one is other or (one.key is not None and one.key == other.key)


def options(node: Node) -> Any:
    """The layer with its own options, which layers of other classes lack."""
    return node.layer


def weight(node: Node, name: str, shape: Shape, dtype: str = FULL) -> Value:
    """A constant that is one of a layer's weights, perhaps laid out in another way; a shared layer's is held once."""
    owner = node.shares.index if node.shares else node.index
    return Value(f"{node.name}/{name}", shape, dtype, ("weight", owner, name))


def number(value: float) -> Value:
    """A constant of one number and no axes."""
    return Value("number", (), FULL, ("number", value))


def numbers(*values: Any) -> Value:
    """A constant of whole numbers: axes, sizes, cells to pad with; nested ones are a matrix."""
    rows = len(values)
    nested = bool(values) and isinstance(values[0], tuple)
    return Value("numbers", (rows, len(values[0])) if nested else (rows,), "int32", ("numbers", values))


def zeros(count: int) -> Value:
    """The bias of what has none, which equally long ones share."""
    return Value("zeros", (count,), FULL, ("zeros", count))
