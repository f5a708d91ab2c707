"""Which figures a search can limit, compare and tell, and how people write a limit on each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from cnncli.analysis.check.budgets import READERS
from cnncli.analysis.metric import Metric
from cnncli.analysis.metrics import METRICS, metric
from cnncli.errors import UsageError
from cnncli.search.limits import TOP1, Limit
from cnncli.written import read_decimal


def figures() -> list[Metric]:
    """All that are told anywhere, in the table's order."""
    return [each for each in METRICS if each.places]


@cache
def limited() -> Mapping[str, Metric]:
    """What can be limited besides top-1, by the name in --max-NAME and --min-NAME, such as params or arena."""
    return {each.limit.name.removeprefix("max-"): each for each in figures()}


def of_kind(told: Metric, kind: str | None) -> Metric:
    """A figure as one of a kind, where it differs by that: of the one asked for, else of the usual one."""
    return told.of(kind or told.kinds[0]) if told.by_kind and not told.kind else told


def read_limits(most: Mapping[str, str], least: Mapping[str, str], kind: str | None) -> tuple[Limit, ...]:
    """One limit a figure, of what is asked for by name at most and at least; `kind` is what figures are of that differ
    by it. Raises UsageError for what cannot be read, and for a least that is above the most.
    """
    return tuple(
        _limit(name, most.get(name), least.get(name), kind)
        for name in (TOP1, *limited())
        if name in most or name in least
    )


def _limit(name: str, most: str | None, least: str | None, kind: str | None) -> Limit:
    key = name if name == TOP1 else of_kind(limited()[name], kind).key
    low = None if least is None else _read(name, f"--min-{name}", least)
    high = None if most is None else _read(name, f"--max-{name}", most)
    written = [f"--min-{name} {least}"] * (least is not None) + [f"--max-{name} {most}"] * (most is not None)
    if low is not None and high is not None and low > high:
        raise UsageError(f"{' '.join(written)}: nothing is that much and that little")
    return Limit(key, low, high, " ".join(written))


def _read(name: str, option: str, text: str) -> float:
    try:
        return _percent(text) if name == TOP1 else READERS[limited()[name].unit](text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from None


def _percent(text: str) -> float:
    number = read_decimal(text.removesuffix("%").strip())
    if number is None or number > 100:
        raise ValueError("expected a percentage, such as 70")
    return number


def named(name: str, kind: str | None) -> str:
    """The key of a figure of a name such as tflite_bytes or tflite_bytes_int8; of another name itself."""
    key = name.strip().lower().replace("-", "_")
    try:
        return of_kind(metric(key), kind).key
    except KeyError:
        return name
