"""Which tensors of an ONNX graph have their channels first, told by the operations that read them."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.readers.onnx.model import ROUNDING, NodeProto
from cnncli.readers.onnx.shapes.axes import REDUCING
from cnncli.readers.onnx.shapes.cells import BINARY, UNARY

MOST_DEPTH = 24
"""Graphs within graphs and calls within calls."""
FIRST = frozenset({
    "Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "FusedConv", "MaxPool", "AveragePool", "LpPool",
    "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "BatchNormalization", "InstanceNormalization", "LRN",
    "GroupNormalization", "DepthToSpace", "SpaceToDepth", "MaxRoiPool", "RoiAlign", "GridSample",
    "QLinearAveragePool", "QLinearGlobalAveragePool", "DeformConv",
})  # fmt: skip
"""Operations whose first input has the channels on axis 1 (onnx/docs/Operators.md)."""
LAST = frozenset({
    "MatMul", "MatMulInteger", "QLinearMatMul", "FusedMatMul", "Gemm", "MatMulNBits", "LSTM", "GRU", "RNN",
})  # fmt: skip
"""Operations whose last axis is what they sum over."""
_KEEPING = frozenset({
    *UNARY, *BINARY, *REDUCING, "Concat", "Pad", "Cast", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
    "Dropout", "Slice", "Split", "Resize", "Upsample", "Where", "Expand", "Tile", "QLinearAdd", "QLinearMul",
    "QLinearConcat", "QLinearSigmoid", "QLinearLeakyRelu", "LayerNormalization",
    *(kind for _, kind in ROUNDING),
}) - {"InstanceNormalization", "GroupNormalization", "LRN"}  # fmt: skip
"""Operations whose output has the axes of their inputs."""


def wanted_layouts(nodes: Sequence[NodeProto], depth: int = 0) -> dict[str, bool]:
    """For tensors by name whether channels come first, as far as their readers say: backwards from the last node."""
    found: dict[str, bool] = {}
    for node in reversed(nodes):
        if node.kind in FIRST:
            _say(found, node.inputs[:1], not node.attributes().number("channels_last"))
        elif node.kind in LAST:
            _say(found, node.inputs, False)
        elif node.kind == "Transpose":
            _say_transposed(found, node)
        elif node.kind in _KEEPING:
            wanted = next((found[name] for name in node.outputs if name in found), None)
            if wanted is not None:
                _say(found, node.inputs, wanted)
        elif node.graphs and depth < MOST_DEPTH:
            for graph in node.graphs.values():
                for name, wanted in wanted_layouts(graph.nodes, depth + 1).items():
                    _say(found, [name], wanted)
    return found


def _say(found: dict[str, bool], names: Sequence[str], first: bool) -> None:
    """Channels first where one reader wants it so."""
    for name in names:
        found[name] = found.get(name, False) or first


def _say_transposed(found: dict[str, bool], node: NodeProto) -> None:
    """(0, 3, 1, 2) reads channels last, (0, 2, 3, 1) channels first; of three axes both are (0, 2, 1)."""
    order = node.attributes().numbers("perm") or []
    rank = len(order)
    if rank < 3 or not node.inputs or not node.outputs:
        return
    to_first, to_last = [0, rank - 1, *range(1, rank - 1)], [0, *range(2, rank), 1]
    wanted = found.get(node.outputs[0])
    if order == to_first and (rank > 3 or wanted):
        _say(found, node.inputs[:1], False)
    elif order == to_last:
        if rank > 3 or wanted is False:
            _say(found, node.inputs[:1], True)
    elif wanted is not None:
        _say(found, node.inputs[:1], wanted)
