"""What the converter fuses, folds and leaves out, an operation after the other in the order in which they are run.

The rules are those of tensorflow/compiler/mlir/lite/transforms (optimize_pass.cc, optimize_patterns.td), as far as
files that it made show them: tests/deployed_layers.py has a network for each, converted anew by tests/test_deployed.py.
"""

from __future__ import annotations

from collections.abc import Callable

from cnncli.deployed.draft import Draft, Op, Value, numbers
from cnncli.graph import Shape
from cnncli.graph.layer import dilated, same_pads

CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
MOVES = frozenset({"RESHAPE", "TRANSPOSE"})
"""What moves cells without a change."""
UNARY = frozenset({"RELU", "RELU6", "RELU_N1_TO_1", "TANH", "LOGISTIC", "EXP", "NEG"})
"""Operations on each cell that the converter moves before those; others that could be, as GELU or LOG, it does not."""
KERNELS = CONVOLUTIONS | {"FULLY_CONNECTED", "TRANSPOSE_CONV"}
ARITHMETIC = frozenset({"ADD", "SUB", "MUL", "DIV"})
BINARY = ARITHMETIC | {"MAXIMUM", "MINIMUM"}
TAKES_FUNCTION = KERNELS | {"ADD", "SUB", "MUL", "DIV", "MAX_POOL_2D", "AVERAGE_POOL_2D"}
"""Operations that have an option for an activation function, and are given one."""


def fused(draft: Draft) -> list[Op]:
    """The operations that remain; the draft's are spent."""
    made: list[Op] = []
    for op in draft.ops:
        for place, value in enumerate(op.inputs):
            if value.alias is not None:
                op.inputs[place] = value.real
        maker = op.inputs[0].maker
        behind = _lifted(op) if maker is not None and maker.type in MOVES else []
        rule = RULES.get(op.type)
        if rule is None or rule(op, made):
            made.append(op)
        for move in behind:
            move.inputs[0] = move.inputs[0].real
        made.extend(behind)
    for op in made:
        if op.type == "RESHAPE" and op.outputs and op.output.uses:
            _keep_axes(op)
    return made


def _lifted(op: Op) -> list[Op]:
    """What moves cells before an operation that takes each cell alone is moved behind it: what to do after it.

    Only where nothing else reads what is moved.
    """
    behind: list[Op] = []
    while True:
        value = op.inputs[0]
        move = value.maker
        if move is None or move.type not in MOVES or value.uses != 1 or not _cell_by_cell(op, move):
            return behind
        source = move.inputs[0]
        if op.type in BINARY and op.inputs[1].maker is not None:
            op.inputs[1] = _put_aside(op.inputs[1].maker)
        between = Value(op.output.name, source.shape, op.output.dtype)
        moved = Op(move.type, [between, *move.inputs[1:]], op.outputs, move.nodes, move.options)
        moved.output.maker, between.maker, between.uses = moved, op, 1
        op.inputs[0], op.outputs = _put_aside(move), [between]
        behind.insert(0, moved)


def _put_aside(move: Op) -> Value:
    """What it moved; nothing reads it any more."""
    move.outputs = []
    return move.inputs[0]


def _cell_by_cell(op: Op, move: Op) -> bool:
    """Whether an operation can be done before the cells are moved."""
    if op.type in UNARY:
        return True
    if op.type in BINARY and len(op.inputs) == 2:
        return _by_number(op.inputs[1], move) or _moved_alike(op.inputs[1], move)
    return op.type == "AFFINE" and move.type == "RESHAPE" and _keeps_features(move)


def _by_number(constant: Value, move: Op) -> bool:
    """Whether it is a number for all cells; or one for each channel, where those stay the last axis."""
    if constant.key is None or constant.scalar:
        return constant.key is not None
    return move.type == "RESHAPE" and len(constant.shape) == 1 and _keeps_features(move)


def _moved_alike(other: Value, move: Op) -> bool:
    """Whether the second input was reshaped as the first, of the same shape, and for this operation alone."""
    maker = other.maker
    if maker is None or maker is move or maker.type != "RESHAPE" or move.type != "RESHAPE" or other.uses != 1:
        return False
    return maker.inputs[0].shape == move.inputs[0].shape and maker.output.shape == move.output.shape


def needed(ops: list[Op], outputs: list[Value]) -> list[Op]:
    """Without those whose outputs nothing reads any more."""
    read = set(map(id, outputs))
    kept = []
    for op in reversed(ops):
        if op.outputs and (id(op.outputs[0]) in read or any(id(value) in read for value in op.outputs)):
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


def _within(op: Op, types: frozenset[str]) -> Op | None:
    """What computes its first input, if it is of these types, free to take more, and read by `op` alone."""
    value = op.inputs[0]
    maker = value.maker
    if maker is None or value.uses != 1 or maker.type not in types or maker.function:
        return None
    return maker


def _affine(op: Op, made: list[Op]) -> bool:
    """Batch normalization: a part of the kernel before it, or else a product and a sum."""
    kernel = _within(op, KERNELS)
    if kernel:
        _scale(kernel, op)
        _shift(kernel, op)
        _absorb(op, kernel)
        return True
    (x,), (output,) = op.inputs, op.outputs
    owner = op.nodes[0]
    channels = x.shape[-1:]
    between = Value(output.name, output.shape, output.dtype)
    product = Op("MUL", [x, _constant(owner, "factor", channels)], [between], op.nodes, {})
    between.maker, between.uses = product, 1
    made.append(product)
    op.type, op.inputs = "ADD", [between, _constant(owner, "offset", channels)]
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
    kernel = _within(op, TAKES_FUNCTION)
    if kernel:
        kernel.function = function
        _absorb(op, kernel)
        return True
    maker = op.inputs[0].maker
    if maker is not None and maker.function == function:
        return _leave_out(op)
    if maker is not None and maker.type == "FULLY_CONNECTED" and not maker.function:
        op.inputs[0].uses -= 1
        op.type, op.inputs, op.options, op.function = maker.type, list(maker.inputs), maker.options, function
        op.nodes = (*maker.nodes, *op.nodes)
    return True


def _binary(op: Op, made: list[Op]) -> bool:
    if len(op.inputs) < 2:  # of a file that does not say by what
        return True
    right = op.inputs[1]
    if right.key is not None and _of_channels(right, op.output.shape):
        kernel = _within(op, KERNELS)
        if kernel:
            (_shift if op.type in ("ADD", "SUB") else _scale)(kernel, op)
            _absorb(op, kernel)
            return True
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
        if maker is None or maker.function:
            return True
        if op.type == maker.type == "FULLY_CONNECTED" and op.inputs[0].uses == 1 and len(maker.inputs) > 2:
            _shift(op, maker)
            del maker.inputs[2:]
        if not _foldable(op, maker):
            return True
        if maker.type == "PAD":
            op.options = {**op.options, "padding": "same"}
        elif maker.type != "RESHAPE":
            (_shift if maker.type in ("ADD", "SUB") else _scale)(op, maker)
        _read_past(op, maker)


def _read_past(op: Op, maker: Op) -> None:
    op.inputs[0].uses -= 1
    if not op.inputs[0].uses:
        for value in maker.inputs:
            value.uses -= 1
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
        return op.type == "FULLY_CONNECTED" and len(maker.output.shape) == 2 and _keeps_features(maker)
    if maker.type not in ARITHMETIC or len(maker.inputs) < 2 or maker.inputs[1].key is None:
        return False
    if op.type == "FULLY_CONNECTED":
        return _of_channels(maker.inputs[1], maker.output.shape)
    return maker.inputs[1].scalar and (maker.type in ("MUL", "DIV") or op.options["padding"] == "valid")


def _keeps_features(reshape: Op) -> bool:
    return reshape.inputs[0].shape[-1:] == reshape.output.shape[-1:]


def _pads_as_same(op: Op, pad: Op) -> bool:
    """Whether zeros stand around the map where `padding="same"` would put them."""
    sides = pad.options.get("sides", ())
    extent = dilated(op.options["kernel"], op.options["dilation"])
    windows = zip(pad.inputs[0].shape[1:-1], extent, op.options["strides"], strict=False)
    return len(sides) == 2 and tuple(sides) == tuple(same_pads(*window) for window in windows)


def _transpose(op: Op, made: list[Op]) -> bool:
    """One that moves axes of one cell only is a RESHAPE."""
    before, after = op.inputs[0].shape, op.output.shape
    order = op.options["order"]
    if not order:  # of a file that does not say
        return True
    long = [axis for axis in order if before[axis] != 1]
    if long != sorted(long):
        return True
    op.type, op.inputs[1] = "RESHAPE", numbers(*after)
    return _reshape(op, made)


def _reshape(op: Op, made: list[Op]) -> bool:
    """Of several in a row the last remains; none that changes nothing; a mean keeps its axes by itself."""
    value = op.inputs[0]
    maker = value.maker
    while maker is not None and (maker.type == "RESHAPE" or _alone(maker)):
        _read_past(op, maker)
        value = op.inputs[0]
        maker = value.maker
    if value.shape == op.output.shape:
        return _leave_out(op)
    return True


def _reduction(op: Op, made: list[Op]) -> bool:
    """One along axes of one cell each, which it keeps, changes nothing (constant_folding.cc, SimplifyReduction)."""
    return not _alone(op) or op.inputs[0].shape != op.output.shape or _leave_out(op)


def _alone(op: Op) -> bool:
    """Whether it reduces axes of one cell each."""
    axes = op.options.get("axes", ())
    return (
        bool(axes) and op.type in ("MEAN", "SUM", "REDUCE_MAX") and all(op.inputs[0].shape[axis] == 1 for axis in axes)
    )


def _keep_axes(reshape: Op) -> None:
    """A mean can keep its axes by itself."""
    value = reshape.inputs[0]
    mean = value.maker
    if mean is None or mean.type not in ("MEAN", "REDUCE_MAX") or value.uses != 1:
        return
    axes = mean.options["axes"]
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(mean.inputs[0].shape))
    if reshape.output.shape == kept:
        _absorb(reshape, mean)


def _leave_out(op: Op) -> bool:
    op.output.alias = op.inputs[0]
    op.inputs[0].uses += op.output.uses - 1
    return False


Rule = Callable[[Op, list[Op]], bool]
"""`rule(op, made)` changes an operation and those before it; False where it is no longer one."""

RULES: dict[str, Rule] = {
    "AFFINE": _affine,
    "RELU": _function, "RELU6": _function, "RELU_N1_TO_1": _function,
    **dict.fromkeys(ARITHMETIC, _binary),
    "CONV_2D": _kernel, "DEPTHWISE_CONV_2D": _kernel, "FULLY_CONNECTED": _kernel,
    "MEAN": _reduction,
    "REDUCE_MAX": _reduction,
    "SUM": _reduction,
    "TRANSPOSE": _transpose,
    "RESHAPE": _reshape,
}  # fmt: skip
