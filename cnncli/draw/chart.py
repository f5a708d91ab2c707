"""Points on axes: a figure of each thing over another one, which two or more panels may show side by side."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.child.parent import run
from cnncli.document.numbers import scaled
from cnncli.draw.label_places import Box, Spot, place
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


class Panel(NamedTuple):
    """One set of axes: what its height means, and the values by their points' labels; a point may have none.

    `lines` join points, by their labels.
    """

    label: str
    scale: Literal["log", "linear"]
    values: Mapping[str, float]
    lines: Sequence[Sequence[str]] = ()


class ChartPoint(NamedTuple):
    """What is called `label`, at `x`; points of one series look alike, hollow ones are variants."""

    label: str
    x: float
    series: str
    hollow: bool = False


LINE = "#bbbbbb"
"""Colour of what joins points."""
Looks = Mapping[str, tuple[str, str]]
"""Colour and marker of each series."""
PANEL = (7.0, 5.2)
"""Width and height of a panel, in inches."""
MARGINS, MARGINS_KEYED = (0.24, 0.12), (0.08, 0.1)
"""Room for labels left and right, below and above, as parts of what the points span."""
KEY_LINE = 12
"""Height of a line of the key, in points."""
KEY_INDENT = 0.45
"""Width of a number and of what parts two columns, in inches."""


class Chart(NamedTuple):
    x_label: str
    points: Sequence[ChartPoint]
    panels: Sequence[Panel]


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
    names = {
        point.label: str(number) if keyed else visible(point.label) for number, point in enumerate(_in_order(chart), 1)
    }
    every = _panels(figure, chart, looks, names, keyed=keyed)
    figure.draw_without_rendering()  # settles the layout, in which the labels then find their places
    figure.set_layout_engine("none")
    placed = [
        _label(axes, marks, [names[mark.point.label] for mark in marks], far=keyed)
        for axes, marks in zip(every, (_marks(chart, panel) for panel in chart.panels), strict=True)
    ]
    return figure if keyed or all(placed) else None


def _in_order(chart: Chart) -> list[ChartPoint]:
    return sorted(chart.points, key=lambda point: (point.x, point.label))


def _panels(figure: Any, chart: Chart, looks: Looks, names: Mapping[str, str], *, keyed: bool) -> list[Any]:
    """The panels' axes, side by side, with the key in axes of its own below them."""
    if not keyed:
        every = list(figure.subplots(1, len(chart.panels), squeeze=False)[0])
    else:
        columns, wide = _key_columns(figure, names)
        high = KEY_LINE * -(-len(names) // columns) / 72
        figure.set_size_inches(max(figure.get_figwidth(), wide), PANEL[1] + high)
        grid = figure.add_gridspec(2, len(chart.panels), height_ratios=[PANEL[1], high])
        every = [figure.add_subplot(grid[0, column]) for column in range(len(chart.panels))]
        _write_key(figure.add_subplot(grid[1, :]), chart, looks, names, columns)
    for axes, panel in zip(every, chart.panels, strict=True):
        _draw(axes, chart, panel, looks, MARGINS_KEYED if keyed else MARGINS)
    return every


def _key_columns(figure: Any, names: Mapping[str, str]) -> tuple[int, float]:
    """In how many columns the key fits the figure, and how wide it has to be for one of them, in inches."""
    longest = max(names, key=len)
    text = figure.text(0, 0, longest, fontsize=8)
    wide = text.get_window_extent().width / figure.dpi + KEY_INDENT
    text.remove()
    return max(1, int((figure.get_figwidth() - 0.3) / wide)), wide + 0.3


def _write_key(axes: Any, chart: Chart, looks: Looks, names: Mapping[str, str], columns: int) -> None:
    """`1 mobilenet_v1`, column by column, the numbers in the colours of their series."""
    axes.set_axis_off()
    rows = -(-len(names) // columns)
    inch = 1 / (axes.figure.get_figwidth() - 0.3)
    for at, point in enumerate(_in_order(chart)):
        column, row = divmod(at, rows)
        x, y = column / columns, 1 - (row + 0.5) / rows
        aligned = {"transform": axes.transAxes, "fontsize": 8, "va": "center"}
        axes.text(x + 0.2 * inch, y, names[point.label], color=looks[point.series][0], ha="right", **aligned)
        axes.text(x + 0.27 * inch, y, visible(point.label), **aligned)


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
    """A point on a panel."""

    point: ChartPoint
    x: float
    y: float


def _marks(chart: Chart, panel: Panel) -> list[Mark]:
    return [Mark(point, point.x, panel.values[point.label]) for point in chart.points if point.label in panel.values]


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
        axes.scatter(
            [mark.x for mark in alike], [mark.y for mark in alike],
            s=46, c=["white" if mark.point.hollow else colour for mark in alike], edgecolors=colour, marker=marker,
            linewidths=1.5, zorder=3, label=visible(name),
        )  # fmt: skip
    _join(axes, marks, panel.lines)
    axes.set(xscale="log", yscale=panel.scale, xlabel=chart.x_label, ylabel=panel.label)
    axes.margins(*margins)
    _scale(axes, panel)
    if len({mark.point.series for mark in marks}) > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, borderaxespad=0.2)


def _join(axes: Any, marks: Sequence[Mark], lines: Sequence[Sequence[str]]) -> None:
    """Lines below the points; each passes over those that are not on this panel."""
    there = {mark.point.label: (mark.x, mark.y) for mark in marks}
    for line in lines:
        ends = [there[label] for label in line if label in there]
        if len(ends) > 1:
            axes.plot(*zip(*ends, strict=True), color=LINE, linewidth=1.0, zorder=2, label="_")


def _scale(axes: Any, panel: Panel) -> None:
    """Ticks of round numbers, written as tables write them, and a grid."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis, scale in ((axes.xaxis, "log"), (axes.yaxis, panel.scale)):
        if scale == "log":
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda value, _: scaled(value).replace(".00", "")))
    axes.grid(which="major", color="#dddddd", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)


def _label(axes: Any, marks: Sequence[Mark], names: Sequence[str], *, far: bool) -> bool:
    """Each point's label beside it; whether all have found a place of their own. A line leads to one that is far."""
    spots = [Spot(*axes.transData.transform(mark[1:])) for mark in marks]
    frame = Box(*axes.bbox.extents)
    notes = [
        axes.annotate(
            name, mark[1:], xytext=(0, 0), textcoords="offset points", fontsize=8, ha="left", va="bottom",
            arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 4},
        )
        for name, mark in zip(names, marks, strict=True)
    ]  # fmt: skip
    sizes = [_size(note) for note in notes]
    places = place(sizes, spots, frame, far=far) or place(sizes, spots, EVERYWHERE, far=far) or []
    for note, spot, found in zip(notes, spots, places, strict=False):
        points = 72 / axes.figure.dpi
        note.set_position(((found.box.left - spot.x) * points, (found.box.bottom - spot.y) * points))
        note.arrow_patch.set_visible(found.led)
    return len(places) == len(notes) and all(found.box.within(frame) for found in places)


def _size(note: Any) -> tuple[float, float]:
    from matplotlib.text import Text

    note.update_positions(note.figure.canvas.get_renderer())
    box = Text.get_window_extent(note)  # the annotation's own would hold its line too
    return box.width, box.height


EVERYWHERE = Box(float("-inf"), float("-inf"), float("inf"), float("inf"))


if __name__ == "__main__":
    serve(draw)
