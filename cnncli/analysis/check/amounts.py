"""Amounts as people write them in budgets: 5M, 20MB, 4MiB, 1%. Read strictly: what could mean two things is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

COUNTS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BYTES = {
    "": 1, "B": 1,
    "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip


MOST_DIGITS = 18


def read_count(text: str) -> int:
    """`5M` as 5,000,000. Raises ValueError, saying what is expected."""
    return _read(text, COUNTS, "a whole number, or one with K, M, G or T (decimal), such as 5M")


def read_bytes(text: str) -> int:
    """`4MiB` as 4,194,304. Raises ValueError, saying what is expected."""
    return _read(text, BYTES, "bytes with KB, MB, GB (decimal) or KiB, MiB, GiB (binary), such as 20MB or 4MiB")


def _read(text: str, units: Mapping[str, int], expected: str) -> int:
    found = re.fullmatch(r"((?:0|[1-9][0-9]*)(?:\.[0-9]+)?) ?([A-Za-z]*)", text.strip())
    if not found or found[2] not in units:
        raise ValueError(f"expected {expected}")
    if len(found[1]) > MOST_DIGITS:
        raise ValueError(f"expected at most {MOST_DIGITS} digits")
    amount = Decimal(found[1]) * units[found[2]]
    if amount != int(amount):
        raise ValueError("expected a whole amount")
    return int(amount)


def read_percentage(text: str) -> Fraction:
    """`1%` as 1/100, exactly. Raises ValueError, saying what is expected."""
    found = re.fullmatch(r"((?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,9})?) ?%", text.strip())
    if not found:
        raise ValueError("expected a percentage such as 1%")
    return Fraction(found[1]) / 100
