"""The whole of what `compare` writes, in each format. Changes and reasons are loaded only where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnncli.analysis.compare.comparison import Entry, stages
from cnncli.document.table import Table, to_csv, to_markdown, to_text
from cnncli.errors import UsageError
from cnncli.render.console import width
from cnncli.views.comparison import WIDEST, entry_data, stage_data, stage_table, totals_csv, totals_tables
from cnncli.views.data import SCHEMA_VERSION, to_json


def comparison_text(entries: Sequence[Entry], how: str, diff: bool, explain: bool) -> str:
    """The report on models of which the first is the baseline: totals, and stages or what is asked for instead.

    Raises UsageError where CSV, which holds one table, is asked for two.
    """
    if how == "csv":
        return to_csv(_csv(entries, diff, explain))
    if how == "json":
        return to_json({"schema_version": SCHEMA_VERSION, **_data(entries, explain)})
    return "\n".join(_sections(entries, how, diff, explain))


def _csv(entries: Sequence[Entry], diff: bool, explain: bool) -> Table:
    if diff and explain:
        raise UsageError("--format csv holds one table: --diff or --explain, not both")
    if diff:
        from cnncli.views.difference import diff_csv, diffs

        return diff_csv(diffs(entries))
    if explain:
        from cnncli.views.explanation import explanations, share_table

        return share_table(explanations(entries))
    return totals_csv(entries)


def _data(entries: Sequence[Entry], explain: bool) -> dict[str, Any]:
    from cnncli.views.difference import change_data, diffs

    found: dict[str, Any] = {
        "baseline": entries[0].reference,
        "models": [entry_data(each, entries[0]) for each in entries],
        "stages": [stage_data(row) for row in stages(entries)],
        "changes": [change for each in diffs(entries) for change in change_data(each)],
    }
    if explain:
        from cnncli.views.explanation import explanation_data, explanations

        found["explanations"] = [explanation_data(each) for each in explanations(entries)]
    return found


def _sections(entries: Sequence[Entry], how: str, diff: bool, explain: bool) -> Iterator[str]:
    """Parts of the report for people, each ending with a line's end."""
    write, widest = (to_text, width()) if how == "table" else (to_markdown, WIDEST)
    yield from map(write, totals_tables(entries, widest))
    if explain:
        from cnncli.views.explanation import explanations, paragraph, readable_table

        for explanation in explanations(entries):
            yield paragraph(explanation)
            table = readable_table(explanation)
            yield from [write(table)] if table else []
    if diff:
        from cnncli.views.difference import diff_markdown, diff_text, diffs

        yield from map(diff_text if how == "table" else diff_markdown, diffs(entries))
    if not (diff or explain):
        yield write(stage_table(entries, stages(entries), widest))
