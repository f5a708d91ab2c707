"""What changes from the baseline to another model, as lines like a diff's and as a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.compare.attribution import EXPLAINED
from cnncli.analysis.compare.comparison import Entry, crosses, identical, incomparable
from cnncli.analysis.compare.difference import Change, Costs, added, difference
from cnncli.analysis.metrics import Place, metrics
from cnncli.document.document import Line, Listing
from cnncli.document.table import Column, Table
from cnncli.views.changes import phrases, span
from cnncli.views.comparison import identity_line
from cnncli.views.data import change_data


class Diff(NamedTuple):
    """The changes from one model to another, by their references; `identity` says that there are none.

    `folded` is whether costs are those of the normal form.
    """

    before: str
    after: str
    changes: Sequence[Change]
    identity: str = ""
    folded: bool = False


def diffs(entries: Sequence[Entry]) -> list[Diff]:
    """What changes from the first model to each other one."""
    base, *others = entries
    return [_diff(base, other) for other in others]


def _diff(base: Entry, other: Entry) -> Diff:
    if not crosses(base, other):
        changes = difference(base.graph, other.graph)
        return Diff(base.reference, other.reference, changes, identity_line(base, other))
    if incomparable(base, other):
        return Diff(base.reference, other.reference, (), "Weights alone have no blocks to compare.")
    if identical(base, other):
        return Diff(base.reference, other.reference, (), "No block differs.")
    from cnncli.analysis.compare.across import changes_across

    return Diff(base.reference, other.reference, changes_across(base, other), folded=True)


def diff_listing(diff: Diff) -> Listing:
    """A line a change, marked as a diff marks it, and the sum."""
    if diff.identity:
        return Listing(diff.identity)
    total = added(change.costs for change in diff.changes)
    lines = [Line(change.kind, f"{_where(change)}: {_what(change)}") for change in diff.changes]
    lines.append(Line("", f"In all: {_costs(total) or 'at the same cost'}"))
    if diff.folded:
        lines.append(Line("", FOLDED))
    return Listing(f"Changes from {diff.before} to {diff.after}", lines)


FOLDED = "Counted with batch normalization folded into the kernels, unlike the totals."
"""Of changes across kinds of files, whose sum is not the difference of the totals."""


def _where(change: Change) -> str:
    before, after = span(change.before), span(change.after)
    return f"{before} → {after}" if before and after and before != after else str(before or after)


def _what(change: Change) -> str:
    if change.kind == "equal":
        return f"{change.blocks} equal" if change.blocks > 1 else "equal"
    costs = _costs(change.costs)
    together = "together " if change.blocks > 1 else ""
    return ", ".join([*phrases(change), *([together + costs] if costs else [])])


def _costs(costs: Costs) -> str:
    """`+1,152 params, +12,845,056 MACs`; of other figures the first, where only they change; nothing for nothing."""
    every = metrics(Place.CHANGE, additive=True)
    told = [each for each in every if costs[each.key] or not is_known(costs[each.key])]
    main = [each for each in told if each.key in EXPLAINED] or told[-1:]
    return ", ".join(f"{costs[each.key]:+,} {each.counted}" for each in main)


def change_sheet(diffs: Sequence[Diff]) -> Table:
    """A row a change of each model."""
    rows = [(diff, change) for diff in diffs for change in diff.changes if change.kind != "equal"]
    return Table(
        [
            Column("model", "Model", lambda row: row[0].after),
            Column("kind", "Kind", lambda row: row[1].kind),
            Column("before", "Before", lambda row: span(row[1].before)),
            Column("after", "After", lambda row: span(row[1].after)),
            Column("blocks", "Blocks", lambda row: row[1].blocks),
            Column("what", "What", lambda row: ", ".join(phrases(row[1]))),
            *(_cost_column(each.key) for each in metrics(Place.CHANGE, additive=True)),
        ],
        rows,
    )


def _cost_column(key: str) -> Column:
    return Column(key, key, lambda row: row[1].costs[key])


def changes(diffs: Sequence[Diff]) -> list[dict[str, Any]]:
    """What changes in each model, as JSON has it."""
    return [change_data(diff.after, change) for diff in diffs for change in diff.changes if change.kind != "equal"]
