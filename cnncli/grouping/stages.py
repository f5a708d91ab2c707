"""Stages: the rows of a paper's table, in which all blocks put out maps alike; before them stem, behind them head.

A stage ends where the next block puts out a map of another size or number of channels. Where blocks concatenate, as
Inception's and DenseNet's do, each has other channels, and only the size counts; so it does where nearly every block
is wider than the last (PyramidNet). A block that alone makes the map smaller without widening it, before wider ones, is
the last of its stage (keras.applications' ResNet V2). Between blocks, what pools ends a stage; a strided convolution
begins one. Without blocks, as in VGG, stages are the convolutions up to a pooling layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import isinf
from typing import Any

from cnncli.graph import Role
from cnncli.graph.roles import CONVOLUTIONS
from cnncli.grouping.sequences import is_pointwise, kernel
from cnncli.grouping.units import Item, Sort
from cnncli.grouping.wiring import Wiring

MOST_IN_STEM = 6
"""Convolutions of a stem: Inception V3's has five. More are a part of the network with stages of its own."""
MANY = 4
"""Blocks from which on widths that change at nearly every block are no stages."""


def _ends_with_a_stride(before: Any, key: Any, behind: Any) -> bool:
    """Whether a block has the width of the one before it alone, and the size of the one behind it alone."""
    widths = all(len(each) == 2 for each in (before, key, behind))
    return widths and before[1] == key[1] != behind[1] and before[0] < key[0] == behind[0]


@dataclass(eq=False)
class Stage:
    """`name` is stem, stage or head, or nothing for items outside of all."""

    name: str
    items: list[Item]


class Staging:
    """The stages of a sequence of items."""

    def __init__(self, wiring: Wiring, items: Sequence[Item]) -> None:
        self.wiring, self.items = wiring, list(items)

    def stages(self) -> list[Stage]:
        places = [place for place, item in enumerate(self.items) if item.sort is Sort.BLOCK]
        if not places:
            return self._plain(self.items, headless=False)
        first, last = places[0], places[-1] + 1
        between = self._between(self.items[first:last])
        before = self._before(self.items[:first], between)
        return [*before, *between, *self._behind(self.items[last:], between)]

    # With blocks.

    def _before(self, items: list[Item], behind: list[Stage]) -> list[Stage]:
        """The stem; of so many convolutions that they are none, stages."""
        convolutions = sum(self._is_convolution(item) for item in items)
        if convolutions > MOST_IN_STEM:
            return self._plain(items, headless=True)
        return [Stage("stem", items)]

    def _behind(self, items: list[Item], before: list[Stage]) -> list[Stage]:
        """The head, behind what still changes the size of the map, as a decoder does."""
        moves = [place for place, item in enumerate(items) if self._resizes(item) and not self._is_flat(item)]
        if not moves:
            return [Stage("head", items)]
        pools = moves[-1] + 1
        if self._change(items[moves[-1]]) > 1 and moves[0] == moves[-1] and items[moves[0]].sort is Sort.POOLING:
            return [Stage("head", items)]
        return self._plain(items, headless=False) if pools else [Stage("head", items)]

    def _between(self, items: list[Item]) -> list[Stage]:
        """Runs of blocks alike, with what stands between them."""
        keys = self._keys([item for item in items if item.sort is Sort.BLOCK])
        stages: list[Stage] = []
        waiting: list[Item] = []
        last: Any = None
        for item in items:
            if item.sort is not Sort.BLOCK:
                waiting.append(item)
                continue
            key = keys[id(item)]
            if not stages or key != last:
                cut = self._cut(waiting)
                if stages:
                    stages[-1].items += waiting[:cut]
                stages.append(Stage("stage", [*waiting[cut:], item]))
            else:
                stages[-1].items += [*waiting, item]
            waiting, last = [], key
        return stages

    def _cut(self, items: Sequence[Item]) -> int:
        """How many of the items between two stages belong to the first: those up to the last that pools."""
        moving = [place for place, item in enumerate(items) if self._resizes(item)]
        pooled = [place for place in moving if items[place].sort is not Sort.KERNEL]
        if pooled:
            return pooled[-1] + 1 if self._change(items[pooled[-1]]) > 1 else pooled[-1]
        return 0

    def _keys(self, blocks: Sequence[Item]) -> dict[int, Any]:
        """For each block what all of its stage share."""
        found: dict[int, Any] = {}
        for scale, run in groupby(blocks, key=self._scale):
            members = list(run)
            widths = [self._channels(item) for item in members]
            by_width = not self._widen_all_along(members, widths)
            for item, width in zip(members, widths, strict=True):
                found[id(item)] = (scale, str(width)) if by_width else (scale,)
        for before, item, behind in zip(blocks, blocks[1:], blocks[2:], strict=False):
            keys = found[id(before)], found[id(item)], found[id(behind)]
            if _ends_with_a_stride(*keys) and not self._concatenates(item):
                found[id(item)] = keys[0]
        return found

    def _widen_all_along(self, members: Sequence[Item], widths: Sequence[Any]) -> bool:
        joined = sum(self._concatenates(item) for item in members)
        if 2 * joined > len(members):
            return True
        changes = sum(one != other for one, other in pairwise(widths))
        return len(members) >= MANY and 4 * changes >= 3 * (len(members) - 1)

    def _concatenates(self, item: Item) -> bool:
        """Whether a block's output is a concatenation, perhaps with something behind it."""
        merging = [index for index in item.nodes if self.wiring.nodes[index].role is Role.MERGING]
        return bool(merging) and not self.wiring.nodes[merging[-1]].layer.combines

    # Without blocks.

    def _plain(self, items: Sequence[Item], headless: bool) -> list[Stage]:
        """Stages by the size of the map, and behind them the head from the first item without a map."""
        cut = next((place for place, item in enumerate(items) if self._is_flat(item)), len(items))
        if 0 < cut < len(items) and self._is_list(items[cut]) and items[cut - 1].sort is Sort.KERNEL:
            cut -= 1  # the convolution whose map a detector takes apart
        cut = len(items) if headless else min(cut, self._last_map(items, cut))
        runs: list[list[Item]] = []
        begins = True
        for item in items[:cut]:
            change = self._change(item)
            starts = change < 1 or (change > 1 and item.sort is Sort.KERNEL)
            if begins or (starts and runs and self._works(runs[-1])):
                runs.append([])
            runs[-1].append(item)
            begins = change > 1 and item.sort is not Sort.KERNEL and self._works(runs[-1])
        runs = self._with_work(runs)
        if not runs:
            return [Stage("", list(items))]
        return [*(Stage("stage", run) for run in runs), Stage("head", list(items[cut:]))]

    def _last_map(self, items: Sequence[Item], cut: int) -> int:
        """Where the head begins of a network that puts out a map: at its last 1x1 convolution."""
        places = [place for place in range(cut) if items[place].sort in (Sort.KERNEL, Sort.BLOCK)]
        if cut < len(items) or len(places) < 2:
            return cut
        last = kernel(self.wiring, items[places[-1]])
        return places[-1] if last is not None and is_pointwise(last) else cut

    def _with_work(self, runs: list[list[Item]]) -> list[list[Item]]:
        """The runs, those without a convolution joined to the next, or at the end to the one before."""
        found: list[list[Item]] = []
        waiting: list[Item] = []
        for run in runs:
            if self._works(run):
                found.append([*waiting, *run])
                waiting = []
            else:
                waiting += run
        if found:
            found[-1] += waiting
        return found

    # What items are.

    def _works(self, items: Sequence[Item]) -> bool:
        return any(self._is_convolution(item) or item.sort is Sort.BLOCK for item in items)

    def _is_convolution(self, item: Item) -> bool:
        found = kernel(self.wiring, item)
        return found is not None and found.role in CONVOLUTIONS

    def _is_flat(self, item: Item) -> bool:
        """Whether an item leaves no map, or is a dense layer."""
        found = kernel(self.wiring, item)
        return self._is_list(item) or isinf(self._scale(item)) or (found is not None and found.role is Role.DENSE)

    def _is_list(self, item: Item) -> bool:
        """Whether a map becomes a list, as of a detector's boxes."""
        node = self.wiring.nodes[item.nodes[0]]
        return len(node.shape) == 2 and any(len(source.shape) == 3 for source in node.inputs)

    def _scale(self, item: Item) -> float:
        """To four digits: what was divided and multiplied again is what it was."""
        return float(f"{self.wiring.scales[item.exit]:.4g}")

    def _channels(self, item: Item) -> Any:
        shape = self.wiring.nodes[item.exit].shape
        return shape[-1] if shape else None

    def _change(self, item: Item) -> float:
        """By how much an item makes the map smaller, by area."""
        before = min((self.wiring.scales[source] for source in self.wiring.sources[item.nodes[0]]), default=1.0)
        after = self._scale(item)
        if isinf(before) or isinf(after):
            return 1.0
        return after / before

    def _resizes(self, item: Item) -> bool:
        return abs(self._change(item) - 1) > 0.01
