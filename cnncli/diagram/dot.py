"""A sheet as DOT: every position is written down, so that any Graphviz draws the same picture.

`layout=nop2` tells Graphviz to place nothing itself. Frames are clusters, boxes are nodes by the name of their layer or
group, links are edges; the page's own texts are nodes without an outline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnncli.diagram.chain import Frame, Item
from cnncli.diagram.markup import Chip, box_label, run_label
from cnncli.diagram.placing import Route
from cnncli.diagram.sheet import Sample, Sheet
from cnncli.diagram.wording import Line, Run, Sizes
from cnncli.draw.geometry import Point, Rect, rounded, shortened
from cnncli.draw.text import FAMILY, LINE_HEIGHT, SCALE
from cnncli.draw.theme import Swatch, Theme, heat, ink
from cnncli.words import visible

CORNER = 6.0
ARROW, TURN_ARROW = 0.5, 0.7
"""Arrowheads, in units of ten points."""
STAGE_HEADING = 9.0
"""Size of type."""
CARD = 2.5
"""By how much each card of a stack is moved."""


class Drawing:
    """Writes one sheet."""

    def __init__(self, name: str, sheet: Sheet, theme: Theme, sizes: Sizes, padding: float) -> None:
        import pydot

        self.pydot = pydot
        self.sheet, self.theme, self.sizes, self.padding = sheet, theme, sizes, padding
        self.graph: Any = pydot.Dot(
            quoted(name), graph_type="digraph", layout="nop2", outputorder="edgesfirst", pad="0", margin="0",
            size=quoted(f"{number(sheet.width / 72, 5)},{number(sheet.height / 72, 5)}"),
            bgcolor=quoted(theme.page),
        )  # fmt: skip
        self.graph.set_node_defaults(
            shape="box", style="filled", fixedsize="true", margin="0", penwidth=scaled(0.8), fontname=quoted(FAMILY)
        )
        self.graph.set_edge_defaults(arrowsize=scaled(ARROW), color=quoted(theme.line), penwidth=scaled(1))
        self.chip = Chip(theme.text, theme.page)
        self.page = self.cluster(self.graph, "page", Rect(0, 0, sheet.width, sheet.height), theme.page, theme.page)

    def cluster(self, parent: Any, name: str, rect: Rect, fill: str, border: str, style: str = "filled") -> Any:
        bottom, top = self.sheet.height - rect.bottom, self.sheet.height - rect.top
        box = ",".join(map(scaled, (rect.left, bottom, rect.right, top)))
        found = self.pydot.Subgraph(
            quoted(f"cluster_{name}"), bb=quoted(box), style=quoted(style), penwidth=scaled(0.8),
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
        label = box_label(lines, rect.width - 2 * self.padding, swatch.ink, swatch.fill, self.chip)
        self.node(parent, item.name, rect, label, style=quoted(swatch.style), **look)

    def stack(self, parent: Any, name: str, rect: Rect, look: Mapping[str, str]) -> None:
        for card in (2, 1):
            by = CARD * card
            place = Rect(rect.left + by, rect.top + by, rect.right + by, rect.bottom + by)
            self.node(parent, f"{name} card {card}", place, **look)

    def symbol(self, parent: Any, name: str, kind: str, rect: Rect) -> None:
        if kind == "fork":
            dot = quoted(self.theme.line)
            self.node(parent, name, rect, shape="circle", fillcolor=dot, color=dot)
            return
        plus = run_label(Run("+", rect.height * 0.8, bold=True), self.theme.skip, self.theme.page)
        self.node(
            parent, name, rect, plus, shape="circle", fillcolor=quoted(self.theme.page), color=quoted(self.theme.skip)
        )

    def frame(self, parent: Any, name: str, frame: Frame, rect: Rect) -> Any:
        theme = self.theme
        if frame.level == "branch":
            return self.cluster(parent, name, rect, theme.branch, theme.branch, "filled,rounded")
        if frame.level == "stage":
            found = self.cluster(parent, name, rect, theme.band, theme.band_border, "filled,rounded")
            inner = Rect(rect.left + 10, rect.top + 7, rect.right - 10, rect.top + 7)
            self.heading(found, name, frame, inner)
            return found
        found = self.cluster(parent, name, rect, theme.frame, theme.frame_border)
        bar = Rect(rect.left, rect.top, rect.right, rect.top + self.sizes.label * LINE_HEIGHT + 5)
        line = Line((Run(frame.left, self.sizes.small + 0.5, bold=True),), (Run(frame.right, self.sizes.small + 0.5),))
        label = box_label([line], rect.width - 16, ink(theme, theme.frame_bar), theme.frame_bar, self.chip)
        look = {"fillcolor": quoted(theme.frame_bar), "color": quoted(theme.frame_border)}
        self.node(found, f"{name} heading", bar, label, **look)
        return found

    def heading(self, parent: Any, name: str, frame: Frame, inner: Rect) -> None:
        """A stage's name at the left, its resolution at the right."""
        left, right = Run(frame.left, STAGE_HEADING, bold=True), Run(frame.right, STAGE_HEADING)
        height = STAGE_HEADING * LINE_HEIGHT
        place = Rect(inner.left, inner.top, inner.left + left.width, inner.top + height)
        self.text(parent, f"{name} heading", left, place, self.theme.text)
        if frame.right:
            place = Rect(inner.right - right.width, inner.top, inner.right, inner.top + height)
            self.text(parent, f"{name} size", right, place, self.theme.faint)

    def edge(self, route: Route, items: Sequence[Item]) -> None:
        source, target = (items[position] for position in route.link)
        look = {
            "forward": {},
            "skip": {"color": quoted(self.theme.skip), "penwidth": scaled(1.2)},
            "turn": {"color": quoted(self.theme.turn), "penwidth": scaled(2), "arrowsize": scaled(TURN_ARROW)},
        }[route.kind]
        pointed = route.kind == "turn" or target.symbol != "fork"
        tip = 10 * (TURN_ARROW if route.kind == "turn" else ARROW) if pointed else 0
        curve = rounded(shortened(route.path, tip) if tip else route.path, CORNER)
        points = " ".join(self.position(point).strip('"') for point in curve)
        end = f"e,{self.position(route.path[-1]).strip(chr(34))} " if pointed else ""
        if not pointed:
            look = {**look, "dir": "none"}
        self.graph.add_edge(self.pydot.Edge(quoted(source.name), quoted(target.name), pos=quoted(end + points), **look))

    def sample(self, name: str, sample: Sample, rect: Rect, swatches: Mapping[str, Swatch]) -> None:
        if sample.sign == "sum":
            self.symbol(self.page, name, "sum", rect)
        elif sample.sign in ("SE", "+"):
            run = Run(sample.sign, self.sizes.small, bold=True)
            colour = quoted(self.theme.text)
            self.node(
                self.page, name, rect, run_label(run, self.theme.page, self.theme.text), style=quoted("filled,rounded"),
                fillcolor=colour, color=colour,
            )  # fmt: skip
        elif sample.sign == "stack":
            look = {"fillcolor": quoted(self.theme.page), "color": quoted(self.theme.faint)}
            card = Rect(rect.left, rect.top, rect.right - 2 * CARD, rect.bottom - 2 * CARD)
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
            swatch = swatches[sample.sign]
            look = {"fillcolor": quoted(swatch.fill), "color": quoted(swatch.border), "style": quoted(swatch.style)}
            self.node(self.page, name, rect, **look)


def quoted(text: str) -> str:
    return '"' + visible(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def scaled(length: float) -> str:
    """A length in points as the DOT has it."""
    return number(length * SCALE, 1)


def number(value: float, digits: int = 2) -> str:
    """A length without needless digits."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
