"""How each layer is written: a file a group of layers, a function a layer. `LOWERED` finds one by the layer's type."""

from cnncli.onnx_model.layers.activation import ACTIVATIONS
from cnncli.onnx_model.layers.convolution import CONVOLUTIONS
from cnncli.onnx_model.layers.merging import MERGING
from cnncli.onnx_model.layers.normalization import NORMALIZATIONS
from cnncli.onnx_model.layers.pooling import POOLING
from cnncli.onnx_model.layers.reshaping import RESHAPING
from cnncli.onnx_model.lowering import Lowered

LOWERED: dict[str, Lowered] = {
    **ACTIVATIONS,
    **CONVOLUTIONS,
    **MERGING,
    **NORMALIZATIONS,
    **POOLING,
    **RESHAPING,
}
