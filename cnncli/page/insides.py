"""What a box opens into: its layers, drawn as in a diagram of layers, with where links enter and leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from cnncli.diagram import Diagram, Options
from cnncli.diagram.chain import Item
from cnncli.diagram.layout import Layout
from cnncli.diagram.parts import Part
from cnncli.diagram.placing import Route
from cnncli.draw.geometry import Point, Rect
from cnncli.graph import Graph, Node, Scope
from cnncli.graph.cutting import taken
from cnncli.page.colours import Colours
from cnncli.page.scene import Scene, axes, bounds, diagram_of, scene_of, shorten


class Inside(NamedTuple):
    """A scene; `entries` are where links from the box's upper edge go on, `exits` from where they lead to its lower."""

    scene: Scene
    entries: list[list[float]]
    exits: list[list[float]]
    drawn: Diagram

    def data(self) -> dict[str, Any]:
        scene = self.scene
        return {
            "width": scene.width,
            "height": scene.height,
            "shapes": scene.shapes,
            "rects": scene.rects,
            "entries": self.entries,
            "exits": self.exits,
        }


def first_of(part: Part) -> tuple[Node, ...]:
    """The layers of the first of the blocks that a part stands for."""
    if part.row.repeats == 1:
        return part.nodes
    scope = part.row.scope
    found = tuple(node for node in part.nodes if node.scope[: len(scope)] == scope)
    return found or part.nodes


def inside(graph: Graph, part: Part, colours: Colours) -> Inside:
    """Of a part of several layers; of blocks alike the first one."""
    nodes = first_of(part)
    made = taken(graph, nodes, part.row.name)
    outer = len(made.nodes) - len(nodes)
    depth = len(part.row.scope)
    _rename(made, part.row.scope)
    found = diagram_of(made, Options(detail="layer"))
    found = _without_frames(found, depth)
    numbers = {node.name: place - outer for place, node in enumerate(made.nodes) if place >= outer}
    single = outer == 1 and bool(found.chain.items[0].part)
    crop = bounds(found, but=0 if single else None)
    if single:
        found = _entered(found, crop.top)
    given = {node.name for node in made.outputs}
    scene = scene_of(found, numbers, colours, crop)
    return Inside(scene, _entries(found, crop) if single else [], _exits(found, given, crop), found)


def _rename(made: Graph, scope: Scope) -> None:
    """Names as they are within the block, so that blocks alike have the same inside."""
    around, depth = ".".join((*scope, "")), len(scope)
    plain = tuple(f"scope{number}" for number in range(depth))
    for node in made.nodes:
        node.name = node.name.removeprefix(around)
        node.scope = plain + node.scope[depth:] if node.scope[:depth] == scope else node.scope
    made.kinds = {plain + each[depth:]: kind for each, kind in made.kinds.items() if each[:depth] == scope}
    shorten(made)


LEVELS = {"stage": 1, "block": 2, "branch": 3}


def _without_frames(found: Diagram, depth: int) -> Diagram:
    """Without the frames that the opened box itself is."""
    layout = found.sheet.layout
    grounds = [ground for ground in layout.grounds if LEVELS.get(ground.frame.level, 3) > depth]
    return _laid(found, layout._replace(grounds=grounds))


def _laid(found: Diagram, layout: Layout) -> Diagram:
    return replace(found, sheet=found.sheet._replace(layout=layout))


def _entered(found: Diagram, top: float) -> Diagram:
    """The one input is no box: its links begin at the upper edge."""
    layout, (first, *items) = found.sheet.layout, found.chain.items
    gone = Item(first.name, first.unit, (), symbol="fork")
    routes = [_from_above(route, top) if route.link[0] == 0 else route for route in layout.routes]
    rect = layout.items[0]
    nothing = Rect(rect.center.x, rect.center.y, rect.center.x, rect.center.y)
    laid = _laid(found, layout._replace(items=[nothing, *layout.items[1:]], routes=routes))
    return replace(laid, chain=found.chain._replace(items=[gone, *items]), lines=[[], *found.lines[1:]])


def _from_above(route: Route, top: float) -> Route:
    first, second, *rest = route.path
    if first.x == second.x:
        return route._replace(path=[Point(first.x, top), second, *rest])
    return route._replace(path=[Point(second.x, top), *rest])


def _entries(found: Diagram, crop: Rect) -> list[list[float]]:
    places = {round(route.path[0].x - crop.left, 1) for route in found.sheet.layout.routes if route.link[0] == 0}
    return [[x, 0] for x in sorted(places)]


def _exits(found: Diagram, given: set[str], crop: Rect) -> list[list[float]]:
    """From the boxes of what is given down, where nothing stands below them."""
    layout = found.sheet.layout
    exits = []
    for item, rect, x in zip(found.chain.items, layout.items, axes(found), strict=True):
        below = [each for each in layout.items if each.top > rect.bottom and each.left < x < each.right]
        if item.name in given and not below:
            exits.append([round(x - crop.left, 1), round(rect.bottom - crop.top, 1)])
    return exits
