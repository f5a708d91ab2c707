"""Labels of the chart of `compare`: whole, within, and on nothing else, however many networks there are."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from cnncli.analysis.compare.comparison import entry
from cnncli.draw.chart import Chart, ChartPoint, Panel, _looks, draw_chart
from cnncli.draw.label_places import MARKER, Box, Spot, crosses, place
from cnncli.network import architectures, network
from cnncli.views.chart import chart

ALL = [
    "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large",
    *(f"efficientnet_b{number}" for number in range(8)),
]  # fmt: skip
SIZES = [
    f"mobilenet_v2:input_shape={side},alpha={alpha}"
    for alpha in (0.35, 0.5, 0.75, 1.0) for side in (96, 128, 160, 192, 224)
] + ["mobilenet_v2:alpha=1.3", "mobilenet_v2:alpha=1.4"]  # fmt: skip
MANY = {
    "two": ["v1", "v2"],
    "two alike": ["v1", "v1@article"],
    "every network": ALL,
    "both flavors": [reference for name in ALL for reference in (name, f"{name}@article")],
    "one network's sizes": SIZES,
    "forty": [*SIZES, *ALL, *(f"{name}@article" for name in ALL)][:40],
    "thirty of the field": [spec.name for spec in architectures()[::4]][:30],
    "a long name": ["v1", "v3_large:alpha=0.75,minimalistic=true,include_preprocessing=false,include_top=false,"
                    "input_shape=192x256,pooling=max", "v3_small:minimalistic=true,include_top=false,pooling=avg"],
}  # fmt: skip


def drawn(made: Chart) -> Figure:
    """The chart's figure, as it was saved."""
    found: list[Figure] = []
    real = Figure.savefig

    def kept(figure: Figure, *arguments: Any, **options: Any) -> None:
        real(figure, *arguments, **options)
        figure.draw_without_rendering()  # it was drawn in another resolution
        found.append(figure)

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", kept)
        draw_chart(made, Path(folder) / "chart.png", "png")
    return found[-1]


@cache
def charted(case: str) -> tuple[Chart, Figure]:
    made = chart([entry(network(reference)) for reference in MANY[case]])
    return made, drawn(made)


def box(text: Any) -> Box:
    return Box(*Text.get_window_extent(text).extents)


def written(figure: Figure) -> list[Text]:
    """All texts of the figure that are seen, but for the numbers at the axes."""
    axes = [axis for each in figure.axes for axis in (each.xaxis, each.yaxis)]
    ticks = {text for axis in axes for which in ("major", "minor") for text in axis.get_ticklabels(which=which)}
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in found if text not in ticks]


@pytest.mark.parametrize("case", MANY)
def test_no_label_is_cut_or_stands_on_another(case: str) -> None:
    made, figure = charted(case)
    names = [point.label for point in made.points]
    assert len(names) > 1
    texts = written(figure)
    assert set(names) <= {text.get_text() for text in texts}
    page = Box(*figure.bbox.extents)
    for text in texts:
        assert box(text).within(page), text
    labels = [text for text in texts if isinstance(text, Annotation)]
    assert len(labels) == sum(len(set(names) & set(panel.values)) for panel in made.panels)
    key = [text for text in texts if text.get_text() in names and not isinstance(text, Annotation)]
    for one, other in combinations([*labels, *key], 2):
        assert not box(one).overlaps(box(other)), (one, other)
    for axes, panel in zip(figure.axes, made.panels, strict=False):
        marks = [(point, axes.transData.transform((point.x, panel.values[point.label]))) for point in made.points
                 if point.label in panel.values]  # fmt: skip
        for label in axes.texts:
            assert box(label).within(Box(*axes.bbox.extents)), label
            assert all(box(label).distance(Spot(*at)) > MARKER - 2 for _, at in marks), label


def test_numbers_stand_for_labels_where_these_have_no_room() -> None:
    """In the order of their work, and the key says which is which."""
    texts = [text.get_text() for text in written(charted("one network's sizes")[1])]
    assert {str(number) for number in range(1, len(SIZES) + 1)} <= set(texts)
    assert texts.index("1") < texts.index("mobilenet_v2:input_shape=96,alpha=0.35")
    few = [text.get_text() for text in written(charted("every network")[1])]
    assert few.count("mobilenet_v1") > 1  # beside its points, and in the legend
    assert "1" not in few


def test_points_at_one_place_are_all_told() -> None:
    points = [ChartPoint(f"network{number}", 1e6, "series") for number in range(12)]
    figure = drawn(Chart("MACs", points, [Panel("Parameters", "log", {point.label: 1e6 for point in points})]))
    labels = [text for text in written(figure) if isinstance(text, Annotation)]
    assert len(labels) == 12
    assert not any(box(one).overlaps(box(other)) for one, other in combinations(labels, 2))


@pytest.mark.parametrize("seed", range(6))
def test_places(seed: int) -> None:
    """Of random labels beside random points: all that `place` promises. Numbers always find one."""
    random = numpy.random.default_rng(seed)
    count = int(random.integers(2, 41))
    frame = Box(0, 0, 620, 430)
    spots = [Spot(*map(float, at)) for at in random.uniform((40, 40), (580, 390), (count, 2))]
    for far, wide in ((True, 14.0), (False, 90.0)):
        places = place([(wide, 11.0)] * count, spots, frame, far=far)
        assert places or not far
        for number, found in enumerate(places or []):
            assert found.box.within(frame)
            others = [spot for at, spot in enumerate(spots) if at != number]
            assert all(found.box.distance(spot) >= MARKER for spot in others)
            assert found.led or all(found.box.distance(spot) > found.box.distance(spots[number]) for spot in others)
        for one, other in combinations(places or [], 2):
            assert not one.box.overlaps(other.box)
            for led, free in ((one, other), (other, one)):
                at = spots[(places or []).index(led)]
                assert not (led.led and crosses((at, led.box.nearest(at)), free.box))


def test_no_two_series_look_alike() -> None:
    points = [ChartPoint(f"network{number}", 10.0**number, f"series{number}") for number in range(12)]
    looks = _looks(Chart("", points, []))
    assert len(set(looks.values())) == 12
    assert len({colour for colour, _ in looks.values()}) == 6


def test_lines_join_the_points_that_a_panel_has() -> None:
    """Below the points, and past those that it has not."""
    points = [ChartPoint(name, 10.0 ** (6 + place), "series") for place, name in enumerate("abcd")]
    values = {"a": 1e5, "b": 1e6, "d": 2e6}
    lines = [["a", "b", "c", "d"], ["c", "d"]]
    figure = drawn(Chart("MACs", points, [Panel("Parameters", "log", values, lines)]))
    (line,) = figure.axes[0].lines
    assert [*zip(*line.get_data(), strict=True)] == [(1e6, 1e5), (1e7, 1e6), (1e9, 2e6)]
    assert line.get_zorder() < min(found.get_zorder() for found in figure.axes[0].collections)
