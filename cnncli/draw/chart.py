"""Points on axes: a figure of each thing over another one, which two or more panels may show side by side."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import sqrt
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.child.parent import run
from cnncli.document.numbers import scaled
from cnncli.draw.chart_key import AREAS, TRANSLUCENT, area_of, key_columns, shared_legend, write_key, write_legend
from cnncli.draw.label_places import AIR, MARKER, Box, Spot, place
from cnncli.draw.stamps import source_date
from cnncli.errors import MachineError
from cnncli.files import replacing
from cnncli.words import visible

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), which the colour-blind tell apart; markers say it again.
LOOKS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P"))
REPRODUCIBLE = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
"""What would else make two files of one chart differ."""
SETTINGS = {
    "svg.hashsalt": "cnncli",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.size": 9,
    "text.parse_math": False,
}


Scale = Literal["log", "linear"]


class Across(NamedTuple):
    """What goes to the right on a panel, where it is not what the chart's points say: the values by their labels."""

    label: str
    scale: Scale
    values: Mapping[str, float]


class Panel(NamedTuple):
    """One set of axes: what its height means, and the values by their points' labels; a point may have none.

    `lines` join points, by their labels.
    """

    label: str
    scale: Scale
    values: Mapping[str, float]
    lines: Sequence[Sequence[str]] = ()
    across: Across | None = None


class ChartPoint(NamedTuple):
    """What is called `label`, at `x`; points of one series look alike, hollow ones are variants.

    Only `named` ones have their label written. `amount` is what its area shows, where the chart says what that is.
    """

    label: str
    x: float
    series: str
    hollow: bool = False
    named: bool = True
    amount: float = 0


LINE = "#bbbbbb"
"""Colour of what joins points."""
BLANK = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5}
"""Behind labels that such lines may pass."""
Looks = Mapping[str, tuple[str, str]]
"""Colour and marker of each series."""
PANEL = (7.0, 5.2)
"""Width and height of a panel, in inches."""
MARGINS, MARGINS_KEYED = (0.24, 0.12), (0.08, 0.1)
"""Room for labels left and right, below and above, as parts of what the points span."""
KEY_LINE = 13
"""Height of a line of the key, in points."""


class Chart(NamedTuple):
    """`amount_label` is what the areas of points mean; nothing where all are of one size."""

    x_label: str
    points: Sequence[ChartPoint]
    panels: Sequence[Panel]
    amount_label: str = ""

    @property
    def named(self) -> list[ChartPoint]:
        """The points whose labels are written, from left to right."""
        return sorted((point for point in self.points if point.named), key=lambda point: (point.x, point.label))


class Job(NamedTuple):
    """A chart for the child to draw: `draft` is where, `suffix` the kind of file that `target` is to be."""

    chart: Chart
    draft: Path
    suffix: str
    target: Path


def write_chart(chart: Chart, path: Path, *, force: bool) -> None:
    """Draw to a file by its suffix: .pdf, .png or .svg. Raises MachineError without matplotlib; as files.replacing.

    UsageError as source_date, for a .pdf. It is drawn in a process of its own: matplotlib reads settings when it is
    loaded, some from the working directory, that may be broken.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix == "pdf":
        source_date()
    with replacing(path, force=force) as draft:
        run("cnncli.draw.chart", Job(chart, draft.absolute(), suffix, path), "the chart", lambda _: None)


def draw(job: Job, tell: Tell) -> None:
    """The child's work."""
    os.chdir(tempfile.gettempdir())  # which is the child's own: no matplotlibrc lies in it
    warnings.simplefilter("ignore")  # of letters that the font lacks
    try:
        draw_chart(job.chart, job.draft, job.suffix)
    except OSError as error:
        if error.errno is None:  # of a library that cannot be loaded
            raise MachineError(f"drawing a chart takes matplotlib, which cannot be loaded: {error}") from None
        raise MachineError(f"{job.target} cannot be written: {error.strerror}") from None


def draw_chart(chart: Chart, path: Path, suffix: str) -> None:
    """Draw into a file, here and now. Raises ImportError without matplotlib, OSError where it cannot be written."""
    with defaults():
        figure = _labelled(chart, keyed=False) or _labelled(chart, keyed=True)
        figure.savefig(path, format=suffix, dpi=150, metadata=REPRODUCIBLE[suffix])


def _labelled(chart: Chart, *, keyed: bool) -> Any:
    """The figure with each point's label beside it; None where not all of them find a place.

    `keyed` puts a number in the place of each label, and what the numbers stand for below the panels.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PANEL[0] * len(chart.panels), PANEL[1]), layout="constrained")
    FigureCanvasAgg(figure)
    looks = _looks(chart)
    names = {point.label: str(number) if keyed else visible(point.label) for number, point in enumerate(chart.named, 1)}
    every = _panels(figure, chart, looks, names, keyed=keyed)
    figure.draw_without_rendering()  # settles the layout, in which the labels then find their places
    figure.set_layout_engine("none")
    placed = [
        _label(axes, _marks(chart, panel), names, far=keyed) for axes, panel in zip(every, chart.panels, strict=True)
    ]
    return figure if keyed or all(placed) else None


def _panels(figure: Any, chart: Chart, looks: Looks, names: Mapping[str, str], *, keyed: bool) -> list[Any]:
    """The panels' axes, side by side, with the key in axes of its own below them."""
    if not keyed:
        every = list(figure.subplots(1, len(chart.panels), squeeze=False)[0])
    else:
        columns, wide = key_columns(figure, names)
        high = KEY_LINE * -(-len(names) // columns) / 72
        figure.set_size_inches(max(figure.get_figwidth(), wide), PANEL[1] + high)
        grid = figure.add_gridspec(2, len(chart.panels), height_ratios=[PANEL[1], high])
        every = [figure.add_subplot(grid[0, column]) for column in range(len(chart.panels))]
        write_key(figure.add_subplot(grid[1, :]), chart, looks, names, columns)
    for axes, panel in zip(every, chart.panels, strict=True):
        _draw(axes, chart, panel, looks, MARGINS_KEYED if keyed else MARGINS)
    if shared_legend(chart):
        write_legend(figure, chart, looks)
    return every


@contextmanager
def defaults() -> Iterator[None]:
    """Have matplotlib draw with its own defaults, whatever a user makes of his own pictures."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it reports its font cache
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


class Mark(NamedTuple):
    """A point on a panel, and the area of its marker in square points."""

    point: ChartPoint
    x: float
    y: float
    area: float


def _marks(chart: Chart, panel: Panel) -> list[Mark]:
    across = panel.across.values if panel.across else {point.label: point.x for point in chart.points}
    largest = max((point.amount for point in chart.points), default=0)
    return [
        Mark(point, across[point.label], panel.values[point.label], area_of(point.amount, largest))
        for point in chart.points
        if point.label in panel.values and point.label in across
    ]


def _looks(chart: Chart) -> Looks:
    """Of more series than colours, the next ones have the colours again, each with another marker."""
    looks = {}
    for number, series in enumerate(dict.fromkeys(point.series for point in chart.points)):
        again, place = divmod(number, len(LOOKS))
        looks[series] = LOOKS[place][0], LOOKS[(place + again) % len(LOOKS)][1]
    return looks


def _draw(axes: Any, chart: Chart, panel: Panel, looks: Looks, margins: tuple[float, float]) -> None:
    marks = _marks(chart, panel)
    for name, (colour, marker) in looks.items():
        alike = [mark for mark in marks if mark.point.series == name]
        if not alike:
            continue
        fill = f"{colour}{TRANSLUCENT}" if chart.amount_label else colour
        axes.scatter(
            [mark.x for mark in alike], [mark.y for mark in alike],
            s=[mark.area / AREAS[marker] for mark in alike] if chart.amount_label else 46,
            c=["white" if mark.point.hollow else fill for mark in alike], edgecolors=colour, marker=marker,
            linewidths=0.8 if chart.amount_label else 1.5, zorder=3, label=visible(name),
        )  # fmt: skip
    _join(axes, marks, panel.lines)
    across = panel.across or Across(chart.x_label, "log", {})
    axes.set(xscale=across.scale, yscale=panel.scale, xlabel=across.label, ylabel=panel.label)
    axes.margins(*margins)
    _scale(axes, across.scale, panel.scale)
    if not shared_legend(chart) and len({mark.point.series for mark in marks}) > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, borderaxespad=0.2)


def _join(axes: Any, marks: Sequence[Mark], lines: Sequence[Sequence[str]]) -> None:
    """Lines below the points; each passes over those that are not on this panel."""
    there = {mark.point.label: (mark.x, mark.y) for mark in marks}
    for line in lines:
        ends = [there[label] for label in line if label in there]
        if len(ends) > 1:
            axes.plot(*zip(*ends, strict=True), color=LINE, linewidth=0.8, zorder=2, label="_")


def _scale(axes: Any, *scales: Scale) -> None:
    """Ticks of round numbers, written as tables write them, and a grid; those to the right first."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    for axis, scale in zip((axes.xaxis, axes.yaxis), scales, strict=True):
        if scale == "log":
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_minor_formatter(NullFormatter())
        elif axis is axes.xaxis:  # years
            axis.set_major_locator(MaxNLocator(integer=True))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            continue
        axis.set_major_formatter(FuncFormatter(lambda value, _: scaled(value).replace(".00", "")))
    axes.grid(which="major", color="#dddddd", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)


def _label(axes: Any, marks: Sequence[Mark], names: Mapping[str, str], *, far: bool) -> bool:
    """Each named point's label beside it; whether all have found a place of their own. A line leads to a far one."""
    named = [mark for mark in marks if mark.point.named]
    spots = [_spot(axes, mark) for mark in named]
    bare = [_spot(axes, mark) for mark in marks if not mark.point.named]
    frame = Box(*axes.bbox.extents)
    notes = [
        axes.annotate(
            names[mark.point.label], (mark.x, mark.y), xytext=(0, 0), textcoords="offset points", fontsize=8,
            ha="left", va="bottom", bbox=BLANK if axes.lines else None,
            arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 4},
        )
        for mark in named
    ]  # fmt: skip
    sizes = [_size(note) for note in notes]
    places = place(sizes, spots, frame, far=far, bare=bare) or place(sizes, spots, EVERYWHERE, far=far, bare=bare) or []
    for note, spot, found in zip(notes, spots, places, strict=False):
        points = 72 / axes.figure.dpi
        note.set_position(((found.box.left - spot.x) * points, (found.box.bottom - spot.y) * points))
        note.arrow_patch.set_visible(found.led)
    return len(places) == len(notes) and all(found.box.within(frame) for found in places)


def _spot(axes: Any, mark: Mark) -> Spot:
    """Where a point is on the page, in pixels; labels stay clear of its corners, whatever its marker."""
    corner = sqrt(2 * mark.area) * axes.figure.dpi / 72 / 2
    x, y = axes.transData.transform((mark.x, mark.y))
    return Spot(x, y, max(MARKER, corner + AIR) if mark.area else MARKER)


def _size(note: Any) -> tuple[float, float]:
    from matplotlib.text import Text

    note.update_positions(note.figure.canvas.get_renderer())
    box = Text.get_window_extent(note)  # the annotation's own would hold its line too
    return box.width, box.height


EVERYWHERE = Box(float("-inf"), float("-inf"), float("inf"), float("inf"))


if __name__ == "__main__":
    serve(draw)
