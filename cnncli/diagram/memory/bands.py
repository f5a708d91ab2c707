"""Runs of operations of one stage or block, which a picture names along its operations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from cnncli.deployed.plan import Operation, Plan
from cnncli.graph import Graph, Scope


class Band(NamedTuple):
    """From an operation up to before another: those of one scope, called by its last word."""

    start: int
    end: int
    name: str


def bands(graph: Graph, plan: Plan, depth: int) -> list[Band]:
    """The scopes of this depth in the order of the operations; what lies outside of such scopes has none.

    Where operations of several scopes are run in turns, each turn is a band.
    """
    return list(_bands([_scope(graph, operation) for operation in plan.operations], depth))


def _bands(scopes: list[Scope], depth: int) -> Iterator[Band]:
    start = 0
    for scope, members in groupby(scopes, key=lambda scope: scope[:depth]):
        end = start + len(list(members))
        if len(scope) == depth:
            yield Band(start, end, scope[-1])
        start = end


def _scope(graph: Graph, operation: Operation) -> Scope:
    """That of the first layer which an operation computes."""
    return graph.nodes[operation.nodes[0]].scope if operation.nodes else ()
