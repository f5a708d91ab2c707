"""A diagram as DOT without any place or size, for those who lay it out with a Graphviz of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.diagram.chain import Frame, Item
from cnncli.diagram.composition import Diagram, link_look
from cnncli.diagram.dot import quoted
from cnncli.diagram.wording import Line
from cnncli.draw.geometry import number
from cnncli.draw.text import FAMILY
from cnncli.draw.theme import Theme


def as_free_dot(diagram: Diagram) -> str:
    """A directed graph with the frames as clusters, whose label is the heading."""
    import pydot

    theme, items = diagram.theme, diagram.chain.items
    graph: Any = pydot.Dot(
        quoted(diagram.name), graph_type="digraph", rankdir=diagram.direction, bgcolor=quoted(theme.page),
        fontname=quoted(FAMILY), fontcolor=quoted(theme.text), labelloc="t", labeljust="l",
        label=_lines([diagram.heading.title, *diagram.heading.lines]),
    )  # fmt: skip
    graph.set_node_defaults(shape="box", style="filled", fontname=quoted(FAMILY), fontsize=number(diagram.sizes.label))
    graph.set_edge_defaults(color=quoted(theme.line))
    clusters: dict[tuple[str, ...], Any] = {(): graph}
    for item, said in zip(items, diagram.lines, strict=True):
        place: tuple[str, ...] = ()
        for frame in item.frames:
            outer, place = clusters[place], (*place, frame.key)
            if place not in clusters:
                clusters[place] = pydot.Subgraph(quoted(f"cluster_{frame.key}"), **_ground(frame, theme))
                outer.add_subgraph(clusters[place])
        clusters[place].add_node(pydot.Node(quoted(item.name), **_look(diagram, item, said)))
    for route in diagram.sheet.layout.routes:
        source, target = (items[position] for position in route.link)
        skips = (
            {"color": quoted(link_look(route, items, theme, diagram.measures.lines).colour)}
            if route.kind == "skip"
            else {}
        )
        graph.add_edge(pydot.Edge(quoted(source.name), quoted(target.name), **skips))
    return str(graph.to_string())


def _ground(frame: Frame, theme: Theme) -> dict[str, str]:
    fill, border = {
        "stage": (theme.band, theme.band_border),
        "block": (theme.frame, theme.frame_border),
        "branch": (theme.branch, theme.branch),
    }[frame.level]
    label = _lines(["  ".join(filter(None, (frame.left, frame.right)))])
    return {"label": label, "style": '"filled,rounded"', "fillcolor": quoted(fill), "color": quoted(border)}


def _look(diagram: Diagram, item: Item, said: Sequence[Line]) -> dict[str, str]:
    """A box with its lines; a fork is a point, a sum says what it does."""
    if item.symbol == "fork":
        return {"shape": "point", "color": quoted(diagram.theme.line)}
    if item.symbol == "sum":
        fill, colour = quoted(diagram.theme.page), quoted(diagram.theme.skip)
        return {"label": '"+"', "shape": "circle", "fillcolor": fill, "color": colour, "fontcolor": colour}
    swatch = diagram.swatches[item.name]
    return {
        "label": _lines([_text(line) for line in said]),
        "style": quoted(swatch.style),
        "fillcolor": quoted(swatch.fill),
        "color": quoted(swatch.border),
        "fontcolor": quoted(swatch.ink),
    }


def _text(line: Line) -> str:
    left, right = ("".join(run.text for run in runs) for runs in (line.left, line.right))
    return f"{left}   {right}".strip()


def _lines(texts: Sequence[str]) -> str:
    return '"' + "\\n".join(quoted(text)[1:-1] for text in texts if text) + '"'
