"""Options: how each is read from text and written back, and those that several architectures share.

A builder declares an option where it takes it, `alpha: Annotated[float, Option(positive(1000), "...")] = 1.0`; what is
here are the readers, and the options with Keras's names that more than one builder has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_type_hints

from cnncli.graph import Shape
from cnncli.graph.layers import ACTIVATION_FLOPS
from cnncli.written import read_choice, read_decimal, read_sizes, read_truth, read_whole

LARGEST_SIZE = 1_000_000


class Option(NamedTuple):
    """`read` raises ValueError, saying what it expects; `values` are what a shell may offer.

    `also` are names that other libraries have for it.
    """

    read: Callable[[str], Any]
    help: str
    values: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@cache
def declared(builder: Callable[..., None]) -> Mapping[str, Option]:
    """The options of a builder by name, in the order in which it declares them."""
    hints = get_type_hints(builder, include_extras=True)
    found = {name: [each for each in _parts(hint) if isinstance(each, Option)] for name, hint in hints.items()}
    return {name: options[0] for name, options in found.items() if options}


def _parts(hint: Any) -> Iterator[Any]:
    """What a hint is made of. Python 3.10 puts that of a parameter whose default is None into an Optional."""
    for part in get_args(hint):
        yield part
        yield from _parts(part)


def whole(largest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = read_whole(text)
        if number is None or not 1 <= number <= largest:
            raise ValueError(f"a whole number from 1 to {largest:,}")
        return number

    return read


def positive(largest: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = read_decimal(text)
        if value is None or not 0 < value <= largest:
            raise ValueError(f"a number above 0 and at most {largest:g}")
        return value

    return read


def choice(*words: str) -> Callable[[str], str]:
    """One of some words, in any case."""

    def read(text: str) -> str:
        word = read_choice(text, words)
        if word is None:
            raise ValueError(" or ".join(words))
        return word

    return read


_Number = TypeVar("_Number", int, float)


def one_of(*numbers: _Number) -> Callable[[str], _Number]:
    """One of some numbers, such as those of a paper's table."""

    def read(text: str) -> _Number:
        value = read_decimal(text)
        if value not in numbers:
            *others, last = (f"{number:g}" for number in numbers)
            raise ValueError(f"{', '.join(others)} or {last}")
        return next(number for number in numbers if number == value)

    return read


def rate(text: str) -> float:
    value = read_decimal(text)
    if value is None or not 0 <= value < 1:
        raise ValueError("a number from 0 to below 1")
    return value


def boolean(text: str) -> bool:
    return read_truth(text)


DEFAULT_CHANNELS = 3
"""Of a size without channels: a colour picture's."""
FIRST_CHANNELS = (1, 3, 4)
"""What stands first where somebody writes the channels of a picture first."""
FEW = 16
"""Channels there may be of a picture: of 12x224x224 nobody means one 12 pixels high with 224 channels."""
UNSETTLED = ("none", "-1", "?")
"""How a size that is open, such as a batch's, is written."""


def shape(text: str) -> tuple[int, int, int]:
    """Height, width and channels: 192, 160x224, 28x28x1, (28, 28, 1), 28*28*1, 28 x 28 x 1.

    Raises ValueError, with the right spelling where the channels come first, or an axis for the batch.
    """
    parts = read_sizes(text)
    batch = len(parts) == 4 or (len(parts) > 1 and parts[0] in UNSETTLED)
    try:
        if not 1 <= len(parts) <= 4:
            raise ValueError
        given = [whole(LARGEST_SIZE)(part) for part in parts[1 if batch else 0 :]]
    except ValueError:
        raise ValueError(f"192, 160x224 or 28x28x1 (height, width, channels), each at most {LARGEST_SIZE:,}") from None
    height, width, channels, first = _channels_last(given)
    if batch or first:
        wrong = " and ".join(["no axis for the batch"] * batch + ["the channels last"] * first)
        raise ValueError(f"{wrong}: {height}x{width}x{channels}")
    return height, width, channels


def _channels_last(sizes: list[int]) -> tuple[int, int, int, bool]:
    """Height, width and channels (3 unless told), and whether the channels were written first."""
    height, width = (sizes * 2)[:2]
    channels = sizes[2] if len(sizes) == 3 else DEFAULT_CHANNELS
    usual = height in FIRST_CHANNELS and channels not in FIRST_CHANNELS and width > max(FIRST_CHANNELS) < channels
    if usual or (height <= FEW < width == channels):
        return width, channels, height, True
    return height, width, channels, False


def size(text: str) -> tuple[int, int]:
    """Height and width alone. Raises ValueError."""
    try:
        height, width, _ = shape(text)
    except ValueError:
        raise ValueError("a height and a width, such as 19x19") from None
    if len(read_sizes(text)) > 2:
        raise ValueError("a height and a width, without channels, such as 19x19")
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
    Shape,
    Option(
        shape,
        "Input as 192, 160x224 or 28x28x1: height, width, channels.",
        ("224", "192", "160"),
        ("input_size", "image_size", "img_size", "resolution"),
    ),
]
Alpha = Annotated[
    float,
    Option(
        positive(1000),
        "Width multiplier: scales the filters of each layer.",
        ("0.5", "0.75", "1.0"),
        ("width_mult", "width_multiplier"),
    ),
]
IncludePreprocessing = Annotated[bool, Option(boolean, "With the layers that scale pixels from 0..255.", BOOLEANS)]
IncludeTop = Annotated[bool, Option(boolean, "With the classifier.", BOOLEANS)]
Pooling = Annotated[str | None, Option(pooling, "Global pooling where there is no classifier.", ("none", "avg", "max"))]
Classes = Annotated[
    int, Option(whole(LARGEST_SIZE), "How many classes the classifier tells apart.", ("1000", "10"), ("num_classes",))
]
ClassifierActivation = Annotated[
    str | None, Option(activation, "Activation of the classifier.", ("softmax", "none", "sigmoid"))
]
DropoutRate = Annotated[
    float,
    Option(rate, "Share of features dropped before the classifier, in training.", ("0.2", "0"), ("dropout_rate",)),
]
