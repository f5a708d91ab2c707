"""Tables of one network in several widths and sizes of input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cnncli.models.spec import TRAINABLE, Published

USUAL = 224
"""The side of the usual input."""


class Row(NamedTuple):
    """A width: its parameters, and by the side of the input MACs and top-1, with an erratum where there is one."""

    alpha: float
    params: str
    sizes: Mapping[int, tuple[str, float | None] | tuple[str, float | None, str]]
    more: Mapping[str, Any] = {}
    """Further options."""
    erratum: str = ""
    """Of all sizes."""


def options(alpha: float, side: int) -> dict[str, Any]:
    """Those that are not the defaults."""
    width = {} if alpha == 1 else {"alpha": alpha}
    return width if side == USUAL else {**width, "input_shape": (side, side, 3)}


def figures(source: str, rows: Sequence[Row], *, erratum: str = "", counted: str = TRAINABLE) -> Iterator[Published]:
    """The figures of a table; `erratum` is of all its rows."""
    for row in rows:
        for side, (macs, top1, *errata) in row.sizes.items():
            told = {**options(row.alpha, side), **row.more}
            why = "; ".join(each for each in (erratum, row.erratum, *errata) if each)
            yield Published(source, row.params, macs, top1, why, told, counted)
