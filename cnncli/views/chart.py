"""Compared networks as points: parameters against MACs and, where it is published, accuracy against MACs."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.amounts import is_known
from cnncli.analysis.compare.comparison import Entry
from cnncli.draw.chart import Chart, ChartPoint, Panel
from cnncli.network import Network


def chart(entries: Sequence[Entry]) -> Chart:
    """The points of a paper look alike, of which other flavors than the first are hollow."""
    found = {each.reference: each for each in entries}
    points = [
        ChartPoint(name, each.totals.macs, series(each.network), hollow=_is_variant(each.network))
        for name, each in found.items()
        if is_known(each.totals.macs)
    ]
    params = {
        name: each.totals.params for name, each in found.items() if each.totals.params and is_known(each.totals.params)
    }
    published = {name: each.network.published for name, each in found.items()}
    top1 = {name: figures.top1 for name, figures in published.items() if figures and figures.top1}
    panels = [Panel("Parameters", "log", params), Panel("Top-1 accuracy on ImageNet, %", "linear", top1)]
    return Chart("Multiply-accumulates of one image", points, [panel for panel in panels if panel.values])


def series(network: Network) -> str:
    """What the networks of its paper are called together: mobilenet_v3, efficientnet."""
    return network.about.architecture if network.about else network.name


def _is_variant(network: Network) -> bool:
    model = network.model
    return model is not None and model.flavor != model.spec.flavors[0].name
