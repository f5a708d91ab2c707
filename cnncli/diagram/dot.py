"""A diagram as DOT: every position is written down, so that any Graphviz draws the same picture.

`layout=nop2` tells Graphviz to place nothing itself. Frames are clusters, boxes are nodes by the name of their layer or
group, links are edges; the page's own texts are nodes without an outline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnncli.diagram.chain import Frame, Item
from cnncli.diagram.composition import (
    Diagram,
    bar,
    bar_line,
    cards,
    link_look,
    stacked,
    stage_line,
    stage_place,
)
from cnncli.diagram.layout import Ground
from cnncli.diagram.markup import Chip, box_label, run_label
from cnncli.diagram.placing import Route
from cnncli.diagram.sheet import Sample
from cnncli.diagram.wording import Line, Run
from cnncli.draw.geometry import Point, Rect, curved, number, shortened
from cnncli.draw.text import FAMILY, SCALE
from cnncli.draw.theme import Swatch, heat, ink
from cnncli.words import visible

ARROW = 5.0
"""The length of an arrowhead where an edge does not say it."""


def as_dot(diagram: Diagram) -> str:
    """The DOT text."""
    return _Drawing(diagram).written()


class _Drawing:
    """Writes one diagram."""

    def __init__(self, diagram: Diagram) -> None:
        import pydot

        self.pydot = pydot
        self.diagram, self.sheet, self.theme, self.measures = diagram, diagram.sheet, diagram.theme, diagram.measures
        self.card = self.measures.lines.card
        sheet, theme = self.sheet, self.theme
        self.graph: Any = pydot.Dot(
            quoted(diagram.name), graph_type="digraph", layout="nop2", outputorder="edgesfirst", pad="0", margin="0",
            size=quoted(f"{number(sheet.width / 72, 5)},{number(sheet.height / 72, 5)}"),
            bgcolor=quoted(theme.page),
        )  # fmt: skip
        self.graph.set_node_defaults(
            shape="box",
            style="filled",
            fixedsize="true",
            margin="0",
            penwidth=scaled(diagram.measures.lines.outline),
            fontname=quoted(FAMILY),
        )
        self.graph.set_edge_defaults(arrowsize=arrow(ARROW), color=quoted(theme.line), penwidth=scaled(1))
        self.chip = Chip(theme.text, theme.page)
        self.page = self.cluster(self.graph, "page", Rect(0, 0, sheet.width, sheet.height), theme.page, theme.page)

    def written(self) -> str:
        """Frames, then what stands in them, then the links, then the page's own texts."""
        found, items, places = self.diagram, self.diagram.chain.items, self.sheet.layout.items
        parents = self.frames()
        for item, rect, parent, said in zip(items, places, parents, found.lines, strict=True):
            if item.part:
                self.box(parent, item, rect, said, found.swatches[item.name])
            else:
                self.symbol(parent, item.name, item.symbol, rect)
        for route in self.sheet.layout.routes:
            self.edge(route, items)
        for index, (run, place) in enumerate(self.sheet.texts):
            self.text(self.page, f"text {index}", run, place, self.theme.text)
        for index, (sample, place) in enumerate(self.sheet.samples):
            self.sample(f"sample {index}", sample, place)
        return str(self.graph.to_string())

    def frames(self) -> list[Any]:
        """Draw the frames; returns for each item the innermost one around it."""
        parents = [self.page] * len(self.diagram.chain.items)
        for name, ground in self.diagram.grounds():
            inner = self.frame(parents[ground.first], name, ground)
            parents[ground.first : ground.last + 1] = [inner] * (ground.last + 1 - ground.first)
        return parents

    def cluster(self, parent: Any, name: str, rect: Rect, fill: str, border: str, style: str = "filled") -> Any:
        bottom, top = self.sheet.height - rect.bottom, self.sheet.height - rect.top
        box, thick = ",".join(map(scaled, (rect.left, bottom, rect.right, top))), self.measures.lines.outline
        found = self.pydot.Subgraph(
            quoted(f"cluster_{name}"), bb=quoted(box), style=quoted(style), penwidth=scaled(thick),
            fillcolor=quoted(fill), color=quoted(border),
        )  # fmt: skip
        parent.add_subgraph(found)
        return found

    def node(self, parent: Any, name: str, rect: Rect, label: str = '""', **attributes: str) -> None:
        parent.add_node(
            self.pydot.Node(
                quoted(name), pos=self.position(rect.center), width=number(rect.width * SCALE / 72, 4),
                height=number(rect.height * SCALE / 72, 4), label=label, **attributes,
            )
        )  # fmt: skip

    def position(self, point: Point) -> str:
        return quoted(f"{scaled(point.x)},{scaled(self.sheet.height - point.y)}")

    def text(self, parent: Any, name: str, run: Run, place: Rect, colour: str) -> None:
        """A text around the middle of its place, as large as the renderer finds it."""
        parent.add_node(
            self.pydot.Node(
                quoted(name), pos=self.position(place.center), label=run_label(run, colour, self.theme.page),
                shape="plain", style='""', fixedsize="false",
            )
        )  # fmt: skip

    def box(self, parent: Any, item: Item, rect: Rect, lines: Sequence[Line], swatch: Swatch) -> None:
        """A part's box; blocks alike are a stack of cards."""
        look = {"fillcolor": quoted(swatch.fill), "color": quoted(swatch.border)}
        if item.part and item.part.blocks > 1:
            self.stack(parent, item.name, rect, look)
        label = box_label(lines, rect.width - 2 * self.diagram.padding, swatch.ink, swatch.fill, self.chip)
        self.node(parent, item.name, rect, label, style=quoted(swatch.style), **look)

    def stack(self, parent: Any, name: str, rect: Rect, look: Mapping[str, str]) -> None:
        for card, place in zip((2, 1), cards(rect, self.card), strict=True):
            self.node(parent, f"{name} card {card}", place, **look)

    def symbol(self, parent: Any, name: str, kind: str, rect: Rect) -> None:
        if kind == "fork":
            colour = quoted(self.theme.line)
            self.node(parent, name, rect, shape="circle", fillcolor=colour, color=colour)
            return
        plus = run_label(Run("+", rect.height * 0.8, bold=True), self.theme.skip, self.theme.page)
        self.node(
            parent, name, rect, plus, shape="circle", fillcolor=quoted(self.theme.page), color=quoted(self.theme.skip)
        )

    def frame(self, parent: Any, name: str, ground: Ground) -> Any:
        theme, frame, rect = self.theme, ground.frame, ground.rect
        if frame.level == "branch":
            return self.cluster(parent, name, rect, theme.branch, theme.branch, "filled,rounded")
        if frame.level == "stage":
            found = self.cluster(parent, name, rect, theme.band, theme.band_border, "filled,rounded")
            self.heading(found, name, frame, stage_place(ground, self.measures))
            return found
        found = self.cluster(parent, name, rect, theme.frame, theme.frame_border)
        line = bar_line(frame, self.measures)
        width = rect.width - 2 * self.measures.frames.bar_inset
        label = box_label([line], width, ink(theme, theme.frame_bar), theme.frame_bar, self.chip)
        look = {"fillcolor": quoted(theme.frame_bar), "color": quoted(theme.frame_border)}
        self.node(found, f"{name} heading", bar(rect, self.measures), label, **look)
        return found

    def heading(self, parent: Any, name: str, frame: Frame, place: Rect) -> None:
        (left,), (right,) = stage_line(frame, self.measures)[:2]
        self.text(parent, f"{name} heading", left, place._replace(right=place.left + left.width), self.theme.text)
        if frame.right:
            self.text(parent, f"{name} size", right, place._replace(left=place.right - right.width), self.theme.faint)

    def edge(self, route: Route, items: Sequence[Item]) -> None:
        source, target = (items[position] for position in route.link)
        colour, width, head = link_look(route, items, self.theme, self.measures.lines)
        look = {} if route.kind == "forward" else {"color": quoted(colour), "penwidth": scaled(width)}
        if head not in (0, ARROW):
            look["arrowsize"] = arrow(head)
        if not head:
            look["dir"] = "none"
        curve = curved(shortened(route.path, head) if head else route.path, self.measures.lines.corner)
        points = " ".join(self.position(point).strip('"') for point in curve)
        end = f"e,{self.position(route.path[-1]).strip(chr(34))} " if head else ""
        self.graph.add_edge(self.pydot.Edge(quoted(source.name), quoted(target.name), pos=quoted(end + points), **look))

    def sample(self, name: str, sample: Sample, rect: Rect) -> None:
        if sample.sign == "sum":
            self.symbol(self.page, name, "sum", rect)
        elif sample.sign in ("SE", "+"):
            run = Run(sample.sign, self.measures.sizes.small, bold=True)
            colour = quoted(self.theme.text)
            self.node(
                self.page, name, rect, run_label(run, self.theme.page, self.theme.text), style=quoted("filled,rounded"),
                fillcolor=colour, color=colour,
            )  # fmt: skip
        elif sample.sign == "stack":
            look = {"fillcolor": quoted(self.theme.page), "color": quoted(self.theme.faint)}
            card = stacked(rect, self.card)
            self.stack(self.page, name, card, look)
            self.node(self.page, name, card, **look)
        elif sample.sign in ("skip", "branch"):
            colour = quoted(self.theme.skip if sample.sign == "skip" else self.theme.branch)
            self.node(self.page, name, rect, fillcolor=colour, color=colour)
        elif sample.sign == "heat":
            steps = 18
            shades = ":".join(f"{heat(self.theme, step / (steps - 1)).fill};{1 / steps:.4f}" for step in range(steps))
            self.node(self.page, name, rect, style="striped", fillcolor=quoted(shades), color=quoted(self.theme.faint))
        else:
            swatch = self.diagram.swatches[sample.sign]
            look = {"fillcolor": quoted(swatch.fill), "color": quoted(swatch.border), "style": quoted(swatch.style)}
            self.node(self.page, name, rect, **look)


def quoted(text: str) -> str:
    return '"' + visible(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def scaled(length: float) -> str:
    """A length in points as the DOT has it."""
    return number(length * SCALE, 1)


def arrow(length: float) -> str:
    """The length of an arrowhead in Graphviz's units, which are ten points."""
    return scaled(length / 10)
