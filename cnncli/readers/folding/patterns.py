"""Patterns of operations, and whether a step is the last of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isclose, prod
from typing import NamedTuple

from cnncli.graph import Shape
from cnncli.graph.layers import Elementwise, Reduce
from cnncli.graph.roles import Role
from cnncli.readers.folding.draft import Step


class Operand(NamedTuple):
    """A constant operand of a step: its shape, and its value where it has one that is known."""

    shape: Shape
    value: float | None


@dataclass(frozen=True)
class Argument:
    """What the whole pattern is a function of: one and the same step wherever it stands."""


@dataclass(frozen=True)
class Scalar:
    """A constant of one cell. One whose value was not looked up is believed to be the right one, unless `sure`."""

    value: float | None = None
    sure: bool = False


@dataclass(frozen=True)
class Channels:
    """A constant of one value a channel."""


@dataclass(frozen=True)
class Operation:
    """An operation of these operands; the order of two makes no difference where it makes none to the result."""

    name: str
    operands: tuple[Pattern, ...]


Pattern = Argument | Scalar | Channels | Operation

X = Argument()
COMMUTATIVE = frozenset({"add", "multiply", "maximum", "minimum"})


def of(name: str, *operands: Pattern | float) -> Operation:
    """A pattern; numbers stand for constants of one cell."""
    return Operation(name, tuple(Scalar(each) if isinstance(each, (int, float)) else each for each in operands))


class Match(NamedTuple):
    """The step that a pattern is a function of, as far as it is found, and the steps that are within it.

    `exact` is whether numbers must be known and equal, but for what 32 bits round.
    """

    argument: Step | None = None
    inner: tuple[Step, ...] = ()
    exact: bool = False


_COMBINED = {"sum": "add", "product": "multiply", "difference": "subtract"}
_SYNONYMS = {
    "biasadd": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "realdiv": "divide", "pow": "power",
    "neg": "negative", "exp": "exponential", "squareddifference": "squared_difference",
}  # fmt: skip


def operation(step: Step) -> str:
    """What a step does, in one word for all layers that do it."""
    layer = step.layer
    if layer.combines:
        return _COMBINED.get(layer.combines, layer.combines)
    if isinstance(layer, Elementwise):
        name = layer.operation.lower()
        return _SYNONYMS.get(name, name)
    if layer.role is Role.ACTIVATION:
        return layer.function
    if isinstance(layer, Reduce):
        return layer.operation.lower()
    return ""


def operands(step: Step) -> Sequence[Step | Operand]:
    """What a step combines: other steps, and behind them the constant that is its own."""
    layer = step.layer
    if isinstance(layer, Elementwise) and layer.constant is not None:
        return (*step.sources, Operand(layer.constant, layer.value))
    return step.sources


def matched(pattern: Operation, step: Step, *, exact: bool = False) -> Match | None:
    """How a step is the last of a pattern; its `inner` are the steps before it, each once."""
    found = _operation(pattern, step, Match(exact=exact))
    if found is None or found.argument is None:
        return None
    return Match(found.argument, tuple(dict.fromkeys(each for each in found.inner if each is not step)))


def _matched(pattern: Pattern, operand: Step | Operand, so_far: Match) -> Match | None:
    if isinstance(operand, Operand):
        return so_far if _is_constant(pattern, operand, so_far.exact) else None
    if isinstance(pattern, Argument):
        if so_far.argument is None:
            return so_far._replace(argument=operand)
        return so_far if so_far.argument is operand else None
    return _operation(pattern, operand, so_far) if isinstance(pattern, Operation) else None


def _operation(pattern: Operation, step: Step, so_far: Match) -> Match | None:
    if operation(step) != pattern.name:
        return None
    there = operands(step)
    if len(there) != len(pattern.operands):
        return None
    for order in _orders(pattern, there):
        found: Match | None = so_far
        for wanted, operand in zip(pattern.operands, order, strict=True):
            found = found and _matched(wanted, operand, found)
        if found:
            return found._replace(inner=(*found.inner, step))
    return None


def _orders(pattern: Operation, there: Sequence[Step | Operand]) -> Iterator[Sequence[Step | Operand]]:
    yield there
    if len(there) == 2 and (pattern.name in COMMUTATIVE or isinstance(there[1], Operand)):
        yield there[::-1]


def _is_constant(pattern: Pattern, operand: Operand, exact: bool) -> bool:
    if isinstance(pattern, Scalar):
        return prod(operand.shape) == 1 and _fits(pattern, operand.value, exact)
    return isinstance(pattern, Channels) and is_of_channels(operand.shape)


def _fits(pattern: Scalar, value: float | None, exact: bool) -> bool:
    if pattern.value is None or value is None:
        return not (pattern.sure or exact)
    return isclose(value, pattern.value, rel_tol=1e-6 if exact else 1e-2)


def is_of_channels(shape: Shape) -> bool:
    """Whether a constant of this shape has its values along the last axis only."""
    return bool(shape) and prod(shape) == shape[-1]
