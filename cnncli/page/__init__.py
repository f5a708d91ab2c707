"""A network as one page of HTML that shows its diagram and answers to mouse, finger and keyboard.

The page is complete by itself: it asks nothing of any other place, and what runs in it is named by its hash.
"""

from __future__ import annotations

from cnncli.page.colours import STEPS, Colours
from cnncli.page.document import document
from cnncli.page.insides import Inside, first_of, inside
from cnncli.page.scene import Scene, diagram_of, legend_of, scene_of, shortened, with_short_names

__all__ = [
    "STEPS", "Colours", "Inside", "Scene", "diagram_of", "document", "first_of", "inside", "legend_of", "scene_of",
    "shortened", "with_short_names",
]  # fmt: skip
