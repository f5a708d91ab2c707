"""What changes from the baseline to another model, as lines like a diff's and as a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.compare.attribution import EXPLAINED
from cnncli.analysis.compare.comparison import Entry, crosses, identical, incomparable
from cnncli.analysis.compare.difference import Change, Costs, added, difference
from cnncli.analysis.compare.levels import Level, Section, are_alike, levels
from cnncli.analysis.compare.makeup import contrast
from cnncli.analysis.metric import Place
from cnncli.analysis.metrics import metrics
from cnncli.document.document import Line, Listing
from cnncli.document.numbers import shape
from cnncli.document.table import Column, Table
from cnncli.views.changes import change_place, phrases, span
from cnncli.views.compare_data import change_data
from cnncli.views.comparison import identity_line
from cnncli.views.makeup import Pair, has, makeup_data, unknowns


class Diff(NamedTuple):
    """The changes from one model to another, by their references; `identity` says that there are none.

    `folded` is whether costs are those of the normal form. Of different architectures `pair` tells what they are made
    of, and `levels` what they do on maps of one size where their blocks have nothing in common.
    """

    before: str
    after: str
    changes: Sequence[Change]
    identity: str = ""
    folded: bool = False
    pair: Pair | None = None
    levels: Sequence[Level] = ()


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


def contrasted(entries: Sequence[Entry]) -> list[Diff]:
    """What changes; of different architectures also what each has that the other lacks.

    Where their blocks have little in common, what they do on maps of one size, too. Of a file that is an architecture
    but for a few layers the changes say all.
    """
    base, *others = entries
    return [_contrasted(base, other, diff) for other, diff in zip(others, diffs(entries), strict=True)]


def _contrasted(base: Entry, other: Entry, diff: Diff) -> Diff:
    from cnncli.analysis.compare.across import across, scoped

    found = None if diff.identity else contrast(base, other)
    if found is None or not (found.only_before or found.only_after):
        return diff
    if not (base.network.model and other.network.model) and across(base, other).akin:
        return diff
    told: Sequence[Level] = ()
    if not are_alike(diff.changes):
        told = levels(*scoped(base, other) if diff.folded else (base.graph, other.graph))
    return diff._replace(pair=Pair(base, other, found), levels=told)


def diff_listing(diff: Diff) -> Listing:
    """A line a change, marked as a diff marks it, and the sum."""
    if diff.identity:
        return Listing(diff.identity)
    total = added(change.costs for change in diff.changes)
    lines = [Line(mark, text) for mark, text in zip(("removed", "added"), _lacking(diff), strict=True) if text]
    lines += [Line("", text) for text in unknowns(diff.pair)] if diff.pair else []
    if diff.levels:
        lines.append(Line("", UNLIKE))
        lines += [Line(_mark(level), f"{_size(level)}: {_done(level)}") for level in diff.levels]
    else:
        lines += [Line(change.kind, f"{change_place(change)}: {_what(change)}") for change in diff.changes]
    lines.append(Line("", f"In all: {_costs(total) or 'at the same cost'}"))
    if diff.folded:
        lines.append(Line("", FOLDED))
    return Listing(f"Changes from {diff.before} to {diff.after}", lines)


FOLDED = "Counted with batch normalization folded into the kernels, unlike the totals."
"""Of changes across kinds of files, whose sum is not the difference of the totals."""


UNLIKE = "Their blocks have little in common: what is computed on maps of one size stands together."


def _lacking(diff: Diff) -> tuple[str, str]:
    """What the first network has that the other lacks, and the other way round."""
    if diff.pair is None:
        return "", ""
    found = diff.pair.contrast
    before, after = has(found.before, found.only_before), has(found.after, found.only_after)
    return before and f"only {diff.before}: {before}", after and f"only {diff.after}: {after}"


def _mark(level: Level) -> str:
    if level.before and level.after:
        return "equal" if level.equal else "changed"
    return "removed" if level.before else "added"


def _size(level: Level) -> str:
    """`56x56`, `55x55 → 56x56`; `head` of what stands behind the last map."""
    sides = [section for section in (level.before, level.after) if section]
    names = ["head" if section.level is None else shape(section.shape[:-1]) for section in sides]
    return " → ".join(dict.fromkeys(names))


def _done(level: Level) -> str:
    """What is computed in either; once where both are called the same."""
    words = dict.fromkeys(_section(section) for section in (level.before, level.after) if section)
    end = "equal" if level.equal else _costs(level.costs)
    return ", ".join(filter(None, (" → ".join(words), end)))


def _section(section: Section) -> str:
    """`InvertedResidual6 k3x3 x2, 24 channels`."""
    layers = " + ".join(f"{label} x{count}" if count > 1 else str(label) for label, count in section.labels)
    named = layers or f"{len(section.nodes)} layers"
    return named if section.level is None else f"{named}, {section.shape[-1]} channels"


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


def contrasts(diffs: Sequence[Diff]) -> list[dict[str, Any]]:
    """Of different architectures what they are made of, and what they do on maps of one size, as JSON has it."""
    return [
        {
            "model": diff.after,
            **makeup_data(diff.pair),
            "blocks_alike": not diff.levels,
            "levels": [_level_data(level) for level in diff.levels],
        }
        for diff in diffs
        if diff.pair
    ]


def _level_data(level: Level) -> dict[str, Any]:
    sides = {"before": level.before, "after": level.after}
    return {
        **{
            side: section
            and {
                "halvings": section.level,
                "shape": section.shape,
                "layers": [{"label": str(label), "count": count} for label, count in section.labels],
            }
            for side, section in sides.items()
        },
        **level.costs,
    }
