"""The axes of a panel: operations from left to right, bytes from the ground up, ticks at round numbers of them."""

from __future__ import annotations

from math import floor, log10
from typing import NamedTuple

from cnncli.draw.geometry import Rect

MOST_TICKS = 6
NICE = (1, 2, 2.5, 5, 10)
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B"))


class Axes(NamedTuple):
    """Where a panel is on the page, and what its width and its height stand for."""

    frame: Rect
    steps: int
    bytes: float

    def x(self, step: float) -> float:
        return self.frame.left + self.frame.width * step / self.steps

    def y(self, amount: float) -> float:
        return self.frame.bottom - self.frame.height * amount / self.bytes

    def rect(self, start: float, end: float, bottom: float, top: float) -> Rect:
        return Rect(self.x(start), self.y(top), self.x(end), self.y(bottom))


def round_step(most: float, whole: bool = False) -> float:
    """Between ticks from 0 to `most`, so that there are few of them."""
    if most <= 0:
        return 1
    magnitude = 10.0 ** floor(log10(most / MOST_TICKS))
    steps = (magnitude * 10**more * nice for more in (0, 1) for nice in NICE)
    return next(step for step in steps if most / step <= MOST_TICKS and not (whole and step % 1))


def byte_ticks(most: float) -> list[tuple[float, str]]:
    """Round amounts up to `most` as people write them, all in the unit of the largest."""
    step = round_step(most)
    amounts = [step * number for number in range(int(most / step * (1 + 1e-9)) + 1)]
    size, unit = next(each for each in UNITS if amounts[-1] >= each[0] or each[0] == 1)
    return [(amount, f"{amount / size:g} {unit}" if amount else "0") for amount in amounts]


def step_ticks(steps: int) -> list[tuple[int, str]]:
    """Operations by their numbers, which count from 0, at round ones."""
    step = int(round_step(steps, whole=True))
    return [(number, f"{number:,}") for number in range(0, steps, step)]
