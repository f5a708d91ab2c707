"""A layer explained: all that can be reckoned of it, in the order in which one would tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnncli.analysis.explain.fact import Fact, Subject
from cnncli.analysis.explain.held import memory_facts
from cnncli.analysis.explain.padding import padding_facts
from cnncli.analysis.explain.place import place_facts
from cnncli.analysis.explain.shapes import shape_facts
from cnncli.analysis.explain.weights import weight_facts
from cnncli.analysis.explain.width import channel_facts
from cnncli.analysis.explain.work import work_facts
from cnncli.analysis.labels import LayerLabel, layer_label
from cnncli.graph import Node
from cnncli.network import Network


@dataclass(frozen=True)
class Explained:
    """A layer of a network with what is known of it, by subject."""

    network: Network
    node: Node
    facts: Sequence[Fact]

    @property
    def label(self) -> LayerLabel:
        return layer_label(self.node.layer)

    @property
    def original_name(self) -> str:
        """What keras.applications, or whose network it else is, calls the layer; nothing where it is the same."""
        names = self.network.layer_names
        name = names[self.node.index] if names else ""
        return name if name != self.node.name else ""

    def about(self, subject: Subject) -> list[Fact]:
        return [fact for fact in self.facts if fact.subject is subject]


def explained(network: Network, node: Node) -> Explained:
    graph = network.graph
    facts = [
        *shape_facts(node),
        *padding_facts(graph, node),
        *channel_facts(network, node),
        *weight_facts(node),
        *work_facts(node),
        *memory_facts(graph, node),
        *place_facts(graph, node),
    ]
    return Explained(network, node, facts)
