"""TFLite's operations that have kernels, and products of matrices, with the weights that the file holds for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod

from cnncli.amounts import UNKNOWN
from cnncli.graph import Shape, Weight
from cnncli.graph.layer import Layer
from cnncli.graph.layers import LSTM, Dense, DepthwiseConv2D, MatMul, SimpleRNN
from cnncli.readers.assembly import Assembly
from cnncli.readers.tflite.file import FileTensor, Operation
from cnncli.readers.tflite.layers import bias, conv2d, depthwise, pooling, shape_of, transpose_conv


@dataclass(frozen=True)
class Made:
    """A layer with the tensors that it reads and the weights that the file holds for it.

    `enters` is the shape, in the file's layout, that its first input takes before, where it is flattened.
    """

    layer: Layer
    inputs: Sequence[FileTensor]
    weights: Sequence[Weight] = ()
    enters: Shape | None = field(default=None)


Maker = Callable[[Assembly, Operation], "Made | None"]


# What makers share.


def computed(assembly: Assembly, operation: Operation) -> list[FileTensor]:
    """The inputs that are computed."""
    return [tensor for tensor in operation.inputs if tensor is not None and assembly.has(tensor)]


def held(assembly: Assembly, operation: Operation) -> list[Weight]:
    """The inputs that the file holds and that count as parameters."""
    found = [each for each in operation.inputs if each is not None and each.is_weight and not assembly.has(each)]
    return [assembly.weight("constant", tensor) for tensor in found]


def _kernel(
    assembly: Assembly, operation: Operation, order: Sequence[int], bias_number: int = 2
) -> list[Weight] | None:
    """The weights of a layer with a kernel, whose axes are put in Keras's order; None where they are computed."""
    kernel, added = operation.input(1), bias(operation, bias_number)
    if any(each is not None and not each.constant and not each.unpacked for each in (kernel, added)) or kernel is None:
        return None
    shape = shape_of(operation, 1)
    found = [assembly.weight("kernel", kernel, tuple(shape[axis] for axis in order), axes=tuple(order))]
    return found if added is None else [*found, assembly.weight("bias", added)]


# Makers.


def _conv2d(assembly: Assembly, operation: Operation) -> Made | None:
    weights = _kernel(assembly, operation, (1, 2, 3, 0))
    return Made(conv2d(operation), [operation.source], weights) if weights else None


def _depthwise(assembly: Assembly, operation: Operation) -> Made | None:
    layer = depthwise(operation)
    weights = _kernel(assembly, operation, (1, 2, 0, 3))
    if not weights:
        return None
    height, width, _, filters = weights[0].shape
    if isinstance(layer, DepthwiseConv2D):
        multiplier = layer.depth_multiplier
        weights[0] = weights[0]._replace(shape=(height, width, filters // multiplier, multiplier))
    return Made(layer, [operation.source], weights)


def _transpose_conv(assembly: Assembly, operation: Operation) -> Made | None:
    source, weights = operation.input(2), _kernel(assembly, operation, (1, 2, 0, 3), 3)
    return Made(transpose_conv(operation), [source], weights) if source is not None and weights else None


def _fully_connected(assembly: Assembly, operation: Operation) -> Made | None:
    weights = _kernel(assembly, operation, (1, 0))
    if weights is None:
        return _product(assembly, operation)
    units, inputs = shape_of(operation, 1, 2)
    source = operation.source
    layer = Dense(units, activation=_within(operation), use_bias=len(weights) == 2)
    shape = shape_of(operation, 0)
    enters = None
    if len(shape) != 2 and not operation.option(2, "?", False):  # keep_num_dims
        rows = operation.output.shape[0] if operation.output.shape else UNKNOWN
        enters = (rows, inputs)
    elif shape and shape[-1] is not UNKNOWN and shape[-1] != inputs:
        enters = (prod(shape) // inputs, inputs)
    return Made(layer, [source], weights, enters)


def _within(operation: Operation) -> str | None:
    return operation.fused if operation.fused in ("relu", "relu6", "tanh", "hard_tanh") else None


def _batch_matmul(assembly: Assembly, operation: Operation) -> Made | None:
    """With a constant matrix behind, a dense layer over the rows of what is before it."""
    source, matrix = operation.source, operation.input(1)
    if matrix is None or not matrix.constant or operation.option(0, "?", False):  # adj_x
        return _product(assembly, operation)
    *outer, inputs, units = shape_of(operation, 1)
    if prod(outer) != 1 or source.rank < matrix.rank:
        return _product(assembly, operation)
    axes: tuple[int, ...] = ()
    if operation.option(1, "?", False):  # adj_y
        inputs, units = units, inputs
        axes = (*range(len(outer)), len(outer) + 1, len(outer))
    kernel = assembly.weight("kernel", matrix, (inputs, units), axes=axes)
    return Made(Dense(units, use_bias=False), [source], [kernel])


def _product(assembly: Assembly, operation: Operation) -> Made:
    shape = assembly.shape(operation.output)
    return Made(MatMul(shape), computed(assembly, operation), held(assembly, operation))


def _pooling(assembly: Assembly, operation: Operation) -> Made | None:
    return Made(pooling(operation), computed(assembly, operation))


def _sequence(kind: Callable[..., Layer]) -> Maker:
    """A recurrent layer, which computes its sequence of outputs; its weights are the file's."""

    def maker(assembly: Assembly, operation: Operation) -> Made | None:
        shape, source = assembly.shape(operation.output), operation.source
        if len(shape) != 2 or len(assembly.shape(source)) != 2 or shape[1] is UNKNOWN:
            return None
        weights = [each._replace(name="weights") for each in held(assembly, operation)]
        return Made(kind(shape[1], return_sequences=True), [source], weights)

    return maker


KERNEL_MAKERS: dict[str, Maker] = {
    "CONV_2D": _conv2d, "DEPTHWISE_CONV_2D": _depthwise, "TRANSPOSE_CONV": _transpose_conv,
    "FULLY_CONNECTED": _fully_connected, "BATCH_MATMUL": _batch_matmul, "AVERAGE_POOL_2D": _pooling,
    "MAX_POOL_2D": _pooling, "UNIDIRECTIONAL_SEQUENCE_LSTM": _sequence(LSTM),
    "UNIDIRECTIONAL_SEQUENCE_RNN": _sequence(SimpleRNN),
}  # fmt: skip
