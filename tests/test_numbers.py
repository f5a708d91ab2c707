"""Numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnncli.document.numbers import bar, binary, growth, scaled, share


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0, "", "0"),
        (999, "", "999"),
        (1000, "", "1.00 k"),
        (999_994, "", "999.99 k"),
        (999_999, "", "1.00 M"),
        (999_999_999, "", "1.00 G"),
        (999_999_999_999, "B", "1.00 TB"),
        (-999_999, "", "-1.00 M"),
        (995_000, "", "995.00 k"),
        (999.9999, "", "1.00 k"),
        (20_100_000, "B", "20.10 MB"),
        (12, "B", "12 B"),
        (1_234_567_890_123_456, "", "1,234.57 T"),
    ],
)
def test_scaled(number: float, unit: str, text: str) -> None:
    assert scaled(number, unit) == text


@given(st.integers(0, 999_990_000_000_000))
@example(999_999)
@example(999_999_999)
def test_no_number_is_a_thousand_of_its_prefix(number: int) -> None:
    value, _, prefix = scaled(number).partition(" ")
    assert 0 <= float(value) < 1000
    assert float(value) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[prefix] == pytest.approx(number, rel=0.006)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 5, "0.0%"),
        (1, 10**6, "<0.1%"),
        (9996, 10_000, ">99.9%"),
        (1, 1, "100.0%"),
        (999, 1000, "99.9%"),
        (1, 0, "-"),
    ],
)
def test_share(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


@pytest.mark.parametrize(
    ("new", "old", "text"),
    [
        (110, 100, "+10.00%"), (9974, 10_000, "-0.26%"), (10**6 + 1, 10**6, "+0.0001%"),
        (10**9 - 6, 10**9, "-0.000001%"), (5, 5, "="), (0, 5, "-100.00%"),
    ],
)  # fmt: skip
def test_growth(new: int, old: int, text: str) -> None:
    assert growth(new, old) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0.00 KiB"),
        (1536, "1.50 KiB"),
        (2**20 - 1, "1.00 MiB"),
        (14_450_688, "13.78 MiB"),
        (2**60, "1,048,576.00 TiB"),
    ],
)
def test_bytes_in_powers_of_two(number: int, text: str) -> None:
    assert binary(number) == text


@pytest.mark.parametrize(
    ("percent", "text"),
    [(None, ""), (0, ""), (0.01, "▏"), (6.25, "▌"), (12.5, "█"), (50, "████"), (99, "███████▉"), (100, "████████")],
)
def test_bar(percent: float | None, text: str) -> None:
    """To an eighth of a character; of what is there, something is seen."""
    assert bar(percent, 8) == text
