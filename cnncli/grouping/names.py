"""What the names of a file's layers say of its blocks: `block_3_expand`, `layer1.0.conv2`, `conv_dw_3`.

A name is cut into words and indexes: `layer1.0.conv2` into layer 1 . 0 . conv 2. What stands before and with its first
index, its second one and so on may tell the blocks: here `layer1`, `layer1.0` and `layer1.0.conv2`; or the index
alone may, as where `conv_dw_3` and `conv_pw_3` are one block. Which of these a network means is not known beforehand:
each is tried, and one is believed where it cuts the sequence of items into runs that are blocks by their make: each
name in one run only, each run of several convolutions, entered at its beginning alone. `conv2d_3` and
`batch_normalization_3` are a run with one convolution: names of that kind say nothing.

A run that holds no block, or one, is a block: the names say where exactly it begins and ends. One that holds several
is more than a block, and no matter of names here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

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


def with_names(wiring: Wiring, items: Sequence[Item]) -> list[Item]:
    """The items, those together as a block of which the names say so and the graph agrees."""
    told = [[indexes(wiring.nodes[node].name) for node in item.nodes] for item in items]
    deepest = max((len(found) for names in told for found in names), default=0)
    for reading in (*map(prefix, reversed(range(deepest))), *map(alone, reversed(range(deepest)))):  # the finest first
        runs = _runs(items, [_key(names, reading) for names in told])
        good = [_is_good(wiring, run) for run in runs]
        if _is_credible(wiring, runs, good):
            return [each for run, fits in zip(runs, good, strict=True) for each in _put(run, fits)]
    return list(items)


def _put(run: Sequence[Item], fits: bool) -> Iterable[Item]:
    return [Item(Sort.BLOCK, [node for item in run for node in item.nodes])] if fits else run


def _runs(items: Sequence[Item], keys: Sequence[Key | None]) -> list[list[Item]]:
    """Consecutive items of one key; those without a key, and those whose key comes again later, each by itself."""
    places = groupby(range(len(keys)), key=lambda place: keys[place])
    pairs = [(key, [items[place] for place in run]) for key, run in places]
    times = Counter(key for key, _ in pairs if key is not None)
    found: list[list[Item]] = []
    for key, run in pairs:
        found += [run] if key is not None and times[key] == 1 else [[item] for item in run]
    return found


def _key(names: Sequence[Sequence[Key]], reading: Reading) -> Key | None:
    """What most of an item's names say, if over half of them say the same."""
    said = Counter(key for found in names if (key := reading(found)) is not None)
    if not said:
        return None
    key, times = said.most_common(1)[0]
    return key if 2 * times > len(names) else None


def _is_good(wiring: Wiring, run: Sequence[Item]) -> bool:
    """Whether a run is a block by its make: one block with more around it, or several kernels with one entry."""
    blocks = sum(item.sort is Sort.BLOCK for item in run)
    kernels = sum(kernel(wiring, item) is not None for item in run)
    if blocks > 1 or (not blocks and kernels < 2):
        return False
    return len(run) == 1 or _is_entered_once(wiring, run)


def _is_entered_once(wiring: Wiring, run: Sequence[Item]) -> bool:
    """Whether all that a run reads from outside is one node, and each item behind the first reads within."""
    inside = {node for item in run for node in item.nodes}
    outside: set[int] = set()
    for place, item in enumerate(run):
        sources = {source for node in item.nodes for source in wiring.sources[node]}
        if place and not sources & inside - set(item.nodes):
            return False
        outside |= sources - inside
    return len(outside) <= 1


def _is_credible(wiring: Wiring, runs: Sequence[Sequence[Item]], good: Sequence[bool]) -> bool:
    """Whether good runs hold most of what the names could gather, in several blocks."""

    def weight(run: Sequence[Item]) -> int:
        return sum(kernel(wiring, item) is not None or item.sort is Sort.BLOCK for item in run)

    told = sum(weight(run) for run, fits in zip(runs, good, strict=True) if fits)
    return sum(good) > 1 and told >= CREDIBLE * sum(weight(run) for run in runs)
