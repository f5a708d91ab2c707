"""Arithmetic in writing: `3*3*512*14*14 = 903,168`, in which Python reads what it says once the commas are out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.explain.arithmetic import (
    Difference,
    Larger,
    Product,
    Quotient,
    Rounded,
    Sum,
    is_expression,
    value_of,
)
from cnncli.analysis.explain.fact import Fact

DIGITS = 10
"""Of a number that is no whole one: what a computer adds beyond is no part of the arithmetic."""


def number(value: Any) -> str:
    """1,280; 0.75; `?` for what is not known."""
    if not isinstance(value, float):
        return f"{value:,}"
    text = f"{value:.{DIGITS}g}"
    return text if int(float(text)) == int(value) else repr(value)  # what int() cuts must be seen to be cut


def equation(reckoned: Any, value: Any = None) -> str:
    """An expression with what it comes to; a number alone is itself."""
    result = number(value_of(reckoned) if value is None else value)
    if not is_expression(reckoned):
        return result
    text = written(reckoned)
    return text if text == result else f"{text} = {result}"


def reckoned(fact: Fact) -> str:
    """A fact's value as it was reckoned; by itself where nothing can be shown."""
    return number(fact.value) if fact.reckoned is None else equation(fact.reckoned)


def written(term: Any) -> str:
    """An expression with as few brackets as it takes."""
    if is_expression(term):
        return _WRITTEN[type(term)](term)
    return number(term) if not is_known(term) or term >= 0 else f"({number(term)})"


def _product(term: Product) -> str:
    return "*".join(_within(factor, Sum, Difference, Quotient) for factor in term.factors)


def _difference(term: Difference) -> str:
    return " - ".join([written(term.whole), *(_within(part, Sum, Difference) for part in term.parts)])


def _quotient(term: Quotient) -> str:
    return f"{_within(term.dividend, Sum, Difference)}/{_within(term.divisor, Sum, Difference, Product, Quotient)}"


_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    Product: _product,
    Sum: lambda term: " + ".join(map(written, term.terms)),
    Difference: _difference,
    Quotient: _quotient,
    Rounded: lambda term: f"{term.how}({written(term.number)})",
    Larger: lambda term: f"max({written(term.first)}, {written(term.second)})",
}


def _within(term: Any, *bracketed: type) -> str:
    text = written(term)
    return f"({text})" if isinstance(term, bracketed) else text


def tree(term: Any) -> Any:
    """An expression as data: {"product": [3, 3, 512]}; a number is itself."""
    if not is_expression(term):
        return term
    parts = [tree(each) for each in _parts(term)]
    name = str(term.how) if isinstance(term, Rounded) else type(term).__name__.lower()
    return {name: parts}


def _parts(term: Any) -> list[Any]:
    if isinstance(term, Product):
        return list(term.factors)
    if isinstance(term, Sum):
        return list(term.terms)
    if isinstance(term, Difference):
        return [term.whole, *term.parts]
    return [each for name, each in vars(term).items() if name != "how"]
