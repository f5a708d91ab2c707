"""What moves between memory and arithmetic: bytes that layers read and write, and the roof over their speed.

The roofline (Williams, Waterman and Patterson 2009, "Roofline: an insightful visual performance model for multicore
architectures"): nothing runs faster than its arithmetic allows, nor than its bytes arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, is_known, total
from cnncli.analysis.deployment import leader
from cnncli.deployed import FLOAT32, deployed
from cnncli.graph import Graph


class Movement(NamedTuple):
    """Of some layers, for one example: multiply-accumulates, and the bytes that their operations read and write.

    UNKNOWN or AtLeast where some layer's are.
    """

    macs: Any
    read: Any
    written: Any

    @property
    def moved(self) -> Any:
        """Bytes in both directions."""
        return total([self.read, self.written])

    @property
    def intensity(self) -> float | None:
        """Arithmetic intensity: MACs a byte; None where something is not known, or nothing moves."""
        moved = self.moved
        known = is_known(self.macs) and is_known(moved) and moved
        return self.macs / moved if known else None


def movements(graph: Graph, kind: str = FLOAT32) -> list[Movement]:
    """Of each node, by its index, in a kind of deployed network.

    An operation reads each of its tensors and constants once, and writes what it makes once: nothing stays in a cache
    from one to the next. Layers that are fused into a convolution move nothing themselves.
    """
    plan = deployed(graph, kind)
    read: list[list[Any]] = [[] for _ in graph.nodes]
    written: list[list[Any]] = [[] for _ in graph.nodes]
    for operation in plan.operations:
        layer = leader(graph, operation)
        if layer is None:  # an operation between the layers, such as a conversion at an end
            continue
        sources = [plan.sizes[tensor] for tensor in set(operation.reads)]
        held = [plan.constants[constant].bytes for constant in operation.constants]
        read[layer.index] += [*sources, *held]
        written[layer.index] += [plan.sizes[tensor] for tensor in operation.writes]
    for index in range(len(graph.nodes)) if plan.impossible else plan.uncounted:
        if not (read[index] or written[index]):  # nobody knows its operations
            read[index], written[index] = [UNKNOWN], [UNKNOWN]
    return [Movement(node.macs, total(read[node.index]), total(written[node.index])) for node in graph.nodes]


def together(parts: Sequence[Movement]) -> Movement:
    """Of all of these."""
    if len(parts) == 1:
        return parts[0]
    return Movement(*(total(amounts) for amounts in zip(*parts, strict=True))) if parts else Movement(0, 0, 0)


class Bound(str, Enum):
    """What holds a layer back."""

    COMPUTE = "compute"
    MEMORY = "memory"

    __str__ = str.__str__


class Roof(NamedTuple):
    """A machine: the most multiply-accumulates, and the most bytes between memory and arithmetic, in a second."""

    macs: int
    bandwidth: int

    def seconds(self, parts: Sequence[Movement]) -> float | None:
        """The least time in which it can run these, one after the other; None where something is not known."""
        times = [self._seconds(part) for part in parts]
        return None if None in times else sum(filter(None, times))

    def _seconds(self, part: Movement) -> float | None:
        if not (is_known(part.macs) and is_known(part.moved)):
            return None
        return max(float(part.macs / self.macs), float(part.moved / self.bandwidth))

    def bound(self, parts: Sequence[Movement]) -> Bound | None:
        """What takes the most of that time; None where nothing takes any, or something is not known."""
        if not self.seconds(parts):
            return None
        by_memory = [part for part in parts if part.moved * self.macs > part.macs * self.bandwidth]
        in_memory = self.seconds(by_memory) or 0
        return Bound.MEMORY if 2 * in_memory > (self.seconds(parts) or 0) else Bound.COMPUTE
