"""Sizes and counts that are not known, or not all of them: never zero, never silently a number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class _Unknown:
    """Stands where a number would. What is computed with it is unknown too, and it fulfils no comparison."""

    def _unknown(self, *_: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __abs__ = _unknown
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _unknown
    __round__ = __ceil__ = __floor__ = _unknown

    def _false(self, *_: Any) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _false

    def __repr__(self) -> str:
        return "?"

    def __format__(self, spec: str) -> str:
        return "?"

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Any = _Unknown()
"""The only one of its kind, to be tested with `is`; typed as any number is."""


LARGEST = 2**100
"""No tensor has so many cells, and nothing costs so much; sums of smaller numbers can be told."""


class AtLeast:
    """A sum of which some parts are unknown: `known` is that of the others."""

    __slots__ = ("known",)

    def __init__(self, known: int) -> None:
        self.known = known

    def __add__(self, other: Any) -> AtLeast:
        return AtLeast(self.known + known_part(other))

    __radd__ = __add__

    def __mul__(self, factor: int) -> AtLeast:
        return AtLeast(self.known * factor)

    __rmul__ = __mul__

    def _unknown(self, *_: Any) -> Any:
        """How far it is from something else nobody knows."""
        return UNKNOWN

    __sub__ = __rsub__ = __truediv__ = __rtruediv__ = _unknown

    def __gt__(self, other: Any) -> bool:
        return bool(self.known > known_part(other)) and not isinstance(other, AtLeast)

    def __ge__(self, other: Any) -> bool:
        return bool(self.known >= known_part(other)) and not isinstance(other, AtLeast)

    def _false(self, *_: Any) -> bool:
        return False

    __lt__ = __le__ = _false

    def __bool__(self) -> bool:
        return bool(self.known)

    def __repr__(self) -> str:
        return f"≥{self.known}"

    def __format__(self, spec: str) -> str:
        return f"≥{self.known:{spec}}"


def known_part(amount: Any) -> Any:
    """As much of an amount as is known."""
    return amount.known if isinstance(amount, AtLeast) else 0 if amount is UNKNOWN else amount


def total(amounts: Iterable[Any]) -> Any:
    """The sum; AtLeast what is known where some are UNKNOWN, and UNKNOWN where all that is known is nothing."""
    found = list(amounts)
    whole = sum(found)
    if type(whole) is int:
        return whole
    known = sum(map(known_part, found))
    return AtLeast(known) if known else UNKNOWN


def is_known(amount: Any) -> bool:
    """Whether it is a number, all of it."""
    return amount is not UNKNOWN and type(amount) is not AtLeast
