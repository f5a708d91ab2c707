"""`plot` to a page: one network, or two with their differences marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnncli.diagram import Diagram, Options
from cnncli.diagram.parts import Part, parts
from cnncli.draw.text import width
from cnncli.errors import UsageError
from cnncli.files import check_target, write_text
from cnncli.network import Network
from cnncli.page import (
    STEPS,
    Colours,
    diagram_of,
    document,
    first_of,
    inside,
    legend_of,
    scene_of,
    shortened,
    with_short_names,
)
from cnncli.views.origin import shortly
from cnncli.views.page_difference import difference_data
from cnncli.views.page_figures import Figures
from cnncli.words import visible

MOST_NETWORKS = 2
REFUSED = ("columns", "direction", "layout", "scope", "anatomy", "volumes", "title", "legend")
"""The options of a diagram that a page does not have, beside those for paper."""


def write_page(output: Path, networks: Sequence[Network], options: Options, *, force: bool) -> str:
    """Write the page; returns how large the file is, in words.

    Raises UsageError for an option that a page does not have, or more than two networks; else as files.replacing.
    """
    check_page(networks, options)
    check_target(output, force=force)
    text = page_of(networks, options)
    write_text(output, text, force=force)
    return f"{output}: {len(text.encode()) / 1000:,.0f} kB, opens in any browser"


def check_page(networks: Sequence[Network], options: Options) -> None:
    """Raise UsageError for what a page cannot be."""
    if len(networks) > MOST_NETWORKS:
        raise UsageError(f"a page shows one network or two beside each other, not {len(networks)}")
    if options.volumes:
        raise UsageError(
            "--volumes: a page shows boxes, each of which can be opened; draw feature maps as .svg or .pdf"
        )
    if options.theme == "mono":
        raise UsageError("--theme mono: a page is light or dark; what is printed of it is light")
    if options.target:
        raise UsageError("--for and --width are for paper; a page is as wide as its window")
    for name in REFUSED:
        value = getattr(options, name)
        if value != getattr(Options(), name):
            told = f"no-{name}" if value is False else name if value is True else f"{name} {value}"
            raise UsageError(f"--{told}: a page is one column of all blocks, in which one moves and looks")


def page_of(networks: Sequence[Network], options: Options) -> str:
    """The page as text."""
    colours, insides, networks = Colours(), _Insides(), shortly(networks)
    sides = [_Side(network, options, colours, insides) for network in networks]
    first = sides[0].figures
    data = {
        "networks": [side.data() for side in sides],
        "insides": insides.found,
        "columns": first.columns(),
        "heats": [side.figures.scales() for side in sides],
        "legends": [
            ["", legend_of((side.drawn for side in sides), colours)],
            ["In an open block", legend_of(insides.drawn, colours, (side.drawn for side in sides))],
        ],
        "steps": STEPS,
        "heat": options.heat or "",
        "dark": options.theme == "dark",
        "difference": difference_data(networks, [side.parts for side in sides]) if len(sides) > 1 else None,
    }
    return document(" and ".join(network.reference for network in networks), data, colours)


class _Insides:
    """What boxes open into, each drawing once, however many boxes share it."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self.drawn: list[Diagram] = []
        self._numbers: dict[str, int] = {}

    def number(self, data: dict[str, Any], drawn: Diagram) -> int:
        key = repr(data)
        if key not in self._numbers:
            self._numbers[key] = len(self.found)
            self.found.append(data)
            self.drawn.append(drawn)
        return self._numbers[key]


class _Side:
    """One network of a page. Its figures are those of the graph itself, whatever names the picture can hold."""

    def __init__(self, network: Network, options: Options, colours: Colours, insides: _Insides) -> None:
        self.network, self.colours, self.insides = network, colours, insides
        self.graph = with_short_names(network.graph)
        self.drawn = diagram_of(self.graph, options)
        self.shown = [item.part for item in self.drawn.chain.items if item.part]
        self.parts = parts(network.graph, options.detail, options.fuse)
        self.figures = Figures(network, self.parts)

    def data(self) -> dict[str, Any]:
        from cnncli.views.plot import heading

        said = heading(self.network)
        scene = scene_of(self.drawn, {part.row.name: place for place, part in enumerate(self.shown)}, self.colours)
        boxes = [self._box(part, shown) for part, shown in zip(self.parts, self.shown, strict=True)]
        return {
            "name": visible(self.network.reference),
            "facts": list(said.lines),
            "totals": [[name, visible(text)] for name, text in self.figures.totals()],
            "width": scene.width,
            "height": scene.height,
            "shapes": scene.shapes,
            "boxes": [
                {**box, "rect": rect, "axis": axis}
                for box, rect, axis in zip(boxes, scene.rects, scene.axes, strict=True)
            ],
        }

    def _box(self, part: Part, shown: Part) -> dict[str, Any]:
        """A box's figures, and where it has several layers what it opens into, with theirs."""
        found = self.figures.of_box(part)
        if len(part.nodes) == 1:
            return found
        opened = inside(self.graph, shown, self.colours)
        layers = [self.figures.of_layer(node) for node in first_of(part)]
        return {
            **found,
            **_heading(part, shown),
            "inside": self.insides.number(opened.data(), opened.drawn),
            "layers": layers,
            "alike": _alike(part),
        }


def _heading(part: Part, shown: Part) -> dict[str, Any]:
    """What the frame of an open box says, and how wide it must be for that."""
    row = part.row
    alike = f"the first of {row.repeats}" if row.repeats > 1 else ""
    says = shortened(", ".join(filter(None, (str(row.label), alike))))
    title = shown.row.name
    return {"title": visible(title), "says": visible(says), "head": width(title + says, 8.5, bold=True) + 50}


def _alike(part: Part) -> list[str]:
    """Of blocks alike the names of all."""
    if part.row.repeats == 1:
        return []
    depth = len(part.row.scope)
    return list(dict.fromkeys(".".join(node.scope[:depth]) for node in part.nodes))
