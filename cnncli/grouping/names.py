"""What the names of a file's layers say of its blocks: `block_3_expand`, `layer1.0.conv2`, `conv_dw_3`.

A name is cut into words and indexes: `layer1.0.conv2` into layer 1 . 0 . conv 2. What stands before and with its first
index, its second one and so on may tell the blocks: here `layer1`, `layer1.0` and `layer1.0.conv2`; or the index
alone may, as where `conv_dw_3` and `conv_pw_3` are one block. Which of these a network means is not known beforehand:
each is tried, and one is believed where it cuts the sequence of items into runs that are blocks by their make: each
name in one run only, each run of several convolutions, entered at its beginning alone. `conv2d_3` and
`batch_normalization_3` are a run with one convolution: names of that kind say nothing. But where others have told
blocks, one convolution with a name like theirs is a block too: EfficientNetV2's `block1a_project_conv`.

A run that holds no block, or one, is a block: the names say where exactly it begins and ends. One that holds several
is more than a block, and so is a row of convolutions up to where they are pooled, as VGG's `block1`: no matter of names
here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from cnncli.graph.roles import KERNELS, Role
from cnncli.grouping.sequences import kernel
from cnncli.grouping.units import Item, Sort
from cnncli.grouping.wiring import Wiring

DEEPEST = 8
"""Indexes of a name that are looked at."""
LONGEST = 300
"""Characters of a name that are looked at."""
CREDIBLE = 0.6
"""Share of the kernels outside of blocks, or of blocks, that must lie in good runs for names to be believed."""
# A number with letters behind it (2a, of block2a; but not the 2d of conv2d), or a letter alone.
INDEX = re.compile(r"[0-9]+(?![0-9]*[dD](?![a-z]))(?:[a-z](?![a-z]))?")

Key = tuple[str, str]
"""An index, behind what stands before it."""
Reading = Callable[[Sequence[Key]], Key | None]
"""Which of a name's indexes tells its block."""


def indexes(name: str) -> list[Key]:
    """The indexes of a name, each with all that stands before it."""
    text = name.partition(";")[0][:LONGEST]
    return [(text[: found.start()], found[0]) for found in INDEX.finditer(text)][:DEEPEST]


def prefix(level: int) -> Reading:
    """The name up to its index of this number, counted from 0."""

    def read(found: Sequence[Key]) -> Key | None:
        return found[level] if level < len(found) else None

    return read


def alone(level: int) -> Reading:
    """The index of this number without the words before it, but with the folder that it stands in."""

    def read(found: Sequence[Key]) -> Key | None:
        if level >= len(found):
            return None
        before, index = found[level]
        return before.rpartition("/")[0], index

    return read


class Run(NamedTuple):
    """Consecutive items of one key; without a key a lone item."""

    key: Key | None
    items: list[Item]


def with_names(wiring: Wiring, items: Sequence[Item]) -> list[Item]:
    """The items, those together as a block of which the names say so and the graph agrees."""
    told = [[indexes(wiring.nodes[node].name) for node in item.nodes] for item in items]
    deepest = max((len(found) for names in told for found in names), default=0)
    for reading in (*map(prefix, reversed(range(deepest))), *map(alone, reversed(range(deepest)))):  # the finest first
        runs = _runs(items, [_key(names, reading) for names in told])
        good = [_is_good(wiring, run.items) for run in runs]
        if _is_credible(wiring, runs, good):
            good = _with_those_alike(wiring, runs, good)
            return [each for run, fits in zip(runs, good, strict=True) for each in _put(run.items, fits)]
    return list(items)


def _put(run: Sequence[Item], fits: bool) -> Iterable[Item]:
    return [Item(Sort.BLOCK, [node for item in run for node in item.nodes])] if fits else run


def _runs(items: Sequence[Item], keys: Sequence[Key | None]) -> list[Run]:
    """Consecutive items of one key; those without a key, and those whose key comes again later, each by itself."""
    places = groupby(range(len(keys)), key=lambda place: keys[place])
    pairs = [Run(key, [items[place] for place in run]) for key, run in places]
    times = Counter(key for key, _ in pairs if key is not None)
    found: list[Run] = []
    for run in pairs:
        found += [run] if run.key is not None and times[run.key] == 1 else [Run(None, [item]) for item in run.items]
    return found


def _with_those_alike(wiring: Wiring, runs: Sequence[Run], good: Sequence[bool]) -> list[bool]:
    """Which runs are blocks, where some hold what is one by its make: convolutions are if they are called as those."""
    made = [any(item.sort is Sort.BLOCK for item in run.items) for run in runs]
    if not any(map(all, zip(made, good, strict=True))):
        return list(good)
    calls = set[str]()
    for run, fits, holds in zip(runs, good, made, strict=True):
        calls |= _calls(wiring, run) if fits and holds else set()
    return [
        fits if holds else run.key is not None and _is_closed(wiring, run.items) and bool(_calls(wiring, run) & calls)
        for run, fits, holds in zip(runs, good, made, strict=True)
    ]


def _calls(wiring: Wiring, run: Run) -> set[str]:
    """What a run's kernels are called, whatever their indexes."""
    nodes = [wiring.nodes[node] for item in run.items for node in item.nodes]
    return {INDEX.sub("#", node.name.partition(";")[0][:LONGEST]) for node in nodes if node.role in KERNELS}


def _key(names: Sequence[Sequence[Key]], reading: Reading) -> Key | None:
    """What most of an item's names say, if over half of them say the same."""
    said = Counter(key for found in names if (key := reading(found)) is not None)
    if not said:
        return None
    key, times = said.most_common(1)[0]
    return key if 2 * times > len(names) else None


def _is_good(wiring: Wiring, run: Sequence[Item]) -> bool:
    """Whether a run is a block by its make: one block with more around it, or several kernels with one entry."""
    blocks = sum(_is_large(wiring, item) for item in run)
    kernels = sum(kernel(wiring, item) is not None or item.sort is Sort.BLOCK for item in run)
    pools = any(item.sort is Sort.POOLING for item in run)
    if blocks > 1 or (not blocks and (kernels < 2 or pools)):
        return False
    return _is_closed(wiring, run)


def _is_large(wiring: Wiring, item: Item) -> bool:
    """Whether it is a block of more than a separable convolution."""
    roles = [wiring.nodes[node].role for node in item.nodes]
    return item.sort is Sort.BLOCK and (Role.MERGING in roles or sum(role in KERNELS for role in roles) > 1)


def _is_closed(wiring: Wiring, run: Sequence[Item]) -> bool:
    """Whether all that a run reads from outside is one node, and each item behind the first reads within."""
    if len(run) == 1:
        return True
    inside = {node for item in run for node in item.nodes}
    outside: set[int] = set()
    for place, item in enumerate(run):
        sources = {source for node in item.nodes for source in wiring.sources[node]}
        if place and not sources & inside - set(item.nodes):
            return False
        outside |= sources - inside
    return len(outside) <= 1


def _is_credible(wiring: Wiring, runs: Sequence[Run], good: Sequence[bool]) -> bool:
    """Whether good runs that have a name hold most of what names could gather, in several blocks."""

    def weight(run: Run) -> int:
        return sum(kernel(wiring, item) is not None or item.sort is Sort.BLOCK for item in run.items)

    told = [weight(run) for run, fits in zip(runs, good, strict=True) if fits and run.key is not None]
    return len(told) > 1 and sum(told) >= CREDIBLE * sum(map(weight, runs))
