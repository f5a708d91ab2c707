"""Words as people string them together."""

from __future__ import annotations

from collections.abc import Sequence


def enumerated(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`, or with another word before the last."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
