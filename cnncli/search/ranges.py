"""Values as people list them: `0.25,0.35,0.5`, `0.25..1.4/0.05`, `96..224/32`, or both, `0.1,0.25..1/0.25`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cnncli.document.numbers import grouped
from cnncli.errors import UsageError
from cnncli.written import read_decimal, read_whole

DOTS = ".."
MOST_VALUES = 100_000
"""Of one list: nobody means more, and they are held in memory."""


def values(named: str, text: str) -> list[str]:
    """The values of a list of words and of ranges FROM..TO/STEP, in the order in which they stand, each once.

    A range ends with TO where the steps meet it; without a STEP it is one of whole numbers, by 1. What is no range is
    kept as it is written. Raises UsageError, which `named` begins.
    """
    found: dict[str, None] = {}
    for piece in text.split(","):
        for value in _of(f"{named} {text}", piece.strip()):
            found[value] = None
            if len(found) > MOST_VALUES:
                raise UsageError(f"{named} {text}: more than {grouped(MOST_VALUES)} values")
    return [*found]


def _of(named: str, piece: str) -> Iterator[str]:
    if not piece:
        raise UsageError(f"{named}: expected a value, such as 0.5, or FROM..TO/STEP, between the commas")
    if DOTS not in piece:
        yield piece
        return
    first, step, last = _range(named, piece)
    if last < first:
        raise UsageError(f"{named}: {piece} ends below where it begins")
    for number in range(int((last - first) / step) + 1):
        yield spelt(first + number * step)


def _range(named: str, piece: str) -> tuple[Decimal, Decimal, Decimal]:
    """FROM, STEP and TO. Raises UsageError."""
    ends, slash, step = piece.partition("/")
    first, _, last = ends.partition(DOTS)
    if not slash and read_whole(first) is not None and read_whole(last) is not None:
        step = "1"
    if any(read_decimal(text) is None for text in (first, last)) or not read_decimal(step):
        raise UsageError(f"{named}: expected FROM..TO/STEP, such as 0.25..1.4/0.05, and found {piece}")
    return Decimal(first), Decimal(step), Decimal(last)


def spelt(number: Decimal) -> str:
    """A number as an option spells it: 0.3, not 0.30."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def bounds(named: str, text: str) -> tuple[int | None, int | None]:
    """The least and the most of whole numbers: `2017..2019`, `2017..`, `..2019`, or one alone, which is both.

    Raises UsageError, which `named` begins.
    """
    first, dots, last = text.partition(DOTS)
    least, most = read_whole(first), read_whole(last if dots else first)
    written = [end for end in (first, last) if end]
    if not written or any(read_whole(end) is None for end in written):
        raise UsageError(f"{named} {text}: expected a whole number, or two such as 2017..2019")
    if least is not None and most is not None and most < least:
        raise UsageError(f"{named} {text}: it ends below where it begins")
    return least, most
