"""What changes from the baseline to another model, as lines like a diff's, as a table and as data."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

from cnncli.analysis.compare.comparison import Entry
from cnncli.analysis.compare.difference import COSTS, Change, Costs, difference
from cnncli.document.table import Column, Table
from cnncli.render.console import capture, width
from cnncli.views.changes import phrases, span
from cnncli.views.comparison import identity_line
from cnncli.words import visible

MARKS = {"equal": " ", "changed": "~", "added": "+", "removed": "-"}
STYLES = {" ": "dim", "~": "yellow", "+": "green", "-": "red"}


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


def diff_lines(diff: Diff) -> list[str]:
    """A line a change, marked as a diff marks it, and the sum."""
    if diff.identity:
        return [visible(diff.identity)]
    total = sum((change.costs for change in diff.changes), Costs())
    lines = [f"{MARKS[change.kind]} {_where(change)}: {_what(change)}" for change in diff.changes]
    lines = [f"Changes from {diff.before} to {diff.after}", *lines, f"  In all: {_costs(total) or 'at the same cost'}"]
    return [visible(line) for line in lines]


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
    """`+1,152 params, +12,845,056 MACs`; FLOPs where only they change; nothing where nothing does."""
    told = [f"{costs.params:+,} params"] if costs.params else []
    told += [f"{costs.macs:+,} MACs"] if costs.macs else []
    return ", ".join(told) or (f"{costs.flops:+,} FLOPs" if costs.flops else "")


def diff_text(diff: Diff) -> str:
    """The lines for a terminal, coloured as a diff, wrapped where it is narrow."""
    from rich.text import Text

    with capture() as console:
        for line in diff_lines(diff):
            style = STYLES.get(line[0], "bold") if line[1:2] == " " else "bold"
            wrapped = textwrap.wrap(line, width(), subsequent_indent="    ")
            for piece in wrapped:
                console.print(Text(piece, style))
    return console.captured()


def diff_markdown(diff: Diff) -> str:
    """A fenced block that forges colour as a diff; they know `!` for changed."""
    lines = diff_lines(diff)
    if diff.identity:
        return lines[0] + "\n"
    body = ["!" + line[1:] if line.startswith("~") else line for line in lines[1:]]
    return "\n".join([f"**{lines[0]}**", "", "```diff", *body, "```", ""])


def diff_csv(diffs: Sequence[Diff]) -> Table:
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
            *(_cost_column(key) for key in COSTS),
        ],
        rows,
    )


def _cost_column(key: str) -> Column:
    return Column(key, key, lambda row: getattr(row[1].costs, key))


def change_data(diff: Diff) -> list[dict[str, Any]]:
    return [
        {
            "model": diff.after,
            "kind": change.kind,
            "before": span(change.before),
            "after": span(change.after),
            "blocks": change.blocks,
            "what": phrases(change),
            **{key: getattr(change.costs, key) for key in COSTS},
        }
        for change in diff.changes
        if change.kind != "equal"
    ]
