"""What a network is as deployed, in `summary`: the file, the peak of memory and where it is, the arena, by kind."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from cnncli.analysis.deployment import At, Deployment, deployment, kinds_of, peak_at
from cnncli.analysis.labels import counted
from cnncli.analysis.metric import Metric, Place
from cnncli.analysis.metrics import metrics
from cnncli.document.numbers import scaled
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Table
from cnncli.graph import Graph
from cnncli.network import Network


class Kind(NamedTuple):
    """A network as one kind of file, and where most memory is needed."""

    name: str
    found: Deployment
    at: At | None


def deployed_table(network: Network) -> Table | None:
    """A row a kind, and below them where most memory is needed; None of a table of weights, which nobody can run."""
    reading = network.origin.reading
    if reading and reading.only_weights:
        return None
    graph = network.graph
    rows = [Kind(kind, deployment(graph, kind), peak_at(graph, kind)) for kind in kinds_of(graph)]
    return Table(_columns(graph), rows, notes=[*_places(rows), *_notes(graph, rows)])


def _columns(graph: Graph) -> list[Column]:
    """A kind's name and figures."""
    return [
        Column("kind", "As\ndeployed", lambda row: f"{row.name} *" if row.found.is_read else row.name),
        *(_figure(each, graph) for each in metrics(Place.DEPLOYED)),
    ]


def _figure(metric: Metric, graph: Graph) -> Column:
    assert metric.by_kind is not None
    of_kind = partial(metric.by_kind, graph)
    return Column(
        metric.key, metric.title.replace(" ", "\n"), lambda row: of_kind(row.name), True, partial(scaled, unit="B")
    )


def where(at: At | None) -> str:
    """`stage2.block1.expand_activation (MUL)`."""
    if at is None:
        return ""
    return f"{at.layer} ({at.operation})" if at.layer else at.operation


def _places(rows: Sequence[Kind]) -> list[str]:
    """Where the peaks are, each place once."""
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(where(row.at), []).append(row.name)
    whose = "" if len(kinds) == 1 else " of {}"
    return [f"Peak{whose.format(enumerated(names))} at {place}" for place, names in kinds.items() if place]


def _notes(graph: Graph, rows: Sequence[Kind]) -> list[str]:
    others = "; the others are predicted" if len(rows) > 1 else ""
    notes = [f"* As the file is{others}."] if any(row.found.is_read for row in rows) else []
    notes += [f"No {row.name}: {row.found.plan.impossible}." for row in rows if row.found.plan.impossible]
    unknown = {node for row in rows for node in row.found.plan.uncounted}
    if unknown:
        types = counted([graph.nodes[node].type for node in sorted(unknown)])
        notes.append(f"Nobody knows the operations of {len(unknown)} layer{'s' if len(unknown) > 1 else ''} ({types}).")
    notes += _arenas(rows)
    return notes


def _arenas(rows: Sequence[Kind]) -> list[str]:
    """What TensorFlow Lite Micro needs besides, of the last kind that it runs, and why some have no arena."""
    reasons: dict[str, list[str]] = {}
    for row in [row for row in rows if not row.found.plan.impossible]:
        reasons.setdefault(row.found.why_no_arena, []).append(row.name)
    tails = ((row.name, row.found.arena_tail_bytes) for row in reversed(rows))
    last, bounds = next((each for each in tails if each[1]), ("", None))
    notes = [f"Arena unknown of {enumerated(names)}: {reason}." for reason, names in reasons.items() if reason]
    if bounds:
        tail = " to ".join(scaled(each, "B") for each in bounds)
        notes.insert(0, f"Arena: behind that of {last} TFLite Micro keeps {tail} more, by estimate.")
    return notes
