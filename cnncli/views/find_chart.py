"""What was found as points: the first figure of the front over the second, with the front drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cnncli.analysis.metric import Unit
from cnncli.analysis.metrics import metric
from cnncli.draw.chart import Chart, ChartPoint, Panel
from cnncli.network import model_of
from cnncli.search.evaluation import Row
from cnncli.search.limits import TOP1
from cnncli.views.find import Finding
from cnncli.views.found import RANK

MOST = 40
"""Points: more names than these nobody finds in a picture."""


def find_chart(finding: Finding) -> Chart:
    """Filled points are on the front, and joined where it is of two figures; each further figure has a panel."""
    over, *under = _axes(finding)
    rows = [found for found in drawn(finding) if found[over] is not None]
    points = [ChartPoint(found["reference"], found[over], _series(found), hollow=not found["pareto"]) for found in rows]
    panels = [_panel(key, rows, _line(rows, over) if len(under) == 1 else []) for key in under]
    return Chart(_label(over), points, [panel for panel in panels if panel.values])


def drawn(finding: Finding) -> list[Row]:
    """The front first, and as many of the others as have room, in their order."""
    rows = finding.ranked[: finding.shown.top]
    chosen = sorted(rows, key=lambda found: not found["pareto"])[:MOST]
    kept = {found["reference"] for found in chosen}
    return [found for found in rows if found["reference"] in kept]


def _axes(finding: Finding) -> list[str]:
    """What is across, and what is up: costs across. Without any published accuracy parameters are up instead of it."""
    known = [key for key in finding.shown.pareto if any(found[key] is not None for found in finding.ranked)]
    costs = [key for key in known if key != TOP1]
    across = RANK if RANK in costs or not costs else costs[0]
    up = [key for key in known if key != across]
    return [across, *(up or ["params"])]


def _panel(key: str, rows: Sequence[Row], line: Sequence[str]) -> Panel:
    scale: Literal["log", "linear"] = "linear" if key == TOP1 else "log"
    values = {found["reference"]: found[key] for found in rows if found.get(key)}
    return Panel(_label(key), scale, values, [line] if len(line) > 1 else [])


def _line(rows: Sequence[Row], over: str) -> list[str]:
    on = [found for found in rows if found["pareto"]]
    return [found["reference"] for found in sorted(on, key=lambda found: found[over])]


def _label(key: str) -> str:
    if key == TOP1:
        return "Top-1 accuracy on ImageNet, % (filled: the Pareto front)"
    if key == RANK:
        return "Multiply-accumulates of one image"
    told = metric(key)
    return f"{told.header}, bytes" if told.unit is Unit.BYTES else told.header


def _series(found: Row) -> str:
    """What the networks of its paper are called together."""
    spec = model_of(found["reference"]).spec
    return spec.architecture or spec.name
