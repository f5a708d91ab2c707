"""What changes from the baseline to another model, as lines like a diff's and as a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cnncli.analysis.compare.comparison import Entry
from cnncli.analysis.compare.difference import COSTS, Change, Costs, difference
from cnncli.document.document import Line, Listing
from cnncli.document.table import Column, Table
from cnncli.views.comparison import identity_line
from cnncli.views.data import change_data


class Diff(NamedTuple):
    """The changes from one model to another, by their references; `identity` says that there are none."""

    before: str
    after: str
    changes: Sequence[Change]
    identity: str = ""


def diffs(entries: Sequence[Entry]) -> list[Diff]:
    """What changes from the first model to each other one."""
    base, *others = entries
    return [
        Diff(base.reference, other.reference, difference(base.graph, other.graph), identity_line(base, other))
        for other in others
    ]


def diff_listing(diff: Diff) -> Listing:
    """A line a change, marked as a diff marks it, and the sum."""
    if diff.identity:
        return Listing(diff.identity)
    total = sum((change.costs for change in diff.changes), Costs())
    lines = [Line(change.kind, f"{_where(change)}: {_what(change)}") for change in diff.changes]
    return Listing(
        f"Changes from {diff.before} to {diff.after}",
        [*lines, Line("", f"In all: {_costs(total) or 'at the same cost'}")],
    )


def _where(change: Change) -> str:
    if change.before and change.after and change.before != change.after:
        return f"{change.before} → {change.after}"
    return str(change.before or change.after)


def _what(change: Change) -> str:
    if change.kind == "equal":
        return f"{change.blocks} equal" if change.blocks > 1 else "equal"
    costs = _costs(change.costs)
    together = "together " if change.blocks > 1 else ""
    return ", ".join([*change.what, *([together + costs] if costs else [])])


def _costs(costs: Costs) -> str:
    """`+1,152 params, +12,845,056 MACs`; FLOPs where only they change; nothing where nothing does."""
    told = [f"{costs.params:+,} params"] if costs.params else []
    told += [f"{costs.macs:+,} MACs"] if costs.macs else []
    return ", ".join(told) or (f"{costs.flops:+,} FLOPs" if costs.flops else "")


def change_sheet(diffs: Sequence[Diff]) -> Table:
    """A row a change of each model."""
    rows = [(diff, change) for diff in diffs for change in diff.changes if change.kind != "equal"]
    return Table(
        [
            Column("model", "Model", lambda row: row[0].after),
            Column("kind", "Kind", lambda row: row[1].kind),
            Column("before", "Before", lambda row: row[1].before),
            Column("after", "After", lambda row: row[1].after),
            Column("blocks", "Blocks", lambda row: row[1].blocks),
            Column("what", "What", lambda row: ", ".join(row[1].what)),
            *(_cost_column(key) for key in COSTS),
        ],
        rows,
    )


def _cost_column(key: str) -> Column:
    return Column(key, key, lambda row: getattr(row[1].costs, key))


def changes(diffs: Sequence[Diff]) -> list[dict[str, Any]]:
    """What changes in each model, as JSON has it."""
    return [change_data(diff.after, change) for diff in diffs for change in diff.changes if change.kind != "equal"]
