"""Layers that files alone have, and those that go through a sequence, as far as anybody can say what they become.

Networks of these are not converted from Keras's layers here, so that no file shows them all: each is TFLite's operation
of the same meaning, where it has one. What has none is told as uncounted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnncli.amounts import is_known
from cnncli.deployed import lowering
from cnncli.deployed.draft import Draft, Value, numbers, options, weight
from cnncli.deployed.moving import permuted, reshaped
from cnncli.graph import Node

CELL_BY_CELL = {
    "Abs": "ABS", "Add": "ADD", "Ceil": "CEIL", "Cos": "COS", "CumulativeSum": "CUMSUM", "Divide": "DIV",
    "Equal": "EQUAL", "Exp": "EXP", "Floor": "FLOOR", "FloorDivide": "FLOOR_DIV", "FloorMod": "FLOOR_MOD",
    "Greater": "GREATER", "GreaterEqual": "GREATER_EQUAL", "L2Normalization": "L2_NORMALIZATION", "Less": "LESS",
    "LessEqual": "LESS_EQUAL", "Log": "LOG", "LogicalAnd": "LOGICAL_AND", "LogicalNot": "LOGICAL_NOT",
    "LogicalOr": "LOGICAL_OR", "Maximum": "MAXIMUM", "Minimum": "MINIMUM", "Modulo": "FLOOR_MOD", "Multiply": "MUL",
    "Negative": "NEG", "NotEqual": "NOT_EQUAL", "Power": "POW", "Round": "ROUND", "Rsqrt": "RSQRT",
    "Select": "SELECT_V2", "Sign": "SIGN", "Sin": "SIN", "Sqrt": "SQRT", "Square": "SQUARE",
    "SquaredDifference": "SQUARED_DIFFERENCE", "Subtract": "SUB", "Where": "SELECT_V2", "ZerosLike": "ZEROS_LIKE",
}  # fmt: skip
REDUCTIONS = {
    "Mean": "MEAN", "Sum": "SUM", "Max": "REDUCE_MAX", "Min": "REDUCE_MIN", "Prod": "REDUCE_PROD",
    "Product": "REDUCE_PROD", "Any": "REDUCE_ANY", "All": "REDUCE_ALL", "ArgMax": "ARG_MAX", "ArgMin": "ARG_MIN",
}  # fmt: skip
MOVES = {
    "BroadcastTo": "BROADCAST_TO", "Expand": "BROADCAST_TO", "Gather": "GATHER", "GatherNd": "GATHER_ND",
    "Reshape": "RESHAPE", "Reverse": "REVERSE_V2", "Slice": "SLICE", "Split": "SPLIT", "Stack": "PACK", "Tile": "TILE",
    "Transpose": "TRANSPOSE", "Unstack": "UNPACK",
}  # fmt: skip
MOST_UNROLLED = 10_000
"""Operations that a plan has at most before another layer is written once for each part of its sequence."""
TRUTHS = ("Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalOr", "LogicalNot")


def unknown(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """An operation by its layer's own name, which leaves the plan at least what the others are."""
    draft.uncounted.append(node.index)
    if not inputs:
        return Value(node.name, draft.batched(node.shape), node.dtype, ("unknown", node.index))
    return _named(draft, node, inputs, node.type.upper(), *_weights(node))


def _weights(node: Node) -> list[Value]:
    return [weight(node, held.name, held.shape, held.dtype) for held in node.weights]


def _named(draft: Draft, node: Node, inputs: list[Value], type: str, *constants: Value, **options: Any) -> Value:
    return draft.emit(type, node, [*inputs, *constants], draft.batched(node.shape), node.dtype, **options)


def elementwise(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    if node.type not in CELL_BY_CELL:
        return unknown(draft, node, inputs)
    made = _named(draft, node, inputs, CELL_BY_CELL[node.type], *_weights(node))
    return made if node.type not in TRUTHS or made.maker is None else _as_truth(made)


def _as_truth(value: Value) -> Value:
    value.dtype = "bool"
    return value


def reduced(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    if node.type not in REDUCTIONS:
        return unknown(draft, node, inputs)
    axes = options(node).axes
    return _named(draft, node, inputs, REDUCTIONS[node.type], numbers(*axes), axes=axes)


def moving(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Which cell stands where is a constant as long as there are axes, in most."""
    type = MOVES.get(node.type)
    if type is None:
        return unknown(draft, node, inputs)
    if type == "RESHAPE":
        return reshaped(draft, node, inputs[0], draft.batched(node.shape))
    rank = len(node.shape) + 1
    return _named(draft, node, inputs, type, Value("places", (rank,), "int32", ("places", node.index)), order=())


def padded(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    layer = options(node)
    type = "PAD" if layer.mode == "constant" else "MIRROR_PAD"
    cells = Value("paddings", (len(node.shape) + 1, 2), "int32", ("paddings", layer.paddings))
    return _named(draft, node, inputs, type, cells)


def matrix_product(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return _named(draft, node, inputs, "BATCH_MATMUL")


def depth_to_space(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return _named(draft, node, inputs, "DEPTH_TO_SPACE")


def space_to_depth(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return _named(draft, node, inputs, "SPACE_TO_DEPTH")


def recoded(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Real values stay as they are in a plan of real values."""
    wanted = options(node).dtype
    if node.type != "Cast" or wanted == inputs[0].dtype:
        return inputs[0]
    return draft.emit("CAST", node, inputs, inputs[0].shape, wanted)


def constant(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Of no batch of its own."""
    return weight(node, "constant", (1, *node.shape), node.dtype)


def selected(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """One of several outputs, of which a node has the first alone: what the others take is not known."""
    value = inputs[0]
    shape = draft.batched(node.shape)
    if value.shape == shape:
        return value
    draft.uncounted.append(node.index)
    return _named(draft, node, inputs, "SPLIT")


def any_convolution(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """With three axes there is an operation; what else its options are is not known."""
    draft.uncounted.append(node.index)
    type = "CONV_3D" if len(options(node).kernel) == 5 else "CONV_2D_ANY"
    return _named(draft, node, inputs, type, *_weights(node))


def any_dense(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    return _named(draft, node, inputs, "BATCH_MATMUL", *_weights(node))


def recurrent(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """A loop, of whose body nothing is said here: along the steps, which come first there."""
    x, layer = inputs[0], options(node)
    batch, count, _ = x.shape
    x = permuted(draft, node, x, (1, 0, 2))
    draft.uncounted.append(node.index)
    kept = (count if layer.return_sequences else 1, batch, layer.units)
    found = draft.emit("WHILE", node, [x, *_weights(node)], kept)
    if layer.return_sequences:
        return permuted(draft, node, found, (1, 0, 2))
    places = [numbers(-1, 0, 0), numbers(0, batch, layer.units), numbers(1, 1, 1)]
    return draft.emit("STRIDED_SLICE", node, [found, *places], (batch, layer.units))


def time_distributed(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """The layer once for each part, which is cut out, and all of them put together again.

    Damaged files have sequences of thousands of millions: of too long ones nothing is said.
    """
    (x,), layer = inputs, options(node)
    count, *rest = node.input_shapes[0]
    if not is_known(count) or len(draft.ops) + count > MOST_UNROLLED:
        return unknown(draft, node, inputs)
    rank = len(x.shape)
    x = permuted(draft, node, x, (1, 0, *range(2, rank)))
    source = replace(node.inputs[0], shape=tuple(rest))
    part = Node(node.index, node.name, node.scope, layer.layer, (source,), node.shape[1:], node.dtype)
    lower = lowering.LOWERINGS[type(layer.layer).__name__]
    by_name = sorted(range(count), key=str)  # as they are run: the tenth is called _10, which comes before _2
    made = {step: lower(draft, part, [_part(draft, node, x, step)]) for step in by_name}
    parts = [made[step] for step in range(count)]
    shape = (count, *draft.batched(part.shape))
    together = draft.emit("PACK", node, parts, shape)
    return permuted(draft, node, together, (1, 0, *range(2, len(shape))))


def _part(draft: Draft, node: Node, x: Value, step: int) -> Value:
    rest = x.shape[1:]
    places = [numbers(step, *(0,) * len(rest)), numbers(step + 1, *rest), numbers(*(1,) * len(x.shape))]
    return draft.emit("STRIDED_SLICE", node, [x, *places], rest)
