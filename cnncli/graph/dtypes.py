"""The types of elements, by the names that files have for them, and what they take."""

from __future__ import annotations

from typing import Any

from cnncli.amounts import UNKNOWN, is_known

FULL = "float32"

BITS = {
    "float64": 64, FULL: 32, "float16": 16, "bfloat16": 16, "float8_e4m3fn": 8, "float8_e5m2": 8, "bool": 8,
    "complex64": 64, "complex128": 128,
    **{f"{sign}int{bits}": bits for sign in ("", "u") for bits in (2, 4, 8, 16, 32, 64)},
}  # fmt: skip
"""Of an element."""


def in_bytes(count: Any, dtype: str) -> Any:
    """Bytes of so many elements, which may be AtLeast some; UNKNOWN where the type or the count is."""
    bits = BITS.get(dtype)
    if bits is None:
        return UNKNOWN
    return -(-count * bits // 8) if is_known(count) else count * max(bits // 8, 1)
