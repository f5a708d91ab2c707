"""Options: how each is read from text and written back, and those that several architectures share.

A builder declares an option where it takes it, `alpha: Annotated[float, Option(positive(1000), "...")] = 1.0`; what is
here are the readers, and the options with Keras's names that more than one builder has.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

from cnncli.graph import Shape
from cnncli.graph.layers import ACTIVATION_FLOPS

LARGEST_SIZE = 1_000_000


class Option(NamedTuple):
    """`read` raises ValueError, saying what it expects; `values` are what a shell may offer."""

    read: Callable[[str], Any]
    help: str
    values: tuple[str, ...] = ()


@cache
def declared(builder: Callable[..., None]) -> Mapping[str, Option]:
    """The options of a builder by name, in the order in which it declares them."""
    hints = get_type_hints(builder, include_extras=True)
    found = {name: [each for each in get_args(hint) if isinstance(each, Option)] for name, hint in hints.items()}
    return {name: options[0] for name, options in found.items() if options}


def whole(largest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\+?[0-9]{1,9}", text) or not 1 <= int(text) <= largest:
            raise ValueError(f"a whole number from 1 to {largest:,}")
        return int(text)

    return read


def positive(largest: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = _number(text)
        if not 0 < value <= largest:
            raise ValueError(f"a number above 0 and at most {largest:g}")
        return value

    return read


def choice(*words: str) -> Callable[[str], str]:
    """One of some words, in any case."""

    def read(text: str) -> str:
        for word in words:
            if text.lower() == word.lower():
                return word
        raise ValueError(" or ".join(words))

    return read


def rate(text: str) -> float:
    value = _number(text)
    if not 0 <= value < 1:
        raise ValueError("a number from 0 to below 1")
    return value


def _number(text: str) -> float:
    """The number that plain ASCII digits spell, or nan, which is in no range."""
    return (
        float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text, re.ASCII | re.IGNORECASE) else math.nan
    )


def boolean(text: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in words:
        raise ValueError("true or false")
    return words[text.lower()]


DEFAULT_CHANNELS = 3
"""Of a size without channels: a colour picture's."""
FIRST_CHANNELS = (1, 3, 4)
"""What stands first where somebody writes the channels of a picture first."""


def shape(text: str) -> tuple[int, int, int]:
    parts = re.split("[x×X]", text)
    try:
        if not 1 <= len(parts) <= 3:
            raise ValueError
        sizes = [whole(LARGEST_SIZE)(part) for part in parts]
    except ValueError:
        raise ValueError(f"192, 160x224 or 28x28x1 (height, width, channels), each at most {LARGEST_SIZE:,}") from None
    height = sizes[0]
    width = sizes[1] if len(sizes) > 1 else height
    channels = sizes[2] if len(sizes) > 2 else DEFAULT_CHANNELS
    if height in FIRST_CHANNELS and channels not in FIRST_CHANNELS and width > max(FIRST_CHANNELS) < channels:
        raise ValueError(f"the channels last: {width}x{channels}x{height}")
    return height, width, channels


def size(text: str) -> tuple[int, int]:
    """Height and width alone."""
    try:
        height, width, channels = shape(text)
    except ValueError:
        channels = 0
    if channels != DEFAULT_CHANNELS or len(re.findall("[0-9]+", text)) > 2:
        raise ValueError("a height and a width, such as 19x19")
    return height, width


def pooling(text: str) -> str | None:
    if text.lower() not in ("none", "avg", "max"):
        raise ValueError("none, avg or max")
    return None if text.lower() == "none" else text.lower()


def activation(text: str) -> str | None:
    name = text.lower()
    if name not in (*ACTIVATION_FLOPS, "none"):
        raise ValueError(f"none or one of {', '.join(ACTIVATION_FLOPS)}")
    return None if name in ("none", "linear") else name


BOOLEANS = ("true", "false")

InputShape = Annotated[
    Shape, Option(shape, "Input as 192, 160x224 or 28x28x1: height, width, channels.", ("224", "192", "160"))
]
Alpha = Annotated[
    float, Option(positive(1000), "Width multiplier: scales the filters of each layer.", ("0.5", "0.75", "1.0"))
]
IncludeTop = Annotated[bool, Option(boolean, "With the classifier.", BOOLEANS)]
Pooling = Annotated[str | None, Option(pooling, "Global pooling where there is no classifier.", ("none", "avg", "max"))]
Classes = Annotated[int, Option(whole(LARGEST_SIZE), "How many classes the classifier tells apart.", ("1000", "10"))]
ClassifierActivation = Annotated[
    str | None, Option(activation, "Activation of the classifier.", ("softmax", "none", "sigmoid"))
]
DropoutRate = Annotated[
    float, Option(rate, "Share of features dropped before the classifier, in training.", ("0.2", "0"))
]
