"""Layers with random arguments, and random networks of them, for tests that hold every layer against something."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from cnncli.errors import LayerError
from cnncli.graph import Graph, Layer
from cnncli.graph.layers import (
    ACTIVATION_FLOPS,
    LAYERS,
    Conv2D,
    CustomScaleLayer,
    Dense,
    GlobalResponseNormalization,
    InputLayer,
    LayerScale,
    LocalResponseNormalization,
    Merge,
    VarianceScaling,
)

small = st.integers(1, 4)
sizes = small | st.tuples(small, small)
sides = small | st.tuples(small, small) | st.tuples(st.tuples(small, small), st.tuples(small, small))
booleans = st.booleans()
activations = st.sampled_from([None, *ACTIVATION_FLOPS, "swish", "hard_swish"])
paddings = st.sampled_from(["valid", "same"])
fractions = st.floats(0, 0.9)
positive = st.floats(0.1, 3)
channels = st.sampled_from([1, 2, 3, 4, 6, 8])
initializers = st.sampled_from(["glorot_uniform", "he_normal", VarianceScaling(2.0, "fan_out"), VarianceScaling()])
WINDOW = {"strides": sizes, "padding": paddings}
KERNEL = {"kernel_size": sizes, "activation": activations, "use_bias": booleans, "dilation_rate": sizes, **WINDOW}
STEPS = {
    "kernel_size": small, "strides": small, "padding": paddings, "dilation_rate": small, "activation": activations,
    "use_bias": booleans,
}  # fmt: skip
RECURRENT = {"units": small, "return_sequences": booleans, "use_bias": booleans}
AFFINE = {"epsilon": positive, "center": booleans, "scale": booleans}

COMPOSED = (CustomScaleLayer, GlobalResponseNormalization, LayerScale, LocalResponseNormalization)
"""Layers that Keras's own are put together for."""
KINDS: dict[str, type[Layer]] = {**LAYERS, **{layer.__name__: layer for layer in COMPOSED}}

applied = st.builds(Dense, channels, activation=activations) | st.builds(
    Conv2D, channels, small, padding=st.just("same")
)
"""Layers that another applies to each part."""

ARGUMENTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "Activation": {"activation": activations},
    "ActivityRegularization": {"l1": fractions, "l2": fractions},
    "Add": {},
    "AlphaDropout": {"rate": fractions},
    "Average": {},
    "AveragePooling1D": {"pool_size": small, "strides": st.none() | small, "padding": paddings},
    "AveragePooling2D": {"pool_size": sizes, **WINDOW, "strides": st.none() | sizes},
    "BatchNormalization": {"momentum": fractions, **AFFINE},
    "CenterCrop": {"height": small, "width": small},
    "Concatenate": {"axis": st.sampled_from([-1, 1, 2, 3])},
    "Conv1D": {"filters": channels, "groups": small, **STEPS, "padding": st.sampled_from(["valid", "same", "causal"])},
    "Conv1DTranspose": {"filters": channels, "output_padding": st.none() | st.integers(0, 2), **STEPS},
    "Conv2D": {"filters": channels, "groups": small, "kernel_initializer": initializers, **KERNEL},
    "Conv2DTranspose": {
        "filters": channels,
        "output_padding": st.none() | st.integers(0, 2),
        "kernel_initializer": initializers,
        **KERNEL,
    },
    "Cropping1D": {"cropping": small | st.tuples(small, small)},
    "Cropping2D": {"cropping": sides},
    "CustomScaleLayer": {"scale": positive},
    "Dense": {"units": channels, "activation": activations, "use_bias": booleans, "kernel_initializer": initializers},
    "DepthwiseConv1D": {"depth_multiplier": small, **STEPS},
    "DepthwiseConv2D": {"depth_multiplier": small, "depthwise_initializer": initializers, **KERNEL},
    "Dropout": {"rate": fractions, "noise_shape": st.none()},
    "ELU": {"alpha": st.just(1.0) | positive},
    "Embedding": {"input_dim": channels, "output_dim": channels},
    "Flatten": {},
    "GRU": {**RECURRENT, "reset_after": booleans},
    "GaussianDropout": {"rate": fractions},
    "GaussianNoise": {"stddev": fractions},
    "GlobalAveragePooling1D": {"keepdims": booleans},
    "GlobalAveragePooling2D": {"keepdims": booleans},
    "GlobalMaxPooling1D": {"keepdims": booleans},
    "GlobalMaxPooling2D": {"keepdims": booleans},
    "GlobalResponseNormalization": {"epsilon": positive},
    "GroupNormalization": {"groups": st.sampled_from([-1, 1, 2, 3, 4]), **AFFINE},
    "Identity": {},
    "LSTM": RECURRENT,
    "LayerNormalization": {"axis": st.sampled_from([-1, 1, 2, 3, (1, 2), (-1, -2), (2, 3), (1, 2, 3)]), **AFFINE},
    "LayerScale": {"projection_dim": channels, "init_values": positive},
    "LeakyReLU": {"negative_slope": fractions},
    "LocalResponseNormalization": {"depth_radius": small, "bias": positive, "alpha": positive, "beta": positive},
    "MaxPooling1D": {"pool_size": small, "strides": st.none() | small, "padding": paddings},
    "MaxPooling2D": {"pool_size": sizes, **WINDOW, "strides": st.none() | sizes},
    "Maximum": {},
    "Minimum": {},
    "Multiply": {},
    "Normalization": {"mean": st.none() | positive | st.just((0.5,)), "variance": st.none() | positive},
    "PReLU": {"shared_axes": st.none() | st.sampled_from([(1,), (1, 2), (3,), (1, 2, 3)])},
    "Permute": {"dims": st.sampled_from([(1,), (2, 1), (1, 2, 3), (3, 1, 2), (2, 1, 3), (3, 2, 1)])},
    "ReLU": {
        "max_value": st.none() | st.just(6.0) | positive,
        "negative_slope": st.just(0.0) | fractions,
        "threshold": st.just(0.0) | fractions,
    },
    "RepeatVector": {"n": small},
    "Rescaling": {"scale": positive, "offset": fractions},
    "Reshape": {"target_shape": st.sampled_from([(-1,), (1, -1), (1, 1, -1), (-1, 2), (2, -1, 3), (2, 2, -1)])},
    "Resizing": {
        "height": small,
        "width": small,
        "interpolation": st.sampled_from(["bilinear", "nearest"]),
    },
    "SeparableConv1D": {"filters": channels, "depth_multiplier": small, **STEPS},
    "SeparableConv2D": {"filters": channels, "depth_multiplier": small, **KERNEL},
    "SimpleRNN": RECURRENT,
    "Softmax": {"axis": st.sampled_from([-1, 1, 2])},
    "SpatialDropout1D": {"rate": fractions},
    "SpatialDropout2D": {"rate": fractions},
    "Subtract": {},
    "TimeDistributed": {"layer": applied},
    "UpSampling1D": {"size": small},
    "UpSampling2D": {
        "size": sizes,
        "interpolation": st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]),
    },
    "ZeroPadding1D": {"padding": small | st.tuples(small, small)},
    "ZeroPadding2D": {"padding": sides},
}
SHAPES = (
    st.tuples(st.integers(1, 16), st.integers(1, 16), channels)
    | st.tuples(st.integers(1, 16), st.integers(1, 16), channels)
    | st.tuples(st.integers(1, 16), channels)
    | st.tuples(channels)
)
EXAMPLES = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
MERGING = {name for name, layer in KINDS.items() if issubclass(layer, Merge) or name == "Concatenate"}


def layer_of(draw: st.DrawFn, kind: str) -> Layer:
    """A layer with some of its arguments drawn, the others as they are by default."""
    required = {name for name in ARGUMENTS[kind] if not hasattr(KINDS[kind], name)}
    chosen = {name for name in ARGUMENTS[kind] if name in required or draw(booleans)}
    return KINDS[kind](**{name: draw(ARGUMENTS[kind][name]) for name in ARGUMENTS[kind] if name in chosen})


@st.composite
def graphs(draw: st.DrawFn, kinds: Sequence[str] = sorted(ARGUMENTS), most: int = 8) -> Graph:
    """Layers one behind the other, with branches that leave anywhere and meet again; what does not fit is left out."""
    graph = Graph("drawn")
    graph.add(InputLayer(draw(SHAPES)), name="image")
    for number in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(kinds))
        first = graph.nodes[-1] if draw(st.integers(0, 3)) else draw(st.sampled_from(graph.nodes))
        others = draw(st.lists(st.sampled_from(graph.nodes), min_size=1, max_size=2)) if kind in MERGING else []
        try:
            layer = layer_of(draw, kind)
            if prod(layer.output_shape(first.shape, *(node.shape for node in others))) < 100_000:
                graph.add(layer, first, *others, name=f"layer{number}")
        except LayerError:
            continue
    return graph
