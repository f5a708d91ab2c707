"""How far the outputs of a file and of its clone are apart, on the scale of what they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnncli.export.messages import Comparison
from cnncli.export.verification import BLIND, compare
from cnncli.graph import Node

SQUASHING = ("sigmoid", "hard_sigmoid", "tanh")
"""Functions whose values are of the order of 1: where all are nearly 0, they say nothing of what is before."""


def scale_of(output: Node) -> float:
    """What the outputs of a node are at least measured by: nothing, unless its function says so."""
    return 1.0 if output.layer.function in SQUASHING else 0.0


def compared(actual: Any, expected: Any, scale: float) -> Comparison:
    """As export.verification.compare, over the largest expected magnitude or the scale, if that is larger."""
    import numpy

    shaped = actual.reshape(expected.shape) if actual.size == expected.size else actual
    found = compare(shaped, expected)
    largest = float(numpy.abs(expected).max(initial=0.0))
    if found.max_abs_difference == 0:
        found = replace(found, max_relative_difference=0.0)  # of zeros, too
    if found.max_abs_difference is None or largest >= scale:
        return found
    moved = float(numpy.abs(expected - expected.mean(0)).max())
    return replace(found, max_relative_difference=found.max_abs_difference / scale, blind=not moved > BLIND * scale)
