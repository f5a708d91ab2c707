"""What a page of two networks marks: which boxes differ, how, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.compare.comparison import entry
from cnncli.analysis.compare.difference import Change, costs_of
from cnncli.analysis.metric import Metric, Place
from cnncli.analysis.metrics import metric
from cnncli.diagram.parts import Part
from cnncli.graph import Group
from cnncli.network import Network
from cnncli.views.changes import phrases, span
from cnncli.views.difference import FOLDED, diffs
from cnncli.words import visible

TOLD = ("params", "macs")
"""Of the figures that changes are told to cost those of which there are columns."""
KINDS = {"added": "Only in the second", "removed": "Only in the first", "changed": "Changed", "equal": "Equal"}


def difference_data(networks: Sequence[Network], sides: Sequence[Sequence[Part]]) -> dict[str, Any]:
    """The rows of a table of changes, and for each network which rows are about a box."""
    diff = diffs([entry(network) for network in networks])[0]
    places = [_places(parts) for parts in sides]
    figures = [metric(key) for key in TOLD if Place.CHANGE in metric(key).places]
    rows = [_row(change, places, figures) for change in diff.changes]
    return {
        "identity": diff.identity or (FOLDED if diff.folded else ""),
        "words": KINDS,
        "columns": _columns(networks, figures),
        "rows": rows,
        "marks": [_marks(rows, number) for number in range(len(sides))],
    }


def _places(parts: Sequence[Part]) -> dict[str, int]:
    """Of each layer the box that it is in, by its name: a graph that was brought into another form keeps the names."""
    return {node.name: place for place, part in enumerate(parts) for node in part.nodes}


def _columns(networks: Sequence[Network], figures: Sequence[Metric]) -> list[dict[str, Any]]:
    first, second = (network.reference for network in networks)
    said = [_column("Change"), _column(first), _column(second), {**_column("What changes"), "words": True}]
    return said + [
        _column(f"{each.title}{of}", right=True) for each in figures for of in (" first", " second", " change")
    ]


def _column(title: str, *, right: bool = False) -> dict[str, Any]:
    return {"title": visible(title), "right": right}


def _row(change: Change, places: Sequence[dict[str, int]], figures: Sequence[Metric]) -> dict[str, Any]:
    sides = (change.before, change.after)
    texts = [visible(span(side) or "") for side in sides]
    what = visible(", ".join(phrases(change)))
    return {
        "kind": change.kind,
        "place": " → ".join(dict.fromkeys(filter(None, texts))),
        "what": what,
        "boxes": [_boxes(side, known) for side, known in zip(sides, places, strict=True)],
        "values": [KINDS[change.kind], *texts, what, *_costs(change, figures)],
    }


def _costs(change: Change, figures: Sequence[Metric]) -> Iterable[Any]:
    """Of each figure what the first network has, the second, and the difference."""
    before, after = (
        costs_of([node for group in side for node in group.nodes]) for side in (change.before, change.after)
    )
    for each in figures:
        yield _number(before[each.key]) if change.before else None
        yield _number(after[each.key]) if change.after else None
        yield _number(change.costs[each.key])


def _number(amount: Any) -> Any:
    return amount if is_known(amount) and abs(amount) < 2**53 else f"{amount:,}"


def _boxes(groups: Sequence[Group], places: dict[str, int]) -> list[int]:
    """The boxes in which these blocks stand, each once."""
    found = (places.get(node.name) for group in groups for node in group.nodes)
    return list(dict.fromkeys(place for place in found if place is not None))


def _marks(rows: Sequence[dict[str, Any]], number: int) -> dict[int, list[int]]:
    """Of each box of one network the rows about it."""
    marks: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        for box in row["boxes"][number]:
            marks.setdefault(box, []).append(place)
    return marks
