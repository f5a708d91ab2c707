"""The memory of a network as a picture: live tensors over its operations, and the arena that holds them."""

from __future__ import annotations

from cnncli.analysis.timeline import Timeline
from cnncli.diagram.memory.sheet import Sheet
from cnncli.diagram.sheet import Heading
from cnncli.draw.shapes import Picture
from cnncli.draw.theme import THEMES, ThemeName

__all__ = ["memory_picture"]


def memory_picture(found: Timeline, heading: Heading, theme: ThemeName = "light") -> Picture:
    """One page. The arena is left out where a size is unknown."""
    return Sheet(found, heading, THEMES[theme]).picture()
