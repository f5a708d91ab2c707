"""Every layer that can be written to ONNX and lowered to Keras, with options of each kind, on all inputs that fit."""

from __future__ import annotations

from cnncli.errors import LayerError
from cnncli.graph import Graph, Layer, Node, Shape
from cnncli.graph.layers import (
    ACTIVATION_FLOPS,
    ELU,
    GRU,
    LSTM,
    Activation,
    ActivityRegularization,
    Add,
    AlphaDropout,
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
    GaussianDropout,
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
    PlacedResizing,
    PReLU,
    RadialBasis,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    Resizing,
    SeparableConv1D,
    SeparableConv2D,
    SimpleRNN,
    Slice,
    Softmax,
    SpatialDropout1D,
    SpatialDropout2D,
    Subsampling2D,
    Subtract,
    TimeDistributed,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)

INPUTS: dict[str, Shape] = {"map": (7, 10, 6), "steps": (10, 6), "vector": (6,)}
PAIRS = (("map", "map"), ("map", "vector"), ("vector", "map"), ("steps", "map"), ("steps", "steps"), ("map",) * 3)

ONE_INPUT: tuple[Layer, ...] = (
    *(Activation(function) for function in ACTIVATION_FLOPS), ReLU(), ReLU(6.0), ReLU(1.5), ReLU(None, 0.2),
    ReLU(None, 0.2, 0.5), ReLU(1.0, 0.2, 0.5), ReLU(6.0, 0.1), ReLU(None, 0.0, 0.5), ReLU(1.0, 0.0, 0.5),
    LeakyReLU(0.1), LeakyReLU(), ELU(), ELU(0.5), PReLU(), PReLU((1,)), PReLU((1, 2)), PReLU((1, 3)), Softmax(),
    Softmax(1), Softmax(2), Conv2D(4, 3), Conv2D(4, (3, 2), (2, 3), "same", activation="gelu"),
    Conv2D(6, 3, dilation_rate=2, padding="same"), Conv2D(4, 1, 2, use_bias=False),
    Conv2D(6, 3, groups=3, activation="softmax"), Conv2D(2, 2, 3, "same"), DepthwiseConv2D(3),
    DepthwiseConv2D((2, 3), 2, "same", 2), DepthwiseConv2D(2, dilation_rate=(2, 3)), SeparableConv2D(4, 3),
    SeparableConv2D(4, (3, 2), 2, "same", 1, 2, "relu", use_bias=False), Conv2DTranspose(4, 3),
    Conv2DTranspose(4, 3, 2, "same"), Conv2DTranspose(4, (3, 2), (2, 3), "same", 1), Conv2DTranspose(4, 4, 3, "same"),
    Conv2DTranspose(4, 2, 3), Conv2DTranspose(4, (2, 5), 3, "valid", 2), Conv2DTranspose(4, 1, 3, "same"),
    Conv2DTranspose(4, 5, 2, "same", 0, activation="tanh", use_bias=False), Conv1D(4, 3), Conv1D(4, 3, 2, "same"),
    Conv1D(4, 3, 1, "causal", 2), Conv1D(6, 2, groups=2, activation="relu"), Conv1D(4, 2, 2, "causal"),
    DepthwiseConv1D(3, 2, "same", 2), DepthwiseConv1D(2, dilation_rate=3), SeparableConv1D(4, 3, 2, "same"),
    SeparableConv1D(4, 2, dilation_rate=2, depth_multiplier=2), Conv1DTranspose(4, 3, 2),
    Conv1DTranspose(4, 3, 2, "same"), Conv1DTranspose(4, 2, 3, "same", 1), Dense(4), Dense(4, "selu", use_bias=False),
    Dense(3, "softmax"), RadialBasis(3), MaxPooling2D(), MaxPooling2D(3, 2, "same"), MaxPooling2D((2, 3), 1),
    AveragePooling2D((3, 2), 2, "same"), AveragePooling2D(), AveragePooling2D(3, 1, "same"),
    Subsampling2D(activation="tanh"), Subsampling2D(3, 2, "same"), MaxPooling1D(3, 2, "same"), MaxPooling1D(),
    AveragePooling1D(3, 2, "same"), AveragePooling1D(), GlobalAveragePooling2D(), GlobalAveragePooling2D(True),
    GlobalMaxPooling2D(), GlobalMaxPooling2D(True), GlobalAveragePooling1D(), GlobalAveragePooling1D(True),
    GlobalMaxPooling1D(), GlobalMaxPooling1D(True), BatchNormalization(),
    BatchNormalization(epsilon=0.1, scale=False), BatchNormalization(center=False), LayerNormalization(),
    LayerNormalization(center=False), LayerNormalization(scale=False), LayerNormalization(1),
    LayerNormalization((1, 2)), LayerNormalization((2, 3)), LayerNormalization((1, 2, 3), center=False),
    LayerNormalization((1, 3)), LayerNormalization((-1, 1)), LayerNormalization((1, 2), scale=False, center=False),
    GroupNormalization(2), GroupNormalization(-1, center=False), GroupNormalization(1, scale=False),
    GroupNormalization(3, 0.1, False, False), Normalization(), Normalization(0.5, 2.0), Normalization((0.1,), (0.0,)),
    Rescaling(0.5), Rescaling(2.0, -1.0), Rescaling((1.0, 2.0, 3.0, 4.0, 5.0, 6.0), (0.5, 0.0, 0.5, 0.0, 0.5, 1.0)),
    LayerScale(6), GlobalResponseNormalization(), LocalResponseNormalization(2, 2.0, 0.1, 0.75), Flatten(),
    Reshape((-1,)), Reshape((1, 1, -1)), Reshape((10, 7, 6)), Reshape((7, 10, 2, 3)), Reshape((5, -1)),
    Reshape((10, 3, 2)), Reshape((7, 60)), Reshape((2, 3)), Permute((2, 1)), Permute((3, 1, 2)), Permute((2, 3, 1)),
    Permute((1,)), RepeatVector(3), Identity(), ZeroPadding2D(), ZeroPadding2D(((1, 0), (0, 2))),
    ZeroPadding1D((2, 0)), Cropping2D(((1, 0), (2, 3))), Cropping2D(1), Cropping1D((0, 2)), Cropping1D(),
    UpSampling1D(3), UpSampling2D(),
    *(UpSampling2D((2, 3), way) for way in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")),
    UpSampling2D((4, 1), "bicubic"), Resizing(3, 4), Resizing(9, 5), Resizing(5, 9, "nearest"),
    Resizing(14, 5, "nearest"), *(Resizing(9, 5, way) for way in ("bicubic", "lanczos3", "lanczos5")),
    *(PlacedResizing(*size, way, by) for size in ((9, 13), (14, 5), (6, 4))
      for way in ("bilinear", "nearest") for by in ("asymmetric", "align_corners")),
    CenterCrop(4, 5), CenterCrop(7, 3), CenterCrop(9, 4), CenterCrop(12, 15), CenterCrop(3, 12), SimpleRNN(4),
    SimpleRNN(4, True, False), LSTM(4), LSTM(3, True), LSTM(3, False, False), GRU(4), GRU(3, True),
    GRU(3, True, False), GRU(3, reset_after=False), GRU(3, False, False, False), TimeDistributed(Dense(4, "relu")),
    TimeDistributed(Conv1D(4, 3)), TimeDistributed(LayerNormalization()), TimeDistributed(Flatten()),
    TimeDistributed(Dropout(0.5)), TimeDistributed(LSTM(3)), Dropout(0.5), SpatialDropout1D(0.5),
    SpatialDropout2D(0.5), AlphaDropout(0.5), GaussianDropout(0.5), GaussianNoise(0.5), ActivityRegularization(0.1),
    Slice(shape=(7, 10, 2), begin=(0, 0, 3), strides=(1, 1, 1)),
)  # fmt: skip
SEVERAL: tuple[Layer, ...] = (
    *(Add(), Subtract(), Multiply(), Maximum(), Minimum(), Average(), CustomScaleLayer(0.3), Concatenate()),
    *(Concatenate(1), Concatenate(2)),
)


def sampled() -> Graph:
    """All of them as one network of many outputs, so that it is lowered, written and run once."""
    graph = Graph("sampled")
    sources = {name: graph.add(InputLayer(shape), name=name) for name, shape in INPUTS.items()}
    others = {name: graph.add(InputLayer(shape), name=f"other_{name}") for name, shape in INPUTS.items()}
    numbers = graph.add(InputLayer((5,)), name="numbers", dtype="int32")
    graph.add(Embedding(4, 3), numbers, name="Embedding.1", dtype="float32")
    graph.add(Rescaling(0.5, 1.0), numbers, name="Rescaling.1", dtype="float32")
    graph.add(Normalization(0.5, 2.0), numbers, name="Normalization.1", dtype="float32")
    for number, layer in enumerate(ONE_INPUT):
        for name, source in sources.items():
            _added(graph, layer, [source], f"{layer.type}.{number}.{name}")
    for number, layer in enumerate(SEVERAL):
        for pair in PAIRS:
            if isinstance(layer, CustomScaleLayer) and len(set(pair)) > 1:
                continue  # Keras's takes tensors of as many axes
            inputs = [(others if place else sources)[name] for place, name in enumerate(pair)]
            _added(graph, layer, inputs, f"{layer.type}.{number}.{'_'.join(pair)}")
    graph.give(*(node for node in graph.nodes if node.inputs))
    return graph


def _added(graph: Graph, layer: Layer, inputs: list[Node], name: str) -> None:
    """Add a layer where the inputs fit it; of what does not say so itself, where they are maps."""
    said = not isinstance(layer, Slice) and getattr(layer, "axis", -1) != (-1, 1)
    if not said and len(inputs[0].shape) != 3:
        return
    try:
        graph.add(layer, *inputs, name=name)
    except LayerError:
        return


def names() -> list[str]:
    return [node.name for node in sampled().outputs]
