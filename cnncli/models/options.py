"""The options that architectures take, with Keras's names: how each is read from text and written back."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from cnncli.graph.layers import ACTIVATION_FLOPS

LARGEST_SIZE = 1_000_000


class Option(NamedTuple):
    """`read` raises ValueError, saying what it expects; `values` are what a shell may offer."""

    read: Callable[[str], Any]
    help: str
    values: tuple[str, ...] = ()


def _whole(largest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\+?[0-9]{1,9}", text) or not 1 <= int(text) <= largest:
            raise ValueError(f"a whole number from 1 to {largest:,}")
        return int(text)

    return read


def _positive(largest: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        expected = f"a number above 0 and at most {largest:g}"
        value = _number(text)
        if not 0 < value <= largest:
            raise ValueError(expected)
        return value

    return read


def _rate(text: str) -> float:
    value = _number(text)
    if not 0 <= value < 1:
        raise ValueError("a number from 0 to below 1")
    return value


def _number(text: str) -> float:
    """The number that plain ASCII digits spell, or nan, which is in no range."""
    return (
        float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text, re.ASCII | re.IGNORECASE) else math.nan
    )


def _boolean(text: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in words:
        raise ValueError("true or false")
    return words[text.lower()]


def _shape(text: str) -> tuple[int, int, int]:
    parts = re.split("[x×X]", text)
    try:
        if not 1 <= len(parts) <= 3:
            raise ValueError
        sizes = [_whole(LARGEST_SIZE)(part) for part in parts]
    except ValueError:
        raise ValueError(f"192, 160x224 or 28x28x1 (height, width, channels), each at most {LARGEST_SIZE:,}") from None
    height = sizes[0]
    width = sizes[1] if len(sizes) > 1 else height
    return height, width, sizes[2] if len(sizes) > 2 else 3


def _pooling(text: str) -> str | None:
    if text.lower() not in ("none", "avg", "max"):
        raise ValueError("none, avg or max")
    return None if text.lower() == "none" else text.lower()


def _activation(text: str) -> str | None:
    name = text.lower()
    if name not in (*ACTIVATION_FLOPS, "none"):
        raise ValueError(f"none or one of {', '.join(ACTIVATION_FLOPS)}")
    return None if name in ("none", "linear") else name


_BOOLEANS = ("true", "false")

OPTIONS: dict[str, Option] = {
    "input_shape": Option(_shape, "Input as 192, 160x224 or 28x28x1: height, width, channels.", ("224", "192", "160")),
    "alpha": Option(_positive(1000), "Width multiplier: scales the filters of each layer.", ("0.5", "0.75", "1.0")),
    "depth_multiplier": Option(_whole(1000), "Depthwise kernels a channel.", ("1", "2")),
    "width": Option(_positive(1000), "Width coefficient of compound scaling.", ("1.0", "1.1", "1.2")),
    "depth": Option(_positive(100), "Depth coefficient of compound scaling.", ("1.0", "1.1", "1.2")),
    "minimalistic": Option(_boolean, "Without squeeze-and-excitation, hard-swish and 5x5 kernels.", _BOOLEANS),
    "include_preprocessing": Option(_boolean, "With the layer that scales pixels from 0..255.", _BOOLEANS),
    "include_top": Option(_boolean, "With the classifier.", _BOOLEANS),
    "pooling": Option(_pooling, "Global pooling where there is no classifier.", ("none", "avg", "max")),
    "classes": Option(_whole(LARGEST_SIZE), "How many classes the classifier tells apart.", ("1000", "10")),
    "classifier_activation": Option(_activation, "Activation of the classifier.", ("softmax", "none", "sigmoid")),
    "dropout": Option(_rate, "Share of features dropped before the classifier, in training.", ("0.2", "0")),
}


def show(value: Any) -> str:
    """An option's value as a reference spells it: 224 (for 224x224x3), 160x224, 28x28x1, 0.5, true, none."""
    if isinstance(value, tuple):
        height, width, channels = value
        if channels != 3:
            return f"{height}x{width}x{channels}"
        return str(height) if height == width else f"{height}x{width}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return "none" if value is None else str(value)
