"""A layer's or a function's configuration to our layer of the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from math import prod
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer, Shape, Weight
from cnncli.graph.layers import (
    ACTIVATION_FLOPS,
    LAYERS,
    Activation,
    Cast,
    Concatenate,
    CustomScaleLayer,
    Elementwise,
    Flatten,
    Idle,
    MatMul,
    Moving,
    Permute,
    Reduce,
    Reshape,
    Resizing,
    Slice,
    TimeDistributed,
    VarianceScaling,
)
from cnncli.graph.roles import Role
from cnncli.readers.assembly import lone
from cnncli.readers.keras.config import Call, LayerConfig, items

OTHER_NAMES = {
    "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D", "Convolution2DTranspose": "Conv2DTranspose",
    "Deconvolution2D": "Conv2DTranspose", "MaxPool1D": "MaxPooling1D", "MaxPool2D": "MaxPooling2D",
    "AvgPool1D": "AveragePooling1D", "AvgPool2D": "AveragePooling2D", "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D", "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D", "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization", "SyncBatchNormalization": "BatchNormalization",
    "CuDNNLSTM": "LSTM", "CuDNNGRU": "GRU",
}  # fmt: skip
"""What Keras's layers are called too, or were."""
OTHER_ARGUMENTS = {
    "LeakyReLU": {"alpha": "negative_slope"}, "Dense": {"output_dim": "units"}, "Dropout": {"p": "rate"},
    "SpatialDropout1D": {"p": "rate"}, "SpatialDropout2D": {"p": "rate"},
}  # fmt: skip
"""What their arguments were called by earlier versions of Keras."""
IDLE = frozenset({
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness",
    "RandomHue", "RandomSaturation", "RandomShear", "RandomSharpness", "RandomGrayscale", "RandomInvert",
    "RandomPosterization", "RandomErasing", "RandomElasticTransform", "RandomGaussianBlur", "RandomPerspective",
    "RandomColorJitter", "RandomColorDegeneration", "RandomApply", "RandAugment", "AugMix", "MixUp", "CutMix",
    "SpatialDropout3D", "StochasticDepth", "DropBlock2D",
    "RandomHeight", "RandomWidth",
})  # fmt: skip
"""Layers that at inference hand on their input: augmentation, and what else acts in training alone."""
LAYOUT_MATTERS = frozenset({
    "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D",
    "Conv1DTranspose", "Conv2DTranspose", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "UpSampling2D",
    "ZeroPadding2D", "Cropping2D", "Resizing", "CenterCrop",
})  # fmt: skip
"""Layers whose `data_format` says where the channels are."""


class Found(NamedTuple):
    """Our layer, and the function that its configuration applies behind it where our layer cannot.

    `behind` is what that function is here: a layer, or None where nobody knows it.
    """

    layer: Layer
    function: str = ""
    behind: Layer | None = None


def known(layer: LayerConfig, inputs: Sequence[Shape], channels_first: bool) -> Found | None:
    """Our layer of the same name with the same arguments, if there is one for inputs of these shapes."""
    kind = OTHER_NAMES.get(layer.kind, layer.kind)
    if layer.foreign:
        return None
    if kind in IDLE:
        return Found(Idle(layer.kind))
    special = _SPECIAL.get(kind)
    try:
        if special:
            made = special(layer.config, inputs, channels_first)
            return None if made is None else Found(made)
        return _by_name(kind, layer.config, inputs, channels_first)
    except (LayerError, TypeError, ValueError, ZeroDivisionError):
        return None


def _by_name(kind: str, config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Found | None:
    found = LAYERS.get(kind)
    if found is None:
        return None
    first = config.get("data_format") == "channels_first"
    if kind in LAYOUT_MATTERS and first != channels_first:
        return None
    if kind == "Dense" and channels_first and len(inputs[0]) > 1:
        return None  # along the last axis, which is not the channels' there
    given = dict(_arguments(kind, found, config))
    function = ""
    if given.get("activation") is not None and kind not in ("LSTM", "GRU", "SimpleRNN"):
        given["activation"], function = _activation(config["activation"])
        if function and kind == "Activation":
            return None
    if not _along_last_axis(kind, config, inputs, channels_first):
        return None
    for name in ("axis", "shared_axes"):
        if channels_first and name in given:
            given[name] = _moved_axes(given[name], len(inputs[0]))
    return Found(found(**given), function, _layer_behind(config["activation"]) if function else None)


def _arguments(kind: str, found: type[Layer], config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    own = {argument.name for argument in fields(found)}
    for name, value in config.items():
        spelled = OTHER_ARGUMENTS.get(kind, {}).get(name, name)
        if spelled in own:
            yield spelled, _value(value)


def _value(value: Any) -> Any:
    """A config's value as our layers take it: tuples for lists, an activation or an initializer by its name."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_value, value))
    if not isinstance(value, Mapping):
        return value
    found = value.get("config", {})
    if "items" in value or not isinstance(found, Mapping):
        return items(value) if "items" in value else str(found)
    if value.get("class_name") == "VarianceScaling":
        named = {argument.name for argument in fields(VarianceScaling)}
        return VarianceScaling(**{name: each for name, each in found.items() if name in named})
    if value.get("class_name") in ("__numpy__", "__tensor__"):
        return _value(found.get("value"))
    return str(found.get("name") or _spelled(str(value.get("class_name"))))


def _spelled(name: str) -> str:
    """GlorotUniform as glorot_uniform."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _activation(value: Any) -> tuple[str | None, str]:
    """An activation that is ours, or None and the name of one that is not."""
    name = _function_name(value)
    return (name, "") if name in ACTIVATION_FLOPS or name in ("swish", "hard_swish") else (None, name)


def _function_name(value: Any) -> str:
    """By a string, by {class_name: function, config: name}, or by a layer that is used as a function."""
    if not isinstance(value, Mapping):
        return str(value).rpartition(">")[2]
    kind, config = str(value.get("class_name")), value.get("config")
    layer = LAYERS.get(kind)
    if layer is not None and isinstance(config, Mapping):
        found = _activation(config["activation"])[0] if kind == "Activation" else _plain(kind, layer, config)
        return found or kind
    return str(_value(value)).rpartition(">")[2]


def _layer_behind(value: Any) -> Layer | None:
    """A layer that is used as a function, such as LeakyReLU with a slope; not one that has weights of its own."""
    kind = str(value.get("class_name")) if isinstance(value, Mapping) else ""
    layer = LAYERS.get(kind)
    if layer is None or layer.role is not Role.ACTIVATION or kind == "PReLU":
        return None
    try:
        return layer(**dict(_arguments(kind, layer, value["config"])))
    except (LayerError, TypeError):
        return None


def _plain(kind: str, layer: type[Layer], config: Mapping[str, Any]) -> str:
    try:
        return layer(**dict(_arguments(kind, layer, config))).function
    except (LayerError, TypeError):
        return kind


# Axes.


def _moved(axis: int, rank: int) -> int:
    """An axis of a map whose channels come first as of one whose channels come last; the batch is axis 0."""
    axis += rank + 1 if axis < 0 else 0
    return axis if rank < 2 or axis == 0 else rank if axis == 1 else axis - 1


def _moved_axes(axes: Any, rank: int) -> Any:
    if isinstance(axes, int):
        return _moved(axes, rank)
    return tuple(_moved(axis, rank) for axis in axes) if axes else axes


_ALONG_LAST = frozenset({"BatchNormalization", "GroupNormalization", "Normalization"})
"""Layers that ours are of along the channels alone."""


def _along_last_axis(kind: str, config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> bool:
    axis = items(config.get("axis", -1))
    if kind not in _ALONG_LAST or not inputs:
        return True
    axes = axis if isinstance(axis, tuple) else (axis,)
    if len(axes) != 1 or axes[0] is None:
        return False
    rank = len(inputs[0])
    found = _moved(axes[0], rank) if channels_first else axes[0]
    return found in (-1, rank)


def last_channels(shape: Sequence[Any] | None, channels_first: bool) -> Shape | None:
    """A shape of Keras, with its batch axis, as the graph has it."""
    if shape is None:
        return None
    sizes = tuple(UNKNOWN if size is None else int(size) for size in shape[1:])
    return (*sizes[1:], sizes[0]) if channels_first and len(sizes) > 1 else sizes


# Layers that need more than their arguments.


def _time_distributed(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer | None:
    inner = config.get("layer")
    if not isinstance(inner, Mapping) or not isinstance(inner.get("config"), Mapping):
        return None
    described = LayerConfig("", str(inner.get("class_name", "")).rpartition(">")[2], inner["config"])
    found = known(described, [shape[1:] for shape in inputs], channels_first)
    return TimeDistributed(found.layer) if found and not found.function else None


def _reshape(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer:
    target = items(config["target_shape"])
    return Reshape((*target[1:], target[0]) if channels_first and len(target) > 1 else target)


def _permute(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer:
    dims = items(config["dims"])
    if not channels_first:
        return Permute(dims)
    rank = len(dims)
    theirs = inputs[0][-1:] + inputs[0][:-1]
    moved = tuple(theirs[axis - 1] for axis in dims)
    return Moving("Permute", (*moved[1:], moved[0]) if rank > 1 else moved)


def _random_crop(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer:
    """At inference it resizes, then cuts out the middle."""
    return Resizing(int(config["height"]), int(config["width"]))


def _layer_scale(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer:
    """ConvNeXt's in keras.applications: a learnt factor a channel."""
    return Elementwise("Multiply", (int(config["projection_dim"]),))


def _custom_scale(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer:
    """InceptionResNetV2's in keras.applications."""
    return CustomScaleLayer(float(config["scale"]))


_SPECIAL: dict[str, Callable[[Mapping[str, Any], Sequence[Shape], bool], Layer | None]] = {
    "TimeDistributed": _time_distributed,
    "Reshape": _reshape,
    "Permute": _permute,
    "RandomCrop": _random_crop,
    "LayerScale": _layer_scale,
    "CustomScaleLayer": _custom_scale,
}


def shape_of(layer: LayerConfig, inputs: Sequence[Shape]) -> Shape | None:
    """The shape that a layer which is none of ours puts out, where its arguments tell it."""
    said = items(layer.config.get("output_shape"))
    if layer.kind == "Lambda" and isinstance(said, tuple) and all(isinstance(size, (int, type(None))) for size in said):
        return tuple(UNKNOWN if size is None else size for size in said)
    if layer.kind in ("MultiHeadAttention", "Attention", "AdditiveAttention", "GroupQueryAttention") and inputs:
        return inputs[0]
    if layer.kind == "Bidirectional" and inputs:
        return _both_ways(layer.config, inputs)
    return None


def _both_ways(config: Mapping[str, Any], inputs: Sequence[Shape]) -> Shape | None:
    inner = config.get("layer")
    if not isinstance(inner, Mapping) or not isinstance(inner.get("config"), Mapping):
        return None
    found = known(LayerConfig("", str(inner.get("class_name")), inner["config"]), inputs, False)
    try:
        shape = found and found.layer.output_shape(*inputs[:1])
    except LayerError:
        return None
    if not shape:
        return None
    return (*shape[:-1], 2 * shape[-1]) if config.get("merge_mode") == "concat" else shape


# Functions: keras.ops, and TensorFlow's as Keras 2 writes them.

BINARY = {
    "add": "Add", "addv2": "Add", "biasadd": "Add", "subtract": "Subtract", "sub": "Subtract",
    "multiply": "Multiply", "mul": "Multiply", "truedivide": "Divide", "truediv": "Divide", "realdiv": "Divide",
    "divide": "Divide", "div": "Divide", "divnonan": "Divide", "maximum": "Maximum", "minimum": "Minimum",
    "power": "Power", "pow": "Power", "floordivide": "FloorDivide", "floordiv": "FloorDivide", "mod": "Modulo",
    "squareddifference": "SquaredDifference", "greater": "Greater", "greaterequal": "GreaterEqual", "less": "Less",
    "lessequal": "LessEqual", "equal": "Equal", "notequal": "NotEqual", "radd": "Add", "rsub": "Subtract",
    "rmul": "Multiply", "rtruediv": "Divide", "logicaland": "LogicalAnd", "logicalor": "LogicalOr",
}  # fmt: skip
UNARY = {
    "sqrt": "Sqrt", "square": "Square", "abs": "Abs", "absolute": "Abs", "exp": "Exp", "log": "Log", "log1p": "Log1p",
    "negative": "Negative", "neg": "Negative", "rsqrt": "Rsqrt", "reciprocal": "Reciprocal", "sin": "Sin",
    "cos": "Cos", "floor": "Floor", "ceil": "Ceil", "round": "Round", "sign": "Sign", "clip": "Clip",
    "clipbyvalue": "Clip", "erf": "Erf", "expm1": "Expm1", "logicalnot": "LogicalNot",
}  # fmt: skip
ACTIVATIONS = {
    "relu": "relu", "relu6": "relu6", "sigmoid": "sigmoid", "silu": "silu", "swish": "silu", "tanh": "tanh",
    "softmax": "softmax", "gelu": "gelu", "elu": "elu", "selu": "selu", "celu": "celu", "softplus": "softplus",
    "softsign": "softsign", "leakyrelu": "leaky_relu", "hardsigmoid": "hard_sigmoid", "hardsilu": "hard_silu",
    "hardswish": "hard_silu", "logsoftmax": "log_softmax", "logsigmoid": "log_sigmoid", "hardtanh": "hard_tanh",
    "mish": "mish",
}  # fmt: skip
REDUCTIONS = {
    "mean": "Mean", "reducemean": "Mean", "sum": "Sum", "reducesum": "Sum", "max": "Max", "reducemax": "Max",
    "amax": "Max", "min": "Min", "amin": "Min", "reducemin": "Min", "prod": "Prod", "reduceprod": "Prod",
    "argmax": "ArgMax", "argmin": "ArgMin", "var": "Variance", "reducevariance": "Variance", "std": "Deviation",
    "reducestd": "Deviation",
}  # fmt: skip
MOVING = frozenset({
    "split", "stack", "unstack", "tile", "repeat", "flip", "reverse", "roll", "gather", "take", "pad", "stridedslice",
    "slice", "transpose", "broadcastto", "swapaxes", "moveaxis", "onehot", "batchtospacend", "spacetobatchnd", "where",
})  # fmt: skip
"""Functions that only say which cell stands where: they need their output's shape said."""
IDENTITY = frozenset({"identity", "stopgradient", "dropout", "copy"})
RESHAPING = frozenset({"reshape", "squeeze", "expanddims", "flatten", "ravel"})
RESIZING = frozenset({"resize", "resizebilinear", "resizenearestneighbor", "resizebicubic"})


def function_name(layer: LayerConfig) -> str:
    """The function that a layer stands for: of keras.ops, of TFOpLambda, or of TensorFlowOpLayer. Empty for none."""
    if layer.operation:
        return layer.kind
    if layer.kind in ("TFOpLambda", "SlicingOpLambda"):
        return str(layer.config.get("function", "")).rpartition(".")[2]
    if layer.kind == "TensorFlowOpLayer":
        return _node_operation(layer.config.get("node_def"))
    return ""


def _node_operation(definition: Any) -> str:
    """`op` of a TensorFlow node, which Keras 2 writes as an object or as a JSON text of one."""
    if isinstance(definition, Mapping):
        return str(definition.get("op", ""))
    _, _, behind = str(definition).partition('"op": "')
    return behind.partition('"')[0]


def function(layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool) -> Layer | None:
    """Our layer for a function, if there is one; `told` is the shape of the output as far as it is said."""
    key = function_name(layer).replace("_", "").lower()
    try:
        for table, make in _FUNCTIONS:
            if key in table:
                return make(key, layer, call, inputs, told, first)
    except (LayerError, TypeError, ValueError, KeyError, IndexError):
        pass
    return None


def _binary(
    key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool
) -> Layer:
    name = BINARY[key]
    if len(inputs) > 1:
        merging = LAYERS.get(name)
        return merging() if merging else Elementwise(name)
    operands = _operands(layer, call)
    shape = _constant(operands, len(inputs[0]), first)
    numbers = [each for each in operands if isinstance(each, (int, float))]
    return Elementwise(name, shape, None if shape else lone(numbers))


def _operands(layer: LayerConfig, call: Call) -> list[Any]:
    """The operands that are no tensors."""
    stored = layer.config.get("constants")
    values = [*call.arguments, *call.keywords.values(), *(stored.values() if isinstance(stored, Mapping) else ())]
    return [value for value in values if not _is_tensor(value)]


def _constant(operands: Sequence[Any], rank: int, first: bool) -> Shape:
    """The shape of the operand that is no tensor, without a batch axis."""
    shapes = [_shape_of_value(value) for value in operands]
    shape = max(shapes, key=len, default=())
    shape = shape[1:] if len(shape) == rank + 1 else shape
    return (*shape[1:], shape[0]) if first and len(shape) == rank > 1 else shape


def _is_tensor(value: Any) -> bool:
    if isinstance(value, Mapping):
        return value.get("class_name") == "__keras_tensor__"
    return isinstance(value, tuple) and hasattr(value, "layer")


def _shape_of_value(value: Any) -> Shape:
    if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping):
        value = value["config"].get("value")
    if hasattr(value, "shape"):  # an array, in a model in memory
        return tuple(value.shape)
    shape: list[int] = []
    while isinstance(value, (list, tuple)) and value and len(shape) < 8:
        shape.append(len(value))
        value = value[0]
    return tuple(shape)


def _unary(key: str, layer: LayerConfig, *_: Any) -> Layer:
    return Elementwise(UNARY[key])


def _as_activation(key: str, *_: Any) -> Layer:
    return Activation(ACTIVATIONS[key])


def _argument(layer: LayerConfig, call: Call, *names: str, place: int | None = None) -> Any:
    """An argument of a function by its names, or by its place among those that are given by place."""
    for name in names:
        if call.keywords.get(name) is not None:
            return call.keywords[name]
        if layer.config.get(name) is not None:
            return layer.config[name]
    if place is not None and place < len(call.arguments) and not _is_tensor(call.arguments[place]):
        return call.arguments[place]
    return None


def _reduction(
    key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool
) -> Layer | None:
    axes = items(_argument(layer, call, "axis", "dim", place=1))
    rank = len(inputs[0])
    if axes is None:
        return None
    listed = [axis + rank + 1 if axis < 0 else axis for axis in (axes if isinstance(axes, tuple) else (axes,))]
    if 0 in listed:
        return None
    moved = [_moved(axis, rank) if first else axis for axis in listed]
    return Reduce(REDUCTIONS[key], tuple(sorted(moved)), bool(_argument(layer, call, "keepdims", "keep_dims")))


def _reshaped(
    key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool
) -> Layer | None:
    if key in ("flatten", "ravel"):
        return Flatten()
    if told is not None and all(size is not UNKNOWN for size in told):
        return Reshape(told)
    shape = items(_argument(layer, call, "newshape", "shape", "new_shape", place=1))
    if key == "reshape" and isinstance(shape, tuple) and all(isinstance(size, int) for size in shape):
        target = shape[1:] if shape[0] != prod(inputs[0]) else shape
        return Reshape((*target[1:], target[0]) if first and len(target) > 1 else target)
    axis = _argument(layer, call, "axis", place=1)
    if key == "expanddims" and isinstance(axis, int) and not first:
        place = axis + len(inputs[0]) + 2 if axis < 0 else axis
        return Reshape((*inputs[0][: place - 1], 1, *inputs[0][place - 1 :]))
    return None if told is None else Moving(layer.kind, told)


def _concatenated(
    key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool
) -> Layer:
    axis = _argument(layer, call, "axis")
    axis = -1 if axis is None else int(axis)
    return Concatenate(_moved(axis, len(inputs[0])) if first else axis)


def _slice(
    key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool
) -> Layer | None:
    spec = _argument(layer, call, "slice_spec", "key", place=1)
    shape = told if told is not None else None if first else _sliced(spec, inputs[0])
    return None if shape is None else Slice("Slice", shape)


def _sliced(spec: Any, shape: Shape) -> Shape | None:
    """The sizes that an index of slices and numbers leaves; the first one is the batch's."""
    parts = list(spec) if isinstance(spec, (list, tuple)) else [spec]
    left: list[Any] = []
    sizes = [UNKNOWN, *shape]
    for part in parts:
        if _is_ellipsis(part):
            behind = len(parts) - parts.index(part) - 1
            keep = len(sizes) - behind
            left, sizes = left + sizes[:keep], sizes[keep:]
        elif part is None:
            left.append(1)
        elif isinstance(part, int):
            sizes = sizes[1:]
        else:
            bounds = part.get("config", part)
            left.append(_steps(bounds, sizes[0]))
            sizes = sizes[1:]
    return tuple((left + sizes)[1:])


def _is_ellipsis(part: Any) -> bool:
    return part == "..." or (isinstance(part, Mapping) and "ellipsis" in str(part.get("class_name", "")).lower())


def _steps(bounds: Mapping[str, Any], size: Any) -> Any:
    if bounds.get("start") is None and bounds.get("stop") is None and bounds.get("step") in (None, 1):
        return size
    if size is UNKNOWN:
        return UNKNOWN
    return len(range(*slice(bounds.get("start"), bounds.get("stop"), bounds.get("step")).indices(size)))


def _moving(key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool) -> Any:
    if told is None and key == "split" and not first:
        told = _split(layer, call, inputs[0])
    return None if told is None else Moving(function_name(layer).rpartition(".")[2].title().replace("_", ""), told)


def _split(layer: LayerConfig, call: Call, shape: Shape) -> Shape | None:
    count, axis = _argument(layer, call, "num_or_size_splits", "indices_or_sections", place=1), None
    axis = _argument(layer, call, "axis", place=2)
    if not isinstance(count, int) or not isinstance(axis, int):
        return None
    place = axis + len(shape) if axis < 0 else axis - 1
    return tuple(size // count if number == place else size for number, size in enumerate(shape))


def _resized(key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool) -> Any:
    size = items(_argument(layer, call, "size", place=1))
    if told is not None and len(told) == 3:
        size = told[:2]
    return Resizing(size[0], size[1])


def _cast(key: str, layer: LayerConfig, call: Call, *_: Any) -> Layer:
    return Cast(str(_argument(layer, call, "dtype", "DstT", place=1) or "float32"))


def _product(key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool) -> Any:
    if told is None and len(inputs) == 2 and len(inputs[0]) == len(inputs[1]) > 1 and not first:
        told = (*inputs[0][:-1], inputs[1][-1])
    return None if told is None or len(inputs) < 2 else MatMul(told)


Make = Callable[[str, LayerConfig, Call, Sequence[Shape], "Shape | None", bool], "Layer | None"]
_FUNCTIONS: tuple[tuple[Any, Make], ...] = (
    (BINARY, _binary),
    (UNARY, _unary),
    (ACTIVATIONS, _as_activation),
    (REDUCTIONS, _reduction),
    (RESHAPING, _reshaped),
    (frozenset({"concatenate", "concat", "concatv2"}), _concatenated),
    (frozenset({"getitem"}), _slice),
    (MOVING, _moving),
    (RESIZING, _resized),
    (frozenset({"cast"}), _cast),
    (frozenset({"matmul", "batchmatmulv2", "dot"}), _product),
    (IDENTITY, lambda key, layer, *_: Idle(function_name(layer))),
)


def has_kernels(mine: Sequence[Weight], theirs: Sequence[Weight]) -> bool:
    """Whether a file's weights are our layer's, though spelt out otherwise: all its kernels, or as many cells."""
    kernels = [weight.size for weight in mine if weight.name.endswith("kernel")]
    left = [weight.size for weight in theirs]
    if not kernels:
        return sum(left) == sum(weight.size for weight in mine)
    for size in kernels:
        if size not in left:
            return False
        left.remove(size)
    return True
