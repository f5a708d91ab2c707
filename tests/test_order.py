"""In which order the tests are run, and which are left out: as conftest.py has it."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import pytest_collection_modifyitems, turn


def item(name: str, *marks: str) -> Any:
    return SimpleNamespace(name=name, get_closest_marker=lambda mark: mark if mark in marks else None)


def collected() -> list[Any]:
    return [
        item("converted", "tf"),
        item("counted"),
        item("all converted", "tf", "slow", "exhaustive"),
        item("all counted", "exhaustive"),
        item("fuzzed", "slow"),
        item("drawn"),
        item("converted at length", "tf", "slow"),
        item("lowered", "tf"),
    ]


def taken(expression: str) -> tuple[list[str], list[str]]:
    """What is run, and what is told to be left out, where -m is this expression."""
    given, left_out = collected(), []

    def told(items: list[Any]) -> None:
        left_out.extend(items)

    hook = SimpleNamespace(pytest_deselected=told)
    config: Any = SimpleNamespace(option=SimpleNamespace(markexpr=expression), hook=hook)
    pytest_collection_modifyitems(config, given)
    return [each.name for each in given], [each.name for each in left_out]


@pytest.mark.parametrize("expression", ["", "not slow"])
def test_fast_ones_come_first_and_long_ones_not_last(expression: str) -> None:
    order = ["counted", "drawn", "fuzzed", "converted at length", "converted", "lowered"]
    assert taken(expression) == (order, ["all converted", "all counted"])


def test_exhaustive_ones_are_run_where_they_are_asked_for() -> None:
    order = [
        "counted",
        "drawn",
        "all counted",
        "fuzzed",
        "converted at length",
        "all converted",
        "converted",
        "lowered",
    ]
    assert (sorted(taken("exhaustive")[0]), taken("exhaustive")[1]) == (sorted(order), [])


def test_this_run_is_in_that_order(request: pytest.FixtureRequest) -> None:
    turns = [turn(each) for each in request.session.items]
    assert turns == sorted(turns)


TESTS = Path(__file__).parent
TOLD = re.compile(r"-m exhaustive (tests/\w+\.py)")


def test_each_command_that_is_told_runs_exhaustive_tests() -> None:
    told = set(TOLD.findall((TESTS.parent / "docs" / "architecture.md").read_text(encoding="utf-8")))
    told |= {name for path in TESTS.glob("test_*.py") for name in TOLD.findall(path.read_text(encoding="utf-8"))}
    assert len(told) > 5
    for name in told:
        assert re.search("exhaustive|EXHAUSTIVE", TOLD.sub("", (TESTS.parent / name).read_text(encoding="utf-8"))), name
