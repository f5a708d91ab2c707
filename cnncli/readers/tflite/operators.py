"""TFLite's operations as layers: a table of makers, by the operation's name in the schema.

What has no maker is opaque. A layer's options come from the operation's options; the numbers of their fields are those
of the schema's tables, named behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Weight
from cnncli.graph.layer import Layer
from cnncli.graph.layers import (
    ELU,
    Activation,
    Add,
    Cast,
    Concatenate,
    DepthToSpace,
    Dequantize,
    Elementwise,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Identity,
    LeakyReLU,
    LocalResponseNormalization,
    Maximum,
    Minimum,
    Moving,
    Multiply,
    Pad,
    Permute,
    PReLU,
    Quantize,
    Reduce,
    ReLU,
    Reshape,
    Resizing,
    Slice,
    Softmax,
    SpaceToDepth,
    Subtract,
    ZeroPadding1D,
    ZeroPadding2D,
)
from cnncli.readers.assembly import Assembly, Tensor
from cnncli.readers.tflite.file import FileTensor, Operation
from cnncli.readers.tflite.kernels import KERNEL_MAKERS, Made, Maker, computed, held
from cnncli.readers.tflite.moves import pairs

ACTIVATIONS: dict[str, Layer] = {
    "relu": ReLU(), "relu6": ReLU(max_value=6.0), "tanh": Activation("tanh"), "hard_tanh": Activation("hard_tanh"),
    "sign_bit": Elementwise("SignBit"),
}  # fmt: skip


def append(assembly: Assembly, operation: Operation, name: str) -> None:
    """Append what an operation is: its layer and the activation that is fused into it, or an opaque one."""
    made = _made(assembly, operation)
    if made is None:
        opaque(assembly, operation, name)
        return
    if len(operation.outputs) != 1:
        assembly.several(made.layer, made.inputs, operation.outputs, name=name, weights=made.weights)
        return
    inputs = [_entering(assembly, made, name), *made.inputs[1:]] if made.enters is not None else made.inputs
    apart = operation.fused not in ("linear", made.layer.function)
    output: Tensor = _before(operation.output) if apart else operation.output
    assembly.apply(made.layer, inputs, output, name=name, weights=made.weights)
    if apart:
        activation = ACTIVATIONS[operation.fused]
        assembly.apply(activation, [output], operation.output, name=f"{name}/{operation.fused}")


def opaque(assembly: Assembly, operation: Operation, name: str, weights: Sequence[Weight] = ()) -> None:
    inputs = [tensor for tensor in operation.inputs if tensor is not None and _is_there(assembly, tensor)]
    assembly.opaque(operation.name, inputs, operation.outputs, name=name, weights=weights)


def _made(assembly: Assembly, operation: Operation) -> Made | None:
    maker = None if operation.custom else MAKERS.get(operation.name)
    try:
        return maker and maker(assembly, operation)
    except LayerError:  # options or shapes that no layer has: the file's operation is shown as it is
        return None


def _before(output: FileTensor) -> Tensor:
    """What stands before the activation that is fused into an operation."""
    return Tensor(output.name, output.shape, output.dtype, quantized=output.quantized)


def _entering(assembly: Assembly, made: Made, name: str) -> Tensor:
    """The first input in the shape in which it enters."""
    source = made.inputs[0]
    entering = Tensor(source.name, made.enters, source.dtype, quantized=source.quantized)
    shape = assembly.shape(entering)
    assembly.apply(Flatten() if len(shape) == 1 else Reshape(shape), [source], entering, name=f"{name}/flatten")
    return entering


def _is_there(assembly: Assembly, tensor: Tensor) -> bool:
    """Whether a tensor is a constant or computed; the state that a stateful operation keeps for itself is neither."""
    return tensor.constant or assembly.has(tensor)


def _layer(layer: Layer) -> Maker:
    """Of an operation that is always the same layer of its first input."""
    return lambda assembly, operation: Made(layer, [operation.source])


def _leaky_relu(assembly: Assembly, operation: Operation) -> Made:
    slope = float(f"{operation.option(0, 'f', 0.0):.7g}")  # alpha, of 32 bits
    return Made(LeakyReLU(slope), computed(assembly, operation))


def _prelu(assembly: Assembly, operation: Operation) -> Made | None:
    source, alpha = operation.source, operation.input(1)
    if alpha is None or not alpha.constant:
        return None
    cells = assembly.shape(source)
    shape = assembly.operand(alpha, source)
    shape = (1,) * (len(cells) - len(shape)) + shape
    shared = tuple(axis for axis, (one, size) in enumerate(zip(shape, cells, strict=True), 1) if one == 1 and size != 1)
    return Made(PReLU(shared or None), [source], [assembly.weight("alpha", alpha, shape)])


def _arithmetic(operation_name: str, merging: Layer | None = None) -> Maker:
    """Of two operands, of which the file may hold one."""

    def maker(assembly: Assembly, operation: Operation) -> Made | None:
        given = computed(assembly, operation)
        constants = [each for each in operation.inputs if each is not None and each.constant and not assembly.has(each)]
        if not constants:
            return Made(merging if merging is not None else Elementwise(operation_name), given)
        if not given or len(constants) > 1:
            return Made(Elementwise(operation_name), [each for each in operation.inputs if each is not None])
        shape = assembly.operand(constants[0], given[0])
        weights = [assembly.weight("constant", constants[0], shape)] if constants[0].is_weight else []
        return Made(Elementwise(operation_name, shape, constants[0].value), given, weights)

    return maker


def _moving(title: str) -> Maker:
    """Of an operation without multiply-accumulates that has no layer of its own: its output is what the file says."""

    def maker(assembly: Assembly, operation: Operation) -> Made:
        inputs = computed(assembly, operation)
        ends = operation.outputs or inputs[-1:]  # what is put into a variable is as large as what is read of it
        shape = assembly.shape(ends[0]) if ends else ()
        return Made(Moving(title, shape), inputs, held(assembly, operation))

    return maker


def _reshape(assembly: Assembly, operation: Operation) -> Made | None:
    shape, source = assembly.shape(operation.output), [operation.source]
    if len(shape) == 1 and len(assembly.shape(source[0])) > 1:
        return Made(Flatten(), source)
    return Made(Reshape(shape), source)


def _transpose(assembly: Assembly, operation: Operation) -> Made | None:
    source, order = operation.source, operation.values(1)
    if order is not None and assembly.is_batched(source) and order[:1] == (0,):
        return Made(Permute(tuple(order[1:])), [source])
    return _moving("Transpose")(assembly, operation)


def _concatenation(assembly: Assembly, operation: Operation) -> Made:
    inputs = [each for each in operation.inputs if each is not None]
    if len(inputs) == 1:
        return Made(Identity(), inputs)
    return Made(Concatenate(assembly.axis(operation.output, operation.option(0))), inputs)


def _slice(assembly: Assembly, operation: Operation) -> Made:
    shape = assembly.shape(operation.output)
    begin = tuple(operation.values(1) or ())
    strides = tuple(operation.values(3) or ()) if operation.name == "STRIDED_SLICE" else (1,) * len(begin)
    return Made(Slice(shape=shape, begin=begin[1:], strides=strides[1:]), [operation.source])


PAD_MODES = ("reflect", "symmetric")
"""Of enum MirrorPadMode."""


def _pad(assembly: Assembly, operation: Operation) -> Made | None:
    source = operation.source
    rank = source.rank
    sides = pairs(operation.values(1), rank)
    shape = assembly.shape(operation.output)
    if sides is None or any(UNKNOWN in side for side in sides):
        return Made(Pad(shape=shape), [source])
    if operation.name == "PAD" and assembly.is_batched(source) and not any((*sides[0], *sides[-1])):
        if rank == 4:
            return Made(ZeroPadding2D((sides[1], sides[2])), [source])
        if rank == 3:
            return Made(ZeroPadding1D(sides[1]), [source])
    mode = "constant"
    if operation.name == "MIRROR_PAD":
        mode = PAD_MODES[operation.option(0, "b") == 1]
    value = {"PAD": 0.0, "PADV2": _number(operation, 2)}.get(operation.name)
    return Made(Pad(shape=shape, paddings=tuple(sides[1:]), mode=mode, value=value), [source])


def _number(operation: Operation, number: int) -> float | None:
    """The real number that an input is, where it is known."""
    found = operation.input(number)
    return None if found is None else found.value


def _resize(interpolation: str) -> Maker:
    def maker(assembly: Assembly, operation: Operation) -> Made:
        height, width, _ = assembly.shape(operation.output)
        return Made(Resizing(height, width, interpolation), [operation.source])

    return maker


_GLOBAL = {
    ("Mean", 4): GlobalAveragePooling2D, ("Mean", 3): GlobalAveragePooling1D,
    ("Max", 4): GlobalMaxPooling2D, ("Max", 3): GlobalMaxPooling1D,
}  # fmt: skip


def _reduce(title: str) -> Maker:
    def maker(assembly: Assembly, operation: Operation) -> Made | None:
        source, axes = operation.source, operation.values(1)
        if axes is None:
            return _moving(title)(assembly, operation)
        keeps = operation.option(0, "?", False)
        chosen = tuple(sorted(assembly.axis(source, axis) for axis in axes))
        whole = _GLOBAL.get((title, source.rank))
        if whole and assembly.is_batched(source) and chosen == tuple(range(1, source.rank - 1)):
            return Made(whole(keeps), [source])
        return Made(Reduce(title, chosen, keeps), [source])

    return maker


def _arg(title: str) -> Maker:
    def maker(assembly: Assembly, operation: Operation) -> Made | None:
        source, axes = operation.source, operation.values(1)
        if not axes:
            return _moving(title)(assembly, operation)
        return Made(Reduce(title, (assembly.axis(source, axes[0]),)), [source])

    return maker


def _gather(assembly: Assembly, operation: Operation) -> Made | None:
    """Rows of a table that the file holds are an embedding's."""
    looking_up = operation.name == "EMBEDDING_LOOKUP"  # its table stands behind the places
    table, places = operation.input(int(looking_up)), operation.input(int(not looking_up))
    axis = 0 if looking_up else operation.option(0)
    if table is None or places is None or not table.constant or table.rank != 2 or axis or not assembly.has(places):
        return _moving("Gather")(assembly, operation)
    rows, columns = table.shape or (0, 0)
    return Made(Embedding(rows, columns), [places], [assembly.weight("embeddings", table)])


def _recoded(kind: Callable[[str], Layer]) -> Maker:
    return lambda assembly, operation: Made(kind(operation.output.dtype), [operation.source])


def _response_normalization(assembly: Assembly, operation: Operation) -> Made:
    bias_, alpha, beta = (float(f"{operation.option(number, 'f', 0.0):.7g}") for number in (1, 2, 3))
    return Made(LocalResponseNormalization(operation.option(0), bias_, alpha, beta), [operation.source])


def _depth_to_space(assembly: Assembly, operation: Operation) -> Made:
    return Made(DepthToSpace(operation.option(0), "DCR"), [operation.source])


def _space_to_depth(assembly: Assembly, operation: Operation) -> Made:
    return Made(SpaceToDepth(operation.option(0), "DCR"), [operation.source])


MAKERS: dict[str, Maker] = {
    **KERNEL_MAKERS,
    "L2_POOL_2D": _moving("L2Pool2D"), "RELU": _layer(ACTIVATIONS["relu"]),
    "RELU6": _layer(ACTIVATIONS["relu6"]), "RELU_N1_TO_1": _layer(ACTIVATIONS["hard_tanh"]),
    "RELU_0_TO_1": _layer(ReLU(max_value=1.0)), "LOGISTIC": _layer(Activation("sigmoid")),
    "TANH": _layer(Activation("tanh")), "HARD_SWISH": _layer(Activation("hard_silu")), "ELU": _layer(ELU()),
    "GELU": _layer(Activation("gelu")), "SOFTMAX": _layer(Softmax()),
    "LOG_SOFTMAX": _layer(Activation("log_softmax")), "LEAKY_RELU": _leaky_relu, "PRELU": _prelu,
    "ADD": _arithmetic("Add", Add()), "ADD_N": _arithmetic("Add", Add()), "SUB": _arithmetic("Subtract", Subtract()),
    "MUL": _arithmetic("Multiply", Multiply()), "MAXIMUM": _arithmetic("Maximum", Maximum()),
    "MINIMUM": _arithmetic("Minimum", Minimum()),
    **{name: _arithmetic(title) for name, title in {
        "DIV": "Divide", "POW": "Power", "SQUARED_DIFFERENCE": "SquaredDifference", "FLOOR_DIV": "FloorDivide",
        "FLOOR_MOD": "FloorMod", "ATAN2": "Atan2", "LESS": "Less", "LESS_EQUAL": "LessEqual", "GREATER": "Greater",
        "GREATER_EQUAL": "GreaterEqual", "EQUAL": "Equal", "NOT_EQUAL": "NotEqual", "LOGICAL_AND": "LogicalAnd",
        "LOGICAL_OR": "LogicalOr", "SELECT": "Select", "SELECT_V2": "Select", "BITWISE_XOR": "BitwiseXor",
        "RIGHT_SHIFT": "RightShift",
    }.items()},
    **{name: _layer(Elementwise(title)) for name, title in {
        "ABS": "Abs", "CEIL": "Ceil", "COS": "Cos", "EXP": "Exp", "FLOOR": "Floor", "LOG": "Log", "NEG": "Negative",
        "ROUND": "Round", "RSQRT": "Rsqrt", "SIN": "Sin", "SQRT": "Sqrt", "SQUARE": "Square", "SIGN": "Sign",
        "LOGICAL_NOT": "LogicalNot", "ZEROS_LIKE": "ZerosLike", "L2_NORMALIZATION": "L2Normalization",
        "COMPLEX_ABS": "ComplexAbs", "CUMSUM": "CumulativeSum",
    }.items()},
    **{name: _reduce(title) for name, title in {
        "MEAN": "Mean", "SUM": "Sum", "REDUCE_MAX": "Max", "REDUCE_MIN": "Min", "REDUCE_PROD": "Product",
        "REDUCE_ANY": "Any", "REDUCE_ALL": "All",
    }.items()},
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), _reshape),
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), _pad),
    **dict.fromkeys(("SLICE", "STRIDED_SLICE"), _slice),
    **dict.fromkeys(("GATHER", "EMBEDDING_LOOKUP"), _gather),
    **{name: _moving(title) for name, title in {
        "SPLIT": "Split", "SPLIT_V": "Split", "UNPACK": "Unstack", "PACK": "Stack", "GATHER_ND": "GatherNd",
        "TILE": "Tile", "BROADCAST_TO": "BroadcastTo", "REVERSE_V2": "Reverse", "REVERSE_SEQUENCE": "ReverseSequence",
        "SPACE_TO_BATCH_ND": "SpaceToBatchND", "BATCH_TO_SPACE_ND": "BatchToSpaceND", "TOPK_V2": "TopK",
        "SHAPE": "Shape", "RANK": "Rank", "FILL": "Fill", "RANGE": "Range", "ONE_HOT": "OneHot", "WHERE": "Where",
        "SCATTER_ND": "ScatterNd", "SPARSE_TO_DENSE": "SparseToDense", "DYNAMIC_UPDATE_SLICE": "DynamicUpdateSlice",
        "BROADCAST_ARGS": "BroadcastArgs", "BITCAST": "Bitcast", "UNIQUE": "Unique", "MATRIX_DIAG": "MatrixDiag",
        "MATRIX_SET_DIAG": "MatrixSetDiag", "VAR_HANDLE": "VarHandle", "READ_VARIABLE": "ReadVariable",
        "ASSIGN_VARIABLE": "AssignVariable", "CALL_ONCE": "CallOnce", "BUCKETIZE": "Bucketize", "REAL": "Real",
        "IMAG": "Imag", "HASHTABLE": "Hashtable", "HASHTABLE_FIND": "HashtableFind",
        "HASHTABLE_IMPORT": "HashtableImport", "HASHTABLE_SIZE": "HashtableSize",
    }.items()},
    "TRANSPOSE": _transpose, "CONCATENATION": _concatenation,
    "RESIZE_BILINEAR": _resize("bilinear"), "RESIZE_NEAREST_NEIGHBOR": _resize("nearest"),
    "DEPTH_TO_SPACE": _depth_to_space, "SPACE_TO_DEPTH": _space_to_depth,
    "LOCAL_RESPONSE_NORMALIZATION": _response_normalization, "ARG_MAX": _arg("ArgMax"), "ARG_MIN": _arg("ArgMin"),
    "CAST": _recoded(Cast), "QUANTIZE": _recoded(Quantize), "DEQUANTIZE": _recoded(Dequantize),
    "FAKE_QUANT": _recoded(Quantize), "DENSIFY": _layer(Identity()),
}  # fmt: skip
