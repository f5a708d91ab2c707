"""The layer graph: what a network is, without any framework. Everything else reads it."""

from cnncli.amounts import UNKNOWN
from cnncli.graph.fold import Group, fold
from cnncli.graph.graph import Graph, Kind, Node, Scope
from cnncli.graph.layer import Layer, Shape, Weight
from cnncli.graph.roles import Role

__all__ = ["UNKNOWN", "Graph", "Group", "Kind", "Layer", "Node", "Role", "Scope", "Shape", "Weight", "fold"]
