"""How the original of a flavor calls its layers, so that a name known from there finds the layer here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.fold import BLOCK
from cnncli.graph.layer import snake_case


class Numbered(NamedTuple):
    """The name of a layer that Keras names itself, by its class and how many of it there were: re_lu, re_lu_1."""

    type: str


class LayerNames(NamedTuple):
    """`names` are the original's by ours, those of a block without its scope and with `{block}` for what `block` gives.

    `block` is told the stage and the place in it, both from 1, and the place in the network, from 0. A name with a
    class behind it, `head.pool:GlobalMaxPooling2D`, goes before that without; `last` are names of the last layer alone,
    `without_top` those of a network that does not end in a classifier.
    """

    block: Callable[[int, int, int], str]
    names: Mapping[str, str | Numbered]
    last: Mapping[str, str] = {}
    without_top: Mapping[str, str | Numbered] = {}

    def of(self, graph: Graph) -> list[str]:
        """The original's name of each layer; what it leaves to Keras is numbered as in a new session."""
        counts: Counter[str] = Counter()
        blocks = {scope: number for number, scope in enumerate(graph.kinds)}
        return [self._name(node, graph, blocks, counts) for node in graph.nodes]

    def _name(self, node: Node, graph: Graph, blocks: Mapping[tuple[str, ...], int], counts: Counter[str]) -> str:
        scope = node.scope[:BLOCK]
        within = scope in blocks
        ours = node.name.removeprefix(".".join(scope) + ".") if within else node.name
        names = {**self.names, **self.last} if node is graph.nodes[-1] else self.names
        if self.without_top and graph.nodes[-1].short_name != "probabilities":
            names = {**names, **self.without_top}
        theirs = names.get(f"{ours}:{node.type}", names.get(ours, Numbered(node.type)))
        if isinstance(theirs, Numbered):
            base = snake_case(theirs.type)
            counts[base] += 1
            return base if counts[base] == 1 else f"{base}_{counts[base] - 1}"
        if not within:
            return theirs
        stage, place = graph.numbers[scope[:1]], graph.numbers[scope]
        return theirs.format(block=self.block(stage, place, blocks[scope]))
