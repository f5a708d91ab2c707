"""How the original of a flavor calls its layers, so that a name known from there finds the layer here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.fold import BLOCK
from cnncli.graph.layer import snake_case


class Numbered(NamedTuple):
    """The name of a layer that Keras names itself, by its class and how many of it there were: re_lu, re_lu_1.

    `type` is that class where it is another there.
    """

    type: str = ""


CLASSIFIER = "probabilities"
"""What the layer is called that tells the classes apart."""

HEAD = {"head.pool": "avg_pool", "head.pool:GlobalMaxPooling2D": "max_pool", "head.probabilities": "predictions"}
"""What most of keras.applications' networks call the layers behind their features."""


class LayerNames(NamedTuple):
    """`names` are the original's by ours, those of a block without its scope and with `{block}` for what `block` gives;
    a name that only one of the blocks has goes by the whole of ours, one of the blocks of a kind alone by `Kind.ours`.

    `block` is told the stage and the place in it, both from 1, and the place in the network, from 0. A name with a
    class behind it, `head.pool:GlobalMaxPooling2D`, goes before that without; `without_top` are names that go before
    all others in a network that does not end in its classifier.
    """

    block: Callable[[int, int, int], str]
    names: Mapping[str, str | Numbered]
    without_top: Mapping[str, str | Numbered] = {}

    def of(self, graph: Graph) -> list[str]:
        """The original's name of each layer; what it leaves to Keras is numbered as in a new session."""
        named = Naming(self, graph)
        return [named.name(node) for node in graph.nodes]


class Naming:
    """Names the layers of one graph, one after the other."""

    def __init__(self, names: LayerNames, graph: Graph) -> None:
        self._original, self._graph = names, graph
        self._blocks = {scope: number for number, scope in enumerate(graph.kinds)}
        self._counts: Counter[str] = Counter()
        ends_in_classifier = graph.nodes[-1].short_name == CLASSIFIER
        self._tables = [names.names] if ends_in_classifier else [names.without_top, names.names]

    def name(self, node: Node) -> str:
        scope = node.scope[:BLOCK]
        within = scope in self._blocks
        ours = node.name.removeprefix(".".join(scope) + ".") if within else node.name
        kind = self._graph.kinds[scope].name if within else ""
        keys = (f"{kind}.{ours}", f"{ours}:{node.type}", ours, node.name)
        theirs = next((table[key] for table in self._tables for key in keys if key in table), Numbered())
        if isinstance(theirs, Numbered):
            base = snake_case(theirs.type or node.type)
            self._counts[base] += 1
            return base if self._counts[base] == 1 else f"{base}_{self._counts[base] - 1}"
        if not within:
            return theirs
        stage, place = self._graph.numbers[scope[:1]], self._graph.numbers[scope]
        return theirs.format(block=self._original.block(stage, place, self._blocks[scope]))
