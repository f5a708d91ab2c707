"""What the converter fuses, folds and leaves out, an operation after the other in the order in which they are run.

The rules are those of tensorflow/compiler/mlir/lite/transforms (optimize_pass.cc, optimize_patterns.td,
prepare_tf.cc), as far as files that it makes of networks show them; a comment names the one behind each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.deployed.draft import Draft, Op, Value, numbers
from cnncli.graph import Shape
from cnncli.graph.layer import same_pads

CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
KERNELS = CONVOLUTIONS | {"FULLY_CONNECTED", "TRANSPOSE_CONV"}
BINARY = frozenset({"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM"})
TAKES_FUNCTION = KERNELS | {"ADD", "SUB", "MUL", "DIV", "MAX_POOL_2D", "AVERAGE_POOL_2D"}
"""Operations that have an option for an activation function (optimize_patterns.td, FuseActivationFnWithConv...)."""


def fused(draft: Draft) -> list[Op]:
    """The operations that remain; the draft's are spent."""
    made: list[Op] = []
    for op in draft.ops:
        for place, value in enumerate(op.inputs):
            if value.alias is not None:
                op.inputs[place] = value.real
        rule = RULES.get(op.type)
        if rule is None or rule(op, made):
            made.append(op)
    return made


def needed(ops: list[Op], outputs: list[Value]) -> list[Op]:
    """Without those whose outputs nothing reads any more."""
    read = set(map(id, outputs))
    kept = []
    for op in reversed(ops):
        if any(id(value) in read for value in op.outputs):
            kept.append(op)
            read.update(map(id, op.inputs))
    kept.reverse()
    return kept


def _absorb(op: Op, kernel: Op) -> None:
    """Let `op` be the kernel before it, with what it did itself done there: it stands where `op` stood."""
    op.type, op.options, op.function = kernel.type, kernel.options, kernel.function
    op.inputs = kernel.inputs
    op.output.maker = op
    op.nodes = (*kernel.nodes, *op.nodes)
    kernel.outputs = []


def _within(op: Op, types: frozenset[str]) -> tuple[Op, Op | None] | None:
    """What computes its first input, if it is of these types, free to take more, and read by `op` alone.

    A convolution along steps is one of these behind a RESHAPE, which then follows what was fused (the second).
    """
    value, between = op.inputs[0], None
    maker = value.maker
    if maker is None or value.uses != 1:
        return None
    if maker.type == "RESHAPE":
        value, between = maker.inputs[0], maker
        maker = value.maker
        if maker is None or value.uses != 1 or len(value.shape) != len(between.output.shape) + 1:
            return None
        if maker.type not in KERNELS:
            return None
    return (maker, between) if maker.type in types and not maker.function else None


def _join(op: Op, kernel: Op, between: Op | None) -> bool:
    """Whether `op` remains as an operation: it becomes the kernel, or the RESHAPE behind it."""
    if between is None:
        _absorb(op, kernel)
    else:
        kernel.nodes = (*kernel.nodes, *op.nodes)
        _absorb(op, between)
    return True


def _affine(op: Op, made: list[Op]) -> bool:
    """Batch normalization: the kernel's before it (FuseMulIntoConv, FuseAddIntoConv), or a product and a sum."""
    found = _within(op, KERNELS)
    if found:
        kernel, between = found
        _scale(kernel, op)
        _shift(kernel, op)
        return _join(op, kernel, between)
    (x,), (output,) = op.inputs, op.outputs
    owner = op.nodes[0]
    channels = x.shape[-1:]
    between_ = Value(output.name, output.shape, output.dtype)
    product = Op("MUL", [x, _constant(owner, "factor", channels)], [between_], op.nodes, {})
    between_.maker, between_.uses = product, 1
    made.append(product)
    op.type, op.inputs = "ADD", [between_, _constant(owner, "offset", channels)]
    return True


def _constant(owner: int, name: str, shape: Shape) -> Value:
    return Value(name, shape, key=("folded", owner, name))


def _scale(kernel: Op, by: Op) -> None:
    """A kernel times a factor is another constant, which layers that share the first do not share."""
    before = kernel.inputs[1]
    kernel.inputs[1] = Value(before.name, before.shape, before.dtype, (before.key, by.nodes))


def _shift(kernel: Op, by: Op) -> None:
    place = 3 if kernel.type == "TRANSPOSE_CONV" else 2
    channels = kernel.output.shape[-1:]
    bias = Value("bias", channels, key=("bias", by.nodes))
    kernel.inputs[place:] = [bias]


def _function(op: Op, made: list[Op]) -> bool:
    """An activation function that the operation before can compute itself.

    One that several read keeps its output as well; but a FULLY_CONNECTED is computed twice then, for its rule does not
    look (optimize_pass.cc, FuseFullyConnectedAndReluX).
    """
    function = op.type
    found = _within(op, TAKES_FUNCTION)
    if found:
        kernel, between = found
        kernel.function = function
        return _join(op, kernel, between)
    maker = op.inputs[0].maker
    if maker is not None and maker.type == "FULLY_CONNECTED" and not maker.function:
        op.inputs[0].uses -= 1
        op.type, op.inputs, op.options, op.function = maker.type, list(maker.inputs), maker.options, function
        op.nodes = (*maker.nodes, *op.nodes)
    return True


def _binary(op: Op, made: list[Op]) -> bool:
    left, right = op.inputs
    if right.key is not None and op.type in ("ADD", "SUB", "MUL", "DIV") and _of_channels(right, op.output.shape):
        found = _within(op, KERNELS)
        if found:
            kernel, between = found
            (_shift if op.type in ("ADD", "SUB") else _scale)(kernel, op)
            return _join(op, kernel, between)
    for place, value in enumerate(op.inputs):
        maker = value.maker
        if maker is not None and maker.type == "RESHAPE" and _adds_ones(maker):
            maker.inputs[0].uses += 1
            value.uses -= 1
            op.inputs[place] = maker.inputs[0]
    return True


def _of_channels(constant: Value, shape: Shape) -> bool:
    """Whether a constant is one number, or one for each channel."""
    return constant.scalar or (constant.shape[-1] == shape[-1] and all(size == 1 for size in constant.shape[:-1]))


def _adds_ones(reshape: Op) -> bool:
    """Whether it only leads a shape by ones, which an operation that broadcasts does without."""
    before, after = reshape.inputs[0].shape, reshape.output.shape
    more = len(after) - len(before)
    return more > 0 and after[more:] == before and all(size == 1 for size in after[:more])


def _kernel(op: Op, made: list[Op]) -> bool:
    """What comes before it and can be done by its kernel and its bias instead."""
    while True:
        maker = op.inputs[0].maker
        if maker is None or maker.function or not _foldable(op, maker):
            return True
        if maker.type == "PAD":
            op.options = {**op.options, "padding": "same"}
        elif maker.type != "RESHAPE":
            (_shift if maker.type in ("ADD", "SUB") else _scale)(op, maker)
        _read_past(op, maker)


def _read_past(op: Op, maker: Op) -> None:
    op.inputs[0].uses -= 1
    op.inputs[0] = maker.inputs[0]
    op.inputs[0].uses += 1
    op.nodes = (*maker.nodes, *op.nodes)


def _foldable(op: Op, maker: Op) -> bool:
    """Whether a kernel computes the same from the input of what comes before it.

    Scalars: optimize_pass.cc, FuseBinaryOpToFollowingAffineOp, where a sum must not meet cells that are padded; one
    number a feature: FuseMulAndFullyConnected and FuseAddAndFullyConnected.
    """
    if maker.type == "PAD":
        return op.type in CONVOLUTIONS and op.options["padding"] == "valid" and _pads_as_same(op, maker)
    if maker.type == "RESHAPE":
        return op.type == "FULLY_CONNECTED" and _keeps_features(maker)
    if maker.type not in ("MUL", "DIV", "ADD", "SUB") or maker.inputs[1].key is None:
        return False
    if op.type == "FULLY_CONNECTED":
        return _of_channels(maker.inputs[1], maker.output.shape)
    return maker.inputs[1].scalar and (maker.type in ("MUL", "DIV") or op.options["padding"] == "valid")


def _keeps_features(reshape: Op) -> bool:
    before, after = reshape.inputs[0].shape, reshape.output.shape
    return before[-1] == after[-1]


def _pads_as_same(op: Op, pad: Op) -> bool:
    """Whether zeros stand around the map where `padding="same"` would put them."""
    sides = pad.options.get("sides", ())
    size = pad.inputs[0].shape[1:-1]
    options = op.options
    return len(sides) == len(size) == 2 and all(
        tuple(sides[axis])
        == same_pads(size[axis], options["dilation"][axis] * (options["kernel"][axis] - 1) + 1, options["strides"][axis])
        for axis in range(2)
    )


def _transpose(op: Op, made: list[Op]) -> bool:
    """One that moves axes of one cell only is a RESHAPE."""
    before, after = op.inputs[0].shape, op.output.shape
    order = op.options["order"]
    long = [axis for axis in order if before[axis] != 1]
    if long != sorted(long):
        return True
    op.type, op.inputs[1] = "RESHAPE", numbers(*after)
    return _reshape(op, made)


def _reshape(op: Op, made: list[Op]) -> bool:
    """Of several in a row the last remains; none that changes nothing; a mean keeps its axes by itself."""
    value = op.inputs[0]
    maker = value.maker
    while maker is not None and maker.type == "RESHAPE":
        _read_past(op, maker)
        value = op.inputs[0]
        maker = value.maker
    if value.shape == op.output.shape:
        return _leave_out(op)
    if maker is not None and maker.type in ("MEAN", "REDUCE_MAX") and value.uses == 1 and _keeps_axes(op, maker):
        _absorb(op, maker)
    return True


def _keeps_axes(reshape: Op, mean: Op) -> bool:
    before, axes = mean.inputs[0].shape, mean.options["axes"]
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(before))
    return reshape.output.shape == kept


def _leave_out(op: Op) -> bool:
    op.output.alias = op.inputs[0]
    op.inputs[0].uses += op.output.uses - 1
    return False


Rule = Callable[[Op, list[Op]], bool]
"""`rule(op, made)` changes an operation and those before it; False where it is no longer one."""

RULES: dict[str, Rule] = {
    "AFFINE": _affine,
    "RELU": _function, "RELU6": _function, "RELU_N1_TO_1": _function,
    **dict.fromkeys(BINARY, _binary),
    "CONV_2D": _kernel, "DEPTHWISE_CONV_2D": _kernel, "FULLY_CONNECTED": _kernel,
    "TRANSPOSE": _transpose,
    "RESHAPE": _reshape,
}  # fmt: skip
