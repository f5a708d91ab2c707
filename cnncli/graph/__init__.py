"""The layer graph: what a network is, without any framework. Everything else reads it."""

from cnncli.graph.fold import Group, fold
from cnncli.graph.graph import Graph, Node, Scope
from cnncli.graph.layer import Layer, Shape, Weight

__all__ = ["Graph", "Group", "Layer", "Node", "Scope", "Shape", "Weight", "fold"]
