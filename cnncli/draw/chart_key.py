"""What the numbers, colours, markers and areas of a chart stand for."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, log10, pi
from typing import TYPE_CHECKING, Any

from cnncli.document.numbers import scaled
from cnncli.words import visible

if TYPE_CHECKING:
    from cnncli.draw.chart import Chart, Looks

KEY_INDENT = 0.45
"""Width of a number and of what parts two columns, in inches."""
AREAS = {"o": pi / 4, "s": 1.0, "^": 0.5, "v": 0.5, "D": 1.0, "P": 5 / 9}
"""How much of the square that it is drawn in a marker fills (matplotlib.markers), so that areas may be compared."""
LARGEST, LEAST = 420.0, 7.0
"""The area of the largest amount, in square points, and what a dot takes to be seen."""
TRANSLUCENT = "80"
"""Of fills that may lie on each other, as the last digits of a colour."""
MOST_ABOVE = 8
"""Series that are told above each panel; more are told once, below."""


def area_of(amount: float, largest: float) -> float:
    """In square points: 0 where nothing is shown by areas."""
    return max(LARGEST * amount / largest, LEAST) if largest else 0


def key_columns(figure: Any, names: Mapping[str, str]) -> tuple[int, float]:
    """In how many columns the key fits the figure, and how wide it has to be for one of them, in inches."""
    longest = max(names, key=len)
    text = figure.text(0, 0, longest, fontsize=8)
    wide = text.get_window_extent().width / figure.dpi + KEY_INDENT
    text.remove()
    return max(1, int((figure.get_figwidth() - 0.3) / wide)), wide + 0.3


def write_key(axes: Any, chart: Chart, looks: Looks, names: Mapping[str, str], columns: int) -> None:
    """`1 mobilenet_v1`, column by column, the numbers in the colours of their series."""
    axes.set_axis_off()
    rows = -(-len(names) // columns)
    inch = 1 / (axes.figure.get_figwidth() - 0.3)
    for at, point in enumerate(chart.named):
        column, row = divmod(at, rows)
        x, y = column / columns, 1 - (row + 0.5) / rows
        aligned = {"transform": axes.transAxes, "fontsize": 8, "va": "center"}
        axes.text(x + 0.2 * inch, y, names[point.label], color=looks[point.series][0], ha="right", **aligned)
        axes.text(x + 0.27 * inch, y, visible(point.label), **aligned)


def shared_legend(chart: Chart) -> bool:
    """Whether the series are told once for all panels: where they are many, or areas have to be told as well."""
    return bool(chart.amount_label) or len({point.series for point in chart.points}) > MOST_ABOVE


def write_legend(figure: Any, chart: Chart, looks: Looks) -> None:
    """The series below the panels, and what areas mean above them."""
    from matplotlib.lines import Line2D

    series = [
        Line2D([], [], linestyle="", color=colour, marker=marker, markersize=6, label=visible(name))
        for name, (colour, marker) in looks.items()
    ]
    if len(series) > 1:
        columns = min(len(series), max(1, int(figure.get_figwidth() / 1.5)))
        figure.legend(handles=series, loc="outside lower center", ncols=columns, frameon=False, fontsize=8)
    if chart.amount_label:
        largest = max(point.amount for point in chart.points)
        amounts = [
            Line2D([], [], linestyle="", color="#77777780", markeredgecolor="#777777", marker="o",
                   markersize=(area_of(amount, largest) / AREAS["o"]) ** 0.5, label=scaled(amount).replace(".00", ""))
            for amount in round_amounts(largest)
        ]  # fmt: skip
        figure.legend(
            handles=amounts, loc="outside upper left", ncols=len(amounts) + 1, frameon=False, fontsize=8,
            title=f"Areas: {chart.amount_label}", title_fontsize=8, alignment="left",
            handleheight=2.6, handlelength=2.8,
        )  # fmt: skip


def round_amounts(largest: float) -> list[float]:
    """Powers of ten below the largest amount whose areas can be told from a dot's, and the half of the last, if any."""
    top = 10.0 ** floor(log10(largest))
    told = [amount for amount in (top / 100, top / 10, top) if area_of(amount, largest) > LEAST]
    return [*told, *(5 * top for _ in [0] if 5 * top <= largest)]
