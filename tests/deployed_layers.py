"""Small networks that show what the converter makes of each layer, alone and beside what it is fused with."""

from __future__ import annotations

from collections.abc import Callable

from cnncli.graph import Graph, Layer
from cnncli.graph.layers import (
    ACTIVATION_FLOPS,
    ELU,
    Activation,
    Add,
    Average,
    AveragePooling1D,
    AveragePooling2D,
    BatchNormalization,
    CenterCrop,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Cropping1D,
    Cropping2D,
    CustomScaleLayer,
    Dense,
    DepthwiseConv1D,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalResponseNormalization,
    GroupNormalization,
    Identity,
    InputLayer,
    LayerNormalization,
    LayerScale,
    LeakyReLU,
    LocalResponseNormalization,
    Maximum,
    MaxPooling1D,
    MaxPooling2D,
    Minimum,
    Multiply,
    Normalization,
    Permute,
    PReLU,
    RadialBasis,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    Resizing,
    SeparableConv1D,
    SeparableConv2D,
    Slice,
    Softmax,
    SpatialDropout2D,
    Subsampling2D,
    Subtract,
    TimeDistributed,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)

MAP, STEPS, VECTOR = (8, 8, 4), (16, 4), (7,)


def chain(*layers: Layer, shape: tuple[int, ...] = MAP) -> Graph:
    """One after the other."""
    graph = Graph("chain")
    x = graph.add(InputLayer(shape), name="image")
    for number, layer in enumerate(layers):
        x = graph.add(layer, x, name=f"layer{number}")
    return graph


def merged(layer: Layer, *after: Layer, branch: tuple[Layer, ...] = (), count: int = 2) -> Graph:
    """Convolutions that `layer` merges, the second one through a branch."""
    graph = Graph("merged")
    image = graph.add(InputLayer(MAP), name="image")
    made = [graph.add(conv(), image, name=f"part{number}") for number in range(count)]
    for number, each in enumerate(branch):
        made[1] = graph.add(each, made[1], name=f"branch{number}")
    x = graph.add(layer, *made, name="merge")
    for number, each in enumerate(after):
        x = graph.add(each, x, name=f"then{number}")
    return graph


def conv(filters: int = 4, size: int = 3, padding: str = "same", use_bias: bool = True, **options: object) -> Conv2D:
    return Conv2D(filters, size, padding=padding, use_bias=use_bias, **options)  # type: ignore[arg-type]


def residual_steps() -> Graph:
    """Two convolutions along steps with a shortcut."""
    graph = Graph("steps")
    x = graph.add(InputLayer(STEPS), name="image")
    shortcut = graph.add(Conv1D(4, 3, padding="same", activation="relu"), x, name="first")
    x = graph.add(Conv1D(4, 3, padding="same", use_bias=False), shortcut, name="second")
    x = graph.add(BatchNormalization(), x, name="bn")
    x = graph.add(Add(), shortcut, x, name="add")
    graph.add(GlobalAveragePooling1D(), graph.add(ReLU(), x, name="relu"), name="pool")
    return graph


def activated_first() -> Graph:
    """A residual block that normalizes first, without biases: within the shortcut only its weights are read."""
    graph = Graph("preactivated")
    x = graph.add(conv(**NO_BIAS), graph.add(InputLayer(MAP), name="image"), name="stem")
    x = graph.add(ReLU(), graph.add(BatchNormalization(), x, name="before_bn"), name="before_relu")
    shortcut = graph.add(conv(size=1, **NO_BIAS), x, name="shortcut")
    x = graph.add(conv(**NO_BIAS), x, name="first")
    x = graph.add(ReLU(), graph.add(BatchNormalization(), x, name="first_bn"), name="first_relu")
    graph.add(Add(), shortcut, graph.add(conv(**NO_BIAS), x, name="second"), name="add")
    return graph


def shared_function() -> Graph:
    """A convolution that a rectifier reads, and another convolution."""
    graph = Graph("shared")
    x = graph.add(conv(), graph.add(InputLayer(MAP), name="image"), name="first")
    relu = graph.add(ReLU(), x, name="relu")
    graph.add(Add(), relu, graph.add(conv(), x, name="second"), name="add")
    return graph


def shared_kernel() -> Graph:
    """One convolution applied twice."""
    graph = Graph("twice")
    first = graph.add(conv(), graph.add(InputLayer(MAP), name="image"), name="first")
    again = graph.add(first.layer, first, name="again", shares=first)
    graph.add(BatchNormalization(), again, name="bn")
    return graph


def repeated() -> Graph:
    """What is computed twice of the same is computed once."""
    graph = Graph("repeated")
    image = graph.add(InputLayer(MAP), name="image")
    pools = [graph.add(MaxPooling2D(3, 1, "same"), image, name=f"pool{number}") for number in range(2)]
    graph.add(Concatenate(), *pools, name="both")
    return graph


BN, RELU = BatchNormalization(), ReLU()
NO_BIAS = {"use_bias": False}

SMALL: dict[str, Callable[[], Graph]] = {
    **{
        f"{function} between convolutions": lambda function=function: chain(  # type: ignore[misc]
            conv(), Activation(function), conv(1, 1, "valid")
        )
        for function in ACTIVATION_FLOPS
    },
    **{
        f"{function} of a dense layer": lambda function=function: chain(Dense(5, function), Dense(3), shape=VECTOR)  # type: ignore[misc]
        for function in ACTIVATION_FLOPS
        if function != "linear"
    },
    **{
        f"{function} along steps": lambda function=function: chain(  # type: ignore[misc]
            Conv1D(4, 3), Activation(function), BN, Conv1D(4, 3), shape=STEPS
        )
        for function in ("relu", "tanh", "sigmoid", "silu", "gelu", "hard_silu", "hard_sigmoid", "selu")
    },
    **{
        f"{type(layer).__name__} {number}": lambda layer=layer: chain(conv(), layer, conv())  # type: ignore[misc]
        for number, layer in enumerate([
            ReLU(1.0), ReLU(4.0), ReLU(negative_slope=0.1), ReLU(threshold=0.5), ReLU(6.0, 0.1, 0.5), ReLU(6.0, 0.1),
            ReLU(6.0, 0.0, 0.5), ReLU(3.0, 0.2, 0.5), ReLU(3.0, 0.1), LeakyReLU(), ELU(), ELU(0.5), PReLU(),
            PReLU((1, 2)), Softmax(), Softmax(1), LayerNormalization(), LayerNormalization(scale=False),
            LayerNormalization(center=False), LayerNormalization((1, 2, 3)), LayerNormalization((2, 3)),
            GroupNormalization(2), GroupNormalization(-1), GroupNormalization(2, scale=False, center=False),
            LayerScale(4), GlobalResponseNormalization(), LocalResponseNormalization(2, 2.0, 1e-4, 0.75),
            LocalResponseNormalization(2, 1.0, 1e-4, 0.5), UpSampling2D(), UpSampling2D(2, "bilinear"),
            Resizing(5, 6), Resizing(5, 6, "nearest"), CenterCrop(4, 6), CenterCrop(10, 12), Identity(), Dropout(0.5),
            SpatialDropout2D(0.5), GaussianNoise(0.1), Permute((2, 1, 3)), Cropping2D(1), BN, ZeroPadding2D(3),
            Subsampling2D(2, activation="tanh"), Slice("Slice", (8, 8, 2), (0, 0, 1), (1, 1, 1)), AveragePooling2D(2),
            MaxPooling2D(3, 2, "same"), Rescaling(0.5, 0.25), Reshape((4, 16, 4)), DepthwiseConv2D(3),
            SeparableConv2D(4, 3), Conv2DTranspose(4, 3, 2), GlobalAveragePooling2D(True), GlobalMaxPooling2D(True),
        ])
    },
    "repeated": repeated,
    "shared kernel": shared_kernel,
    "shared function": shared_function,
    "residual steps": residual_steps,
    "activated first": activated_first,
    "batch normalization between": lambda: chain(conv(**NO_BIAS), BN, RELU, conv()),
    "batch normalization behind": lambda: chain(conv(), RELU, BN, conv()),
    "batch normalization twice": lambda: chain(conv(), BN, BN, RELU),
    "batch normalization first": lambda: chain(BN, RELU),
    "batch normalization and dense": lambda: chain(BN, Dense(4), shape=VECTOR),
    "batch normalization after dense": lambda: chain(Flatten(), Dense(5, **NO_BIAS), BN, RELU, Dense(3, **NO_BIAS)),
    "batch normalization of a transposed": lambda: chain(Conv2DTranspose(3, 3, 2, **NO_BIAS), BN, RELU),
    "transposed without bias": lambda: chain(Conv2DTranspose(3, 3, 2, "same", **NO_BIAS), conv()),
    "groups": lambda: chain(conv(8, groups=4, **NO_BIAS), BN, RELU, conv(8, groups=2)),
    "dilated": lambda: chain(conv(dilation_rate=2, **NO_BIAS), BN, RELU),
    "padding as same": lambda: chain(ZeroPadding2D(((0, 1), (0, 1))), Conv2D(4, 3, 2)),
    "padding otherwise": lambda: chain(ZeroPadding2D(1), Conv2D(4, 3, 2)),
    "padding of an odd map": lambda: chain(ZeroPadding2D(1), Conv2D(4, 3, 2), shape=(9, 9, 4)),
    "padding before a pooling": lambda: chain(conv(), ZeroPadding2D(1), MaxPooling2D(3, 2)),
    "rescaled and padded": lambda: chain(Rescaling(1 / 127.5, -1.0), conv()),
    "rescaled": lambda: chain(Rescaling(1 / 127.5, -1.0), conv(padding="valid")),
    "rescaled by channel": lambda: chain(Rescaling((0.1, 0.2, 0.3, 0.4), 0.5), conv()),
    "rescaled for a dense layer": lambda: chain(Rescaling(0.1, 0.5), Dense(3), shape=VECTOR),
    "normalized": lambda: chain(Normalization((0.1, 0.2, 0.3, 0.4), (0.4, 0.5, 0.6, 0.7)), conv()),
    "normalized by weights": lambda: chain(
        Rescaling(1 / 255), Normalization(), Rescaling((0.1, 0.2, 0.3, 0.4)), conv()
    ),
    "flattened for a dense layer": lambda: chain(conv(), Flatten(), Dense(5), Softmax()),
    "pooled for a dense layer": lambda: chain(GlobalAveragePooling2D(True), Flatten(), Dense(3)),
    "pooled for a convolution": lambda: chain(
        GlobalAveragePooling2D(), Reshape((1, 1, 4)), conv(4, 1, activation="relu"), Flatten(), Softmax()
    ),
    "dense on steps": lambda: chain(Dense(5, "relu"), Dense(3), shape=STEPS),
    "dense after dense": lambda: chain(Dense(5), Dense(3), shape=VECTOR),
    "radial basis": lambda: chain(RadialBasis(5), shape=VECTOR),
    "repeat": lambda: chain(Dense(4), RepeatVector(3), shape=VECTOR),
    "embedding": lambda: chain(Embedding(10, 4), Conv1D(3, 3), shape=VECTOR),
    "shuffled channels": lambda: chain(
        conv(8), Reshape((8, 8, 2, 4)), Permute((1, 2, 4, 3)), Reshape((8, 8, 8)), BN, RELU, conv()
    ),
    **{
        f"{type(layer).__name__} of a convolution": lambda layer=layer: merged(layer, BN, RELU, conv())  # type: ignore[misc]
        for layer in (
            Add(), Multiply(), Maximum(), Minimum(), Subtract(), Average(), Concatenate(), CustomScaleLayer(scale=0.17),
        )
    },
    "rectified sum": lambda: merged(Add(), RELU, conv(), count=4),
    "mean of three": lambda: merged(Average(), count=3),
    "gate": lambda: merged(
        Multiply(), branch=(GlobalAveragePooling2D(), Dense(2, "relu"), Dense(4, "hard_sigmoid"), Reshape((1, 1, 4)))
    ),
    "gate of a map": lambda: merged(
        Multiply(),
        branch=(GlobalAveragePooling2D(True), conv(2, 1, activation="silu"), conv(4, 1, activation="sigmoid")),
    ),
    "maximum with a mean": lambda: merged(Maximum(), branch=(GlobalAveragePooling2D(),)),
    **{
        f"{type(layer).__name__} of steps": lambda layer=layer: chain(layer, shape=STEPS)  # type: ignore[misc]
        for layer in (
            Conv1D(4, 3, 2, "causal"), DepthwiseConv1D(3, 1, "same", activation="relu"), SeparableConv1D(5, 3),
            Conv1DTranspose(4, 3, 2, "same"), MaxPooling1D(2), AveragePooling1D(3, 2, "same"), UpSampling1D(2),
            GlobalAveragePooling1D(True), GlobalMaxPooling1D(), ZeroPadding1D((2, 1)), Cropping1D((1, 2)),
            TimeDistributed(Dense(5)),
        )
    },
    "pooled steps": lambda: chain(
        Conv1D(6, 3, **NO_BIAS), BN, RELU, MaxPooling1D(2), Conv1D(4, 3), Flatten(), Dense(3), shape=STEPS
    ),
    "time distributed": lambda: chain(TimeDistributed(Conv2D(4, 3)), shape=(3, *MAP)),
}  # fmt: skip
