"""The shapes of what TFLite's operations put out.

A file's stored shapes are right only where no size is open: an unknown size is stored as 1. Else they follow from the
inputs' by the rules here and in moves.py, which are those of the kernels (tensorflow/lite/kernels).
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph.layers import Elementwise
from cnncli.graph.layers.merging import broadcast
from cnncli.readers.tflite.file import MOST_RANK, Operation
from cnncli.readers.tflite.layers import WINDOWED, shape_of
from cnncli.readers.tflite.moves import MOVES, Shapes, axis_of, open_shape, steps_of_range

MOST_SIZE = 2**48
"""Of an axis: more than any memory holds."""


def shapes(operation: Operation) -> Shapes | None:
    """The shapes of the outputs; None for an operation without a rule, or of which something is unknown.

    Raises LayerError where the inputs do not fit.
    """
    rule = RULES.get(operation.name)
    if rule is None or operation.custom or not operation.outputs:
        return None
    first = operation.input(0)
    if first is not None and first.shape is None:
        return None
    found = rule(operation)
    if found is None or len(found) != len(operation.outputs):
        return None
    for shape in found:
        if shape is not None and (len(shape) > MOST_RANK or any(size < 0 or size > MOST_SIZE for size in shape)):
            raise LayerError(f"{operation.name}: puts out {shape}, which is no tensor's shape")
    return found


# Rules, each of an operation.


def _same(operation: Operation) -> Shapes:
    return [shape_of(operation, 0)] * len(operation.outputs)


def _broadcast(operation: Operation) -> Shapes | None:
    if any(tensor is None or tensor.shape is None for tensor in operation.inputs):
        return None
    inputs = [shape_of(operation, number) for number in range(len(operation.inputs))]
    return [broadcast(Elementwise(operation.name), tuple(inputs))]


def _windowed(operation: Operation) -> Shapes:
    maker, number = WINDOWED[operation.name]
    batch, *size = shape_of(operation, number, 4)
    return [(batch, *maker(operation).output_shape(tuple(size)))]


def _fully_connected(operation: Operation) -> Shapes:
    units, inputs = shape_of(operation, 1, 2)
    shape = shape_of(operation, 0)
    if operation.option(2, "?", False) and shape:  # keep_num_dims
        if shape[-1] is not UNKNOWN and shape[-1] != inputs:
            raise LayerError(f"{operation.name}: takes {inputs} features, is given shape {shape}")
        return [(*shape[:-1], units)]
    cells = prod(shape)
    if cells is not UNKNOWN and (not inputs or cells % inputs):
        raise LayerError(f"{operation.name}: takes {inputs} features, is given {cells} cells of shape {shape}")
    return [(cells // inputs if cells is not UNKNOWN else UNKNOWN, units)]


def _batch_matmul(operation: Operation) -> Shapes | None:
    second = operation.input(1)
    if second is None or second.shape is None:
        return None
    left, right = list(shape_of(operation, 0)), list(second.shape)
    if min(len(left), len(right)) < 2:
        return None
    if operation.option(0, "?", False):  # adj_x
        left[-2:] = left[:-3:-1]
    if operation.option(1, "?", False):  # adj_y
        right[-2:] = right[:-3:-1]
    if left[-1] is not UNKNOWN and right[-2] is not UNKNOWN and left[-1] != right[-2]:
        raise LayerError(f"{operation.name}: inputs of shapes {tuple(left)} and {tuple(right)} do not fit")
    outer = broadcast(Elementwise(operation.name), (tuple(left[:-2]), tuple(right[:-2])))
    return [(*outer, left[-2], right[-1])]


def _reduce(operation: Operation) -> Shapes | None:
    shape, axes = shape_of(operation, 0), operation.values(1)
    keeps = operation.option(0, "?", False)
    if axes is None:
        return [open_shape(len(shape))] if keeps else None
    chosen = {axis_of(axis, len(shape)) for axis in axes}
    if keeps:
        return [tuple(1 if axis in chosen else size for axis, size in enumerate(shape))]
    return [tuple(size for axis, size in enumerate(shape) if axis not in chosen)]


def _arg(operation: Operation) -> Shapes | None:
    axes, shape = operation.values(1), shape_of(operation, 0)
    if not axes:
        return [open_shape(len(shape) - 1)]
    axis = axis_of(axes[0], len(shape))
    return [(*shape[:axis], *shape[axis + 1 :])]


def _top(operation: Operation) -> Shapes:
    count = (operation.values(1) or (UNKNOWN,))[0]
    return [(*shape_of(operation, 0)[:-1], count)] * len(operation.outputs)


def _shape(operation: Operation) -> Shapes:
    return [(len(shape_of(operation, 0)),)]


def _where(operation: Operation) -> Shapes:
    return [(UNKNOWN, len(shape_of(operation, 0)))]


def _one_hot(operation: Operation) -> Shapes:
    shape, depth = list(shape_of(operation, 0)), operation.values(1)
    axis = operation.option(0)
    shape.insert(axis + (len(shape) + 1 if axis < 0 else 0), depth[0] if depth else UNKNOWN)
    return [tuple(shape)]


def _range(operation: Operation) -> Shapes:
    found = steps_of_range(operation)
    return [(UNKNOWN if found is None else len(found),)]


def _sequence(operation: Operation) -> Shapes:
    """Of a recurrent layer over a sequence: as its input, with the features of the recurrent kernel.

    Weights stand at 5 to 8 (an LSTM's recurrent ones, with a projection at 16) or at 2 (a plain one's).
    """
    lstm = operation.name.endswith("LSTM")
    number = (16 if operation.input(16) is not None else 6) if lstm else 1
    return [(*shape_of(operation, 0)[:-1], shape_of(operation, number)[0])]


def _svdf(operation: Operation) -> Shapes:
    return [(shape_of(operation, 0)[0], shape_of(operation, 1)[0] // max(operation.option(0), 1))]


def _each(names: str, rule: Callable[[Operation], Shapes | None]) -> dict[str, Callable[[Operation], Shapes | None]]:
    return dict.fromkeys(names.split(), rule)


RULES: dict[str, Callable[[Operation], Shapes | None]] = {
    **_each(
        "RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 LOGISTIC TANH HARD_SWISH ELU LEAKY_RELU PRELU GELU SOFTMAX LOG_SOFTMAX "
        "ABS CEIL COS EXP FLOOR LOG NEG ROUND RSQRT SIN SQRT SQUARE SIGN LOGICAL_NOT CAST QUANTIZE DEQUANTIZE "
        "FAKE_QUANT DENSIFY L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION CUMSUM REVERSE_V2 REVERSE_SEQUENCE "
        "ZEROS_LIKE DYNAMIC_UPDATE_SLICE BITCAST COMPLEX_ABS REAL IMAG",
        _same,
    ),
    **_each(
        "ADD SUB MUL DIV MAXIMUM MINIMUM POW SQUARED_DIFFERENCE FLOOR_DIV FLOOR_MOD ATAN2 LESS LESS_EQUAL GREATER "
        "GREATER_EQUAL EQUAL NOT_EQUAL LOGICAL_AND LOGICAL_OR ADD_N SELECT SELECT_V2 BITWISE_XOR RIGHT_SHIFT",
        _broadcast,
    ),
    **_each(" ".join(WINDOWED), _windowed),
    **_each("MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD REDUCE_ANY REDUCE_ALL", _reduce),
    **MOVES,
    **_each("ARG_MAX ARG_MIN", _arg),
    **_each("UNIDIRECTIONAL_SEQUENCE_LSTM UNIDIRECTIONAL_SEQUENCE_RNN", _sequence),
    "FULLY_CONNECTED": _fully_connected, "BATCH_MATMUL": _batch_matmul, "TOPK_V2": _top, "SHAPE": _shape,
    "WHERE": _where, "ONE_HOT": _one_hot, "RANGE": _range, "SVDF": _svdf, "RANK": lambda _: [()],
}  # fmt: skip
