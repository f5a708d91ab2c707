"""Runs of operations of one stage or block, which a picture names along its operations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from cnncli.analysis.deployment import leader
from cnncli.analysis.timeline import Timeline
from cnncli.graph import Scope


class Band(NamedTuple):
    """From an operation up to before another: those of one scope, called by its last word."""

    start: int
    end: int
    name: str


def bands(found: Timeline, depth: int) -> list[Band]:
    """The scopes of this depth in the order of the operations; what lies outside of such scopes has none.

    Where operations of several scopes are run in turns, each turn is a band.
    """
    layers = [leader(found.graph, operation) for operation in found.plan.operations]
    return list(_bands([layer.scope if layer else () for layer in layers], depth))


def _bands(scopes: list[Scope], depth: int) -> Iterator[Band]:
    start = 0
    for scope, members in groupby(scopes, key=lambda scope: scope[:depth]):
        end = start + len(list(members))
        if len(scope) == depth:
            yield Band(start, end, scope[-1])
        start = end
