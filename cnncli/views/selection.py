"""Which rows of a network `summary` shows, in which order, and from which layer on it is trained."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.analysis.report import Report, Row
from cnncli.document.numbers import shape
from cnncli.document.prose import enumerated
from cnncli.errors import UsageError, plain, suggestion
from cnncli.graph import Node
from cnncli.network import Network, read_size
from cnncli.written import read_whole


def kept(network: Network, found: Report, types: str | None, at: str | None) -> Sequence[Row]:
    """The rows of the layer types and the resolution that were asked for. Raises UsageError where there are none."""
    rows: Sequence[Row] = found.rows
    if types is not None:
        if found.depth is not None:
            raise UsageError(f"--type {types} names layers; it goes with --by layer")
        known = _types(network, types)
        rows = [row for row in rows if row.type in known]
    if at is not None:
        size = read_size(f"--at {at}", at)
        rows = [row for row in rows if row.output_shape[:2] == size and len(row.output_shape) == 3]
        if not rows:
            there = dict.fromkeys(row.output_shape[:2] for row in found.rows if len(row.output_shape) == 3)
            sizes = enumerated(list(map(shape, there)))
            raise UsageError(f"--at {at}: {network.reference} has no output of this size; there are {sizes}")
    return rows


def _types(network: Network, text: str) -> set[str]:
    """Classes of layers by their names in any case. Raises UsageError for one that the network lacks."""
    there = {plain(node.type): node.type for node in network.graph.nodes}
    found = set()
    for word in text.split(","):
        name = there.get(plain(word))
        if name is None:
            near = suggestion(word, there)
            types = ", ".join(sorted(there.values()))
            raise UsageError(f"--type {text}: {network.reference} has no layer {word.strip()!r}{near}; it has {types}")
        found.add(name)
    return found


def freezing(network: Network, text: str | None) -> Node | None:
    """The first layer that is trained still, by how many are before it, its name, its scope's, or its name in Keras.

    Raises UsageError for what names none.
    """
    if text is None:
        return None
    nodes = network.graph.nodes
    number = read_whole(text)
    if number is not None and number < len(nodes):
        return nodes[number]
    named = {node.name: node for node in nodes}
    for node in reversed(nodes):  # of those in a scope the first
        named.update({".".join(node.scope[:depth]): node for depth in range(1, len(node.scope) + 1)})
    named |= dict(zip(network.layer_names or (), nodes, strict=False))
    if text not in named:
        near = suggestion(text, tuple(named))
        most = len(nodes) - 1
        raise UsageError(
            f"--freeze-before {text}: {network.reference} has no such layer{near}; or a number up to {most}"
        )
    return named[text]
