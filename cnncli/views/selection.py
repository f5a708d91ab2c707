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


def layer_named(network: Network, text: str) -> Node:
    """The layer of a name, the end of one, the name that it has in Keras, or a number, counted from 0.

    Raises UsageError for what names none, or several.
    """
    nodes = network.graph.nodes
    number, original = read_whole(text), network.layer_names or [""] * len(nodes)
    for names in (lambda node: (node.name, original[node.index]), lambda node: _ends(node.name)):
        for spelt in (str, plain):
            found = [node for node in nodes if spelt(text) in map(spelt, filter(None, names(node)))]
            if found:
                return _only(network, text, found)
    if number is not None and number < len(nodes):
        return nodes[number]
    within = [node for node in nodes if _is_within(text, node)]
    if within:
        return _only(network, text, within)
    near = suggestion(text, [*(node.name for node in nodes), *filter(None, original)])
    told = near or f"; `cnncli summary {network.reference}` shows them"
    raise UsageError(f"{network.reference} has no layer {text!r}{told}; a number may be up to {len(nodes) - 1}")


def _ends(name: str) -> list[str]:
    """Of stage1.block1.conv: block1.conv, conv."""
    parts = name.split(".")
    return [".".join(parts[place:]) for place in range(1, len(parts))]


def _is_within(text: str, node: Node) -> bool:
    """Whether a text names a scope that the layer is in, whole or by its end."""
    scopes = [".".join(node.scope[:depth]) for depth in range(1, len(node.scope) + 1)]
    return any(text in (scope, *_ends(scope)) for scope in scopes)


MOST_NAMES = 6
"""Of layers that a word may mean, that are listed."""


def _only(network: Network, text: str, found: Sequence[Node]) -> Node:
    """Raises UsageError for several, naming the first."""
    if len(found) == 1:
        return found[0]
    names = [node.name for node in found[:MOST_NAMES]]
    more = [f"{len(found) - MOST_NAMES} more"] if len(found) > MOST_NAMES else []
    raise UsageError(
        f"{text} names {len(found)} layers of {network.reference}: {enumerated([*names, *more])}; name one"
    )
