"""What a network is made of, without its widths and names: each layer's kernels, and those that it follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from cnncli.analysis.structure import arguments
from cnncli.graph import Node, Role
from cnncli.graph.layer import POINT
from cnncli.graph.roles import KERNELS

DIGEST_BYTES = 6
"""Of some hundred bodies no two are likely to have the same by chance: one in 2 * 10^10."""


@dataclass(frozen=True)
class Place:
    """A layer's output by the kernels that lead to it.

    `like` is the same for networks of other widths, `exact` only for those of the same; `depth` is how many kernels
    are in a row up to it.
    """

    like: str
    exact: str
    depth: int


START = Place("", "", 0)


def skeleton(nodes: Sequence[Node]) -> list[Place]:
    """The places of a normal form's nodes, or of some with all that they are computed from.

    What computes without a kernel stands where its input does.
    """
    found: dict[int, Place] = {}
    for node in nodes:
        inputs = [found[each.index] for each in node.inputs]
        if node.role in KERNELS and inputs:
            found[node.index] = _behind_kernel(node, inputs)
        elif len(inputs) > 1:
            found[node.index] = _merged(inputs, sums=node.layer.commutative)
        else:
            found[node.index] = inputs[0] if inputs else START
    return list(found.values())


def _behind_kernel(node: Node, inputs: Sequence[Place]) -> Place:
    groups: Any = arguments(node.layer).get("groups", 1)
    convolves = Role.CONVOLUTION if node.role is Role.DENSE else node.role  # which of both depends on the map's size
    kernel = (convolves.value, node.window or POINT, groups > 1)
    return Place(
        _digest(kernel, *(each.like for each in inputs)),
        _digest(kernel, groups, node.shape[-1], *(each.exact for each in inputs)),
        1 + max(each.depth for each in inputs),
    )


def _merged(inputs: Sequence[Place], *, sums: bool) -> Place:
    """Of a sum or a product the way that is longest: whether a shortcut fits beside it depends on widths."""
    depth = max(each.depth for each in inputs)
    longest = [each for each in inputs if each.depth == depth] if sums else inputs
    ways = sorted({each.like for each in longest}) if sums else sorted(each.like for each in inputs)
    exact = sorted(each.exact for each in inputs)
    return Place(ways[0] if len(ways) == 1 else _digest("merged", *ways), _digest("merged", *exact), depth)


def _digest(*told: Any) -> str:
    return blake2b(repr(told).encode(), digest_size=DIGEST_BYTES).hexdigest()


def above(node: Node) -> list[Node]:
    """A node and all that it is computed from, in order."""
    seen, waiting = {node.index: node}, [node]
    while waiting:
        for each in waiting.pop().inputs:
            if each.index not in seen:
                seen[each.index] = each
                waiting.append(each)
    return [seen[index] for index in sorted(seen)]


def width(nodes: Sequence[Node]) -> int:
    """How many channels all kernels put out."""
    return sum(node.shape[-1] for node in nodes if node.role in KERNELS)
