"""What can be said of noisy figures: medians, quantiles, and how far a median is known."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, floor
from statistics import median
from typing import NamedTuple

CONFIDENCE = 0.95
LEAST = 6
"""Figures of which an interval of that confidence can be told: all of 5 lie on one side of their median in 1 of 16."""


class Interval(NamedTuple):
    """Where a median lies with CONFIDENCE, both ends included."""

    low: float
    high: float


class Ratio(NamedTuple):
    """How long one takes for each unit of time that another takes; `interval` None where there are too few rounds."""

    median: float
    interval: Interval | None

    @property
    def differs(self) -> bool:
        """Whether a difference is seen: that the noise alone would hide 1 is less likely than 1 - CONFIDENCE."""
        return self.interval is not None and not self.interval.low <= 1 <= self.interval.high


def median_interval(values: Sequence[float]) -> Interval | None:
    """The interval of the median between the k-th least and the k-th largest value, for the largest k that is sure.

    That fewer than k of n independent values lie on one side of their median is binomial, whatever they are distributed
    like (Conover, "Practical Nonparametric Statistics", 3.2): nothing is assumed of the noise and nothing drawn by lot.
    A bootstrap of a median chooses among the same order statistics, and its percentiles hold less than they promise: 92
    to 94% of 6 to 21 values, simulated. None for fewer than LEAST values.
    """
    count, ordered = len(values), sorted(values)
    beyond, outside = 0, 0  # values left out at each end, and 2^n times the chance that the median is among them
    while (outside + comb(count, beyond)) * 2 <= (1 - CONFIDENCE) * 2**count:
        outside += comb(count, beyond)
        beyond += 1
    return Interval(ordered[beyond - 1], ordered[-beyond]) if beyond else None


def paired_ratio(times: Sequence[float], firsts: Sequence[float]) -> Ratio:
    """The median of the ratios of two models' times in the same rounds, of which there is at least one."""
    ratios = [time / first for time, first in zip(times, firsts, strict=True)]
    return Ratio(median(ratios), median_interval(ratios))


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies, drawn straight between the two nearest."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
