"""Numbers as people write them."""

from __future__ import annotations

from collections.abc import Sequence

_DECIMAL = ((1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"))


def grouped(number: int) -> str:
    """1234567 as 1,234,567."""
    return f"{number:,}"


def scaled(number: float, unit: str = "") -> str:
    """154561234 as `154.56 M`; with a unit `20.1 MB`. Decimal prefixes; never 1,000 of one, which is 1 of the next."""
    if abs(float(f"{number:g}")) < 1000:
        return f"{number:g} {unit}".strip()
    fitting = (each for each in _DECIMAL if round(abs(number) / each[0], 2) < 1000)
    size, prefix = next(fitting, _DECIMAL[-1])
    return f"{number / size:,.2f} {prefix}{unit}"


def share(part: float, whole: float) -> str:
    """A part of a whole in percent, one decimal; `<0.1%` and `>99.9%` where that would hide that there is one."""
    if not whole:
        return "-"
    text = f"{100 * part / whole:.1f}%"
    if part and text == "0.0%":
        return "<0.1%"
    return ">99.9%" if part < whole and text == "100.0%" else text


def times(ratio: float, digits: int = 2) -> str:
    """A ratio as `x11.39`, with as many digits more as it takes to tell it from x0.00 and x1.00."""
    texts = (f"{ratio:.{count}f}" for count in range(digits, 6))
    return "x" + next((text for text in texts if float(text) not in (0, 1)), f"{ratio:.{digits}f}")


def shape(sizes: Sequence[int]) -> str:
    """(112, 112, 64) as `112x112x64`."""
    return "x".join(map(str, sizes))
