"""The memory of a network as a picture: live tensors over its operations, and the arena that holds them."""

from __future__ import annotations

from cnncli.deployed.plan import Plan
from cnncli.diagram.memory.sheet import Sheet
from cnncli.diagram.sheet import Heading
from cnncli.draw.shapes import Picture
from cnncli.draw.theme import THEMES, ThemeName
from cnncli.graph import Graph

__all__ = ["memory_picture"]


def memory_picture(graph: Graph, plan: Plan, heading: Heading, theme: ThemeName = "light") -> Picture:
    """One page. The arena is left out where a size is unknown; the plan's operations name their layers in the graph."""
    return Sheet(graph, plan, heading, THEMES[theme]).picture()
