"""What a lock file holds of a network's blocks, so that a change of structure is told in words: what each consists of.

A lock of schema version 2 has digests of them, by which the blocks that changed can be named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from cnncli.analysis.compare.difference import Change, difference
from cnncli.analysis.structure import block_digests, structural_hash
from cnncli.graph import Graph
from cnncli.graph.notation import graph_of, lines, merged, spread

Held = Mapping[str, str]
"""By block its digest, or what it consists of, of which the first of a run of like blocks stands for all."""


def block_lines(graph: Graph) -> dict[str, str]:
    """What a lock file is to hold: a line a block, of like blocks in a row one."""
    return merged(lines(graph))


def are_digests(locked: Held) -> bool:
    return all(re.fullmatch("[0-9a-f]{8}", each) for each in locked.values())


def differing(locked: Held, graph: Graph) -> tuple[str, ...]:
    """The blocks whose digests are not the locked ones, those that are gone too."""
    now = block_digests(graph)
    return tuple(name for name in dict.fromkeys([*now, *locked]) if now.get(name) != locked.get(name))


def changes(locked: Held, graph: Graph) -> tuple[Change, ...]:
    """What has changed since, block by block; costs are those of layers whose weights no file gives.

    A lock names no layers: those of a block that are of the same kinds as now are called as now. Raises
    notation.Unreadable for lines that tell of no blocks.
    """
    now = lines(graph)
    names = {line.key: line.names for line in now}
    before = [replace(line, names=names.get(line.key, ())) for line in spread(locked)]
    found = difference(graph_of(before), graph_of(now))
    return tuple(change for change in found if change.kind != "equal")


def are_others(locked: Held, graph: Graph) -> bool:
    """Whether the lines are not those of this graph, whose hash the lock holds: they were written by hand.

    Sharing of weights and the order of outputs are in the hash and not in the lines; where there are such, nobody can
    tell. Raises notation.Unreadable.
    """
    if dict(locked) == block_lines(graph):
        return False
    tells_all = structural_hash(graph_of(lines(graph))) == structural_hash(graph)
    return structural_hash(graph_of(spread(locked))) != structural_hash(graph) and tells_all
