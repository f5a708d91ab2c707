"""Compared networks as points: parameters against MACs and, where it is published, accuracy against MACs."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.analysis.compare.comparison import Entry
from cnncli.draw.chart import Chart, ChartPoint, Panel


def chart(entries: Sequence[Entry]) -> Chart:
    """The points of a paper look alike, of which other flavors than the first are hollow."""
    found = {each.reference: each for each in entries}
    points = [
        ChartPoint(
            name, each.totals.macs, series(each), hollow=each.model.flavor != each.model.spec.flavors[0]
        )
        for name, each in found.items()
    ]  # fmt: skip
    params = {name: each.totals.params for name, each in found.items() if each.totals.params}
    top1 = {name: each.published.top1 for name, each in found.items() if each.published and each.published.top1}
    panels = [Panel("Parameters", "log", params), Panel("Top-1 accuracy on ImageNet, %", "linear", top1)]
    return Chart("Multiply-accumulates of one image", points, [panel for panel in panels if panel.values])


def series(entry: Entry) -> str:
    """What a network is a size or a variant of, by its paper: `MobileNet (2019)`."""
    spec = entry.model.spec
    return f"{spec.family} ({spec.year})"
