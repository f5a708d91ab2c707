"""How each layer is written: a file a group of layers, a function a layer. `LOWERED` finds one by the layer's class."""

from cnncli.graph import Layer, Node
from cnncli.graph.layers import (
    AnyConvolution,
    AnyDense,
    Constant,
    Dequantize,
    MatMul,
    Moving,
    Opaque,
    Quantize,
    Select,
    TimeDistributed,
)
from cnncli.onnx_model.layers.activation import ACTIVATIONS
from cnncli.onnx_model.layers.applying import time_distributed
from cnncli.onnx_model.layers.cells import CELLS
from cnncli.onnx_model.layers.convolution import CONVOLUTIONS
from cnncli.onnx_model.layers.merging import MERGING
from cnncli.onnx_model.layers.normalization import NORMALIZATIONS
from cnncli.onnx_model.layers.pooling import POOLING
from cnncli.onnx_model.layers.recurrent import RECURRENT
from cnncli.onnx_model.layers.reshaping import RESHAPING
from cnncli.onnx_model.layers.resizing import RESIZING
from cnncli.onnx_model.lowering import Laid, Lowering
from cnncli.onnx_model.place import Lowered, Place

LOWERED: dict[type[Layer], Lowered] = {
    **ACTIVATIONS,
    **CELLS,
    **CONVOLUTIONS,
    **MERGING,
    **NORMALIZATIONS,
    **POOLING,
    **RECURRENT,
    **RESHAPING,
    **RESIZING,
}

UNWRITTEN: dict[type[Layer], str] = {
    AnyConvolution: "only its kernel's shape is known, not how it slides",
    AnyDense: "only its kernel's shape is known, not on which side it stands",
    Constant: "it is a tensor without a batch",
    Dequantize: "its scale is not known",
    MatMul: "which axes it multiplies is not known",
    Moving: "where its cells come from is not known",
    Opaque: "what it computes is not known",
    Quantize: "its scale is not known",
    Select: "which of several outputs it is, is known, but not of what",
}
"""Layers of which a file says too little to compute them, and what it does not say."""


def lowered(lowering: Lowering, node: Node) -> Laid:
    """Append a node's operations; one that does nothing at inference is the tensor that it reads.

    Raises UsageError for a layer that has no operation in ONNX.
    """
    place, layer = Place(lowering, node), type(node.layer)
    if layer in LOWERED:
        return LOWERED[layer](place)
    if node.layer.idle and layer not in UNWRITTEN and len(node.inputs) == 1:
        return place.source()
    return place.refuse(UNWRITTEN.get(layer, "nobody has said which operations it is"))


LOWERED[TimeDistributed] = time_distributed(lowered)
