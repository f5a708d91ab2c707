"""Arithmetic as it stands on a board: a result that remembers how it was reckoned, so that it can be written out.

What is reckoned with a size that a file leaves open is not known either, and is written with a `?` in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import reduce
from math import ceil, floor, prod
from operator import add
from typing import Any

from cnncli.amounts import UNKNOWN


class Rounding(str, Enum):
    """How a number becomes a whole one; its value is what Python calls that."""

    UP = "ceil"
    DOWN = "floor"
    CUT = "int"

    __str__ = str.__str__


@dataclass(frozen=True)
class Product:
    """The factors times each other."""

    factors: tuple[Any, ...]

    @property
    def value(self) -> Any:
        return prod(map(value_of, self.factors))


@dataclass(frozen=True)
class Sum:
    """The terms together."""

    terms: tuple[Any, ...]

    @property
    def value(self) -> Any:
        return reduce(add, map(value_of, self.terms))


@dataclass(frozen=True)
class Difference:
    """One without the others."""

    whole: Any
    parts: tuple[Any, ...]

    @property
    def value(self) -> Any:
        return value_of(self.whole) - value_of(Sum(self.parts))


@dataclass(frozen=True)
class Quotient:
    """One by another: a whole number where it divides without a rest."""

    dividend: Any
    divisor: Any

    @property
    def value(self) -> Any:
        dividend, divisor = value_of(self.dividend), value_of(self.divisor)
        whole = isinstance(dividend, int) and isinstance(divisor, int) and dividend % divisor == 0
        return dividend // divisor if whole else dividend / divisor


@dataclass(frozen=True)
class Rounded:
    """A whole number of any."""

    how: Rounding
    number: Any

    @property
    def value(self) -> Any:
        number = value_of(self.number)
        if number is UNKNOWN:
            return UNKNOWN
        if self.how is Rounding.CUT:
            return int(number)
        return ceil(number) if self.how is Rounding.UP else floor(number)


@dataclass(frozen=True)
class Larger:
    """The larger of two."""

    first: Any
    second: Any

    @property
    def value(self) -> Any:
        first, second = value_of(self.first), value_of(self.second)
        return UNKNOWN if UNKNOWN in (first, second) else max(first, second)


Expression = Product | Sum | Difference | Quotient | Rounded | Larger
"""What is reckoned of numbers and of other expressions."""


def is_expression(term: Any) -> bool:
    return isinstance(term, Expression)


def value_of(term: Any) -> Any:
    """What a number or an expression comes to."""
    return term.value if is_expression(term) else term


def product(*factors: Any) -> Any:
    """Factors as a product; one alone is itself."""
    return factors[0] if len(factors) == 1 else Product(factors)


def total(*terms: Any) -> Any:
    """Terms as a sum; one alone is itself."""
    return terms[0] if len(terms) == 1 else Sum(terms)


def agreeing(term: Any, value: Any) -> Any:
    """What comes to a value; None where it comes to another, so that nothing is shown that does not hold."""
    found = value_of(term)
    return term if found is value or (found is not UNKNOWN and value is not UNKNOWN and found == value) else None
