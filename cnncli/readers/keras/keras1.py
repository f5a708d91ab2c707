"""What Keras 1, and the first versions of Keras 2, called classes and arguments that have another name now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ARGUMENTS = {
    "nb_filter": "filters", "filter_length": "kernel_size", "subsample": "strides", "subsample_length": "strides",
    "border_mode": "padding", "bias": "use_bias", "atrous_rate": "dilation_rate", "pool_length": "pool_size",
    "stride": "strides", "p": "rate", "sigma": "stddev", "length": "size", "inner_activation": "recurrent_activation",
}  # fmt: skip
"""Arguments of Keras 1 that mean one thing in all layers that have them."""
UNITS = frozenset({"Dense", "TimeDistributedDense", "LSTM", "GRU", "SimpleRNN"})
"""Layers whose `units` were their `output_dim`; Embedding has kept it."""
LAYOUTS = {"tf": "channels_last", "th": "channels_first"}
MERGES = {
    "sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate", "dot": "Dot",
}  # fmt: skip
"""What `Merge` did, by its `mode`."""


def modern(kind: str, config: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A layer's class and its arguments under the names that they have today."""
    if kind == "Merge":
        return MERGES.get(str(config.get("mode")), kind), {**config, "axis": config.get("concat_axis", -1)}
    renamed = {ARGUMENTS.get(name, name): value for name, value in config.items() if _is_free(name, config)}
    if kind in UNITS and "output_dim" in config:
        renamed.setdefault("units", config["output_dim"])
    if "nb_row" in config and "nb_col" in config:
        renamed["kernel_size"] = [config["nb_row"], config["nb_col"]]
    if config.get("dim_ordering") in LAYOUTS:
        renamed["data_format"] = LAYOUTS[config["dim_ordering"]]
    if kind == "GRU" and "reset_after" not in config:  # which came with Keras 2.1, and was not the default
        renamed["reset_after"] = False
    sides = config.get("padding")
    if kind == "ZeroPadding2D" and isinstance(sides, (list, tuple)) and len(sides) == 4:  # top, bottom, left, right
        renamed["padding"] = [sides[:2], sides[2:]]
    return kind, renamed


def _is_free(name: str, config: Mapping[str, Any]) -> bool:
    """Whether an argument is not an older spelling of one that is there too."""
    return name not in ARGUMENTS or ARGUMENTS[name] not in config
