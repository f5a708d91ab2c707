"""A layer's configuration to our layer of the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from cnncli.errors import LayerError
from cnncli.graph import Layer, Shape, Weight
from cnncli.graph.layers import (
    ACTIVATION_FLOPS,
    LAYERS,
    Activation,
    Cropping2D,
    CustomScaleLayer,
    Elementwise,
    Idle,
    LayerScale,
    Moving,
    Permute,
    Reshape,
    Resizing,
    Slice,
    TimeDistributed,
    VarianceScaling,
)
from cnncli.graph.roles import Role
from cnncli.readers.keras.axes import moved_axes, moved_axis
from cnncli.readers.keras.config import LayerConfig, items, wrapped
from cnncli.readers.keras.volumes import VOLUMES, volume

OTHER_NAMES = {
    "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D", "Convolution2DTranspose": "Conv2DTranspose",
    "Deconvolution2D": "Conv2DTranspose", "MaxPool1D": "MaxPooling1D", "MaxPool2D": "MaxPooling2D",
    "AvgPool1D": "AveragePooling1D", "AvgPool2D": "AveragePooling2D", "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D", "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D", "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization", "SyncBatchNormalization": "BatchNormalization",
    "CuDNNLSTM": "LSTM", "CuDNNGRU": "GRU", "AtrousConvolution1D": "Conv1D", "AtrousConvolution2D": "Conv2D",
    "TimeDistributedDense": "Dense",
}  # fmt: skip
"""What Keras's layers are called too, or were."""
OTHER_ARGUMENTS = {"LeakyReLU": {"alpha": "negative_slope"}}
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
CELL_BY_CELL = frozenset({"Masking", "ThresholdedReLU"})
"""Layers that make something of each cell by itself, and have no weights."""
LAYOUT_MATTERS = frozenset({
    "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D",
    "Conv1DTranspose", "Conv2DTranspose", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "UpSampling2D",
    "ZeroPadding2D", "Resizing", "CenterCrop",
    "LocallyConnected1D", "LocallyConnected2D", *VOLUMES,
})  # fmt: skip
"""Layers whose `data_format` says where the channels are."""


def layout(layer: LayerConfig) -> str:
    """Where a layer's channels are, as its configuration says; empty where that makes no difference to it."""
    matters = OTHER_NAMES.get(layer.kind, layer.kind) in LAYOUT_MATTERS
    return str(layer.config.get("data_format") or "channels_last") if matters else ""


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
    try:
        return _found(kind, layer, inputs, channels_first)
    except (LayerError, TypeError, ValueError, LookupError, AttributeError, ZeroDivisionError):
        return None


def _found(kind: str, layer: LayerConfig, inputs: Sequence[Shape], channels_first: bool) -> Found | None:
    if kind in IDLE:
        return Found(Idle(layer.kind))
    if kind in CELL_BY_CELL and len(inputs) == 1:
        return Found(Elementwise(layer.kind))
    if kind in VOLUMES:
        made = volume(kind, layer.config, inputs)
        return None if made is None else _with_function(made, layer.config)
    if kind in _SPECIAL:
        made = _SPECIAL[kind](layer.config, inputs, channels_first)
        return None if made is None else Found(made)
    return _by_name(kind, layer.config, inputs, channels_first)


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
            given[name] = moved_axes(given[name], len(inputs[0]))
    return Found(found(**given), function, _layer_behind(config["activation"]) if function else None)


def _with_function(layer: Layer, config: Mapping[str, Any]) -> Found:
    """A layer that has no activation of its own, with the one that its configuration applies behind it."""
    name, other = _activation(config.get("activation") or "linear")
    if name in (None, "linear"):
        return Found(layer, other, _layer_behind(config["activation"]) if other else None)
    return Found(layer, str(name), Activation(str(name)))


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
    found = moved_axis(axes[0], rank) if channels_first else axes[0]
    return found in (-1, rank)


# Layers that need more than their arguments.


def _time_distributed(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer | None:
    inner = wrapped(config)
    found = inner and known(inner, [shape[1:] for shape in inputs], channels_first)
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


def _cropping(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer | None:
    """Where it takes the channels to stand elsewhere than the other layers have them, it cuts some of them off."""
    layer = Cropping2D(config["cropping"])
    sides: Any = layer.cropping
    first = config.get("data_format") == "channels_first"
    if first == channels_first:
        return layer
    sides = ((0, 0), *sides) if first else (sides[1], (0, 0), sides[0])
    shape = tuple(size - sum(side) for size, side in zip(inputs[0], sides, strict=True))
    return Slice(shape=shape, begin=tuple(before for before, _ in sides)) if min(shape) > 0 else None


def _random_crop(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer:
    """At inference it resizes, then cuts out the middle."""
    return Resizing(int(config["height"]), int(config["width"]))


def _rnn(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer | None:
    """The layer that is made of one cell."""
    cell = wrapped({"layer": config.get("cell")})
    name = cell.kind.removesuffix("Cell") if cell else ""
    if cell is None or name not in ("LSTM", "GRU", "SimpleRNN"):
        return None
    found = _by_name(name, {**cell.config, "return_sequences": config.get("return_sequences", False)}, inputs, False)
    return found and found.layer


def _layer_scale(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer:
    """ConvNeXt's in keras.applications: a learnt factor a channel."""
    return LayerScale(int(config["projection_dim"]), float(config["init_values"]))


def _custom_scale(config: Mapping[str, Any], inputs: Sequence[Shape], channels_first: bool) -> Layer:
    """InceptionResNetV2's in keras.applications."""
    return CustomScaleLayer(float(config["scale"]))


_SPECIAL: dict[str, Callable[[Mapping[str, Any], Sequence[Shape], bool], Layer | None]] = {
    "TimeDistributed": _time_distributed,
    "Reshape": _reshape,
    "Permute": _permute,
    "Cropping2D": _cropping,
    "RandomCrop": _random_crop,
    "LayerScale": _layer_scale,
    "RNN": _rnn,
    "CustomScaleLayer": _custom_scale,
}


def has_kernels(mine: Sequence[Weight], theirs: Sequence[Weight]) -> bool:
    """Whether a file's weights are our layer's, though spelt out otherwise: all its kernels, or as many cells."""
    kernels = [weight.size for weight in mine if weight.name.endswith("kernel")]
    left = [weight.size for weight in theirs]
    gated = any(weight.name == "recurrent_kernel" for weight in mine)  # of which Keras 1 has an array a gate
    if not kernels or (gated and sum(left) == sum(weight.size for weight in mine)):
        return sum(left) == sum(weight.size for weight in mine)
    for size in kernels:
        if size not in left:
            return False
        left.remove(size)
    return True
