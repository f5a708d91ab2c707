"""Numbers and choices as people write them, read strictly and everywhere alike: plain ASCII digits, without a sign,
without zeros before them, without anything between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fractions import Fraction

MOST_DIGITS = 9


def read_whole(text: str) -> int | None:
    """The whole number that a text is, of at most nine digits, else None."""
    return int(text) if re.fullmatch(rf"0|[1-9][0-9]{{0,{MOST_DIGITS - 1}}}", text) else None


def read_decimal(text: str) -> float | None:
    """The number that a text is, such as 0.5, .5, 5e-1 or 2, else None."""
    return float(text) if re.fullmatch(r"((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", text) else None


POINTS = {"pt": 1.0, "in": 72.0, "mm": 72 / 25.4, "cm": 72 / 2.54}
"""Of each unit of length."""


def read_length(text: str) -> float | None:
    """The points of a length such as 3.3in, 84 mm or 240pt, else None."""
    number, unit = text[:-2].rstrip(" "), text[-2:].lower()
    found = read_decimal(number)
    return None if found is None or unit not in POINTS else found * POINTS[unit]


def read_sizes(text: str) -> list[str]:
    """The sizes in a text such as 160x224, (28, 28, 1) or 28*28*1, without what stands around and between them."""
    inner = re.sub(r"^\s*[(\[]|,?\s*[)\]]\s*$", "", text).strip().lower()
    return re.split(r"\s*[x×*,]\s*|\s+", inner)


def read_choice(text: str, words: Iterable[str]) -> str | None:
    """The word that a text is, in any case, else None."""
    return next((word for word in words if word.lower() == text.lower()), None)


TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def read_truth(text: str) -> bool:
    """Whether a text says yes or no. Raises ValueError, saying what is expected, where it says neither."""
    if text.lower() not in TRUTHS:
        raise ValueError("true or false")
    return TRUTHS[text.lower()]


class Figure(NamedTuple):
    """A published figure: its value, and how much one of its last digit is."""

    value: Fraction
    unit: Fraction


_WRITTEN = re.compile(r"(?P<digits>[0-9][0-9,]*(?:\.(?P<decimals>[0-9]+))?)(?P<prefix>[kMG]?)(?P<twice>/2)?")
_PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


def read_figure(text: str) -> Figure:
    """A figure as it was published: 4.2M, 0.39G, 1,248,424; 13.07G/2 where multiplications and additions were counted.

    Raises ValueError for another text.
    """
    from fractions import Fraction  # of which only those that hold figures against each other have need

    found = _WRITTEN.fullmatch(text)
    if not found:
        raise ValueError(f"{text}: expected digits, with k, M or G")
    size = Fraction(_PREFIXES[found["prefix"]], 2 if found["twice"] else 1)
    return Figure(Fraction(found["digits"].replace(",", "")) * size, size / 10 ** len(found["decimals"] or ""))
