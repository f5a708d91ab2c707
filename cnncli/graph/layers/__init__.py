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
from cnncli.graph.layers.merging import Add, Average, Concatenate, Maximum, Merge, Minimum, Multiply, Subtract
from cnncli.graph.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    Normalization,
    Rescaling,
)
from cnncli.graph.layers.opaque import Opaque, Select
from cnncli.graph.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalPooling,
    MaxPooling2D,
)
from cnncli.graph.layers.regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout2D,
)
from cnncli.graph.layers.reshaping import (
    Cropping2D,
    Flatten,
    Identity,
    InputLayer,
    Permute,
    Reshape,
    UpSampling2D,
    ZeroPadding2D,
)

__all__ = [
    "ACTIVATION_FLOPS",
    "ELU",
    "LAYERS",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GlobalPooling",
    "GroupNormalization",
    "Identity",
    "Initializer",
    "InputLayer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling2D",
    "Maximum",
    "Merge",
    "Minimum",
    "Multiply",
    "Normalization",
    "Opaque",
    "PReLU",
    "Permute",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Select",
    "SeparableConv2D",
    "Softmax",
    "SpatialDropout2D",
    "Subtract",
    "UpSampling2D",
    "VarianceScaling",
    "ZeroPadding2D",
]

_NOT_KERAS = (Layer, Merge, GlobalPooling, Opaque, Select)

LAYERS: dict[str, type[Layer]] = {
    name: layer
    for name, layer in list(globals().items())
    if isinstance(layer, type) and issubclass(layer, Layer) and layer not in _NOT_KERAS
}
