"""One block, one stage or any other scope of a network drawn alone: which one is meant, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.labels import group_label
from cnncli.analysis.metrics import Totals
from cnncli.analysis.receptive_field import views
from cnncli.analysis.report import merge_repeats, report
from cnncli.diagram import FACTS_APART, Detail, Heading, Options, Piece
from cnncli.document.numbers import grouped, scaled, shape, share
from cnncli.document.prose import enumerated
from cnncli.errors import UsageError, plain, suggestion
from cnncli.graph import Graph, Group, Node, Scope
from cnncli.graph.cutting import cut, scopes
from cnncli.graph.fold import BLOCK
from cnncli.network import Network
from cnncli.views.origin import lineage

MOST_NAMES = 12
"""Of scopes that are listed where the one that was asked for is not there."""
MOST_READERS = 3
"""Of what reads a tensor, that is told."""


def scope_named(network: Network, text: str) -> Scope:
    """The scope of a name as pictures and tables write it, or of the end of one. Raises UsageError for any other."""
    known = {".".join(scope): scope for scope in scopes(network.graph)}
    for spelt in (str, plain):
        for names in (lambda name: [name], _ends):
            found = [name for name in known if spelt(text) in map(spelt, names(name))]
            if len(found) == 1:
                return known[found[0]]
            if found:
                raise UsageError(f"--scope {text}: {network.reference} has {_listed(found)}; name one")
    raise UsageError(f"--scope {text}: {_missing(network, text, list(known))}")


def _ends(name: str) -> list[str]:
    """Of stage1.block1.squeeze_excite: block1.squeeze_excite, squeeze_excite."""
    parts = name.split(".")
    return [".".join(parts[place:]) for place in range(1, len(parts))]


def _missing(network: Network, text: str, known: Sequence[str]) -> str:
    """Why there is no such scope, and what there is."""
    if not known:
        return f"{network.reference} has neither stages nor blocks; --detail layer draws all of it"
    for row in merge_repeats(report(network.graph, BLOCK).rows):
        if row.repeats > 1 and text == row.name:
            return f"this is {row.repeats} blocks alike; name one, as {'.'.join(row.scope)}"
    original = dict(zip(network.layer_names or (), network.graph.nodes, strict=False))
    named = {node.name: node for node in network.graph.nodes}
    layer = named.get(text) or original.get(text)
    if layer:
        return f"this is a layer{f' of the scope {_name(layer.scope)}' if layer.scope else ', outside of any scope'}"
    near = suggestion(text, known)
    return f"{network.reference} has no such scope{near or f'; it has {_listed(known)}'}"


def _listed(names: Sequence[str]) -> str:
    """The names, of many those of stages first."""
    ordered = sorted(names, key=lambda name: name.count(".")) if len(names) > MOST_NAMES else names
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return enumerated([*ordered[:MOST_NAMES], *more])


def _name(scope: Scope) -> str:
    return ".".join(scope)


def detail_of(network: Network, text: str) -> Detail:
    """What a scope is drawn by unless something is asked for: blocks of a stage that has some, layers of any other."""
    scope = scope_named(network, text)
    return (
        "block" if any(len(each) > len(scope) == 1 and each[:1] == scope for each in scopes(network.graph)) else "layer"
    )


def scoped(network: Network, options: Options) -> tuple[Graph, Heading, Options]:
    """What is to be drawn of the scope that the options name: its graph, its heading, and how. Raises UsageError."""
    scope = scope_named(network, options.scope or "")
    piece = Piece(network.graph, scope)
    return cut(network.graph, scope), scope_heading(network, scope, options.costs), replace(options, piece=piece)


def scope_heading(network: Network, scope: Scope, costs: bool = True) -> Heading:
    """The scope's name and label, its own sums with their shares of the network's, what it reads and what it gives.

    Without costs its size and its view alone.
    """
    graph = network.graph
    inside = [node for node in graph.nodes if node.scope[: len(scope)] == scope]
    group = Group(_name(scope), scope, tuple(inside), graph.kinds)
    own, whole = Totals(cut(graph, scope)), Totals(graph)
    counts = [
        f"{scaled(own.params)} parameters{_part(own.params, whole.params)}",
        f"{scaled(own.macs)} MACs{_part(own.macs, whole.macs)}",
        f"{scaled(own.flops)} FLOPs{_part(own.flops, whole.flops)}",
    ]
    sums = [
        *(counts if costs else []),
        f"{grouped(len(inside))} layer{'' if len(inside) == 1 else 's'}",
        *_seen(graph, inside[-1]),
    ]
    ways = [f"reads {shape(node.shape)} of {node.name}" for node in group.sources]
    ways += _given(graph, inside)
    lines = (", ".join([str(group_label(group)), *lineage(network)]), FACTS_APART.join(sums), FACTS_APART.join(ways))
    return Heading(f"{network.name} {_name(scope)}", lines)


def _part(part: Any, whole: Any) -> str:
    """Which share of the whole network's figure it is; nothing where it has none, or that is not known."""
    return f" ({share(part, whole)} of all)" if part and is_known(part) and is_known(whole) else ""


def _seen(graph: Graph, node: Node) -> list[str]:
    """How much of the network's input one cell of a map sees."""
    view = views(graph)[node.index]
    return [f"a cell sees {shape(view.pixels)} pixels of the input"] if view and view.pixels else []


def _given(graph: Graph, inside: Sequence[Node]) -> Iterator[str]:
    """Each tensor that others read, or the network gives, with who does."""
    within, given = {node.index for node in inside}, {node.index for node in graph.outputs}
    readers = graph.readers()
    for node in inside:
        outside = [reader for reader in readers[node.index] if reader.index not in within]
        names = list(dict.fromkeys(_reader(node, reader) for reader in outside))
        more = [f"{len(names) - MOST_READERS} more"] if len(names) > MOST_READERS else []
        told = [*names[:MOST_READERS], *more]
        if told:
            yield f"gives {shape(node.shape)} to {enumerated(told)}"
        if node.index in given:
            yield f"gives {shape(node.shape)}, an output of the network"


def _reader(source: Node, reader: Node) -> str:
    """The outermost scope of a reader that the source does not lie in; of a layer in none its name."""
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(source.scope, reader.scope, strict=False)))
    return _name(reader.scope[: shared + 1]) if len(reader.scope) > shared else reader.name
