"""Numbers as people write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnncli.amounts import UNKNOWN, is_known

_DECIMAL = ((1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"))


def grouped(number: Any) -> str:
    """1234567 as 1,234,567; what is not known as `?`, what is only in part as `≥1,234,567`."""
    return f"{number:,}"


def scaled(number: Any, unit: str = "") -> str:
    """154561234 as `154.56 M`; with a unit `20.1 MB`. Decimal prefixes; never 1,000 of one, which is 1 of the next.

    What is not known is `?`, what is only in part `≥154.56 M`.
    """
    if not is_known(number):
        return str(number) if number is UNKNOWN else f"≥{scaled(number.known, unit)}"
    if abs(float(f"{number:g}")) < 1000:
        return f"{number:g} {unit}".strip()
    fitting = (each for each in _DECIMAL if round(abs(number) / each[0], 2) < 1000)
    size, prefix = next(fitting, _DECIMAL[-1])
    return f"{number / size:,.2f} {prefix}{unit}"


_SECONDS = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"))


def duration(seconds: float | None) -> str:
    """0.0123 seconds as `12.30 ms`; nothing for None."""
    if seconds is None:
        return ""
    size, unit = next((each for each in _SECONDS if round(seconds / each[0], 2) >= 1), _SECONDS[-1])
    return f"{seconds / size:,.2f} {unit}"


_BINARY = ((2**10, "KiB"), (2**20, "MiB"), (2**30, "GiB"), (2**40, "TiB"))


def binary(number: int) -> str:
    """14450688 bytes as `13.78 MiB`; never 1,024 of one."""
    fitting = (each for each in _BINARY if round(number / each[0], 2) < 1024)
    size, unit = next(fitting, _BINARY[-1])
    return f"{number / size:,.2f} {unit}"


def in_words(number: Any, write: Callable[[Any], str]) -> str:
    """A number as it is written; `at least 12.3 M` where it is a part, `unknown` where nothing is known."""
    if is_known(number):
        return write(number)
    return "unknown" if number is UNKNOWN else f"at least {write(number.known)}"


def share(part: Any, whole: Any) -> str:
    """A part of a whole in percent, one decimal; `<0.1%` and `>99.9%` where that would hide that there is one.

    Of what is not known `-`.
    """
    if not (whole and is_known(part) and is_known(whole)):
        return "-"
    text = f"{100 * part / whole:.1f}%"
    if part and text == "0.0%":
        return "<0.1%"
    return ">99.9%" if part < whole and text == "100.0%" else text


EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(percent: float | None, width: int) -> str:
    """A percentage as a bar of at most `width` characters, to an eighth of one; of any part at least that."""
    eighths = max(round((percent or 0) / 100 * width * 8), 1 if percent else 0)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip()


def times(ratio: float, digits: int = 2) -> str:
    """A ratio as `x11.39`, with as many digits more as it takes to tell it from x0.00 and x1.00."""
    texts = (f"{ratio:.{count}f}" for count in range(digits, 6))
    return "x" + next((text for text in texts if float(text) not in (0, 1)), f"{ratio:.{digits}f}")


def growth(new: float, old: float) -> str:
    """How far a figure has moved, `+0.26%`, with as many digits more as it takes to see that it has."""
    texts = (f"{100 * (new - old) / old:+.{count}f}%" for count in range(2, 12))
    return next((text for text in texts if float(text[:-1])), "=")


def shape(sizes: Sequence[int]) -> str:
    """(112, 112, 64) as `112x112x64`; a number alone is a scalar."""
    return "x".join(map(str, sizes)) or "scalar"


def resolution(sizes: Sequence[int]) -> str:
    """A picture's size as people say it: 224 for 224x224x3, 160x224, 28x28x1."""
    kept = sizes[:-1] if len(sizes) == 3 and sizes[-1] == 3 else sizes
    return str(kept[0]) if len(kept) == 2 and kept[0] == kept[1] else shape(kept)


def setting(value: Any) -> str:
    """An option's value as a reference spells it: 224 (for 224x224x3), 160x224, 28x28x1, 0.5, true, none."""
    if isinstance(value, (tuple, list)):
        return resolution(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return "none" if value is None else str(value)
