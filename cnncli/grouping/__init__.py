"""Stages, blocks and what to call them, of graphs that nobody scoped: `grouped`."""

from cnncli.grouping.grouping import grouped

__all__ = ["grouped"]
