"""What the layers that read a tensor say of its shape, where nobody else says it."""

from __future__ import annotations

from cnncli.graph import Shape
from cnncli.graph.layers import LAYERS
from cnncli.graph.roles import CONVOLUTIONS, Role
from cnncli.readers.keras.config import LayerConfig
from cnncli.readers.keras.layers import OTHER_NAMES
from cnncli.readers.keras.stores import Store


def wanted_rank(layer: LayerConfig) -> int:
    """Of an input without its batch axis, by the layer's name; 0 where that does not tell."""
    kind = OTHER_NAMES.get(layer.kind, layer.kind)
    return next((rank for end, rank in (("2D", 3), ("2DTranspose", 3), ("1D", 2)) if kind.endswith(end)), 0)


def kernel_of(store: Store) -> Shape | None:
    return next((weight.shape for weight in store.weights() or () if len(weight.shape) > 1), None)


def wanted_channels(layer: LayerConfig, store: Store) -> int:
    """Of an input, by the layer's kernel; 0 where it has none."""
    kind = OTHER_NAMES.get(layer.kind, layer.kind)
    if kind not in LAYERS or LAYERS[kind].role not in CONVOLUTIONS:
        return 0
    kernel = kernel_of(store)
    place = -1 if "Transpose" in kind else -2
    groups = layer.config.get("groups") or 1
    return kernel[place] * int(groups) if kernel else 0


def keeps_channels(layer: LayerConfig) -> bool:
    """Whether it puts out the channels that it is given, so that its readers say what it reads."""
    kind = LAYERS.get(OTHER_NAMES.get(layer.kind, layer.kind))
    cropping = layer.kind.startswith(("ZeroPadding", "Cropping", "UpSampling", "MaxPooling", "AveragePooling"))
    return cropping or (kind is not None and kind.role in (Role.ACTIVATION, Role.NORMALIZATION, Role.TRAINING))
