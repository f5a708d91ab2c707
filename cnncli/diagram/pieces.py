"""A piece of a network: a scope that is drawn alone."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from cnncli.diagram.chain import Chain, Item
from cnncli.graph import Graph, Role, Scope
from cnncli.graph.fold import BLOCK, STAGE

DEPTHS = {"stage": STAGE, "block": BLOCK, "branch": BLOCK + 1}
"""How deep the scope of a frame lies at least."""


class Piece(NamedTuple):
    """What a graph was cut from, and at which scope: shares are of the whole."""

    whole: Graph
    scope: Scope


def within(drawn: Chain, scope: Scope) -> Chain:
    """A chain without the frames around a scope, which would tell of no more than a part of what they name.

    What the scope reads stands in one column with what reads it first.
    """
    first = next((item for item in drawn.items if not _is_input(item)), drawn.items[0])
    items = [
        replace(
            item,
            unit=first.unit if _is_input(item) else item.unit,
            frames=tuple(frame for frame in item.frames if DEPTHS[frame.level] >= len(scope)),
        )
        for item in drawn.items
    ]
    return drawn._replace(items=items)


def _is_input(item: Item) -> bool:
    return item.part is not None and item.part.nodes[0].role is Role.INPUT
