"""Keras's layers for convolutional networks, by the same names. `LAYERS` finds one by its name."""

from cnncli.graph.layer import Layer
from cnncli.graph.layers.activation import ACTIVATION_FLOPS, ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from cnncli.graph.layers.convolution import (
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Initializer,
    SeparableConv2D,
    VarianceScaling,
)
from cnncli.graph.layers.elementwise import Elementwise
from cnncli.graph.layers.kernels import AnyConvolution, AnyDense
from cnncli.graph.layers.merging import Add, Average, Concatenate, Maximum, Merge, Minimum, Multiply, Subtract
from cnncli.graph.layers.moving import (
    Cast,
    CenterCrop,
    Constant,
    DepthToSpace,
    Dequantize,
    Embedding,
    LocalResponseNormalization,
    MatMul,
    Moving,
    Pad,
    Quantize,
    Reduce,
    Resizing,
    Slice,
    SpaceToDepth,
)
from cnncli.graph.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    Normalization,
    Rescaling,
)
from cnncli.graph.layers.one_dimensional import (
    AveragePooling1D,
    Conv1D,
    Conv1DTranspose,
    Cropping1D,
    DepthwiseConv1D,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    MaxPooling1D,
    SeparableConv1D,
    UpSampling1D,
    ZeroPadding1D,
)
from cnncli.graph.layers.opaque import Opaque, Select
from cnncli.graph.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalPooling,
    MaxPooling2D,
)
from cnncli.graph.layers.recurrent import GRU, LSTM, SimpleRNN, TimeDistributed
from cnncli.graph.layers.regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    Idle,
    SpatialDropout1D,
    SpatialDropout2D,
)
from cnncli.graph.layers.reshaping import (
    Cropping2D,
    Flatten,
    Identity,
    InputLayer,
    Permute,
    RepeatVector,
    Reshape,
    UpSampling2D,
    ZeroPadding2D,
)

__all__ = [
    "ACTIVATION_FLOPS",
    "ELU",
    "GRU",
    "LAYERS",
    "LSTM",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "AnyConvolution",
    "AnyDense",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNormalization",
    "Cast",
    "CenterCrop",
    "Concatenate",
    "Constant",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "DepthToSpace",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dequantize",
    "Dropout",
    "Elementwise",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalPooling",
    "GroupNormalization",
    "Identity",
    "Idle",
    "Initializer",
    "InputLayer",
    "LayerNormalization",
    "LeakyReLU",
    "LocalResponseNormalization",
    "MatMul",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Merge",
    "Minimum",
    "Moving",
    "Multiply",
    "Normalization",
    "Opaque",
    "PReLU",
    "Pad",
    "Permute",
    "Quantize",
    "ReLU",
    "Reduce",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "Select",
    "SeparableConv1D",
    "SeparableConv2D",
    "SimpleRNN",
    "Slice",
    "Softmax",
    "SpaceToDepth",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Subtract",
    "TimeDistributed",
    "UpSampling1D",
    "UpSampling2D",
    "VarianceScaling",
    "ZeroPadding1D",
    "ZeroPadding2D",
]

_NOT_KERAS = (
    Layer, Merge, GlobalPooling, Opaque, Select, Elementwise, Cast, Constant, DepthToSpace, Dequantize, Idle,
    LocalResponseNormalization, MatMul, Moving, Pad, Quantize, Reduce, Slice, SpaceToDepth, AnyConvolution, AnyDense,
)  # fmt: skip
"""Bases, and layers that only files of other formats have."""

LAYERS: dict[str, type[Layer]] = {
    name: layer
    for name, layer in list(globals().items())
    if isinstance(layer, type) and issubclass(layer, Layer) and layer not in _NOT_KERAS
}
