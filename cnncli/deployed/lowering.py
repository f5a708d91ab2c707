"""Which operations each layer becomes, before anything is fused: one table by the layers' classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.deployed import functions, kernels, moving, normalizing
from cnncli.deployed.draft import Draft, Value, numbers, weight
from cnncli.graph import Node

Lowering = Callable[[Draft, Node, list[Value]], Value]
"""`lowering(draft, node, inputs)` writes a layer's operations and returns what they put out."""

LOWERINGS: dict[str, Lowering] = {
    "Activation": functions.activation,
    "ActivityRegularization": moving.same,
    "Add": moving.merged,
    "AlphaDropout": moving.same,
    "Average": moving.merged,
    "AveragePooling1D": moving.pooling_1d,
    "AveragePooling2D": moving.pooling,
    "BatchNormalization": normalizing.batch_normalization,
    "CenterCrop": moving.center_crop,
    "Concatenate": moving.concatenate,
    "Conv1D": kernels.conv_1d,
    "Conv1DTranspose": kernels.conv_1d_transpose,
    "Conv2D": kernels.conv_2d,
    "Conv2DTranspose": kernels.conv_2d_transpose,
    "Cropping1D": moving.cropping,
    "Cropping2D": moving.cropping,
    "CustomScaleLayer": moving.custom_scale,
    "Dense": kernels.dense,
    "DepthwiseConv1D": kernels.depthwise_conv_1d,
    "DepthwiseConv2D": kernels.depthwise_conv_2d,
    "Dropout": moving.same,
    "ELU": functions.elu,
    "Embedding": moving.embedding,
    "Flatten": moving.reshape,
    "GaussianDropout": moving.same,
    "GaussianNoise": moving.same,
    "GlobalAveragePooling1D": moving.global_average_pooling,
    "GlobalAveragePooling2D": moving.global_average_pooling,
    "GlobalMaxPooling1D": moving.global_max_pooling,
    "GlobalMaxPooling2D": moving.global_max_pooling,
    "GlobalResponseNormalization": normalizing.global_response_normalization,
    "GroupNormalization": normalizing.group_normalization,
    "Identity": moving.same,
    "Idle": moving.same,
    "LayerNormalization": normalizing.layer_normalization,
    "LayerScale": normalizing.layer_scale,
    "LeakyReLU": functions.leaky_relu,
    "LocalResponseNormalization": normalizing.local_response_normalization,
    "MaxPooling1D": moving.pooling_1d,
    "MaxPooling2D": moving.pooling,
    "Maximum": moving.merged,
    "Minimum": moving.merged,
    "Multiply": moving.merged,
    "Normalization": normalizing.normalization,
    "PReLU": functions.prelu,
    "Permute": moving.permute,
    "RadialBasis": kernels.radial_basis,
    "ReLU": functions.relu,
    "RepeatVector": moving.repeat_vector,
    "Rescaling": normalizing.rescaling,
    "Reshape": moving.reshape,
    "Resizing": moving.resizing,
    "SeparableConv1D": kernels.separable_conv_1d,
    "SeparableConv2D": kernels.separable_conv_2d,
    "Slice": moving.slice_of_channels,
    "Softmax": functions.softmax,
    "SpatialDropout1D": moving.same,
    "SpatialDropout2D": moving.same,
    "Subsampling2D": moving.subsampling,
    "Subtract": moving.merged,
    "UpSampling1D": moving.up_sampling,
    "UpSampling2D": moving.up_sampling,
    "ZeroPadding1D": moving.zero_padding,
    "ZeroPadding2D": moving.zero_padding,
}
