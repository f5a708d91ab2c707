"""Keras's layers whose work nobody counts here: what they put out, and what they hold where no file says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer, Shape, Weight
from cnncli.readers.keras.config import LayerConfig, items, wrapped
from cnncli.readers.keras.volumes import spatial


class Told(NamedTuple):
    """A layer's output and weights, as its arguments tell them; None for what they do not tell."""

    shape: Shape | None = None
    weights: tuple[Weight, ...] | None = None


Find = Callable[[LayerConfig, Sequence[Shape]], "Layer | None"]
"""Our layer for a configuration and the shapes of inputs, if there is one."""


def told_of(layer: LayerConfig, inputs: Sequence[Shape], find: Find) -> Told:
    """What a layer's arguments tell of it; `find` knows the layers that it may apply."""
    telling = _TELLING.get(layer.kind)
    if telling is None or layer.foreign:
        return Told()
    try:
        return telling(layer.config, inputs, find)
    except (LayerError, TypeError, ValueError, KeyError, IndexError, AttributeError, ZeroDivisionError):
        return Told()


def _lambda(config: Mapping[str, Any], inputs: Sequence[Shape], find: Find) -> Told:
    said = items(config.get("output_shape"))
    if not isinstance(said, tuple) or not all(isinstance(size, (int, type(None))) for size in said):
        return Told()
    return Told(tuple(UNKNOWN if size is None else size for size in said))


def _bidirectional(config: Mapping[str, Any], inputs: Sequence[Shape], find: Find) -> Told:
    """A recurrent layer forward, and one like it backward."""
    inner = wrapped(config)
    if inner is None:
        return Told()
    found = find(inner, inputs)
    one = told_of(inner, inputs, find) if found is None else Told(found.output_shape(*inputs), found.weights(*inputs))
    twice = one.weights and tuple(
        weight._replace(name=f"{way}_{weight.name}") for way in ("forward", "backward") for weight in one.weights
    )
    if one.shape and config.get("merge_mode", "concat") == "concat":
        return Told((*one.shape[:-1], 2 * one.shape[-1]), twice)
    return Told(one.shape, twice)


def _multi_head_attention(config: Mapping[str, Any], inputs: Sequence[Shape], find: Find) -> Told:
    """Inputs are query, value, and key where that is another; each head has its part of four kernels."""
    query, value = inputs[0], inputs[min(1, len(inputs) - 1)]
    key = inputs[2] if len(inputs) > 2 else value
    heads, wide = int(config["num_heads"]), int(config["key_dim"])
    deep = int(config.get("value_dim") or wide)
    out = items(config.get("output_shape"))
    last = (out,) if isinstance(out, int) else out or query[-1:]
    each = (("query", query, wide), ("key", key, wide), ("value", value, deep))
    weights = [
        Weight(f"{name}.{part}", shape)
        for name, source, size in each
        for part, shape in (("kernel", (source[-1], heads, size)), ("bias", (heads, size)))
    ]
    weights += [Weight("attention_output.kernel", (heads, deep, *last)), Weight("attention_output.bias", tuple(last))]
    kept = [weight for weight in weights if config.get("use_bias", True) or weight.name.endswith("kernel")]
    return Told((*query[:-1], *last), tuple(kept))


def _attention(config: Mapping[str, Any], inputs: Sequence[Shape], find: Find) -> Told:
    """As many rows as the query has, each as wide as a value; its factors are single numbers."""
    names = ("scale",) * bool(config.get("use_scale"))
    names += ("concat_score_weight",) * (config.get("score_mode") == "concat")
    return Told((*inputs[0][:-1], inputs[1][-1]), tuple(Weight(name, ()) for name in names))


def _additive_attention(config: Mapping[str, Any], inputs: Sequence[Shape], find: Find) -> Told:
    weights = (Weight("scale", inputs[0][-1:]),) * bool(config.get("use_scale", True))
    return Told((*inputs[0][:-1], inputs[1][-1]), weights)


def _convolutional_lstm(config: Mapping[str, Any], inputs: Sequence[Shape], find: Find) -> Told:
    """Of (steps, ..., channels) the last step or all; each of four gates has a kernel of the input, one of the state.

    Where the channels come first they stand behind the steps.
    """
    steps, *rest = inputs[0]
    first = config.get("data_format") == "channels_first"
    channels, sizes = (rest[0], rest[1:]) if first else (rest[-1], rest[:-1])
    filters, size = int(config["filters"]), items(config["kernel_size"])
    left = spatial(config, sizes, "kernel_size")
    out = (filters, *left) if first else (*left, filters)
    names = (("kernel", channels), ("recurrent_kernel", filters))
    weights = [Weight(name, (*size, source, 4 * filters)) for name, source in names]
    weights += [Weight("bias", (4 * filters,))] if config.get("use_bias", True) else []
    return Told((steps, *out) if config.get("return_sequences") else out, tuple(weights))


def _locally_connected(config: Mapping[str, Any], inputs: Sequence[Shape], find: Find) -> Told:
    return Told((*spatial(config, inputs[0][:-1], "kernel_size"), int(config["filters"])))


_TELLING: dict[str, Callable[[Mapping[str, Any], Sequence[Shape], Find], Told]] = {
    "Lambda": _lambda, "Bidirectional": _bidirectional, "MultiHeadAttention": _multi_head_attention,
    "Attention": _attention, "AdditiveAttention": _additive_attention,
    "GroupQueryAttention": lambda config, inputs, find: Told(inputs[0]),
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _convolutional_lstm),
    **dict.fromkeys(("LocallyConnected1D", "LocallyConnected2D"), _locally_connected),
}  # fmt: skip
