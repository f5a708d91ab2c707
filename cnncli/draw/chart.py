"""Models as points: parameters against MACs and, where it is published, accuracy against MACs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import cycle, takewhile
from math import hypot
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.analysis.compare.comparison import Entry
from cnncli.document.numbers import scaled
from cnncli.files import replacing
from cnncli.models.catalogue import MODELS

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), which the colour-blind tell apart; markers say it again.
LOOKS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P"))
REPRODUCIBLE = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
"""What would else make two files of one chart differ."""


class Panel(NamedTuple):
    """One set of axes: a figure of each model over its MACs, the scale of that figure."""

    label: str
    value: Callable[[Entry], float | None]
    scale: str


PANELS = (
    Panel("Parameters", lambda found: found.totals.params, "log"),
    Panel("Top-1 accuracy on ImageNet, %", lambda found: found.published and found.published.top1, "linear"),
)


def write_chart(entries: Sequence[Entry], path: Path, *, force: bool) -> None:
    """Draw to a file by its suffix: .pdf, .png or .svg. Raises as files.replacing."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it reports its font cache
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [panel for panel in PANELS if any(panel.value(found) for found in entries)]
    suffix = path.suffix.lower().removeprefix(".")
    settings = {"svg.hashsalt": "cnncli", "svg.fonttype": "none", "pdf.fonttype": 42, "font.size": 9}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(7 * len(panels), 5.2), layout="constrained")
        FigureCanvasAgg(figure)
        every = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(every, panels, strict=True):
            _draw(axes, panel, entries)
        figure.draw_without_rendering()  # settles the layout, in which the labels then find their places
        for axes, panel in zip(every, panels, strict=True):
            _label(axes, _points(panel, entries))
        with replacing(path, force=force) as draft:
            figure.savefig(draft, format=suffix, dpi=150, metadata=REPRODUCIBLE[suffix])


Pixel = tuple[float, float]


class Point(NamedTuple):
    found: Entry
    x: float
    y: float


def _points(panel: Panel, entries: Sequence[Entry]) -> list[Point]:
    return [Point(found, found.totals.macs, value) for found in entries if (value := panel.value(found))]


def _draw(axes: Any, panel: Panel, entries: Sequence[Entry]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    looks = _looks(entries)
    points = _points(panel, entries)
    for name, (colour, marker) in looks.items():
        alike = [point for point in points if _architecture(point.found) == name]
        if not alike:
            continue
        faces = [colour if point.found.model.flavor == "keras" else "white" for point in alike]
        axes.scatter(
            [point.x for point in alike], [point.y for point in alike],
            s=46, c=faces, edgecolors=colour, marker=marker, linewidths=1.5, zorder=3, label=name,
        )  # fmt: skip
    axes.set(xscale="log", yscale=panel.scale, xlabel="Multiply-accumulates of one image", ylabel=panel.label)
    axes.margins(0.24, 0.12)  # room for the labels
    for axis, scale in ((axes.xaxis, "log"), (axes.yaxis, panel.scale)):
        if scale == "log":
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda value, _: scaled(value).replace(".00", "")))
    axes.grid(which="major", color="#dddddd", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    if len({_architecture(point.found) for point in points}) > 1:
        axes.legend(loc="best", frameon=False)


def _looks(entries: Sequence[Entry]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each architecture."""
    names = dict.fromkeys(map(_architecture, entries))
    return dict(zip(names, cycle(LOOKS), strict=False))


def _architecture(found: Entry) -> str:
    """What the names of all models of a paper have in common: mobilenet_v3, efficientnet."""
    names = [spec.name for spec in MODELS if spec.paper == found.model.spec.paper]
    shared = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in shared).rstrip("_")


PLACES = tuple(
    (reach * x, reach * y)
    for reach in (7, 14, 24, 36)
    for x, y in ((1, 0), (0, 1), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
)
"""Where a label may stand from its point, in points of type; the first that is free is taken."""


def _label(axes: Any, points: Sequence[Point]) -> None:
    """Each model's reference beside its point, on no other label and no point; a line leads to a label that is far."""
    legend = axes.get_legend()
    taken = [legend.get_window_extent()] if legend else []
    places = [tuple(axes.transData.transform(point[1:])) for point in points]
    for point, at in sorted(zip(points, places, strict=True), key=lambda pair: pair[1]):
        note = axes.annotate(
            point.found.reference, point[1:], xytext=(0, 0), textcoords="offset points", fontsize=8,
            arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4},
        )  # fmt: skip
        others = [place for place in places if place != at]
        offset = min(PLACES, key=lambda offset: _crowding(_put(note, offset), at, others, taken, axes.bbox))
        taken.append(_put(note, offset))
        note.arrow_patch.set_visible(max(map(abs, offset)) > 14)


def _put(note: Any, place: tuple[int, int]) -> Any:
    """Move a label; the box that it then fills."""
    from matplotlib.text import Text

    x, y = place
    note.set(position=place, ha="left" if x > 0 else "right" if x else "center", va="center")
    if not x:
        note.set_va("bottom" if y > 0 else "top")
    note.update_positions(note.figure.canvas.get_renderer())
    return Text.get_window_extent(note).padded(1)  # the annotation's own would hold its line too


MARKER = 7
"""Half of a marker's size, in pixels."""


def _crowding(box: Any, own: Pixel, others: Sequence[Pixel], taken: Sequence[Any], frame: Any) -> float:
    """The area of a label that others have taken or that is outside of the axes, and more where it seems another's."""
    outside: float = box.width * box.height - _area(box, frame)
    nearest = min((_distance(box, other) for other in others), default=float("inf"))
    belongs_elsewhere = nearest < max(MARKER, _distance(box, own) + MARKER)
    return outside + sum(_area(box, other) for other in taken) + 200 * belongs_elsewhere + 1000 * (nearest < MARKER)


def _distance(box: Any, point: Pixel) -> float:
    x, y = point
    return hypot(max(box.x0 - x, 0, x - box.x1), max(box.y0 - y, 0, y - box.y1))


def _area(one: Any, other: Any) -> float:
    wide: float = min(one.x1, other.x1) - max(one.x0, other.x0)
    high: float = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0.0, wide) * max(0.0, high)
