"""What operations of a TFLite file are called: the names of its tensors, as far as they name layers.

A tensor that stands for several operations of the framework has all their names, joined by semicolons:
`model/relu/Relu6;model/bn/add;model/conv/Conv2D`. An operation with a kernel is called by the part that a kernel made,
every other one by the first part; then what all names begin with goes, and the name of the framework's operation at the
end. Names that a converter gave (`StatefulPartitionedCall:0`) say nothing: the operation's own name stands instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cnncli.readers.tflite_file import Operation

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
    "Conv2D_bias", "concat",
))  # fmt: skip
_SAYS_NOTHING = re.compile(
    r"^(StatefulPartitionedCall|PartitionedCall|Identity(_int8|_uint8)?|Identity_\d+|serving_default|tfl\..*|arith\..*|output_?\d*|\d+|)$"
)


def names(operations: Sequence[Operation]) -> list[str]:
    """A name for each operation, each its own."""
    parts = [_parts(operation) for operation in operations]
    common = _common([each for each in parts if len(each) > 1])
    taken: set[str] = set()
    found = []
    for operation, each in zip(operations, parts, strict=True):
        own = each[common:] if len(each) > common else each
        short, long = "/".join(_without_operation(own)), "/".join(own)
        found.append(_free([short, long], taken) if long else _free([operation.name.lower()], taken))
    return found


def plain(name: str) -> str:
    """A tensor's name without what the converter added: `serving_default_image:0` is image's."""
    return re.sub(r":\d+$", "", name).removeprefix("serving_default_")


def says_nothing(name: str) -> bool:
    """Whether a name is one that a converter gives to whatever is computed."""
    return bool(_SAYS_NOTHING.match(plain(name)))


def _parts(operation: Operation) -> list[str]:
    """The path of the name that suits best."""
    name = operation.outputs[0].name if operation.outputs else ""
    paths = [re.sub(r":\d+$", "", part).strip("/").split("/") for part in name.split(";")]
    paths = [path for path in paths if path != [""] and not _SAYS_NOTHING.match("/".join(path))]
    if not paths:
        return []
    if operation.name in KERNELS:
        return next((path for path in paths if _made_by_kernel(path)), paths[0])
    return paths[0]


def _made_by_kernel(path: Sequence[str]) -> bool:
    return any(_base(part) in _OF_KERNELS for part in path[1:])


def _base(part: str) -> str:
    """Without the number that the converter puts behind an equal name: Conv2D1."""
    return part if part in _OF_KERNELS or part in _OF_OTHERS else re.sub(r"_?\d+$", "", part)


def _without_operation(path: Sequence[str]) -> Sequence[str]:
    """Without the framework's operations at the end: block/BatchNorm/FusedBatchNormV3 keeps its layer."""
    kept = list(path)
    while len(kept) > 1 and (_base(kept[-1]) in _OF_KERNELS or _base(kept[-1]) in _OF_OTHERS):
        kept.pop()
    if len(kept) > 1 and _base(kept[-2]) == "batchnorm":
        kept = kept[:-2] or kept
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


def _free(wanted: Sequence[str], taken: set[str]) -> str:
    """The first name that is free, or the first with a number behind."""
    found = next((name for name in wanted if name not in taken), "")
    number = 2
    while not found:
        numbered = f"{wanted[0]}:{number}"
        found, number = ("" if numbered in taken else numbered), number + 1
    taken.add(found)
    return found
