"""How much of the picture one cell of the last feature map sees."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from cnncli.amounts import LARGEST
from cnncli.graph import UNKNOWN, Graph, Node
from cnncli.graph.layer import POINT
from cnncli.graph.roles import Role


class View(NamedTuple):
    """Of a node, per axis (height, width), in input pixels: how many a cell sees, and how far apart neighbours look."""

    size: tuple[float, float]
    stride: tuple[float, float]

    @property
    def pixels(self) -> tuple[int, int] | None:
        """The size in whole pixels; None where it is not known."""
        return None if UNKNOWN in self.size else (ceil(self.size[0]), ceil(self.size[1]))

    @property
    def step(self) -> tuple[float, float] | None:
        """The stride, as whole numbers where it is one; None where it is not known."""
        if UNKNOWN in self.stride:
            return None
        down, across = (int(stride) if stride == int(stride) else stride for stride in self.stride)
        return down, across


def receptive_field(graph: Graph) -> tuple[int, int] | None:
    """Height and width in pixels that one cell of the last feature map sees; None without a map, or where unknown."""
    found = zip(reversed(graph.nodes), reversed(views(graph)), strict=True)
    last = next((view for node, view in found if view and node.inputs), None)
    return last and last.pixels


def views(graph: Graph) -> list[View | None]:
    """What a cell of each node sees: r + (k - 1) j at each window of extent k, j the product of the strides before.

    Where branches meet the larger view counts; a branch that was pooled globally has no cells: None. What strides
    see that multiply to more than any picture has pixels is not known.
    """
    found: list[View | None] = []
    for node in graph.nodes:
        found.append(_view(node, found))
    return found


def _view(node: Node, views: list[View | None]) -> View | None:
    window = node.window
    if not node.inputs:
        return View((1, 1), (1, 1)) if len(node.shape) == 3 and node.role is Role.INPUT else None
    seen = [view for source in node.inputs if (view := views[source.index]) is not None]
    if window is None or not seen:
        return None
    before = seen[0] if len(seen) == 1 else _widest(seen)
    if window is POINT:
        return before
    (height, width), (down, across) = before
    steps = down * window.stride[0], across * window.stride[1]
    if max(steps) > LARGEST:
        return View((UNKNOWN, UNKNOWN), (UNKNOWN, UNKNOWN))
    return View((height + (window.extent[0] - 1) * down, width + (window.extent[1] - 1) * across), steps)


def _widest(views: list[View]) -> View:
    unseen = next((view for view in views if UNKNOWN in view.size), None)
    if unseen:
        return unseen
    size = max(view.size[0] for view in views), max(view.size[1] for view in views)
    return View(size, views[0].stride)
