"""What is not known is never a number: sizes that a file leaves open, work that nobody can count."""

from __future__ import annotations

import pickle
from math import ceil, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncli.amounts import UNKNOWN, AtLeast, is_known, total

numbers = st.integers(0, 10**9)


@given(st.one_of(numbers, st.floats(allow_nan=False)))
def test_what_is_computed_with_it_is_unknown(number: float) -> None:
    results = [UNKNOWN + number, number + UNKNOWN, UNKNOWN - number, number - UNKNOWN]
    results += [UNKNOWN * number, number * UNKNOWN]
    results += [UNKNOWN // 2, 2 // UNKNOWN, UNKNOWN / 2, 2 / UNKNOWN, UNKNOWN % 3, 3 % UNKNOWN, -UNKNOWN, ceil(UNKNOWN)]
    results += [round(UNKNOWN), prod((number, UNKNOWN, 3)), sum((number, UNKNOWN))]
    assert all(result is UNKNOWN for result in results)


@given(numbers)
def test_it_keeps_no_comparison(number: int) -> None:
    kept = [number > UNKNOWN, number < UNKNOWN, number >= UNKNOWN, number <= UNKNOWN, number == UNKNOWN]
    kept += [UNKNOWN.__lt__(number), UNKNOWN.__gt__(number), UNKNOWN.__le__(number), UNKNOWN.__ge__(number)]
    assert not any(kept)
    assert not UNKNOWN


def test_it_is_one_and_shown_as_a_question() -> None:
    assert pickle.loads(pickle.dumps(UNKNOWN)) is UNKNOWN
    assert f"{UNKNOWN} {UNKNOWN:,} {UNKNOWN:.2f}" == "? ? ?"


@given(st.lists(st.one_of(numbers, st.just(UNKNOWN)), max_size=8))
def test_a_sum_says_whether_it_is_whole(amounts: list[object]) -> None:
    known = sum(amount for amount in amounts if amount is not UNKNOWN)  # type: ignore[misc]
    found = total(amounts)
    if UNKNOWN not in amounts:
        assert found == known
    elif known:
        assert isinstance(found, AtLeast)
        assert (found.known, is_known(found)) == (known, False)
    else:
        assert found is UNKNOWN


def test_at_least() -> None:
    some = AtLeast(1_000)
    assert (some > 999, some > 1_000, some >= 1_000, some < 5_000, some <= 5_000) == (True, False, True, False, False)
    assert f"{some:,}" == "≥1,000"
    assert (some + 5).known == (5 + some).known == 1_005
    assert (some + UNKNOWN).known == total([some, UNKNOWN]).known == 1_000
    assert (some * 4).known == 4_000
    assert some - 3 is UNKNOWN
    assert some - some is UNKNOWN


@pytest.mark.parametrize("limit", [1, 999, 10**12])
def test_nothing_unknown_keeps_a_limit(limit: int) -> None:
    assert not limit >= UNKNOWN
    assert not AtLeast(10) <= limit
