"""Blocks that are no regions: convolutions one behind the other that a person knows as one block.

A residual block's first of its row has no residual, for it strides or widens; what it has is the same sequence as those
behind it: a 1x1 convolution that expands, a depthwise one, perhaps a gate, a 1x1 convolution that projects, before
all of which MobileNet V4 may have a depthwise one too; or, where the first two are fused, a convolution that expands
and a 1x1 convolution that projects (EfficientNetV2). MobileNet V1's blocks are a depthwise and a 1x1 convolution, those
of MobileOne in training several of both side by side; SqueezeNet's a 1x1 convolution and two side by side. A 1x1
convolution that such a block ends with begins no other one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cnncli.amounts import is_known
from cnncli.graph import Node, Role
from cnncli.graph.roles import KERNELS
from cnncli.grouping.units import Item, Sort
from cnncli.grouping.wiring import Wiring


def is_pointwise(node: Node) -> bool:
    """Whether it is a 1x1 convolution without a stride, or a dense layer over the channels of a map."""
    layer: Any = node.layer
    if node.role is Role.DENSE:
        return len(node.shape) == 3
    if node.role is not Role.CONVOLUTION or getattr(layer, "groups", 1) != 1:
        return False
    window = layer.window()
    return window is not None and window.extent == (1, 1) and window.stride == (1, 1)


def expands(node: Node) -> bool:
    """Whether it is a convolution of several cells into more channels."""
    window = node.window if node.role is Role.CONVOLUTION and not is_separable(node) else None
    if window is None or prod(window.extent) == 1 or len(node.shape) != 3:
        return False
    return widens(node)


def widens(node: Node) -> bool:
    """Whether it puts out more channels than it reads."""
    before, after = node.input_shapes[0][-1], node.shape[-1]
    return is_known(before) and is_known(after) and bool(after > before)


def projects(nodes: Sequence[Node]) -> bool:
    """Whether the first of them is a 1x1 convolution into fewer channels, and none activates what it makes."""
    first = nodes[0]
    before, after = first.input_shapes[0][-1], first.shape[-1]
    narrows = is_pointwise(first) and is_known(before) and is_known(after) and after < before
    return narrows and first.layer.function == "linear" and not any(node.role is Role.ACTIVATION for node in nodes)


def is_separable(node: Node) -> bool:
    """Whether one layer is a depthwise and a 1x1 convolution."""
    return node.role is Role.CONVOLUTION and node.layer.between(*node.input_shapes[:1]) is not None


def kernel(wiring: Wiring, item: Item) -> Node | None:
    """The kernel of an item that has one and is no block."""
    if item.sort is not Sort.KERNEL:
        return None
    return next(wiring.nodes[index] for index in item.nodes if wiring.nodes[index].role in KERNELS)


class Steps:
    """A sequence of items, read step by step as a row of one behind the other."""

    def __init__(self, wiring: Wiring, items: Sequence[Item]) -> None:
        self.wiring, self.items = wiring, items
        self._home = {node: item for item in items for node in item.nodes}

    def matched(self, start: int, *steps: Callable[[Item], bool | None]) -> int:
        """How many items from `start` on these steps are, each reading the one before it alone; 0 if they are not.

        A step that answers None takes no item.
        """
        at = start
        for step in steps:
            answer = self._linked(start, at) and step(self.items[at])
            if answer is None:
                continue
            if not answer:
                return 0
            at += 1
        return at - start

    def _linked(self, start: int, at: int) -> bool:
        if at >= len(self.items):
            return False
        return at == start or self._reads(self.items[at]) == {id(self.items[at - 1])}

    def _reads(self, item: Item) -> set[int]:
        inside = set(item.nodes)
        sources = (source for node in item.nodes for source in self.wiring.sources[node] if source not in inside)
        return {id(self._home.get(source)) for source in sources}  # an input has no item here

    # The steps.

    def pointwise(self, item: Item) -> bool:
        found = kernel(self.wiring, item)
        return found is not None and is_pointwise(found)

    def depthwise(self, item: Item) -> bool:
        found = kernel(self.wiring, item)
        return found is not None and found.role is Role.DEPTHWISE

    def gate(self, item: Item) -> bool | None:
        """A gate, or nothing."""
        return True if item.sort is Sort.GATE else None

    def branches(self, item: Item) -> bool:
        """Two kernels side by side whose outputs are concatenated: what a Fire module has behind its squeeze."""
        if item.sort is not Sort.BLOCK:
            return False
        nodes = [self.wiring.nodes[index] for index in item.nodes]
        inside = set(item.nodes)
        kernels = [node for node in nodes if node.role in KERNELS]
        merging = [node for node in nodes if node.role is Role.MERGING]
        side_by_side = all(source not in inside for node in kernels for source in self.wiring.sources[node.index])
        return len(kernels) == 2 and side_by_side and len(merging) == 1 and not merging[0].layer.combines

    def expanding(self, item: Item) -> bool:
        """A convolution of several cells into more channels."""
        found = kernel(self.wiring, item)
        return found is not None and expands(found)

    def projecting(self, item: Item) -> bool:
        """A 1x1 convolution into fewer channels, with nothing but normalization behind it."""
        return self.pointwise(item) and projects([self.wiring.nodes[index] for index in item.nodes])

    def fused(self, item: Item) -> bool:
        """A residual block of an expanding and a projecting convolution."""
        nodes = [self.wiring.nodes[index] for index in item.nodes]
        kernels = [place for place, node in enumerate(nodes) if node.role in KERNELS]
        if item.sort is not Sort.BLOCK or len(kernels) != 2:
            return False
        return expands(nodes[kernels[0]]) and projects(nodes[kernels[1] :])

    def widening(self, item: Item) -> bool:
        """A 1x1 convolution into more channels."""
        found = kernel(self.wiring, item)
        return found is not None and is_pointwise(found) and widens(found)

    def extra_depthwise(self, start: int) -> int:
        """How many items are MobileNet V4's block with a depthwise convolution before the expansion too."""
        return self.matched(start, self.depthwise, self.widening, self.depthwise, self.projecting)

    def depthwise_branches(self, item: Item) -> bool:
        """Depthwise convolutions side by side: one, as MobileOne trains it."""
        return item.sort is Sort.BLOCK and all(node.role is Role.DEPTHWISE for node in self._kernels(item))

    def pointwise_branches(self, item: Item) -> bool:
        """1x1 convolutions side by side, or one alone."""
        return self.pointwise(item) or (item.sort is Sort.BLOCK and all(map(is_pointwise, self._kernels(item))))

    def _kernels(self, item: Item) -> list[Node]:
        return [self.wiring.nodes[index] for index in item.nodes if self.wiring.nodes[index].role in KERNELS]

    def separable(self, item: Item) -> bool:
        found = kernel(self.wiring, item)
        return found is not None and is_separable(found)


def with_sequences(wiring: Wiring, items: Sequence[Item]) -> list[Item]:
    """The items, those of a sequence together as a block."""
    steps = Steps(wiring, items)
    found: list[Item] = []
    at = 0
    while at < len(items):
        count = _sequence(steps, at)
        found.append(_joined(items[at : at + count]) if count else items[at])
        at += count or 1
    return found


def _sequence(steps: Steps, at: int) -> int:
    """How many items are a block from here on."""
    if steps.extra_depthwise(at + 1):
        return 0
    return (
        steps.extra_depthwise(at)
        or steps.matched(at, steps.pointwise, steps.depthwise, steps.gate, steps.pointwise)
        or steps.matched(at, steps.depthwise, steps.gate, steps.pointwise)
        or steps.matched(at, steps.depthwise_branches, steps.gate, steps.pointwise_branches, steps.gate)
        or steps.matched(at, steps.separable)
        or steps.matched(at, steps.pointwise, steps.branches)
        or (steps.matched(at, steps.expanding, steps.projecting, steps.fused) and 2)
        or (steps.extra_depthwise(at + 2) and steps.matched(at, steps.expanding, steps.projecting))
    )


def _joined(items: Sequence[Item]) -> Item:
    return Item(Sort.BLOCK, [node for item in items for node in item.nodes])
