"""What operations of a TFLite file are called: the names of its tensors, as far as they name layers.

A tensor that stands for several operations of the framework has all their names, joined by semicolons:
`model/relu/Relu6;model/conv_2/Conv2D;model/conv/Conv2D1`. An operation with a kernel is called by what a kernel made,
and of such parts by the one that the fewest operations bear: the converter keeps equal constants once, with the names
of all their owners. Every other operation is called by the first part. Then what all names begin with goes, and the
framework's operation at the end. Names that a converter gave (`StatefulPartitionedCall:0`) say nothing: the
operation's own name stands instead. What reads or writes a variable is called by the variable.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from cnncli.graph.names import Names
from cnncli.readers.tflite.file import Operation

KERNELS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D", "FULLY_CONNECTED", "BATCH_MATMUL"})

# What TensorFlow calls operations, at the end of tensors' names.
_OF_KERNELS = frozenset((
    "Conv2D", "convolution", "depthwise", "conv2d_transpose", "conv_transpose", "MatMul", "Tensordot",
    "separable_conv2d", "Conv1D", "Conv3D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "BatchMatMul",
    "BatchMatMulV2", "depthwise_conv2d", "Conv2D_Fold", "depthwise_Fold",
))  # fmt: skip
_OF_OTHERS = frozenset((
    "BiasAdd", "Relu", "Relu6", "FusedBatchNorm", "FusedBatchNormV3", "batchnorm", "LeakyRelu", "Sigmoid", "Tanh",
    "Softmax", "Elu", "Selu", "Gelu", "MaxPool", "MaxPool2d", "AvgPool", "AvgPool2d", "Mean", "Max", "Reshape", "Pad",
    "PadV2", "MirrorPad", "add_fold", "mul_fold", "Maximum", "Minimum", "Squeeze", "ExpandDims", "ResizeBilinear",
    "ResizeNearestNeighbor", "DepthToSpace", "SpaceToDepth", "BatchToSpaceND", "SpaceToBatchND", "HardSwish",
    "Conv2D_bias", "resource", "clip_by_value", "Transpose", "transpose",
))  # fmt: skip
_OPERATIONS = _OF_KERNELS | _OF_OTHERS
_OF_VARIABLES = {"VAR_HANDLE": "", "READ_VARIABLE": "read", "ASSIGN_VARIABLE": "write"}
"""What deals with variables, and what it does."""
_MERGING = frozenset(("Add", "add", "AddV2", "Mul", "mul", "Sub", "sub", "concat"))
_PARTS = frozenset(("batchnorm", "Tensordot", "BiasAdd", "ReadVariableOp"))
"""What consists of several operations."""
_SAYS_NOTHING = re.compile(
    r"^((Stateful)?PartitionedCall(_\d+)?|Identity(_int8|_uint8|_\d+)?|serving_default|tfl\..*|arith\..*|output_?\d*|\d*)$"
)


def names(operations: Sequence[Operation]) -> list[str]:
    """A name for each operation, each its own."""
    paths = [_paths(operation) for operation in operations]
    bearers = Counter(layer for each in paths for layer in {tuple(_without_operation(path)) for path in each})
    parts = [_best(operation, each, bearers) for operation, each in zip(operations, paths, strict=True)]
    if _traced_twice(parts):
        parts = [[part.removesuffix("_1") for part in each] for each in parts]
    layers = [each for operation, each in zip(operations, parts, strict=True) if operation.name not in _OF_VARIABLES]
    same, scopes = _common([each for each in layers if len(each) > 1]), _scopes(layers)
    taken, found = Names(), []
    for operation, each in zip(operations, parts, strict=True):
        common = 0 if operation.name in _OF_VARIABLES else same
        short, long = "/".join(_short(each, scopes)[common:]), "/".join(each[common:])
        wanted = [short or long, long] if long else [operation.name.lower().replace("_2d", "2d")]
        found.append(taken.free(*wanted))
    return found


def plain(name: str) -> str:
    """A tensor's name without what the converter added: `serving_default_image:0` is image's."""
    return re.sub(r":\d+$", "", name).removeprefix("serving_default_")


def says_nothing(name: str) -> bool:
    """Whether a name is one that a converter gives to whatever is computed."""
    return bool(_SAYS_NOTHING.match(plain(name)))


def _traced_twice(parts: Sequence[list[str]]) -> bool:
    """Whether the model's and all layers' names end in _1: Keras 3 traces a model once more to write it."""
    layers = [each for each in parts if len(each) > 1]
    return len(layers) > 1 and all(part.endswith("_1") for each in layers for part in each[: min(2, len(each) - 1)])


def _scopes(parts: Sequence[list[str]]) -> set[tuple[str, ...]]:
    """The paths that hold several layers."""
    layers = [_without_operation(each) for each in parts if not each or each[-1] not in _MERGING]
    return {tuple(layer[:count]) for layer in layers for count in range(1, len(layer))}


def _short(path: Sequence[str], scopes: set[tuple[str, ...]]) -> Sequence[str]:
    """The layer's name: join/Add is join, but block_2/add, which adds within a block of several layers, stays."""
    kept = _without_operation(path)
    merges = len(kept) > 1 and _base(kept[-1]) in _MERGING and tuple(kept[:-1]) not in scopes
    return kept[:-1] if merges else kept


def _paths(operation: Operation) -> list[list[str]]:
    """The names that an operation's output has, as far as they say something."""
    named = operation.inputs[:1] if operation.name in _OF_VARIABLES and operation.inputs else operation.outputs[:1]
    name = named[0].name if named and named[0] is not None else ""
    does = _OF_VARIABLES.get(operation.name, "")
    paths = [re.sub(r":\d+$", "", part).strip("/").split("/") + [does] * bool(does) for part in name.split(";")]
    return [path for path in paths if path != [""] and not _SAYS_NOTHING.match("/".join(path))]


def _best(operation: Operation, paths: list[list[str]], bearers: Counter[tuple[str, ...]]) -> list[str]:
    """The path that suits best; of equally good ones the last, behind which the converter puts no other's."""
    of_kernels = [path for path in paths if _made_by_kernel(path)] if operation.name in KERNELS else []
    if not of_kernels:
        last = operation.fused != "linear" and operation.name not in KERNELS  # the first is the activation's name
        return paths[-1 if last else 0] if paths else []
    return min(reversed(of_kernels), key=lambda path: bearers[tuple(_without_operation(path))])


def _made_by_kernel(path: Sequence[str]) -> bool:
    return any(_base(part) in _OF_KERNELS for part in path[1:])


def _base(part: str) -> str:
    """Without the number that the converter puts behind an equal name: Conv2D1."""
    return part if part in _OPERATIONS or part in _MERGING else re.sub(r"_?\d+$", "", part)


def _without_operation(path: Sequence[str]) -> Sequence[str]:
    """Without the framework's operation at the end, and what it is a part of: block/bn/batchnorm/add_1 is block/bn."""
    kept = list(path)
    if len(kept) > 1 and _base(kept[-1]) in _OPERATIONS:
        kept.pop()
    while len(kept) > 1 and kept[-1] in _PARTS:
        kept.pop()
    return kept


def _common(paths: Sequence[list[str]]) -> int:
    """How many components all paths begin with alike; of a path alone none."""
    if len(paths) < 2:
        return 0
    first, last = min(paths), max(paths)
    count = 0
    for one, other in zip(first[:-1], last[:-1], strict=False):
        if one != other:
            break
        count += 1
    return min(count, min(map(len, paths)) - 1)
