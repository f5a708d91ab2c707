"""Ideas of networks that save something, each at its place and in all of them, as facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import takewhile
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.explain.products import Fractions, Side
from cnncli.graph import Node
from cnncli.graph.fold import BLOCK


class Idea(str, Enum):
    """What stands here instead of something plain, in the order in which it is told."""

    SEPARABLE = "depthwise_separable"
    """A depthwise and a 1x1 convolution, instead of a full one (arXiv 1704.04861, section 3.1)."""
    INVERTED = "inverted_residual"
    """A depthwise convolution among 1x1 ones that widen and narrow, instead of a full one (arXiv 1801.04381)."""
    FUSED = "fused_inverted_residual"
    """A convolution that widens, instead of a 1x1 that does and a depthwise one behind it (arXiv 2104.00298)."""
    BOTTLENECK = "bottleneck"
    """Narrowed for the convolution and widened again, instead of two as wide as all (arXiv 1512.03385, figure 5)."""
    REDUCTION = "reduction"
    """Narrowed for the convolution, instead of one that reads all channels (arXiv 1409.4842, figure 2)."""
    FIRE = "fire"
    """Narrowed, then a part of the filters 1x1, instead of all of several cells (arXiv 1602.07360, section 3.1)."""
    GROUPED = "grouped_convolution"
    """Filters that read the channels of their group, instead of all (AlexNet, section 3.2; arXiv 1611.05431)."""
    FACTORIZED = "factorized_kernel"
    """A row and a column, instead of a square (arXiv 1512.00567, section 3.2)."""
    STACKED = "stacked_kernels"
    """Small kernels in a row, instead of a large one that sees as far (arXiv 1409.1556, section 2.3)."""
    PARALLEL = "parallel_kernels"
    """Kernels that are trained side by side and added, instead of the one that they can become (arXiv 2101.03697)."""
    CHEAP = "cheap_features"
    """A part of the features made of the others by a depthwise convolution (arXiv 1911.11907, section 3.1)."""
    POOLED = "global_pooling"
    """A classifier of the channels' means, instead of one of every cell (arXiv 1312.4400, section 3.2)."""


@dataclass(frozen=True)
class Saving:
    """An idea at its place: the layers that it takes, what they cost, and what the plain ones would.

    `formula` are the fractions that the ratio of the multiply-accumulates is the sum of, where a formula says that.
    """

    idea: Idea
    nodes: tuple[Node, ...]
    here: Side
    plain: Side
    formula: Fractions = ()

    @property
    def name(self) -> str:
        """The last layer's name, in which options that scale the network make no difference."""
        return self.nodes[-1].name

    @property
    def place(self) -> str:
        """The block that it is in, or a branch of it; elsewhere its layers."""
        scopes = [node.scope for node in self.nodes]
        alike = takewhile(lambda parts: len(set(parts)) == 1, zip(*scopes, strict=False))
        common = [parts[0] for parts in alike]
        if len(common) >= BLOCK:
            return ".".join(common)
        first, last = self.nodes[0].name, self.nodes[-1].name
        return first if first == last else f"{first} to {last}"


@dataclass(frozen=True)
class Saved:
    """All places of an idea in a network."""

    idea: Idea
    places: tuple[Saving, ...]

    @property
    def here(self) -> Side:
        return Side(tuple(kernel for saving in self.places for kernel in saving.here.kernels))

    @property
    def plain(self) -> Side:
        return Side(tuple(kernel for saving in self.places for kernel in saving.plain.kernels))

    @cached_property
    def example(self) -> Saving:
        """Of the places that there are most of, all alike, the first; of as many alike those that save most."""
        alike = Counter((saving.here, saving.plain) for saving in self.places)

        def worth(saving: Saving) -> tuple[int, Any]:
            saved = saving.plain.macs - saving.here.macs
            return alike[saving.here, saving.plain], saved if is_known(saved) else 0

        return max(self.places, key=worth)

    @property
    def alike(self) -> int:
        """How many places are as the example."""
        return sum((saving.here, saving.plain) == (self.example.here, self.example.plain) for saving in self.places)


def by_idea(found: Sequence[Saving]) -> list[Saved]:
    """In the order of Idea."""
    parts = ((idea, tuple(saving for saving in found if saving.idea is idea)) for idea in Idea)
    return [Saved(idea, places) for idea, places in parts if places]
