"""Points on axes: a figure of each thing over another one, which two or more panels may show side by side."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from math import hypot
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cnncli.child import Tell, run, serve
from cnncli.document.numbers import scaled
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
    """One set of axes: what its height means, and the values by their points' labels; a point may have none."""

    label: str
    scale: Literal["log", "linear"]
    values: Mapping[str, float]


class ChartPoint(NamedTuple):
    """What is called `label`, at `x`; points of one series look alike, hollow ones are variants."""

    label: str
    x: float
    series: str
    hollow: bool = False


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
    os.environ |= {"MATPLOTLIBRC": os.devnull, "MPLBACKEND": "agg"}
    warnings.simplefilter("ignore")  # of letters that the font lacks
    try:
        draw_chart(job.chart, job.draft, job.suffix)
    except OSError as error:
        if error.errno is None:  # of a library that cannot be loaded
            raise MachineError(f"drawing a chart takes matplotlib, which cannot be loaded: {error}") from None
        raise MachineError(f"{job.target} cannot be written: {error.strerror}") from None


def draw_chart(chart: Chart, path: Path, suffix: str) -> None:
    """Draw into a file, here and now. Raises ImportError without matplotlib, OSError where it cannot be written."""
    with _defaults():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7 * len(chart.panels), 5.2), layout="constrained")
        FigureCanvasAgg(figure)
        every = figure.subplots(1, len(chart.panels), squeeze=False)[0]
        for axes, panel in zip(every, chart.panels, strict=True):
            _draw(axes, chart, panel)
        figure.draw_without_rendering()  # settles the layout, in which the labels then find their places
        for axes, panel in zip(every, chart.panels, strict=True):
            _label(axes, _marks(chart, panel))
        figure.savefig(path, format=suffix, dpi=150, metadata=REPRODUCIBLE[suffix])


@contextmanager
def _defaults() -> Iterator[None]:
    """Have matplotlib draw with its own defaults, whatever a user makes of his own pictures."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it reports its font cache
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


Pixel = tuple[float, float]


class Mark(NamedTuple):
    """A point on a panel."""

    point: ChartPoint
    x: float
    y: float


def _marks(chart: Chart, panel: Panel) -> list[Mark]:
    return [Mark(point, point.x, panel.values[point.label]) for point in chart.points if point.label in panel.values]


def _draw(axes: Any, chart: Chart, panel: Panel) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    series = dict.fromkeys(point.series for point in chart.points)
    marks = _marks(chart, panel)
    for name, (colour, marker) in zip(series, cycle(LOOKS), strict=False):
        alike = [mark for mark in marks if mark.point.series == name]
        if not alike:
            continue
        axes.scatter(
            [mark.x for mark in alike], [mark.y for mark in alike],
            s=46, c=["white" if mark.point.hollow else colour for mark in alike], edgecolors=colour, marker=marker,
            linewidths=1.5, zorder=3, label=visible(name),
        )  # fmt: skip
    axes.set(xscale="log", yscale=panel.scale, xlabel=chart.x_label, ylabel=panel.label)
    axes.margins(0.24, 0.12)  # room for the labels
    for axis, scale in ((axes.xaxis, "log"), (axes.yaxis, panel.scale)):
        if scale == "log":
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda value, _: scaled(value).replace(".00", "")))
    axes.grid(which="major", color="#dddddd", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    if len({mark.point.series for mark in marks}) > 1:
        axes.legend(loc="best", frameon=False)


PLACES = tuple(
    (reach * x, reach * y)
    for reach in (7, 14, 24, 36)
    for x, y in ((1, 0), (0, 1), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
)
"""Where a label may stand from its point, in points of type; the first that is free is taken."""


def _label(axes: Any, marks: Sequence[Mark]) -> None:
    """Each point's label beside it, on no other label and no point; a line leads to a label that is far."""
    legend = axes.get_legend()
    taken = [legend.get_window_extent()] if legend else []
    places = [tuple(axes.transData.transform(mark[1:])) for mark in marks]
    for mark, at in sorted(zip(marks, places, strict=True), key=lambda pair: pair[1]):
        note = axes.annotate(
            visible(mark.point.label), mark[1:], xytext=(0, 0), textcoords="offset points", fontsize=8,
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


if __name__ == "__main__":
    serve(draw)
